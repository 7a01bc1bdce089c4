import type { JsonObject } from '../../wire/kube/json.ts';
import { apiVersionOf } from '../../wire/kube/resources.ts';
import type { Answer, ApiContext, ResourceRequest } from '../context.ts';
import { toKubeObject } from '../objects/metadata.ts';
import type { KubeObject } from '../objects/object.ts';
import { kubernetesTime } from '../objects/object.ts';
import { decodeBody } from '../request/decode.ts';
import { writeOptions } from '../request/options.ts';
import {
  localSubjectAccessReview,
  type ReviewStatus,
  selfSubjectAccessReview,
  subjectAccessReview,
} from './accessreviews.ts';
import { selfSubjectReview, tokenReview } from './identityreviews.ts';
import { selfSubjectRulesReview } from './rulesreview.ts';

type Review = (
  context: ApiContext,
  request: ResourceRequest,
  review: JsonObject,
) => ReviewStatus | Promise<ReviewStatus>;

/** Questions that are asked by creating an object which is answered and never stored. */
const reviews: Readonly<Record<string, Review>> = {
  'authentication.k8s.io/selfsubjectreviews': (_, request) => selfSubjectReview(request),
  'authentication.k8s.io/tokenreviews': tokenReview,
  'authorization.k8s.io/selfsubjectaccessreviews': selfSubjectAccessReview,
  'authorization.k8s.io/subjectaccessreviews': subjectAccessReview,
  'authorization.k8s.io/localsubjectaccessreviews': localSubjectAccessReview,
  'authorization.k8s.io/selfsubjectrulesreviews': (_, request, review) =>
    selfSubjectRulesReview(request, review),
};

/** The review a resource stands for; undefined for resources that are stored. */
export function findReview(resource: {
  readonly group: string;
  readonly resource: string;
}): Review | undefined {
  const key = `${resource.group}/${resource.resource}`;
  return Object.hasOwn(reviews, key) ? reviews[key] : undefined;
}

/** POST of a review: 201 with the same object and its answer in `status`. */
export async function serveReview(
  context: ApiContext,
  request: ResourceRequest,
  review: Review,
): Promise<Answer> {
  const { resource } = request;
  const expected = { apiVersion: apiVersionOf(resource), kind: resource.kind };
  const options = writeOptions(request.query, 'Create');
  const body = await decodeBody(request, {
    ...expected,
    messageType: resource.messageType,
    fieldValidation: options.fieldValidation,
  });
  const given = toKubeObject(body, expected);
  const status = await review(context, request, given);
  return { kind: 'object', status: 201, object: { ...shownReview(context, given), status } };
}

/**
 * The review as it is sent back beside its answer (kubernetes-facts B22, B26).
 *
 * SECURITY: a token is not sent back; answers end up in logs and caches more easily than requests.
 */
function shownReview(context: ApiContext, given: KubeObject): KubeObject {
  switch (given.kind) {
    case 'TokenReview':
      return { ...given, spec: {} };
    case 'SelfSubjectRulesReview':
      return { ...given, metadata: {}, spec: {} };
    case 'SelfSubjectReview':
      return {
        ...given,
        metadata: { ...given.metadata, creationTimestamp: kubernetesTime(context.now()) },
      };
    default:
      return given;
  }
}
