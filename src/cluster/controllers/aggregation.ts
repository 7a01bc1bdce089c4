import { ruleManifest } from '../../engine/rbac/manifest.ts';
import { objectKey } from '../../storage/records/keys.ts';
import { type JsonObject, type JsonValue, sameJson } from '../../wire/kube/json.ts';
import { encodeManagers, readManagers } from '../../wire/kube/managedfields/entries.ts';
import { applyConfiguration } from '../../wire/kube/managedfields/ownership.ts';
import { shapeOfKind } from '../../wire/kube/managedfields/shape.ts';
import { KubeStatusError } from '../../wire/kube/status.ts';
import { type KubeObject, kubernetesTime } from '../objects/object.ts';
import { readObject, writeObject } from '../objects/store.ts';
import { rbacGroup } from '../resources/rbacrules.ts';
import type { Controller, CreateController } from './controller.ts';

const manager = 'clusterrole-aggregation-controller';
const apiVersion = `${rbacGroup}/v1`;
const shape = shapeOfKind('rbac.v1.ClusterRole');
/** Characters from which on a role is written less often, and how many are written in a millisecond then. */
const longRole = 100_000;
const charactersPerMillisecond = 100;

/**
 * Writes into each aggregated ClusterRole the rules of the roles it selects, as upstream's controller does by server-side
 * apply (kubernetes-facts B15), so that watchers of the role hear of a change of another. Its keys are names of roles.
 *
 * SECURITY: no decision waits for it and none is made by what it writes: deciders aggregate by themselves, and it asks them.
 */
export const createAggregationController: CreateController = ({ storage, now }, clusterId) => {
  const aggregated = new Set<string>();
  /** When a long role may be written again: each of its versions takes the place of what watchers come back for. */
  const rests = new Map<string, number>();
  return {
    name: manager,
    keysOf({ group, resource, name, value }) {
      if (resource !== 'clusterroles' || group !== rbacGroup) return [];
      if (value?.includes('"aggregationRule"') === true) aggregated.add(name);
      else aggregated.delete(name);
      return aggregated;
    },
    async sync(name, cluster) {
      const key = objectKey(clusterId, rbacGroup, 'clusterroles', '', name);
      const entry = await storage.get(key);
      if (entry === undefined) return undefined;
      const rest = (rests.get(name) ?? 0) - now();
      if (rest > 0) return rest;
      rests.delete(name);
      const stored = readObject(entry);
      if (stored.aggregationRule === undefined) return undefined;
      const rules = cluster
        .roleRules('ClusterRole', '', name)
        ?.map((rule) => ruleManifest(rule) as JsonObject);
      // Too much to be worked out is nothing that could be written.
      if (rules === undefined || sameJson(rules, stored.rules ?? [])) return undefined;
      try {
        const change = writeObject(key, applied(stored, rules, kubernetesTime(now())));
        await storage.commit({ expect: [{ key, revision: entry.revision }], changes: [change] });
        const { length } = change.value;
        if (length > longRole) rests.set(name, now() + length / charactersPerMillisecond);
      } catch (error) {
        // Longer than an object may be: readers see the rules all the same, and trying again would not help.
        if (!(error instanceof KubeStatusError)) throw error;
      }
      return undefined;
    },
  } satisfies Controller;
};

/** The role after an apply of these rules, forced; who owned them before loses them. */
function applied(stored: KubeObject, rules: readonly JsonValue[], time: string): KubeObject {
  const { managedFields, ...metadata } = stored.metadata;
  const live = { ...stored, metadata };
  const result = applyConfiguration({
    shape,
    live,
    config: { apiVersion, kind: 'ClusterRole', metadata: { name: metadata.name ?? '' }, rules },
    managers: readManagers(Array.isArray(managedFields) ? managedFields : []),
    writer: { manager, apiVersion, subresource: '', time },
    force: true,
  });
  if (result.outcome === 'conflict') throw new Error('an apply by force has no conflicts');
  // Rules go by what deciders say, also where an apply would keep some of somebody else's.
  const managers = encodeManagers(result.managers);
  return { ...live, rules, metadata: { ...metadata, managedFields: managers } };
}
