import { beforeEach, describe, expect, test } from 'vitest';
import type { Principal } from '../engine/iam/principal.ts';
import { createAwsAuthIndex } from '../engine/identity/awsauth.ts';
import { createEntryIndex } from '../engine/identity/entries.ts';
import { type IdentityResult, resolveIdentity } from '../engine/identity/resolve.ts';
import {
  account,
  createApiCluster,
  createWorld,
  otherAccount,
  outcomeOf,
  type World,
} from '../services/eks/testworld.ts';
import { type DecidingEntry, parseEntryRecord } from './records.ts';

/** The table of eks-access-facts B3: each type is written through EKS's operations, stored, read and logged in with. */

const instance = 'i-0c6f21bf1f24f9708';
const nodeName = 'ip-10-0-0-1.eu-central-1.compute.internal';
const byName = `system:node:${nodeName}`;
const nodes: readonly (readonly [
  type: string,
  session: string,
  username: string,
  groups: readonly string[],
])[] = [
  ['EC2_LINUX', instance, byName, ['system:nodes']],
  ['EC2_WINDOWS', instance, byName, ['eks:kube-proxy-windows', 'system:nodes']],
  ['EC2', instance, byName, ['system:nodes']],
  [
    'FARGATE_LINUX',
    'fargate-ip-10-0-0-2',
    'system:node:fargate-ip-10-0-0-2',
    ['system:node-proxier', 'system:nodes'],
  ],
  ['HYBRID_LINUX', 'mi-0123456789abcdef0', 'system:node:mi-0123456789abcdef0', ['system:nodes']],
  ['HYPERPOD_LINUX', 'hyperpod-i-1', 'system:node:hyperpod-i-1', ['system:nodes']],
];
const types = nodes.map(([type]) => type);

let world: World;
let role: string;

beforeEach(async () => {
  world = await createWorld();
  await createApiCluster(world);
  role = await world.add('role', 'node', { path: '/nodes/', principalId: 'AROANODE' });
});

const create = (change: object) =>
  world.call('CreateAccessEntry', { clusterName: 'prod', principalArn: role, ...change });

async function stored(): Promise<DecidingEntry> {
  const { entries } = await world.storage.list({ prefix: 'access-entry/' });
  const entry = parseEntryRecord(entries[0]?.value ?? '');
  if (entry === undefined) throw new Error('the entry cannot be read');
  return entry;
}

function login(entry: DecidingEntry, sessionName: string, principalId = 'AROANODE'): IdentityResult {
  const entries = createEntryIndex();
  entries.apply(entry);
  const principal: Principal = {
    kind: 'assumedRole',
    accountId: account,
    partition: 'aws',
    arn: `arn:aws:sts::${account}:assumed-role/node/${sessionName}`,
    userId: `${principalId}:${sessionName}`,
    principalId,
    principalArn: role,
    accessKeyId: 'ASIAEXAMPLE',
    roleName: 'node',
    sessionName,
  };
  return resolveIdentity(principal, {
    authenticationMode: 'API',
    entries,
    awsAuth: createAwsAuthIndex({ roles: [], users: [], accounts: [] }, { ssoRoleMatch: false }),
    privateDnsName: (id) => (id === instance ? nodeName : undefined),
  });
}

describe.each(types)('an entry of type %s', (type) => {
  test('is not made for a user, another account, groups or a name', async () => {
    const user = await world.add('user', 'ada');
    const foreign = await world.add('role', 'node', { accountId: otherAccount });
    const wishes = [
      { principalArn: user },
      { principalArn: foreign },
      { kubernetesGroups: ['admins'] },
      { username: 'node' },
    ];
    for (const wish of wishes) {
      expect(await outcomeOf(create({ type, ...wish }))).toMatch(/^InvalidParameterException/);
    }
  });

  test('gets no groups, no name and, but for Auto Mode’s (B5), no policies later', async () => {
    await create({ type });
    const entry = { clusterName: 'prod', principalArn: role };
    const policyArn = 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy';
    const associate = { ...entry, policyArn, accessScope: { type: 'cluster' } };
    const refused = /^InvalidParameterException/;
    expect(await outcomeOf(world.call('UpdateAccessEntry', { ...entry, kubernetesGroups: ['a'] }))).toMatch(
      refused,
    );
    expect(await outcomeOf(world.call('UpdateAccessEntry', { ...entry, username: 'a' }))).toMatch(refused);
    const outcome = await outcomeOf(world.call('AssociateAccessPolicy', associate));
    expect(outcome).toMatch(type === 'EC2' ? /^ok$/ : refused);
  });

  test('lets nobody in by the name of another node, or as nobody', async () => {
    await create({ type });
    const entry = await stored();
    expect(login(entry, '')).toMatchObject({ ok: false });
    expect(login(entry, instance, 'AROAELSE')).toMatchObject({ ok: false });
    const masters = { ...entry, kubernetesGroups: [...entry.kubernetesGroups, 'system:masters'] };
    expect(login(masters, instance)).toMatchObject({ ok: false });
  });
});

test.each(nodes)(
  'a session of a role with an entry of type %s is a node',
  async (type, session, username, groups) => {
    await create({ type });
    const result = login(await stored(), session);
    expect(result).toMatchObject({ ok: true, user: { username } });
    expect(result.ok && [...result.user.groups].sort()).toEqual(groups);
  },
);

test.each(['EC2_LINUX', 'EC2_WINDOWS', 'EC2'])(
  'with type %s an instance nobody knows is not let in',
  async (type) => {
    await create({ type });
    expect(login(await stored(), 'i-01234567')).toMatchObject({ ok: false, code: 'unknownInstance' });
    expect(login(await stored(), 'no-instance')).toMatchObject({ ok: false, code: 'noInstanceId' });
  },
);

test('an entry of type STANDARD has the session’s ARN as its name, without the role’s path (B19)', async () => {
  await create({ kubernetesGroups: ['viewers'] });
  expect(login(await stored(), 'ada@example.com')).toMatchObject({
    ok: true,
    user: {
      username: `arn:aws:sts::${account}:assumed-role/node/ada-example.com`,
      groups: ['viewers'],
    },
  });
});

test('an entry of type STANDARD may be of another account, and of a user', async () => {
  const foreign = await world.add('role', 'node', { accountId: otherAccount });
  expect(await outcomeOf(create({ principalArn: foreign }))).toBe('ok');
  expect(await outcomeOf(create({ principalArn: await world.add('user', 'ada') }))).toBe('ok');
});
