import { expect, test } from 'vitest';
import { subjectOf } from '../iamworld/allowers.ts';
import { policyText as policy, statement, trusting as trusts } from '../iamworld/testworld.ts';
import type { SnapshotAccount } from '../snapshot/snapshot.ts';
import { testAccountId, testArn, testRole, testUser, testWorld } from '../testworld.ts';
import { nodeKey, type ReachNode } from './node.ts';
import { createReach } from './reach.ts';

const allow = (Action: string | string[], more?: object) => statement('Allow', Action, more);
const deny = (Action: string | string[], more?: object) => statement('Deny', Action, more);

const ada = testArn('user/ada');
const bob = testArn('user/bob');
const target = testArn('role/target');
const account = testArn('root');
const other = 'arn:aws:iam::444455556666:role/ci';
const limits = testArn('policy/limits');

/** Ada with these statements, Bob, and the role, which trusts nobody unless it is said. */
function scene(
  statements: readonly object[],
  {
    trust = trusts({ Service: 'nobody.example.com' }),
    user = {},
    role = {},
    ...more
  }: {
    readonly trust?: string;
    readonly user?: object;
    readonly role?: object;
  } & Partial<SnapshotAccount> = {},
): Partial<SnapshotAccount> {
  const inlinePolicies = statements.length === 0 ? {} : { own: policy(...statements) };
  return {
    users: [testUser('ada', { inlinePolicies, ...user }), testUser('bob', { hasPassword: true })],
    roles: [testRole('target', { trustPolicy: trust, ...role }), ...(more.roles ?? [])],
    ...(more.groups && { groups: more.groups }),
    managedPolicies: [
      { arn: limits, document: policy(allow('s3:*')) },
      { arn: testArn('policy/own'), document: policy(allow('s3:*')) },
    ],
  };
}

/** `code certainty` of the first step from Ada to the target, and of everybody else who gets there. */
function stepsTo(arn: string, what: Partial<SnapshotAccount>, more: Parameters<typeof testWorld>[0] = {}) {
  const { world } = testWorld({ account: what, ...more });
  const known = world.principals.named(arn);
  if (known === undefined) throw new Error(`${arn} is not there`);
  const to: ReachNode = { kind: 'iam', subject: subjectOf(known) };
  const chains = createReach(world).stepsTo([to], { maxSteps: 1 });
  return Object.fromEntries(
    chains.map(({ from, steps: [step] }) => [nodeKey(from), `${step.code} ${step.certainty}`]),
  );
}
const adaTo = (...asked: Parameters<typeof stepsTo>) => stepsTo(...asked)[`iam:${ada}`];

const onTarget = { Resource: target };
const compute = [allow('iam:PassRole', onTarget), allow('ec2:RunInstances')];
const ec2 = trusts({ Service: 'ec2.amazonaws.com' });
const onlyFor = (service: string) => ({ Condition: { StringEquals: { 'iam:PassedToService': service } } });
const guarded = (document: string) => ({ guardrails: { serviceControl: [[document]], resourceControl: [] } });

test.for<[string, string | undefined, Partial<SnapshotAccount>, Parameters<typeof testWorld>[0]?]>([
  ['named by the trust policy', 'assumeRole always', scene([], { trust: trusts({ AWS: ada }) })],
  [
    'the account trusted, and a permission',
    'assumeRole always',
    scene([allow('sts:AssumeRole', onTarget)], { trust: trusts({ AWS: account }) }),
  ],
  [
    'the account trusted, no permission',
    undefined,
    scene([allow('sts:AssumeRole', { Resource: bob })], { trust: trusts({ AWS: account }) }),
  ],
  ['a permission, no trust', undefined, scene([allow('sts:AssumeRole')])],
  ['a Deny wins', undefined, scene([deny('sts:*')], { trust: trusts({ AWS: ada }) })],
  [
    'a boundary without it does not matter where she is named',
    'assumeRole always',
    scene([], { trust: trusts({ AWS: ada }), user: { permissionsBoundaryArn: limits } }),
  ],
  [
    'a boundary without it',
    undefined,
    scene([allow('sts:AssumeRole')], {
      trust: trusts({ AWS: account }),
      user: { permissionsBoundaryArn: limits },
    }),
  ],
  [
    'a service control policy without it',
    undefined,
    scene([], { trust: trusts({ AWS: ada }) }),
    guarded(policy(allow('s3:*'))),
  ],
  [
    'under a condition',
    'assumeRole sometimes',
    scene([], { trust: trusts({ AWS: ada }, { Condition: { StringEquals: { 'sts:ExternalId': 'x' } } }) }),
  ],
  [
    'pinned to a former Ada',
    undefined,
    scene([], { trust: trusts({ AWS: ada }), role: { trustedPrincipalIds: { [ada]: 'AIDAFORMER' } } }),
  ],
  ['changing the trust policy', 'updateTrust always', scene([allow('iam:UpdateAssumeRolePolicy', onTarget)])],
  [
    'changing that of another role',
    undefined,
    scene([allow('iam:UpdateAssumeRolePolicy', { Resource: testArn('role/else') })]),
  ],
  ['passing it to EC2', 'passRole always', scene(compute, { trust: ec2 })],
  [
    'passing it to EC2, which it does not trust',
    undefined,
    scene(compute, { trust: trusts({ Service: 'lambda.amazonaws.com' }) }),
  ],
  [
    'passing it under a condition',
    'passRole sometimes',
    scene(
      [
        allow('iam:PassRole', { Condition: { StringEquals: { 'aws:SourceVpc': 'vpc-1' } } }),
        allow('ec2:RunInstances'),
      ],
      { trust: ec2 },
    ),
  ],
  [
    'passing it, trusted under a condition',
    'passRole sometimes',
    scene(compute, {
      trust: trusts(
        { Service: 'ec2.amazonaws.com' },
        { Condition: { StringEquals: { 'aws:SourceAccount': testAccountId } } },
      ),
    }),
  ],
  ['passing it, with nothing to pass it to', undefined, scene([compute[0] ?? {}], { trust: ec2 })],
  ['starting instances without passing it', undefined, scene([compute[1] ?? {}], { trust: ec2 })],
  [
    'passing it to Lambda alone',
    undefined,
    scene(
      [allow('iam:PassRole', { ...onTarget, ...onlyFor('lambda.amazonaws.com') }), allow('ec2:RunInstances')],
      { trust: ec2 },
    ),
  ],
  [
    'creating functions of some names',
    'passRole always',
    scene(
      [
        allow('iam:PassRole'),
        allow('lambda:CreateFunction', { Resource: `arn:aws:lambda:*:${testAccountId}:function:team-*` }),
      ],
      { trust: trusts({ Service: 'lambda.amazonaws.com' }) },
    ),
  ],
  ['a policy on herself', 'administerIam always', scene([allow('iam:PutUserPolicy', { Resource: ada })])],
  [
    'a policy on herself, by a variable',
    'administerIam always',
    scene([allow('iam:PutUserPolicy', { Resource: testArn('user/${aws:username}') })]),
  ],
  ['a policy on Bob', undefined, scene([allow('iam:PutUserPolicy', { Resource: bob })])],
  [
    'a policy on herself within a boundary',
    undefined,
    scene([allow('iam:PutUserPolicy')], { user: { permissionsBoundaryArn: limits } }),
  ],
  [
    'a new version of a policy she has',
    'administerIam always',
    scene([allow('iam:CreatePolicyVersion')], { user: { attachedPolicyArns: [testArn('policy/own')] } }),
  ],
  [
    'a former version of a policy she has',
    'administerIam sometimes',
    scene([allow('iam:SetDefaultPolicyVersion')], { user: { attachedPolicyArns: [testArn('policy/own')] } }),
  ],
  ['a new version of a policy she does not have', undefined, scene([allow('iam:CreatePolicyVersion')])],
  [
    'attaching one policy only',
    undefined,
    scene([allow('iam:AttachUserPolicy', { Condition: { ArnEquals: { 'iam:PolicyARN': limits } } })]),
  ],
  [
    'a role she can be and change',
    'administerIam always',
    scene([allow('iam:PutRolePolicy', { Resource: testArn('role/tool') })], {
      roles: [testRole('tool', { trustPolicy: trusts({ AWS: ada }) })],
    }),
  ],
])('to a role: %s: %s', ([, expected, what, more]) => {
  expect(adaTo(target, what, more)).toBe(expected);
});

const group = (...statements: object[]) => ({
  ...{ arn: testArn('group/admins'), name: 'admins', attachedPolicyArns: [] },
  inlinePolicies: { own: policy(...statements) },
});

test.for<[string, string | undefined, Partial<SnapshotAccount>]>([
  [
    'her group may be changed by her',
    'administerIam always',
    scene([allow('iam:PutGroupPolicy')], {
      user: { groupNames: ['admins'] },
      groups: [group(allow('s3:*'))],
    }),
  ],
  [
    'another group may be changed by her',
    undefined,
    scene([allow('iam:PutGroupPolicy')], { groups: [group(allow('s3:*'))] }),
  ],
  [
    'she may join administrators',
    'administerIam always',
    scene([allow('iam:AddUserToGroup')], { groups: [group(allow('*'))] }),
  ],
  [
    'she may join a group of readers',
    undefined,
    scene([allow('iam:AddUserToGroup')], { groups: [group(allow('s3:Get*'))] }),
  ],
  ['a key of Bob', undefined, scene([allow('iam:CreateAccessKey', { Resource: bob })])],
])('to a role: %s: %s', ([, expected, what]) => {
  expect(adaTo(target, what)).toBe(expected);
});

test.for<[string, string | undefined, Partial<SnapshotAccount>]>([
  [
    'making an access key',
    'createAccessKey always',
    scene([allow('iam:CreateAccessKey', { Resource: bob })]),
  ],
  ['making one of herself', undefined, scene([allow('iam:CreateAccessKey', { Resource: ada })])],
  ['changing the password he has', 'setPassword always', scene([allow('iam:UpdateLoginProfile')])],
  ['giving a password to him who has one', undefined, scene([allow('iam:CreateLoginProfile')])],
  [
    'a Deny on him that she can take away',
    'administerIam sometimes',
    scene([allow('iam:*'), deny('iam:*', { Resource: bob })]),
  ],
])('to a user: %s: %s', ([, expected, what]) => {
  expect(adaTo(bob, what)).toBe(expected);
});

test('the root of the account becomes anybody of it, and is bound by guardrails', () => {
  const root = `iam:${account}`;
  expect(stepsTo(target, scene([]))[root]).toBe('accountRoot always');
  expect(stepsTo(target, scene([]), guarded(policy(allow('*'), deny('iam:*'))))[root]).toBe(undefined);
});

test('an account that was not read is trusted as a whole, a role of it by name, and everybody as that', () => {
  const found = (AWS: string) => stepsTo(target, scene([], { trust: trusts({ AWS }) }));
  expect(found('444455556666')['iam:account arn:aws:iam::444455556666:root']).toBe('assumeRole sometimes');
  expect(found(other)[`iam:${other}`]).toBe('assumeRole sometimes');
  expect(found('*')['iam:account arn:aws:iam::*:root']).toBe('assumeRole sometimes');
});

test('roles that trust each other in a circle end, and the shortest chain is told', () => {
  const roles = ['a', 'b', 'c', 'd'].map((name, at, all) =>
    testRole(name, {
      trustPolicy: trusts({
        AWS: [testArn(`role/${all[(at + 1) % all.length]}`), ...(name === 'b' ? [ada] : [])],
      }),
    }),
  );
  const { world } = testWorld({ account: { users: [testUser('ada')], roles } });
  const reach = createReach(world);
  const nodeOf = (arn: string): ReachNode => {
    const known = world.principals.named(arn);
    if (known === undefined) throw new Error(arn);
    return { kind: 'iam', subject: subjectOf(known) };
  };
  const chains = reach.stepsTo([nodeOf(testArn('role/a'))]);
  const length = Object.fromEntries(chains.map(({ from, steps }) => [nodeKey(from), steps.length]));
  expect(length).toEqual({
    [`iam:${testArn('role/b')}`]: 1,
    [`iam:${testArn('role/c')}`]: 2,
    [`iam:${testArn('role/d')}`]: 3,
    [`iam:${ada}`]: 2,
    [`iam:${account}`]: 1,
  });
  const forward = reach.stepsFrom(nodeOf(ada));
  expect(forward.map(({ steps }) => nodeKey(steps.at(-1)?.to ?? nodeOf(ada)))).toEqual(
    ['b', 'a', 'd', 'c'].map((name) => `iam:${testArn(`role/${name}`)}`),
  );
  expect(reach.stepsTo([nodeOf(testArn('role/a'))], { maxSteps: 1 })).toHaveLength(2);
});
