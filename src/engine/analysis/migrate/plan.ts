import type { AccessScope } from '../../accesspolicies/scope.ts';
import type { NodeType } from '../../identity/nodetypes.ts';
import type { ClusterRoleBinding, RoleBinding } from '../../rbac/objects.ts';
import type { Gap, SnapshotCluster } from '../snapshot/snapshot.ts';

/** What takes the place of one cluster's aws-auth. Plain data: what it is carried out from, by hand or by program. */
export interface MigrationPlan {
  readonly clusterArn: string;
  readonly clusterName: string;
  readonly accountId: string;
  readonly region: string;
  readonly partition: string;
  /** The authentication mode as it is. */
  readonly from: SnapshotCluster['authenticationMode'];
  /** In the order in which they are made: nodes first, since losing them is the outage. Each principal once. */
  readonly entries: readonly PlannedEntry[];
  /** Made before the entries: they give the new names what the old ones have. */
  readonly bindings: readonly (ClusterRoleBinding | RoleBinding)[];
  /**
   * Hidden administrator of a cluster of mode CONFIG_MAP: EKS itself makes an entry of it where entries begin
   * (eks-access-facts D8). Absent: there is none, or the source does not tell.
   */
  readonly creatorArn?: string;
  /** Every item of aws-auth in its order, with what becomes of it. */
  readonly items: readonly ItemOutcome[];
  /** What a reader must know beside the proof. */
  readonly notes: readonly PlanNote[];
  readonly incomplete: readonly Gap[];
}

export interface PlannedEntry {
  readonly principalArn: string;
  readonly type: 'STANDARD' | NodeType;
  /** Template; absent: EKS gives the one of the type. */
  readonly username?: string;
  readonly kubernetesGroups: readonly string[];
  readonly policies: readonly { readonly policyArn: string; readonly accessScope: AccessScope }[];
  /** An entry of this ARN is there for a principal that is gone, and is deleted first. */
  readonly replacesStale: boolean;
  /** Whether the snapshot has the principal, so that path and case of its ARN are right. */
  readonly isKnown: boolean;
  /** `mapRoles`, `mapUsers`, `mapAccounts`. */
  readonly from: AwsAuthKey;
  /** In which it is not what aws-auth says, one sentence each. */
  readonly changes: readonly string[];
}

export type AwsAuthKey = 'mapRoles' | 'mapUsers' | 'mapAccounts';

/** What becomes of one item of aws-auth. */
export interface ItemOutcome {
  readonly key: AwsAuthKey;
  /** ARN as written, pattern of an `sso` item, or account id. */
  readonly arn: string;
  /**
   * `moves`: entries take its place. `already`: an entry goes first as it is. `nothing`: it lets nobody in today, and nothing
   * takes its place. `stays`: it lets somebody in whom no entry can.
   */
  readonly outcome: 'moves' | 'already' | 'nothing' | 'stays';
  /** Stable code of `nothing` and `stays`. */
  readonly code?: ItemCode;
  /** In our message style. */
  readonly why?: string;
  /** What to do instead. */
  readonly instead?: string;
  /** principalArn of the entries in its place. */
  readonly entries: readonly string[];
}

export type ItemCode =
  | 'laterItemCounts'
  | 'roleCounts'
  | 'rolePath'
  | 'notPrincipal'
  | 'session'
  | 'missingPrincipal'
  | 'userPath'
  | 'ssoGate'
  | 'ssoUnknownRoles'
  | 'noUsername'
  | 'noValue'
  | 'reservedUsername'
  | 'federatedUser'
  | 'serviceLinkedRole'
  | 'nodeOfOtherAccount'
  | 'nodeNotRole'
  | 'nodeWithoutGroups'
  | 'nodeOtherName'
  | 'boundByKey'
  | 'tooManyGroups'
  | 'account'
  | 'notAccount'
  | 'modeIgnoresAwsAuth';

export interface PlanNote {
  readonly code:
    | 'creatorUnknown'
    | 'creatorGone'
    | 'random'
    | 'unknownPaths'
    | 'quota'
    | 'pinned'
    | 'ownRbac'
    | 'noAwsAuth'
    | 'rbacUnknown'
    | 'accountUnknown'
    | 'root'
    | 'masters';
  readonly message: string;
}

/** Entries a cluster can have (eks-access-facts B32). */
export const mostEntries = 3000;
