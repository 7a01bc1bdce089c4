import type { ClusterAccess } from '../../access/access.ts';
import { resourcePrefix } from '../../storage/records/keys.ts';
import type { Delete, Expectation, Put } from '../../storage/storage.ts';
import { sameJson } from '../../wire/kube/json.ts';
import type { ResourceDefinition } from '../../wire/kube/resources.ts';
import { deletionStep, isFinished, specFinalizers } from '../objects/deletion.ts';
import type { KubeObject } from '../objects/object.ts';
import { readObject, writeObject } from '../objects/store.ts';
import { emptiedFinalizer, namespaceKey } from '../resources/namespaces.ts';
import { storedResources } from '../resources/served.ts';
import type { Controller, ControllerContext, CreateController } from './controller.ts';
import { type RemainingContent, withConditions } from './namespaceconditions.ts';

/** How many objects go in one commit. */
const batchSize = 200;

/**
 * Empties a namespace that is being deleted, tells in its status what remains, and takes its `kubernetes` finalizer away
 * when nothing does (kubernetes-facts E9). Its keys are names of namespaces.
 *
 * COMPAT: upstream deletes kind by kind with pauses; here everything goes in commits of hundreds, one after the other.
 */
export const createNamespaceController: CreateController = (context, clusterId) => {
  /** Those that are being deleted: every change inside them may be the last one. */
  const terminating = new Set<string>();
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
    sync: (name, cluster) => emptyNamespace(context, { clusterId, cluster, name }),
  } satisfies Controller;
};

const isBeingDeleted = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;

interface Target {
  readonly clusterId: string;
  readonly cluster: ClusterAccess;
  readonly name: string;
}

async function emptyNamespace(context: ControllerContext, target: Target): Promise<undefined> {
  const { storage } = context;
  const key = namespaceKey(target.clusterId, target.name);
  const begun = await storage.get(key);
  // SECURITY: by the member itself; a name like it elsewhere in the text must not empty a namespace that lives.
  if (begun === undefined || !isBeingDeleted(readObject(begun))) return;
  const remaining: RemainingContent = { resources: new Map(), finalizers: new Map() };
  for (const resource of storedResources(context.served(target.cluster.cluster))) {
    if (resource.namespaced) await emptyResource(context, target, resource, remaining);
  }
  // What came meanwhile is a change inside a terminating namespace: the key is queued again.
  const entry = await storage.get(key);
  if (entry === undefined) return;
  const found = readObject(entry);
  if (!isBeingDeleted(found)) return;
  const told = withConditions(found, remaining, context.now());
  const next = remaining.resources.size === 0 ? emptied(told) : told;
  const expect = [{ key, revision: entry.revision }];
  if (isFinished({ group: '', resource: 'namespaces' }, next)) {
    await storage.commit({ expect, changes: [{ type: 'delete', key }] });
  } else if (!sameJson(next, found)) {
    await storage.commit({ expect, changes: [writeObject(key, next)] });
  }
}

function emptied(namespace: KubeObject): KubeObject {
  const finalizers = specFinalizers(namespace).filter((one) => one !== emptiedFinalizer);
  return { ...namespace, spec: finalizers.length > 0 ? { finalizers: [...finalizers] } : {} };
}

/** Deletes the objects of one resource; notes those that something still holds. */
async function emptyResource(
  { storage, now }: ControllerContext,
  { clusterId, name }: Target,
  resource: ResourceDefinition,
  remaining: RemainingContent,
): Promise<void> {
  const prefix = resourcePrefix(clusterId, resource.group, resource.resource, name);
  let after = prefix;
  for (let more = true; more; ) {
    const page = await storage.list({ prefix, after, limit: batchSize });
    more = page.more;
    const expect: Expectation[] = [];
    const changes: (Put | Delete)[] = [];
    for (const entry of page.entries) {
      after = entry.key;
      const stored = readObject(entry);
      const { outcome, object } = deletionStep(resource, stored, { propagation: 'Background' }, now());
      if (outcome === 'held') noteRemaining(remaining, resource, object);
      if (outcome === 'held' && sameJson(object, stored)) continue;
      expect.push({ key: entry.key, revision: entry.revision });
      changes.push(outcome === 'gone' ? { type: 'delete', key: entry.key } : writeObject(entry.key, object));
    }
    if (changes.length > 0) await storage.commit({ expect, changes });
  }
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
