import { objectKey } from '../../storage/records/keys.ts';
import { RevisionConflictError } from '../../storage/storage.ts';
import { isObject, type JsonObject, type JsonValue } from '../../wire/kube/json.ts';
import { badRequest, conflict, deletedStatus, modifiedDetail, notFound } from '../../wire/kube/status.ts';
import { review } from '../admission/admission.ts';
import type { Answer, ApiContext, ResourceRequest } from '../context.ts';
import { decodeOptionalBody } from '../request/decode.ts';
import { writeOptions } from '../request/options.ts';
import {
  emptyNamespace,
  finishNamespace,
  namespaceKey,
  refuseProtectedNamespace,
} from '../resources/namespaces.ts';
import { viewObject } from '../resources/view.ts';
import { storedNamespace } from './change.ts';
import { maximumAttempts } from './create.ts';
import { listObjects } from './list.ts';
import { checkPreconditions } from './metadata.ts';
import { type KubeObject, kubernetesTime } from './object.ts';
import { collectionPrefix } from './read.ts';
import { parseSelection } from './selection.ts';
import { getObject, readObject, writeObject } from './store.ts';

interface DeleteOptions {
  readonly dryRun: boolean;
  readonly preconditions: {
    readonly uid?: string | undefined;
    readonly resourceVersion?: string | undefined;
  };
}

/** DELETE of one object: a Status when it is gone, the object when finalizers still hold it (kubernetes-facts E8). */
export async function deleteObject(context: ApiContext, request: ResourceRequest): Promise<Answer> {
  const options = await deleteOptions(request);
  const { resource, name } = request;
  const isNamespace = resource.group === '' && resource.resource === 'namespaces';
  if (isNamespace) refuseProtectedNamespace(name);
  const deleted = await remove(context, request, name, options);
  if (isNamespace && !options.dryRun) {
    const { clusterId } = request.cluster.cluster;
    await emptyNamespace(context, request.cluster.cluster, name);
    const left = await getObject(context.storage, namespaceKey(clusterId, name));
    return { kind: 'object', status: 200, object: viewObject(request, left ?? deleted.object), resource };
  }
  if (!deleted.isGone)
    return { kind: 'object', status: 200, object: viewObject(request, deleted.object), resource };
  const status = deletedStatus(resource, name, deleted.object.metadata.uid ?? '');
  return { kind: 'object', status: 200, object: status as unknown as KubeObject };
}

/** DELETE of a collection: every selected object as if alone; answers those that were there. */
export async function deleteCollection(context: ApiContext, request: ResourceRequest): Promise<Answer> {
  const options = await deleteOptions(request);
  const { resource } = request;
  const { items, revision } = await listObjects(context.storage, {
    prefix: collectionPrefix(request),
    matches: parseSelection(request),
    limit: context.limits.listItems,
  });
  for (const item of items) {
    const { name = '', namespace = '', uid } = item.metadata;
    try {
      await remove(context, { ...request, namespace }, name, { ...options, preconditions: { uid } });
    } catch (error) {
      // Somebody else was faster; a new object of that name is none of ours.
      if ((await find(context, { ...request, namespace }, name))?.metadata.uid === uid) throw error;
    }
  }
  const shown = items.map((item) => viewObject(request, item));
  return { kind: 'list', resource, items: shown, metadata: { resourceVersion: String(revision) } };
}

async function remove(
  context: ApiContext,
  request: ResourceRequest,
  name: string,
  options: DeleteOptions,
): Promise<{ readonly object: KubeObject; readonly isGone: boolean }> {
  const { storage } = context;
  const { resource } = request;
  const { clusterId } = request.cluster.cluster;
  const key = objectKey(clusterId, resource.group, resource.resource, storedNamespace(request), name);
  const isNamespace = resource.group === '' && resource.resource === 'namespaces';
  for (let attempt = 1; attempt <= maximumAttempts; attempt += 1) {
    const entry = await storage.get(key);
    if (entry === undefined) throw notFound(resource, name);
    const object = readObject(entry);
    checkPreconditions({ ...resource, name }, options.preconditions, object);
    const { dryRun } = options;
    await review(context, request, { operation: 'DELETE', object: undefined, oldObject: object, dryRun });
    const isHeld = isNamespace || (object.metadata.finalizers ?? []).length > 0;
    if (isHeld && object.metadata.deletionTimestamp !== undefined) return { object, isGone: false };
    const marked = isHeld ? markDeleted(object, context.now(), isNamespace) : object;
    if (dryRun) return { object: marked, isGone: !isHeld };
    try {
      const revision = await storage.commit({
        expect: [{ key, revision: entry.revision }],
        changes: [isHeld ? writeObject(key, marked) : { type: 'delete', key }],
      });
      if (!isHeld && resource.namespaced)
        await finishNamespace(context, request.cluster.cluster, request.namespace);
      return {
        object: { ...marked, metadata: { ...marked.metadata, resourceVersion: String(revision) } },
        isGone: !isHeld,
      };
    } catch (error) {
      if (!(error instanceof RevisionConflictError)) throw error;
    }
  }
  throw conflict(resource, name, modifiedDetail);
}

function find(context: ApiContext, request: ResourceRequest, name: string): Promise<KubeObject | undefined> {
  const { resource } = request;
  const { clusterId } = request.cluster.cluster;
  return getObject(
    context.storage,
    objectKey(clusterId, resource.group, resource.resource, storedNamespace(request), name),
  );
}

function markDeleted(object: KubeObject, now: number, isNamespace: boolean): KubeObject {
  const metadata = {
    ...object.metadata,
    deletionTimestamp: kubernetesTime(now),
    ...(!isNamespace && { deletionGracePeriodSeconds: 0 }),
  };
  return { ...object, metadata, ...(isNamespace && { status: { phase: 'Terminating' } }) };
}

/**
 * Options of a delete, from the body and the query. Grace periods and propagation mean nothing here, where nothing
 * runs and nothing is garbage-collected.
 *
 * SECURITY: a dryRun that is not understood refuses, in the body as in the query.
 */
async function deleteOptions(request: ResourceRequest): Promise<DeleteOptions> {
  const body: JsonObject = (await decodeOptionalBody(request)) ?? {};
  const { kind } = body;
  if (kind !== undefined && kind !== '' && kind !== 'DeleteOptions') {
    throw badRequest(`the kind in the body (${String(kind)}) is not DeleteOptions`);
  }
  const query = new URLSearchParams(request.query);
  for (const item of textList(body.dryRun)) query.append('dryRun', item);
  const { dryRun } = writeOptions(query, 'Delete');
  const preconditions = body.preconditions ?? {};
  if (!isObject(preconditions)) throw badRequest('preconditions are not an object');
  return {
    dryRun,
    preconditions: {
      uid: optionalText(preconditions.uid),
      resourceVersion: optionalText(preconditions.resourceVersion),
    },
  };
}

function textList(value: JsonValue | undefined): readonly string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw badRequest('dryRun is not a list of strings');
}

function optionalText(value: JsonValue | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw badRequest('preconditions are not strings');
}
