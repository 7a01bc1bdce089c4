import { objectKey } from '../../storage/records/keys.ts';
import { RevisionCompactedError } from '../../storage/storage.ts';
import { badRequest, expired, KubeStatusError, notFound } from '../../wire/kube/status.ts';
import type { Answer, ApiContext, ResourceRequest } from '../context.ts';
import { isShownAsStored, viewObject } from '../resources/view.ts';
import { storedNamespace } from './change.ts';
import { resourceVersionTooLarge } from './future.ts';
import { type ListPosition, type ListQuery, type ListSlice, listEntries, listSnapshot } from './list.ts';
import { type ListOptions, parseListOptions } from './listoptions.ts';
import { type CollectionScope, scopeOf, snapshotOf } from './scope.ts';
import { parseSelection } from './selection.ts';
import { getObject } from './store.ts';

/** GET of one object. */
export async function readOne(context: ApiContext, request: ResourceRequest): Promise<Answer> {
  const { resource, name } = request;
  const { clusterId } = request.cluster.cluster;
  const key = objectKey(clusterId, resource.group, resource.resource, storedNamespace(request), name);
  const stored = await getObject(context.storage, key);
  if (stored === undefined) throw notFound(resource, name);
  return { kind: 'object', status: 200, object: viewObject(request, stored), resource };
}

export type ListAnswer = Extract<Answer, { kind: 'storedList' }>;

/** GET of a collection: one consistent list, perhaps in several pages. */
export async function readList(context: ApiContext, request: ResourceRequest): Promise<ListAnswer> {
  const { limits, pageTokens } = context;
  const { resource } = request;
  const options = parseListOptions(request.query, 'list');
  const matches = parseSelection(request);
  const scope = scopeOf(request);
  const limit = options.limit === 0 ? limits.listItems : Math.min(options.limit, limits.listItems);
  const from = options.continue === '' ? undefined : openContinue(context, scope, options.continue);
  const exactly = exactRevision(context, options);
  const query = {
    prefix: scope.prefix,
    matchesKey: keyFilter(request),
    matches,
    limit,
    ...(from && { from }),
    ...(exactly !== undefined && { exactly }),
  };
  try {
    const { entries, revision, next } = await find(context, scope, query, options);
    return {
      kind: 'storedList',
      resource,
      entries,
      view: isShownAsStored(resource) ? undefined : (object) => viewObject(request, object),
      metadata: {
        resourceVersion: String(revision),
        ...(next && { continue: pageTokens.seal(tokenScope(scope), JSON.stringify(next)) }),
        ...(next?.left !== undefined && matches === undefined && { remainingItemCount: next.left }),
      },
    };
  } catch (error) {
    if (!(error instanceof RevisionCompactedError)) throw error;
    throw from === undefined ? tooOldVersion(error) : tooOldToken(context, scope, from);
  }
}

async function find(
  context: ApiContext,
  scope: CollectionScope,
  query: ListQuery,
  options: ListOptions,
): Promise<ListSlice> {
  const { storage, watching } = context;
  if (scope.key !== undefined && query.from === undefined && query.exactly === undefined) {
    const one = await snapshotOf(context, scope);
    if (one !== undefined) return listSnapshot(one, query);
  }
  // Whoever lists everything is about to watch it, and is seldom alone; for a page the store is as good.
  const load = options.limit === 0;
  const follower = load
    ? watching.collections.follow(scope.resource)
    : watching.collections.present(scope.resource);
  const snapshot = await follower?.snapshot(scope.resource, { load });
  const asked = query.from === undefined ? query.exactly : query.from.revision;
  // What is held is of now: as good for an earlier moment, when nothing has changed since.
  if (snapshot !== undefined && (asked === undefined || asked >= snapshot.since)) {
    return listSnapshot({ ...snapshot, revision: asked ?? snapshot.revision }, query);
  }
  return listEntries(storage, query);
}

/** An object's name is the end of its key: others need not be read to be passed over. */
function keyFilter({ name }: ResourceRequest): ((key: string) => boolean) | undefined {
  return name === '' ? undefined : (key) => key.endsWith(`/${name}`);
}

/** The revision a list must show exactly; a version that is yet to come is refused (kubernetes-facts E15). */
function exactRevision(context: ApiContext, options: ListOptions): number | undefined {
  const asked = options.resourceVersion;
  if (asked === undefined || asked === 0) return undefined;
  if (asked > context.storage.revision()) throw resourceVersionTooLarge(asked, context.storage.revision());
  return options.resourceVersionMatch === 'Exact' ? asked : undefined;
}

/** SECURITY: a position is good for its own collection only; it cannot carry a reader into another namespace. */
const tokenScope = ({ prefix }: CollectionScope): string => `kubernetes-list ${prefix}`;

function openContinue(context: ApiContext, scope: CollectionScope, token: string): ListPosition {
  const position = context.pageTokens.open(tokenScope(scope), token);
  if (position === undefined) {
    // Also a token of an earlier process, which a client heals by listing anew when it reads 410.
    if (/^[A-Za-z0-9_-]{1,4096}$/.test(token)) {
      throw expired(
        'The provided continue parameter is not valid here or too old. Start a new list without the continue parameter.',
      );
    }
    throw badRequest('continue key is not valid: not a token of this server');
  }
  return JSON.parse(position) as ListPosition;
}

/** With it comes a token that goes on from there in what is stored then (kubernetes-facts E15). */
function tooOldToken(context: ApiContext, scope: CollectionScope, from: ListPosition): KubeStatusError {
  const { status } = expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
      'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
      'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
      'deleted between the time the first chunk was returned and now may show up in the list.',
  );
  const token = context.pageTokens.seal(tokenScope(scope), JSON.stringify({ after: from.after }));
  return new KubeStatusError({ ...status, metadata: { continue: token } });
}

/** Of a list that must show a certain version, which is no longer known. */
function tooOldVersion({ asked, oldest }: RevisionCompactedError): KubeStatusError {
  return expired(`The resourceVersion for the provided list is too old: ${asked} (${oldest})`);
}
