import { isObject, type JsonObject } from '../../wire/kube/json.ts';
import type { ResourceDefinition } from '../../wire/kube/resources.ts';
import { definitionKind } from '../customresources/definition.ts';
import { withCleanup } from '../customresources/terminating.ts';
import { type KubeObject, kubernetesTime } from './object.ts';

/** Holds an object until the dependents that block it are gone. */
export const foregroundFinalizer = 'foregroundDeletion';
/** Holds an object until its dependents no longer name it as their owner. */
export const orphanFinalizer = 'orphan';

export type Propagation = 'Foreground' | 'Background' | 'Orphan';

/** What whoever deletes asks for; what is left out follows the kind and the finalizers the object has. */
export interface DeletionWish {
  readonly propagation?: Propagation | undefined;
  /** Seconds; pods alone have a grace period. */
  readonly gracePeriod?: number | undefined;
}

/** `gone`: the object leaves the store now. `held`: it stays, marked, until something lets it go. */
export interface DeletionStep {
  readonly outcome: 'gone' | 'held';
  readonly object: KubeObject;
}

type Kind = Pick<ResourceDefinition, 'group' | 'resource'>;

export const isNamespaceKind = ({ group, resource }: Kind): boolean =>
  group === '' && resource === 'namespaces';
const isEventKind = ({ group, resource }: Kind): boolean =>
  resource === 'events' && (group === '' || group === 'events.k8s.io');
export const isPodKind = ({ group, resource }: Kind): boolean => group === '' && resource === 'pods';

/**
 * The first and every later step of a deletion (kubernetes-facts E8, E9): what becomes of the stored object. The object of
 * a step that changes nothing equals the stored one. `now` is epoch milliseconds.
 */
export function deletionStep(kind: Kind, stored: KubeObject, wish: DeletionWish, now: number): DeletionStep {
  if (isPodKind(kind)) return podStep(kind, stored, wish, now);
  const finalized = withFinalizers(kind, whenDeleted(kind, stored, now), wish.propagation);
  if (isNamespaceKind(kind) && stored.metadata.deletionTimestamp === undefined) {
    return { outcome: 'held', object: terminating(finalized, now) };
  }
  const object = isNamespaceKind(kind) ? terminating(finalized, now) : markDeleted(finalized, 0, now);
  // What is gone at once was never marked, and nobody sees it so.
  return isFinished(kind, object) ? { outcome: 'gone', object: stored } : { outcome: 'held', object };
}

/** What the first step of a deletion adds to an object: a definition of custom resources waits for their deletion. */
function whenDeleted({ group, resource }: Kind, stored: KubeObject, now: number): KubeObject {
  const isDefinition = group === definitionKind.group && resource === definitionKind.resource;
  return isDefinition && stored.metadata.deletionTimestamp === undefined ? withCleanup(stored, now) : stored;
}

/**
 * Whether an object that is being deleted has nothing left that holds it: no finalizer, no grace, and, for a namespace, no
 * finalizer of its spec, which goes when the namespace is empty.
 */
export function isFinished(kind: Kind, object: KubeObject): boolean {
  const { deletionTimestamp, finalizers = [], deletionGracePeriodSeconds = 0 } = object.metadata;
  if (deletionTimestamp === undefined || finalizers.length > 0 || deletionGracePeriodSeconds > 0)
    return false;
  return !isNamespaceKind(kind) || specFinalizers(object).length === 0;
}

/** `spec.finalizers` of a namespace. */
export function specFinalizers(namespace: KubeObject): readonly string[] {
  const { spec } = namespace;
  const finalizers = isObject(spec) ? spec.finalizers : undefined;
  return Array.isArray(finalizers) ? finalizers.filter((one) => typeof one === 'string') : [];
}

/** The object without one finalizer. */
export function withoutFinalizer(object: KubeObject, finalizer: string): KubeObject {
  const { finalizers = [], ...metadata } = object.metadata;
  const left = finalizers.filter((one) => one !== finalizer);
  return { ...object, metadata: left.length > 0 ? { ...metadata, finalizers: left } : metadata };
}

/**
 * Pods alone are deleted gracefully (upstream's podStrategy.CheckGracefulDelete and rest.BeforeDelete): one that is bound to
 * a node is marked with its grace, which a later delete may only shorten.
 */
function podStep(kind: Kind, stored: KubeObject, wish: DeletionWish, now: number): DeletionStep {
  const { deletionTimestamp, deletionGracePeriodSeconds: pending = 0 } = stored.metadata;
  if (deletionTimestamp !== undefined && pending > 0) {
    const { gracePeriod } = wish;
    if (gracePeriod === undefined || gracePeriod >= pending) return { outcome: 'held', object: stored };
    const begun = Date.parse(deletionTimestamp) - pending * 1000;
    const shortened = marked(stored, gracePeriod, begun + gracePeriod * 1000);
    const object = withFinalizers(kind, shortened, wish.propagation);
    return { outcome: isFinished(kind, object) ? 'gone' : 'held', object };
  }
  const finalized = withFinalizers(kind, stored, wish.propagation);
  const object = markDeleted(finalized, graceOf(stored, wish), now);
  return { outcome: isFinished(kind, object) ? 'gone' : 'held', object };
}

/** Seconds; the time of the deletion must still be a date. */
export const longestGrace = 2 ** 31;

function graceOf(pod: KubeObject, { gracePeriod }: DeletionWish): number {
  const spec: JsonObject = isObject(pod.spec) ? pod.spec : {};
  const status: JsonObject = isObject(pod.status) ? pod.status : {};
  if (typeof spec.nodeName !== 'string' || spec.nodeName === '') return 0;
  if (status.phase === 'Failed' || status.phase === 'Succeeded') return 0;
  if (gracePeriod !== undefined) return gracePeriod;
  const { terminationGracePeriodSeconds: own } = spec;
  // Upstream's default for a pod that says nothing; less than nothing counts as a second.
  if (typeof own !== 'number') return 30;
  return own < 0 ? 1 : Math.min(Math.trunc(own), longestGrace);
}

/** Marked for the first time, or as it is when it has been marked already and its time has come. */
function markDeleted(object: KubeObject, grace: number, now: number): KubeObject {
  const { deletionTimestamp, generation } = object.metadata;
  if (deletionTimestamp !== undefined) {
    return Date.parse(deletionTimestamp) <= now
      ? marked(object, 0, Date.parse(deletionTimestamp))
      : marked(object, 0, now);
  }
  const next = marked(object, grace, now + grace * 1000);
  if (generation === undefined) return next;
  return { ...next, metadata: { ...next.metadata, generation: generation + 1 } };
}

function marked(object: KubeObject, grace: number, at: number): KubeObject {
  const metadata = {
    ...object.metadata,
    deletionTimestamp: kubernetesTime(at),
    deletionGracePeriodSeconds: grace,
  };
  return { ...object, metadata };
}

/** Namespaces carry no grace period, and tell in their status that they are going. */
function terminating(object: KubeObject, now: number): KubeObject {
  const { deletionTimestamp = kubernetesTime(now) } = object.metadata;
  const status = isObject(object.status) ? object.status : {};
  return {
    ...object,
    metadata: { ...object.metadata, deletionTimestamp },
    status: { ...status, phase: 'Terminating' },
  };
}

/** Kinds whose dependents stay unless the deleter says otherwise, as in the first versions of Kubernetes. */
const orphansByDefault: readonly string[] = ['/replicationcontrollers', 'batch/jobs'];

/** Whether dependents of a deleted object stay when neither the deleter nor its finalizers say anything. */
export function orphansDependents({ group, resource }: Kind): boolean {
  return orphansByDefault.includes(`${group}/${resource}`);
}

/** The finalizers the garbage collector works off: as wished, or those there are, or as is usual for the kind. */
function withFinalizers(kind: Kind, object: KubeObject, propagation: Propagation | undefined): KubeObject {
  const { finalizers = [], ...metadata } = object.metadata;
  const others = finalizers.filter((one) => one !== foregroundFinalizer && one !== orphanFinalizer);
  // Nothing is owned by an event, so nothing waits for one.
  const wanted = isEventKind(kind) ? [] : collectorFinalizers(kind, finalizers, propagation);
  if (others.length + wanted.length === finalizers.length && wanted.every((one) => finalizers.includes(one)))
    return object;
  const next = [...others, ...wanted];
  return { ...object, metadata: next.length > 0 ? { ...metadata, finalizers: next } : metadata };
}

function collectorFinalizers(
  kind: Kind,
  finalizers: readonly string[],
  propagation: Propagation | undefined,
): readonly string[] {
  switch (propagation) {
    case 'Foreground':
      return [foregroundFinalizer];
    case 'Orphan':
      return [orphanFinalizer];
    case 'Background':
      return [];
    case undefined: {
      const known = finalizers.filter((one) => one === foregroundFinalizer || one === orphanFinalizer);
      if (known.length > 0) return known;
      return orphansDependents(kind) ? [orphanFinalizer] : [];
    }
    default:
      return propagation satisfies never;
  }
}
