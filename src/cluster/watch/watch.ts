import { RevisionCompactedError } from '../../storage/storage.ts';
import { notAcceptable, tooManyRequests } from '../../wire/kube/status.ts';
import type { Answer, ApiContext, ResourceRequest, WatchStream } from '../context.ts';
import { resourceVersionTooLarge } from '../objects/future.ts';
import { type ListOptions, parseListOptions } from '../objects/listoptions.ts';
import { type CollectionScope, scopeOf, snapshotOf } from '../objects/scope.ts';
import { parseSelection, selectionText } from '../objects/selection.ts';
import type { Listener } from './audience.ts';
import type { Snapshot } from './follower.ts';
import { bookmarkLine, expiredLine, openingLines } from './lines.ts';
import { createLinePump, type LinePump } from './pump.ts';
import { chunkOf } from './queues.ts';
import type { WatchEnding } from './slots.ts';
import { type EventRenderer, tellingForm } from './telling.ts';

/** Where a watch begins. */
interface Beginning {
  readonly options: ListOptions;
  readonly scope: CollectionScope;
  /** Present when it begins with everything there is. */
  readonly snapshot: Snapshot | undefined;
  /** The last revision the client knows then. */
  readonly after: number;
}

/**
 * Watches a collection (kubernetes-facts E16). From a revision, or, without one, beginning with ADDED for everything
 * there is. What can be refused is refused before the stream opens.
 */
export async function watchCollection(
  context: ApiContext,
  request: ResourceRequest,
  renderer: EventRenderer,
): Promise<Answer> {
  if (!renderer.isStreamable) throw notAcceptable(['application/json;stream=watch']);
  const options = parseListOptions(request.query, 'watch');
  const matches = parseSelection(request);
  const scope = scopeOf(request);
  const place = takePlace(context, request, scope);
  let beginning: Beginning | undefined;
  try {
    beginning = await beginningOf(context, scope, options);
  } catch (error) {
    place.giveBack();
    throw error;
  }
  return {
    kind: 'watch',
    start(stream) {
      const begun = beginning;
      // The snapshot must not live as long as the watch does.
      beginning = undefined;
      // SECURITY: whoever was blocked after authentication was not among the open watches that the block has ended. Nor
      // were those of a cluster that was deleted meanwhile.
      const isOver = context.isBlocked(request.caller) || isDeleted(context, request);
      if (begun === undefined || place.isEnded() || isOver) {
        place.giveBack();
        stream.end();
        return;
      }
      openWatch(context, request, { renderer, matches, begun, place, stream });
    },
    cancel: () => place.giveBack(),
  };
}

function isDeleted({ access }: ApiContext, { cluster }: ResourceRequest): boolean {
  return access.cluster(cluster.cluster.clusterId) === undefined;
}

/** A watch's slot, and its hold on the follower of its resource. */
interface Place {
  /** Called when the watch is to end before its time; set once it is open. */
  onEnd: ((why: WatchEnding) => void) | undefined;
  isEnded(): boolean;
  giveBack(): void;
}

function takePlace(context: ApiContext, request: ResourceRequest, scope: CollectionScope): Place {
  let isEnded = false;
  const { clusterId } = request.cluster.cluster;
  const who = { clusterId, holder: request.user.username, caller: request.caller };
  const slot = context.watches.take(who, (why) => {
    isEnded = true;
    place.onEnd?.(why);
  });
  if (slot === undefined) throw tooManyRequests('too many watches are open', 1);
  // As upstream has it: clients begin anew and see the objects as they are now, or that there are none any more.
  const forget =
    request.resource.custom === undefined
      ? undefined
      : context.onServedChange(request.cluster.cluster, request.resource, () => {
          isEnded = true;
          place.onEnd?.('closing');
        });
  let release: () => void;
  try {
    release = context.watching.collections.hold(scope.resource);
  } catch (error) {
    forget?.();
    slot.release();
    throw error;
  }
  const place: Place = {
    onEnd: undefined,
    isEnded: () => isEnded,
    giveBack() {
      forget?.();
      release();
      slot.release();
    },
  };
  return place;
}

async function beginningOf(
  context: ApiContext,
  scope: CollectionScope,
  options: ListOptions,
): Promise<Beginning> {
  const { storage, limits } = context;
  const asked = options.resourceVersion ?? 0;
  if (asked > storage.revision()) throw resourceVersionTooLarge(asked, storage.revision());
  if (!(options.sendInitialEvents ?? asked === 0)) {
    return { options, scope, snapshot: undefined, after: asked === 0 ? storage.revision() : asked };
  }
  const snapshot = await snapshotOf(context, scope);
  if (snapshot === undefined) {
    throw tooManyRequests(
      `more than ${limits.listItems} objects to begin a watch with; use a list with limit`,
      1,
    );
  }
  return { options, scope, snapshot, after: snapshot.revision };
}

function openWatch(
  context: ApiContext,
  request: ResourceRequest,
  opening: {
    readonly renderer: EventRenderer;
    readonly matches: ReturnType<typeof parseSelection>;
    readonly begun: Beginning;
    readonly place: Place;
    readonly stream: WatchStream;
  },
): void {
  const { matches, begun, place, stream } = opening;
  const { collections, audiences, queues, clock } = context.watching;
  const { options, scope } = begun;
  const follower = collections.follow(scope.resource);
  const form = tellingForm(request, opening.renderer);
  const listener: Listener = {
    hasBegun: false,
    push: (chunk) => pump.push(chunk),
    fail: () => cut('too old resource version: an object could not be shown in the form asked for'),
  };
  let lines: Iterator<string>;
  try {
    lines = openingLines({
      snapshot: begun.snapshot,
      bookmark:
        options.sendInitialEvents === true && options.allowWatchBookmarks
          ? bookmarkLine(request.resource, begun.after, { endsInitialEvents: true })
          : '',
      changes: follower.changesAfter(scope.text, begun.after),
      form,
      matches,
      listener,
    });
  } catch (error) {
    place.giveBack();
    if (!(error instanceof RevisionCompactedError)) throw error;
    stream.write(expiredLine(`too old resource version: ${error.asked} (${error.oldest})`));
    stream.end();
    return;
  }
  const cut = (why: string): void => {
    finish();
    pump.cut(expiredLine(why));
  };
  const tooSlow = (): void => cut('too old resource version: this watch did not keep up with the changes');
  const pump: LinePump = createLinePump(
    {
      write: (bytes) => stream.write(bytes),
      end: () => stream.end(),
      destroy: () => stream.destroy(),
    },
    {
      initial: lines,
      onFailure: () => listener.fail(),
      bufferBytes: context.limits.watchBufferBytes,
      queues,
      now: clock.now,
      onTooSlow: tooSlow,
    },
  );
  const seat = audiences.join(
    { follower, scope: scope.text, form, matches, selection: selectionText(request) },
    listener,
  );
  let endedAt: number | undefined;
  const finish = (): void => {
    if (endedAt !== undefined) return;
    endedAt = clock.now();
    seat.leave();
    place.giveBack();
  };
  const bookmark = (): void => {
    if (!options.allowWatchBookmarks) return;
    // INVARIANT: a bookmark tells of a revision only when everything up to it was handed out before.
    seat.settle();
    if (endedAt !== undefined) return;
    const line = bookmarkLine(request.resource, context.storage.revision(), { endsInitialEvents: false });
    pump.push(chunkOf(line));
  };
  const end = (why: WatchEnding | 'timeout'): void => {
    if (endedAt !== undefined) return;
    if (why === 'blocked') {
      // SECURITY: nothing that was not written yet reaches somebody who is blocked now.
      finish();
      pump.cut('');
      return;
    }
    // What happened before the end is told before it: a watch may end because its objects are gone.
    seat.settle();
    bookmark();
    finish();
    pump.finish();
  };
  place.onEnd = end;
  const { bookmarkInterval, watchStall } = context.limits;
  const openedAt = clock.now();
  const endsAt = openedAt + lifetimeOf(context, options);
  let bookmarkAt = openedAt + jittered(context, bookmarkInterval);
  const stopTicking = clock.add((now) => {
    if (endedAt !== undefined) {
      // The peer has not even taken the end.
      if (now - endedAt > watchStall) stream.destroy();
    } else if (pump.blockedSince !== undefined && now - pump.blockedSince > watchStall) tooSlow();
    else if (now >= endsAt) end('timeout');
    else if (now >= bookmarkAt) {
      bookmarkAt = now + jittered(context, bookmarkInterval);
      bookmark();
    }
  });
  stream.onDrain(() => pump.drained());
  stream.onClose(() => {
    stopTicking();
    finish();
    pump.close();
  });
  pump.drained();
}

/** What the client asks for; without a wish half to all of the bound, so that watches opened together end apart. */
function lifetimeOf({ limits, random }: ApiContext, { timeoutSeconds }: ListOptions): number {
  const { watchLifetime } = limits;
  if (timeoutSeconds > 0) return Math.min(timeoutSeconds * 1000, watchLifetime);
  return watchLifetime * (0.5 + share(random) / 2);
}

/** Three quarters to five quarters of an interval. */
function jittered({ random }: ApiContext, interval: number): number {
  return interval * (0.75 + share(random) / 2);
}

function share(random: ApiContext['random']): number {
  const [high = 0, low = 0] = random.bytes(2);
  return (high * 256 + low) / 65_536;
}
