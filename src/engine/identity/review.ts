import { principalIdExtraKey, type UserInfo } from '../authorizer/attributes.ts';

/**
 * The user of a SubjectAccessReview with its principal taken from `extra`, as EKS's own webhook reads it
 * (eks-access-facts C12). For questions about somebody, never for a request of somebody: the answer to a review gives
 * the one who asks nothing but the answer.
 *
 * SECURITY: keys are compared bytewise, each must have one value, and the uid must tell the same principal
 * (`activePrincipal`). None of that proves where a user comes from: impersonation headers can spell any key (kubernetes-facts
 * A14). Who answers an API server about its own requests asks for more (`webhooks/vouchers.ts`).
 */
export function reviewedUser(user: Omit<UserInfo, 'principal' | 'impersonated'>): UserInfo {
  const principalId = onlyValue(user, principalIdExtraKey);
  const canonicalArn = onlyValue(user, 'canonicalArn');
  const plain = { username: user.username, uid: user.uid, groups: user.groups, extra: user.extra };
  return principalId === undefined || canonicalArn === undefined
    ? plain
    : { ...plain, principal: { principalId, canonicalArn, username: user.username } };
}

function onlyValue(user: Pick<UserInfo, 'extra'>, key: string): string | undefined {
  const values = Object.hasOwn(user.extra, key) ? user.extra[key] : undefined;
  return values?.length === 1 && values[0] !== '' ? values[0] : undefined;
}
