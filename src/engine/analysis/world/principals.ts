import { lowerAscii } from '../../arn/case.ts';
import { parsePrincipalArn } from '../../arn/principalarn.ts';
import type {
  Gap,
  SnapshotAccount,
  SnapshotGroup,
  SnapshotRole,
  SnapshotUser,
} from '../snapshot/snapshot.ts';

/** A user or role of the snapshot. */
export type KnownPrincipal =
  | { readonly kind: 'user'; readonly accountId: string; readonly record: SnapshotUser }
  | { readonly kind: 'role'; readonly accountId: string; readonly record: SnapshotRole };

/** The IAM of a snapshot, by name: names are unique in an account whatever their path and case. */
export interface Principals {
  readonly all: readonly KnownPrincipal[];
  /** Of the accounts whose IAM was read, wholly or not. */
  readonly accountIds: readonly string[];
  /** Whether all users and roles of the account are here: whoever is not, does not exist. */
  isRead(accountId: string): boolean;
  account(accountId: string): SnapshotAccount | undefined;
  /** Who has the name in the ARN now, also where the path differs. */
  named(arn: string): KnownPrincipal | undefined;
  /** By AIDA… or AROA…. */
  ofId(principalId: string): KnownPrincipal | undefined;
  group(accountId: string, name: string): SnapshotGroup | undefined;
  /** Text of the default version; undefined where it is not known. */
  managedPolicy(accountId: string, arn: string): string | undefined;
}

/** `gaps`: of the snapshot. An account of which something was not read may have more principals than were. */
export function createPrincipals(
  accounts: readonly SnapshotAccount[],
  gaps: readonly Gap[] = [],
): Principals {
  const iamGaps = gaps.filter(({ area }) => area === 'iam');
  const hasGap = (id: string): boolean =>
    iamGaps.some(({ accountId }) => accountId === undefined || accountId === id);
  const byAccount = new Map(accounts.map((account) => [account.accountId, account]));
  const byName = new Map<string, KnownPrincipal>();
  const byId = new Map<string, KnownPrincipal>();
  const groups = new Map<string, SnapshotGroup>();
  const policies = new Map<string, string>();
  for (const { accountId, users, roles, groups: own, managedPolicies } of accounts) {
    const known: readonly KnownPrincipal[] = [
      ...users.map((record) => ({ kind: 'user', accountId, record }) as const),
      ...roles.map((record) => ({ kind: 'role', accountId, record }) as const),
    ];
    for (const principal of known) {
      byName.set(nameKey(accountId, principal.kind, principal.record.name), principal);
      byId.set(principal.record.principalId, principal);
    }
    for (const group of own) groups.set(nameKey(accountId, 'group', group.name), group);
    for (const { arn, document } of managedPolicies) {
      if (document !== undefined) policies.set(`${accountId} ${arn}`, document);
    }
  }
  return {
    all: [...byName.values()],
    accountIds: [...byAccount.keys()],
    isRead: (accountId) => byAccount.has(accountId) && !hasGap(accountId),
    account: (accountId) => byAccount.get(accountId),
    named(arn) {
      const named = parsePrincipalArn(arn);
      return named?.kind === 'user' || named?.kind === 'role'
        ? byName.get(nameKey(named.accountId, named.kind, named.name))
        : undefined;
    },
    ofId: (principalId) => byId.get(principalId),
    group: (accountId, name) => groups.get(nameKey(accountId, 'group', name)),
    managedPolicy: (accountId, arn) => policies.get(`${accountId} ${arn}`),
  };
}

function nameKey(accountId: string, kind: string, name: string): string {
  return `${accountId} ${kind} ${lowerAscii(name)}`;
}
