import { beforeEach, describe, expect, test } from 'vitest';
import { contextKey } from '../../engine/iam/request.ts';
import type { AccessEntryRecord, ClusterRecord } from '../../storage/records/eks.ts';
import {
  accessEntryKey,
  clusterKey,
  matchedRoleKey,
  matchedRolesPrefix,
} from '../../storage/records/keys.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import { createPageTokens } from '../../wire/protocols/pagetoken.ts';
import { MAX_ENTRIES_PER_CLUSTER } from '../eks/entryquota.ts';
import {
  account,
  aNoon,
  createApiCluster,
  createWorld,
  otherAccount,
  region,
  rootOf,
  type World,
} from '../eks/testworld.ts';
import type { AuthorizationTarget, OperationContext } from '../operation.ts';
import { testContext } from '../testworld.ts';
import { accessEntryOperations } from './accessentries.ts';
import { associationOperations } from './associations.ts';
import type { ShownEntry } from './shownentry.ts';

const setArn = `arn:aws:iam::${account}:role/AWSReservedSSO_View_*`;
const setPath = '/aws-reserved/sso.amazonaws.com/eu-central-1/';
const patternArn = `arn:aws:iam::${account}:role/dev-*`;
const policyArn = 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy';

let world: World;
let clusterId: string;
/** Second checks that are refused. */
let refused: Set<string>;

beforeEach(async () => {
  world = await createWorld();
  await createApiCluster(world);
  const stored = await world.storage.get(clusterKey(account, region, 'prod'));
  clusterId = (JSON.parse(stored?.value ?? '{}') as ClusterRecord).clusterId;
  refused = new Set();
});

const contextAt = (now: number): OperationContext => ({
  ...testContext(world.storage),
  caller: rootOf(account),
  region,
  now,
});

function operation(name: string) {
  const deps = {
    storage: world.storage,
    random: {
      uuid: () => '0b7b0e3c-0000-4000-8000-000000000000',
      bytes: (length: number) => new Uint8Array(length),
    },
    partition: 'aws',
    pageTokens: createPageTokens(new Uint8Array(32)),
    async authorize(_context: OperationContext, target: AuthorizationTarget) {
      if (refused.has(target.action)) throw new AwsError('AccessDeniedException', `no ${target.action}`);
    },
  };
  const found = { ...accessEntryOperations(deps), ...associationOperations(deps) }[name];
  if (found === undefined || found.unsigned) throw new Error(`no operation ${name}`);
  return found;
}

function call<Output>(name: string, input: object, now = aNoon): Promise<Output> {
  return operation(name).handle({ clusterName: 'prod', ...input }, contextAt(now)) as Promise<Output>;
}

const create = (input: object) => call<{ accessEntry: ShownEntry }>('CreateAccessEntry', input);
const describeOurs = async (principalArn: string, now?: number) =>
  (await call<{ accessEntry: ShownEntry }>('DescribeAccessEntry', { principalArn }, now)).accessEntry;
const preview = (principalArn: string) =>
  call<{ principalArn: string; matchedRoles: { principalArn: string }[]; previewToken: string }>(
    'PreviewPrincipalMatcher',
    { principalArn },
  );

async function refusalOf(answer: Promise<unknown>): Promise<string> {
  try {
    await answer;
    return 'ok';
  } catch (error) {
    if (error instanceof AwsError) return error.code;
    throw error;
  }
}

const countEntries = (): Promise<number> => world.storage.count('access-entry/');

describe('no entry is made of', () => {
  test.each([
    ['one role', `arn:aws:iam::${account}:role/dev`],
    ['every role', `arn:aws:iam::${account}:role/*`],
    ['nearly every role', `arn:aws:iam::${account}:role/a*b*`],
    ['every account', 'arn:aws:iam::*:role/dev-*'],
    ['no account', 'arn:aws:iam:::role/dev-*'],
    ['another partition', `arn:aws-cn:iam::${account}:role/dev-*`],
    ['a path', `arn:aws:iam::${account}:role/*/dev`],
    ['users', `arn:aws:iam::${account}:user/dev-*`],
    ['sessions', `arn:aws:sts::${account}:assumed-role/dev/*`],
    ['every permission set', `arn:aws:iam::${account}:role/AWSReservedSSO_*`],
    ['permission sets whose names begin alike', `arn:aws:iam::${account}:role/AWSReservedSSO_View*`],
    ['every permission set by less of their names', `arn:aws:iam::${account}:role/AWSReservedSSO*`],
    ['every permission set by their first letters', `arn:aws:iam::${account}:role/AWS*`],
    ['permission sets in another case', `arn:aws:iam::${account}:role/awsreservedsso_View*`],
    ['a permission set with a star in its name', `arn:aws:iam::${account}:role/AWSReservedSSO_V*w_*`],
    ['a permission set below another path', `arn:aws:iam::${account}:role/sso/AWSReservedSSO_View_*`],
  ])('%s', async (_, principalArn) => {
    expect(await refusalOf(preview(principalArn))).toBe('InvalidParameterException');
    expect(await refusalOf(create({ principalArn, username: 'dev:{{SessionName}}' }))).toBe(
      'InvalidParameterException',
    );
    expect(await countEntries()).toBe(0);
  });

  test.each<[string, object, string]>([
    ['a group of Kubernetes', { kubernetesGroups: ['system:masters'] }, 'InvalidParameterException'],
    ['a username that the caller begins', { username: '{{SessionName}}' }, 'InvalidParameterException'],
    ['a reserved username', { username: 'system:node:{{SessionName}}' }, 'InvalidParameterException'],
    ['tags of AWS', { tags: { 'aws:x': 'y' } }, 'InvalidParameterException'],
    ['a cluster that is not there', { clusterName: 'none' }, 'ResourceNotFoundException'],
  ])('a permission set with %s', async (_, input, code) => {
    expect(await refusalOf(create({ principalArn: setArn, ...input }))).toBe(code);
    expect(await countEntries()).toBe(0);
  });

  test('a permission set with tags by who may not tag', async () => {
    refused.add('eks:TagResource');
    expect(await refusalOf(create({ principalArn: setArn, tags: { team: 'a' } }))).toBe(
      'AccessDeniedException',
    );
  });

  test('a pattern that was not previewed, or previewed as another, or before its roles changed', async () => {
    const wish = { principalArn: patternArn, username: 'dev:{{SessionName}}' };
    await world.add('role', 'dev-a');
    const { previewToken } = await preview(patternArn);
    const other = await preview(`arn:aws:iam::${account}:role/dev*`);
    expect(await refusalOf(create(wish))).toBe('InvalidRequestException');
    expect(await refusalOf(create({ ...wish, previewToken: other.previewToken }))).toBe(
      'InvalidParameterException',
    );
    expect(await refusalOf(create({ ...wish, previewToken: `${previewToken}x` }))).toBe(
      'InvalidParameterException',
    );
    await world.add('role', 'dev-b');
    expect(await refusalOf(create({ ...wish, previewToken }))).toBe('InvalidRequestException');
    // The same name, and another role.
    await world.remove('role', 'dev-b');
    await world.remove('role', 'dev-a');
    await world.add('role', 'dev-a');
    expect(await refusalOf(create({ ...wish, previewToken }))).toBe('InvalidRequestException');
    expect(await countEntries()).toBe(0);
  });

  test('a pattern without a username', async () => {
    const { previewToken } = await preview(patternArn);
    expect(await refusalOf(create({ principalArn: patternArn, previewToken }))).toBe(
      'InvalidParameterException',
    );
  });

  test('more than EKS lets a cluster have, whichever operation made them', async () => {
    await world.storage.commit({
      changes: Array.from({ length: MAX_ENTRIES_PER_CLUSTER }, (_, n) => ({
        type: 'put' as const,
        key: accessEntryKey(clusterId, `arn:aws:iam::${account}:role/r${n}`),
        value: '{}',
      })),
    });
    expect(await refusalOf(create({ principalArn: setArn }))).toBe('ResourceLimitExceededException');
  });

  test('what has one already', async () => {
    await create({ principalArn: setArn });
    expect(await refusalOf(create({ principalArn: setArn }))).toBe('ResourceInUseException');
  });
});

describe('a preview', () => {
  test('shows the roles that match now, whatever their path, and no others', async () => {
    await world.add('role', 'AWSReservedSSO_View_0123456789abcdef', {
      path: setPath,
      principalId: 'AROAVIEW',
    });
    await world.add('role', 'AWSReservedSSO_View_Only_0123456789abcdef', { path: setPath });
    await world.add('role', 'AWSReservedSSO_View_0123456789abcde', { path: setPath });
    expect(await preview(setArn)).toMatchObject({
      principalArn: setArn,
      matchedRoles: [
        {
          principalArn: `arn:aws:iam::${account}:role${setPath}AWSReservedSSO_View_0123456789abcdef`,
          principalId: 'AROAVIEW',
          source: 'iam',
        },
      ],
    });
  });

  test('does not tell the roles of another account', async () => {
    await world.add('role', 'dev-a', { accountId: otherAccount });
    const { matchedRoles } = await preview(`arn:aws:iam::${otherAccount}:role/dev-*`);
    expect(matchedRoles).toEqual([]);
  });

  test('is judged on the cluster', async () => {
    expect(
      await operation('PreviewPrincipalMatcher').authorization(
        { clusterName: 'prod', principalArn: setArn },
        contextAt(aNoon),
      ),
    ).toMatchObject({
      action: 'entryway:PreviewPrincipalMatcher',
      resources: [`arn:aws:eks:${region}:${account}:cluster/prod`],
    });
  });
});

describe('an entry of a permission set', () => {
  test.each([
    setArn,
    `arn:aws:iam::${account}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_View_*`,
    `arn:aws:iam::${account}:role${setPath}AWSReservedSSO_View_*`,
  ])('is one however it is written: %s', async (principalArn) => {
    const { accessEntry } = await create({ principalArn, kubernetesGroups: ['viewers'] });
    expect(accessEntry).toMatchObject({
      principalArn: setArn,
      principalId: '',
      pinnedBy: 'matcher',
      type: 'STANDARD',
      username: `sso:${account}:View:{{SessionName}}`,
      kubernetesGroups: ['viewers'],
    });
    const target = await operation('CreateAccessEntry').authorization(
      { clusterName: 'prod', principalArn },
      contextAt(aNoon),
    );
    expect(target?.action).toBe('eks:CreateAccessEntry');
    expect(target?.context?.get(contextKey('eks:principalArn'))).toBe(setArn);
    const { principalId, type } = JSON.parse(
      (await world.storage.get(accessEntryKey(clusterId, setArn)))?.value ?? '{}',
    ) as AccessEntryRecord;
    expect({ principalId, type }).toEqual({ principalId: '', type: 'STANDARD' });
    const association = { principalArn, policyArn, accessScope: { type: 'cluster' } };
    expect(await call('AssociateAccessPolicy', association)).toMatchObject({ principalArn: setArn });
    expect(await describeOurs(principalArn)).toMatchObject({
      principalArn: setArn,
      accessPolicies: [{ policyArn }],
    });
    const judged = (arn: string) =>
      operation('AssociateAccessPolicy').authorization(
        { ...association, clusterName: 'prod', principalArn: arn },
        contextAt(aNoon),
      );
    expect(await judged(principalArn)).toEqual(await judged(setArn));
  });

  test('is described, listed, changed, tagged, given policies and deleted by EKS’s own operations', async () => {
    await create({ principalArn: setArn });
    const named = { clusterName: 'prod', principalArn: setArn };
    const { accessEntry } = await world.call<{ accessEntry: { accessEntryArn: string } }>(
      'DescribeAccessEntry',
      named,
    );
    expect(await world.call('ListAccessEntries', { clusterName: 'prod' })).toEqual({
      accessEntries: [setArn],
    });
    await world.call('UpdateAccessEntry', { ...named, kubernetesGroups: ['team'] });
    await world.call('AssociateAccessPolicy', { ...named, policyArn, accessScope: { type: 'cluster' } });
    await world.call('TagResource', { resourceArn: accessEntry.accessEntryArn, tags: { team: 'a' } });
    expect(await describeOurs(setArn)).toMatchObject({
      kubernetesGroups: ['team'],
      tags: { team: 'a' },
      accessPolicies: [{ policyArn, expired: false }],
    });
    await world.call('DisassociateAccessPolicy', { ...named, policyArn });
    await world.call('DeleteAccessEntry', named);
    expect(await countEntries()).toBe(0);
  });
});

test('EKS’s own operation makes no entry of a matcher', async () => {
  expect(
    await refusalOf(world.call('CreateAccessEntry', { clusterName: 'prod', principalArn: setArn })),
  ).toBe('InvalidParameterException');
});

test('an entry of a pattern is made of what was previewed', async () => {
  await world.add('role', 'dev-a');
  const { previewToken } = await preview(patternArn);
  const { accessEntry } = await create({
    principalArn: patternArn,
    previewToken,
    username: 'dev:{{SessionName}}',
  });
  expect(accessEntry).toMatchObject({ principalArn: patternArn, username: 'dev:{{SessionName}}' });
});

describe('what EKS does not show', () => {
  test('is the roles a matcher let in, with those it means now; what it saw ends with it', async () => {
    await world.add('role', 'dev-a', { principalId: 'AROADEVA' });
    const { previewToken } = await preview(patternArn);
    const wish = { principalArn: patternArn, username: 'dev:{{SessionName}}' };
    await create({ ...wish, previewToken });
    const saw = (principalId: string, name: string, seenAt: number) =>
      world.storage.commit({
        changes: [
          {
            type: 'put',
            key: matchedRoleKey(clusterId, patternArn, principalId),
            value: JSON.stringify({
              principalArn: `arn:aws:iam::${account}:role/${name}`,
              principalId,
              seenAt,
            }),
          },
        ],
      });
    await saw('AROADEVA', 'dev-a', aNoon + 1);
    await saw('AROADEVB', 'dev-b', aNoon + 2);
    await saw('AROADEVC', 'dev-c', aNoon - 1);
    expect((await describeOurs(patternArn)).matchedRoles).toEqual([
      {
        principalArn: `arn:aws:iam::${account}:role/dev-a`,
        principalId: 'AROADEVA',
        source: 'iam',
        seenAt: new Date(aNoon + 1),
      },
      {
        principalArn: `arn:aws:iam::${account}:role/dev-b`,
        principalId: 'AROADEVB',
        source: 'seen',
        seenAt: new Date(aNoon + 2),
      },
    ]);
    await world.call('DeleteAccessEntry', { clusterName: 'prod', principalArn: patternArn });
    expect(await world.storage.count(matchedRolesPrefix(clusterId, patternArn))).toBe(0);
  });

  test.each<[string, Partial<AccessEntryRecord>, object]>([
    ['of this server', {}, { pinnedBy: 'local', principalId: 'AROAOPS' }],
    [
      'told by AWS’s IAM',
      { pinnedBy: 'awsIam', pinnedAt: aNoon },
      { pinnedBy: 'awsIam', pinnedAt: new Date(aNoon) },
    ],
    [
      'who came first',
      { pinnedBy: 'firstUse', pinnedAt: aNoon },
      { pinnedBy: 'firstUse', pinnedAt: new Date(aNoon) },
    ],
    ['who is awaited', { pinnedBy: 'firstUse', principalId: '' }, { pinnedBy: 'waiting', principalId: '' }],
  ])('is whom an entry is tied to: somebody %s', async (_, change, shown) => {
    const principalArn = await world.add('role', 'ops', { principalId: 'AROAOPS' });
    await world.call('CreateAccessEntry', { clusterName: 'prod', principalArn });
    const key = accessEntryKey(clusterId, principalArn);
    const record = JSON.parse((await world.storage.get(key))?.value ?? '{}') as AccessEntryRecord;
    const value = JSON.stringify({ ...record, ...change });
    await world.storage.commit({ changes: [{ type: 'put', key, value }] });
    const entry = await describeOurs(principalArn);
    expect(entry).toMatchObject(shown);
    expect(entry).not.toHaveProperty('matchedRoles');
  });

  test('is shown of entries that could not be made any more, too', async () => {
    await create({ principalArn: setArn });
    const record = (await world.storage.get(accessEntryKey(clusterId, setArn)))?.value ?? '';
    const role = await world.add('role', 'AWSReservedSSO_View_0123456789abcdef', { path: setPath });
    for (const [arn, matched] of [
      [`arn:aws:iam::${account}:role/AWSReservedSSO_*`, [expect.objectContaining({ principalArn: role })]],
      [`arn:aws:iam::${account}:role/*/dev`, undefined],
    ] as const) {
      const value = record.replaceAll(setArn, arn);
      const key = accessEntryKey(clusterId, arn);
      await world.storage.commit({ changes: [{ type: 'put', key, value }] });
      expect((await describeOurs(arn)).matchedRoles).toEqual(matched);
    }
  });

  test('is when an association ends, and whether it has', async () => {
    await create({ principalArn: setArn });
    const key = accessEntryKey(clusterId, setArn);
    const record = JSON.parse((await world.storage.get(key))?.value ?? '{}') as AccessEntryRecord;
    const association = {
      policyArn,
      accessScope: { type: 'cluster', namespaces: [] },
      associatedAt: 1,
      modifiedAt: 1,
    };
    const associatedPolicies = [{ ...association, expiresAt: aNoon + 5, reason: 'on call' }];
    await world.storage.commit({
      changes: [{ type: 'put', key, value: JSON.stringify({ ...record, associatedPolicies }) }],
    });
    const shown = { expiresAt: new Date(aNoon + 5), reason: 'on call' };
    expect((await describeOurs(setArn)).accessPolicies).toMatchObject([{ ...shown, expired: false }]);
    expect((await describeOurs(setArn, aNoon + 5)).accessPolicies).toMatchObject([
      { ...shown, expired: true },
    ]);
  });

  test('comes in pages, to who may describe each of them', async () => {
    for (const name of ['a', 'b', 'c']) {
      const principalArn = await world.add('role', name);
      await world.call('CreateAccessEntry', { clusterName: 'prod', principalArn });
    }
    interface Page {
      readonly accessEntries: readonly ShownEntry[];
      readonly nextToken?: string;
    }
    const first = await call<Page>('ListAccessEntries', { maxResults: 2 });
    const second = await call<Page>('ListAccessEntries', { maxResults: 2, nextToken: first.nextToken });
    expect(
      [...first.accessEntries, ...second.accessEntries].map(({ principalArn }) => principalArn.at(-1)),
    ).toEqual(['a', 'b', 'c']);
    expect(second.nextToken).toBeUndefined();
    refused.add('eks:DescribeAccessEntry');
    expect(await refusalOf(call('ListAccessEntries', {}))).toBe('AccessDeniedException');
  });
});
