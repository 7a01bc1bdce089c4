import { RevisionCompactedError, type Watch } from '../../storage/storage.ts';
import { apiVersionOf } from '../../wire/kube/resources.ts';
import { expired, tooManyRequests } from '../../wire/kube/status.ts';
import type { Answer, ApiContext, ResourceRequest, WatchStream } from '../context.ts';
import { resourceVersionTooLarge } from '../objects/future.ts';
import { listObjects } from '../objects/list.ts';
import { parseListOptions } from '../objects/listoptions.ts';
import type { KubeObject } from '../objects/object.ts';
import { collectionPrefix } from '../objects/read.ts';
import { parseSelection } from '../objects/selection.ts';
import { viewObject } from '../resources/view.ts';
import { eventOf } from './events.ts';
import { createLinePump } from './pump.ts';

/** Turns the object of an event into what the client accepts: itself, its Table or its metadata alone. */
export type EventRenderer = (object: KubeObject, options: { readonly isFirst: boolean }) => unknown;

const initialEventsEnd = { 'k8s.io/initial-events-end': 'true' } as const;

/**
 * Watches a collection (kubernetes-facts E16). From a revision, or, without one, beginning with ADDED for everything
 * there is. What can be refused is refused before the stream opens.
 */
export async function watchCollection(
  context: ApiContext,
  request: ResourceRequest,
  render: EventRenderer,
): Promise<Answer> {
  const { storage, limits } = context;
  const { resource } = request;
  const options = parseListOptions(request.query, 'watch');
  const matches = parseSelection(request);
  const prefix = collectionPrefix(request);
  const asked = options.resourceVersion ?? 0;
  if (asked > storage.revision()) throw resourceVersionTooLarge(asked, storage.revision());
  const wantsInitial = options.sendInitialEvents ?? asked === 0;
  const initial = wantsInitial
    ? await listObjects(storage, { prefix, matches, limit: limits.listItems })
    : undefined;
  if (initial?.next !== undefined) {
    throw tooManyRequests(
      `more than ${limits.listItems} objects to begin a watch with; use a list with limit`,
      1,
    );
  }
  const after = initial?.revision ?? (asked === 0 ? storage.revision() : asked);

  let stop = (): void => undefined;
  const holder = `${request.cluster.cluster.clusterId} ${request.user.username}`;
  const slot = context.watches.take(holder, request.caller, () => stop());
  if (slot === undefined) throw tooManyRequests('too many watches are open', 1);

  const start = (stream: WatchStream): void => {
    // SECURITY: whoever was blocked after authentication was not among the open watches that the block has ended.
    if (context.isBlocked(request.caller)) {
      slot.release();
      stream.end();
      return;
    }
    let isFirst = true;
    const line = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;
    const event = (type: string, object: KubeObject): string => {
      const rendered = render(viewObject(request, object), { isFirst });
      isFirst = false;
      return line(type, rendered);
    };
    const bookmark = (revision: number, annotations?: Readonly<Record<string, string>>): string =>
      line('BOOKMARK', {
        kind: resource.kind,
        apiVersion: apiVersionOf(resource),
        metadata: {
          resourceVersion: String(revision),
          creationTimestamp: null,
          ...(annotations && { annotations }),
        },
      });
    function* initialLines(): Generator<string> {
      for (const object of initial?.items ?? []) yield event('ADDED', object);
      if (options.sendInitialEvents === true && options.allowWatchBookmarks)
        yield bookmark(after, initialEventsEnd);
    }

    let changes: Watch | undefined;
    let isOver = false;
    const finish = (): void => {
      if (isOver) return;
      isOver = true;
      changes?.close();
      clearInterval(bookmarks);
      clearTimeout(timeout);
      slot.release();
    };
    const pump = createLinePump(
      {
        write: (text) => stream.write(text),
        end: () => stream.end(),
        destroy: () => stream.destroy(),
      },
      { initial: initialLines(), bufferBytes: limits.watchBufferBytes },
    );
    stop = () => {
      if (isOver) return;
      if (options.allowWatchBookmarks) pump.push(bookmark(storage.revision()));
      finish();
      pump.finish();
    };
    const lifetime =
      options.timeoutSeconds === 0
        ? limits.watchLifetime
        : Math.min(options.timeoutSeconds * 1000, limits.watchLifetime);
    const timeout = setTimeout(() => stop(), lifetime);
    const bookmarks = setInterval(() => {
      if (options.allowWatchBookmarks) pump.push(bookmark(storage.revision()));
    }, limits.bookmarkInterval);
    stream.onDrain(() => pump.drained());
    stream.onClose(finish);
    try {
      pump.drained();
      changes = storage.watch({ prefix, after }, (batch) => {
        for (const change of batch) {
          const seen = eventOf(change, matches);
          if (seen !== undefined) pump.push(event(seen.type, seen.object));
        }
      });
      if (isOver) changes.close();
    } catch (error) {
      finish();
      if (!(error instanceof RevisionCompactedError)) throw error;
      pump.push(line('ERROR', expired(`too old resource version: ${error.asked} (${error.oldest})`).status));
      pump.finish();
    }
  };
  return { kind: 'watch', start, cancel: () => slot.release() };
}
