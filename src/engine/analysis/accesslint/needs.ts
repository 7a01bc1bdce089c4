import type { Gap, Snapshot, SnapshotAccount, SnapshotCluster, SnapshotUser } from '../snapshot/snapshot.ts';

/** What a rule must know of a cluster or an account, beyond what every snapshot has. */
export type Need =
  | 'identities'
  | 'rbac'
  | 'namespaces'
  | 'serviceAccounts'
  | 'usage'
  | 'accessKeys'
  | 'mfa'
  | 'root';

/** Why something cannot be told. `blocks`: the rule says nothing at all; otherwise of some only. */
export interface Missing {
  readonly reason: string;
  readonly blocks: boolean;
}

const blocks = (reason: string): Missing => ({ reason, blocks: true });

/** Of a cluster; undefined: nothing is missing. */
export function missingInCluster(
  need: Need,
  cluster: SnapshotCluster,
  snapshot: Snapshot,
  hasUsage: boolean,
): Missing | undefined {
  const gapIn = (...areas: readonly Gap['area'][]): Missing | undefined => {
    const gap = snapshot.gaps.find(
      ({ area, clusterArn }) =>
        areas.includes(area) && (clusterArn === undefined || clusterArn === cluster.arn),
    );
    return gap && blocks(gap.reason);
  };
  switch (need) {
    case 'identities':
      return gapIn('accessEntries', 'awsAuth', 'identityProviders', 'cluster');
    case 'rbac':
      return gapIn('rbac', 'cluster');
    case 'namespaces':
      return cluster.namespaces === undefined
        ? blocks('its namespaces are not known')
        : gapIn('namespaces', 'cluster');
    case 'serviceAccounts':
      return cluster.serviceAccounts === undefined
        ? blocks('its service accounts are not known')
        : gapIn('serviceAccounts', 'cluster');
    case 'usage':
      return hasUsage ? undefined : blocks('no records of use were given');
    case 'accessKeys':
    case 'mfa':
    case 'root':
      return undefined;
    default:
      return need satisfies never;
  }
}

/** Of an account; undefined: nothing is missing. */
export function missingInAccount(need: Need, account: SnapshotAccount): Missing | undefined {
  const unknown = (what: string, isUnknown: (user: SnapshotUser) => boolean): Missing | undefined => {
    const count = account.users.filter(isUnknown).length;
    if (count === 0) return undefined;
    return { reason: `${what} of ${count} of ${account.users.length} users are not known`, blocks: false };
  };
  switch (need) {
    case 'accessKeys':
      return unknown('the access keys', ({ accessKeys }) => accessKeys === undefined);
    case 'mfa':
      return unknown(
        'the MFA devices, or whether there is a password,',
        ({ mfaDevices, hasPassword }) => mfaDevices === undefined || hasPassword === undefined,
      );
    case 'root':
      return account.root === undefined ? blocks('what its root has is not known') : undefined;
    case 'identities':
    case 'rbac':
    case 'namespaces':
    case 'serviceAccounts':
    case 'usage':
      return undefined;
    default:
      return need satisfies never;
  }
}
