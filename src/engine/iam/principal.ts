/**
 * Who made a request: the outcome of a verified signature. The same value feeds IAM decisions, identity mapping
 * and the record; nothing downstream looks at the credential again.
 */
interface PrincipalBase {
  /** 12 digits. */
  readonly accountId: string;
  readonly partition: string;
  /** As GetCallerIdentity reports it: session ARN for roles (no role path), user ARN with path, root ARN. */
  readonly arn: string;
  /** `aws:userid`: account id for root, AIDA… for users, AROA…:SESSION for role sessions, A:NAME for federated users. */
  readonly userId: string;
  /** Unique id without session: account id for root, AIDA…, AROA…, A:NAME. */
  readonly principalId: string;
  /** `aws:PrincipalArn`: the role's ARN with its path for role sessions, otherwise the same as `arn`. */
  readonly principalArn: string;
  readonly accessKeyId: string;
  /** Present for temporary credentials only. Times are epoch milliseconds. */
  readonly session?: SessionContext;
}

/** What temporary credentials carry beside who they belong to. Times are epoch milliseconds. */
export interface SessionContext {
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** When MFA was used: only sessions of GetSessionToken made with a code have it (iam-facts F.3, L7). */
  readonly mfaAuthenticatedAt?: number;
  /** `aws:SourceIdentity`: set once in a chain of roles, never changed (iam-facts I8). */
  readonly sourceIdentity?: string;
  /** Session tags, inherited ones included; keys unique without case. They beat the role's own (iam-facts I7). */
  readonly tags?: readonly SessionTag[];
  /** Keys of those tags that the next role of the chain inherits. */
  readonly transitiveTagKeys?: readonly string[];
  /** The session policies: absent when the session was made without. An inline text, ARNs of managed policies. */
  readonly policies?: { readonly inline?: string; readonly arns: readonly string[] };
  /** `aws:FederatedProvider` of a session from AssumeRoleWithWebIdentity: the provider's ARN. */
  readonly federatedProvider?: string;
  /** The subject the provider vouched for. */
  readonly webIdentitySubject?: string;
}

export interface SessionTag {
  readonly Key: string;
  readonly Value: string;
}

export type Principal =
  | (PrincipalBase & { readonly kind: 'root' })
  | (PrincipalBase & { readonly kind: 'user'; readonly userName: string })
  | (PrincipalBase & {
      readonly kind: 'assumedRole';
      readonly roleName: string;
      readonly sessionName: string;
    })
  /** A session of GetFederationToken: its permissions are those of the user that issued it, narrowed by its policies. */
  | (PrincipalBase & {
      readonly kind: 'federatedUser';
      readonly federatedName: string;
      readonly issuer: { readonly arn: string; readonly principalId: string; readonly userName: string };
    });
