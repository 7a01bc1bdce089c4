import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { processorTimer } from '../../../test/processortime.ts';
import { aggregateRules, selectorMatches } from './aggregation.ts';
import { allow, allowUrls } from './allow.ts';
import {
  controllerRoleBindings,
  controllerRoles,
  defaultClusterRoleBindings,
  defaultClusterRoles,
  defaultObjectMetadata,
  defaultRbacObjects,
  defaultRoleBindings,
  defaultRoles,
} from './defaults.ts';
import { escalationMessage, uncoveredRules } from './escalation.ts';
import { rbacManifest } from './manifest.ts';
import type { ClusterRole, LabelSelector } from './objects.ts';
import { allowReason, joinErrors, missingRoleError } from './reasons.ts';
import { subjectIdentity } from './subjects.ts';

describe('escalation (B20)', () => {
  test.each([
    ['another verb', [allow('get', 'core', 'pods')], allow('list', 'core', 'pods')],
    ['another group', [allow('get', 'core', 'pods')], allow('get', 'apps', 'pods')],
    ['a subresource', [allow('get', 'core', 'pods')], allow('get', 'core', 'pods/log')],
    ['the wildcard of one who has but a list', [allow('get', 'core', 'pods')], allow('get', 'core', '*')],
    ['all verbs of one who has many', [allow('get list create', 'core', 'pods')], allow('*', 'core', 'pods')],
    ['any name of one who has one', [allow('get', 'core', 'pods', 'a')], allow('get', 'core', 'pods')],
    ['another name', [allow('get', 'core', 'pods', 'a')], allow('get', 'core', 'pods', 'b')],
    ['`pods/*` as if it covered logs', [allow('get', 'core', 'pods/*')], allow('get', 'core', 'pods/log')],
    ['a URL by resources', [allow('*', '*', '*')], allowUrls('get', '/metrics')],
    ['a resource by URLs', [allowUrls('*', '*')], allow('get', 'core', 'pods')],
    ['a longer URL', [allowUrls('get', '/api')], allowUrls('get', '/api/x')],
    ['a wider URL', [allowUrls('get', '/api/*')], allowUrls('get', '/*')],
    ['anything of one who has nothing', [], allow('get', 'core', 'pods')],
  ])('%s is not covered', (_, owned, wanted) => expect(uncoveredRules(owned, [wanted])).not.toEqual([]));

  test.each([
    ['an equal rule', [allow('get', 'core', 'pods')], allow('get', 'core', 'pods')],
    [
      'two owned rules together',
      [allow('get', 'core', 'pods'), allow('list', 'core', 'pods')],
      allow('get list', 'core', 'pods'),
    ],
    ['everything', [allow('*', '*', '*')], allow('get *', 'core apps', 'pods pods/log *', 'a')],
    ['any scale', [allow('get', 'apps', '*/scale')], allow('get', 'apps', 'deployments/scale')],
    ['a name of any', [allow('get', 'core', 'pods')], allow('get', 'core', 'pods', 'a b')],
    ['URLs below', [allowUrls('get', '/api/*')], allowUrls('get', '/api/ /api/v1 /api/*')],
    ['a rule that grants nothing', [], allow('get', 'core', '')],
  ])('%s is covered', (_, owned, wanted) => expect(uncoveredRules(owned, [wanted])).toEqual([]));

  test('roles of very many names are compared in a moment', () => {
    const names = (prefix: string) => Array.from({ length: 20_000 }, (_, i) => `${prefix}${i}`).join(' ');
    const owned = Array.from({ length: 5 }, (_, i) => allow('get', 'core', 'pods', names(`a${i}-`)));
    const spent = processorTimer();
    const missing = uncoveredRules(owned, [allow('get', 'core', 'pods', names('b'))]);
    expect(missing).toHaveLength(20_000);
    expect(escalationMessage({ username: 'u', groups: [] }, missing)).toContain('b19999');
    expect(spent()).toBeLessThan(2_000);
  });

  test('a URL full of stars costs its length', () => {
    const spent = processorTimer();
    expect(
      uncoveredRules([allowUrls('get', `/${'*'.repeat(500_000)}x*`)], [allowUrls('get', '/x')]),
    ).toHaveLength(1);
    expect(uncoveredRules([allowUrls('get', '/x***')], [allowUrls('get', '/xy')])).toEqual([]);
    expect(spent()).toBeLessThan(500);
  });

  test('the message joins verbs, sorts lines and ends with the errors (B19)', () => {
    const missing = uncoveredRules(
      [],
      [
        allow('get list', 'core', 'pods secrets'),
        allow('get', 'core', 'configmaps', 'a'),
        allowUrls('get', '/x'),
      ],
    );
    expect(escalationMessage({ username: 'u', groups: ['g1', 'g2'] }, missing, ['e1', 'e2'])).toBe(
      'user "u" (groups=["g1" "g2"]) is attempting to grant RBAC permissions not currently held:\n' +
        '{APIGroups:[""], Resources:["configmaps"], ResourceNames:["a"], Verbs:["get"]}\n' +
        '{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}\n' +
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}\n' +
        '{NonResourceURLs:["/x"], Verbs:["get"]}; resolution errors: [[e1, e2]]',
    );
  });
});

describe('aggregation (B15)', () => {
  const selects = (value: string): LabelSelector => ({ matchLabels: { into: value }, matchExpressions: [] });
  const leaf = (name: string, into: string, verbs: string): ClusterRole => ({
    kind: 'ClusterRole',
    name,
    labels: { into },
    rules: [allow(verbs, 'core', 'pods')],
  });
  const collector = (name: string, into: string, from: string): ClusterRole => ({
    ...leaf(name, into, 'escalate'),
    aggregationRule: { clusterRoleSelectors: [selects(from)] },
  });
  const resolveIn =
    (roles: readonly ClusterRole[]) =>
    (role: ClusterRole): readonly string[] =>
      aggregateRules(role, (selector) => roles.filter(({ labels }) => selectorMatches(selector, labels))).map(
        (rule) => rule.verbs.join(),
      );

  test('hand-made rules of an aggregating role count for nothing', () => {
    const role = collector('all', '', 'x');
    expect(resolveIn([role])(role)).toEqual([]);
  });
  test('roles that select each other end, with what both bring', () => {
    const one = collector('one', 'b', 'a');
    const two = collector('two', 'a', 'b');
    const roles = [one, two, leaf('l1', 'a', 'get'), leaf('l2', 'b', 'list'), leaf('l3', 'b', 'get')];
    expect(new Set(resolveIn(roles)(one))).toEqual(new Set(['get', 'list']));
  });
  test('a chain longer than the call stack is followed', () => {
    const roles: ClusterRole[] = [];
    for (let at = 0; at < 20_000; at++) roles.push(collector(`c${at}`, `l${at}`, `l${at + 1}`));
    roles.push(leaf('end', 'l20000', 'get'));
    const byLabel = new Map(roles.map((role) => [role.labels.into, role]));
    const found = aggregateRules(roles[0] as ClusterRole, (selector) => {
      const role = byLabel.get(selector.matchLabels.into);
      return role === undefined ? [] : [role];
    });
    expect(found).toHaveLength(1);
  });
  test.each([
    [{ matchLabels: { constructor: 'x' }, matchExpressions: [] }, false],
    [{ matchLabels: {}, matchExpressions: [{ key: 'toString', operator: 'Exists', values: [] }] }, false],
    [{ matchLabels: {}, matchExpressions: [{ key: 'a', operator: 'In', values: ['2'] }] }, false],
    [{ matchLabels: {}, matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['1'] }] }, false],
    [{ matchLabels: {}, matchExpressions: [{ key: 'a', operator: 'DoesNotExist', values: [] }] }, false],
    [{ matchLabels: {}, matchExpressions: [] }, true],
    [{ matchLabels: { a: '1' }, matchExpressions: [{ key: 'b', operator: 'NotIn', values: ['1'] }] }, true],
  ] as const)('selector %j selects the label a=1: %s', (selector, selected) =>
    expect(selectorMatches(selector, { a: '1' })).toBe(selected),
  );
});

test('a service account without a namespace is nobody in a ClusterRoleBinding (B6)', () => {
  const subject = { kind: 'ServiceAccount', name: 'x', namespace: '' } as const;
  expect(subjectIdentity(subject, '')).toBeUndefined();
  expect(subjectIdentity(subject, 'ns')).toEqual({ is: 'user', name: 'system:serviceaccount:ns:x' });
});

test('reasons are those of Kubernetes (B8, B9)', () => {
  const roleRef = { kind: 'ClusterRole', name: 'r' } as const;
  const account = { kind: 'ServiceAccount', name: 'sa', namespace: '' } as const;
  expect(allowReason({ kind: 'RoleBinding', name: 'b', namespace: 'ns', roleRef }, account)).toBe(
    'RBAC: allowed by RoleBinding "b/ns" of ClusterRole "r" to ServiceAccount "sa/ns"',
  );
  expect(
    allowReason(
      { kind: 'ClusterRoleBinding', name: 'b', roleRef },
      { kind: 'User', name: 'a"b', namespace: '' },
    ),
  ).toBe('RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "r" to User "a\\"b"');
  expect(joinErrors([missingRoleError(roleRef)])).toBe('clusterrole.rbac.authorization.k8s.io "r" not found');
  expect(joinErrors(['a', 'b', 'a'])).toBe('[a, b]');
  const many = Array.from({ length: 5_000 }, (_, at) => `role ${at}`);
  expect(joinErrors(many)).toMatch(/^\[role 0, .*, role 99, and 4900 more\]$/);
});

describe('the default objects (B21)', () => {
  test('view is part of edit and edit is part of admin', () => {
    const rulesOf = (name: string) => defaultClusterRoles.find((role) => role.name === name)?.rules ?? [];
    expect(rulesOf('view').length).toBeGreaterThan(0);
    expect(uncoveredRules(rulesOf('edit'), rulesOf('view'))).toEqual([]);
    expect(uncoveredRules(rulesOf('admin'), rulesOf('edit'))).toEqual([]);
    expect(uncoveredRules(rulesOf('view'), rulesOf('edit'))).not.toEqual([]);
  });
  test('callers without credentials get one role only', () => {
    const bound = defaultClusterRoleBindings.filter(({ subjects }) =>
      subjects.some(({ name }) => name === 'system:unauthenticated' || name === 'system:anonymous'),
    );
    expect(bound.map(({ name }) => name)).toEqual(['system:public-info-viewer']);
  });
  test('every binding names a default role', () => {
    const roles = new Set(defaultRbacObjects.map((object) => `${object.kind} ${object.name}`));
    const bindings = [...defaultClusterRoleBindings, ...controllerRoleBindings, ...defaultRoleBindings];
    expect(bindings.filter(({ roleRef }) => !roles.has(`${roleRef.kind} ${roleRef.name}`))).toEqual([]);
  });
});

const collected = resolve(import.meta.dirname, '../../../../shared/reference/kubernetes-bootstrap-rbac.json');

test.skipIf(!existsSync(collected))('the default objects agree with the collected data', () => {
  const data = JSON.parse(readFileSync(collected, 'utf8')) as Record<string, unknown>;
  const manifests = (objects: readonly Parameters<typeof rbacManifest>[0][]) =>
    objects.map((object) => rbacManifest(object, defaultObjectMetadata));
  expect(manifests(defaultClusterRoles)).toEqual(data.clusterRoles);
  expect(manifests(defaultClusterRoleBindings)).toEqual(data.clusterRoleBindings);
  expect(manifests(defaultRoles)).toEqual(data.roles);
  expect(manifests(defaultRoleBindings)).toEqual(data.roleBindings);
  expect(manifests(controllerRoles)).toEqual(data.controllerClusterRoles);
  expect(manifests(controllerRoleBindings)).toEqual(data.controllerClusterRoleBindings);
});
