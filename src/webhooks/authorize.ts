import type { ClusterAccess } from '../access/access.ts';
import type { Decision } from '../engine/authorizer/decision.ts';
import { ignoredSelectors, reviewedAttributes, reviewedUser } from '../wire/kube/reviews.ts';
import { type Answer, oneLine, reviewAnswer } from './answer.ts';
import { parseReview } from './review.ts';

const group = 'authorization.k8s.io';
const kind = 'SubjectAccessReview';

/**
 * Does an access policy allow this? Allowed or no opinion, never `denied`: the API server's own authorizers go on
 * (kubernetes-facts C9).
 *
 * SECURITY: access policies are found by the principal id in `extra` under its exact key, which only an authenticator
 * writes: impersonation headers lower-case it (`reviewedUser`).
 * @throws KubeStatusError for what is no SubjectAccessReview
 */
export function answerAccessReview(cluster: ClusterAccess, body: Uint8Array, now: number): Answer {
  const review = parseReview(body, group, kind);
  const { spec, version } = review;
  const user = reviewedUser(spec, kind, version === 'v1beta1' ? 'group' : 'groups');
  const decision = cluster.authorizeByPolicies(reviewedAttributes(spec, kind, user), now);
  const allowed = decision.decision === 'allow';
  const evaluationError = ignoredSelectors(spec);
  return reviewAnswer(allowed ? 'allowed' : 'noOpinion', {
    ...review,
    status: {
      allowed,
      reason: oneLine(allowed ? decision.reason : reasonOf(decision)),
      ...(evaluationError !== '' && { evaluationError }),
    },
  });
}

/** The nearest miss. It is shown to whoever asked for access, and is about that one alone. */
function reasonOf({ evidence }: Decision): string {
  const miss =
    evidence.by === 'nothing' ? evidence.misses.find(({ source }) => source === 'accessPolicy') : undefined;
  return `no access policy allows this${miss === undefined ? '' : `: ${miss.message}`}`;
}
