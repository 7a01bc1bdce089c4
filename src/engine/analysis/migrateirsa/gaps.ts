import type { Gap } from '../snapshot/snapshot.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { World } from '../world/world.ts';

const areas: ReadonlySet<Gap['area']> = new Set(['iam', 'cluster', 'serviceAccounts', 'podIdentity', 'file']);

/** What was not read and may change who has which role. */
export function irsaGaps({ snapshot, principals }: World, { cluster }: ClusterWorld): readonly Gap[] {
  const { arn, accountId, name } = cluster;
  const known = snapshot.gaps.filter(
    (gap) =>
      areas.has(gap.area) &&
      (gap.clusterArn === undefined || gap.clusterArn === arn) &&
      (gap.accountId === undefined || gap.accountId === accountId),
  );
  const unread = (area: Gap['area'], what: string): readonly Gap[] =>
    known.some((gap) => gap.area === area)
      ? []
      : [{ area, clusterArn: arn, reason: `${what} of cluster \`${name}\` were not read` }];
  return [
    ...known,
    ...(cluster.serviceAccounts === undefined ? unread('serviceAccounts', 'the service accounts') : []),
    ...(cluster.podIdentityAssociations === undefined
      ? unread('podIdentity', 'the Pod Identity associations')
      : []),
    ...(principals.account(accountId) === undefined ? unread('iam', 'the roles of the account') : []),
  ];
}
