import { selectorMatches } from '../../engine/rbac/aggregation.ts';
import { objectKey, resourcePrefix } from '../../storage/records/keys.ts';
import { RevisionConflictError } from '../../storage/storage.ts';
import { at, isObject, type JsonObject, type JsonValue } from '../../wire/kube/json.ts';
import { badRequest, disruptionRefused, internalError, notFound } from '../../wire/kube/status.ts';
import { admitUnstored } from '../admission/admission.ts';
import type { Answer, ApiContext, ResourceRequest } from '../context.ts';
import { decodeBody } from '../request/decode.ts';
import { readSelector } from '../resources/labelselector.ts';
import { removeObject } from './delete.ts';
import { type DeleteOptions, deleteOptionsOf } from './deleteoptions.ts';
import { listObjects } from './list.ts';
import { checkAddress, toKubeObject } from './metadata.ts';
import { type KubeObject, kubernetesTime } from './object.ts';
import { getObject, revisionOf, writeObject } from './store.ts';

const messageType = 'policy.v1.Eviction';
const eviction = { apiVersion: 'policy/v1', kind: 'Eviction' } as const;

/**
 * POST of an Eviction: deletes the pod unless a PodDisruptionBudget is against it. Budgets are judged by their status as
 * it is stored: no controller counts pods here, so a budget allows what whoever wrote its status says it allows
 * (k8s.io/kubernetes, pkg/registry/core/pod/storage/eviction.go).
 */
export async function evictPod(context: ApiContext, request: ResourceRequest): Promise<Answer> {
  const { namespace, name } = request;
  const body = await decodeBody(request, {
    ...eviction,
    messageType,
    fieldValidation: 'Ignore',
  });
  const given = toKubeObject(body, eviction);
  if ((given.metadata.name ?? name) !== name) {
    throw badRequest('name in URL does not match name in Eviction object');
  }
  checkAddress(given, { namespace, name });
  const optionsIn = (object: KubeObject): DeleteOptions => {
    const asked = object.deleteOptions;
    return deleteOptionsOf(isObject(asked) ? asked : {}, request.query);
  };
  const { dryRun } = optionsIn(given);
  const options = {
    ...optionsIn(await admitUnstored(context, request, given, { dryRun, messageType })),
    // What a webhook makes of a dry run stays one.
    dryRun,
  };

  const { clusterId } = request.cluster.cluster;
  const pod = await getObject(context.storage, objectKey(clusterId, '', 'pods', namespace, name));
  if (pod === undefined) throw notFound({ group: '', resource: 'pods' }, name);
  if (!isOver(pod)) await spendDisruption(context, request, pod, options.dryRun);
  await removeObject(context, request, name, {
    ...options,
    // Webhooks were asked about the eviction; upstream does not ask again about the deletion.
    isAdmitted: true,
    preconditions: { uid: pod.metadata.uid, ...options.preconditions },
  });
  const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
  return { kind: 'object', status: 201, object: success };
}

/** Pods that have ended, never began or are going anyway count for no budget. */
function isOver(pod: KubeObject): boolean {
  const phase = at(pod, 'status', 'phase');
  return (
    phase === 'Succeeded' ||
    phase === 'Failed' ||
    phase === 'Pending' ||
    pod.metadata.deletionTimestamp !== undefined
  );
}

/** Takes one of the disruptions that the pod's budget allows, or refuses. */
async function spendDisruption(
  { storage, limits, now }: ApiContext,
  { cluster, namespace }: ResourceRequest,
  pod: KubeObject,
  dryRun: boolean,
): Promise<void> {
  const { clusterId } = cluster.cluster;
  const prefix = resourcePrefix(clusterId, 'policy', 'poddisruptionbudgets', namespace);
  const { items } = await listObjects(storage, { prefix, matches: undefined, limit: limits.listItems });
  const [budget, another] = items.filter((one) =>
    selectorMatches(readSelector(at(one, 'spec', 'selector')), pod.metadata.labels ?? {}),
  );
  if (budget === undefined) return;
  if (another !== undefined) {
    throw internalError(
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  }
  const { name = '', generation = 0 } = budget.metadata;
  const status: JsonObject = isObject(budget.status) ? budget.status : {};
  if (numberOf(status.observedGeneration) < generation) {
    throw disruptionRefused(`The disruption budget ${name} is still being processed by the server.`, 10);
  }
  const [healthy, desired] = [numberOf(status.currentHealthy), numberOf(status.desiredHealthy)];
  if (!isReady(pod)) {
    const policy = at(budget, 'spec', 'unhealthyPodEvictionPolicy');
    if (policy === 'AlwaysAllow' || (healthy >= desired && desired > 0)) return;
  }
  const allowed = numberOf(status.disruptionsAllowed);
  if (allowed < 1) {
    const detail = `The disruption budget ${name} needs ${desired} healthy pods and has ${healthy} currently`;
    throw disruptionRefused(detail, 0);
  }
  if (dryRun) return;
  const disrupted: JsonObject = isObject(status.disruptedPods) ? status.disruptedPods : {};
  const spent: KubeObject = {
    ...budget,
    status: {
      ...status,
      disruptionsAllowed: allowed - 1,
      disruptedPods: { ...disrupted, [pod.metadata.name ?? '']: kubernetesTime(now()) },
    },
  };
  const key = objectKey(clusterId, 'policy', 'poddisruptionbudgets', namespace, name);
  try {
    await storage.commit({
      expect: [{ key, revision: revisionOf(budget) }],
      changes: [writeObject(key, spent)],
    });
  } catch (error) {
    // Somebody else has spent one at the same moment: asked again, the budget may have none left.
    if (!(error instanceof RevisionConflictError)) throw error;
    throw disruptionRefused(`The disruption budget ${name} is still being processed by the server.`, 10);
  }
}

const numberOf = (value: JsonValue | undefined): number => (typeof value === 'number' ? value : 0);

function isReady(pod: KubeObject): boolean {
  const conditions = at(pod, 'status', 'conditions');
  return (
    Array.isArray(conditions) &&
    conditions.some((one: JsonValue) => at(one, 'type') === 'Ready' && at(one, 'status') === 'True')
  );
}
