import { objectKey } from '../../storage/records/keys.ts';
import { RevisionConflictError } from '../../storage/storage.ts';
import { type JsonObject, sameJson } from '../../wire/kube/json.ts';
import { conflict, deletedStatus, modifiedDetail, notFound } from '../../wire/kube/status.ts';
import { review } from '../admission/admission.ts';
import type { Answer, ApiContext, ResourceRequest } from '../context.ts';
import { warnOfLockout } from '../resources/lockout.ts';
import { refuseProtectedNamespace } from '../resources/namespaces.ts';
import { viewObject } from '../resources/view.ts';
import { storedNamespace } from './change.ts';
import { maximumAttempts } from './create.ts';
import { type DeleteOptions, type Preconditions, readDeleteOptions } from './deleteoptions.ts';
import { type DeletionStep, deletionStep, isNamespaceKind, orphansDependents } from './deletion.ts';
import { parseListOptions } from './listoptions.ts';
import type { KubeObject } from './object.ts';
import { type ListAnswer, readList } from './read.ts';
import { getObject, readObject, writeObject } from './store.ts';

/** Resources whose DELETE answers the object although it is gone; the others answer a Status (kubernetes-facts E8). */
const answersObject: readonly string[] = [
  '/namespaces',
  '/persistentvolumeclaims',
  '/persistentvolumes',
  '/pods',
  '/podtemplates',
  '/resourcequotas',
  '/serviceaccounts',
  '/services',
];

/** DELETE of one object: a Status when it is gone, the object when something still holds it (kubernetes-facts E8). */
export async function deleteObject(context: ApiContext, request: ResourceRequest): Promise<Answer> {
  const options = await readDeleteOptions(request);
  const { resource, name } = request;
  if (isNamespaceKind(resource)) refuseProtectedNamespace(name);
  const { outcome, object } = await removeObject(context, request, name, options);
  warnOfOrphans(request, options);
  if (outcome === 'held') {
    // Upstream says so to those alone who ask for it in the old way.
    const status = options.deletesDependents ? 202 : 200;
    return { kind: 'object', status, object: viewObject(request, object), resource };
  }
  if (answersObject.includes(`${resource.group}/${resource.resource}`)) {
    return { kind: 'object', status: 200, object: viewObject(request, object), resource };
  }
  const status = deletedStatus(resource, name, object.metadata.uid ?? '');
  return { kind: 'object', status: 200, object: status as unknown as KubeObject };
}

/**
 * DELETE of a collection: every selected object as if alone; answers those that were there. One with a `limit` deletes
 * that page of the list, and its `continue` leads to the next.
 */
export async function deleteCollection(context: ApiContext, request: ResourceRequest): Promise<Answer> {
  const options = await readDeleteOptions(request);
  const { limit } = parseListOptions(request.query, 'list');
  const listed = limit > 0 ? await readList(context, request) : await readWholeList(context, request);
  for (const entry of listed.entries) await removeListed(context, request, readObject(entry), options);
  warnOfOrphans(request, options);
  return listed;
}

/** All pages of a list, before anything of it is deleted: what is made from now on is not meant. */
async function readWholeList(context: ApiContext, request: ResourceRequest): Promise<ListAnswer> {
  const first = await readList(context, request);
  const entries = [...first.entries];
  const { continue: next, remainingItemCount: _, ...metadata } = first.metadata;
  for (let token = next; typeof token === 'string'; ) {
    const query = new URLSearchParams(request.query);
    for (const name of ['resourceVersion', 'resourceVersionMatch']) query.delete(name);
    query.set('continue', token);
    const page = await readList(context, { ...request, query });
    for (const entry of page.entries) entries.push(entry);
    token = page.metadata.continue;
  }
  return { ...first, entries, metadata };
}

/** Deletes one that a list showed; a new object of that name is none of ours. */
async function removeListed(
  context: ApiContext,
  request: ResourceRequest,
  { metadata }: KubeObject,
  options: DeleteOptions,
): Promise<void> {
  const { name = '', namespace = '', uid } = metadata;
  const inNamespace = { ...request, namespace };
  const preconditions = { uid, ...definedOf(options.preconditions) };
  try {
    await removeObject(context, inNamespace, name, { ...options, preconditions });
  } catch (error) {
    // Somebody else was faster.
    if ((await find(context, inNamespace, name))?.metadata.uid === uid) throw error;
  }
}

/**
 * Takes the next step of the object's deletion and stores it, unless it is a dry run.
 * @throws KubeStatusError 404, and 409 when a precondition does not hold
 */
export async function removeObject(
  context: ApiContext,
  request: ResourceRequest,
  name: string,
  options: DeleteOptions & { readonly isAdmitted?: boolean },
): Promise<DeletionStep> {
  const { storage } = context;
  const { resource } = request;
  const { dryRun } = options;
  const key = keyOf(request, name);
  for (let attempt = 1; attempt <= maximumAttempts; attempt += 1) {
    const entry = await storage.get(key);
    if (entry === undefined) throw notFound(resource, name);
    const stored = readObject(entry);
    checkDeletePreconditions(request, name, options.preconditions, stored);
    if (!options.isAdmitted) {
      const told = { dryRun, options: toldOptions(options) };
      await review(context, request, { operation: 'DELETE', object: undefined, oldObject: stored, ...told });
    }
    const step = deletionStep(resource, stored, options, context.now());
    if (resource.group === '' && resource.resource === 'configmaps' && step.outcome !== 'held') {
      warnOfLockout(request, { name, data: undefined });
    }
    if (dryRun || (step.outcome === 'held' && sameJson(step.object, stored))) return step;
    try {
      const revision = await storage.commit({
        expect: [{ key, revision: entry.revision }],
        changes: [step.outcome === 'held' ? writeObject(key, step.object) : { type: 'delete', key }],
      });
      const { metadata } = step.object;
      return {
        ...step,
        object: { ...step.object, metadata: { ...metadata, resourceVersion: String(revision) } },
      };
    } catch (error) {
      if (!(error instanceof RevisionConflictError)) throw error;
    }
  }
  throw conflict(resource, name, modifiedDetail);
}

/** The options as a webhook is told of them. */
function toldOptions({ gracePeriod, propagation, preconditions }: DeleteOptions): JsonObject {
  const { uid, resourceVersion } = preconditions;
  const claims: JsonObject = {
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
  return {
    ...(gracePeriod !== undefined && { gracePeriodSeconds: gracePeriod }),
    ...(propagation !== undefined && { propagationPolicy: propagation }),
    ...(Object.keys(claims).length > 0 && { preconditions: claims }),
  };
}

/** What the deleter takes for granted must hold. Upstream names the kind here, where it names the resource elsewhere. */
export function checkDeletePreconditions(
  { resource }: ResourceRequest,
  name: string,
  { uid, resourceVersion }: Preconditions,
  { metadata }: KubeObject,
): void {
  const target = { group: resource.group, resource: resource.kind };
  if (uid !== undefined && uid !== metadata.uid) {
    if (isNamespaceKind(resource)) {
      const detail = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid ?? ''}`;
      throw conflict(resource, name, detail);
    }
    throw conflict(
      target,
      name,
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid ?? ''}). The object might have been deleted and then recreated`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw conflict(
      target,
      name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion ?? ''}). The object might have been modified`,
    );
  }
}

function definedOf({ uid, resourceVersion }: Preconditions): Preconditions {
  return {
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
}

/** Upstream warns of it for jobs alone. */
function warnOfOrphans({ resource, warn }: ResourceRequest, { isExplicit }: DeleteOptions): void {
  if (isExplicit || resource.group !== 'batch' || !orphansDependents(resource)) return;
  warn(
    'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
  );
}

function keyOf(request: ResourceRequest, name: string): string {
  const { resource } = request;
  const { clusterId } = request.cluster.cluster;
  return objectKey(clusterId, resource.group, resource.resource, storedNamespace(request), name);
}

function find(context: ApiContext, request: ResourceRequest, name: string): Promise<KubeObject | undefined> {
  return getObject(context.storage, keyOf(request, name));
}
