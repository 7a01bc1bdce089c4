import type { ClusterAccess } from '../access/access.ts';
import type { UserInfo } from '../engine/authorizer/attributes.ts';
import type { Decision } from '../engine/authorizer/decision.ts';
import { blockErrors, userErrors } from '../wire/kube/reviewerrors.ts';
import { ignoredSelectors, reviewedAttributes, reviewedUser } from '../wire/kube/reviews.ts';
import { invalid } from '../wire/kube/status.ts';
import { type Answer, oneLine, reviewAnswer } from './answer.ts';
import { parseReview } from './review.ts';
import type { Vouchers } from './vouchers.ts';

const group = 'authorization.k8s.io';
const kind = 'SubjectAccessReview';
/** Whose words a refusal is in: no cluster of ours asks, so none has a version. */
const newestMinor = 36;

/**
 * Does an access policy allow this? Allowed or no opinion, never `denied`: the API server's own authorizers go on
 * (kubernetes-facts C9).
 *
 * SECURITY: access policies are found by the principal id in `extra`, and count only where this server's own answer to a
 * TokenReview put it there: impersonation headers can spell every key (`Vouchers`).
 * @throws KubeStatusError for what is no SubjectAccessReview
 */
export function answerAccessReview(
  cluster: ClusterAccess,
  body: Uint8Array,
  { vouchers, now }: { readonly vouchers: Vouchers; readonly now: number },
): Answer {
  const review = parseReview(body, group, kind);
  const { spec, version } = review;
  const groupsMember = version === 'v1beta1' ? 'group' : 'groups';
  const errors = [...blockErrors(spec, newestMinor), ...userErrors(spec, groupsMember)];
  if (errors.length > 0) throw invalid({ group, kind }, '', errors);
  const user = reviewedUser(spec, groupsMember);
  const isLookalike =
    user.principal !== undefined && !vouchers.isVouchedFor(cluster.cluster.clusterId, user, now);
  const asked: UserInfo = isLookalike ? { ...user, impersonated: true } : user;
  const decision = cluster.authorizeByPolicies(reviewedAttributes(spec, asked), now);
  const allowed = decision.decision === 'allow';
  const evaluationError = ignoredSelectors(spec);
  return reviewAnswer(allowed ? 'allowed' : 'noOpinion', {
    ...review,
    status: {
      allowed,
      reason: oneLine(allowed ? decision.reason : isLookalike ? lookalike : reasonOf(decision)),
      ...(evaluationError !== '' && { evaluationError }),
    },
  });
}

/** Impersonated, authenticated by somebody else, or remembered for long. */
const lookalike =
  'no access policy allows this: the user does not come from a recent TokenReview that this server answered; access policies do not apply under impersonation';

/** The nearest miss. It is shown to whoever asked for access, and is about that one alone. */
function reasonOf({ evidence }: Decision): string {
  const miss =
    evidence.by === 'nothing' ? evidence.misses.find(({ source }) => source === 'accessPolicy') : undefined;
  return `no access policy allows this${miss === undefined ? '' : `: ${miss.message}`}`;
}
