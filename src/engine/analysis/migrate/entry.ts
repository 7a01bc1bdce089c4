import { accessPolicyArn } from '../../accesspolicies/catalogue.ts';
import { parsePrincipalArn } from '../../arn/principalarn.ts';
import { mostGroups } from '../../identity/entrynames.ts';
import { nodeTypes } from '../../identity/nodetypes.ts';
import type { SnapshotCluster } from '../snapshot/snapshot.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { IamSubject } from '../world/subject.ts';
import { isBoundByKey } from './keynames.ts';
import { entryNames, type NewName } from './names.ts';
import { groupsGivenToo, isNodeOfOtherName, nodeTypeOf } from './nodeitem.ts';
import type { AwsAuthKey, ItemCode, PlannedEntry } from './plan.ts';
import { isAccountKnown } from './views.ts';

/** What of aws-auth maps a subject. */
export interface MappingItem {
  readonly key: AwsAuthKey;
  readonly arn: string;
  readonly username: string;
  readonly groups: readonly string[];
}

export type EntryResult =
  | { readonly is: 'moves'; readonly entry: PlannedEntry; readonly newNames: readonly NewName[] }
  | { readonly is: 'stays'; readonly code: ItemCode };

export interface EntryContext {
  readonly bound: ClusterWorld['bound'];
  /** Whether a group may be bound; so it is of all where RBAC is not known. */
  readonly isBound: (group: string) => boolean;
  readonly partition: string;
}

/** The entry in an item's place for somebody whom it lets in, or why there can be none (eks-access-facts B3, B7, B13). */
export function entryFor(
  subject: IamSubject,
  item: MappingItem,
  cluster: SnapshotCluster,
  { bound, isBound, partition }: EntryContext,
): EntryResult {
  const { arn, type, standing } = subject;
  if (type === 'account') return { is: 'stays', code: 'account' };
  if (type === 'federatedUser') return { is: 'stays', code: 'federatedUser' };
  if (type === 'rolePattern') return { is: 'stays', code: 'ssoUnknownRoles' };
  const named = parsePrincipalArn(arn);
  if (named?.kind === 'role' && named.path.startsWith('/aws-service-role/')) {
    return { is: 'stays', code: 'serviceLinkedRole' };
  }
  const base = {
    principalArn: arn,
    replacesStale: cluster.accessEntries.some(({ principalArn }) => principalArn === arn),
    isKnown: standing === 'exists',
    from: item.key,
  };
  const nodeType = nodeTypeOf(item.username, item.groups);
  if (nodeType !== undefined) {
    if (type !== 'role') return { is: 'stays', code: 'nodeNotRole' };
    if (isAccountKnown(cluster) && subject.accountId !== cluster.accountId) {
      return { is: 'stays', code: 'nodeOfOtherAccount' };
    }
    if (groupsGivenToo(nodeType, item.groups).length > 0) return { is: 'stays', code: 'nodeWithoutGroups' };
    const given: readonly string[] = nodeTypes[nodeType].groups;
    const gone = [...new Set(item.groups)].filter((group) => !given.includes(group));
    return {
      is: 'moves',
      newNames: [],
      entry: {
        ...{ ...base, type: nodeType, kubernetesGroups: [], policies: [] },
        changes: gone.map((group) => `group \`${group}\` goes: EKS itself gives nodes their groups`),
      },
    };
  }
  if (isNodeOfOtherName(item)) return { is: 'stays', code: 'nodeOtherName' };
  if (
    isBoundByKey(item.username, bound.users) ||
    item.groups.some((one) => isBoundByKey(one, bound.groups))
  ) {
    return { is: 'stays', code: 'boundByKey' };
  }
  const { username, groups, isMaster, newNames, changes } = entryNames(item, subject.accountId, isBound);
  if (groups.length > mostGroups) return { is: 'stays', code: 'tooManyGroups' };
  const policyArn = accessPolicyArn('AmazonEKSClusterAdminPolicy', partition);
  return {
    is: 'moves',
    newNames,
    entry: {
      ...{ ...base, type: 'STANDARD', kubernetesGroups: groups, changes },
      ...(username !== undefined && { username }),
      policies: isMaster ? [{ policyArn, accessScope: { type: 'cluster', namespaces: [] } }] : [],
    },
  };
}
