import type { AccessScope } from '../../accesspolicies/scope.ts';
import type { AwsAuth } from '../../identity/awsauth.ts';
import type { BlockTarget } from '../../identity/blocks.ts';
import type { BreakGlass } from '../../identity/breakglass.ts';
import type { RbacObject } from '../../rbac/objects.ts';
import type { PolicyRule } from '../../rbac/rules.ts';

/**
 * Everything that grants, as it was at one moment: what every analysis works on, wherever it was read (a running server,
 * files, AWS and a kubeconfig). Plain data that JSON holds as it is; never a secret. What a source could not read stands
 * in `gaps`, and whatever it does not tell is absent: no reader makes things up. Times are epoch milliseconds.
 */
export interface Snapshot {
  readonly format: typeof snapshotFormat;
  readonly takenAt: number;
  /** `aws`, `aws-cn`, …: of every ARN in it. */
  readonly partition: string;
  /** Where it was read, in words for a person: `server of account 111122223333`, `manifests/`. */
  readonly sources: readonly string[];
  /** Accounts whose IAM was read; an account that is only named somewhere is not here. One per account id. */
  readonly accounts: readonly SnapshotAccount[];
  /** One per ARN. */
  readonly clusters: readonly SnapshotCluster[];
  /** Extension of ours: who is shut out of everything. */
  readonly blocks: readonly SnapshotBlock[];
  /** Service and resource control policies; absent: none are known. */
  readonly guardrails?: SnapshotGuardrails;
  readonly gaps: readonly Gap[];
  /** Where things were read in files, by `placeKey` of `places.ts`; sparse. */
  readonly places: Readonly<Record<string, Place>>;
}

export const snapshotFormat = 'entryway.snapshot/v1';

/** A place in a file that was read. Line and column count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * What could not be read or understood. Every answer that it may change says so (`incomplete because …`).
 */
export interface Gap {
  readonly area:
    | 'iam'
    | 'cluster'
    | 'accessEntries'
    | 'accessPolicies'
    | 'awsAuth'
    | 'rbac'
    | 'namespaces'
    | 'serviceAccounts'
    | 'podIdentity'
    | 'pods'
    | 'identityProviders'
    | 'blocks'
    | 'usage'
    | 'file';
  /** Absent: not of one account. */
  readonly accountId?: string;
  /** ARN; absent: not of one cluster. */
  readonly clusterArn?: string;
  /** In our message style: `iam:ListRoles was refused: AccessDenied`. */
  readonly reason: string;
  readonly place?: Place;
}

export interface SnapshotAccount {
  readonly accountId: string;
  readonly users: readonly SnapshotUser[];
  readonly roles: readonly SnapshotRole[];
  readonly groups: readonly SnapshotGroup[];
  /** Managed policies in their default version: the account's own, and those of AWS that something in the account has. */
  readonly managedPolicies: readonly SnapshotManagedPolicy[];
  readonly oidcProviders: readonly {
    readonly arn: string;
    readonly url: string;
    readonly clientIds: readonly string[];
  }[];
  /** Extension of ours: access policies of the account's own. */
  readonly accessPolicies: readonly SnapshotAccessPolicy[];
  /** Whether the account's root has access keys, and MFA; absent: not known. */
  readonly root?: { readonly accessKeys: number; readonly mfa: boolean };
}

interface SnapshotPrincipal {
  readonly arn: string;
  /** As created. */
  readonly name: string;
  /** AIDA…, AROA… */
  readonly principalId: string;
  readonly createdAt?: number;
  readonly tags: Readonly<Record<string, string>>;
  /** Policy name → document text. */
  readonly inlinePolicies: Readonly<Record<string, string>>;
  readonly attachedPolicyArns: readonly string[];
  readonly permissionsBoundaryArn?: string;
  /** When it last called AWS; absent: never, or not known (`gaps`). */
  readonly lastUsedAt?: number;
}

export interface SnapshotUser extends SnapshotPrincipal {
  readonly groupNames: readonly string[];
  /** Absent: not known. */
  readonly accessKeys?: readonly {
    /** AKIA…: no secret. */
    readonly accessKeyId: string;
    readonly status: 'Active' | 'Inactive';
    readonly createdAt?: number;
    readonly lastUsedAt?: number;
  }[];
  /** Absent: not known. */
  readonly mfaDevices?: number;
  /** Whether it can sign in to the console; absent: not known. */
  readonly hasPassword?: boolean;
}

export interface SnapshotRole extends SnapshotPrincipal {
  /** Text as written. */
  readonly trustPolicy: string;
  /**
   * User and role ARNs of the trust policy → the unique id each had when it was written (iam-facts A11). Absent: not known,
   * and each is taken to be whoever has the ARN now.
   */
  readonly trustedPrincipalIds?: Readonly<Record<string, string>>;
}

export interface SnapshotGroup {
  readonly arn: string;
  readonly name: string;
  readonly inlinePolicies: Readonly<Record<string, string>>;
  readonly attachedPolicyArns: readonly string[];
}

export interface SnapshotManagedPolicy {
  readonly arn: string;
  /** Text of the default version; absent: not known. */
  readonly document?: string;
}

export interface SnapshotAccessPolicy {
  readonly arn: string;
  readonly name: string;
  readonly version: number;
  readonly rules: readonly PolicyRule[];
}

export interface SnapshotCluster {
  /** Of a cluster that EKS does not know, one that reads like EKS's. */
  readonly arn: string;
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
  /** Kubernetes minor, `1.35`. */
  readonly version?: string;
  readonly createdAt?: number;
  readonly authenticationMode: 'CONFIG_MAP' | 'API_AND_CONFIG_MAP' | 'API';
  /** Creator with hidden `system:masters` (eks-access-facts D8). */
  readonly hiddenAdminPrincipalId?: string;
  readonly breakGlass?: BreakGlass;
  /** Whether `sso` items of aws-auth count (off in stock EKS). */
  readonly ssoRoleMatch?: boolean;
  /** One per principalArn. */
  readonly accessEntries: readonly SnapshotAccessEntry[];
  /** What aws-auth says; absent: the cluster has none. Order and duplicates as written. */
  readonly awsAuth?: AwsAuth;
  /** The ConfigMap's data as text, which `awsAuth` was read from. */
  readonly awsAuthData?: Readonly<Record<string, string>>;
  /** RBAC. One per kind, namespace and name. */
  readonly rbac: readonly RbacObject[];
  /** Absent: not known. */
  readonly namespaces?: readonly string[];
  /** Absent: not known. */
  readonly serviceAccounts?: readonly SnapshotServiceAccount[];
  /** Who issues its service accounts' tokens, `https://…` (eks-access-facts I1). Absent: not known. */
  readonly issuer?: string;
  /** One per namespace and service account. Absent: not known. */
  readonly podIdentityAssociations?: readonly SnapshotPodIdentityAssociation[];
  /** Absent: not known. */
  readonly pods?: readonly SnapshotPod[];
  readonly identityProviders: readonly SnapshotIdentityProvider[];
  readonly tags?: Readonly<Record<string, string>>;
}

export interface SnapshotAccessEntry {
  readonly principalArn: string;
  /**
   * Of the principal it was made for (eks-access-facts B15); '' for a matcher and for one that waits for its principal's
   * first use. Absent: the source does not tell, as EKS's own API does not; see `pinnedIdOf` in `world/pins.ts`.
   */
  readonly principalId?: string;
  readonly type: string;
  /** Template. */
  readonly username: string;
  /** Templates. */
  readonly kubernetesGroups: readonly string[];
  readonly createdAt?: number;
  readonly modifiedAt?: number;
  readonly associatedPolicies: readonly {
    readonly policyArn: string;
    readonly accessScope: AccessScope;
    readonly associatedAt?: number;
    /** Extension: exclusive. */
    readonly expiresAt?: number;
  }[];
  readonly tags?: Readonly<Record<string, string>>;
}

export interface SnapshotServiceAccount {
  readonly namespace: string;
  readonly name: string;
  /** The role its pods may become: IRSA's annotation. */
  readonly roleArn?: string;
  /** Whom their tokens are for, where IRSA's annotation says so (eks-access-facts I7). */
  readonly audience?: string;
}

/** Which role the pods of a service account get (eks-access-facts J3). */
export interface SnapshotPodIdentityAssociation {
  /** '' where it is not told, or not made yet. */
  readonly associationId: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly roleArn: string;
  readonly targetRoleArn?: string;
  readonly externalId?: string;
  readonly disableSessionTags: boolean;
  /** Session policy, JSON text. */
  readonly policy?: string;
}

/** As far as it matters which AWS credentials its containers find. */
export interface SnapshotPod {
  readonly namespace: string;
  readonly name: string;
  readonly serviceAccount: string;
  /** '' while it is not scheduled. */
  readonly nodeName: string;
  readonly hostNetwork: boolean;
  /** As that of a Job that is done: its containers ask for nothing any more. Absent: not known, or not so. */
  readonly hasEnded?: boolean;
  /** The role that its containers were told to ask for by IRSA (`AWS_ROLE_ARN`); absent: they were not. */
  readonly injectedRoleArn?: string;
  /** Whether its containers were told to ask Pod Identity's agent. */
  readonly injectedPodIdentity: boolean;
}

/** An OIDC identity provider associated with the cluster (eks-access-facts K). */
export interface SnapshotIdentityProvider {
  readonly name: string;
  readonly issuerUrl: string;
  readonly clientId: string;
  readonly usernameClaim?: string;
  readonly usernamePrefix?: string;
  readonly groupsClaim?: string;
  readonly groupsPrefix?: string;
}

export interface SnapshotBlock extends BlockTarget {
  /** Exclusive; absent: until it is deleted. */
  readonly until?: number;
}

/** Document texts: each level is a list of policies of which one must allow (service control) or none may deny. */
export interface SnapshotGuardrails {
  readonly serviceControl: readonly (readonly string[])[];
  readonly resourceControl: readonly (readonly string[])[];
}

/** A snapshot of nothing, to be filled. */
export function emptySnapshot(partition: string, takenAt: number): Snapshot {
  return {
    format: snapshotFormat,
    takenAt,
    partition,
    sources: [],
    accounts: [],
    clusters: [],
    blocks: [],
    gaps: [],
    places: {},
  };
}
