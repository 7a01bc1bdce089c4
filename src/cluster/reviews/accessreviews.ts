import type { Attributes, UserInfo } from '../../engine/authorizer/attributes.ts';
import { invalidValue } from '../../wire/kube/fielderror.ts';
import { at, isObject, type JsonObject } from '../../wire/kube/json.ts';
import { ignoredSelectors, reviewedAttributes, reviewedUser } from '../../wire/kube/reviews.ts';
import { badRequest, invalid } from '../../wire/kube/status.ts';
import type { ApiContext, ResourceRequest } from '../context.ts';

/** The members a review answers beside what was sent: its status. */
export type ReviewStatus = JsonObject;

type Deciding = Pick<ApiContext, 'isBlocked'>;

const group = 'authorization.k8s.io';

/** May I? Asked with the identity of the request, as impersonated. */
export function selfSubjectAccessReview(
  context: Deciding,
  request: ResourceRequest,
  review: JsonObject,
): ReviewStatus {
  refuseMetadata(review, 'SelfSubjectAccessReview');
  const spec = specOf(review);
  return decide(context, request, reviewedAttributes(spec, 'SelfSubjectAccessReview', request.user), spec);
}

/** May somebody? Whoever may create this review may ask about anybody. */
export function subjectAccessReview(
  context: Deciding,
  request: ResourceRequest,
  review: JsonObject,
): ReviewStatus {
  refuseMetadata(review, 'SubjectAccessReview');
  const spec = specOf(review);
  const user = reviewedUser(spec, 'SubjectAccessReview');
  return decide(context, request, reviewedAttributes(spec, 'SubjectAccessReview', user), spec);
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
  const kind = 'LocalSubjectAccessReview';
  const spec = specOf(review);
  const user: UserInfo = reviewedUser(spec, kind);
  const attributes = reviewedAttributes(spec, kind, user);
  if (attributes.kind === 'nonResource') {
    throw invalid({ group, kind }, '', [
      invalidValue(
        'spec.nonResourceAttributes',
        spec.nonResourceAttributes,
        'disallowed on this kind of request',
      ),
    ]);
  }
  const ofReview = at(review, 'metadata', 'namespace') ?? request.namespace;
  if (attributes.namespace !== request.namespace || ofReview !== request.namespace) {
    throw invalid({ group, kind }, '', [
      invalidValue(
        'spec.resourceAttributes.namespace',
        attributes.namespace,
        'must match metadata.namespace',
      ),
    ]);
  }
  return decide(context, request, attributes, spec);
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
  const spec = review.spec;
  if (!isObject(spec)) throw badRequest('the review has no spec');
  return spec;
}

/** Reviews are no objects: they have no name or labels (kubernetes-facts B23). */
function refuseMetadata(review: JsonObject, kind: string): void {
  const metadata = review.metadata;
  const isEmpty =
    !isObject(metadata) ||
    Object.entries(metadata).every(
      ([member, value]) => member === 'managedFields' || value === null || value === '',
    );
  if (!isEmpty) {
    throw invalid({ group, kind }, '', [invalidValue('metadata', metadata, 'must be empty')]);
  }
}
