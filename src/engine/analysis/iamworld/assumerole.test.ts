import { expect, test } from 'vitest';
import type { SnapshotAccount } from '../snapshot/snapshot.ts';
import { testAccountId, testArn, testRole, testUser, testWorld } from '../testworld.ts';
import type { IamSubject } from '../world/subject.ts';
import type { IamQuestion } from './answer.ts';
import { createIamWorld, type Raise } from './iamworld.ts';
import {
  ada,
  adaWith,
  ask,
  describeCluster,
  onlyIf,
  ops,
  policyText,
  statement,
  trusting,
} from './testworld.ts';

const stranger: IamSubject = {
  ...{ kind: 'iam', type: 'role', arn: 'arn:aws:iam::444455556666:role/ci', accountId: '444455556666' },
  ...{ principalId: '', standing: 'unlisted' },
};
const trusts = (AWS: string | string[], more: object = {}): string => trusting({ AWS }, more);
const assume = { action: 'sts:AssumeRole', resource: testArn('role/admin') };
const admin = (trustPolicy: string, change: object = {}) => testRole('admin', { trustPolicy, ...change });
const mayAssume = statement('Allow', 'sts:AssumeRole');

test.for<[string, string, Partial<SnapshotAccount>, Partial<IamQuestion>?]>([
  ['named by the trust policy', 'always', { ...adaWith(), roles: [admin(trusts(ada.arn))] }],
  [
    'named, and denied by a policy of its own',
    'never',
    { ...adaWith(statement('Deny', 'sts:*')), roles: [admin(trusts(ada.arn))] },
  ],
  [
    'its account named, no policy of its own',
    'never',
    { ...adaWith(), roles: [admin(trusts(testArn('root')))] },
  ],
  [
    'its account named, and a policy of its own',
    'always',
    { ...adaWith(mayAssume), roles: [admin(trusts(testArn('root')))] },
  ],
  [
    'a policy of its own, and no trust',
    'never',
    { ...adaWith(mayAssume), roles: [admin(trusts(testArn('role/x')))] },
  ],
  [
    'trusted with an external id',
    'sometimes',
    { ...adaWith(), roles: [admin(trusts(ada.arn, onlyIf('StringEquals', 'sts:ExternalId', 's3')))] },
  ],
  [
    'trusted with MFA',
    'sometimes',
    { ...adaWith(), roles: [admin(trusts(ada.arn, onlyIf('Bool', 'aws:MultiFactorAuthPresent', 'true')))] },
  ],
  [
    'a former user of the name is pinned',
    'never',
    { ...adaWith(), roles: [admin(trusts(ada.arn), { trustedPrincipalIds: { [ada.arn]: 'AIDAFORMER' } })] },
  ],
  [
    'pinned',
    'always',
    { ...adaWith(), roles: [admin(trusts(ada.arn), { trustedPrincipalIds: { [ada.arn]: 'AIDAADA' } })] },
  ],
  ['no such role', 'never', adaWith(mayAssume)],
  [
    'a role of an account nobody read',
    'sometimes',
    adaWith(mayAssume),
    { resource: 'arn:aws:iam::444455556666:role/x' },
  ],
  [
    'root',
    'never',
    { roles: [admin(trusts(testArn('root')))] },
    { subject: { ...ada, type: 'root', arn: testArn('root') } },
  ],
  [
    'somebody of an account nobody read, trusted',
    'sometimes',
    { roles: [admin(trusts(stranger.arn))] },
    { subject: stranger },
  ],
  [
    'the same, pinned',
    'sometimes',
    { roles: [admin(trusts(stranger.arn), { trustedPrincipalIds: { [stranger.arn]: 'AROACI' } })] },
    { subject: stranger },
  ],
  ['the same, not trusted', 'never', { roles: [admin(trusts(ada.arn))] }, { subject: stranger }],
  [
    'a session of one name is trusted',
    'sometimes',
    { roles: [testRole('ops'), admin(trusts(`arn:aws:sts::${testAccountId}:assumed-role/ops/alice`))] },
    { subject: ops },
  ],
])('for a role: %s: %s', ([, certainty, account, question]) => {
  expect(ask(account, { ...assume, ...question }).certainty).toBe(certainty);
});

test('an Allow elsewhere does not hide that another session is denied', () => {
  const Principal = { AWS: `arn:aws:sts::${testAccountId}:assumed-role/ops/alice` };
  const trust = policyText(
    { Effect: 'Allow', Principal: { AWS: ops.arn }, Action: 'sts:AssumeRole' },
    { Effect: 'Deny', Principal, Action: 'sts:AssumeRole' },
  );
  expect(ask({ roles: [testRole('ops'), admin(trust)] }, { ...assume, subject: ops })).toMatchObject({
    certainty: 'sometimes',
    conditions: [{ kind: 'session', sessionName: 'alice' }],
  });
});

test('tags of a role are known only where no session can bring its own', () => {
  const own = {
    inlinePolicies: {
      own: policyText(describeCluster(onlyIf('StringEquals', 'aws:PrincipalTag/team', 'blue'))),
    },
    tags: { team: 'red' },
  };
  expect(ask({ roles: [testRole('ops', own)] }, { subject: ops }).certainty).toBe('never');
  const taggable = {
    ...own,
    trustPolicy: trusts(testArn('root'), { Action: ['sts:AssumeRole', 'sts:TagSession'] }),
  };
  expect(ask({ roles: [testRole('ops', taggable)] }, { subject: ops }).certainty).toBe('sometimes');
});

test('a service gets a role by the trust policy alone', () => {
  const trustPolicy = policyText({
    Effect: 'Allow',
    Principal: { Service: 'ec2.amazonaws.com' },
    Action: 'sts:AssumeRole',
  });
  const { world } = testWorld({ account: { roles: [admin(trustPolicy)] } });
  const role = world.principals.named(testArn('role/admin'));
  if (role?.kind !== 'role') throw new Error('the role is there');
  const iam = createIamWorld(world);
  const of = (name: string) =>
    iam.askOutsider({ outsider: { kind: 'service', name }, action: 'sts:AssumeRole', role }).certainty;
  expect([of('ec2.amazonaws.com'), of('lambda.amazonaws.com')]).toEqual(['always', 'never']);
});

test('an administrator by its own policies is still limited by its boundary', () => {
  const boundary = testArn('policy/limits');
  const document = policyText(statement('Allow', 'eks:*'));
  const users = [testUser('ada', { permissionsBoundaryArn: boundary })];
  const { world } = testWorld({ account: { users, managedPolicies: [{ arn: boundary, document }] } });
  const iam = createIamWorld(world);
  const as = (action: string) =>
    iam.askRaised({ subject: ada, action, resource: '*' }, { everything: 'more' }).certainty;
  expect([as('eks:ListClusters'), as('iam:ListUsers')]).toEqual(['always', 'never']);
});

test('what an organization sets is not taken to bind accounts outside of the snapshot', () => {
  const deniesAll = (kind: 'serviceControl' | 'resourceControl') => ({
    guardrails: {
      ...{ serviceControl: [], resourceControl: [] },
      [kind]: [
        [
          policyText(
            statement('Allow', '*'),
            statement('Deny', 'sts:*', { ...(kind === 'resourceControl' && { Principal: '*' }) }),
          ),
        ],
      ],
    },
  });
  const theirs = { roles: [admin(trusts(stranger.arn))] };
  const byStranger = { ...assume, subject: stranger };
  expect(ask(theirs, byStranger, deniesAll('serviceControl')).certainty).toBe('sometimes');
  expect(ask(theirs, byStranger, deniesAll('resourceControl')).certainty).toBe('never');
  const away = { ...assume, resource: 'arn:aws:iam::444455556666:role/x' };
  expect(ask(adaWith(mayAssume), away, deniesAll('serviceControl')).certainty).toBe('never');
  expect(ask(adaWith(mayAssume), away, deniesAll('resourceControl')).certainty).toBe('sometimes');
});

test('a raise keeps the boundary that nobody took away, and what extra policies deny', () => {
  const boundary = testArn('policy/limits');
  const users = [testUser('ada', { permissionsBoundaryArn: boundary })];
  const document = policyText(statement('Allow', 'eks:*'));
  const { world } = testWorld({ account: { users, managedPolicies: [{ arn: boundary, document }] } });
  const iam = createIamWorld(world);
  const as = (raise: Raise) =>
    iam.askRaised({ subject: ada, action: 'iam:ListUsers', resource: '*' }, raise).certainty;
  const denying = iam.standings.policies.inline(
    policyText(statement('Deny', 'iam:*')),
    { kind: 'user', name: 'ada' },
    'denying',
  );
  expect(as({ everything: 'only' })).toBe('never');
  expect(as({ everything: 'more', withoutBoundary: true })).toBe('always');
  expect(as({ everything: 'more', withoutBoundary: true, extra: [denying] })).toBe('never');
});

test('a session of a role carries no MFA, and the call for the next role may', () => {
  const withMfa = onlyIf('Bool', 'aws:MultiFactorAuthPresent', 'true');
  const own = { inlinePolicies: { own: policyText(describeCluster(withMfa)) } };
  const roles = [testRole('ops', own), admin(trusts(ops.arn, withMfa))];
  expect(ask({ roles }, { subject: ops }).certainty).toBe('never');
  expect(ask({ roles }, { ...assume, subject: ops }).certainty).toBe('sometimes');
});

test('tags that a session brings along beat those of the role that it wants', () => {
  const trust = (Action: string[]) =>
    trusts(testArn('root'), { Action, ...onlyIf('StringEquals', 'aws:ResourceTag/team', 'red') });
  const asks = (Action: string[]) => {
    const from = testRole('ops', {
      trustPolicy: trusts(testArn('root'), { Action }),
      inlinePolicies: { own: policyText(mayAssume) },
    });
    const to = admin(trust(['sts:AssumeRole']), { tags: { team: 'blue' } });
    return ask({ roles: [from, to] }, { ...assume, subject: ops }).certainty;
  };
  expect(asks(['sts:AssumeRole'])).toBe('never');
  expect(asks(['sts:AssumeRole', 'sts:TagSession'])).toBe('sometimes');
});
