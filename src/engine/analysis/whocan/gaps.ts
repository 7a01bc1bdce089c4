import { isAccountId } from '../../arn/arn.ts';
import { parsePrincipalArn } from '../../arn/principalarn.ts';
import { decidesInClusters } from '../snapshot/gapareas.ts';
import type { Gap, Snapshot, SnapshotCluster } from '../snapshot/snapshot.ts';

/** What was not read and could change who may do something in the cluster. */
export function gapsOf({ gaps }: Pick<Snapshot, 'gaps'>, cluster: SnapshotCluster): readonly Gap[] {
  if (gaps.length === 0) return gaps;
  const accounts = accountsOf(cluster);
  return gaps.filter(
    ({ area, clusterArn, accountId }) =>
      decidesInClusters({ area }) &&
      (clusterArn === undefined || clusterArn === cluster.arn) &&
      (accountId === undefined || accounts.has(accountId)),
  );
}

/** Its own, and those whose principals something of the cluster maps. */
function accountsOf({ accountId, accessEntries, awsAuth }: SnapshotCluster): ReadonlySet<string> {
  const accounts = new Set([accountId, ...(awsAuth?.accounts ?? []).filter(isAccountId)]);
  const add = (arn: string | undefined): void => {
    // A matcher is no principal's ARN; its account stands in the same place.
    const named = arn === undefined ? undefined : (parsePrincipalArn(arn)?.accountId ?? arn.split(':')[4]);
    if (named !== undefined) accounts.add(named);
  };
  for (const { principalArn } of accessEntries) add(principalArn);
  for (const { rolearn, sso } of awsAuth?.roles ?? []) {
    add(rolearn);
    if (sso !== undefined) accounts.add(sso.accountID);
  }
  for (const { userarn } of awsAuth?.users ?? []) add(userarn);
  return accounts;
}
