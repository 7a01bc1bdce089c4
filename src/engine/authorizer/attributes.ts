/**
 * What is asked, in Kubernetes' words (kubernetes-facts A, B). Built from an HTTP request (RequestInfo) or from a
 * SubjectAccessReview; every authorizer reads the same value.
 */
export interface UserInfo {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
  /**
   * The IAM principal behind this user. Set by authentication alone (and, for questions about others, by
   * `identity/review.ts`); whoever applies impersonation headers builds a new value without it.
   *
   * SECURITY: access policies are found through this member and never through `extra` alone, because a caller chooses
   * the extra keys of an impersonated user (`Impersonate-Extra-…`). As a second lock the member counts only where
   * username, `uid` and `extra` tell the same principal (`activePrincipal`), so that a copy of the caller's value under
   * another name does not carry the caller's policies along.
   */
  readonly principal?: AuthenticatedPrincipal;
  /** Set where the user was taken from impersonation headers: access policies are off (eks-access-facts C10). */
  readonly impersonated?: true;
}

export interface AuthenticatedPrincipal {
  /** Unique id without session: AIDA…, AROA…, the account id for root. */
  readonly principalId: string;
  /** A session's role without path, anything else as STS reports it. */
  readonly canonicalArn: string;
  /** The username the principal was mapped to. */
  readonly username: string;
  /** Who issued a federated user, which `extra` does not tell. */
  readonly issuer?: { readonly arn: string; readonly principalId: string };
}

export interface ResourceAttributes {
  readonly kind: 'resource';
  readonly user: UserInfo;
  /** Lower case: get, list, watch, create, update, patch, delete, deletecollection, or a synthetic verb (A13). */
  readonly verb: string;
  /** '' is the core group. */
  readonly apiGroup: string;
  readonly apiVersion: string;
  readonly resource: string;
  /** '' for none. */
  readonly subresource: string;
  /** '' at cluster scope. */
  readonly namespace: string;
  /** '' when the request names no object. */
  readonly name: string;
}

export interface NonResourceAttributes {
  readonly kind: 'nonResource';
  readonly user: UserInfo;
  readonly verb: string;
  /** As sent, undecoded. */
  readonly path: string;
}

export type Attributes = ResourceAttributes | NonResourceAttributes;

/** Extra key under which the authenticator reports the principal id; access policies match on it (eks-access-facts C12). */
export const principalIdExtraKey = 'sigs.k8s.io/aws-iam-authenticator/principalId';

/** Start of the uid of every user that came from IAM: `aws-iam-authenticator:ACCOUNT:ID` (eks-access-facts H6). */
export const uidPrefix = 'aws-iam-authenticator:';

/** The principal whose access policies apply to the user; undefined for everybody else and under impersonation. */
export function activePrincipal(user: UserInfo): AuthenticatedPrincipal | undefined {
  const { principal } = user;
  if (principal === undefined || user.impersonated === true || principal.principalId === '') return undefined;
  const reported = Object.hasOwn(user.extra, principalIdExtraKey)
    ? user.extra[principalIdExtraKey]
    : undefined;
  const agrees =
    reported?.length === 1 &&
    reported[0] === principal.principalId &&
    user.username === principal.username &&
    user.uid.startsWith(uidPrefix) &&
    user.uid.slice(user.uid.indexOf(':', uidPrefix.length) + 1) === principal.principalId;
  return agrees ? principal : undefined;
}
