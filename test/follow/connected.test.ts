import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ClusterAccess } from '../../src/access/access.ts';
import { createKubernetesClient } from '../../src/clients/kubernetes.ts';
import { accountId, eventually, type FollowWorld, openFollowWorld } from './world.ts';

let world: FollowWorld;
let fleet: ClusterAccess;

beforeAll(async () => {
  world = await openFollowWorld();
  const found = world.server.access.clusterByName(accountId, 'us-east-1', 'fleet');
  if (found === undefined) throw new Error('there is no cluster fleet');
  fleet = found;
});
afterAll(async () => {
  await world?.close();
});

interface Connection {
  readonly state: string;
  readonly message?: string;
  readonly objects?: number;
  readonly lastSeenAt?: Date;
}

async function connection(): Promise<Connection> {
  const answer = await world.aws.call<{ connection: Connection }>('entryway', 'DescribeClusterConnection', {
    clusterName: 'fleet',
  });
  return answer.connection;
}

const following = () => eventually(connection, ({ state }) => state === 'following');

const awsAuth = '/api/v1/namespaces/kube-system/configmaps';
const mapUsers = (arn: string, username: string): string =>
  `- userarn: ${arn}\n  username: ${username}\n  groups: [ops]\n`;

test('a user is mapped by the aws-auth of the connected cluster, and by nothing else', async () => {
  const dana = await world.user('dana');
  const identity = async () => {
    const answer = await fleet.authenticate(dana.token(), Date.now());
    return answer.outcome === 'authenticated' ? answer.user.username : answer.evidence.code;
  };
  expect(await identity()).toBe('noMapping');

  await world.connect(await world.serviceAccountToken());
  const first = await following();
  expect(first.message).toBeUndefined();
  expect(first.lastSeenAt).toBeInstanceOf(Date);
  expect(first.objects).toBeGreaterThan(50);
  expect(await identity()).toBe('noMapping');

  await world.kube('POST', awsAuth, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'aws-auth', namespace: 'kube-system' },
    data: { mapUsers: mapUsers(dana.arn, 'dana') },
  });
  await eventually(identity, (name) => name === 'dana');
  await world.kube(
    'PATCH',
    `${awsAuth}/aws-auth`,
    { data: { mapUsers: mapUsers(dana.arn, 'dana-two') } },
    'application/merge-patch+json',
  );
  await eventually(identity, (name) => name === 'dana-two');
  await world.kube('DELETE', `${awsAuth}/aws-auth`);
  await eventually(identity, (name) => name === 'noMapping');
});

test('RBAC, namespaces and service accounts arrive, change and go', async () => {
  await world.connect(await world.serviceAccountToken());
  await following();
  const rules = () => fleet.roleRules('Role', 'team', 'reader');
  const role = (verbs: readonly string[]) => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'reader', namespace: 'team' },
    rules: [{ apiGroups: [''], resources: ['pods'], verbs }],
  });
  const roles = '/apis/rbac.authorization.k8s.io/v1/namespaces/team/roles';
  await world.kube('POST', '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'team' },
  });
  await world.kube('POST', roles, role(['get']));
  await eventually(rules, (found) => found?.[0]?.verbs.join() === 'get');
  await world.kube('PUT', `${roles}/reader`, role(['get', 'list']));
  await eventually(rules, (found) => found?.[0]?.verbs.join() === 'get,list');
  await world.kube('DELETE', `${roles}/reader`);
  await eventually(rules, (found) => found === undefined);
  expect(fleet.roleRules('ClusterRole', '', 'cluster-admin')).toBeDefined();
});

test('the manifest lets its service account read no Secret, no other ConfigMap, and write nothing', async () => {
  const token = await world.serviceAccountToken();
  const { endpoint, caData } = world.source;
  const client = createKubernetesClient(endpoint, Buffer.from(caData, 'base64').toString());
  const statusOf = async (method: string, path: string) =>
    (await client.send({ token, method, path })).status;
  const refused: readonly (readonly [method: string, path: string])[] = [
    ['GET', '/api/v1/secrets'],
    ['GET', '/api/v1/namespaces/entryway/secrets'],
    ['GET', '/api/v1/configmaps'],
    ['GET', '/api/v1/namespaces/kube-system/configmaps'],
    ['GET', '/api/v1/namespaces/kube-system/configmaps/other'],
    ['GET', '/api/v1/namespaces/default/configmaps/aws-auth'],
    ['GET', '/api/v1/pods'],
    ['DELETE', '/apis/rbac.authorization.k8s.io/v1/clusterroles/cluster-admin'],
    ['DELETE', '/api/v1/namespaces/kube-system/configmaps/aws-auth'],
  ];
  for (const [method, path] of refused) expect(await statusOf(method, path), `${method} ${path}`).toBe(403);
  const named = '/api/v1/namespaces/kube-system/configmaps?fieldSelector=metadata.name%3Daws-auth';
  expect(await statusOf('GET', named)).toBe(200);
  client.close();
});

test('a credential that no longer counts is told, keeps what was followed, and a new one is taken up', async () => {
  const erin = await world.user('erin');
  const identity = async () => (await fleet.authenticate(erin.token(), Date.now())).outcome;
  await world.connect(await world.serviceAccountToken());
  await following();
  await world.kube('POST', awsAuth, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'aws-auth', namespace: 'kube-system' },
    data: { mapUsers: mapUsers(erin.arn, 'erin') },
  });
  await eventually(identity, (outcome) => outcome === 'authenticated');

  await world.connect('no-token-of-that-cluster');
  const broken = await eventually(connection, ({ state }) => state === 'disconnected');
  expect(broken.message).toBe('the API does not accept the credential (401)');
  expect(await identity()).toBe('authenticated');

  await world.connect(await world.serviceAccountToken());
  await following();
  expect(await identity()).toBe('authenticated');
});

test('the server says of the cluster how it is followed, and the trail says nothing secret', async () => {
  const token = await world.serviceAccountToken();
  await world.connect(token);
  await following();
  const { findings } = await world.aws.call<{
    findings: readonly { readonly code: string; readonly severity: string; readonly message: string }[];
  }>('entryway', 'CheckCluster', { clusterName: 'fleet' });
  const found = Object.fromEntries(findings.map(({ code, message }) => [code, message]));
  expect(found).toMatchObject({
    connection: expect.stringMatching(/^the cluster is followed: \d+ objects/),
    api: expect.stringMatching(/^Kubernetes v1\.\d+\.\d+-entryway answers within \d+ ms$/),
    apiClock: "the API server's clock is that of this server",
  });

  const { Events } = await world.aws.call<{ Events: readonly { CloudTrailEvent: string }[] }>(
    'cloudtrail',
    'LookupEvents',
    { LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'PutClusterConnection' }] },
  );
  const [event] = Events;
  expect(JSON.parse(event?.CloudTrailEvent ?? '{}').requestParameters).toEqual({
    clusterName: 'fleet',
    server: world.source.endpoint,
    bearerToken: 'HIDDEN_DUE_TO_SECURITY_REASONS',
  });
  expect(JSON.stringify(Events)).not.toContain(token);
});

test('without the connection aws-auth maps nobody at once, and what was mirrored goes', async () => {
  const finn = await world.user('finn');
  await world.connect(await world.serviceAccountToken());
  await following();
  await world.kube(
    'PATCH',
    `${awsAuth}/aws-auth`,
    { data: { mapUsers: mapUsers(finn.arn, 'finn') } },
    'application/merge-patch+json',
  );
  const outcome = async () => (await fleet.authenticate(finn.token(), Date.now())).outcome;
  await eventually(outcome, (found) => found === 'authenticated');

  await world.aws.call('entryway', 'DeleteClusterConnection', { clusterName: 'fleet' });
  expect(await outcome()).toBe('refused');
  await eventually(
    () => fleet.roleRules('ClusterRole', '', 'cluster-admin'),
    (rules) => rules === undefined,
  );
  // The cluster it was followed from is this server's own, and as it was.
  const source = world.server.access.clusterByName(accountId, 'us-east-1', 'source');
  expect(source?.roleRules('ClusterRole', '', 'cluster-admin')).toBeDefined();
  await expect(connection()).rejects.toMatchObject({ code: 'ResourceNotFoundException' });
});
