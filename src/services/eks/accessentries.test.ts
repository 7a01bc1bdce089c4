import type {
  CreateAccessEntryResponse,
  DescribeAccessEntryResponse,
  ListAccessEntriesResponse,
} from '@aws-sdk/client-eks';
import { beforeEach, describe, expect, test } from 'vitest';
import type { AccessEntryRecord, ClusterRecord } from '../../storage/records/eks.ts';
import { accessEntriesPrefix } from '../../storage/records/keys.ts';
import type { Storage } from '../../storage/storage.ts';
import { MAX_ENTRIES_PER_CLUSTER } from './entryquota.ts';
import {
  account,
  aNoon,
  clusterInput,
  createApiCluster,
  createWorld,
  otherAccount,
  outcomeOf,
  rootOf,
  type World,
} from './testworld.ts';

const invalid = 'InvalidParameterException: ';
const nodeTypes = '[EC2_LINUX, EC2_WINDOWS, FARGATE_LINUX, HYBRID_LINUX, EC2]';
const invalidPrincipal = `${invalid}The specified principalArn is invalid: invalid principal.`;
const inUse =
  'ResourceInUseException: The specified access entry resource is already in use on this cluster.';
const noEntry =
  "ResourceNotFoundException: The specified principalArn could not be found. You can view your available access entries with 'list-access-entries'.";

let world: World;
let ops: string;
let ada: string;

beforeEach(async () => {
  world = await createWorld();
  ops = await world.add('role', 'ops');
  ada = await world.add('user', 'ada');
  await createApiCluster(world);
});

const create = (input: object, options = {}): Promise<CreateAccessEntryResponse> =>
  world.call('CreateAccessEntry', { clusterName: 'prod', ...input }, options);
const update = (input: object, options = {}): Promise<CreateAccessEntryResponse> =>
  world.call('UpdateAccessEntry', { clusterName: 'prod', ...input }, options);
const describeEntry = (principalArn: string): Promise<DescribeAccessEntryResponse> =>
  world.call('DescribeAccessEntry', { clusterName: 'prod', principalArn });
const list = (input: object = {}): Promise<ListAccessEntriesResponse> =>
  world.call('ListAccessEntries', { clusterName: 'prod', ...input });

async function storedEntry(
  principalArn: string,
  storage: Storage = world.storage,
): Promise<AccessEntryRecord> {
  const { entries } = await storage.list({ prefix: 'access-entry/' });
  const found = entries.map(({ value }) => JSON.parse(value) as AccessEntryRecord);
  return found.find((entry) => entry.principalArn === principalArn) ?? expect.fail('not stored');
}

const role = (name: string, accountId = account): string => `arn:aws:iam::${accountId}:role/${name}`;
const user = (name: string, accountId = account): string => `arn:aws:iam::${accountId}:user/${name}`;

describe('a parameter that is refused is refused before the cluster is looked up (F36)', () => {
  const slr = role('aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS');
  const noSlr =
    'The caller is not allowed to modify access entries with a principalArn value of a Service Linked Role';
  test.each<readonly [string, object, string]>([
    [
      'F6',
      { kubernetesGroups: ['system:masters'] },
      'The kubernetes group name system:masters is invalid, it cannot start with system:',
    ],
    [
      'F6',
      { kubernetesGroups: ['ok', 'eks:x'] },
      'The kubernetes group name eks:x is invalid, it cannot start with eks:',
    ],
    [
      'F6',
      { kubernetesGroups: ['aws:x'] },
      'The kubernetes group name aws:x is invalid, it cannot start with aws:',
    ],
    [
      'F6',
      { kubernetesGroups: ['amazon:x'] },
      'The kubernetes group name amazon:x is invalid, it cannot start with amazon:',
    ],
    [
      'F6',
      { kubernetesGroups: ['iam:x'] },
      'The kubernetes group name iam:x is invalid, it cannot start with iam:',
    ],
    [
      'F6 for a node type',
      { type: 'EC2_LINUX', kubernetesGroups: ['system:nodes'] },
      'The kubernetes group name system:nodes is invalid, it cannot start with system:',
    ],
    [
      'a group a session name could begin',
      { kubernetesGroups: ['{{SessionName}}:masters'] },
      'The kubernetes group name {{SessionName}}:masters is invalid, a colon must come before the first session name',
    ],
    [
      'an empty group',
      { kubernetesGroups: [''] },
      'The kubernetes group name  is invalid, it must have 1 to 1024 characters',
    ],
    [
      'too many groups',
      { kubernetesGroups: Array.from({ length: 101 }, (_, i) => `g${i}`) },
      'The specified kubernetesGroups is invalid: at most 100 groups are allowed',
    ],
    ['F7', { username: 'system:admin' }, 'The username must not begin with system:'],
    ['F7', { username: 'eks:admin' }, 'The username must not begin with eks:'],
    ['F7', { username: 'aws:admin' }, 'The username must not begin with aws:'],
    ['F7', { username: 'amazon:admin' }, 'The username must not begin with amazon:'],
    ['F7', { username: 'iam:admin' }, 'The username must not begin with iam:'],
    [
      'ours',
      { username: 'entryway:break-glass:role/ops' },
      'The username must not begin with entryway:break-glass:',
    ],
    ['F34', { username: 'session-x' }, 'Access Entry username cannot start with "session".'],
    [
      'B22',
      { username: 'john{{SessionName}}' },
      'The specified username is invalid: a colon must come before the first {{SessionName}} or {{SessionNameRaw}}',
    ],
    [
      'B22',
      { username: '{{SessionNameRaw}}:x' },
      'The specified username is invalid: a colon must come before the first {{SessionName}} or {{SessionNameRaw}}',
    ],
    [
      'an endless username',
      { username: 'u'.repeat(1025) },
      'The specified username is invalid: it must have at most 1024 characters',
    ],
    [
      'F10',
      { type: 'EC2_LINUX', kubernetesGroups: ['g'] },
      'The specified kubernetesGroups is invalid: setting kubernetesGroups is not allowed when the type is "EC2_LINUX"',
    ],
    [
      'F11',
      { type: 'EC2_LINUX', username: 'u' },
      'The specified username is invalid: setting username is not allowed when the type is "EC2_LINUX"',
    ],
    [
      'F9',
      { type: 'EC2_LINUX', principalArn: user('ada') },
      `AccessEntry principalArn must be IAM role when using types ${nodeTypes}`,
    ],
    [
      'F9',
      { type: 'EC2_WINDOWS', principalArn: user('ada') },
      `AccessEntry principalArn must be IAM role when using types ${nodeTypes}`,
    ],
    [
      'F9',
      { type: 'FARGATE_LINUX', principalArn: user('ada') },
      `AccessEntry principalArn must be IAM role when using types ${nodeTypes}`,
    ],
    [
      'F9',
      { type: 'HYBRID_LINUX', principalArn: user('ada') },
      `AccessEntry principalArn must be IAM role when using types ${nodeTypes}`,
    ],
    [
      'F9',
      { type: 'EC2', principalArn: user('ada') },
      `AccessEntry principalArn must be IAM role when using types ${nodeTypes}`,
    ],
    [
      'F9 for root',
      { type: 'EC2', principalArn: `arn:aws:iam::${account}:root` },
      `AccessEntry principalArn must be IAM role when using types ${nodeTypes}`,
    ],
    [
      'F37',
      { type: 'HYPERPOD_LINUX', principalArn: user('ada') },
      'AccessEntry principalArn must be IAM role when using types [EC2_LINUX, EC2_WINDOWS, FARGATE_LINUX, HYBRID_LINUX, EC2, HYPERPOD_LINUX]',
    ],
    [
      'F8',
      { type: 'EC2_LINUX', principalArn: role('ops', otherAccount) },
      `AccessEntry principalArn must be from the same account as the cluster when using types ${nodeTypes}`,
    ],
    ['F5', { principalArn: slr }, noSlr],
    ['F5 of another account', { principalArn: slr.replace(account, otherAccount) }, noSlr],
    ['F5 for a node type', { type: 'EC2_LINUX', principalArn: slr }, noSlr],
    [
      'an unknown type',
      { type: 'STANDART' },
      'The specified type is invalid: the type must be one of [STANDARD, EC2_LINUX, EC2_WINDOWS, FARGATE_LINUX, HYBRID_LINUX, EC2, HYPERPOD_LINUX]',
    ],
    ['a reserved tag', { tags: { 'AWS:x': '1' } }, 'The tag key AWS:x is invalid, it cannot start with aws:'],
    [
      '51 tags',
      { tags: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, ''])) },
      'A resource can have at most 50 tags',
    ],
  ])('%s: %j', async (_fact, input, message) => {
    const call = create({ clusterName: 'missing', principalArn: ops, ...input });
    expect(await outcomeOf(call)).toBe(invalid + message);
  });

  test.each([
    ['a principal that only looks valid', { principalArn: role('nobody') }],
    ['a group named `system` without a colon', { kubernetesGroups: ['system'] }],
  ])('%s reaches the cluster lookup', async (_name, input) => {
    const call = create({ clusterName: 'missing', principalArn: ops, ...input });
    expect(await outcomeOf(call)).toBe('ResourceNotFoundException: No cluster found for name: missing.');
  });
});

describe('the principal must exist under exactly this ARN (F3, B10 to B12)', () => {
  test.each([
    ['a role that does not exist', role('nobody')],
    ['a user that does not exist', user('nobody')],
    ['a role named as a user', user('ops')],
    ['a role with a path it does not have', role('team/ops')],
    ['a role without the path it has', role('AWSReservedSSO_Admin_0123456789abcdef')],
    ['another spelling of the name', role('OPS')],
    ['a role session (B11)', `arn:aws:sts::${account}:assumed-role/ops/session`],
    ['another partition', `arn:aws-cn:iam::${account}:role/ops`],
    ['an account this server does not know', role('ops', '999999999999')],
    ['root of an unknown account', 'arn:aws:iam::999999999999:root'],
    ['a group', `arn:aws:iam::${account}:group/ops`],
    ['no ARN', 'ops'],
    ['an ARN with a slash too many', `${ops}/`],
    ['nothing', ''],
  ])('%s', async (_name, principalArn) => {
    await world.add('role', 'AWSReservedSSO_Admin_0123456789abcdef', {
      path: '/aws-reserved/sso.amazonaws.com/eu-central-1/',
    });
    expect(await outcomeOf(create({ principalArn }))).toBe(invalidPrincipal);
    expect((await list()).accessEntries).toEqual([]);
  });

  test('a role with its full path is accepted and the username loses the path (B12, B19)', async () => {
    const arn = await world.add('role', 'Deploy', { path: '/aws-reserved/sso.amazonaws.com/' });
    const { accessEntry } = await create({ principalArn: arn });
    expect(accessEntry).toMatchObject({
      principalArn: arn,
      username: `arn:aws:sts::${account}:assumed-role/Deploy/{{SessionName}}`,
    });
    // A10: the entry's ARN has the plain name.
    expect(accessEntry?.accessEntryArn).toMatch(
      new RegExp(
        `^arn:aws:eks:eu-central-1:${account}:access-entry/prod/role/${account}/Deploy/[0-9a-f-]{36}$`,
      ),
    );
  });

  test('a user keeps its path in the username (B20)', async () => {
    const arn = await world.add('user', 'eve', { path: '/team/' });
    expect((await create({ principalArn: arn })).accessEntry?.username).toBe(arn);
  });

  test('a role of another account this server knows is accepted (B7)', async () => {
    const arn = await world.add('role', 'partner', {
      accountId: otherAccount,
      principalId: 'AROAPARTNER0000000000',
    });
    const { accessEntry } = await create({ principalArn: arn });
    expect(accessEntry?.accessEntryArn).toContain(`access-entry/prod/role/${otherAccount}/partner/`);
    expect(accessEntry?.username).toBe(`arn:aws:sts::${otherAccount}:assumed-role/partner/{{SessionName}}`);
    expect((await storedEntry(arn)).principalId).toBe('AROAPARTNER0000000000');
  });

  test('an account root is accepted, pinned to the account id (B13a)', async () => {
    const arn = `arn:aws:iam::${account}:root`;
    expect((await create({ principalArn: arn })).accessEntry).toMatchObject({
      username: arn,
      type: 'STANDARD',
    });
    expect((await storedEntry(arn)).principalId).toBe(account);
  });

  test('a principal deleted while its entry is being made gets no entry', async () => {
    const racing = await createWorld({
      wrap: (storage) => ({
        ...storage,
        async commit(batch) {
          const isCreation = batch.changes.some(({ key }) => key.startsWith('access-entry/'));
          if (isCreation) await racing.remove('role', 'ops');
          return storage.commit(batch);
        },
      }),
    });
    await racing.add('role', 'ops');
    await createApiCluster(racing);
    const call = racing.call('CreateAccessEntry', { clusterName: 'prod', principalArn: ops });
    expect(await outcomeOf(call)).toBe(invalidPrincipal);
    expect(await racing.storage.count('access-entry/')).toBe(0);
  });
});

describe('what an entry becomes', () => {
  test('a standard entry of a role answers every member, empty ones too (A5, A8, B19)', async () => {
    const { accessEntry } = await create({ principalArn: ops });
    expect(accessEntry).toEqual({
      clusterName: 'prod',
      principalArn: ops,
      kubernetesGroups: [],
      accessEntryArn: expect.stringContaining('/ops/'),
      createdAt: new Date(aNoon),
      modifiedAt: new Date(aNoon),
      tags: {},
      username: `arn:aws:sts::${account}:assumed-role/ops/{{SessionName}}`,
      type: 'STANDARD',
    });
    expect(await describeEntry(ops)).toEqual({ accessEntry });
  });

  test.each([
    ['EC2_LINUX', 'EC2_LINUX', 'system:node:{{EC2PrivateDNSName}}', ['system:nodes']],
    ['EC2_Linux', 'EC2_LINUX', 'system:node:{{EC2PrivateDNSName}}', ['system:nodes']],
    [
      'EC2_WINDOWS',
      'EC2_WINDOWS',
      'system:node:{{EC2PrivateDNSName}}',
      ['eks:kube-proxy-windows', 'system:nodes'],
    ],
    [
      'FARGATE_LINUX',
      'FARGATE_LINUX',
      'system:node:{{SessionName}}',
      ['system:node-proxier', 'system:nodes'],
    ],
    ['HYBRID_LINUX', 'HYBRID_LINUX', 'system:node:{{SessionName}}', ['system:nodes']],
    ['EC2', 'EC2', 'system:node:{{EC2PrivateDNSName}}', ['system:nodes']],
    ['HYPERPOD_LINUX', 'HYPERPOD_LINUX', 'system:node:{{SessionName}}', ['system:nodes']],
  ])(
    'type %s is stored as %s with username %s and groups %j (B2, B3)',
    async (type, stored, username, groups) => {
      const { accessEntry } = await create({ principalArn: ops, type, kubernetesGroups: [], username: '' });
      expect(accessEntry).toMatchObject({ type: stored, username, kubernetesGroups: groups });
    },
  );

  test.each([
    ':john{{SessionName}}',
    'jo:hn{{SessionName}}',
    'a:{{SessionNameRaw}}',
    'sts:x',
    'plain',
    'System:x',
  ])('username %s is accepted (B21, B22)', async (username) => {
    expect((await create({ principalArn: ops, username })).accessEntry?.username).toBe(username);
  });

  test('groups and tags are kept as given (B27)', async () => {
    const input = {
      principalArn: ada,
      kubernetesGroups: ['b', 'a', 'team:x'],
      tags: { team: 'x', empty: '' },
    };
    expect((await create(input)).accessEntry).toMatchObject({
      kubernetesGroups: ['b', 'a', 'team:x'],
      tags: { team: 'x', empty: '' },
    });
  });

  test('a role for nodes needs PassRole, an ordinary entry does not (B8)', async () => {
    world.asked.length = 0;
    await create({ principalArn: ada });
    expect(world.asked).toEqual([]);
    world.refused.add('iam:PassRole');
    const call = create({ principalArn: ops, type: 'EC2_LINUX' });
    expect(await outcomeOf(call)).toBe('AccessDeniedException: no iam:PassRole');
    expect(world.asked).toMatchObject([{ action: 'iam:PassRole', resources: [ops] }]);
    expect((await list()).accessEntries).toEqual([ada]);
  });
});

describe('one entry per principal (B9, F1)', () => {
  test('the second creation is refused', async () => {
    await create({ principalArn: ops });
    expect(await outcomeOf(create({ principalArn: ops, kubernetesGroups: ['x'] }))).toBe(inUse);
    expect((await describeEntry(ops)).accessEntry?.kubernetesGroups).toEqual([]);
  });

  test('of two racing creations one is answered and one refused', async () => {
    const outcomes = await Promise.all([
      outcomeOf(create({ principalArn: ops, clientRequestToken: 'a' })),
      outcomeOf(create({ principalArn: ops, clientRequestToken: 'b' })),
    ]);
    expect(outcomes.toSorted()).toEqual([inUse, 'ok']);
  });

  test('a role re-created under the same ARN finds the old entry in its way, still pinned to the old id (B15)', async () => {
    await create({ principalArn: ops });
    const before = await storedEntry(ops);
    await world.remove('role', 'ops');
    await world.add('role', 'ops', { principalId: 'AROANEW00000000000000' });
    expect(await outcomeOf(create({ principalArn: ops }))).toBe(inUse);
    expect((await storedEntry(ops)).principalId).toBe(before.principalId);
    await update({ principalArn: ops, kubernetesGroups: ['x'] });
    expect((await storedEntry(ops)).principalId).toBe(before.principalId);

    await world.call('DeleteAccessEntry', { clusterName: 'prod', principalArn: ops });
    await create({ principalArn: ops });
    expect((await storedEntry(ops)).principalId).toBe('AROANEW00000000000000');
  });

  test('a repeated token with the same wish answers the same entry, with another wish 409 (A14)', async () => {
    const wish = { principalArn: ops, clientRequestToken: 't', kubernetesGroups: ['g'], tags: { a: '1' } };
    const first = await create(wish);
    expect(await create(wish, { now: aNoon + 5000 })).toEqual(first);
    expect(await outcomeOf(create({ ...wish, kubernetesGroups: ['h'] }))).toBe(inUse);
    expect(await outcomeOf(create({ ...wish, username: 'other' }))).toBe(inUse);
    expect(await outcomeOf(create({ ...wish, tags: {} }))).toBe(inUse);
    expect(await outcomeOf(create({ ...wish, clientRequestToken: 'u' }))).toBe(inUse);
    expect(await outcomeOf(create({ ...wish, clientRequestToken: undefined }))).toBe(inUse);
  });
});

describe('update', () => {
  beforeEach(async () => {
    await create({ principalArn: ops, kubernetesGroups: ['a', 'b'], username: 'ops-user', tags: { t: '1' } });
  });

  test.each([
    ['groups are replaced', { kubernetesGroups: ['c'] }, { kubernetesGroups: ['c'], username: 'ops-user' }],
    ['an empty list clears them', { kubernetesGroups: [] }, { kubernetesGroups: [], username: 'ops-user' }],
    ['an absent list keeps them', { username: 'new' }, { kubernetesGroups: ['a', 'b'], username: 'new' }],
    ['an empty username keeps it', { username: '' }, { kubernetesGroups: ['a', 'b'], username: 'ops-user' }],
  ])('%s (B18, B29)', async (_name, input, expected) => {
    const { accessEntry } = await update({ principalArn: ops, ...input }, { now: aNoon + 1500 });
    expect(accessEntry).toMatchObject({ ...expected, tags: { t: '1' }, type: 'STANDARD' });
    expect(accessEntry?.createdAt).toEqual(new Date(aNoon));
    expect(accessEntry?.modifiedAt).toEqual(new Date(aNoon + 1500));
    expect(await describeEntry(ops)).toEqual({ accessEntry });
  });

  test.each([
    [
      'F6',
      { kubernetesGroups: ['system:x'] },
      `${invalid}The kubernetes group name system:x is invalid, it cannot start with system:`,
    ],
    ['F7', { username: 'system:x' }, `${invalid}The username must not begin with system:`],
    ['F34', { username: 'session' }, `${invalid}Access Entry username cannot start with "session".`],
    ['F4', { principalArn: ada }, noEntry],
    ['F21', { clusterName: 'missing' }, 'ResourceNotFoundException: No cluster found for name: missing.'],
  ])('%s is refused', async (_fact, input, outcome) => {
    expect(await outcomeOf(update({ principalArn: ops, ...input }))).toBe(outcome);
  });

  test('a node entry keeps what EKS set (F10, F11, B26)', async () => {
    const nodes = await world.add('role', 'nodes');
    await create({ principalArn: nodes, type: 'EC2_LINUX' });
    const change = (input: object): Promise<string> => outcomeOf(update({ principalArn: nodes, ...input }));
    expect(await change({ kubernetesGroups: ['g'] })).toContain('setting kubernetesGroups is not allowed');
    expect(await change({ username: 'u' })).toContain('setting username is not allowed');
    expect(await change({ username: 'system:node:{{EC2PrivateDNSName}}' })).toBe(
      `${invalid}The username must not begin with system:`,
    );
    expect(await change({ kubernetesGroups: [] })).toBe('ok');
    expect((await describeEntry(nodes)).accessEntry?.kubernetesGroups).toEqual(['system:nodes']);
  });

  test('racing updates of different members both survive', async () => {
    await Promise.all([
      update({ principalArn: ops, username: 'new' }),
      update({ principalArn: ops, kubernetesGroups: ['z'] }),
    ]);
    expect((await describeEntry(ops)).accessEntry).toMatchObject({
      username: 'new',
      kubernetesGroups: ['z'],
    });
  });
});

describe('delete', () => {
  test('removes the entry; the second time it is not found (F4)', async () => {
    await create({ principalArn: ops });
    const remove = (): Promise<unknown> =>
      world.call('DeleteAccessEntry', { clusterName: 'prod', principalArn: ops });
    expect(await remove()).toEqual({});
    expect(await outcomeOf(remove())).toBe(noEntry);
    expect(await outcomeOf(describeEntry(ops))).toBe(noEntry);
  });

  test('an entry whose principal is gone stays until it is deleted (B16)', async () => {
    await create({ principalArn: ops });
    await world.remove('role', 'ops');
    expect((await list()).accessEntries).toEqual([ops]);
    await world.call('DeleteAccessEntry', { clusterName: 'prod', principalArn: ops });
    expect((await list()).accessEntries).toEqual([]);
  });
});

test.each([
  ['CreateAccessEntry', {}],
  ['DescribeAccessEntry', {}],
  ['ListAccessEntries', {}],
  ['UpdateAccessEntry', {}],
  ['DeleteAccessEntry', {}],
  [
    'AssociateAccessPolicy',
    {
      policyArn: 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy',
      accessScope: { type: 'cluster' },
    },
  ],
  ['DisassociateAccessPolicy', { policyArn: 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy' }],
  ['ListAssociatedAccessPolicies', {}],
])('%s is refused while the mode is CONFIG_MAP (F2, D9)', async (operation, input) => {
  await world.call('CreateCluster', clusterInput('old'));
  const call = world.call(operation, { clusterName: 'old', principalArn: ops, ...input });
  expect(await outcomeOf(call)).toBe(
    "InvalidRequestException: The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.",
  );
});

describe('list', () => {
  const names = ['B', 'a', 'b', 'c', 'd'];
  const view = 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy';

  beforeEach(async () => {
    for (const name of names) {
      const principalArn = await world.add('role', `r-${name}`);
      await create({ principalArn });
      if (name === 'a' || name === 'd') {
        const input = {
          clusterName: 'prod',
          principalArn,
          policyArn: view,
          accessScope: { type: 'cluster' },
        };
        await world.call('AssociateAccessPolicy', input);
      }
    }
  });

  test('answers principal ARNs in ascending byte order (A13)', async () => {
    const { accessEntries, nextToken } = await list();
    expect(accessEntries).toEqual(['r-B', 'r-a', 'r-b', 'r-c', 'r-d'].map((name) => role(name)));
    expect(nextToken).toBeUndefined();
  });

  test('pages with opaque tokens (A11)', async () => {
    const first = await list({ maxResults: 2 });
    const second = await list({ maxResults: 2, nextToken: first.nextToken });
    const third = await list({ maxResults: 2, nextToken: second.nextToken });
    expect([first, second, third].map((page) => page.accessEntries?.length)).toEqual([2, 2, 1]);
    expect(third.nextToken).toBeUndefined();
    expect(first.nextToken).not.toBe(second.nextToken);
    expect(first.nextToken).not.toContain('role');
  });

  test('a full last page has no token', async () => {
    expect((await list({ maxResults: 5 })).nextToken).toBeUndefined();
  });

  test('the filter answers only entries with this policy, paged (A12)', async () => {
    const first = await list({ associatedPolicyArn: view, maxResults: 1 });
    expect(first.accessEntries).toEqual([role('r-a')]);
    const second = await list({ associatedPolicyArn: view, maxResults: 1, nextToken: first.nextToken });
    expect(second).toEqual({ accessEntries: [role('r-d')] });
    const unused = view.replace('View', 'Edit');
    expect(await list({ associatedPolicyArn: unused })).toEqual({ accessEntries: [] });
  });

  test.each([0, 101, 1.5, -1])('maxResults %d is refused', async (maxResults) => {
    expect(await outcomeOf(list({ maxResults }))).toBe(`${invalid}maxResults must be between 1 and 100`);
  });

  test('a token of another list, another account or nobody is refused', async () => {
    const { nextToken } = await list({ maxResults: 1 });
    const refusal = `${invalid}The nextToken parameter is not valid`;
    expect(await outcomeOf(list({ nextToken: 'x' }))).toBe(refusal);
    expect(await outcomeOf(list({ nextToken: '' }))).toBe(refusal);
    expect(await outcomeOf(list({ nextToken, associatedPolicyArn: view }))).toBe(refusal);
    const elsewhere = world.call(
      'ListAccessEntries',
      { clusterName: 'prod', nextToken },
      { caller: rootOf(otherAccount) },
    );
    expect(await outcomeOf(elsewhere)).toBe(refusal);
  });

  test('a malformed policy ARN as filter is refused (F13)', async () => {
    expect(await outcomeOf(list({ associatedPolicyArn: 'AmazonEKSViewPolicy' }))).toBe(
      `${invalid}The policyArn parameter format is not valid`,
    );
  });

  test('without maxResults a page has a hundred', async () => {
    const { clusterId } = JSON.parse(
      (await world.storage.list({ prefix: 'eks/' })).entries[0]?.value ?? '',
    ) as { clusterId: string };
    const one = await storedEntry(role('r-a'));
    const extra = Array.from({ length: 100 }, (_, i) => role(`x${String(i).padStart(3, '0')}`));
    await world.storage.commit({
      changes: extra.map((principalArn) => ({
        type: 'put',
        key: accessEntriesPrefix(clusterId) + principalArn,
        value: JSON.stringify({ ...one, principalArn }),
      })),
    });
    const first = await list();
    expect(first.accessEntries).toHaveLength(100);
    const second = await list({ nextToken: first.nextToken });
    expect(second.accessEntries).toHaveLength(5);
  });
});

test('the entry after the three-thousandth is refused, and a duplicate still says so (B32)', async () => {
  const { entries } = await world.storage.list({ prefix: 'eks/' });
  const { clusterId } = JSON.parse(entries[0]?.value ?? '') as ClusterRecord;
  await world.storage.commit({
    changes: Array.from({ length: MAX_ENTRIES_PER_CLUSTER - 1 }, (_, i) => ({
      type: 'put',
      key: accessEntriesPrefix(clusterId) + role(`filler-${i}`),
      value: '{}',
    })),
  });
  const arns = await Promise.all(['x1', 'x2', 'x3'].map((name) => world.add('role', name)));
  const outcomes = await Promise.all(arns.map((principalArn) => outcomeOf(create({ principalArn }))));
  const full = 'ResourceLimitExceededException: A cluster can have at most 3000 access entries';
  expect(outcomes.toSorted()).toEqual([full, full, 'ok']);
  expect(await world.storage.count('access-entry/')).toBe(MAX_ENTRIES_PER_CLUSTER);

  const made = arns[outcomes.indexOf('ok')] ?? '';
  expect(await outcomeOf(create({ principalArn: made }))).toBe(inUse);
  await world.call('DeleteAccessEntry', { clusterName: 'prod', principalArn: made });
  expect(await outcomeOf(create({ principalArn: ops }))).toBe('ok');
});

describe('what permission is judged on (E1, E2, E4)', () => {
  const cluster = `arn:aws:eks:eu-central-1:${account}:cluster/prod`;
  const nobody = '00000000-0000-0000-0000-000000000000';

  test.each(['CreateAccessEntry', 'ListAccessEntries'])('%s: the cluster', async (operation) => {
    expect(await world.judgedOn(operation, { clusterName: 'prod', principalArn: ops })).toEqual({
      action: `eks:${operation}`,
      resources: [cluster],
    });
  });

  const onEntry = [
    'DescribeAccessEntry',
    'UpdateAccessEntry',
    'DeleteAccessEntry',
    'AssociateAccessPolicy',
    'DisassociateAccessPolicy',
    'ListAssociatedAccessPolicies',
  ];
  test.each(onEntry)('%s: the entry with its UUID', async (operation) => {
    const { accessEntry } = await create({ principalArn: ops });
    expect(await world.judgedOn(operation, { clusterName: 'prod', principalArn: ops })).toEqual({
      action: `eks:${operation}`,
      resources: [accessEntry?.accessEntryArn],
    });
  });

  test.each([
    ['no entry', 'prod', () => ops, `prod/role/${account}/ops/${nobody}`],
    ['no cluster', 'missing', () => ops, `missing/role/${account}/ops/${nobody}`],
    ['no principal', 'prod', () => 'x', `prod/-/-/-/${nobody}`],
    ['a session', 'prod', () => `arn:aws:sts::${account}:assumed-role/ops/s`, `prod/-/-/-/${nobody}`],
    ['a pattern', 'prod', () => `arn:aws:iam::${account}:role/*`, `prod/-/-/-/${nobody}`],
  ])('%s: an ARN that is never given out', async (_name, clusterName, principalArn, resource) => {
    const input = { clusterName, principalArn: principalArn() };
    expect(await world.judgedOn('DescribeAccessEntry', input)).toMatchObject({
      resources: [`arn:aws:eks:eu-central-1:${account}:access-entry/${resource}`],
    });
  });

  test('the same cluster name in another account or region is another cluster', async () => {
    await create({ principalArn: ops });
    const input = { clusterName: 'prod', principalArn: ops };
    for (const options of [{ caller: rootOf(otherAccount) }, { region: 'us-east-1' }]) {
      expect(await outcomeOf(world.call('DescribeAccessEntry', input, options))).toBe(
        'ResourceNotFoundException: No cluster found for name: prod.',
      );
    }
  });
});
