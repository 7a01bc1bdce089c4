import type { Attributes } from '../../engine/authorizer/attributes.ts';
import type { FieldError } from '../../wire/kube/fielderror.ts';
import { at, isObject, type JsonObject } from '../../wire/kube/json.ts';
import {
  blockErrors,
  metadataIsEmptyErrors,
  namespaceErrors,
  selectorErrors,
  userErrors,
} from '../../wire/kube/reviewerrors.ts';
import { ignoredSelectors, reviewedAttributes, reviewedUser } from '../../wire/kube/reviews.ts';
import { badRequest, invalid } from '../../wire/kube/status.ts';
import type { ApiContext, ResourceRequest } from '../context.ts';
import { minorVersion } from '../version.ts';

/** The members a review answers beside what was sent: its status. */
export type ReviewStatus = JsonObject;

type Deciding = Pick<ApiContext, 'isBlocked'>;

/** May I? Asked with the identity of the request, as impersonated. */
export function selfSubjectAccessReview(
  context: Deciding,
  request: ResourceRequest,
  review: JsonObject,
): ReviewStatus {
  const spec = specOf(review);
  refuse([
    ...blockErrors(spec, minorVersion(request.cluster.cluster)),
    ...selectorErrors(spec),
    ...metadataErrors(review),
  ]);
  return decide(context, request, reviewedAttributes(spec, request.user), spec);
}

/** May somebody? Whoever may create this review may ask about anybody. */
export function subjectAccessReview(
  context: Deciding,
  request: ResourceRequest,
  review: JsonObject,
): ReviewStatus {
  const spec = specOf(review);
  refuse([...errorsOfSpec(spec, request), ...metadataErrors(review)]);
  return decide(context, request, reviewedAttributes(spec, reviewedUser(spec)), spec);
}

/**
 * May somebody, in this namespace?
 *
 * SECURITY: who may ask was decided for the namespace of the request; the question must be about the same one
 * (kubernetes-facts B24).
 */
export function localSubjectAccessReview(
  context: Deciding,
  request: ResourceRequest,
  review: JsonObject,
): ReviewStatus {
  const spec = specOf(review);
  const namespace = at(review, 'metadata', 'namespace') || request.namespace;
  if (namespace !== request.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  refuse([
    ...errorsOfSpec(spec, request),
    ...metadataErrors(review, 'must be empty except for namespace'),
    ...namespaceErrors(spec, request.namespace, minorVersion(request.cluster.cluster)),
  ]);
  return decide(context, request, reviewedAttributes(spec, reviewedUser(spec)), spec);
}

function errorsOfSpec(spec: JsonObject, request: ResourceRequest): readonly FieldError[] {
  return [
    ...blockErrors(spec, minorVersion(request.cluster.cluster)),
    ...userErrors(spec, 'groups'),
    ...selectorErrors(spec),
  ];
}

/** The namespace is that of the address, whatever the kind of review. */
function metadataErrors(review: JsonObject, detail = 'must be empty'): readonly FieldError[] {
  const metadata = isObject(review.metadata) ? review.metadata : {};
  const { namespace: _, ...others } = metadata;
  return metadataIsEmptyErrors(others, detail);
}

/** Upstream makes the refusal from an object that has lost its kind by then, so that none is named. */
function refuse(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid({ group: 'authorization.k8s.io', kind: '' }, '', errors);
}

function decide(
  context: Deciding,
  request: ResourceRequest,
  attributes: Attributes,
  spec: JsonObject,
): ReviewStatus {
  // SECURITY: whoever lets users in by these answers may remember for minutes whose token it was.
  if (context.isBlocked(attributes.user)) {
    return { allowed: false, denied: true, reason: 'the principal is blocked on this server' };
  }
  const { decision, reason } = request.cluster.authorize(attributes);
  const evaluationError = ignoredSelectors(spec);
  return {
    allowed: decision === 'allow',
    ...(decision === 'deny' && { denied: true }),
    ...(reason !== '' && { reason }),
    ...(evaluationError !== '' && { evaluationError }),
  };
}

function specOf(review: JsonObject): JsonObject {
  const { spec = {} } = review;
  if (!isObject(spec)) throw badRequest('the spec of the review is not an object');
  return spec;
}
