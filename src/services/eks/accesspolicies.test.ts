import type {
  AssociateAccessPolicyResponse,
  DescribeAccessEntryResponse,
  ListAccessPoliciesResponse,
  ListAssociatedAccessPoliciesResponse,
} from '@aws-sdk/client-eks';
import { beforeEach, describe, expect, test } from 'vitest';
import { listAccessPolicies } from '../../engine/accesspolicies/catalogue.ts';
import { account, aNoon, createApiCluster, createWorld, outcomeOf, type World } from './testworld.ts';

const invalid = 'InvalidParameterException: ';
const notAssociated =
  "ResourceNotFoundException: The specified policyArn is not associated with this access entry. You can view its access policies with 'list-associated-access-policies'.";
const unknownPolicy =
  "ResourceNotFoundException: The specified policyArn could not be found. You can view your available access policies with 'list-access-policies'.";

let world: World;
let ops: string;

const policy = (name: string): string => `arn:aws:eks::aws:cluster-access-policy/${name}`;
const view = policy('AmazonEKSViewPolicy');
const edit = policy('AmazonEKSEditPolicy');

beforeEach(async () => {
  world = await createWorld();
  ops = await world.add('role', 'ops');
  await createApiCluster(world);
  await world.call('CreateAccessEntry', { clusterName: 'prod', principalArn: ops });
});

const associate = (input: object = {}, options = {}): Promise<AssociateAccessPolicyResponse> =>
  world.call(
    'AssociateAccessPolicy',
    { clusterName: 'prod', principalArn: ops, policyArn: view, accessScope: { type: 'cluster' }, ...input },
    options,
  );
const disassociate = (policyArn: string): Promise<unknown> =>
  world.call('DisassociateAccessPolicy', { clusterName: 'prod', principalArn: ops, policyArn });
const associated = (input: object = {}): Promise<ListAssociatedAccessPoliciesResponse> =>
  world.call('ListAssociatedAccessPolicies', { clusterName: 'prod', principalArn: ops, ...input });

describe('refused', () => {
  const badArn = `${invalid}The policyArn parameter format is not valid`;
  test.each<readonly [string, object, string]>([
    ['F13', { policyArn: 'AmazonEKSViewPolicy' }, badArn],
    ['F13, a region', { policyArn: view.replace('eks::', 'eks:us-east-1:') }, badArn],
    ['F13, no account', { policyArn: view.replace(':aws:cluster', '::cluster') }, badArn],
    ['F13, half an account', { policyArn: view.replace(':aws:cluster', ':1111:cluster') }, badArn],
    ['F13, an IAM policy', { policyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' }, badArn],
    ['F13, a wildcard', { policyArn: policy('*') }, badArn],
    ['F13, no name', { policyArn: policy('') }, badArn],
    ['F14', { policyArn: policy('AmazonEKSRootPolicy') }, unknownPolicy],
    ['F14, an account', { policyArn: view.replace(':aws:cluster', `:${account}:cluster`) }, unknownPolicy],
    ['F14, another case', { policyArn: policy('amazoneksviewpolicy') }, unknownPolicy],
    ['C15, another partition', { policyArn: view.replace('arn:aws:', 'arn:aws-cn:') }, unknownPolicy],
    [
      'F15',
      { policyArn: policy('AmazonEKSComputePolicy') },
      `${invalid}The specified policyArn can only be associated with service-linked roles`,
    ],
    [
      'F16',
      { accessScope: { type: 'namespace', namespaces: [] } },
      `${invalid}At least 1 namespace must be provided if the type is set as namespace`,
    ],
    [
      'F16, absent',
      { accessScope: { type: 'namespace' } },
      `${invalid}At least 1 namespace must be provided if the type is set as namespace`,
    ],
    [
      'F17',
      { accessScope: { type: 'cluster', namespaces: ['a'] } },
      `${invalid}accessScope should not include namespaces if the type is not set as namespace`,
    ],
    [
      'no type',
      { accessScope: { namespaces: ['a'] } },
      `${invalid}The accessScope type must be one of [cluster, namespace]`,
    ],
    [
      'an unknown type',
      { accessScope: { type: 'Cluster' } },
      `${invalid}The accessScope type must be one of [cluster, namespace]`,
    ],
    [
      'an empty namespace',
      { accessScope: { type: 'namespace', namespaces: ['a', ''] } },
      `${invalid}A namespace of an accessScope has 1 to 253 characters`,
    ],
    [
      'a long namespace',
      { accessScope: { type: 'namespace', namespaces: ['a'.repeat(254)] } },
      `${invalid}A namespace of an accessScope has 1 to 253 characters`,
    ],
    [
      'too many namespaces',
      { accessScope: { type: 'namespace', namespaces: Array.from({ length: 501 }, (_, i) => `n${i}`) } },
      `${invalid}accessScope can include at most 500 namespaces`,
    ],
    [
      'F4',
      { principalArn: `arn:aws:iam::${account}:role/other` },
      "ResourceNotFoundException: The specified principalArn could not be found. You can view your available access entries with 'list-access-entries'.",
    ],
    ['F21', { clusterName: 'missing' }, 'ResourceNotFoundException: No cluster found for name: missing.'],
  ])('%s: %j', async (_fact, input, outcome) => {
    expect(await outcomeOf(associate(input))).toBe(outcome);
    expect((await associated()).associatedAccessPolicies).toEqual([]);
  });

  test.each(['EC2_LINUX', 'EC2_WINDOWS', 'FARGATE_LINUX', 'HYBRID_LINUX', 'HYPERPOD_LINUX'])(
    'F12: a policy for an entry of type %s',
    async (type) => {
      const principalArn = await world.add('role', 'nodes');
      await world.call('CreateAccessEntry', { clusterName: 'prod', principalArn, type });
      expect(await outcomeOf(associate({ principalArn }))).toBe(
        `${invalid}This operation can only be performed on Access Entries with a type of "STANDARD".`,
      );
      expect((await associated({ principalArn })).associatedAccessPolicies).toEqual([]);
    },
  );
});

test('an entry of type EC2 may have the policy of Auto Mode nodes (B5)', async () => {
  const principalArn = await world.add('role', 'nodes');
  await world.call('CreateAccessEntry', { clusterName: 'prod', principalArn, type: 'EC2' });
  expect(await outcomeOf(associate({ principalArn, policyArn: policy('AmazonEKSAutoNodePolicy') }))).toBe(
    'ok',
  );
});

describe('associated', () => {
  test('a cluster scope answers an empty list of namespaces (A6, A8)', async () => {
    const expected = {
      policyArn: view,
      accessScope: { type: 'cluster', namespaces: [] },
      associatedAt: new Date(aNoon),
      modifiedAt: new Date(aNoon),
    };
    expect(await associate()).toEqual({
      clusterName: 'prod',
      principalArn: ops,
      associatedAccessPolicy: expected,
    });
    expect(await associated()).toEqual({
      clusterName: 'prod',
      principalArn: ops,
      associatedAccessPolicies: [expected],
    });
  });

  test('namespaces are kept as given: wildcards, order, spelling unchecked (C6)', async () => {
    const namespaces = ['dev-*', 'B_ad', 'a'];
    const answer = await associate({ accessScope: { type: 'namespace', namespaces } });
    expect(answer.associatedAccessPolicy?.accessScope).toEqual({ type: 'namespace', namespaces });
  });

  test('associating again replaces the scope and keeps associatedAt (C4, C5)', async () => {
    await associate();
    const accessScope = { type: 'namespace', namespaces: ['a'] };
    const again = await associate({ accessScope }, { now: aNoon + 1000 });
    expect(again.associatedAccessPolicy).toEqual({
      policyArn: view,
      accessScope,
      associatedAt: new Date(aNoon),
      modifiedAt: new Date(aNoon + 1000),
    });
    expect((await associated()).associatedAccessPolicies).toEqual([again.associatedAccessPolicy]);
  });

  test('several policies add up and are listed by ARN, paged (C4, A11)', async () => {
    await associate();
    await associate({ policyArn: edit });
    const first = await associated({ maxResults: 1 });
    const second = await associated({ maxResults: 1, nextToken: first.nextToken });
    const names = [first, second].map((page) => page.associatedAccessPolicies?.map((item) => item.policyArn));
    expect(names).toEqual([[edit], [view]]);
    expect(second.nextToken).toBeUndefined();
    expect(await outcomeOf(associated({ nextToken: 'x' }))).toBe(
      `${invalid}The nextToken parameter is not valid`,
    );
  });

  test('racing associations of every policy all survive', async () => {
    const arns = listAccessPolicies('aws').map(({ arn }) => arn);
    const outcomes = await Promise.all(arns.map((policyArn) => outcomeOf(associate({ policyArn }))));
    const accepted = arns.filter((_arn, i) => outcomes[i] === 'ok');
    expect(accepted.length).toBeGreaterThan(20);
    const listed = (await associated()).associatedAccessPolicies?.map((item) => item.policyArn);
    expect(listed).toEqual(accepted);
  });

  test('the entry itself does not change', async () => {
    const before = await world.call('DescribeAccessEntry', { clusterName: 'prod', principalArn: ops });
    await associate({}, { now: aNoon + 1000 });
    const after: DescribeAccessEntryResponse = await world.call('DescribeAccessEntry', {
      clusterName: 'prod',
      principalArn: ops,
    });
    expect(after).toEqual(before);
  });
});

describe('disassociated', () => {
  test('takes one policy away and leaves the others', async () => {
    await associate();
    await associate({ policyArn: edit });
    expect(await disassociate(view)).toEqual({});
    expect((await associated()).associatedAccessPolicies).toMatchObject([{ policyArn: edit }]);
  });

  test('a policy that is not associated is not found (F38)', async () => {
    expect(await outcomeOf(disassociate(view))).toBe(notAssociated);
    expect(await outcomeOf(disassociate('x'))).toBe(notAssociated);
  });

  test('an entry deleted and created again has no policies (B16)', async () => {
    await associate();
    await world.call('DeleteAccessEntry', { clusterName: 'prod', principalArn: ops });
    await world.call('CreateAccessEntry', { clusterName: 'prod', principalArn: ops });
    expect((await associated()).associatedAccessPolicies).toEqual([]);
  });
});

describe('the catalogue', () => {
  const listPolicies = (input: object = {}): Promise<ListAccessPoliciesResponse> =>
    world.call('ListAccessPolicies', input);

  test('answers names and ARNs in byte order (C16)', async () => {
    const { accessPolicies, nextToken } = await listPolicies();
    expect(accessPolicies).toHaveLength(33);
    expect(accessPolicies?.[0]).toEqual({
      name: 'AIDevOpsAgentAccessPolicy',
      arn: policy('AIDevOpsAgentAccessPolicy'),
    });
    expect(nextToken).toBeUndefined();
  });

  test('is paged', async () => {
    const first = await listPolicies({ maxResults: 32 });
    const second = await listPolicies({ maxResults: 32, nextToken: first.nextToken });
    expect([first.accessPolicies?.length, second.accessPolicies?.length]).toEqual([32, 1]);
    expect(second.nextToken).toBeUndefined();
  });

  test('needs permission on everything (E4)', async () => {
    expect(await world.target('ListAccessPolicies', {})).toEqual({
      action: 'eks:ListAccessPolicies',
      resources: ['*'],
      resourceInMessage: `arn:aws:eks:eu-central-1:${account}:*`,
    });
  });
});
