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
  /** Serial numbers of the MFA devices enabled for the root. */
  readonly mfaSerialNumbers?: readonly string[];
  /** Its other name, unique among all accounts; absent: none. */
  readonly alias?: string;
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
  /** ARN of the managed policy that limits it; at most one (iam-facts E6, J15). */
  readonly permissionsBoundaryArn?: string;
}

export interface UserRecord extends PrincipalRecord {
  readonly accessKeyIds: readonly string[];
  /** Groups it is a member of, as their names are written; absent: none. The only place that knows who is a member. */
  readonly groupNames?: readonly string[];
  /** Serial numbers of the MFA devices enabled for it. */
  readonly mfaSerialNumbers?: readonly string[];
}

/** A group is no principal: it only holds policies for its members (iam-facts A9). Groups have no tags. */
export interface GroupRecord {
  readonly accountId: string;
  readonly name: string;
  readonly path: string;
  /** AGPA… */
  readonly groupId: string;
  readonly createdAt: number;
  readonly inlinePolicies: Readonly<Record<string, string>>;
  readonly attachedPolicyArns: readonly string[];
  /** Kept in the same batch as every joining and leaving: a group with members cannot be deleted. */
  readonly memberCount: number;
}

/** A virtual MFA device; assigned to a user, or to the root, once it is enabled. */
export interface MfaDeviceRecord {
  readonly accountId: string;
  /** `arn:P:iam::A:mfa/PATH/NAME` */
  readonly serialNumber: string;
  readonly createdAt: number;
  readonly tags: readonly Tag[];
  /** The TOTP seed in base32, sealed with the data directory's key under the serial number. */
  readonly sealedSeed: string;
  /** Absent while unassigned. */
  readonly assignedTo?:
    | { readonly kind: 'root' }
    | { readonly kind: 'user'; readonly userName: string; readonly principalId: string };
  readonly enabledAt?: number;
  /** The latest 30-second step whose code was used: no code of this or an earlier step is taken again (iam-facts I11). */
  readonly lastUsedStep?: number;
  /** How many steps the device's clock is off, found at enabling and resync. */
  readonly driftSteps?: number;
}

/** An OpenID Connect provider that roles of the account may trust (iam-facts J19). */
export interface OidcProviderRecord {
  readonly accountId: string;
  /** Without `https://`: host and path, with case. */
  readonly url: string;
  readonly arn: string;
  readonly createdAt: number;
  readonly clientIds: readonly string[];
  /** Lower-case hex of SHA-1, 40 characters. */
  readonly thumbprints: readonly string[];
  readonly tags: readonly Tag[];
}

/** A container for one role (iam-facts J18). */
export interface InstanceProfileRecord {
  readonly accountId: string;
  readonly name: string;
  readonly path: string;
  /** AIPA… */
  readonly instanceProfileId: string;
  readonly createdAt: number;
  readonly roleName?: string;
  readonly tags: readonly Tag[];
}

/** How the deletion of a service-linked role ended (iam-facts J17). */
export interface RoleDeletionRecord {
  /** `task/aws-service-role/SERVICE/ROLE/UUID` */
  readonly taskId: string;
  readonly at: number;
  /** Where the service still uses the role: then it was not deleted. */
  readonly usedBy?: readonly { readonly region: string; readonly resources: readonly string[] }[];
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
  /** Number of the latest version ever made; numbers are not reused (iam-facts J9). Absent: 1. */
  readonly latestVersion?: number;
  readonly tags: readonly Tag[];
  /** How many users, roles and groups it is attached to; kept in the same batch as every attach and detach. */
  readonly attachmentCount: number;
  /** How many users and roles have it as their boundary. Absent: none. */
  readonly boundaryCount?: number;
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

/** The latest credential report of an account (iam-facts J21). */
export interface CredentialReportRecord {
  readonly generatedAt: number;
  /** CSV text. */
  readonly content: string;
}
