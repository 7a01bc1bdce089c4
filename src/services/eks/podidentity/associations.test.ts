import { beforeEach, describe, expect, test } from 'vitest';
import { arnOf } from '../../operation.ts';
import {
  account,
  aNoon,
  clusterInput,
  createApiCluster,
  outcomeOf,
  region,
  type World,
} from '../testworld.ts';
import {
  addPodRole,
  allowRead,
  association,
  callsOf,
  createPodWorld,
  externalId,
  type PodIdentityCalls,
  storedKeys,
  target,
} from './testworld.ts';

let world: World;
let calls: PodIdentityCalls;

beforeEach(async () => {
  world = await createPodWorld();
  calls = callsOf(world);
});

describe('an association', () => {
  test('is answered as EKS answers it (J3, J4)', async () => {
    const made = await calls.create({ tags: { team: 'shop' }, clientRequestToken: 't' });
    expect(made).toEqual({
      clusterName: 'prod',
      namespace: 'shop',
      serviceAccount: 'cart',
      roleArn: association.roleArn,
      associationArn: `arn:aws:eks:${region}:${account}:podidentityassociation/prod/${made.associationId}`,
      associationId: expect.stringMatching(/^a-[a-z0-9]{17}$/),
      tags: { team: 'shop' },
      createdAt: new Date(aNoon),
      modifiedAt: new Date(aNoon),
      disableSessionTags: false,
    });
    expect(await calls.described(made.associationId)).toEqual(made);
  });

  test('with a target role of any account has an external id (J6, J10)', async () => {
    expect(await calls.create({ targetRoleArn: target })).toMatchObject({
      targetRoleArn: target,
      externalId,
    });
  });

  test('keeps its session policy as written (J9)', async () => {
    const policy = allowRead.padEnd(2048);
    expect(await calls.create({ policy, disableSessionTags: true })).toMatchObject({
      policy,
      disableSessionTags: true,
    });
  });

  test('shows the add-on that owns it', async () => {
    const { associationId } = await calls.create();
    const [entry] = (await world.storage.list({ prefix: 'pod-identity/' })).entries;
    const ownerArn = `arn:aws:eks:${region}:${account}:addon/prod/x/y`;
    const value = JSON.stringify({ ...JSON.parse(entry?.value ?? ''), ownerArn });
    await world.storage.commit({ changes: [{ type: 'put', key: entry?.key ?? '', value }] });
    expect(await calls.described(associationId)).toMatchObject({ ownerArn });
    expect((await calls.list()).associations).toMatchObject([{ ownerArn }]);
  });

  test('may be of the longest names, and of many service accounts of one role', async () => {
    const namespace = 'n'.repeat(63);
    const made = await calls.create({ namespace, serviceAccount: `${'s'.repeat(126)}.${'s'.repeat(126)}` });
    expect(made.namespace).toBe(namespace);
    expect(await outcomeOf(calls.create({ serviceAccount: 'default' }))).toBe('ok');
    expect((await calls.list()).associations).toHaveLength(2);
  });

  test('is in registered clusters as in those of this server', async () => {
    await world.call('RegisterCluster', {
      name: 'far',
      connectorConfig: { provider: 'OTHER', roleArn: clusterInput('x').roleArn },
    });
    expect(await calls.create({ clusterName: 'far' })).toMatchObject({ clusterName: 'far' });
    expect((await calls.list()).associations).toEqual([]);
  });

  test('goes with its cluster, and a new one of the name starts empty', async () => {
    const { associationId } = await calls.create();
    await world.call('DeleteCluster', { name: 'prod' });
    expect(await storedKeys(world)).toEqual([]);
    await createApiCluster(world);
    expect(await outcomeOf(calls.described(associationId))).toBe(
      `ResourceNotFoundException: No association found for ID: ${associationId}.`,
    );
    expect(await outcomeOf(calls.create())).toBe('ok');
  });

  test('asks for the role to be passed to pods, and for tags', async () => {
    const made = await calls.create({ tags: { team: 'shop' } });
    expect(
      world.asked
        .slice(-2)
        .map(({ action, resources, context }) => [
          action,
          resources.map(arnOf),
          Object.fromEntries(context ?? []),
        ]),
    ).toEqual([
      ['eks:TagResource', [made.associationArn], { 'aws:requesttag/team': 'shop', 'aws:tagkeys': ['team'] }],
      [
        'iam:PassRole',
        [association.roleArn],
        {
          'iam:passedtoservice': 'pods.eks.amazonaws.com',
          'iam:associatedresourcearn': `arn:aws:eks:${region}:${account}:cluster/prod`,
        },
      ],
    ]);
  });
});

describe('one for each service account', () => {
  test('a second one is refused with the id of the first (F23)', async () => {
    const { associationId } = await calls.create();
    const exists = `ResourceInUseException: Association already exists: ${associationId}`;
    expect(await outcomeOf(calls.create())).toBe(exists);
    expect(await outcomeOf(calls.create({ roleArn: await addPodRole(world, 'other') }))).toBe(exists);
    expect(await outcomeOf(calls.create({ namespace: 'other' }))).toBe('ok');
  });

  test('of many at once exactly one is made', async () => {
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => outcomeOf(calls.create())));
    expect(outcomes.filter((outcome) => outcome === 'ok')).toHaveLength(1);
    expect(await storedKeys(world)).toHaveLength(2);
  });

  test('the same wish with the same token gets the same answer, and every other wish is refused', async () => {
    const wish = { clientRequestToken: 'x', tags: { a: 'b' }, targetRoleArn: target };
    const made = await calls.create(wish);
    expect(await calls.create(wish, { now: aNoon + 1000 })).toEqual(made);
    const exists = `ResourceInUseException: Association already exists: ${made.associationId}`;
    for (const change of [
      { clientRequestToken: 'y' },
      { clientRequestToken: undefined },
      { tags: {} },
      { targetRoleArn: undefined },
      { disableSessionTags: true },
      { roleArn: await addPodRole(world, 'other') },
    ]) {
      expect(await outcomeOf(calls.create({ ...wish, ...change }))).toBe(exists);
    }
    const outcomes = await Promise.all([1, 2, 3].map(() => calls.create({ ...wish, namespace: 'new' })));
    expect(new Set(outcomes.map(({ associationId }) => associationId)).size).toBe(1);
  });

  test('what was deleted makes place, and its id names nothing any more', async () => {
    const made = await calls.create();
    expect(await calls.end(made.associationId)).toEqual(made);
    const gone = `ResourceNotFoundException: No association found for ID: ${made.associationId}.`;
    const next = await calls.create();
    expect(next.associationId).not.toBe(made.associationId);
    for (const call of [
      calls.described(made.associationId),
      calls.end(made.associationId),
      calls.update(made.associationId, { disableSessionTags: true }),
    ]) {
      expect(await outcomeOf(call)).toBe(gone);
    }
    expect(await calls.described(next.associationId)).toEqual(next);
  });

  test('of many deletions at once exactly one answers', async () => {
    const { associationId } = await calls.create();
    const outcomes = await Promise.all([1, 2, 3, 4].map(() => outcomeOf(calls.end(associationId))));
    expect(outcomes.filter((outcome) => outcome === 'ok')).toHaveLength(1);
    expect(await storedKeys(world)).toEqual([]);
  });

  const notLong = 'InvalidParameterException: The parameter associationId should be 19 characters long.';
  test.each([
    ['', notLong],
    ['a-x', notLong],
    ['../x', notLong],
    ['shop/cart', notLong],
    ...['a-00000000000000000', 'longer-shop/cart-00'].map((id) => [
      id,
      `ResourceNotFoundException: No association found for ID: ${id}.`,
    ]),
  ])('`%s` is no id of one', async (id, answer) => {
    await calls.create();
    expect(await outcomeOf(calls.described(id))).toBe(answer);
  });
});

describe('permission is asked (E6)', () => {
  const cluster = `arn:aws:eks:${region}:${account}:cluster/prod`;
  const one = (id: string) => `arn:aws:eks:${region}:${account}:podidentityassociation/prod/${id}`;

  test('to create and to list on the cluster', async () => {
    for (const operation of ['CreatePodIdentityAssociation', 'ListPodIdentityAssociations']) {
      expect(await world.judgedOn(operation, association)).toEqual({
        action: `eks:${operation}`,
        resources: [cluster],
      });
    }
  });

  test.each(['Describe', 'Update', 'Delete'])(
    'to %s on the association, whether it is there or not',
    async (verb) => {
      const { associationId } = await calls.create();
      const action = `eks:${verb}PodIdentityAssociation`;
      for (const [clusterName, id] of [
        ['prod', associationId],
        ['prod', 'a-none'],
      ] as const) {
        expect(await world.judgedOn(action.slice(4), { clusterName, associationId: id })).toEqual({
          action,
          resources: [one(id)],
        });
      }
      expect(await world.judgedOn(action.slice(4), { clusterName: 'none', associationId })).toEqual({
        action,
        resources: [one(associationId).replace('prod', 'none')],
      });
    },
  );

  test('with the tags of the request, and of what is asked about', async () => {
    const { associationId, associationArn } = await calls.create({ tags: { team: 'shop' } });
    const creation = await world.target('CreatePodIdentityAssociation', {
      ...association,
      tags: { team: 'x' },
    });
    expect(Object.fromEntries(creation?.context ?? [])).toEqual({
      'aws:requesttag/team': 'x',
      'aws:tagkeys': ['team'],
    });
    const tags = new Map([['aws:resourcetag/team', 'shop']]);
    const naming = { clusterName: 'prod', associationId };
    for (const [operation, input] of [
      ['DescribePodIdentityAssociation', naming],
      ['DeletePodIdentityAssociation', naming],
      ['TagResource', { resourceArn: associationArn, tags: {} }],
    ] as const) {
      expect((await world.target(operation, input))?.resources).toEqual([
        { arn: associationArn, context: tags },
      ]);
    }
  });
});
