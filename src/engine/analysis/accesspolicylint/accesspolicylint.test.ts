import { describe, expect, test } from 'vitest';
import { processorTimer } from '../../../../test/processortime.ts';
import { allow, allowUrls } from '../../rbac/allow.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import { accessPolicyLintRules, lintAccessPolicy } from './accesspolicylint.ts';
import type { ServedResources } from './rule.ts';

const served: ServedResources = new Map([
  ['', new Set(['pods', 'pods/log', 'configmaps', 'secrets'])],
  ['apps', new Set(['deployments', 'deployments/scale'])],
]);
const found = (rules: readonly PolicyRule[]): readonly string[] =>
  lintAccessPolicy({ rules, served }).map(({ id }) => id);

describe.each(accessPolicyLintRules.map((rule) => [rule.id, rule.name, rule] as const))(
  '%s %s',
  (id, _, rule) => {
    test('is triggered by its example', () => {
      expect(found(rule.triggers)).toContain(id);
    });

    test('is silent about the better form', () => {
      expect(found(rule.passes)).not.toContain(id);
    });
  },
);

test('ids are unique, in order and of one form', () => {
  const ids = accessPolicyLintRules.map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)].sort());
  for (const id of ids) expect(id).toMatch(/^EW-AP-[0-9]{3}$/);
});

test('the better forms are no errors of any other rule', () => {
  const others = accessPolicyLintRules.flatMap((rule) =>
    lintAccessPolicy({ rules: rule.passes, served })
      .filter(({ severity }) => severity === 'error')
      .map((finding) => `${rule.id}: ${finding.id} ${finding.message}`),
  );
  expect(others).toEqual([]);
});

test.each<readonly [string, readonly PolicyRule[], readonly string[]]>([
  [
    'a star in the verbs is every escalation there is',
    [allow('*', 'rbac.authorization.k8s.io', 'roles')],
    ['EW-AP-202', 'EW-AP-301', 'EW-AP-302'],
  ],
  [
    'a star in the resources is Secrets',
    [allow('get', 'core', '*')],
    ['EW-AP-203', 'EW-AP-304', 'EW-AP-305', 'EW-AP-306'],
  ],
  ['a star before a subresource is that of Pods', [allow('create', 'core', '*/exec')], ['EW-AP-305']],
  ['of everything one remark is made', [allow('*', '*', '*')], ['EW-AP-201']],
  [
    'a signer of a whole domain is a name',
    [allow('approve', 'certificates.k8s.io', 'signers', 'example.com/*')],
    [],
  ],
  ['what is only asked about is served by nobody', [allow('impersonate', 'core', 'users', 'a')], []],
  ['an unknown group may have any resource', [allow('get', 'core example.com', 'widgets')], []],
  ['a list is not read where the verbs are methods', [allowUrls('list', '/healthz')], ['EW-AP-101']],
  [
    'of two equal rules the later one is told',
    [allow('get', 'core', 'pods'), allow('get', 'core', 'pods')],
    ['EW-AP-401'],
  ],
  [
    'names do not cover all names',
    [allow('get', 'core', 'pods', 'a'), allow('get', 'core', 'pods')],
    ['EW-AP-401'],
  ],
])('%s', (_, rules, ids) => {
  expect(found(rules)).toEqual(ids);
});

test('a resource is told where it is', () => {
  const [finding] = lintAccessPolicy({ rules: [allow('get', 'core', 'Deployment')], served });
  expect(finding?.message).toBe('its API groups have no `Deployment`; there is `deployments` in `apps`');
});

test('rules with very many values are read in a moment', () => {
  const many = Array.from({ length: 400 }, (_, at) => `v${at}`);
  const rule: PolicyRule = {
    verbs: many,
    apiGroups: many,
    resources: many,
    resourceNames: many,
    nonResourceURLs: [],
  };
  const spent = processorTimer();
  lintAccessPolicy({ rules: Array.from({ length: 50 }, () => rule), served });
  expect(spent()).toBeLessThan(2_000);
});
