import { defaultRbacObjects } from '../engine/rbac/defaults.ts';
import { uncoveredRules } from '../engine/rbac/escalation.ts';
import type { RbacObject } from '../engine/rbac/objects.ts';
import type { ClusterRecord } from '../storage/records/eks.ts';
import { type Put, RevisionConflictError, type Storage, type StoredEntry } from '../storage/storage.ts';
import { isObject, type JsonValue, sameJson } from '../wire/kube/json.ts';
import { defaultManifest, rbacKey } from './bootstrap.ts';
import type { ApiContext, RandomSource } from './context.ts';
import { type KubeObject, kubernetesTime } from './objects/object.ts';
import { readObject, writeObject } from './objects/store.ts';
import { parsePolicyRules } from './resources/rbacrules.ts';

/** What a built-in cluster needs when a process starts to serve it: its defaults. The controllers do the rest. */
export async function reconcileCluster(
  context: Pick<ApiContext, 'storage' | 'now' | 'random' | 'served'>,
  cluster: Pick<ClusterRecord, 'clusterId' | 'version'>,
): Promise<void> {
  const { storage, now, random } = context;
  await reconcileDefaults(storage, cluster.clusterId, { now: now(), random });
}

const autoupdate = 'rbac.authorization.kubernetes.io/autoupdate';

/**
 * Brings the default RBAC objects of a cluster up to date (kubernetes-facts B21): what is missing is made, missing
 * rules, selectors and subjects are added, what users added is kept, and an object whose autoupdate annotation is
 * `false` is left alone. Answers how many objects were written. Safe to run again at any time.
 */
export async function reconcileDefaults(
  storage: Storage,
  clusterId: string,
  options: { readonly now: number; readonly random: RandomSource },
): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    const entries = await storage.getMany(defaultRbacObjects.map((object) => rbacKey(clusterId, object)));
    const changes: Put[] = [];
    const expect = [];
    for (const [index, object] of defaultRbacObjects.entries()) {
      const key = rbacKey(clusterId, object);
      const entry = entries[index];
      const next = reconciled(object, entry, options);
      if (next === undefined) continue;
      changes.push(writeObject(key, next));
      expect.push({ key, revision: entry?.revision ?? 0 });
    }
    if (changes.length === 0) return 0;
    try {
      await storage.commit({ expect, changes });
      return changes.length;
    } catch (error) {
      if (!(error instanceof RevisionConflictError) || attempt >= 5) throw error;
    }
  }
}

/** What is to be written; undefined when the object is as it should be. */
function reconciled(
  object: RbacObject,
  entry: StoredEntry | undefined,
  options: { readonly now: number; readonly random: RandomSource },
): KubeObject | undefined {
  const wanted = defaultManifest(object);
  const created = (): KubeObject => ({
    ...wanted,
    metadata: {
      ...wanted.metadata,
      uid: options.random.uuid(),
      creationTimestamp: kubernetesTime(options.now),
    },
  });
  if (entry === undefined) return created();
  const stored = readObject(entry);
  if (stored.metadata.annotations?.[autoupdate] === 'false') return undefined;
  const isBinding = object.kind === 'RoleBinding' || object.kind === 'ClusterRoleBinding';
  // A binding to another role cannot be changed, only replaced.
  if (isBinding && !sameJson(stored.roleRef ?? null, wanted.roleRef ?? null)) return created();
  const next: KubeObject = {
    ...stored,
    ...(isBinding ? mergedSubjects(stored, wanted) : mergedRules(stored, wanted)),
    metadata: {
      ...stored.metadata,
      labels: { ...stored.metadata.labels, ...wanted.metadata.labels },
      annotations: { ...wanted.metadata.annotations, ...stored.metadata.annotations },
    },
  };
  return sameJson(next, stored) ? undefined : next;
}

function mergedSubjects(
  stored: KubeObject,
  wanted: KubeObject,
): { readonly subjects?: readonly JsonValue[] } {
  const subjects = [...items(stored.subjects)];
  for (const subject of items(wanted.subjects)) {
    if (!subjects.some((known) => sameJson(known, subject))) subjects.push(subject);
  }
  return subjects.length === 0 ? {} : { subjects };
}

function mergedRules(stored: KubeObject, wanted: KubeObject): Pick<KubeObject, string> {
  if (wanted.aggregationRule !== undefined) {
    const known = selectors(stored.aggregationRule);
    const missing = selectors(wanted.aggregationRule).filter(
      (selector) => !known.some((one) => sameJson(one, selector)),
    );
    return { aggregationRule: { clusterRoleSelectors: [...known, ...missing] }, rules: [] };
  }
  const owned = parsePolicyRules(stored.rules);
  const missing = items(wanted.rules).filter(
    (rule) => uncoveredRules(owned, parsePolicyRules([rule])).length > 0,
  );
  return { rules: [...items(stored.rules), ...missing] };
}

const items = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);

const selectors = (value: JsonValue | undefined): readonly JsonValue[] =>
  isObject(value) ? items(value.clusterRoleSelectors) : [];
