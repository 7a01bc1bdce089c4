/** EKS records as they are stored: JSON objects. Times are epoch milliseconds. */
import type { NodeType } from '../../engine/identity/nodetypes.ts';

export type AuthenticationMode = 'CONFIG_MAP' | 'API_AND_CONFIG_MAP' | 'API';

export interface ClusterRecord {
  /** Ours, never reused: children and objects hang on it. */
  readonly clusterId: string;
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  /** Kubernetes minor, e.g. `1.35`; '' for a connected cluster. */
  readonly version: string;
  /** '' for a connected cluster, whose role is the connector's. */
  readonly roleArn: string;
  readonly authenticationMode: AuthenticationMode;
  readonly bootstrapClusterCreatorAdminPermissions: boolean;
  /**
   * Principal id of the creator where the creator holds hidden `system:masters` (mode CONFIG_MAP at creation,
   * eks-access-facts D8); undefined when an access entry was made instead.
   */
  readonly hiddenAdminPrincipalId?: string;
  readonly tags: Readonly<Record<string, string>>;
  /** `builtIn`: this server serves its Kubernetes API. `connected`: a real API server asks our webhooks. */
  readonly kind: 'builtIn' | 'connected';
  /** Of connected clusters, and of no others. */
  readonly connector?: ConnectorRecord;
  /**
   * Extension, of connected clusters: the audiences of its API server. Never empty; absent: they are not known, and the
   * webhook leaves audiences to the API server (kubernetes-facts C5).
   */
  readonly apiAudiences?: readonly string[];
  /**
   * Extension, of built-in clusters: the issuer of its tokens where the server had an address of its own for issuers when
   * it was made; absent: the issuer has EKS's form (`issuer.ts`).
   */
  readonly oidcIssuer?: string;
  /** Extension, of connected clusters: who issues its service account tokens; absent: nobody has said. */
  readonly tokenIssuer?: TokenIssuerRecord;
  /** Extension: who is `system:masters` here whatever entries and aws-auth say. */
  readonly breakGlass?: BreakGlassRecord;
  /** Members of CreateCluster's input that are kept and echoed by DescribeCluster, and nothing else. */
  readonly echoed: Readonly<Record<string, unknown>>;
  readonly clientRequestToken?: string;
}

/** What RegisterCluster was told and answered. */
export interface ConnectorRecord {
  readonly provider: string;
  readonly roleArn: string;
  readonly activationId: string;
  readonly activationExpiry: number;
}

/** Who issues the tokens of a connected cluster's service accounts, as an operator has told. */
export interface TokenIssuerRecord {
  /** `https://…`, as its tokens write it. */
  readonly url: string;
  /**
   * Public keys as JWKs, where they were handed over; absent: the issuer is asked for them. Never empty.
   * SECURITY: they speak for that issuer in the cluster's own account, and nowhere else.
   */
  readonly keys?: readonly Readonly<Record<string, unknown>>[];
}

export interface BreakGlassRecord {
  readonly principalArn: string;
  readonly principalId: string;
  readonly reason: string;
  readonly setAt: number;
}

export type AccessEntryType = 'STANDARD' | NodeType;

export interface AccessScope {
  readonly type: 'cluster' | 'namespace';
  readonly namespaces: readonly string[];
}

export interface AssociatedPolicyRecord {
  readonly policyArn: string;
  readonly accessScope: AccessScope;
  readonly associatedAt: number;
  readonly modifiedAt: number;
  /** Extension: from then on the association grants nothing. Exclusive. */
  readonly expiresAt?: number;
  /** Extension: why, in the words of whoever associated it. */
  readonly reason?: string;
}

/** One access entry with its policy associations: one record, so that every change of it is one atomic write. */
export interface AccessEntryRecord {
  readonly clusterName: string;
  readonly principalArn: string;
  /**
   * AIDA…/AROA… of the principal when the entry was made (eks-access-facts B15). Extensions: '' for a matcher, which is
   * of no single principal (`engine/identity/matchers.ts`), and for an entry that waits for its principal's first use.
   */
  readonly principalId: string;
  /**
   * Where the id comes from: this server's own IAM (absent), AWS's IAM by `iam:GetRole` or `GetUser`, or AWS's STS at the
   * principal's first use; `pinnedAt` is missing while that is awaited.
   */
  readonly pinnedBy?: 'awsIam' | 'firstUse';
  readonly pinnedAt?: number;
  readonly accessEntryArn: string;
  readonly type: AccessEntryType;
  /** Template, unrendered. */
  readonly username: string;
  readonly kubernetesGroups: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly modifiedAt: number;
  readonly associatedPolicies: readonly AssociatedPolicyRecord[];
  readonly clientRequestToken?: string;
}

export interface ClusterUpdateRecord {
  readonly updateId: string;
  readonly type: string;
  readonly status: 'InProgress' | 'Failed' | 'Cancelled' | 'Successful';
  readonly params: readonly { readonly type: string; readonly value: string }[];
  readonly createdAt: number;
  readonly clientRequestToken?: string;
}

/** An OIDC identity provider config of a cluster (eks-access-facts K); a cluster has one at most. */
export interface IdentityProviderConfigRecord {
  readonly name: string;
  readonly arn: string;
  readonly issuerUrl: string;
  readonly clientId: string;
  readonly usernameClaim?: string;
  readonly usernamePrefix?: string;
  readonly groupsClaim?: string;
  readonly groupsPrefix?: string;
  readonly requiredClaims: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly clientRequestToken?: string;
}

/** Extension: an account's own access policy. The last version counts. */
export interface AccessPolicyRecord {
  readonly accountId: string;
  readonly name: string;
  readonly description: string;
  readonly createdAt: number;
  readonly modifiedAt: number;
  /** Oldest first, never empty; `version` grows and is never used again. */
  readonly versions: readonly AccessPolicyVersion[];
  /** Grows with every association, so that a deletion and an association cannot both succeed. */
  readonly associationsMade: number;
}

export interface AccessPolicyVersion {
  readonly version: number;
  readonly createdAt: number;
  readonly rules: readonly StoredPolicyRule[];
}

/** As in a ClusterRole; every list is there. */
export interface StoredPolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames: readonly string[];
  readonly nonResourceURLs: readonly string[];
}
