import { expect, test } from 'vitest';
import { allow } from '../../rbac/allow.ts';
import type { RbacObject } from '../../rbac/objects.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import { stockRbac, testGrant } from '../testworld.ts';
import { clusterAdminKey } from './node.ts';
import { adaWith, api, firstStep, rbacGroup } from './testworld.ts';

const role = (name: string, ...rules: readonly PolicyRule[]): RbacObject => ({
  ...{ kind: 'ClusterRole', name, labels: {}, rules },
});
const others: readonly RbacObject[] = [
  role('deployer', allow('create', 'apps', 'deployments')),
  role('reader', allow('get list', 'core', 'secrets')),
  role('viewer', allow('get list', 'core', 'pods')),
  role('one-token', allow('create', 'core', 'serviceaccounts/token', 'web')),
];
const bind = (name: string) => allow('bind', rbacGroup, 'clusterroles', name);
const creates = (resource: string) => allow('create', rbacGroup, resource);

test.for<readonly [string, string | undefined, readonly PolicyRule[], string]>([
  ['one that deploys', 'bindRole always', [creates('rolebindings'), bind('deployer')], 'payments'],
  ['one that deploys, everywhere', 'bindRole always', [creates('clusterrolebindings'), bind('deployer')], ''],
  ['one that deploys, elsewhere', undefined, [creates('rolebindings'), bind('deployer')], 'other'],
  ['one that reads secrets', 'bindRole sometimes', [creates('rolebindings'), bind('reader')], 'payments'],
  [
    'one that makes one token',
    'bindRole sometimes',
    [creates('rolebindings'), bind('one-token')],
    'payments',
  ],
  ['one that reads pods', undefined, [creates('rolebindings'), bind('viewer')], 'payments'],
])('to a service account, binding %s: %s', ([, expected, rules, namespace]) => {
  expect(firstStep(api, 'User:ada', adaWith(rules, namespace, { rbac: others }))).toBe(expected);
});

const of = (...rules: readonly PolicyRule[]) => adaWith(rules, '', { rbac: stockRbac });
const bobs = (name: string): readonly RbacObject[] => [
  {
    ...{ kind: 'ClusterRoleBinding', name: 'of-bob', roleRef: { kind: 'ClusterRole', name } },
    subjects: [{ kind: 'User', name: 'bob', namespace: '' }],
  },
];
const changes = (...names: string[]) => allow('patch', rbacGroup, 'clusterrolebindings', ...names);

test('a binding is changed only for the role that it has', () => {
  const rules = [changes('of-bob'), bind('cluster-admin')];
  const step = (name: string) =>
    firstStep(clusterAdminKey, 'User:ada', adaWith(rules, '', { rbac: [...stockRbac, ...bobs(name)] }));
  expect(step('view')).toBe(undefined);
  expect(step('cluster-admin')).toBe('bindRole always');
});

const viewers = testGrant('v', 'User:nobody', []);
const viewsAs = (...rules: readonly PolicyRule[]) =>
  adaWith(rules, '', {
    rbac: [
      ...stockRbac,
      ...viewers,
      {
        ...{ kind: 'ClusterRoleBinding', name: 'ada-views', roleRef: { kind: 'ClusterRole', name: 'view' } },
        subjects: [{ kind: 'User', name: 'ada', namespace: '' }],
      },
    ],
  });

test('an aggregated role is widened by another one, and not by itself', () => {
  const step = (...rules: readonly PolicyRule[]) => firstStep(clusterAdminKey, 'User:ada', viewsAs(...rules));
  expect(step(allow('patch escalate', rbacGroup, 'clusterroles', 'view'))).toBe(undefined);
  expect(step(allow('create escalate', rbacGroup, 'clusterroles'))).toBe('escalateRole always');
  expect(step(allow('patch escalate', rbacGroup, 'clusterroles', 'system:aggregate-to-view'))).toBe(
    'escalateRole always',
  );
  expect(step(allow('create', rbacGroup, 'clusterroles'))).toBe(undefined);
  // Whoever has no aggregated role gains nothing by making another.
  expect(
    firstStep(clusterAdminKey, 'User:ada', of(allow('create escalate', rbacGroup, 'clusterroles'))),
  ).toBe(undefined);
});
