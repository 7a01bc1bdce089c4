import { randomBytes, randomUUID } from 'node:crypto';
import { readSealingKey } from '../src/server/datadirectory.ts';
import { newAccessKeyId } from '../src/services/credentials/accesskeyid.ts';
import { newAccessEntry, putEntry } from '../src/services/eks/entryrecord.ts';
import { newSecretAccessKey, newUniqueId } from '../src/services/iam/ids.ts';
import { createSecretBox } from '../src/services/secretbox.ts';
import type { RandomSource, SecretBox } from '../src/services/secrets.ts';
import type { ClusterRecord } from '../src/storage/records/eks.ts';
import type {
  AccessKeyRecord,
  PrincipalIdRecord,
  RoleRecord,
  UserRecord,
} from '../src/storage/records/iam.ts';
import {
  accessKeyKey,
  allClustersPrefix,
  principalIdKey,
  roleKey,
  userKey,
} from '../src/storage/records/keys.ts';
import { openSqliteStorage } from '../src/storage/sqlite/sqlite.ts';
import type { Put, Storage } from '../src/storage/storage.ts';
import type { SigningCredentials } from '../src/wire/sigv4/sign.ts';
import { dataDirectoryIn, startServerProcess } from './serverprocess.ts';

/**
 * Fills stores through the storage contract where the APIs' quotas (3,000 entries per cluster, 1,000 roles) or sheer
 * numbers stand in the way. The records are the ones the operations write.
 */
const random: RandomSource = { bytes: randomBytes, uuid: randomUUID };

/** EKS allows this many entries in a cluster. */
export const entriesPerCluster = 3_000;

/** Makes a data directory with clusters in it, by a server that is stopped again. */
export async function createDirectory(directory: string, clusters: number): Promise<void> {
  const server = await startServerProcess(directory);
  try {
    const roleArn = `arn:aws:iam::${server.connection.accountId}:role/cluster`;
    await server.aws.call('iam', 'CreateRole', {
      RoleName: 'cluster',
      AssumeRolePolicyDocument: trustPolicy,
    });
    for (let at = 0; at < clusters; at++) {
      await server.aws.call('eks', 'CreateCluster', {
        name: clusterName(at),
        roleArn,
        resourcesVpcConfig: {},
        accessConfig: { authenticationMode: 'API', bootstrapClusterCreatorAdminPermissions: false },
      });
    }
  } finally {
    await server.stop();
  }
}

export const clusterName = (at: number): string => `bench-${at}`;

const trustPolicy = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'eks.amazonaws.com' }, Action: 'sts:AssumeRole' }],
});

/** Opens the store of a directory whose server is stopped, lets `fill` work on it, and closes it. */
export async function fillDirectory<Result>(
  directory: string,
  fill: (storage: Storage, secretBox: SecretBox) => Promise<Result>,
): Promise<Result> {
  const data = dataDirectoryIn(directory);
  const storage = openSqliteStorage({ directory: data });
  try {
    return await fill(storage, createSecretBox(readSealingKey(data)));
  } finally {
    await storage.close();
  }
}

/** Spreads entries for as many roles over the clusters, filling one after the other. The roles need not exist. */
export async function seedEntries(storage: Storage, count: number): Promise<void> {
  const clusters = await clustersOf(storage);
  const changes: Put[] = [];
  for (let at = 0; at < count; at++) {
    const cluster = clusters[Math.floor(at / entriesPerCluster)];
    if (cluster === undefined) throw new Error(`${clusters.length} clusters cannot hold ${count} entries`);
    changes.push(entryOf(cluster, roleName(at), newUniqueId('AROA', random)));
  }
  await commitAll(storage, changes);
}

export async function clustersOf(storage: Storage): Promise<readonly ClusterRecord[]> {
  const { entries } = await storage.list({ prefix: allClustersPrefix });
  return entries
    .map(({ value }) => JSON.parse(value) as ClusterRecord)
    .filter(({ name }) => name !== undefined)
    .toSorted((one, other) => one.createdAt - other.createdAt);
}

/** An entry that may edit in the namespace `default`. */
function entryOf(
  cluster: ClusterRecord,
  name: string,
  principalId: string,
  kind: 'role' | 'user' = 'role',
  accountId = cluster.accountId,
): Put {
  const { region } = cluster;
  const arn = `arn:aws:iam::${accountId}:${kind}/${name}`;
  const context = { partition: 'aws', region, now: Date.now() };
  const entry = newAccessEntry(
    random,
    { ...context, caller: rootOf(accountId) },
    cluster,
    { kind, partition: 'aws', accountId, name, arn, principalId },
    {
      type: 'STANDARD',
      username: undefined,
      kubernetesGroups: ['developers'],
      tags: {},
      clientRequestToken: undefined,
      associatedPolicies: [
        {
          policyArn: 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy',
          accessScope: { type: 'namespace', namespaces: ['default'] },
          associatedAt: context.now,
          modifiedAt: context.now,
        },
      ],
    },
  );
  return putEntry(cluster.clusterId, entry);
}

function rootOf(accountId: string) {
  const arn = `arn:aws:iam::${accountId}:root`;
  const principal = { kind: 'root', accountId, partition: 'aws', arn, principalArn: arn } as const;
  return { ...principal, userId: accountId, principalId: accountId, accessKeyId: '' };
}

export const roleName = (at: number): string => `service-role-${String(at).padStart(6, '0')}`;

/** Roles that access entries can be made for. */
export async function seedRoles(storage: Storage, accountId: string, count: number): Promise<void> {
  const changes: Put[] = [];
  for (let at = 0; at < count; at++) {
    const name = roleName(at);
    const principalId = newUniqueId('AROA', random);
    const record: RoleRecord = {
      ...principalRecord(accountId, name, principalId),
      maxSessionDuration: 3600,
      trustPolicy,
      trustedPrincipalIds: {},
    };
    changes.push({ type: 'put', key: roleKey(accountId, name), value: JSON.stringify(record) });
    changes.push(principalIdPut({ kind: 'role', accountId, name }, principalId));
  }
  await commitAll(storage, changes);
}

/** A user of AWS: its key, and what STS reports of it. */
export interface UserOfAws extends SigningCredentials {
  readonly account: string;
  readonly arn: string;
  readonly userId: string;
}

/** Access entries of the cluster for users of an account of AWS, none of whose keys is here. */
export async function seedUsersOfAws(
  storage: Storage,
  cluster: ClusterRecord,
  account: string,
  count: number,
): Promise<readonly UserOfAws[]> {
  const users = Array.from({ length: count }, (_, at) => ({
    accessKeyId: newAccessKeyId('AKIA', account, random),
    secretAccessKey: newSecretAccessKey(random),
    account,
    arn: `arn:aws:iam::${account}:user/bench-user-${at}`,
    userId: newUniqueId('AIDA', random),
  }));
  await commitAll(
    storage,
    users.map(({ userId }, at) => entryOf(cluster, `bench-user-${at}`, userId, 'user', account)),
  );
  return users;
}

/** Users with an access key each, and an access entry in the cluster. */
export async function seedUsers(
  storage: Storage,
  secretBox: SecretBox,
  cluster: ClusterRecord,
  count: number,
): Promise<readonly SigningCredentials[]> {
  const { accountId } = cluster;
  const changes: Put[] = [];
  const credentials: SigningCredentials[] = [];
  for (let at = 0; at < count; at++) {
    const name = `bench-user-${at}`;
    const principalId = newUniqueId('AIDA', random);
    const accessKeyId = newAccessKeyId('AKIA', accountId, random);
    const secretAccessKey = newSecretAccessKey(random);
    const user: UserRecord = {
      ...principalRecord(accountId, name, principalId),
      accessKeyIds: [accessKeyId],
    };
    const key: AccessKeyRecord = {
      accessKeyId,
      accountId,
      owner: { kind: 'user', userName: name, principalId },
      status: 'Active',
      createdAt: Date.now(),
      sealedSecret: secretBox.seal(secretAccessKey, accessKeyId),
    };
    changes.push(
      { type: 'put', key: userKey(accountId, name), value: JSON.stringify(user) },
      { type: 'put', key: accessKeyKey(accessKeyId), value: JSON.stringify(key) },
      principalIdPut({ kind: 'user', accountId, name }, principalId),
      entryOf(cluster, name, principalId, 'user'),
    );
    credentials.push({ accessKeyId, secretAccessKey });
  }
  await commitAll(storage, changes);
  return credentials;
}

function principalRecord(accountId: string, name: string, principalId: string) {
  const nothingAttached = { tags: [], inlinePolicies: {}, attachedPolicyArns: [] };
  return { accountId, name, path: '/', principalId, createdAt: Date.now(), ...nothingAttached };
}

function principalIdPut(owner: PrincipalIdRecord, principalId: string): Put {
  return { type: 'put', key: principalIdKey(principalId), value: JSON.stringify(owner) };
}

export async function commitAll(storage: Storage, changes: readonly Put[]): Promise<void> {
  for (let at = 0; at < changes.length; at += 1_000) {
    await storage.commit({ changes: changes.slice(at, at + 1_000) });
  }
}
