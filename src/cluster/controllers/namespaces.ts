import type { ClusterAccess } from '../../access/access.ts';
import { resourcePrefix } from '../../storage/records/keys.ts';
import { RevisionConflictError } from '../../storage/storage.ts';
import { sameJson } from '../../wire/kube/json.ts';
import type { ResourceDefinition } from '../../wire/kube/resources.ts';
import { KubeStatusError } from '../../wire/kube/status.ts';
import { isFinished, isPodKind, specFinalizers } from '../objects/deletion.ts';
import type { KubeObject } from '../objects/object.ts';
import { readObject, writeObject } from '../objects/store.ts';
import { emptiedFinalizer, namespaceKey } from '../resources/namespaces.ts';
import { storedResources } from '../resources/served.ts';
import { createTurns, type Turns } from '../turns.ts';
import { minorVersion } from '../version.ts';
import type { Controller, ControllerContext, CreateController } from './controller.ts';
import { deleteBelow } from './deletebelow.ts';
import { type RemainingContent, withConditions } from './namespaceconditions.ts';

/**
 * What stays is read again after every change in the namespace. From so many characters on that is done less often: a
 * millisecond's pause for each of them. SECURITY: or one object written again and again would keep the server busy.
 */
const longContent = 1_000_000;
const charactersPerMillisecond = 10_000;
const longestPause = 10_000;

/**
 * Empties a namespace that is being deleted, tells in its status what remains, and takes its `kubernetes` finalizer away
 * when nothing does (kubernetes-facts E9). Its keys are names of namespaces.
 *
 * COMPAT: upstream deletes kind by kind with pauses; here everything goes in commits of hundreds, one after the other.
 */
export const createNamespaceController: CreateController = (context, clusterId) => {
  /** Those that are being deleted: every change inside them may be the last one. */
  const terminating = new Set<string>();
  /** Until when a long one is left alone, as performance.now() counts. */
  const pauses = new Map<string, number>();
  return {
    name: 'namespace',
    keysOf({ group, resource, namespace, name, value }) {
      if (namespace !== '') return terminating.has(namespace) ? [namespace] : [];
      if (resource !== 'namespaces' || group !== '') return [];
      const isTerminating = value !== undefined && isBeingDeleted(JSON.parse(value) as KubeObject);
      if (isTerminating) terminating.add(name);
      else terminating.delete(name);
      return isTerminating ? [name] : [];
    },
    async sync(name, cluster) {
      const pause = (pauses.get(name) ?? 0) - performance.now();
      if (pause > 0) return pause;
      pauses.delete(name);
      const { length } = await emptyNamespace(context, { clusterId, cluster, name });
      if (length > longContent) {
        const next = Math.min(longestPause, length / charactersPerMillisecond);
        pauses.set(name, performance.now() + next);
      }
      return undefined;
    },
  } satisfies Controller;
};

const isBeingDeleted = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;

interface Target {
  readonly clusterId: string;
  readonly cluster: ClusterAccess;
  readonly name: string;
}

/** What one look at a namespace has found. */
interface Found extends RemainingContent {
  /** Characters of what stays. */
  length: number;
  /** What went wrong first; a lost race only where nothing else did. */
  failure: unknown;
}

/** One failure keeps nothing else from going; it is thrown when the rest is done. */
async function emptyNamespace(context: ControllerContext, target: Target): Promise<Found> {
  const { storage } = context;
  const found: Found = {
    resources: new Map(),
    finalizers: new Map(),
    failures: [],
    length: 0,
    failure: undefined,
  };
  const key = namespaceKey(target.clusterId, target.name);
  const begun = await storage.get(key);
  // SECURITY: by the member itself; a name like it elsewhere in the text must not empty a namespace that lives.
  if (begun === undefined || !isBeingDeleted(readObject(begun))) return found;
  await emptyResources(context, target, found);
  if (found.failure instanceof RevisionConflictError) throw found.failure;
  // What came meanwhile is a change inside a terminating namespace: the key is queued again.
  const entry = await storage.get(key);
  const stored = entry && readObject(entry);
  if (entry !== undefined && stored !== undefined && isBeingDeleted(stored)) {
    const told = withConditions(stored, found, context.now());
    const isEmpty = found.resources.size === 0 && found.failure === undefined;
    const next = isEmpty ? emptied(told) : told;
    const expect = [{ key, revision: entry.revision }];
    if (isFinished({ group: '', resource: 'namespaces' }, next)) {
      await storage.commit({ expect, changes: [{ type: 'delete', key }] });
    } else if (!sameJson(next, stored)) {
      await storage.commit({ expect, changes: [writeObject(key, next)] });
    }
  }
  if (found.failure !== undefined) throw found.failure;
  return found;
}

function emptied(namespace: KubeObject): KubeObject {
  const finalizers = specFinalizers(namespace).filter((one) => one !== emptiedFinalizer);
  return { ...namespace, spec: finalizers.length > 0 ? { finalizers: [...finalizers] } : {} };
}

/** Pods go first; since 1.33 everything else waits for them, NetworkPolicies above all (OrderedNamespaceDeletion). */
async function emptyResources(context: ControllerContext, target: Target, found: Found): Promise<void> {
  const { cluster } = target.cluster;
  const resources = storedResources(context.served(cluster)).filter(({ namespaced }) => namespaced);
  const turns = createTurns();
  for (const resource of [...resources.filter(isPodKind), ...resources.filter((one) => !isPodKind(one))]) {
    await emptyResource(context, target, resource, { found, turns });
    if (isPodKind(resource) && found.resources.size > 0 && minorVersion(cluster) >= 33) return;
  }
}

/** Deletes the objects of one resource; notes those that something still holds. */
function emptyResource(
  context: ControllerContext,
  { clusterId, name }: Target,
  resource: ResourceDefinition,
  { found, turns }: { readonly found: Found; readonly turns: Turns },
): Promise<void> {
  const failed = (error: unknown): void => {
    if (error instanceof RevisionConflictError) {
      found.failure ??= error;
      return;
    }
    if (found.failure === undefined || found.failure instanceof RevisionConflictError) found.failure = error;
    const text = error instanceof KubeStatusError ? error.message : 'Internal error occurred';
    found.failures.push(`${resource.resource}.${resource.group}: ${text}`);
  };
  const held = (object: KubeObject, length: number): void => {
    noteRemaining(found, resource, object);
    found.length += length;
  };
  const prefix = resourcePrefix(clusterId, resource.group, resource.resource, name);
  return deleteBelow(context, resource, prefix, { turns, told: { held, failed } });
}

function noteRemaining(
  { resources, finalizers }: RemainingContent,
  { group, resource }: ResourceDefinition,
  object: KubeObject,
): void {
  const add = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
  add(resources, `${resource}.${group}`);
  for (const finalizer of object.metadata.finalizers ?? []) add(finalizers, finalizer);
}
