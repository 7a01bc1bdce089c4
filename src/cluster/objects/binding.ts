import { required } from '../../wire/kube/fielderror.ts';
import { at, isObject, type JsonObject, type JsonValue } from '../../wire/kube/json.ts';
import { conflict, invalid } from '../../wire/kube/status.ts';
import { admitUnstored } from '../admission/admission.ts';
import type { Answer, ApiContext, ResourceRequest } from '../context.ts';
import { decodeBody } from '../request/decode.ts';
import { writeOptions } from '../request/options.ts';
import { changeObject } from './change.ts';
import { ownershipOfUpdate } from './managers.ts';
import { checkAddress, toKubeObject } from './metadata.ts';
import { kubernetesTime } from './object.ts';

const messageType = 'core.v1.Binding';
const binding = { apiVersion: 'v1', kind: 'Binding' } as const;

/**
 * POST of a Binding: what a scheduler writes to give a pod its node. Once given, a node is not changed. The annotations
 * of the Binding are added to the pod's (k8s.io/kubernetes, pkg/registry/core/pod/storage).
 */
export async function bindPod(context: ApiContext, request: ResourceRequest): Promise<Answer> {
  const options = writeOptions(request.query, 'Create');
  const body = await decodeBody(request, {
    ...binding,
    messageType,
    fieldValidation: options.fieldValidation,
  });
  const given = toKubeObject(body, binding);
  const { namespace } = request;
  // The old form is POST to the collection `bindings`, where only the body names the pod.
  const name = request.name || (given.metadata.name ?? '');
  checkAddress(given, { namespace, name });
  const { dryRun } = options;
  const admitted = await admitUnstored(context, request, given, { dryRun, messageType });
  const node = at(admitted, 'target', 'name');
  if (typeof node !== 'string' || node === '') {
    throw invalid({ group: '', kind: 'Binding' }, name, [required('target.name')]);
  }
  const pods = request.served.find('', 'v1', 'pods');
  if (pods === undefined) throw new TypeError('pods are served everywhere');
  await changeObject(
    context,
    { ...request, resource: pods, name },
    {
      part: 'binding',
      dryRun: options.dryRun,
      isPut: false,
      isAdmitted: true,
      own: ownershipOfUpdate(context, request),
    },
    (pod) => {
      const spec: JsonObject = isObject(pod.spec) ? pod.spec : {};
      const assigned = spec.nodeName;
      if (typeof assigned === 'string' && assigned !== '') {
        const detail = `pod ${name} is already assigned to node ${JSON.stringify(assigned)}`;
        throw conflict({ group: '', resource: 'pods/binding' }, name, detail);
      }
      if (pod.metadata.deletionTimestamp !== undefined) {
        const detail = `pod ${name} is being deleted, cannot be assigned to a host`;
        throw conflict({ group: '', resource: 'pods/binding' }, name, detail);
      }
      const status: JsonObject = isObject(pod.status) ? pod.status : {};
      return {
        ...pod,
        metadata: {
          ...pod.metadata,
          ...(admitted.metadata.annotations && {
            annotations: { ...pod.metadata.annotations, ...admitted.metadata.annotations },
          }),
        },
        spec: { ...spec, nodeName: node },
        status: { ...status, conditions: scheduled(status.conditions, kubernetesTime(context.now())) },
      };
    },
  );
  const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
  return { kind: 'object', status: 201, object: success };
}

/** The conditions with PodScheduled=True. */
function scheduled(conditions: JsonValue | undefined, now: string): readonly JsonValue[] {
  const list = Array.isArray(conditions) ? conditions : [];
  const others = list.filter((condition: JsonValue) => at(condition, 'type') !== 'PodScheduled');
  return [...others, { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: now }];
}
