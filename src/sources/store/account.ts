import { customPolicyArn } from '../../engine/accesspolicies/custom.ts';
import type {
  Gap,
  SnapshotAccessPolicy,
  SnapshotAccount,
  SnapshotManagedPolicy,
  SnapshotRole,
  SnapshotUser,
} from '../../engine/analysis/snapshot/snapshot.ts';
import type { AccessPolicyRecord } from '../../storage/records/eks.ts';
import type {
  AccessKeyRecord,
  AccountRecord,
  GroupRecord,
  OidcProviderRecord,
  PolicyRecord,
  RoleRecord,
  UserRecord,
} from '../../storage/records/iam.ts';
import {
  accessKeyKey,
  accessPoliciesPrefix,
  accountKey,
  groupsPrefix,
  oidcProvidersPrefix,
  policiesPrefix,
  rolesPrefix,
  usersPrefix,
} from '../../storage/records/keys.ts';
import { type RecordReading, readRecords } from './records.ts';
import type { StoreSnapshotOptions } from './store.ts';

/** The IAM of one account, and its own access policies. */
export async function readAccount(
  options: StoreSnapshotOptions,
  accountId: string,
  gaps: Gap[],
): Promise<SnapshotAccount> {
  const { storage, partition, lastUsed } = options;
  const reading: RecordReading = {
    storage,
    skipped: (what) => gaps.push({ area: 'iam', accountId, reason: `a stored ${what} cannot be read` }),
  };
  const [users, roles, groups, policies, providers, accessPolicies] = await Promise.all([
    readRecords<UserRecord>(reading, usersPrefix(accountId), 'user'),
    readRecords<RoleRecord>(reading, rolesPrefix(accountId), 'role'),
    readRecords<GroupRecord>(reading, groupsPrefix(accountId), 'group'),
    readRecords<PolicyRecord>(reading, policiesPrefix(accountId), 'policy'),
    readRecords<OidcProviderRecord>(reading, oidcProvidersPrefix(accountId), 'OIDC provider'),
    readRecords<AccessPolicyRecord>(reading, accessPoliciesPrefix(accountId), 'access policy'),
  ]);
  const arnOf = (kind: string, { path, name }: { readonly path: string; readonly name: string }): string =>
    `arn:${partition}:iam::${accountId}:${kind}${path}${name}`;
  /** What users and roles have in common. */
  const principal = async (kind: 'user' | 'role', record: UserRecord | RoleRecord) => {
    const usedAt = await lastUsed(record.principalId);
    return {
      arn: arnOf(kind, record),
      name: record.name,
      principalId: record.principalId,
      createdAt: record.createdAt,
      tags: Object.fromEntries(record.tags.map(({ Key, Value }) => [Key, Value])),
      inlinePolicies: record.inlinePolicies,
      attachedPolicyArns: record.attachedPolicyArns,
      ...(record.permissionsBoundaryArn !== undefined && {
        permissionsBoundaryArn: record.permissionsBoundaryArn,
      }),
      ...(usedAt !== undefined && { lastUsedAt: usedAt }),
    };
  };
  const snapshotUser = async (record: UserRecord): Promise<SnapshotUser> => ({
    ...(await principal('user', record)),
    groupNames: record.groupNames ?? [],
    accessKeys: await readKeys(options, record.accessKeyIds),
    mfaDevices: record.mfaSerialNumbers?.length ?? 0,
    // This server has no console to sign in to.
    hasPassword: false,
  });
  const snapshotRole = async (record: RoleRecord): Promise<SnapshotRole> => ({
    ...(await principal('role', record)),
    trustPolicy: record.trustPolicy,
    trustedPrincipalIds: record.trustedPrincipalIds,
  });
  const root = await readRoot(options, accountId);
  return {
    accountId,
    users: await Promise.all(users.map(snapshotUser)),
    roles: await Promise.all(roles.map(snapshotRole)),
    groups: groups.map((record) => ({
      arn: arnOf('group', record),
      name: record.name,
      inlinePolicies: record.inlinePolicies,
      attachedPolicyArns: record.attachedPolicyArns,
    })),
    managedPolicies: [
      ...policies.map((record) => ownPolicy(arnOf('policy', record), record)),
      ...policiesOfAws(options, [...users, ...roles, ...groups]),
    ],
    oidcProviders: providers.map(({ arn, url, clientIds }) => ({ arn, url, clientIds })),
    accessPolicies: accessPolicies.flatMap((record) => accessPolicy(record, partition, accountId)),
    ...(root !== undefined && { root }),
  };
}

async function readKeys(
  { storage, lastUsed }: StoreSnapshotOptions,
  accessKeyIds: readonly string[],
): Promise<NonNullable<SnapshotUser['accessKeys']>> {
  const keys: NonNullable<SnapshotUser['accessKeys']>[number][] = [];
  for (const accessKeyId of accessKeyIds) {
    const stored = await storage.get(accessKeyKey(accessKeyId));
    if (stored === undefined) continue;
    const { status, createdAt } = JSON.parse(stored.value) as AccessKeyRecord;
    const usedAt = await lastUsed(accessKeyId);
    keys.push({ accessKeyId, status, createdAt, ...(usedAt !== undefined && { lastUsedAt: usedAt }) });
  }
  return keys;
}

async function readRoot(
  { storage }: StoreSnapshotOptions,
  accountId: string,
): Promise<SnapshotAccount['root']> {
  const stored = await storage.get(accountKey(accountId));
  if (stored === undefined) return undefined;
  const { accessKeyIds, mfaSerialNumbers = [] } = JSON.parse(stored.value) as AccountRecord;
  return { accessKeys: accessKeyIds.length, mfa: mfaSerialNumbers.length > 0 };
}

function ownPolicy(arn: string, { defaultVersionId, versions }: PolicyRecord): SnapshotManagedPolicy {
  const document = versions.find(({ versionId }) => versionId === defaultVersionId)?.document;
  return { arn, ...(document !== undefined && { document }) };
}

/** Those that somebody has. */
function policiesOfAws(
  { awsManagedPolicy }: StoreSnapshotOptions,
  holders: readonly {
    readonly attachedPolicyArns: readonly string[];
    readonly permissionsBoundaryArn?: string;
  }[],
): readonly SnapshotManagedPolicy[] {
  const arns = holders.flatMap(({ attachedPolicyArns, permissionsBoundaryArn: boundary }) => [
    ...attachedPolicyArns,
    ...(boundary === undefined ? [] : [boundary]),
  ]);
  return [...new Set(arns)]
    .filter((arn) => arn.includes(':iam::aws:policy/'))
    .map((arn) => {
      const document = awsManagedPolicy(arn);
      return { arn, ...(document !== undefined && { document }) };
    });
}

/** The last version counts. */
function accessPolicy(
  { name, versions }: AccessPolicyRecord,
  partition: string,
  accountId: string,
): readonly SnapshotAccessPolicy[] {
  const last = versions.at(-1);
  return last === undefined
    ? []
    : [
        {
          arn: customPolicyArn({ partition, accountId, name }),
          name,
          version: last.version,
          rules: last.rules,
        },
      ];
}
