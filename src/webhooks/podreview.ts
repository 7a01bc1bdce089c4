import { isObject, type JsonObject, own } from '../wire/kube/json.ts';
import { badRequest } from '../wire/kube/status.ts';
import { parseKind } from './review.ts';

/** A question of an API server about an object that is about to be made. */
export interface PodReview {
  /** Of the question; the answer has the same. */
  readonly uid: string;
  readonly namespace: string;
  /** Undefined for anything but the making of a pod. */
  readonly pod: JsonObject | undefined;
}

export const admissionVersion = 'admission.k8s.io/v1';
export const admissionKind = 'AdmissionReview';

/** API servers send UUIDs. */
const longestUid = 128;

/**
 * Reads an AdmissionReview. Members that no pod is injected by are not looked at.
 * @throws KubeStatusError 400 for what no answer can be given to
 */
export function parsePodReview(body: Uint8Array): PodReview {
  const review = parseKind(body, admissionKind);
  if (review.apiVersion !== admissionVersion) throw badRequest(`the apiVersion is not ${admissionVersion}`);
  const { request } = review;
  const uid = own(request, 'uid');
  if (!isObject(request) || typeof uid !== 'string' || uid === '' || uid.length > longestUid) {
    throw badRequest('the AdmissionReview has no request with a uid');
  }
  const { kind, object, namespace } = request;
  const isMaking = request.operation === 'CREATE' && (request.subResource ?? '') === '';
  const isPod =
    own(kind, 'kind') === 'Pod' && (own(kind, 'group') ?? '') === '' && own(kind, 'version') === 'v1';
  return {
    uid,
    namespace: typeof namespace === 'string' ? namespace : '',
    pod: isMaking && isPod && isObject(object) ? object : undefined,
  };
}
