import { describe, expect, test } from 'vitest';
import type { CustomPolicy } from '../engine/accesspolicies/custom.ts';
import { accessPolicyKey } from '../storage/records/keys.ts';
import { createAccountPolicies } from './accountpolicies.ts';

const account = '111122223333';
const other = '444455556666';
const rule = { apiGroups: [''], resources: ['pods'], verbs: ['get'], resourceNames: [], nonResourceURLs: [] };
const record = (change: object = {}): string =>
  JSON.stringify({
    accountId: account,
    name: 'readers',
    description: '',
    createdAt: 0,
    modifiedAt: 0,
    versions: [{ version: 1, createdAt: 0, rules: [rule] }],
    associationsMade: 0,
    ...change,
  });
const key = accessPolicyKey(account, 'readers');

function reader() {
  const told: string[] = [];
  const known = new Map<string, CustomPolicy>();
  return {
    told,
    known,
    applyPolicy(policy: CustomPolicy) {
      told.push(`${policy.name} ${policy.version}`);
      known.set(policy.policyArn, policy);
    },
    removePolicy(policyArn: string) {
      told.push('removed');
      known.delete(policyArn);
    },
  };
}

describe('a record that cannot be read takes away what was there', () => {
  test.each<[string, string]>([
    ['no JSON', '{'],
    ['another account than its key', record({ accountId: other })],
    ['another name than its key', record({ name: 'writers' })],
    ['no versions', record({ versions: [] })],
    ['a version without number', record({ versions: [{ rules: [rule] }] })],
    ['a version without rules', record({ versions: [{ version: 1 }] })],
    [
      'a rule without names, which would be every name',
      record({ versions: [{ version: 1, rules: [{ ...rule, resourceNames: undefined }] }] }),
    ],
    [
      'a rule with one that is no text',
      record({ versions: [{ version: 1, rules: [{ ...rule, verbs: [1] }] }] }),
    ],
  ])('%s', (_, value) => {
    const policies = createAccountPolicies('aws');
    const cluster = reader();
    policies.join('c1', account, cluster);
    expect(policies.apply(key, record())).toBe(true);
    expect(policies.apply(key, value)).toBe(false);
    expect(cluster.known.size).toBe(0);
  });
});

test('a cluster is told of the policies of its account, those that came before it too', () => {
  const policies = createAccountPolicies('aws');
  const [early, late, theirs] = [reader(), reader(), reader()];
  policies.join('c1', account, early);
  policies.join('c2', other, theirs);
  policies.apply(key, record());
  policies.join('c3', account, late);
  policies.join('c3', account, late);
  expect([early.told, late.told, theirs.told]).toEqual([['readers 1'], ['readers 1'], []]);
  policies.apply(key, undefined);
  policies.leave('c1');
  policies.apply(key, record());
  expect([early.told, late.told, theirs.told]).toEqual([
    ['readers 1', 'removed'],
    ['readers 1', 'removed', 'readers 1'],
    [],
  ]);
});

test('the last version counts, is one value for all clusters, and an association changes nothing', () => {
  const policies = createAccountPolicies('aws');
  const [one, two] = [reader(), reader()];
  policies.join('c1', account, one);
  policies.join('c2', account, two);
  const versions = [1, 2].map((version) => ({ version, createdAt: 0, rules: [rule] }));
  policies.apply(key, record({ versions }));
  policies.apply(key, record({ versions, associationsMade: 7 }));
  expect(one.told).toEqual(['readers 2']);
  expect([...one.known.values()][0]).toBe([...two.known.values()][0]);
});
