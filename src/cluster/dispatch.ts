import type { RequestInfo } from '../wire/kube/requestinfo.ts';
import { findSubresource, type ResourceDefinition, type ResourceTable } from '../wire/kube/resources.ts';
import { KubeStatusError, methodNotAllowed, pathNotFound } from '../wire/kube/status.ts';
import { admitConnect } from './admission/connect.ts';
import type { Answer, ApiContext, ResourceRequest } from './context.ts';
import { bindPod } from './objects/binding.ts';
import { createObject } from './objects/create.ts';
import { deleteCollection, deleteObject } from './objects/delete.ts';
import { evictPod } from './objects/eviction.ts';
import type { Part } from './objects/parts.ts';
import { patchObject } from './objects/patch.ts';
import { readList, readOne } from './objects/read.ts';
import { serveScale } from './objects/scale.ts';
import { updateObject } from './objects/update.ts';
import { findReview, serveReview } from './reviews/reviews.ts';
import { createServiceAccountToken } from './serviceaccounts/tokenrequest.ts';
import type { EventRenderer } from './watch/telling.ts';
import { watchCollection } from './watch/watch.ts';

const collectionVerbs: readonly string[] = ['list', 'watch', 'create', 'deletecollection'];

/**
 * The resource a request is for, when it is asked for in the one form we serve it in.
 *
 * SECURITY: authorization has judged verb, resource, subresource, namespace and name. Every request that these words
 * do not describe completely (a cluster-wide object below a namespace, a path that goes on after the subresource, the
 * old `watch/` and `proxy/` prefixes) is not served, so that nothing is authorized as one thing and served as another.
 */
export function servedResource(served: ResourceTable, info: RequestInfo): ResourceDefinition {
  const resource = served.find(info.apiGroup, info.apiVersion, info.resource);
  if (resource === undefined) throw pathNotFound();
  const prefix = info.path.split('/')[info.apiPrefix === 'api' ? 3 : 4];
  if (prefix === 'watch' || prefix === 'proxy') throw pathNotFound();
  const isCollection = collectionVerbs.includes(info.verb) && info.subresource === '';
  if (!resource.namespaced && info.namespace !== '') {
    // `/api/v1/namespaces/x` names its namespace twice (kubernetes-facts A5); nothing else does.
    const isItself =
      resource.resource === 'namespaces' && resource.group === '' && info.name === info.namespace;
    if (!isItself || isCollection) throw pathNotFound();
  }
  if (resource.namespaced && info.namespace === '' && info.verb !== 'list' && info.verb !== 'watch') {
    throw isCollection ? methodNotAllowed() : pathNotFound();
  }
  const subresource = info.subresource === '' ? undefined : findSubresource(resource, info.subresource);
  if (info.subresource !== '' && subresource === undefined) throw pathNotFound();
  if (info.parts.length > 3 && info.subresource !== 'proxy') throw pathNotFound();
  if (isCollection ? info.parts.length > 1 : info.name === '') throw methodNotAllowed();
  const verbs = subresource?.verbs ?? resource.verbs;
  if (!verbs.includes(info.verb)) throw methodNotAllowed(resource, info.verb);
  return resource;
}

/** Serves an authorized request. Every pair of verb and subresource that is served is written here. */
export async function serveResource(
  context: ApiContext,
  request: ResourceRequest,
  render: EventRenderer,
): Promise<Answer> {
  switch (request.subresource) {
    case '':
      return serveObject(context, request, render);
    case 'ephemeralcontainers':
    case 'finalize':
    case 'resize':
    case 'status':
      return servePart(context, request, request.subresource);
    case 'binding':
      return bindPod(context, request);
    case 'eviction':
      return evictPod(context, request);
    case 'scale':
      return serveScale(context, request);
    case 'token':
      return createServiceAccountToken(context, request);
    default:
      await admitConnect(context, request);
      throw notAvailable(`${request.resource.resource}/${request.subresource}`);
  }
}

function serveObject(context: ApiContext, request: ResourceRequest, render: EventRenderer): Promise<Answer> {
  const { resource, verb } = request;
  const review = findReview(resource);
  if (review !== undefined) {
    if (verb !== 'create') throw methodNotAllowed(resource, verb);
    return serveReview(context, request, review);
  }
  if (resource.group === '' && resource.resource === 'bindings') return bindPod(context, request);
  switch (verb) {
    case 'get':
      return readOne(context, request);
    case 'list':
      return readList(context, request);
    case 'watch':
      return watchCollection(context, request, render);
    case 'create':
      return createObject(context, request);
    case 'update':
      return updateObject(context, request, '');
    case 'patch':
      return patchObject(context, request, '');
    case 'delete':
      return deleteObject(context, request);
    case 'deletecollection':
      return deleteCollection(context, request);
    default:
      throw methodNotAllowed(resource, verb);
  }
}

function servePart(context: ApiContext, request: ResourceRequest, part: Part): Promise<Answer> {
  switch (request.verb) {
    case 'get':
      return readOne(context, request);
    case 'update':
      return updateObject(context, request, part);
    case 'patch':
      return patchObject(context, request, part);
    default:
      throw methodNotAllowed(request.resource, request.verb);
  }
}

/** Logs, exec and the like: nothing runs here that could give them. */
function notAvailable(what: string): KubeStatusError {
  return new KubeStatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `${what} is not available in a built-in cluster: objects are stored and watched, nothing is run`,
    reason: 'NotImplemented',
    code: 501,
  });
}
