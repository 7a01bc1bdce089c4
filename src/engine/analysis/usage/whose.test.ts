import { describe, expect, test } from 'vitest';
import { testArn, testEntry, testRole, testWorld } from '../testworld.ts';
import type { ClusterSubject } from '../world/subject.ts';
import { createUsageLedger } from './ledger.ts';
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

describe('a ledger', () => {
  const did = { kind: 'aws', action: 'eks:ListClusters', resources: [] } as const;

  test('equal uses of one are counted, with the first and the last', () => {
    const { add, ledger } = createUsageLedger({ since: 0, until: 100 });
    for (const at of [5, 3, 9]) add({ at, who: {}, did, allowed: true });
    add({ at: 7, who: {}, did, allowed: false });
    add({ at: 7, who: { username: 'ada' }, did, allowed: true });
    expect(ledger().entries).toMatchObject([
      { count: 3, firstAt: 3, lastAt: 9 },
      { count: 1, allowed: false },
      { who: { username: 'ada' }, count: 1 },
    ]);
  });

  test('has both ends of its time, and nothing besides', () => {
    const { add, ledger } = createUsageLedger({ since: 10, until: 20 });
    for (const at of [9, 10, 20, 21]) add({ at, who: {}, did, allowed: true });
    expect(ledger()).toMatchObject({ entries: [{ count: 2, firstAt: 10, lastAt: 20 }], uncounted: 0 });
  });

  test('has a bound, beyond which it tells how many it left out', () => {
    const { add, ledger } = createUsageLedger({ since: 0, until: 0 });
    const long = 'x'.repeat(4 * 1024 * 1024);
    for (let at = 0; at < 10; at++) {
      add({ at: 0, who: {}, did: { ...did, action: `eks:${long}${at}` }, allowed: true });
    }
    expect(ledger().uncounted).toBe(3);
  });
});
