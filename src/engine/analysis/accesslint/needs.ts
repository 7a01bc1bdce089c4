import type { Gap, Snapshot, SnapshotAccount, SnapshotCluster, SnapshotUser } from '../snapshot/snapshot.ts';
import type { Usage } from './usage.ts';

/** What a rule must know of a cluster or an account, beyond what every snapshot has. */
export type Need =
  | 'identities'
  /** Which access policies and groups entries have. */
  | 'associations'
  /** Who is let into every cluster of an account. */
  | 'clusters'
  | 'rbac'
  | 'namespaces'
  | 'serviceAccounts'
  /** Pod Identity's associations. */
  | 'podIdentity'
  | 'pods'
  /** Who issues the tokens of service accounts. */
  | 'issuer'
  | 'usage'
  | 'accessKeys'
  | 'mfa'
  | 'root'
  /** Of an account. */
  | 'identityProviders';

/** Why something cannot be told. `blocks`: the rule says nothing at all; otherwise of some only. */
export interface Missing {
  readonly reason: string;
  readonly blocks: boolean;
  /** Of all clusters alike: told once. */
  readonly everywhere?: true;
}

const blocks = (reason: string): Missing => ({ reason, blocks: true });

/** Of a cluster; undefined: nothing is missing. */
export function missingInCluster(
  need: Need,
  cluster: SnapshotCluster,
  snapshot: Snapshot,
  usage: Usage | undefined,
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
      return gapIn('accessEntries', 'awsAuth', 'identityProviders');
    case 'associations':
      return gapIn('accessEntries', 'accessPolicies');
    case 'rbac':
      return gapIn('rbac');
    case 'namespaces':
      return cluster.namespaces === undefined ? blocks('its namespaces are not known') : gapIn('namespaces');
    case 'serviceAccounts':
      return cluster.serviceAccounts === undefined
        ? blocks('its service accounts are not known')
        : gapIn('serviceAccounts');
    case 'podIdentity':
      return cluster.podIdentityAssociations === undefined
        ? blocks('its Pod Identity associations are not known')
        : gapIn('podIdentity');
    case 'pods':
      return cluster.pods === undefined ? blocks('its pods are not known') : gapIn('pods');
    case 'issuer':
      return cluster.issuer === undefined ? blocks('its issuer of tokens is not known') : undefined;
    case 'usage':
      return missingUsage(cluster, usage);
    case 'clusters':
    case 'accessKeys':
    case 'mfa':
    case 'root':
    case 'identityProviders':
      return undefined;
    default:
      return need satisfies never;
  }
}

function missingUsage({ arn, name }: SnapshotCluster, usage: Usage | undefined): Missing | undefined {
  if (usage === undefined)
    return { ...blocks('no records of use were given (--usage FILE)'), everywhere: true };
  const { covered, gaps = [] } = usage;
  // Whoever reads the log of one cluster knows nothing of the others.
  if (!covered.some(({ cluster }) => cluster === undefined || cluster === arn || cluster === name))
    return blocks('the records of use tell nothing of it');
  if (gaps.length === 0) return undefined;
  return {
    reason: 'some records of use were not understood, so that what looks unused may be used',
    ...{ blocks: false, everywhere: true },
  };
}

/** Of an account; undefined: nothing is missing. */
export function missingInAccount(
  need: Need,
  account: SnapshotAccount,
  { gaps, clusters }: Snapshot,
): Missing | undefined {
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
    case 'clusters': {
      const own = new Set(
        clusters.flatMap(({ accountId, arn }) => (accountId === account.accountId ? [arn] : [])),
      );
      const gap = gaps.find(
        ({ area, accountId, clusterArn }) =>
          (area === 'cluster' || area === 'accessEntries' || area === 'awsAuth') &&
          (clusterArn === undefined
            ? accountId === undefined || accountId === account.accountId
            : own.has(clusterArn)),
      );
      return gap && blocks(gap.reason);
    }
    case 'identityProviders': {
      const gap = gaps.find(
        ({ area, accountId }) =>
          area === 'iam' && (accountId === undefined || accountId === account.accountId),
      );
      return gap && blocks(gap.reason);
    }
    case 'identities':
    case 'associations':
    case 'rbac':
    case 'namespaces':
    case 'serviceAccounts':
    case 'podIdentity':
    case 'pods':
    case 'issuer':
    case 'usage':
      return undefined;
    default:
      return need satisfies never;
  }
}
