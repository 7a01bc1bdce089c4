import type {
  Gap,
  Place,
  Snapshot,
  SnapshotAccessEntry,
  SnapshotAccount,
  SnapshotCluster,
  SnapshotIdentityProvider,
  SnapshotPod,
  SnapshotPodIdentityAssociation,
  SnapshotServiceAccount,
  SnapshotUser,
} from '../../engine/analysis/snapshot/snapshot.ts';
import type { AwsAuth } from '../../engine/identity/awsauth.ts';
import type { RbacObject } from '../../engine/rbac/objects.ts';

/** A cluster as far as a document tells it; nothing at all in a manifest. */
export interface ClusterRef {
  readonly partition?: string;
  readonly accountId?: string;
  readonly region?: string;
  readonly name?: string;
}

/** A member that is absent was not told. */
type Told<Thing> = { readonly [Member in keyof Thing]?: Thing[Member] | undefined };

export type AssociatedPolicy = SnapshotAccessEntry['associatedPolicies'][number];

/** What of a user, role or group a document may tell. */
export interface ToldPrincipal {
  readonly principalId?: string | undefined;
  readonly createdAt?: number | undefined;
  readonly lastUsedAt?: number | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly permissionsBoundaryArn?: string | undefined;
  readonly trustPolicy?: string | undefined;
  readonly accessKeys?: SnapshotUser['accessKeys'] | undefined;
  readonly mfaDevices?: number | undefined;
  readonly hasPassword?: boolean | undefined;
}

/** One thing that one document says. ARNs may hold `unknownAccount` and its like; the assembly fills them in. */
export type Fact = { readonly place: Place } & (
  | { readonly fact: 'snapshot'; readonly snapshot: Snapshot }
  | {
      readonly fact: 'cluster';
      readonly cluster: ClusterRef;
      readonly told: Told<
        Pick<SnapshotCluster, 'version' | 'createdAt' | 'authenticationMode' | 'tags' | 'issuer'>
      >;
      /** Its creator is not its administrator, or a gap of the document says already that whoever creates it will be. */
      readonly isCreatorSettled?: boolean;
    }
  | {
      readonly fact: 'entry';
      readonly cluster: ClusterRef;
      readonly principalArn: string;
      readonly told: Told<Omit<SnapshotAccessEntry, 'principalArn' | 'associatedPolicies'>>;
    }
  /** Policies of an entry: all of them, or one more. */
  | {
      readonly fact: 'policies';
      readonly cluster: ClusterRef;
      readonly principalArn: string;
      readonly policies: readonly AssociatedPolicy[];
      readonly areAll: boolean;
    }
  /** Whom a cluster has entries for, and nothing about them. */
  | {
      readonly fact: 'entryNames';
      readonly cluster: ClusterRef;
      readonly principalArns: readonly string[];
      readonly areAll: boolean;
    }
  /** Clusters there are, and nothing about them. */
  | { readonly fact: 'clusterNames'; readonly names: readonly string[] }
  | { readonly fact: 'rbac'; readonly cluster: ClusterRef; readonly object: RbacObject }
  | { readonly fact: 'namespace'; readonly cluster: ClusterRef; readonly name: string }
  | {
      readonly fact: 'serviceAccount';
      readonly cluster: ClusterRef;
      readonly serviceAccount: SnapshotServiceAccount;
    }
  | {
      readonly fact: 'podIdentity';
      readonly cluster: ClusterRef;
      readonly association: SnapshotPodIdentityAssociation;
    }
  /** Service accounts that have an association, and nothing about it. */
  | {
      readonly fact: 'podIdentityNames';
      readonly cluster: ClusterRef;
      readonly accounts: readonly Pick<SnapshotPodIdentityAssociation, 'namespace' | 'serviceAccount'>[];
      readonly areAll: boolean;
    }
  | { readonly fact: 'pod'; readonly cluster: ClusterRef; readonly pod: SnapshotPod }
  /** That all pods of the cluster are told. */
  | { readonly fact: 'allPods'; readonly cluster: ClusterRef }
  | {
      readonly fact: 'awsAuth';
      readonly cluster: ClusterRef;
      readonly awsAuth: AwsAuth;
      readonly data?: Readonly<Record<string, string>>;
      /** Whether it is the whole of it; else it is added to what else is told, or sets the keys of `data` alone. */
      readonly isAll: boolean;
    }
  | {
      readonly fact: 'identityProvider';
      readonly cluster: ClusterRef;
      readonly provider: SnapshotIdentityProvider;
    }
  /** Whose the files are: the account of whatever names none. */
  | { readonly fact: 'account'; readonly accountId: string; readonly partition?: string }
  | { readonly fact: 'root'; readonly accountId: string; readonly root: NonNullable<SnapshotAccount['root']> }
  /** '' is the account of the files. That all users, all roles, … of an account are in the files. */
  | { readonly fact: 'complete'; readonly accountId: string; readonly lists: readonly IamList[] }
  | {
      readonly fact: 'principal';
      readonly kind: 'user' | 'role' | 'group';
      /** Of a part that names no account and no path: only the name after the last `/` counts. */
      readonly arn: string;
      readonly isPart?: true;
      readonly told: ToldPrincipal;
      readonly inlinePolicies?: Readonly<Record<string, string>>;
      readonly attachedPolicyArns?: readonly string[];
      readonly groupNames?: readonly string[];
    }
  | { readonly fact: 'managedPolicy'; readonly arn: string; readonly document?: string | undefined }
  | {
      readonly fact: 'oidcProvider';
      readonly arn: string;
      readonly url: string;
      /** Absent: not told. */
      readonly clientIds?: readonly string[];
    }
);

export type IamList = 'users' | 'roles' | 'groups' | 'policies' | 'oidcProviders';

/** Stands in ARNs for what the document does not tell: no file holds these characters by chance. */
export const unknownAccount = '\uE000account\uE001';
export const unknownPartition = '\uE000partition\uE001';
export const unknownRegion = '\uE000region\uE001';

/** Where readers put what they find. */
export interface Findings {
  readonly add: (fact: Fact) => void;
  readonly gap: (gap: Gap & { readonly place: Place }) => void;
  /** A document that grants no access, by its kind; told once. */
  readonly ignore: (kind: string) => void;
}
