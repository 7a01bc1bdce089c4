import { defaultRbacObjects } from '../engine/rbac/defaults.ts';
import { uncoveredRules } from '../engine/rbac/escalation.ts';
import { ruleManifest } from '../engine/rbac/manifest.ts';
import type { RbacObject } from '../engine/rbac/objects.ts';
import type { ClusterRecord } from '../storage/records/eks.ts';
import {
  type Expectation,
  type Put,
  RevisionConflictError,
  type Storage,
  type StoredEntry,
} from '../storage/storage.ts';
import { isObject, type JsonObject, type JsonValue, sameJson } from '../wire/kube/json.ts';
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
 * rules, selectors, subjects, labels and annotations are added, what users wrote is kept, and an object whose autoupdate
 * annotation is `false` is left alone. Rules of aggregated roles are the aggregation controller's and stay as they are.
 * Answers how many objects were written. Safe to run again at any time.
 *
 * COMPAT: a binding that must be replaced goes at once, whatever finalizers it has.
 */
export async function reconcileDefaults(
  storage: Storage,
  clusterId: string,
  options: { readonly now: number; readonly random: RandomSource },
): Promise<number> {
  const objects = defaultRbacObjects.map((object) => ({ object, key: rbacKey(clusterId, object) }));
  let removed = 0;
  for (let attempt = 1; ; attempt += 1) {
    const entries = await storage.getMany(objects.map(({ key }) => key));
    const found = objects.map(({ object, key }, index) => ({ object, key, entry: entries[index] }));
    // A binding to another role cannot be changed. It goes first and alone, so that who watches sees two objects.
    const replaced = found.filter(
      ({ object, entry }) => entry !== undefined && bindsOtherRole(object, entry),
    );
    try {
      if (replaced.length > 0) {
        await storage.commit({
          expect: replaced.map(({ key, entry }) => ({ key, revision: entry?.revision ?? 0 })),
          changes: replaced.map(({ key }) => ({ type: 'delete', key })),
        });
        removed += replaced.length;
        continue;
      }
      const changes: Put[] = [];
      const expect: Expectation[] = [];
      for (const { object, key, entry } of found) {
        const next = reconciled(object, entry, options);
        if (next === undefined) continue;
        changes.push(writeObject(key, next));
        expect.push({ key, revision: entry?.revision ?? 0 });
      }
      if (changes.length > 0) await storage.commit({ expect, changes });
      return changes.length;
    } catch (error) {
      if (!(error instanceof RevisionConflictError) || attempt >= maximumAttempts + removed) throw error;
    }
  }
}

const maximumAttempts = 5;

const isProtected = ({ metadata }: KubeObject): boolean => metadata.annotations?.[autoupdate] === 'false';

function bindsOtherRole(object: RbacObject, entry: StoredEntry): boolean {
  if (object.kind !== 'RoleBinding' && object.kind !== 'ClusterRoleBinding') return false;
  const stored = readObject(entry);
  const { roleRef = null } = defaultManifest(object);
  return !isProtected(stored) && !sameJson(stored.roleRef ?? null, roleRef);
}

/** What is to be written; undefined when the object is as it should be. */
function reconciled(
  object: RbacObject,
  entry: StoredEntry | undefined,
  options: { readonly now: number; readonly random: RandomSource },
): KubeObject | undefined {
  const wanted = defaultManifest(object);
  if (entry === undefined) {
    const { now, random } = options;
    const metadata = { ...wanted.metadata, uid: random.uuid(), creationTimestamp: kubernetesTime(now) };
    return { ...wanted, metadata };
  }
  const stored = readObject(entry);
  if (isProtected(stored)) return undefined;
  const isBinding = object.kind === 'RoleBinding' || object.kind === 'ClusterRoleBinding';
  const { aggregationRule: storedAggregation, ...others } = stored;
  const next: KubeObject = {
    ...(isBinding || wanted.aggregationRule !== undefined ? stored : (others as KubeObject)),
    ...(isBinding ? mergedSubjects(stored, wanted) : mergedRules(stored, wanted, storedAggregation)),
    metadata: {
      ...stored.metadata,
      labels: { ...wanted.metadata.labels, ...stored.metadata.labels },
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

/**
 * As upstream's reconciliation: what is missing is added verb by verb and resource by resource; of a role that should be
 * aggregated only the selectors count.
 */
function mergedRules(
  stored: KubeObject,
  wanted: KubeObject,
  storedAggregation: JsonValue | undefined,
): Pick<KubeObject, string> {
  if (wanted.aggregationRule !== undefined) {
    const known = selectors(storedAggregation);
    const missing = selectors(wanted.aggregationRule).filter(
      (selector) => !known.some((one) => sameJson(one, selector)),
    );
    return missing.length === 0 && isObject(storedAggregation)
      ? {}
      : { aggregationRule: { clusterRoleSelectors: [...known, ...missing] } };
  }
  // SECURITY: what an aggregation gathered goes with it. Deciders never used the stored copy, and it may be out of date.
  if (storedAggregation !== undefined) return { rules: items(wanted.rules) };
  const missing = uncoveredRules(parsePolicyRules(stored.rules), parsePolicyRules(wanted.rules));
  if (missing.length === 0) return {};
  return { rules: [...items(stored.rules), ...missing.map((rule) => ruleManifest(rule) as JsonObject)] };
}

const items = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);

const selectors = (value: JsonValue | undefined): readonly JsonValue[] =>
  isObject(value) ? items(value.clusterRoleSelectors) : [];
