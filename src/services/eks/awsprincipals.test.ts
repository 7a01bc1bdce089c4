import { describe, expect, test } from 'vitest';
import type { AccessEntryRecord } from '../../storage/records/eks.ts';
import { accessEntriesPrefix, allClustersPrefix } from '../../storage/records/keys.ts';
import type { AwsPrincipalAnswer } from './deps.ts';
import type { NamedPrincipal } from './principals.ts';
import { account, createApiCluster, createWorld, otherAccount, outcomeOf, type World } from './testworld.ts';

const foreign = 'arn:aws:iam::777788889999:role/team/ops';
const invalid = 'InvalidParameterException: The specified principalArn is invalid: invalid principal.';

/** A cluster where AWS answers in this way, or in turn in these. */
async function open(...answers: readonly (AwsPrincipalAnswer | Error)[]) {
  const asked: NamedPrincipal[] = [];
  const world = await createWorld({
    awsPrincipals: {
      async find(named) {
        asked.push(named);
        const answer = answers[Math.min(asked.length, answers.length) - 1];
        if (answer === undefined || answer instanceof Error) throw answer ?? new Error('not to be asked');
        return answer;
      },
    },
  });
  await createApiCluster(world);
  const create = (principalArn = foreign, rest: object = {}) =>
    world.call('CreateAccessEntry', { clusterName: 'prod', principalArn, ...rest });
  return { world, asked, create };
}

async function entries(world: World): Promise<readonly AccessEntryRecord[]> {
  const clusters = await world.storage.list({ prefix: allClustersPrefix });
  const { clusterId } = JSON.parse(clusters.entries[0]?.value ?? '{}') as { clusterId: string };
  const { entries } = await world.storage.list({ prefix: accessEntriesPrefix(clusterId) });
  return entries.map(({ value }) => JSON.parse(value) as AccessEntryRecord);
}

describe('no entry is made for', () => {
  test('a principal of another account, when nobody says who is in AWS', async () => {
    const world = await createWorld();
    await createApiCluster(world);
    const made = world.call('CreateAccessEntry', { clusterName: 'prod', principalArn: foreign });
    expect(await outcomeOf(made)).toBe(invalid);
  });

  test.each<[string, AwsPrincipalAnswer, string]>([
    ['somebody who is not in AWS either', { outcome: 'none' }, invalid],
    [
      'somebody AWS may not be asked about',
      { outcome: 'unknown', because: 'AWS refuses `iam:GetRole` (AccessDenied)', isTemporary: false },
      'InvalidRequestException: The specified principalArn cannot be looked up in AWS: AWS refuses `iam:GetRole` (AccessDenied).',
    ],
    [
      'somebody while AWS does not answer, and clients try again',
      { outcome: 'unknown', because: 'no answer within 10 s', isTemporary: true },
      'ServiceUnavailableException: The specified principalArn cannot be looked up in AWS: no answer within 10 s.',
    ],
  ])('%s', async (_name, answer, outcome) => {
    const { world, create } = await open(answer);
    expect(await outcomeOf(create())).toBe(outcome);
    expect(await entries(world)).toEqual([]);
  });
});

describe('the entry of a principal of AWS', () => {
  test('has the id that AWS tells, and says so', async () => {
    const { world, asked, create } = await open({ outcome: 'found', principalId: 'AROAFROMAWS0000000001' });
    await create();
    expect(asked).toMatchObject([{ kind: 'role', accountId: '777788889999', name: 'ops', arn: foreign }]);
    expect(await entries(world)).toMatchObject([
      {
        principalArn: foreign,
        principalId: 'AROAFROMAWS0000000001',
        pinnedBy: 'awsIam',
        pinnedAt: expect.any(Number),
        username: 'arn:aws:sts::777788889999:assumed-role/ops/{{SessionName}}',
      },
    ]);
  });

  test('has none while it waits for its first use', async () => {
    const { world, create } = await open({ outcome: 'awaited' });
    await create();
    const [entry] = await entries(world);
    expect(entry).toMatchObject({ principalId: '', pinnedBy: 'firstUse' });
    expect(entry).not.toHaveProperty('pinnedAt');
  });

  test('keeps what it is pinned to when it is updated', async () => {
    const { world, create } = await open({ outcome: 'found', principalId: 'AROAFROMAWS0000000001' });
    await create();
    await world.call('UpdateAccessEntry', {
      clusterName: 'prod',
      principalArn: foreign,
      kubernetesGroups: ['g'],
    });
    expect(await entries(world)).toMatchObject([
      { principalId: 'AROAFROMAWS0000000001', pinnedBy: 'awsIam', kubernetesGroups: ['g'] },
    ]);
  });

  test('is made once, however often the same wish comes', async () => {
    const { world, create } = await open({ outcome: 'found', principalId: 'AROAFROMAWS0000000001' });
    await create(foreign, { clientRequestToken: 'a' });
    await create(foreign, { clientRequestToken: 'a' });
    expect(await outcomeOf(create())).toMatch(/^ResourceInUseException/);
    expect(await entries(world)).toHaveLength(1);
  });
});

test('what is known of an entry that stands there is told also while AWS does not answer', async () => {
  const { asked, create } = await open(
    { outcome: 'found', principalId: 'AROAFROMAWS0000000001' },
    { outcome: 'unknown', because: 'no answer within 10 s', isTemporary: true },
  );
  const first = await create(foreign, { clientRequestToken: 'a' });
  expect(await create(foreign, { clientRequestToken: 'a' })).toEqual(first);
  expect(await outcomeOf(create())).toMatch(/^ResourceInUseException/);
  expect(asked).toHaveLength(1);
});

describe('who is here goes first', () => {
  test.each([account, otherAccount])('in account %s, and AWS is not asked', async (accountId) => {
    const { world, asked, create } = await open(new Error('asked'));
    const arn = await world.add('role', 'ops', { accountId, principalId: 'AROALOCAL000000000001' });
    await create(arn);
    expect(asked).toEqual([]);
    const [entry] = await entries(world);
    expect(entry?.principalId).toBe('AROALOCAL000000000001');
    expect(entry).not.toHaveProperty('pinnedBy');
  });

  test('also when they come while AWS is asked', async () => {
    const world = await createWorld({
      awsPrincipals: {
        async find() {
          await world.add('role', 'ops', { accountId: otherAccount, principalId: 'AROALOCAL000000000001' });
          return { outcome: 'found', principalId: 'AROAFROMAWS0000000001' };
        },
      },
    });
    await createApiCluster(world);
    const principalArn = `arn:aws:iam::${otherAccount}:role/ops`;
    await world.call('CreateAccessEntry', { clusterName: 'prod', principalArn });
    const [entry] = await entries(world);
    expect(entry?.principalId).toBe('AROALOCAL000000000001');
    expect(entry).not.toHaveProperty('pinnedBy');
  });
});
