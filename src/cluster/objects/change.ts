import { objectKey } from '../../storage/records/keys.ts';
import { RevisionConflictError } from '../../storage/storage.ts';
import { invalidValue } from '../../wire/kube/fielderror.ts';
import { sameJson } from '../../wire/kube/json.ts';
import { apiVersionOf, findSubresource } from '../../wire/kube/resources.ts';
import { conflict, invalid, modifiedDetail, notFound } from '../../wire/kube/status.ts';
import { type Lens, mutate, review } from '../admission/admission.ts';
import type { ApiContext, ResourceRequest } from '../context.ts';
import type { KindRules } from '../resources/kind.ts';
import { kindRules } from '../resources/kinds.ts';
import { refreshStored, toStoredVersion, writtenVersion } from '../resources/versions.ts';
import { viewObject } from '../resources/view.ts';
import { minorVersion } from '../version.ts';
import { maximumAttempts } from './create.ts';
import { isFinished, isNamespaceKind } from './deletion.ts';
import { checkedSize, type Ownership, withManagedFields } from './managers.ts';
import { checkAddress, checkPreconditions, specChanged, toKubeObject, updatedMetadata } from './metadata.ts';
import type { KubeObject } from './object.ts';
import { type Part, partErrors, withMember, withPart } from './parts.ts';
import { readObject, writeObject } from './store.ts';
import { takeTurn } from './turn.ts';
import { validateObject } from './validate.ts';

/**
 * Reads the object, lets `edit` make the new one from it, and stores that unless somebody else wrote in between; then
 * it begins anew. `edit` gets the object as readers see it and answers what the client wants it to be.
 *
 * An unchanged object is not written: no new resourceVersion and no event (kubernetes-facts E1). `own` says who owns
 * its fields afterwards.
 */
export async function changeObject(
  context: ApiContext,
  request: ResourceRequest,
  options: {
    readonly part: Part;
    readonly dryRun: boolean;
    readonly isPut: boolean;
    readonly own: Ownership;
    /** Of a subresource that is another kind: what admission sees of the object. */
    readonly lens?: Lens;
    /** Admission has seen what the client sent, which is no write of this object. */
    readonly isAdmitted?: boolean;
  },
  edit: (current: KubeObject) => KubeObject,
): Promise<KubeObject> {
  const { storage } = context;
  const { resource, name } = request;
  const { clusterId } = request.cluster.cluster;
  const rules = kindRules(resource);
  const key = objectKey(clusterId, resource.group, resource.resource, storedNamespace(request), name);
  for (let attempt = 1; attempt <= maximumAttempts; attempt += 1) {
    const turn = await takeTurn(storage, rules, clusterId);
    const entry = await storage.get(key);
    if (entry === undefined) throw notFound(resource, name);
    const stored = refreshStored(resource, readObject(entry));
    const current = viewObject(request, stored);
    const expected = { apiVersion: apiVersionOf(resource), kind: resource.kind };
    const given = toStoredVersion(resource, toKubeObject(edit(current), expected), stored);
    checkAddress(given, { namespace: storedNamespace(request), name });
    checkPreconditions({ ...resource, name }, given.metadata, stored);
    if (options.isPut && rules.conditionalUpdate === true && !given.metadata.resourceVersion) {
      throw invalid(resource, name, [
        invalidValue('metadata.resourceVersion', '', 'must be specified for an update'),
      ]);
    }
    const settle = (object: KubeObject): KubeObject => {
      const merged = merge(request, stored, object, options.part);
      return rules.complete?.(merged, stored, { context, request }) ?? merged;
    };
    const { dryRun, lens } = options;
    const write = { operation: 'UPDATE', oldObject: stored, dryRun, ...(lens && { lens }) } as const;
    const offered = settle(given);
    const completed = options.isAdmitted
      ? offered
      : await mutate(context, request, { ...write, object: offered }, settle);
    const generation = stored.metadata.generation;
    const changed: KubeObject =
      generation !== undefined && isCounted(rules, writtenVersion(resource, completed), stored)
        ? { ...completed, metadata: { ...completed.metadata, generation: generation + 1 } }
        : completed;
    rules.admit?.(context, request, changed, stored);
    const errors = [
      ...validateObject(resource, changed, stored, minorVersion(request.cluster.cluster)),
      ...partErrors(resource, stored, changed, options.part),
    ];
    if (errors.length > 0) throw invalid(resource, name, errors);
    if (!options.isAdmitted) await review(context, request, { ...write, object: changed });
    const ownership = options.own({ before: stored, offered, given });
    const written = writtenVersion(resource, changed);
    if (ownership.isSame && sameJson(written, stored)) return current;
    const next = withManagedFields(written, ownership.managers);
    if (options.dryRun) return viewObject(request, next);

    const isGone = isFinished(resource, next);
    const change = isGone ? ({ type: 'delete', key } as const) : checkedSize(writeObject(key, next), next);
    try {
      const revision = await storage.commit({
        expect: [{ key, revision: entry.revision }, ...turn.expect],
        changes: [change, ...turn.changes],
      });
      const metadata = { ...next.metadata, resourceVersion: String(revision) };
      return viewObject(request, { ...next, metadata });
    } catch (error) {
      if (!(error instanceof RevisionConflictError)) throw error;
    }
  }
  throw conflict(resource, name, modifiedDetail);
}

/** Whether `generation` counts a change. */
function isCounted({ countsStatus }: KindRules, next: KubeObject, old: KubeObject): boolean {
  if (specChanged(next, old)) return true;
  return countsStatus === true && !sameJson(next.status ?? null, old.status ?? null);
}

/** A request for a namespace object names that namespace twice (kubernetes-facts A5); it is stored without. */
export function storedNamespace(request: Pick<ResourceRequest, 'resource' | 'namespace'>): string {
  return request.resource.namespaced ? request.namespace : '';
}

/** SECURITY: a write through the object's own address leaves the status alone, and one of a part all else. */
function merge(request: ResourceRequest, stored: KubeObject, given: KubeObject, part: Part): KubeObject {
  if (part !== '') return withPart(stored, given, part);
  const { resource } = request;
  const next = { ...given, metadata: updatedMetadata(given.metadata, stored.metadata) };
  // A namespace's finalizers have an address of their own.
  const specced = isNamespaceKind(resource) ? withMember(next, 'spec', stored.spec) : next;
  return findSubresource(resource, 'status') === undefined
    ? specced
    : withMember(specced, 'status', stored.status);
}
