import { expect, test } from 'vitest';
import { testArn, testEntry, testRole, testWorld } from '../testworld.ts';
import type { ClusterSubject } from '../world/subject.ts';
import { createUsageTally } from './tally.ts';
import type { AccessUse } from './use.ts';
import { usesOf } from './whose.ts';

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

test('equal uses are counted, with the first and the last', () => {
  const tally = createUsageTally();
  const did = { kind: 'aws', action: 'eks:ListClusters', resources: [] } as const;
  for (const at of [5, 3, 9]) tally.add({ at, who: {}, did, allowed: true });
  tally.add({ at: 7, who: {}, did, allowed: false });
  expect(tally.uses()).toMatchObject([
    { count: 3, firstAt: 3, lastAt: 9 },
    { count: 1, allowed: false },
  ]);
});
