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

export interface SessionContext {
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export type Principal =
  | (PrincipalBase & { readonly kind: 'root' })
  | (PrincipalBase & { readonly kind: 'user'; readonly userName: string })
  | (PrincipalBase & {
      readonly kind: 'assumedRole';
      readonly roleName: string;
      readonly sessionName: string;
    });
