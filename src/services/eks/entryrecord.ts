import type {
  AccessEntryRecord,
  AccessEntryType,
  AssociatedPolicyRecord,
  ClusterRecord,
} from '../../storage/records/eks.ts';
import { accessEntryKey } from '../../storage/records/keys.ts';
import type { Put } from '../../storage/storage.ts';
import type { OperationContext } from '../operation.ts';
import type { RandomSource } from '../secrets.ts';
import { accessEntryArn, type Home } from './arns.ts';
import { defaultGroups, defaultUsername } from './entryrules.ts';
import type { KnownPrincipal } from './principals.ts';
import type { Tags } from './tagrules.ts';

export interface EntryWish {
  readonly type: AccessEntryType;
  readonly username: string | undefined;
  readonly kubernetesGroups: readonly string[];
  readonly tags: Tags;
  readonly clientRequestToken: string | undefined;
  readonly associatedPolicies: readonly AssociatedPolicyRecord[];
}

/** A new entry with everything EKS fills in (eks-access-facts B3, B15, B19). The wish has been checked. */
export function newAccessEntry(
  random: RandomSource,
  context: Home & Pick<OperationContext, 'now'>,
  cluster: ClusterRecord,
  principal: KnownPrincipal,
  wish: EntryWish,
): AccessEntryRecord {
  const { type, username, kubernetesGroups, tags, clientRequestToken, associatedPolicies } = wish;
  return {
    clusterName: cluster.name,
    principalArn: principal.arn,
    principalId: principal.principalId,
    accessEntryArn: accessEntryArn(context, cluster.name, principal, random.uuid()),
    type,
    username: username ?? defaultUsername(type, principal),
    kubernetesGroups: type === 'STANDARD' ? kubernetesGroups : defaultGroups(type),
    tags,
    createdAt: context.now,
    modifiedAt: context.now,
    associatedPolicies,
    ...(clientRequestToken === undefined ? {} : { clientRequestToken }),
  };
}

/** The creator's ordinary, removable admin entry (eks-access-facts D7). */
export function creatorEntry(
  random: RandomSource,
  context: OperationContext,
  cluster: ClusterRecord,
  creator: KnownPrincipal,
): AccessEntryRecord {
  const admin: AssociatedPolicyRecord = {
    policyArn: `arn:${context.partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy`,
    accessScope: { type: 'cluster', namespaces: [] },
    associatedAt: context.now,
    modifiedAt: context.now,
  };
  return newAccessEntry(random, context, cluster, creator, {
    type: 'STANDARD',
    username: undefined,
    kubernetesGroups: [],
    tags: {},
    clientRequestToken: undefined,
    associatedPolicies: [admin],
  });
}

export function putEntry(clusterId: string, entry: AccessEntryRecord): Put {
  return { type: 'put', key: accessEntryKey(clusterId, entry.principalArn), value: JSON.stringify(entry) };
}
