import { expect, test } from 'vitest';
import { testArn, testEntry, testRole, testWorld } from '../testworld.ts';
import type { ClusterSubject } from '../world/subject.ts';
import type { AccessUse } from './use.ts';
import { usesOf, whoIs } from './whose.ts';

const ops: ClusterSubject = {
  kind: 'iam',
  type: 'role',
  arn: testArn('role/team/ops'),
  accountId: '111122223333',
  principalId: 'AROAOPS',
  standing: 'exists',
};
const { cluster } = testWorld({
  account: { roles: [testRole('team/ops')] },
  cluster: { accessEntries: [testEntry(ops.arn, {}, { username: 'ops:{{SessionName}}' })] },
});
const isOps = usesOf(ops, cluster.identitiesOf(ops).identities);

test.each<[string, AccessUse['who'], boolean]>([
  ['nobody', {}, false],
  ['another role', { principalArn: testArn('role/team/dev') }, false],
  ['who had the name before', { principalArn: ops.arn, principalId: 'AROAOLD' }, false],
  ['a principal that maps to its name', { principalArn: testArn('user/x'), username: 'ops:alice' }, false],
  ['a name without a session', { username: 'ops:' }, false],
  ['the same name elsewhere', { principalArn: 'arn:aws:iam::444455556666:role/ops' }, false],
  ['its ARN', { principalArn: ops.arn }, true],
  ['its ARN without the path, as the authenticator tells it', { principalArn: testArn('role/ops') }, true],
  ['a session of it', { username: 'arn:aws:sts::111122223333:assumed-role/ops/alice' }, true],
  ['its unique id', { principalId: 'AROAOPS' }, true],
  ['any session, by the name it has in the cluster', { username: 'ops:alice' }, true],
])('%s', (_, who, expected) => expect(isOps({ who })).toBe(expected));

test('whoever is impersonated did nothing as a principal of IAM, and did it under its name', () => {
  const who = { username: 'ops:alice', groups: ['devs'], impersonated: true } as const;
  expect(isOps({ who })).toBe(false);
  expect(usesOf({ kind: 'User', name: 'ops:alice', namespace: '' }, [])({ who })).toBe(true);
});

test.each<[string, string, boolean]>([
  [
    'role/AWSReservedSSO_Dev_*',
    'role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_0123456789abcdef',
    true,
  ],
  ['role/AWSReservedSSO_Dev_*', 'role/AWSReservedSSO_Dev_Ops_0123456789abcdef', false],
  ['role/AWSReservedSSO_Dev_????????????????', 'role/AWSReservedSSO_Dev_0123456789abcdef', true],
  ['role/ci-*', 'role/ci-main', true],
  ['role/ci-*', 'user/ci-main', false],
])('a pattern %s has the uses of %s: %s', (pattern, path, expected) => {
  const subject = { ...ops, type: 'rolePattern', arn: testArn(pattern), principalId: '' } as const;
  expect(usesOf(subject, [])({ who: { principalArn: testArn(path), principalId: 'X' } })).toBe(expected);
});

test('an account has the uses of everybody in it', () => {
  const subject = { ...ops, type: 'account', arn: testArn('root'), principalId: '' } as const;
  const isIts = usesOf(subject, []);
  expect(isIts({ who: { principalArn: testArn('user/ada') } })).toBe(true);
  expect(isIts({ who: { principalArn: 'arn:aws:iam::444455556666:user/ada' } })).toBe(false);
});

test('a group is whoever is in it, a service account its name', () => {
  const isDevs = usesOf({ kind: 'Group', name: 'devs', namespace: '' }, []);
  expect([isDevs({ who: { groups: ['devs'] } }), isDevs({ who: { username: 'devs' } })]).toEqual([
    true,
    false,
  ]);
  const isBuilder = usesOf({ kind: 'ServiceAccount', name: 'b', namespace: 'ci' }, []);
  expect(isBuilder({ who: { username: 'system:serviceaccount:ci:b' } })).toBe(true);
  expect(isBuilder({ who: { username: 'system:serviceaccount:other:b' } })).toBe(false);
});

test.each<[ClusterSubject]>([
  [ops],
  [{ kind: 'User', name: 'ada', namespace: '' }],
  [{ kind: 'Group', name: 'devs', namespace: '' }],
  [{ kind: 'ServiceAccount', name: 'b', namespace: 'ci' }],
])('whoever is %j has its uses', (subject) =>
  expect(usesOf(subject, [])({ who: whoIs(subject) })).toBe(true),
);
