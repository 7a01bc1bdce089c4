import { objectKey, resourcePrefix } from '../../storage/records/keys.ts';
import { RevisionCompactedError } from '../../storage/storage.ts';
import { badRequest, expired, notFound } from '../../wire/kube/status.ts';
import type { Answer, ApiContext, ResourceRequest } from '../context.ts';
import { viewObject } from '../resources/view.ts';
import { storedNamespace } from './change.ts';
import { resourceVersionTooLarge } from './future.ts';
import { type ListPosition, listObjects } from './list.ts';
import { type ListOptions, parseListOptions } from './listoptions.ts';
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

/** Everything a collection request can see lies under this prefix. */
export function collectionPrefix(request: ResourceRequest): string {
  const { resource, namespace } = request;
  const { clusterId } = request.cluster.cluster;
  // `/api/v1/namespaces/x` is one object, so a collection of a cluster-wide resource never has a namespace.
  const inNamespace = resource.namespaced && namespace !== '' ? namespace : undefined;
  return resourcePrefix(clusterId, resource.group, resource.resource, inNamespace);
}

/** GET of a collection: one consistent list, perhaps in several pages. */
export async function readList(context: ApiContext, request: ResourceRequest): Promise<Answer> {
  const { storage, limits } = context;
  const { resource } = request;
  const options = parseListOptions(request.query, 'list');
  const matches = parseSelection(request);
  const prefix = collectionPrefix(request);
  const limit = options.limit === 0 ? limits.listItems : Math.min(options.limit, limits.listItems);
  const from = options.continue === '' ? undefined : openContinue(context, prefix, options.continue);
  const exactly = exactRevision(context, options);
  try {
    const slice = await listObjects(storage, {
      prefix,
      matches,
      limit,
      ...(from && { from }),
      ...(exactly !== undefined && { exactly }),
    });
    const items = slice.items.map((item) => viewObject(request, item));
    return {
      kind: 'list',
      resource,
      items,
      metadata: {
        resourceVersion: String(slice.revision),
        ...(slice.next && { continue: context.pageTokens.seal(scopeOf(prefix), JSON.stringify(slice.next)) }),
        ...(slice.next && matches === undefined && { remainingItemCount: slice.remaining }),
      },
    };
  } catch (error) {
    if (!(error instanceof RevisionCompactedError)) throw error;
    throw expired(
      'The provided continue parameter is too old to display a consistent list result. Start a new list without the continue parameter.',
    );
  }
}

/** The revision a list must show exactly; a version that is yet to come is refused (kubernetes-facts E15). */
function exactRevision(context: ApiContext, options: ListOptions): number | undefined {
  const asked = options.resourceVersion;
  if (asked === undefined || asked === 0) return undefined;
  if (asked > context.storage.revision()) throw resourceVersionTooLarge(asked, context.storage.revision());
  return options.resourceVersionMatch === 'Exact' ? asked : undefined;
}

/** SECURITY: a position is good for its own collection only; it cannot carry a reader into another namespace. */
const scopeOf = (prefix: string): string => `kubernetes-list ${prefix}`;

function openContinue(context: ApiContext, prefix: string, token: string): ListPosition {
  const position = context.pageTokens.open(scopeOf(prefix), token);
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
