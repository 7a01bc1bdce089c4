import { expect, test } from 'vitest';
import { subjectOf } from '../iamworld/allowers.ts';
import { onlyIf, policyText as policy, statement, trusting as trusts } from '../iamworld/testworld.ts';
import type { SnapshotAccount } from '../snapshot/snapshot.ts';
import { testAccount, testArn, testRole, testSnapshot, testUser, testWorld } from '../testworld.ts';
import { createWorld, type World } from '../world/world.ts';
import { nodeKey } from './node.ts';
import { createReach } from './reach.ts';

const allow = (Action: string | string[], more?: object) => statement('Allow', Action, more);
const deny = (Action: string | string[], more?: object) => statement('Deny', Action, more);
const ada = testArn('user/ada');
const target = testArn('role/target');
const limits = testArn('policy/limits');
const team = testArn('policy/team/write');
const on = (path: string) => ({ Resource: testArn(path) });

/** `code certainty` of the one step from Ada to the role. */
function stepIn(world: World, from = ada): string | undefined {
  const known = world.principals.named(target);
  if (known === undefined) throw new Error('the target is there');
  const to = { kind: 'iam', subject: subjectOf(known) } as const;
  const chain = createReach(world)
    .stepsTo([to], { maxSteps: 1 })
    .find((one) => nodeKey(one.from) === `iam:${from}`);
  return chain && `${chain.steps[0].code} ${chain.steps[0].certainty}`;
}

/** Ada may do `statements`, within `limits` where those are given. */
function scene(
  statements: readonly object[],
  {
    within,
    ...more
  }: { readonly within?: readonly object[]; readonly user?: object } & Partial<SnapshotAccount> = {},
): Partial<SnapshotAccount> {
  const { user, roles = [], managedPolicies = [], ...account } = more;
  return {
    users: [
      testUser('ada', {
        inlinePolicies: { own: policy(...statements) },
        ...(within && { permissionsBoundaryArn: limits }),
        ...user,
      }),
      testUser('bob'),
    ],
    roles: [testRole('target', { trustPolicy: trusts({ Service: 'nobody.example.com' }) }), ...roles],
    managedPolicies: [{ arn: limits, document: policy(...(within ?? [allow('s3:*')])) }, ...managedPolicies],
    ...account,
  };
}

const trustsAda = trusts({ AWS: ada });
const changesTrust = allow('iam:UpdateAssumeRolePolicy', on('role/target'));
const group = (...statements: object[]) => ({
  ...{ arn: testArn('group/ops'), name: 'ops', attachedPolicyArns: [] },
  inlinePolicies: { own: policy(...statements) },
});
const notAdministrator = onlyIf(
  'ArnNotEquals',
  'iam:PolicyARN',
  'arn:aws:iam::aws:policy/AdministratorAccess',
);

test.for<readonly [string, string | undefined, Partial<SnapshotAccount>]>([
  [
    'a boundary keeps her from it',
    undefined,
    scene([changesTrust, allow('iam:*', on('user/ada'))], { within: [allow('s3:*')] }),
  ],
  [
    'she takes her boundary away',
    'administerIam always',
    scene([changesTrust, allow('iam:DeleteUserPermissionsBoundary', on('user/ada'))], {
      within: [allow('iam:DeleteUserPermissionsBoundary')],
    }),
  ],
  [
    'she has another boundary in its place',
    'administerIam always',
    scene([changesTrust, allow('iam:PutUserPermissionsBoundary')], {
      within: [allow('iam:PutUserPermissionsBoundary')],
    }),
  ],
  [
    'only the boundary that she has may be set',
    undefined,
    scene(
      [
        changesTrust,
        allow('iam:PutUserPermissionsBoundary', onlyIf('ArnEquals', 'iam:PermissionsBoundary', limits)),
      ],
      { within: [allow('iam:PutUserPermissionsBoundary')] },
    ),
  ],
  [
    'she writes another text for her boundary',
    'administerIam always',
    scene([changesTrust, allow('iam:CreatePolicyVersion')], { within: [allow('iam:CreatePolicyVersion')] }),
  ],
  [
    'the boundary of somebody else',
    undefined,
    scene([changesTrust, allow('iam:DeleteUserPermissionsBoundary', on('user/bob'))], {
      within: [allow('iam:*', on('user/*'))],
    }),
  ],
  [
    'the boundary denies that it is taken away',
    undefined,
    scene([changesTrust, allow('iam:*Boundary')], {
      within: [allow('iam:*', on('user/*')), deny('iam:*Boundary')],
    }),
  ],
  [
    'a bounded self, and a role that she can change and be',
    'administerIam always',
    scene([allow(['iam:PutUserPolicy', 'iam:PutRolePolicy', 'sts:AssumeRole'])], {
      within: [allow(['iam:PutUserPolicy', 'iam:PutRolePolicy', 'sts:AssumeRole'])],
      roles: [testRole('tool', { trustPolicy: trustsAda })],
    }),
  ],
  [
    'a group that may change the trust policy',
    'administerIam always',
    scene([allow('iam:AddUserToGroup')], { groups: [group(changesTrust)] }),
  ],
  [
    'a group of which she may not add herself',
    undefined,
    scene([allow('iam:AddUserToGroup', on('group/else'))], { groups: [group(changesTrust)] }),
  ],
  [
    'a policy of the team that may change the trust policy',
    'administerIam always',
    scene([allow('iam:AttachUserPolicy', onlyIf('ArnLike', 'iam:PolicyARN', testArn('policy/team/*')))], {
      managedPolicies: [{ arn: team, document: policy(changesTrust) }],
    }),
  ],
  [
    'a policy of the team that she makes',
    'administerIam always',
    scene([
      allow('iam:AttachUserPolicy', onlyIf('ArnLike', 'iam:PolicyARN', testArn('policy/team/*'))),
      allow('iam:CreatePolicy', on('policy/team/*')),
    ]),
  ],
  [
    'all policies but AdministratorAccess',
    'administerIam always',
    scene([allow('iam:AttachUserPolicy', notAdministrator)]),
  ],
  [
    'a role of hers may be changed by a policy it has',
    'administerIam always',
    scene([allow('iam:CreatePolicyVersion')], {
      roles: [testRole('tool', { trustPolicy: trustsAda, attachedPolicyArns: [team] })],
      managedPolicies: [{ arn: team, document: policy(allow('s3:*')) }],
    }),
  ],
  [
    'a role that she lets herself into, and changes',
    'administerIam always',
    scene([allow(['iam:UpdateAssumeRolePolicy', 'iam:PutRolePolicy'], on('role/app-*'))], {
      roles: [testRole('app-1')],
    }),
  ],
  [
    'a user that she gets a key of, and changes',
    'administerIam always',
    scene([allow(['iam:CreateAccessKey', 'iam:PutUserPolicy'], on('user/bob'))]),
  ],
  [
    'a role that she makes',
    'administerIam always',
    scene([allow(['iam:CreateRole', 'iam:AttachRolePolicy'], on('role/ci-*'))]),
  ],
  ['a role that she makes and gives nothing', undefined, scene([allow('iam:CreateRole')])],
  [
    'a role that she makes within a boundary',
    undefined,
    scene([
      allow('iam:CreateRole', {
        ...on('role/ci-*'),
        ...onlyIf('ArnEquals', 'iam:PermissionsBoundary', limits),
      }),
      allow('iam:PutRolePolicy', on('role/ci-*')),
    ]),
  ],
  [
    'a user that she makes',
    'administerIam always',
    scene([allow(['iam:CreateUser', 'iam:PutUserPolicy', 'iam:CreateAccessKey'], on('user/ci/*'))]),
  ],
  [
    'a user that she makes, with no key',
    undefined,
    scene([allow(['iam:CreateUser', 'iam:PutUserPolicy'], on('user/ci/*'))]),
  ],
])('to a role: %s: %s', ([, expected, account]) => {
  expect(stepIn(testWorld({ account }).world)).toBe(expected);
});

const foreign = '444455556666';
const carl = `arn:aws:iam::${foreign}:user/carl`;
const foreignWorld = (statements: readonly object[], AWS = foreign): World =>
  createWorld({
    ...testSnapshot({ account: { roles: [testRole('target', { trustPolicy: trusts({ AWS }) })] } }),
    accounts: [
      testAccount({ roles: [testRole('target', { trustPolicy: trusts({ AWS }) })] }),
      testAccount({
        accountId: foreign,
        users: [testUser('carl', { arn: carl, inlinePolicies: { own: policy(...statements) } })],
      }),
    ],
  });

test('an administrator of a trusted account permits itself to assume the role, and its root makes somebody who may', () => {
  expect(stepIn(foreignWorld([allow('iam:PutUserPolicy')]), carl)).toBe('administerIam always');
  expect(stepIn(foreignWorld([allow('s3:*')]), carl)).toBe(undefined);
  expect(stepIn(foreignWorld([]), `arn:aws:iam::${foreign}:root`)).toBe('accountRoot always');
  expect(stepIn(foreignWorld([allow('iam:PutUserPolicy')], '777788889999'), carl)).toBe(undefined);
  expect(stepIn(foreignWorld([allow('iam:PutUserPolicy')], '*'), carl)).toBe('administerIam always');
});

test.for<readonly [string, string | undefined]>([
  ['aws-service-role/eks.amazonaws.com', undefined],
  ['aws-reserved/sso.amazonaws.com', 'updateTrust sometimes'],
  ['team', 'updateTrust always'],
])('the trust policy of a role below %s: %s', ([path, expected]) => {
  const { world } = testWorld({
    account: {
      users: [testUser('ada', { inlinePolicies: { own: policy(allow('iam:UpdateAssumeRolePolicy')) } })],
      roles: [testRole(`${path}/target`)],
    },
  });
  expect(stepIn(world)).toBe(expected);
});

test.for<readonly [string, string, string | undefined]>([
  ['ec2.amazonaws.com', 'ssm:SendCommand', 'useRunning sometimes'],
  ['lambda.amazonaws.com', 'lambda:UpdateFunctionCode', 'useRunning sometimes'],
  ['lambda.amazonaws.com', 'ssm:SendCommand', undefined],
])('a role of %s, and %s: %s', ([Service, action, expected]) => {
  const { world } = testWorld({
    account: {
      users: [testUser('ada', { inlinePolicies: { own: policy(allow(action)) } })],
      roles: [testRole('target', { trustPolicy: trusts({ Service }) })],
    },
  });
  expect(stepIn(world)).toBe(expected);
});
