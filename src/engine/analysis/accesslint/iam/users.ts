import type { SnapshotAccount, SnapshotUser } from '../../snapshot/snapshot.ts';
import type { ClusterWorld } from '../../world/cluster.ts';
import type { IamSubject } from '../../world/subject.ts';
import { command } from '../commands.ts';
import type { Facts } from '../facts.ts';
import type { AccessRule, Spotted } from '../rule.ts';

const day = 86_400_000;
/** What audits ask for, and AWS's own credential report is read by. */
const oldDays = 90;

/** Passwords, keys and MFA of people. */
export const userRules: readonly AccessRule[] = [
  {
    about: 'account',
    id: 'EW-ACC-501',
    name: 'old access key',
    severity: 'warning',
    why: 'A key that never changes is in ever more places: notebooks, logs, backups. Roles have none.',
    fix: 'use a role (IAM Identity Center, aws login); where a key is needed, make a new one every 90 days',
    needs: ['accessKeys'],
    *check(account, { now, world }) {
      const isKnown = world.principals.isRead(account.accountId);
      for (const { user, key, base } of activeKeys(account)) {
        const age = daysSince(key.createdAt, now);
        // One that nobody uses has a rule of its own.
        if (age === undefined || age <= oldDays || isUnused(key, now, isKnown)) continue;
        yield {
          ...base,
          message: `active access key \`${key.accessKeyId}\` of \`${user.arn}\` is ${age} days old`,
          fix: command('aws', 'iam', 'create-access-key', '--user-name', user.name),
        };
      }
    },
  },
  {
    about: 'account',
    id: 'EW-ACC-502',
    name: 'access key that nobody uses',
    severity: 'warning',
    why: 'It is worth as much to a thief as one that is used, and nobody would miss it.',
    fix: 'make it inactive, and delete it after a while',
    needs: ['accessKeys'],
    *check(account, { now, world }) {
      const isKnown = world.principals.isRead(account.accountId);
      for (const { user, key, base } of activeKeys(account)) {
        if (!isUnused(key, now, isKnown)) continue;
        const last = daysSince(key.lastUsedAt, now);
        const how =
          last === undefined ? 'was never used, as far as is known' : `was last used ${last} days ago`;
        yield {
          ...base,
          message: `active access key \`${key.accessKeyId}\` of \`${user.arn}\` ${how}`,
          fix: command(
            ...['aws', 'iam', 'update-access-key', '--user-name', user.name],
            ...['--access-key-id', key.accessKeyId, '--status', 'Inactive'],
          ),
        };
      }
    },
  },
  {
    about: 'account',
    id: 'EW-ACC-503',
    name: 'administrator without MFA',
    severity: 'security',
    why: 'A stolen password or key of the user is all it takes to have a cluster.',
    fix: 'enable an MFA device, and ask for MFA in the trust policies of the roles the user may assume',
    needs: ['mfa'],
    *check({ accountId, users }, facts) {
      for (const user of users) {
        if (user.mfaDevices !== 0 || !canSignIn(user)) continue;
        const { arn } = user;
        const subject = subjectOf(user, accountId);
        const cluster = adminIn(subject, facts);
        if (cluster === undefined) continue;
        const what = user.hasPassword === true ? 'a password' : 'access keys';
        yield {
          subject: arn,
          at: { thing: 'iam', arn },
          message: `\`${arn}\` has ${what} and no MFA, and ${facts.isAdmin(cluster, subject) ? 'is' : 'can become'} administrator of cluster \`${cluster.cluster.name}\``,
          fix: enableMfa(user),
        };
      }
    },
  },
  {
    about: 'account',
    id: 'EW-ACC-506',
    name: 'password without MFA',
    severity: 'warning',
    why: 'A stolen password is all it takes to have what the user may do. (For administrators of a cluster: EW-ACC-503.)',
    fix: 'enable an MFA device, or take the password away where only programs use the user',
    needs: ['mfa'],
    *check({ accountId, users }, facts) {
      for (const user of users) {
        if (user.mfaDevices !== 0 || user.hasPassword !== true) continue;
        if (adminIn(subjectOf(user, accountId), facts) !== undefined) continue;
        yield {
          ...{ subject: user.arn, at: { thing: 'iam', arn: user.arn } },
          message: `\`${user.arn}\` has a password and no MFA`,
          fix: enableMfa(user),
        };
      }
    },
  },
  {
    about: 'account',
    id: 'EW-ACC-504',
    name: 'root has access keys',
    severity: 'security',
    why: 'Nothing limits the root of an account: no policy, no boundary.',
    fix: 'delete them, signed in as root: Security credentials',
    needs: ['root'],
    *check({ accountId, root }, facts) {
      if (root === undefined || root.accessKeys === 0) return;
      yield {
        ...aboutRoot(accountId, facts),
        message: `the root of account \`${accountId}\` has access keys: ${root.accessKeys}`,
        fix: 'delete them, signed in as root: Security credentials',
      };
    },
  },
  {
    about: 'account',
    id: 'EW-ACC-505',
    name: 'root without MFA',
    severity: 'security',
    why: 'A stolen password is all it takes to have the account.',
    fix: 'enable MFA, signed in as root: Security credentials',
    needs: ['root'],
    *check({ accountId, root }, facts) {
      if (root === undefined || root.mfa) return;
      yield {
        ...aboutRoot(accountId, facts),
        message: `the root of account \`${accountId}\` has no MFA`,
        fix: 'enable MFA, signed in as root: Security credentials',
      };
    },
  },
];

type Key = NonNullable<SnapshotUser['accessKeys']>[number];

function* activeKeys({ users }: SnapshotAccount): Generator<{
  readonly user: SnapshotUser;
  readonly key: Key;
  readonly base: Omit<Spotted, 'message'>;
}> {
  for (const user of users) {
    for (const key of user.accessKeys ?? []) {
      if (key.status !== 'Active') continue;
      yield {
        user,
        key,
        base: { subject: user.arn, object: key.accessKeyId, at: { thing: 'iam', arn: user.arn } },
      };
    }
  }
}

/** `isKnown`: no use that is told is no use. Otherwise it may not have been read. */
function isUnused({ lastUsedAt, createdAt }: Key, now: number, isKnown: boolean): boolean {
  const idle = daysSince(lastUsedAt ?? (isKnown ? createdAt : undefined), now);
  return idle !== undefined && idle > oldDays;
}

function daysSince(time: number | undefined, now: number): number | undefined {
  return time === undefined ? undefined : Math.floor((now - time) / day);
}

function canSignIn({ hasPassword, accessKeys }: SnapshotUser): boolean {
  return hasPassword === true || accessKeys?.some(({ status }) => status === 'Active') === true;
}

function subjectOf({ arn, principalId }: SnapshotUser, accountId: string): IamSubject {
  return { kind: 'iam', type: 'user', standing: 'exists', arn, accountId, principalId };
}

/** The first cluster whose administrator the user is or can for certain become. */
function adminIn(subject: IamSubject, facts: Facts): ClusterWorld | undefined {
  return facts.world.clusters.find((cluster) => facts.reachesAdmin(cluster, subject));
}

function enableMfa({ name }: SnapshotUser): string {
  return command(
    ...['aws', 'iam', 'enable-mfa-device', '--user-name', name, '--serial-number', 'ARN'],
    ...['--authentication-code1', 'CODE', '--authentication-code2', 'CODE'],
  );
}

function aboutRoot(accountId: string, { world }: Facts): Omit<Spotted, 'message'> {
  return { subject: `arn:${world.snapshot.partition}:iam::${accountId}:root` };
}
