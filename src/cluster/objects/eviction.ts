import { selectorMatches } from '../../engine/rbac/aggregation.ts';
import { objectKey, resourcePrefix } from '../../storage/records/keys.ts';
import { RevisionConflictError } from '../../storage/storage.ts';
import { at, isObject, type JsonObject, type JsonValue } from '../../wire/kube/json.ts';
import {
  badRequest,
  disruptionRefused,
  forbiddenWith,
  KubeStatusError,
  notFound,
} from '../../wire/kube/status.ts';
import { admitUnstored } from '../admission/admission.ts';
import type { Answer, ApiContext, ResourceRequest } from '../context.ts';
import { decodeBody } from '../request/decode.ts';
import { readSelector } from '../resources/labelselector.ts';
import { maximumAttempts } from './create.ts';
import { checkDeletePreconditions, removeObject } from './delete.ts';
import { type DeleteOptions, deleteOptionsOf } from './deleteoptions.ts';
import { listObjects } from './list.ts';
import { checkAddress, toKubeObject } from './metadata.ts';
import { type KubeObject, kubernetesTime } from './object.ts';
import { getObject, revisionOf, writeObject } from './store.ts';

const messageType = 'policy.v1.Eviction';
const eviction = { apiVersion: 'policy/v1', kind: 'Eviction' } as const;
/** The same under its older name, which clients still send. */
const olderVersion = 'policy/v1beta1';
const budgets = 'poddisruptionbudgets';

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
  const given = toKubeObject(
    body.apiVersion === olderVersion ? { ...body, apiVersion: eviction.apiVersion } : body,
    eviction,
  );
  if (given.metadata.name !== name) throw badRequest('name in URL does not match name in Eviction object');
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
  await evict(context, request, options);
  const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
  return { kind: 'object', status: 201, object: success };
}

/** Judges the pod and deletes the one that was judged; anew when it, or its budget, changes meanwhile. */
async function evict(context: ApiContext, request: ResourceRequest, options: DeleteOptions): Promise<void> {
  const { namespace, name } = request;
  const { clusterId } = request.cluster.cluster;
  const { resourceVersion } = options.preconditions;
  let { uid } = options.preconditions;
  for (let attempt = 1; ; attempt += 1) {
    const pod = await getObject(context.storage, objectKey(clusterId, '', 'pods', namespace, name));
    if (pod === undefined) throw notFound({ group: '', resource: 'pods' }, name);
    // A disruption is spent for a deletion alone: what speaks against that comes first.
    checkDeletePreconditions(request, name, { uid, resourceVersion }, pod);
    // Who comes back under the same name meanwhile is not who was to go.
    uid = pod.metadata.uid;
    const isLast = attempt >= maximumAttempts;
    const judgement = await judge(context, request, pod, { dryRun: options.dryRun, isLast });
    if (judgement === 'again') continue;
    try {
      await removeObject(context, request, name, {
        ...options,
        // Webhooks were asked about the eviction; upstream does not ask again about the deletion.
        isAdmitted: true,
        preconditions: {
          uid,
          resourceVersion: judgement === 'asItIs' ? pod.metadata.resourceVersion : resourceVersion,
        },
      });
      return;
    } catch (error) {
      const isOutrun = error instanceof KubeStatusError && error.status.reason === 'Conflict';
      if (!isOutrun || judgement !== 'asItIs' || isLast) throw error;
    }
  }
}

/** Whether the pod may go, as it is now or whatever becomes of it; `again` when its budget changed meanwhile. */
async function judge(
  context: ApiContext,
  request: ResourceRequest,
  pod: KubeObject,
  { dryRun, isLast }: { readonly dryRun: boolean; readonly isLast: boolean },
): Promise<'always' | 'asItIs' | 'again'> {
  if (isOver(pod)) return 'always';
  if (at(pod, 'status', 'phase') === 'Pending') return 'asItIs';
  const budget = await budgetOf(context, request, pod);
  if (budget === undefined) return 'always';
  if (isUncounted(pod, budget)) return 'asItIs';
  const spent = withoutDisruption(budget, pod, kubernetesTime(context.now()));
  if (dryRun) return 'always';
  const { name = '' } = budget.metadata;
  const key = objectKey(request.cluster.cluster.clusterId, 'policy', budgets, request.namespace, name);
  try {
    const expect = [{ key, revision: revisionOf(budget) }];
    await context.storage.commit({ expect, changes: [writeObject(key, spent)] });
    return 'always';
  } catch (error) {
    if (!(error instanceof RevisionConflictError)) throw error;
    if (isLast) throw stillProcessed(name);
    return 'again';
  }
}

/** Pods that have ended, or are going anyway, count for no budget, whatever becomes of them. */
function isOver(pod: KubeObject): boolean {
  const phase = at(pod, 'status', 'phase');
  return phase === 'Succeeded' || phase === 'Failed' || pod.metadata.deletionTimestamp !== undefined;
}

/** The budget that counts the pod. */
async function budgetOf(
  { storage, limits }: ApiContext,
  { cluster, namespace }: ResourceRequest,
  pod: KubeObject,
): Promise<KubeObject | undefined> {
  const prefix = resourcePrefix(cluster.cluster.clusterId, 'policy', budgets, namespace);
  const { items } = await listObjects(storage, { prefix, matches: undefined, limit: limits.listItems });
  const [budget, another] = items.filter((one) => isAbout(one, pod));
  if (another === undefined) return budget;
  throw new KubeStatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message:
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    code: 500,
  });
}

/** An empty selector selects every pod of the namespace, none at all selects none. */
function isAbout(budget: KubeObject, pod: KubeObject): boolean {
  const selector = at(budget, 'spec', 'selector');
  return isObject(selector) && selectorMatches(readSelector(selector), pod.metadata.labels ?? {});
}

/** A pod that is not ready disrupts nothing when it goes, where the budget says so or has what it needs. */
function isUncounted(pod: KubeObject, budget: KubeObject): boolean {
  if (isReady(pod)) return false;
  if (at(budget, 'spec', 'unhealthyPodEvictionPolicy') === 'AlwaysAllow') return true;
  const { currentHealthy, desiredHealthy } = statusOf(budget);
  return numberOf(currentHealthy) >= numberOf(desiredHealthy) && numberOf(desiredHealthy) > 0;
}

/** Evictions that a budget's controller has not taken notice of yet. */
const maximumDisruptedPods = 2000;

/**
 * The budget with one disruption less.
 * @throws KubeStatusError when it allows none
 */
function withoutDisruption(budget: KubeObject, pod: KubeObject, now: string): KubeObject {
  const { name = '', generation = 0 } = budget.metadata;
  const status = statusOf(budget);
  if (numberOf(status.observedGeneration) < generation) throw stillProcessed(name);
  const target = { group: 'policy', resource: 'poddisruptionbudget', name };
  const allowed = numberOf(status.disruptionsAllowed);
  if (allowed < 0) throw forbiddenWith(target, 'pdb disruptions allowed is negative');
  const disrupted: JsonObject = isObject(status.disruptedPods) ? status.disruptedPods : {};
  if (Object.keys(disrupted).length > maximumDisruptedPods) {
    const detail = 'DisruptedPods map too big - too many evictions not confirmed by PDB controller';
    throw forbiddenWith(target, detail);
  }
  if (allowed === 0) {
    const [healthy, desired] = [numberOf(status.currentHealthy), numberOf(status.desiredHealthy)];
    const detail = `The disruption budget ${name} needs ${desired} healthy pods and has ${healthy} currently`;
    throw disruptionRefused(detail, 0);
  }
  const disruptedPods = { ...disrupted, [pod.metadata.name ?? '']: now };
  return { ...budget, status: { ...status, disruptionsAllowed: allowed - 1, disruptedPods } };
}

const stillProcessed = (name: string): KubeStatusError =>
  disruptionRefused(`The disruption budget ${name} is still being processed by the server.`, 10);

const statusOf = ({ status }: KubeObject): JsonObject => (isObject(status) ? status : {});
const numberOf = (value: JsonValue | undefined): number => (typeof value === 'number' ? value : 0);

function isReady(pod: KubeObject): boolean {
  const conditions = at(pod, 'status', 'conditions');
  return (
    Array.isArray(conditions) &&
    conditions.some((one: JsonValue) => at(one, 'type') === 'Ready' && at(one, 'status') === 'True')
  );
}
