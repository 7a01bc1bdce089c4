import { randomBytes, randomUUID } from 'node:crypto';
import { createServiceAccountTokens } from '../src/access/serviceaccounts.ts';
import { podIdentityAudience, stsAudience } from '../src/engine/podcredentials/names.ts';
import type { ClusterRecord } from '../src/storage/records/eks.ts';
import { objectKey, podIdentityKey, podIdentityPlaceKey } from '../src/storage/records/keys.ts';
import type {
  PodIdentityAssociationRecord,
  PodIdentityPlaceRecord,
} from '../src/storage/records/podidentity.ts';
import type { Put } from '../src/storage/storage.ts';
import type { SigningCredentials } from '../src/wire/sigv4/sign.ts';
import { clustersOf, commitAll, createDirectory, fillDirectory } from './seed.ts';
import { startServerProcess } from './serverprocess.ts';

/** EKS allows this many associations in a cluster (eks-access-facts J11). */
export const associations = 5_000;
export const pods = 10_000;
const namespaces = 50;
const roles = 100;
const tokenSeconds = 24 * 3600;

/** A cluster full of associations and pods, a node that may ask for them, and a role for whoever its issuer vouches for. */
export interface WorkloadWorld {
  readonly node: SigningCredentials;
  readonly webRoleArn: string;
  /** A token of each pod for EKS Auth, and one for STS. */
  readonly podTokens: readonly string[];
  readonly webTokens: readonly string[];
}

export async function createWorkloadWorld(directory: string): Promise<WorkloadWorld> {
  await createDirectory(directory, 1);
  const iam = await createPrincipals(directory);
  const tokens = await fillDirectory(directory, async (storage, secretBox) => {
    const [cluster] = await clustersOf(storage);
    if (cluster === undefined) throw new Error('no cluster was made');
    const accounts = Array.from({ length: associations }, (_, at) => accountOf(at));
    const running = Array.from({ length: pods }, (_, at) => podOf(at, accounts));
    await commitAll(storage, [
      ...namespaceChanges(cluster),
      ...accounts.flatMap((account) => accountChanges(cluster, account)),
      ...running.map((pod) => podChange(cluster, pod)),
    ]);
    const serviceAccounts = createServiceAccountTokens({ storage, sealer: secretBox, now: Date.now });
    const issue = async (audience: string, { account, name, uid }: SeededPod): Promise<string> => {
      const { namespace } = account;
      const serviceAccount = { name: account.name, uid: account.uid };
      const wish = { namespace, serviceAccount, pod: { name, uid }, audiences: [audience] };
      const bound = { ...wish, expirationSeconds: tokenSeconds, tokenId: randomUUID() };
      return (await serviceAccounts.issue(cluster, bound, Date.now())) ?? '';
    };
    return {
      podTokens: await inParts(running, (pod) => issue(podIdentityAudience, pod)),
      webTokens: await inParts(running.slice(0, 2_000), (pod) => issue(stsAudience, pod)),
    };
  });
  return { ...iam, ...tokens };
}

/** By the APIs, as an administrator does it. */
async function createPrincipals(directory: string): Promise<Pick<WorkloadWorld, 'node' | 'webRoleArn'>> {
  const server = await startServerProcess(directory);
  try {
    const { aws, connection } = server;
    const { cluster } = await aws.call<{ cluster: { identity: { oidc: { issuer: string } } } }>(
      'eks',
      'DescribeCluster',
      { name: 'bench-0' },
    );
    const { issuer } = cluster.identity.oidc;
    await aws.call('iam', 'CreateOpenIDConnectProvider', { Url: issuer, ClientIDList: [stsAudience] });
    const host = issuer.slice('https://'.length);
    const web = {
      Effect: 'Allow',
      Action: 'sts:AssumeRoleWithWebIdentity',
      Principal: { Federated: `arn:aws:iam::${connection.accountId}:oidc-provider/${host}` },
      Condition: {
        StringEquals: { [`${host}:aud`]: stsAudience },
        StringLike: { [`${host}:sub`]: 'system:serviceaccount:*' },
      },
    };
    const service = {
      Effect: 'Allow',
      Action: ['sts:AssumeRole', 'sts:TagSession'],
      Principal: { Service: podIdentityAudience },
    };
    const trustOf = (statement: object) => JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    const createRole = (RoleName: string, statement: object) =>
      aws.call('iam', 'CreateRole', { RoleName, AssumeRolePolicyDocument: trustOf(statement) });
    await createRole('web', web);
    for (let at = 0; at < roles; at++) await createRole(podRole(at), service);
    await aws.call('iam', 'CreateUser', { UserName: 'node' });
    await aws.call('iam', 'PutUserPolicy', {
      UserName: 'node',
      PolicyName: 'node',
      PolicyDocument: trustOf({ Effect: 'Allow', Action: 'eks-auth:*', Resource: '*' }),
    });
    const { AccessKey } = await aws.call<{ AccessKey: { AccessKeyId: string; SecretAccessKey: string } }>(
      'iam',
      'CreateAccessKey',
      { UserName: 'node' },
    );
    return {
      node: { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey },
      webRoleArn: `arn:aws:iam::${connection.accountId}:role/web`,
    };
  } finally {
    await server.stop();
  }
}

const podRole = (at: number): string => `pod-role-${at % roles}`;

interface SeededAccount {
  readonly at: number;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

interface SeededPod {
  readonly account: SeededAccount;
  readonly name: string;
  readonly uid: string;
}

const accountOf = (at: number): SeededAccount => ({
  at,
  namespace: `team-${at % namespaces}`,
  name: `service-${at}`,
  uid: randomUUID(),
});

function podOf(at: number, accounts: readonly SeededAccount[]): SeededPod {
  const account = accounts[at % accounts.length] as SeededAccount;
  return {
    account,
    name: `service-${account.at}-${randomBytes(5).toString('hex')}-${at}`,
    uid: randomUUID(),
  };
}

const putObject = (key: string, kind: string, metadata: object, more: object = {}): Put => ({
  type: 'put',
  key,
  value: JSON.stringify({
    ...{ apiVersion: 'v1', kind },
    metadata: { creationTimestamp: '2026-01-15T12:00:00Z', ...metadata },
    ...more,
  }),
});

function namespaceChanges({ clusterId }: ClusterRecord): readonly Put[] {
  return Array.from({ length: namespaces }, (_, at) => {
    const name = `team-${at}`;
    const more = { spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } };
    return putObject(
      objectKey(clusterId, '', 'namespaces', '', name),
      'Namespace',
      { name, uid: randomUUID() },
      more,
    );
  });
}

function accountChanges(
  { clusterId, accountId }: ClusterRecord,
  { at, namespace, name, uid }: SeededAccount,
): readonly Put[] {
  const associationId = `a-${randomBytes(9).toString('hex').slice(0, 17)}`;
  const association: PodIdentityAssociationRecord = {
    ...{ associationId, namespace, serviceAccount: name },
    roleArn: `arn:aws:iam::${accountId}:role/${podRole(at)}`,
    ...{ tags: {}, createdAt: Date.now(), modifiedAt: Date.now(), disableSessionTags: false },
  };
  const place: PodIdentityPlaceRecord = { namespace, serviceAccount: name };
  return [
    putObject(objectKey(clusterId, '', 'serviceaccounts', namespace, name), 'ServiceAccount', {
      ...{ namespace, name, uid },
    }),
    {
      type: 'put',
      key: podIdentityKey(clusterId, namespace, name),
      value: JSON.stringify(association),
    },
    {
      type: 'put',
      key: podIdentityPlaceKey(clusterId, associationId),
      value: JSON.stringify(place),
    },
  ];
}

function podChange({ clusterId }: ClusterRecord, { account, name, uid }: SeededPod): Put {
  const { namespace } = account;
  const spec = {
    serviceAccountName: account.name,
    containers: [{ name: 'app', image: 'registry.example.com/team/service:1.2.3' }],
  };
  const metadata = { namespace, name, uid, labels: { app: account.name } };
  return putObject(objectKey(clusterId, '', 'pods', namespace, name), 'Pod', metadata, { spec });
}

/** Signing goes on in threads: some at a time keep them busy. */
async function inParts<From, To>(
  items: readonly From[],
  make: (item: From) => Promise<To>,
): Promise<readonly To[]> {
  const made: To[] = [];
  for (let at = 0; at < items.length; at += 200) {
    made.push(...(await Promise.all(items.slice(at, at + 200).map(make))));
  }
  return made;
}
