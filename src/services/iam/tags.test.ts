import { describe, expect, test } from 'vitest';
import { AwsError } from '../../wire/protocols/errors.ts';
import type { AuthorizationTarget } from '../operation.ts';
import { account, allowAll, createWorld, trustOf } from './testworld.ts';

type TagList = { Tags: { Key: string; Value: string }[]; IsTruncated: boolean; Marker?: string };

const tag = (Key: string, Value = 'v'): { Key: string; Value: string } => ({ Key, Value });

describe('refusals', () => {
  const cases: readonly [what: string, tags: object[], code: string, message: string | RegExp][] = [
    [
      'keys that differ by case only',
      [tag('Team'), tag('team')],
      'InvalidInputException',
      'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
    ],
    [
      'keys of AWS',
      [tag('AWS:team')],
      'InvalidInputException',
      "Tag keys starting with 'aws:' are reserved for internal use",
    ],
    [
      'a key of 129 characters',
      [tag('ok'), tag('k'.repeat(129))],
      'ValidationError',
      `1 validation error detected: Value '${'k'.repeat(129)}' at 'tags.2.member.key' failed to satisfy constraint: Member must have length less than or equal to 128`,
    ],
    [
      'a value with a character that is not allowed',
      [tag('k', 'a*b')],
      'ValidationError',
      "1 validation error detected: Value 'a*b' at 'tags.1.member.value' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*",
    ],
    [
      '51 tags',
      Array.from({ length: 51 }, (_, index) => tag(`k${index}`)),
      'ValidationError',
      /^1 validation error detected: Value '.*' at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50$/,
    ],
  ];
  test.each(cases)('%s are refused on create and later', async (_, tags, code, message) => {
    const world = await createWorld();
    await world.user('ada');
    const expected = {
      code,
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    };
    for (const [operation, input] of [
      ['CreateUser', { UserName: 'bob' }],
      ['CreateRole', { RoleName: 'ops', AssumeRolePolicyDocument: trustOf({ AWS: '*' }) }],
      ['CreatePolicy', { PolicyName: 'read', PolicyDocument: allowAll }],
      ['TagUser', { UserName: 'ada' }],
    ] as const) {
      await expect(world.call(operation, { ...input, Tags: tags })).rejects.toMatchObject(expected);
    }
  });

  test('a 51st tag is one too many, over two calls', async () => {
    const world = await createWorld();
    await world.role('ops');
    const tags = Array.from({ length: 50 }, (_, index) => tag(`k${index}`));
    await world.call('TagRole', { RoleName: 'ops', Tags: tags });
    await world.call('TagRole', { RoleName: 'ops', Tags: [tag('K7', 'replaced')] });
    await expect(world.call('TagRole', { RoleName: 'ops', Tags: [tag('more')] })).rejects.toMatchObject({
      code: 'LimitExceededException',
    });
  });

  test('creating with tags without the permission to tag is refused', async () => {
    const asked: AuthorizationTarget[] = [];
    const world = await createWorld({
      authorize: async (_, target) => {
        asked.push(target);
        throw new AwsError('AccessDenied', 'no');
      },
    });
    const bob = await world.user('bob');
    await expect(
      world.call('CreateUser', { UserName: 'ada', Path: '/team/', Tags: [tag('team')] }, bob),
    ).rejects.toMatchObject({ code: 'AccessDenied' });
    expect(asked).toEqual([
      {
        action: 'iam:TagUser',
        resources: [`arn:aws:iam::${account}:user/team/ada`],
        context: new Map<string, string | string[]>([
          ['aws:requesttag/team', 'v'],
          ['aws:tagkeys', ['team']],
        ]),
      },
    ]);
  });

  test('without anybody to ask, only the root creates with tags', async () => {
    const world = await createWorld();
    const bob = await world.user('bob');
    await expect(
      world.call('CreatePolicy', { PolicyName: 'p', PolicyDocument: allowAll, Tags: [tag('a')] }, bob),
    ).rejects.toMatchObject({ code: 'AccessDenied' });
    await world.call('CreatePolicy', { PolicyName: 'p', PolicyDocument: allowAll, Tags: [tag('a')] });
  });
});

test.each([
  ['User', 'ada'],
  ['Role', 'ops'],
])(
  'tags of a %s are added, replaced without regard to case, listed in pages and removed',
  async (word, name) => {
    const world = await createWorld();
    await world.user('ada');
    await world.role('ops');
    const who = { [`${word}Name`]: name };
    await world.call(`Tag${word}`, { ...who, Tags: [tag('team', 'a'), tag('é'.repeat(128), 'long')] });
    await world.call(`Tag${word}`, { ...who, Tags: [tag('TEAM', 'b'), tag('cost')] });
    const first = await world.call<TagList>(`List${word}Tags`, { ...who, MaxItems: 2 });
    expect(first).toMatchObject({ Tags: [tag('cost'), tag('TEAM', 'b')], IsTruncated: true });
    const second = await world.call<TagList>(`List${word}Tags`, { ...who, Marker: first.Marker });
    expect(second).toEqual({ Tags: [tag('é'.repeat(128), 'long')], IsTruncated: false });
    await world.call(`Untag${word}`, { ...who, TagKeys: ['team', 'é'.repeat(128), 'unknown'] });
    const answer = await world.call<Record<string, { Tags: object[] }>>(`Get${word}`, who);
    expect(answer[word]?.Tags).toEqual([tag('cost')]);
  },
);

describe('tags of policies', () => {
  const own = `arn:aws:iam::${account}:policy/read`;
  const admin = 'arn:aws:iam::aws:policy/AdministratorAccess';
  const refused = `User: arn:aws:iam::${account}:root is not authorized to perform: iam:`;

  test.each([
    ['TagPolicy', { PolicyArn: `${own}er`, Tags: [tag('a')] }, `Policy ${own}er was not found.`],
    ['UntagPolicy', { PolicyArn: `${own}er`, TagKeys: ['a'] }, `Policy ${own}er was not found.`],
    ['TagPolicy', { PolicyArn: admin, Tags: [tag('a')] }, `${refused}TagPolicy on resource: policy ${admin}`],
    [
      'UntagPolicy',
      { PolicyArn: admin, TagKeys: ['a'] },
      `${refused}UntagPolicy on resource: policy ${admin}`,
    ],
  ])('%s %j is refused', async (operation, input, message) => {
    const world = await createWorld();
    await expect(world.call(operation, input)).rejects.toMatchObject({ message });
  });

  test('are added, replaced, listed in pages, shown by GetPolicy and removed', async () => {
    const world = await createWorld();
    await world.call('CreatePolicy', {
      PolicyName: 'read',
      PolicyDocument: allowAll,
      Tags: [tag('team', 'a')],
    });
    await world.call('TagPolicy', { PolicyArn: own, Tags: [tag('TEAM', 'b'), tag('cost')] });
    const first = await world.call<TagList>('ListPolicyTags', { PolicyArn: own, MaxItems: 1 });
    expect(first).toMatchObject({ Tags: [tag('cost')], IsTruncated: true });
    const second = await world.call<TagList>('ListPolicyTags', { PolicyArn: own, Marker: first.Marker });
    expect(second).toEqual({ Tags: [tag('TEAM', 'b')], IsTruncated: false });
    await world.call('UntagPolicy', { PolicyArn: own, TagKeys: ['team'] });
    const { Policy } = await world.call<{ Policy: { Tags: object[] } }>('GetPolicy', { PolicyArn: own });
    expect(Policy.Tags).toEqual([tag('cost')]);
  });
});

test('a marker that stands on a long tag key is taken back', async () => {
  const world = await createWorld();
  await world.user('ada');
  const keys = ['é'.repeat(128), 'ê'.repeat(128)];
  await world.call('TagUser', { UserName: 'ada', Tags: keys.map((key) => tag(key)) });
  const { Marker } = await world.call<TagList>('ListUserTags', { UserName: 'ada', MaxItems: 1 });
  const { Tags } = await world.call<TagList>('ListUserTags', { UserName: 'ada', Marker });
  expect(Tags.map(({ Key }) => Key)).toEqual(keys.slice(1));
});
