import { isAccountId } from '../../arn/arn.ts';
import { lowerAscii } from '../../arn/case.ts';
import { parsePrincipalArn } from '../../arn/principalarn.ts';
import type { Principal } from '../../iam/principal.ts';
import { comparableArn, isMatcherArn } from '../../identity/entries.ts';
import { compileMatcher } from '../../identity/matchers.ts';
import { compileSsoPattern } from '../../identity/sso.ts';
import type { SnapshotCluster } from '../snapshot/snapshot.ts';
import { unlistedId } from './pins.ts';
import type { Principals } from './principals.ts';
import type { IamSubject } from './subject.ts';

/**
 * The IAM principals a cluster may know: all of the snapshot, with each account's root; those its entries and aws-auth
 * name besides; and, of accounts nobody read, patterns for whom a matcher or `mapAccounts` lets in. Each once, by ARN.
 */
export function iamSubjectsOf(
  cluster: SnapshotCluster,
  principals: Principals,
  boundUsers: ReadonlySet<string>,
): readonly IamSubject[] {
  const found = new Map<string, IamSubject>();
  const add = (subject: IamSubject): void => {
    const key = `${subject.type} ${comparableArn(subject.arn) ?? subject.arn}`;
    if (!found.has(key)) found.set(key, subject);
  };
  const accounts = new Set<string>();
  for (const { kind, accountId, record } of principals.all) {
    accounts.add(accountId);
    const { arn, principalId } = record;
    add({ kind: 'iam', type: kind, arn, accountId, principalId, standing: 'exists' });
  }
  const addNamed = (arn: string): void => {
    const named = parsePrincipalArn(arn);
    if (named === undefined || named.kind === 'assumedRole' || named.kind === 'federatedUser') return;
    const { kind, accountId } = named;
    const wasRead = principals.account(accountId) !== undefined;
    if (kind === 'root') {
      add({
        kind: 'iam',
        type: 'root',
        arn,
        accountId,
        principalId: accountId,
        standing: wasRead ? 'exists' : 'unlisted',
      });
      return;
    }
    if (principals.named(arn) !== undefined) return;
    add({
      ...{ kind: 'iam', type: kind, arn, accountId, principalId: '' },
      standing: wasRead ? 'missing' : 'unlisted',
    });
  };
  const addPattern = (arn: string, accountId: string): void => {
    if (principals.account(accountId) !== undefined) return;
    add({ kind: 'iam', type: 'rolePattern', arn, accountId, principalId: '', standing: 'unlisted' });
  };

  const partition = cluster.arn.split(':')[1] ?? 'aws';
  for (const accountId of accounts) addNamed(`arn:${partition}:iam::${accountId}:root`);
  // Entries first: theirs are the ARNs with a path.
  for (const { principalArn } of cluster.accessEntries) {
    if (!isMatcherArn(principalArn)) addNamed(principalArn);
    else {
      const matcher = compileMatcher(principalArn);
      if (matcher !== undefined) addPattern(principalArn, matcher.accountId);
    }
  }
  const { roles = [], users = [], accounts: mapped = [] } = cluster.awsAuth ?? {};
  for (const { rolearn, sso } of roles) {
    if (rolearn !== undefined) addNamed(writtenArn(rolearn));
    const pattern = sso && compileSsoPattern(sso)?.pattern;
    if (sso !== undefined && pattern !== undefined) addPattern(pattern, sso.accountID);
  }
  for (const { userarn } of users) addNamed(writtenArn(userarn));
  const mappedAccounts = new Set(mapped.filter(isAccountId));
  for (const name of boundUsers) {
    if (mappedAccounts.has(parsePrincipalArn(name)?.accountId ?? '')) addNamed(name);
  }
  for (const accountId of mappedAccounts) {
    if (principals.account(accountId) !== undefined) continue;
    const arn = `arn:${partition}:iam::${accountId}:root`;
    add({ kind: 'iam', type: 'account', arn, accountId, principalId: '', standing: 'unlisted' });
  }
  return [...found.values()].sort((one, other) => (one.arn < other.arn ? -1 : one.arn > other.arn ? 1 : 0));
}

/** aws-auth is compared without regard to case (eks-access-facts G8): all but the name as ARNs write it. */
function writtenArn(arn: string): string {
  const end = arn.includes('/') ? arn.indexOf('/') : arn.length;
  return lowerAscii(arn.slice(0, end)) + arn.slice(end);
}

/** A key no one has: what an answer is about does not depend on the key. */
const anyAccessKey = 'ASIA0000000000000000';

/** The caller a subject is, in a session of the name where it is a role. */
export function principalOf(subject: IamSubject, partition: string, sessionName: string): Principal {
  const { arn, accountId } = subject;
  const principalId = subject.principalId === '' ? unlistedId(arn) : subject.principalId;
  const base = { accountId, partition, accessKeyId: anyAccessKey };
  switch (subject.type) {
    case 'root':
      return { ...base, kind: 'root', arn, principalArn: arn, userId: accountId, principalId: accountId };
    case 'user':
      return {
        ...{ ...base, kind: 'user', arn, principalArn: arn, userId: principalId, principalId },
        userName: nameIn(arn),
      };
    case 'account': {
      const somebody = arn.replace(/root$/, 'user/ANY-USER');
      return {
        ...{ ...base, kind: 'user', arn: somebody, principalArn: somebody },
        ...{ userId: principalId, principalId, userName: 'ANY-USER' },
      };
    }
    case 'role':
    case 'rolePattern': {
      const roleArn = subject.type === 'role' ? arn : exampleOf(arn);
      const roleName = nameIn(roleArn);
      return {
        ...{ ...base, kind: 'assumedRole', roleName, sessionName },
        arn: `arn:${partition}:sts::${accountId}:assumed-role/${roleName}/${sessionName}`,
        ...{ principalArn: roleArn, userId: `${principalId}:${sessionName}`, principalId },
      };
    }
    default:
      return subject.type satisfies never;
  }
}

/** A role that a pattern fits: sixteen hex digits for a permission set's suffix, which fit a plain star as well. */
function exampleOf(pattern: string): string {
  return lowerAscii(pattern.slice(-16)) === '????????????????'
    ? `${pattern.slice(0, -16)}0000000000000000`
    : pattern.replaceAll('*', '0000000000000000');
}

function nameIn(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}
