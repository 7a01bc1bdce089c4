import { isAccountId } from '../../arn/arn.ts';
import { lowerAscii } from '../../arn/case.ts';
import { parsePrincipalArn } from '../../arn/principalarn.ts';
import { uniqueIdKind } from '../../arn/uniqueid.ts';
import { comparableArn, isMatcherArn } from '../../identity/entries.ts';
import { compileMatcher } from '../../identity/matchers.ts';
import { compileSsoPattern } from '../../identity/sso.ts';
import type { SnapshotCluster } from '../snapshot/snapshot.ts';
import type { Principals } from './principals.ts';
import type { IamSubject } from './subject.ts';

/** What the subjects of a cluster are made of. */
export interface IamSubjectSources {
  readonly cluster: SnapshotCluster;
  readonly principals: Principals;
  /** Of the snapshot. */
  readonly partition: string;
  /** Names of users that bindings name. */
  readonly boundUsers: ReadonlySet<string>;
  /** Of the entries, by ARN (`pinsOf`). */
  readonly pins: ReadonlyMap<string, string>;
}

/**
 * The IAM principals a cluster may know, each once, by ARN: all of the snapshot, with each account's root; those its entries
 * and aws-auth name besides, its hidden creator and its break-glass principal; and, of accounts that were not read or not
 * wholly, patterns for whom a matcher or `mapAccounts` lets in.
 */
export function iamSubjectsOf(sources: IamSubjectSources): readonly IamSubject[] {
  const { principals, partition } = sources;
  const known = knownSubjects(principals, partition);
  const others = otherSubjects(sources, new Set(known.map(({ arn }) => arn)));
  return others.length === 0 ? known : [...known, ...others].sort(byArn);
}

function byArn(one: IamSubject, other: IamSubject): number {
  return one.arn < other.arn ? -1 : one.arn > other.arn ? 1 : 0;
}

const remembered = new WeakMap<Principals, readonly IamSubject[]>();

/** The same for all clusters of a snapshot. */
function knownSubjects(principals: Principals, partition: string): readonly IamSubject[] {
  let known = remembered.get(principals);
  if (known === undefined) {
    known = [
      ...principals.all.map(
        ({ kind, accountId, record: { arn, principalId } }): IamSubject => ({
          ...{ kind: 'iam', type: kind, arn, accountId, principalId, standing: 'exists' },
        }),
      ),
      ...principals.accountIds.map(
        (accountId): IamSubject => ({
          ...{ kind: 'iam', type: 'root', arn: rootArn(partition, accountId), accountId },
          ...{ principalId: accountId, standing: 'exists' },
        }),
      ),
    ].sort(byArn);
    remembered.set(principals, known);
  }
  return known;
}

function rootArn(partition: string, accountId: string): string {
  return `arn:${partition}:iam::${accountId}:root`;
}

function otherSubjects(
  { cluster, principals, partition, boundUsers, pins }: IamSubjectSources,
  knownArns: ReadonlySet<string>,
): readonly IamSubject[] {
  const found = new Map<string, IamSubject>();
  const add = (
    subject: IamSubject,
    key = `${subject.type} ${comparableArn(subject.arn) ?? subject.arn}`,
  ): void => {
    if (!knownArns.has(subject.arn) && !found.has(key)) found.set(key, subject);
  };
  const addNamed = (arn: string, principalId = '', key?: string): void => {
    const named = parsePrincipalArn(arn);
    if (named === undefined || named.kind === 'assumedRole') return;
    const { kind, accountId } = named;
    const standing = principals.isRead(accountId) ? 'missing' : 'unlisted';
    switch (kind) {
      case 'root':
        add({ kind: 'iam', type: kind, arn, accountId, principalId: accountId, standing: 'unlisted' });
        break;
      case 'federatedUser':
        // Who may issue it is not said by its name, so it is there as long as somebody could.
        add({ kind: 'iam', type: kind, arn, accountId, principalId: '', standing: 'unlisted' });
        break;
      case 'user':
      case 'role':
        if (principals.named(arn) === undefined) {
          add({ kind: 'iam', type: kind, arn, accountId, principalId, standing }, key);
        }
        break;
      default:
        named satisfies never;
    }
  };
  const addPattern = (arn: string, accountId: string): void => {
    if (principals.isRead(accountId)) return;
    add({ kind: 'iam', type: 'rolePattern', arn, accountId, principalId: '', standing: 'unlisted' });
  };

  const { accessEntries, awsAuth, breakGlass } = cluster;
  // Entries first: theirs are the ARNs with a path. Two that differ in it alone are two principals, of two times.
  const spelled = new Set<string>();
  const glassName = breakGlass && comparableArn(breakGlass.principalArn);
  for (const { principalArn } of accessEntries) {
    const matcher = isMatcherArn(principalArn) ? compileMatcher(principalArn) : undefined;
    if (matcher !== undefined) addPattern(principalArn, matcher.accountId);
    const pin = pins.get(principalArn) ?? '';
    const comparable = comparableArn(principalArn) ?? principalArn;
    // Of whoever was re-created the break-glass principal may be the one there is now, and may do all that the other may.
    const isOtherThanGlass = comparable === glassName && pin !== breakGlass?.principalId;
    if (isOtherThanGlass && principalArn === breakGlass?.principalArn) continue;
    const isSecond = spelled.has(comparable) || isOtherThanGlass;
    spelled.add(comparable);
    // The id that stands for an unlisted principal is found by its ARN, but for a second one of the name.
    const id = pin.startsWith('unlisted:') && !isSecond ? '' : pin;
    addNamed(principalArn, id, isSecond ? principalArn : undefined);
  }
  if (breakGlass !== undefined) addNamed(breakGlass.principalArn, breakGlass.principalId);
  addAwsAuth({ awsAuth, boundUsers, addNamed, addPattern });
  for (const accountId of new Set(awsAuth?.accounts.filter(isAccountId))) {
    if (principals.isRead(accountId)) continue;
    const arn = rootArn(partition, accountId);
    found.set(`account ${accountId}`, {
      ...{ kind: 'iam', type: 'account', arn, accountId, principalId: '', standing: 'unlisted' },
    });
  }
  const creator = hiddenCreator(cluster, principals, partition);
  if (
    creator !== undefined &&
    ![...found.values()].some(({ principalId }) => principalId === creator.principalId)
  ) {
    add(creator);
  }
  return [...found.values()];
}

function addAwsAuth({
  awsAuth,
  boundUsers,
  addNamed,
  addPattern,
}: {
  readonly awsAuth: SnapshotCluster['awsAuth'];
  readonly boundUsers: ReadonlySet<string>;
  readonly addNamed: (arn: string) => void;
  readonly addPattern: (arn: string, accountId: string) => void;
}): void {
  const { roles = [], users = [], accounts = [] } = awsAuth ?? {};
  for (const { rolearn, sso } of roles) {
    if (rolearn !== undefined) addNamed(writtenArn(rolearn));
    const pattern = sso && compileSsoPattern(sso)?.pattern;
    if (sso !== undefined && pattern !== undefined) addPattern(pattern, sso.accountID);
  }
  for (const { userarn } of users) addNamed(writtenArn(userarn));
  // Whoever `mapAccounts` lets in is called by their ARN (G9), so that bindings may name them.
  const mapped = new Set(accounts);
  if (mapped.size === 0) return;
  for (const name of boundUsers) {
    if (mapped.has(parsePrincipalArn(name)?.accountId ?? '')) addNamed(name);
  }
}

/** Where it is not among the principals that were read: AWS calls such a one by its unique id, too. */
function hiddenCreator(
  { hiddenAdminPrincipalId: principalId = '', accountId }: SnapshotCluster,
  principals: Principals,
  partition: string,
): IamSubject | undefined {
  if (principalId === '' || principals.ofId(principalId) !== undefined) return undefined;
  const base = { kind: 'iam', accountId, principalId, standing: 'unlisted' } as const;
  if (isAccountId(principalId)) {
    return { ...base, accountId: principalId, type: 'root', arn: rootArn(partition, principalId) };
  }
  if (principals.isRead(accountId)) return undefined;
  const type = uniqueIdKind(principalId) === 'user' ? 'user' : 'role';
  return { ...base, type, arn: `arn:${partition}:iam::${accountId}:${type}/${principalId}` };
}

/** aws-auth is compared without regard to case (eks-access-facts G8): all but the name as ARNs write it. */
function writtenArn(arn: string): string {
  const end = arn.includes('/') ? arn.indexOf('/') : arn.length;
  return lowerAscii(arn.slice(0, end)) + arn.slice(end);
}
