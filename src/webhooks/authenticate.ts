import type { Authentication, ClusterAccess } from '../access/access.ts';
import { looksLikeJwt } from '../access/serviceaccounttoken.ts';
import type { UserInfo } from '../engine/authorizer/attributes.ts';
import { askedAudiences, shownUser } from '../wire/kube/reviews.ts';
import { badRequest } from '../wire/kube/status.ts';
import { tokenPrefix } from '../wire/token/parse.ts';
import { type Answer, comeAgain, oneLine, reviewAnswer, textAnswer } from './answer.ts';
import { answeredAudiences } from './audiences.ts';
import { parseReview, type Review } from './review.ts';
import type { TokenVerdicts, Verdict } from './verdicts.ts';
import type { Vouchers } from './vouchers.ts';

const group = 'authentication.k8s.io';
const kind = 'TokenReview';

/**
 * Whose token is this? Every verdict, yes or no, is 200; what is no verdict is 503, or 429 where coming again helps
 * (token-facts 8). `judged` is told every verdict that was made for this question alone.
 * @throws KubeStatusError 400 for what is no TokenReview
 */
export function answerTokenReview(
  cluster: ClusterAccess,
  body: Uint8Array,
  context: {
    readonly verdicts: TokenVerdicts;
    readonly vouchers: Vouchers;
    readonly now: number;
    readonly judged: (authentication: Authentication) => void;
  },
): Answer | Promise<Answer> {
  const review = parseReview(body, group, kind);
  const { token } = review.spec;
  if (typeof token !== 'string' || token === '') throw badRequest('spec.token is not a text');
  const { apiAudiences, clusterId } = cluster.cluster;
  const audiences = answeredAudiences(apiAudiences, askedAudiences(review.spec.audiences));
  if (!isJudgeable(token)) return refusal(review, 'notOurs', notOurs);
  // Not worth a judgement, which may pin a principal. It depends on the question and is not remembered with the token.
  if (audiences?.length === 0) return refusal(review, 'wrongAudience', 'token is for other audiences');
  const verdict = context.verdicts.judge(cluster, token, context.now);
  if (verdict === undefined) return comeAgain('overloaded', 'too many tokens are being judged');
  const vouched = (user: UserInfo, until: number): UserInfo =>
    context.vouchers.vouchedFor(clusterId, user, until);
  const answer = ({ authentication, isNew }: Verdict): Answer => {
    if (isNew) context.judged(authentication);
    return verdictAnswer(review, authentication, { vouched, audiences });
  };
  return verdict instanceof Promise ? verdict.then(answer) : answer(verdict);
}

/** API servers ask about every bearer token nobody else took (kubernetes-facts C7): told apart by its form. */
function isJudgeable(token: string): boolean {
  return token.startsWith(tokenPrefix) || looksLikeJwt(token);
}

const notOurs = 'token is none of an IAM identity and none of an associated identity provider';

function verdictAnswer(
  review: Review,
  authentication: Authentication,
  accepted: {
    readonly vouched: (user: UserInfo, until: number) => UserInfo;
    readonly audiences: readonly string[] | undefined;
  },
): Answer {
  switch (authentication.outcome) {
    case 'authenticated':
      return reviewAnswer('authenticated', {
        ...review,
        status: {
          authenticated: true,
          user: shownUser(accepted.vouched(authentication.user, authentication.until ?? 0)),
          ...(accepted.audiences !== undefined && { audiences: accepted.audiences }),
        },
      });
    case 'refused':
      return refusal(review, authentication.evidence.code, authentication.evidence.message);
    case 'unavailable': {
      const text = oneLine(`no verdict: ${authentication.evidence.message}`);
      return authentication.throttled ? comeAgain('throttled', text) : textAnswer(503, 'unavailable', text);
    }
    default:
      return authentication satisfies never;
  }
}

/** The reason reaches the API server's log, not the client, which sees 401 (kubernetes-facts C5). */
function refusal(review: Review, code: string, message: string): Answer {
  return reviewAnswer(code, {
    ...review,
    status: { authenticated: false, user: {}, error: oneLine(message) },
  });
}
