import { apiAudience } from '../../access/serviceaccounttoken.ts';
import { at, type JsonObject } from '../../wire/kube/json.ts';
import { askedAudiences, shownUser } from '../../wire/kube/reviews.ts';
import { badRequest } from '../../wire/kube/status.ts';
import type { ApiContext, ResourceRequest } from '../context.ts';
import { withSystemGroup } from '../request/authentication.ts';
import type { ReviewStatus } from './accessreviews.ts';

/** Who am I? Under impersonation: whom do I pretend to be (kubernetes-facts B26). */
export function selfSubjectReview(request: ResourceRequest): ReviewStatus {
  return { userInfo: shownUser(request.user) };
}

/**
 * Whose token is this, and for which of the asked audiences? Never says why a token is refused, and never repeats it.
 * No audiences are the API server's own (kubernetes-facts C5).
 */
export async function tokenReview(
  context: ApiContext,
  request: ResourceRequest,
  review: JsonObject,
): Promise<ReviewStatus> {
  const token = at(review, 'spec', 'token');
  if (typeof token !== 'string' || token === '') {
    throw badRequest('token is required for TokenReview in authentication');
  }
  const audiences = askedAudiences(at(review, 'spec', 'audiences')) ?? [apiAudience];
  const authentication = await request.cluster.authenticate(token, context.now(), audiences);
  switch (authentication.outcome) {
    case 'authenticated':
      return {
        authenticated: true,
        user: shownUser(withSystemGroup(authentication.user)),
        audiences: authentication.audiences ?? [apiAudience],
      };
    case 'refused':
      return { authenticated: false, error: 'the token is not accepted by this cluster' };
    case 'unavailable':
      return { authenticated: false, error: 'the token could not be judged' };
    default:
      return authentication satisfies never;
  }
}
