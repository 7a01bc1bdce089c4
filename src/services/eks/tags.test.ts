import type {
  CreateAccessEntryResponse,
  CreatePodIdentityAssociationResponse,
  ListTagsForResourceResponse,
} from '@aws-sdk/client-eks';
import { beforeEach, describe, expect, test } from 'vitest';
import { podTrust } from './podidentity/testworld.ts';
import {
  account,
  createApiCluster,
  createWorld,
  otherAccount,
  outcomeOf,
  rootOf,
  type World,
} from './testworld.ts';

const cluster = `arn:aws:eks:eu-central-1:${account}:cluster/prod`;
const notFound = 'NotFoundException: Resource was not found';
const bad = 'BadRequestException: ';

let world: World;
let entry: string;
let association: string;

beforeEach(async () => {
  world = await createWorld();
  await createApiCluster(world);
  const principalArn = await world.add('role', 'ops', { path: '/team/' });
  const { accessEntry }: CreateAccessEntryResponse = await world.call('CreateAccessEntry', {
    clusterName: 'prod',
    principalArn,
  });
  entry = accessEntry?.accessEntryArn ?? '';
  const subject = { clusterName: 'prod', namespace: 'shop', serviceAccount: 'cart' };
  const made: CreatePodIdentityAssociationResponse = await world.call('CreatePodIdentityAssociation', {
    ...subject,
    roleArn: await world.add('role', 'pods', { trustPolicy: podTrust }),
  });
  association = made.association?.associationArn ?? '';
});

const tag = (resourceArn: string, tags: object, options = {}): Promise<unknown> =>
  world.call('TagResource', { resourceArn, tags }, options);
const untag = (resourceArn: string, tagKeys: readonly string[]): Promise<unknown> =>
  world.call('UntagResource', { resourceArn, tagKeys });
const tagsOf = async (resourceArn: string, options = {}): Promise<unknown> =>
  (await world.call<ListTagsForResourceResponse>('ListTagsForResource', { resourceArn }, options)).tags;

const many = (count: number): object =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, '']));

test.each<readonly [string, () => string]>([
  ['the cluster', () => cluster],
  ['the entry', () => entry],
  ['the association', () => association],
])('tags of %s are added, replaced and removed (A18)', async (_, arnNow) => {
  const arn = arnNow();
  expect(await tagsOf(arn)).toEqual({});
  await tag(arn, { a: '1', b: '' });
  await tag(arn, { a: '2', c: '3' });
  expect(await tagsOf(arn)).toEqual({ a: '2', b: '', c: '3' });
  await untag(arn, ['b', 'absent']);
  expect(await tagsOf(arn)).toEqual({ a: '2', c: '3' });
  expect(await tagsOf(arn === cluster ? entry : cluster)).toEqual({});
});

test('the tags of an entry show in DescribeAccessEntry', async () => {
  await tag(entry, { a: '1' });
  const principalArn = `arn:aws:iam::${account}:role/team/ops`;
  const described = await world.call('DescribeAccessEntry', { clusterName: 'prod', principalArn });
  expect(described).toMatchObject({ accessEntry: { tags: { a: '1' } } });
});

describe('refused', () => {
  test.each([
    ['a cluster that does not exist', () => `${cluster}x`],
    ['a cluster of another account', () => cluster.replace(account, otherAccount)],
    ['a cluster of another region', () => cluster.replace('eu-central-1', 'us-east-1')],
    ['a cluster of another partition', () => cluster.replace('arn:aws:', 'arn:aws-cn:')],
    ['more than a cluster', () => `${cluster}/x`],
    ['an entry with another UUID', () => entry.replace(/[^/]+$/, '00000000-0000-0000-0000-000000000000')],
    ['an entry without UUID', () => entry.replace(/\/[^/]+$/, '')],
    ['an entry of another kind', () => entry.replace('/role/', '/user/')],
    ['an association with another id', () => association.replace(/[^/]+$/, 'a-00000000000000000')],
    ['an association without id', () => association.replace(/[^/]+$/, '')],
    ['an association of another cluster', () => association.replace('/prod/', '/other/')],
    ['more than an association', () => `${association}/x`],
    ['an association by its service account', () => association.replace(/[^/]+$/, 'shop/cart')],
    ['an association of another account', () => association.replace(account, otherAccount)],
    ['a node group', () => `arn:aws:eks:eu-central-1:${account}:nodegroup/prod/ng/x`],
  ])('%s is not found', async (_name, arn) => {
    expect(await outcomeOf(tag(arn(), { a: '1' }))).toBe(notFound);
    expect(await outcomeOf(untag(arn(), ['a']))).toBe(notFound);
    expect(await outcomeOf(tagsOf(arn()))).toBe(notFound);
  });

  test('somebody of another account finds nothing under our ARN', async () => {
    expect(await outcomeOf(tag(cluster, { a: '1' }, { caller: rootOf(otherAccount) }))).toBe(notFound);
  });

  test.each(['x', '', `arn:aws:iam::${account}:role/ops`])('`%s` is no EKS resource', async (arn) => {
    expect(await outcomeOf(tag(arn, { a: '1' }))).toBe(`${bad}The resourceArn parameter format is not valid`);
  });

  test.each<readonly [string, object, string]>([
    ['the reserved prefix', { 'aws:a': '' }, 'The tag key aws:a is invalid, it cannot start with aws:'],
    [
      'the reserved prefix in another case',
      { 'AwS:a': '' },
      'The tag key AwS:a is invalid, it cannot start with aws:',
    ],
    ['an empty key', { '': '' }, 'A tag key has 1 to 128 characters'],
    ['a long key', { ['k'.repeat(129)]: '' }, 'A tag key has 1 to 128 characters'],
    ['a long value', { k: 'v'.repeat(257) }, 'The value of tag k is longer than 256 characters'],
    ['51 tags', many(51), 'A resource can have at most 50 tags'],
  ])('%s', async (_name, tags, message) => {
    expect(await outcomeOf(tag(cluster, tags))).toBe(bad + message);
    expect(await tagsOf(cluster)).toEqual({});
  });

  test('the fifty-first tag, one at a time', async () => {
    await tag(cluster, many(50));
    expect(await outcomeOf(tag(cluster, { more: '' }))).toBe(`${bad}A resource can have at most 50 tags`);
    expect(await outcomeOf(tag(cluster, { k1: 'changed' }))).toBe('ok');
  });

  test('removing a reserved tag', async () => {
    expect(await outcomeOf(untag(cluster, ['aws:x']))).toContain('it cannot start with aws:');
  });
});

test('the tags of an association show in DescribePodIdentityAssociation, and end with it', async () => {
  await tag(association, { a: '1' });
  const naming = { clusterName: 'prod', associationId: association.split('/').at(-1) };
  expect(await world.call('DescribePodIdentityAssociation', naming)).toMatchObject({
    association: { tags: { a: '1' } },
  });
  await world.call('DeletePodIdentityAssociation', naming);
  expect(await outcomeOf(tagsOf(association))).toBe(notFound);
});

test('racing tags all survive', async () => {
  const keys = Array.from({ length: 30 }, (_, i) => `k${i}`);
  await Promise.all(keys.map((key) => tag(entry, { [key]: '' })));
  expect(Object.keys((await tagsOf(entry)) as object).toSorted()).toEqual(keys.toSorted());
});

test.each(['TagResource', 'UntagResource', 'ListTagsForResource'])(
  'permission for %s is judged on the ARN as sent',
  async (operation) => {
    expect(await world.judgedOn(operation, { resourceArn: 'anything' })).toEqual({
      action: `eks:${operation}`,
      resources: ['anything'],
    });
  },
);
