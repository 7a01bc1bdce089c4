import { injectPodCredentials } from '../../access/podcredentials.ts';
import { injectorName } from '../../engine/podcredentials/names.ts';
import type { JsonValue } from '../../wire/kube/json.ts';
import { jsonPatch } from '../../wire/kube/patch/jsonpatch.ts';
import type { ApiContext, ResourceRequest } from '../context.ts';
import type { KubeObject } from '../objects/object.ts';

/**
 * What EKS's own mutating webhook makes of a new pod: the way to AWS credentials, where its service account has any. It
 * comes before the webhooks of the cluster, and again after one of them has changed the pod. Nothing keeps a pod from being
 * made (`failurePolicy: Ignore`); what stands in the way is a warning of the answer.
 *
 * COMPAT: on EKS it has its turn among the others by the name of its configuration, `pod-identity-webhook`.
 */
export async function injectCredentials(
  context: Pick<ApiContext, 'storage' | 'random' | 'podIdentityAgentUri'>,
  request: Pick<ResourceRequest, 'cluster' | 'namespace' | 'warn' | 'annotate'>,
  pod: KubeObject,
): Promise<KubeObject> {
  const { outcome, patch, warnings } = await injectPodCredentials(
    request.cluster.cluster,
    request.namespace,
    pod,
    {
      storage: context.storage,
      agentUri: context.podIdentityAgentUri,
      random: () => fractionOf(context.random.bytes(4)),
    },
  );
  for (const warning of warnings) request.warn(warning);
  if (outcome !== 'none') request.annotate(`${injectorName}/credentials`, outcome);
  // What is added is data of ours; the pod is the one that was decoded.
  return patch.length === 0 ? pod : (jsonPatch(pod, patch as unknown as JsonValue) as KubeObject);
}

function fractionOf(bytes: Uint8Array): number {
  return bytes.reduce((number, byte) => number * 256 + byte, 0) / 256 ** bytes.length;
}
