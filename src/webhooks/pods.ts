import type { ClusterAccess } from '../access/access.ts';
import {
  injectPodCredentials,
  type PodInjection,
  type PodInjectionOptions,
} from '../access/podcredentials.ts';
import { type Answer, oneLine } from './answer.ts';
import { admissionKind, admissionVersion, parsePodReview } from './podreview.ts';

/** What API servers show of a warning at most. */
const longestWarning = 256;

/**
 * Which way to AWS credentials does this pod get (eks-access-facts I7, I8, J20)? Always allowed: a pod that gets none is
 * made without, and whoever makes it is told what stands in the way. Only a body without a question is refused, and that
 * is a failure to be ignored (`failurePolicy: Ignore`).
 *
 * SECURITY: the answer tells the roles of service accounts, to the API server that knows them already.
 * @throws KubeStatusError 400 for what is no AdmissionReview
 */
export async function answerPodReview(
  { cluster }: ClusterAccess,
  body: Uint8Array,
  options: PodInjectionOptions,
): Promise<Answer> {
  const { uid, namespace, pod } = parsePodReview(body);
  const injection =
    pod === undefined ? notAPod : await injectPodCredentials(cluster, namespace, pod, options);
  const response = { uid, allowed: true, ...changesOf(injection) };
  const text = JSON.stringify({ apiVersion: admissionVersion, kind: admissionKind, response });
  return { status: 200, outcome: injection.outcome, body: { kind: 'json', text } };
}

const notAPod: PodInjection = { outcome: 'none', patch: [], warnings: [] };

function changesOf({ outcome, patch, warnings }: PodInjection): Readonly<Record<string, unknown>> {
  return {
    ...(patch.length > 0 && {
      patchType: 'JSONPatch',
      patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
    }),
    ...(warnings.length > 0 && {
      warnings: warnings.map((warning) => oneLine(warning).slice(0, longestWarning)),
    }),
    // The API server puts the name of the webhook before the key.
    ...(outcome !== 'none' && { auditAnnotations: { credentials: outcome } }),
  };
}
