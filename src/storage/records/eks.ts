/** EKS records as they are stored: JSON objects. Times are epoch milliseconds. */

export type AuthenticationMode = 'CONFIG_MAP' | 'API_AND_CONFIG_MAP' | 'API';

export interface ClusterRecord {
  /** Ours, never reused: children and objects hang on it. */
  readonly clusterId: string;
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  /** Kubernetes minor, e.g. `1.35`. */
  readonly version: string;
  readonly roleArn: string;
  readonly authenticationMode: AuthenticationMode;
  readonly bootstrapClusterCreatorAdminPermissions: boolean;
  /**
   * Principal id of the creator where the creator holds hidden `system:masters` (mode CONFIG_MAP at creation,
   * eks-access-facts D8); undefined when an access entry was made instead.
   */
  readonly hiddenAdminPrincipalId?: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly kind: 'builtIn';
  /** Members of CreateCluster's input that are kept and echoed by DescribeCluster, and nothing else. */
  readonly echoed: Readonly<Record<string, unknown>>;
  readonly clientRequestToken?: string;
}

export type AccessEntryType =
  | 'STANDARD'
  | 'EC2_LINUX'
  | 'EC2_WINDOWS'
  | 'FARGATE_LINUX'
  | 'EC2'
  | 'HYBRID_LINUX'
  | 'HYPERPOD_LINUX';

export interface AccessScope {
  readonly type: 'cluster' | 'namespace';
  readonly namespaces: readonly string[];
}

export interface AssociatedPolicyRecord {
  readonly policyArn: string;
  readonly accessScope: AccessScope;
  readonly associatedAt: number;
  readonly modifiedAt: number;
}

/** One access entry with its policy associations: one record, so that every change of it is one atomic write. */
export interface AccessEntryRecord {
  readonly clusterName: string;
  readonly principalArn: string;
  /** AIDA…/AROA… of the principal when the entry was made (eks-access-facts B15). */
  readonly principalId: string;
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
