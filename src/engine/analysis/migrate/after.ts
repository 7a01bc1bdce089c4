import { accessPolicyArn } from '../../accesspolicies/catalogue.ts';
import { isAccountId } from '../../arn/arn.ts';
import { parsePrincipalArn } from '../../arn/principalarn.ts';
import { nodeTypes } from '../../identity/nodetypes.ts';
import { standardUsername } from '../../identity/standardusername.ts';
import type { SnapshotAccessEntry, SnapshotCluster } from '../snapshot/snapshot.ts';
import type { World } from '../world/world.ts';
import type { MigrationPlan, PlannedEntry } from './plan.ts';

/** The cluster once the plan is carried out to its end: mode API, and no aws-auth. */
export function afterMigration(
  cluster: SnapshotCluster,
  plan: Pick<MigrationPlan, 'entries' | 'bindings'>,
  world: World,
): SnapshotCluster {
  const { awsAuth: _, awsAuthData: __, ...rest } = revealCreator(cluster, world).cluster;
  const planned = new Set(plan.entries.map(({ principalArn }) => principalArn));
  return {
    ...rest,
    authenticationMode: 'API',
    accessEntries: [
      ...rest.accessEntries.filter(({ principalArn }) => !planned.has(principalArn)),
      ...plan.entries.map(plannedEntry),
    ],
    rbac: [...rest.rbac, ...plan.bindings],
  };
}

/** As CreateAccessEntry would make it (eks-access-facts B3, B19). */
function plannedEntry({
  principalArn,
  type,
  username,
  kubernetesGroups,
  policies,
}: PlannedEntry): SnapshotAccessEntry {
  return {
    principalArn,
    type,
    username: type === 'STANDARD' ? (username ?? ownUsername(principalArn)) : nodeTypes[type].username,
    kubernetesGroups: type === 'STANDARD' ? kubernetesGroups : nodeTypes[type].groups,
    associatedPolicies: policies,
  };
}

function ownUsername(arn: string): string {
  const named = parsePrincipalArn(arn);
  return named === undefined || !('name' in named) ? arn : standardUsername({ ...named, arn });
}

/**
 * Where entries begin, the hidden administration of a cluster's creator becomes an entry (eks-access-facts D8); of a creator
 * whom nobody read it is not known which: it stays what it is.
 */
export function revealCreator(
  cluster: SnapshotCluster,
  { principals, snapshot }: Pick<World, 'principals' | 'snapshot'>,
): { readonly cluster: SnapshotCluster; readonly creatorArn?: string } {
  const { hiddenAdminPrincipalId, ...rest } = cluster;
  if (hiddenAdminPrincipalId === undefined || cluster.authenticationMode !== 'CONFIG_MAP') return { cluster };
  const creatorArn = isAccountId(hiddenAdminPrincipalId)
    ? `arn:${snapshot.partition}:iam::${hiddenAdminPrincipalId}:root`
    : principals.ofId(hiddenAdminPrincipalId)?.record.arn;
  if (creatorArn === undefined) return { cluster };
  const entry: SnapshotAccessEntry = {
    principalArn: creatorArn,
    principalId: hiddenAdminPrincipalId,
    type: 'STANDARD',
    username: ownUsername(creatorArn),
    kubernetesGroups: [],
    associatedPolicies: [
      {
        policyArn: accessPolicyArn('AmazonEKSClusterAdminPolicy', snapshot.partition),
        accessScope: { type: 'cluster', namespaces: [] },
      },
    ],
  };
  const others = rest.accessEntries.filter(({ principalArn }) => principalArn !== creatorArn);
  return { cluster: { ...rest, accessEntries: [...others, entry] }, creatorArn };
}
