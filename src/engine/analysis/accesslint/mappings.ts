import { lowerAscii } from '../../arn/case.ts';
import { parsePrincipalArn } from '../../arn/principalarn.ts';
import type { AwsAuth, AwsAuthRole } from '../../identity/awsauth.ts';
import { compileSsoPattern } from '../../identity/sso.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import { createPrefixIndex } from '../world/prefixes.ts';
import type { Principals } from '../world/principals.ts';
import type { IamSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import type { Spotted } from './rule.ts';

/** Who is let into one cluster under which names, as written: entries and aws-auth. */
export interface Mappings {
  /** Items of aws-auth with an ARN, in its order; empty where the mode ignores it. */
  readonly awsAuth: readonly AwsAuthMapping[];
  /** ARNs of the entries and items that name the group outright and count in this mode. */
  membersOf(group: string): readonly string[];
  /** Whether some entry or item that counts can give the name. */
  givesGroup(name: string): boolean;
  givesUser(name: string): boolean;
  /** Whether a binding names a user or group that the template can become. */
  bindsUser(template: string): boolean;
  bindsGroup(template: string): boolean;
}

export interface AwsAuthMapping {
  /** Not its index: bad items before it are dropped, and it would change when others come and go. */
  readonly key: 'mapRoles' | 'mapUsers';
  readonly arn: string;
  readonly username: string;
  readonly groups: readonly string[];
  /** Who is meant; absent where that can be nobody, of which `awsauthlint` tells. */
  readonly subject?: IamSubject;
}

const placeholder = /\{\{\w+\}\}/;

export function createMappings({ cluster, bound }: ClusterWorld, { principals }: World): Mappings {
  const awsAuth = cluster.authenticationMode === 'API' ? [] : awsAuthOf(cluster.awsAuth, principals);
  const entries = cluster.authenticationMode === 'CONFIG_MAP' ? [] : cluster.accessEntries;
  const users = createTemplates();
  const groups = createTemplates();
  const members = new Map<string, string[]>();
  const add = (arn: string, username: string, names: readonly string[]): void => {
    users.add(username);
    for (const name of names) {
      groups.add(name);
      const known = members.get(name);
      if (known === undefined) members.set(name, [arn]);
      else known.push(arn);
    }
  };
  for (const { principalArn, username, kubernetesGroups } of entries)
    add(principalArn, username, kubernetesGroups);
  for (const { arn, username, groups: names } of awsAuth) add(arn, username, names);
  const accounts = new Set(cluster.authenticationMode === 'API' ? [] : (cluster.awsAuth?.accounts ?? []));
  const boundUsers = createPrefixIndex(bound.users);
  const boundGroups = createPrefixIndex(bound.groups);
  return {
    awsAuth,
    membersOf: (group) => members.get(group) ?? [],
    givesGroup: groups.fits,
    givesUser(name) {
      if (users.fits(name)) return true;
      const named = accounts.size > 0 ? parsePrincipalArn(name) : undefined;
      return (
        named !== undefined && accounts.has(named.accountId) && exists(name, named.accountId, principals)
      );
    },
    bindsUser: (template) => binds(template, bound.users, boundUsers.startingWith),
    bindsGroup: (template) => binds(template, bound.groups, boundGroups.startingWith),
  };
}

/** Of an account that was read only those who are there. */
function exists(arn: string, accountId: string, principals: Principals): boolean {
  return !principals.isRead(accountId) || arn.endsWith(':root') || principals.named(arn) !== undefined;
}

function awsAuthOf(awsAuth: AwsAuth | undefined, principals: Principals): readonly AwsAuthMapping[] {
  if (awsAuth === undefined) return [];
  const subjectOf = (arn: string): { readonly subject?: IamSubject } => {
    const named = parsePrincipalArn(arn) ?? parsePrincipalArn(lowerAscii(arn));
    // A role's path is in no caller's ARN, so that an item with one fits nobody (eks-access-facts G10).
    if (named?.kind === 'role' && named.path !== '/') return {};
    const subject = subjectNamed(arn, principals) ?? subjectNamed(lowerAscii(arn), principals);
    return subject === undefined ? {} : { subject };
  };
  return [
    ...awsAuth.roles.map((item) => ({
      key: 'mapRoles' as const,
      ...{ username: item.username, groups: item.groups },
      ...(item.rolearn === undefined
        ? permissionSet(item)
        : { arn: item.rolearn, ...subjectOf(item.rolearn) }),
    })),
    ...awsAuth.users.map(({ userarn, username, groups }) => ({
      key: 'mapUsers' as const,
      arn: userarn,
      ...{ username, groups },
      ...subjectOf(userarn),
    })),
  ];
}

function permissionSet({ sso }: AwsAuthRole): Pick<AwsAuthMapping, 'arn' | 'subject'> {
  const pattern = sso && compileSsoPattern(sso)?.pattern;
  const arn = `${sso?.permissionSetName ?? ''} of account ${sso?.accountID ?? ''}`;
  if (sso === undefined || pattern === undefined) return { arn };
  const base = { kind: 'iam', type: 'rolePattern', accountId: sso.accountID } as const;
  return { arn, subject: { ...base, arn: pattern, principalId: '', standing: 'unlisted' } };
}

/** What a remark on an item is about. */
export function aboutItem({ arn, key }: AwsAuthMapping, clusterArn: string): Omit<Spotted, 'message'> {
  return {
    ...{ subject: arn, object: `aws-auth ${key}`, at: { thing: 'awsAuth', clusterArn } },
    fix: `take the item of \`${arn}\` out of \`${key}\`: kubectl edit configmap/aws-auth --namespace kube-system`,
  };
}

/** Names and templates; whether one fits is found by the beginnings of the name, not by trying all. */
function createTemplates(): { add(template: string): void; fits(name: string): boolean } {
  const names = new Set<string>();
  const endsByStart = new Map<string, Set<string>>();
  return {
    add(template) {
      if (!placeholder.test(template)) {
        names.add(template);
        return;
      }
      const [start = '', ...rest] = template.split(placeholder);
      const end = rest.at(-1) ?? '';
      const ends = endsByStart.get(start);
      if (ends === undefined) endsByStart.set(start, new Set([end]));
      else ends.add(end);
    },
    fits(name) {
      if (names.has(name)) return true;
      if (endsByStart.size === 0) return false;
      for (let length = 0; length < name.length; length++) {
        const ends = endsByStart.get(name.slice(0, length));
        if (ends === undefined) continue;
        for (const end of ends) if (length + end.length < name.length && name.endsWith(end)) return true;
      }
      return false;
    },
  };
}

/** Whether the template can become the name. */
export function canBecome(template: string, name: string): boolean {
  return binds(template, new Set([name]), (prefix) => (name.startsWith(prefix) ? [name] : []));
}

/** Whether one of the names is what the template can become. */
function binds(
  template: string,
  names: ReadonlySet<string>,
  startingWith: (prefix: string) => Iterable<string>,
): boolean {
  if (!placeholder.test(template)) return names.has(template);
  const [start = '', ...rest] = template.split(placeholder);
  const end = rest.at(-1) ?? '';
  for (const name of startingWith(start)) {
    if (name.length > start.length + end.length && name.endsWith(end)) return true;
  }
  return false;
}

/** Who an ARN names now; undefined for what is no user, no role and no account's root. */
export function subjectNamed(arn: string, principals: Principals): IamSubject | undefined {
  const named = parsePrincipalArn(arn);
  if (named?.kind !== 'user' && named?.kind !== 'role' && named?.kind !== 'root') return undefined;
  const { kind, accountId } = named;
  const base = { kind: 'iam', type: kind, accountId } as const;
  // Every account has its root.
  if (kind === 'root') return { ...base, arn, principalId: accountId, standing: 'exists' };
  const known = principals.named(arn);
  if (known !== undefined) {
    return { ...base, arn: known.record.arn, principalId: known.record.principalId, standing: 'exists' };
  }
  const standing = principals.isRead(accountId) ? 'missing' : 'unlisted';
  return { ...base, arn, principalId: '', standing };
}
