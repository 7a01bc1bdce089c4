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
import { listObjects } from './list.ts';
import type { KubeObject } from './object.ts';
import { collectionPrefix } from './read.ts';
import { parseSelection } from './selection.ts';
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
    // Who waits for the dependents is told that it is not done yet.
    const waits = options.propagation === 'Foreground' || options.deletesDependents;
    return { kind: 'object', status: waits ? 202 : 200, object: viewObject(request, object), resource };
  }
  if (answersObject.includes(`${resource.group}/${resource.resource}`)) {
    return { kind: 'object', status: 200, object: viewObject(request, object), resource };
  }
  const status = deletedStatus(resource, name, object.metadata.uid ?? '');
  return { kind: 'object', status: 200, object: status as unknown as KubeObject };
}

/** DELETE of a collection: every selected object as if alone; answers those that were there. */
export async function deleteCollection(context: ApiContext, request: ResourceRequest): Promise<Answer> {
  const options = await readDeleteOptions(request);
  const { resource } = request;
  const { items, revision } = await listObjects(context.storage, {
    prefix: collectionPrefix(request),
    matches: parseSelection(request),
    limit: context.limits.listItems,
  });
  for (const item of items) {
    const { name = '', namespace = '', uid } = item.metadata;
    const inNamespace = { ...request, namespace };
    try {
      await removeObject(context, inNamespace, name, {
        ...options,
        preconditions: { uid, ...definedOf(options.preconditions) },
      });
    } catch (error) {
      // Somebody else was faster; a new object of that name is none of ours.
      if ((await find(context, inNamespace, name))?.metadata.uid === uid) throw error;
    }
  }
  warnOfOrphans(request, options);
  const shown = items.map((item) => viewObject(request, item));
  return { kind: 'list', resource, items: shown, metadata: { resourceVersion: String(revision) } };
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
