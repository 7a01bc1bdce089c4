import { isObject, type JsonObject, type JsonValue } from '../wire/kube/json.ts';
import { badRequest } from '../wire/kube/status.ts';

/** A question of an API server, read as far as both kinds of review agree. */
export interface Review {
  /** As sent; echoed in the answer. */
  readonly apiVersion: string;
  readonly kind: string;
  /** `v1beta1` differs in the name of one member (kubernetes-facts C6). */
  readonly version: 'v1' | 'v1beta1';
  readonly spec: JsonObject;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a review of this group and kind. Members we do not know, metadata and status are not looked at: newer API servers
 * send more (kubernetes-facts C16), older ones a null creationTimestamp (C4).
 * @throws KubeStatusError 400
 */
export function parseReview(body: Uint8Array, group: string, kind: string): Review {
  const review = parseKind(body, kind);
  const version = versionOf(review.apiVersion, group);
  if (version === undefined) throw badRequest(`the apiVersion is neither ${group}/v1 nor ${group}/v1beta1`);
  if (!isObject(review.spec)) throw badRequest(`the ${kind} has no spec`);
  return { apiVersion: `${group}/${version}`, kind, version, spec: review.spec };
}

/**
 * The object in a body.
 * @throws KubeStatusError 400
 */
export function parseKind(body: Uint8Array, kind: string): JsonObject {
  let value: JsonValue;
  try {
    value = JSON.parse(utf8.decode(body)) as JsonValue;
  } catch {
    // The parser's own message quotes the body, which may hold a token.
    throw badRequest('the body is not JSON');
  }
  if (!isObject(value)) throw badRequest('the body is not an object');
  if (value.kind !== kind) throw badRequest(`the body is not ${kind.startsWith('A') ? 'an' : 'a'} ${kind}`);
  return value;
}

function versionOf(apiVersion: JsonValue | undefined, group: string): Review['version'] | undefined {
  switch (apiVersion) {
    case `${group}/v1`:
      return 'v1';
    case `${group}/v1beta1`:
      return 'v1beta1';
    default:
      return undefined;
  }
}
