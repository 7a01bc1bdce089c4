import { quote } from '../../engine/rbac/quote.ts';
import { type FieldError, notSupported, required } from '../../wire/kube/fielderror.ts';
import { at, isObject, type JsonObject, type JsonValue, own } from '../../wire/kube/json.ts';
import { badRequest, conflict, invalid } from '../../wire/kube/status.ts';
import { admitUnstored } from '../admission/admission.ts';
import type { Answer, ApiContext, ResourceRequest } from '../context.ts';
import { decodeBody } from '../request/decode.ts';
import { writeOptions } from '../request/options.ts';
import { changeObject } from './change.ts';
import { ownershipOfUpdate } from './managers.ts';
import { checkAddress, toKubeObject } from './metadata.ts';
import { type KubeObject, kubernetesTime } from './object.ts';

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
  if (given.metadata.name !== name) throw badRequest('name in URL does not match name in Binding object');
  checkAddress(given, { namespace, name });
  const { dryRun } = options;
  const admitted = await admitUnstored(context, request, given, { dryRun, messageType });
  const errors = bindingErrors(admitted);
  if (errors.length > 0) throw invalid({ group: '', kind: 'Binding' }, name, errors);
  const pods = request.served.find('', 'v1', 'pods');
  if (pods === undefined) throw new TypeError('pods are served everywhere');
  const target = { ...request, resource: pods, name };
  await changeObject(
    context,
    target,
    { part: 'binding', dryRun, isPut: false, isAdmitted: true, own: ownershipOfUpdate(context, target) },
    (pod) => bound(pod, admitted, kubernetesTime(context.now())),
  );
  const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
  return { kind: 'object', status: 201, object: success };
}

function bindingErrors({ target }: KubeObject): readonly FieldError[] {
  const kind = own(target, 'kind') ?? '';
  const name = own(target, 'name') ?? '';
  return [
    ...(kind === '' || kind === 'Node' ? [] : [notSupported('target.kind', kind, ['Node', '<empty>'])]),
    ...(name === '' ? [required('target.name')] : []),
  ];
}

/**
 * The pod with the node a Binding gives it. What the Binding claims about the pod comes along and is checked as for any
 * update: who had an earlier pod of that name in mind does not bind this one.
 */
function bound(pod: KubeObject, { metadata, target }: KubeObject, now: string): KubeObject {
  const { name = '', deletionTimestamp } = pod.metadata;
  const spec: JsonObject = isObject(pod.spec) ? pod.spec : {};
  const refuse = (detail: string): Error =>
    conflict({ group: '', resource: 'pods/binding' }, name, `pod ${name} ${detail}`);
  if (deletionTimestamp !== undefined) throw refuse('is being deleted, cannot be assigned to a host');
  if (typeof spec.nodeName === 'string' && spec.nodeName !== '') {
    throw refuse(`is already assigned to node ${quote(spec.nodeName)}`);
  }
  const gates = spec.schedulingGates;
  if (Array.isArray(gates) && gates.length > 0) throw refuse('has non-empty .spec.schedulingGates');
  const { uid = '', resourceVersion = '', annotations } = metadata;
  const status: JsonObject = isObject(pod.status) ? pod.status : {};
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      ...(uid !== '' && { uid }),
      ...(resourceVersion !== '' && { resourceVersion }),
      ...(annotations && { annotations: { ...pod.metadata.annotations, ...annotations } }),
    },
    spec: { ...spec, nodeName: own(target, 'name') ?? '' },
    status: { ...status, conditions: scheduled(status.conditions, now) },
  };
}

/** The conditions with PodScheduled=True. */
function scheduled(conditions: JsonValue | undefined, now: string): readonly JsonValue[] {
  const list = Array.isArray(conditions) ? conditions : [];
  const others = list.filter((condition: JsonValue) => at(condition, 'type') !== 'PodScheduled');
  return [...others, { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: now }];
}
