/** IAM records as they are stored: JSON objects. Times are epoch milliseconds, policy documents the text as written. */

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

export interface AccountRecord {
  readonly accountId: string;
  readonly createdAt: number;
  /** Access keys of the account's root, at most two. */
  readonly accessKeyIds: readonly string[];
}

/** What users and roles have in common: who they are and what is attached to them. */
interface PrincipalRecord {
  readonly accountId: string;
  /** As created: case is preserved, comparison ignores it. */
  readonly name: string;
  /** `/` or `/…/`. */
  readonly path: string;
  /** AIDA… or AROA…, never reused. */
  readonly principalId: string;
  readonly createdAt: number;
  readonly tags: readonly Tag[];
  /** Policy name → document text. */
  readonly inlinePolicies: Readonly<Record<string, string>>;
  /** ARNs, in order of attachment. */
  readonly attachedPolicyArns: readonly string[];
}

export interface UserRecord extends PrincipalRecord {
  readonly accessKeyIds: readonly string[];
}

export interface RoleRecord extends PrincipalRecord {
  readonly description?: string;
  /** Seconds, 3600 to 43200. */
  readonly maxSessionDuration: number;
  /** Trust policy text as written. */
  readonly trustPolicy: string;
  /**
   * User and role ARNs named in the trust policy → the unique id they had when it was written (iam-facts A11).
   * A principal re-created under the same ARN does not match.
   */
  readonly trustedPrincipalIds: Readonly<Record<string, string>>;
}

export interface PolicyVersionRecord {
  readonly versionId: string;
  readonly document: string;
  readonly createdAt: number;
}

export interface PolicyRecord {
  readonly accountId: string;
  readonly name: string;
  readonly path: string;
  /** ANPA… */
  readonly policyId: string;
  readonly description?: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly defaultVersionId: string;
  readonly versions: readonly PolicyVersionRecord[];
  readonly tags: readonly Tag[];
  /** How many users and roles it is attached to; kept in the same batch as every attach and detach. */
  readonly attachmentCount: number;
}

export interface AccessKeyRecord {
  readonly accessKeyId: string;
  readonly accountId: string;
  /** Who the key belongs to; a deleted and re-created user of the same name has another principalId. */
  readonly owner:
    | { readonly kind: 'root' }
    | { readonly kind: 'user'; readonly userName: string; readonly principalId: string };
  readonly status: 'Active' | 'Inactive';
  readonly createdAt: number;
  /** The secret, sealed with the data directory's key (`SecretBox`); never stored in the clear. */
  readonly sealedSecret: string;
}

/** Value under `principalIdKey`: who has this unique id now. */
export interface PrincipalIdRecord {
  readonly kind: 'user' | 'role';
  readonly accountId: string;
  readonly name: string;
}
