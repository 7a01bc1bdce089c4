/** What a change of one object does to an index that has been used before. */
import { describe, expect, test } from 'vitest';
import { processorTimer } from '../../../test/processortime.ts';
import { allow, allowUrls } from '../rbac/allow.ts';
import type { ClusterRole, LabelSelector, RbacObject, Subject } from '../rbac/objects.ts';
import type { PolicyRule } from '../rbac/rules.ts';
import type { Attributes, UserInfo } from './attributes.ts';
import { type Authorizer, createAuthorizer } from './authorizer.ts';

const user = (name: string): Subject => ({ kind: 'User', name, namespace: '' });
const named = (username: string, groups: readonly string[] = []): UserInfo => ({
  ...{ username, uid: '', groups, extra: {} },
});
const ada = named('ada');
const getting = (resource: string, who = ada, name = ''): Attributes => ({
  ...{ kind: 'resource', user: who, verb: 'get', apiGroup: '', apiVersion: 'v1', resource },
  ...{ subresource: '', namespace: '', name },
});
const role = (name: string, labels: ClusterRole['labels'], ...rules: PolicyRule[]): ClusterRole => ({
  ...{ kind: 'ClusterRole', name, labels, rules },
});
const collector = (
  name: string,
  labels: ClusterRole['labels'],
  ...matched: ClusterRole['labels'][]
): ClusterRole => ({
  ...role(name, labels),
  aggregationRule: {
    clusterRoleSelectors: matched.map(
      (matchLabels): LabelSelector => ({ matchLabels, matchExpressions: [] }),
    ),
  },
});
const bind = (name: string, roleName: string, ...subjects: Subject[]): RbacObject => ({
  ...{ kind: 'ClusterRoleBinding', name, roleRef: { kind: 'ClusterRole', name: roleName }, subjects },
});
const gone = (name: string) => ({ kind: 'ClusterRole', namespace: '', name }) as const;
const may = (authorizer: Authorizer, resource: string, who = ada): boolean =>
  authorizer.authorize(getting(resource, who)).decision === 'allow';

function withObjects(...objects: readonly RbacObject[]): Authorizer {
  const authorizer = createAuthorizer({ partition: 'aws', now: () => 0 });
  for (const object of objects) authorizer.applyObject(object);
  return authorizer;
}

describe('an aggregation that is in use', () => {
  const [intoView, intoEdit] = [{ into: 'view' }, { into: 'edit' }];
  const pods = role('pods', intoView, allow('get', 'core', 'pods'));
  const aggregated = (): Authorizer => {
    const authorizer = withObjects(
      ...[pods, role('secrets', intoView, allow('get', 'core', 'secrets'))],
      ...[collector('view', intoEdit, intoView), collector('edit', {}, intoEdit)],
      bind('b', 'edit', user('ada')),
    );
    expect([may(authorizer, 'pods'), may(authorizer, 'secrets'), may(authorizer, 'nodes')]).toEqual([
      true,
      true,
      false,
    ]);
    return authorizer;
  };

  test.each<[string, (authorizer: Authorizer) => void]>([
    ['a role that loses its label', (authorizer) => authorizer.applyObject({ ...pods, labels: {} })],
    [
      'a role whose label has another value',
      (authorizer) => authorizer.applyObject({ ...pods, labels: { into: 'View' } }),
    ],
    ['a role that is removed', (authorizer) => authorizer.removeObject(gone('pods'))],
    [
      'a role that loses the rule',
      (authorizer) => authorizer.applyObject({ ...pods, rules: [allow('list', 'core', 'pods')] }),
    ],
    [
      'a role that becomes one of names',
      (authorizer) =>
        authorizer.applyObject({
          ...pods,
          rules: [{ ...allow('get', 'core', 'pods'), resourceNames: ['p'] }],
        }),
    ],
    [
      'a role that aggregates itself from now on',
      (authorizer) => authorizer.applyObject(collector('pods', intoView)),
    ],
    ['the aggregation in between removed', (authorizer) => authorizer.removeObject(gone('view'))],
    [
      'the aggregation in between no longer selected',
      (authorizer) => authorizer.applyObject(collector('view', {}, intoView)),
    ],
    [
      'the aggregation in between selecting others',
      (authorizer) => authorizer.applyObject(collector('view', intoEdit, { into: 'else' })),
    ],
    [
      'the aggregation in between with rules of its own instead',
      (authorizer) => authorizer.applyObject(role('view', intoEdit)),
    ],
    ['its own selectors gone', (authorizer) => authorizer.applyObject(collector('edit', {}))],
    ['its own removal', (authorizer) => authorizer.removeObject(gone('edit'))],
  ])('%s allows it no longer', (_, change) => {
    const authorizer = aggregated();
    change(authorizer);
    expect(may(authorizer, 'pods')).toBe(false);
    expect(JSON.stringify(authorizer.rbacRulesFor(ada, '').rules)).not.toContain(
      '"get"],"apiGroups":[""],"resources":["pods"],"resourceNames":[],',
    );
  });

  test('roles that come, and come back, are collected', () => {
    const authorizer = aggregated();
    authorizer.applyObject(role('nodes', intoView, allow('get', 'core', 'nodes'), allowUrls('get', '/x*')));
    expect(may(authorizer, 'nodes')).toBe(true);
    expect(authorizer.authorize({ kind: 'nonResource', user: ada, verb: 'get', path: '/xy' }).decision).toBe(
      'allow',
    );
    authorizer.removeObject(gone('view'));
    expect(may(authorizer, 'nodes')).toBe(false);
    authorizer.applyObject(collector('view', intoEdit, intoView));
    expect([may(authorizer, 'nodes'), may(authorizer, 'pods')]).toEqual([true, true]);
  });

  test('a role that gets other rules keeps those it had besides', () => {
    const authorizer = aggregated();
    authorizer.applyObject({
      ...pods,
      rules: [allow('get', 'core', 'pods nodes'), allowUrls('get', '/x'), allow('get', 'apps', 'pods')],
    });
    expect([may(authorizer, 'pods'), may(authorizer, 'nodes')]).toEqual([true, true]);
    authorizer.applyObject({ ...pods, rules: [allow('get', 'core', 'nodes'), allowUrls('get', '/x /y')] });
    expect([may(authorizer, 'pods'), may(authorizer, 'nodes')]).toEqual([false, true]);
    expect(authorizer.authorize({ kind: 'nonResource', user: ada, verb: 'get', path: '/x' }).decision).toBe(
      'allow',
    );
  });

  test('a rule of very many pairs is collected, and goes with its role', () => {
    const many = Array.from({ length: 100 }, (_, at) => `x${at}`);
    const broad = {
      ...allow('get', 'core', 'pods'),
      ...{ apiGroups: ['', ...many], resources: [...many, 'nodes'] },
    };
    const authorizer = aggregated();
    authorizer.applyObject(role('broad', intoView, broad));
    expect([may(authorizer, 'nodes'), may(authorizer, 'x101')]).toEqual([true, false]);
    authorizer.applyObject(role('broad', intoView, allow('get', 'core', 'x1')));
    expect([may(authorizer, 'nodes'), may(authorizer, 'x1')]).toEqual([false, true]);
  });

  test('rules that the controller or a person writes into it count for nothing', () => {
    const authorizer = aggregated();
    authorizer.applyObject({ ...collector('edit', {}, intoEdit), rules: [allow('*', '*', '*')] });
    expect([may(authorizer, 'pods'), may(authorizer, 'nodes')]).toEqual([true, false]);
  });

  test('whether it is too large follows from the roles there are, not from how they came', () => {
    // Comparing with it is over at once, and counts for ten thousand comparisons: 199 roles are as many as there may be.
    const never = Array.from(
      { length: 9_999 },
      (_, at) => ({ key: `never${at}`, operator: 'Exists', values: [] }) as const,
    );
    const everything = (): ClusterRole => ({
      ...role('everything', {}),
      aggregationRule: {
        clusterRoleSelectors: [
          { matchLabels: {}, matchExpressions: [] },
          { matchLabels: {}, matchExpressions: never },
        ],
      },
    });
    const few = Array.from({ length: 190 }, (_, at) => role(`r${at}`, {}, allow('get', 'core', `kind${at}`)));
    const binding = bind('b', 'everything', user('ada'));
    const used = withObjects(...few, everything(), binding);
    expect(may(used, 'kind0')).toBe(true);
    for (let at = 0; at < 20; at++) {
      used.applyObject(role(`r${at}`, {}, allow('get', 'core', `kind${at}`)));
    }
    expect(may(used, 'kind0')).toBe(true);
    const more = Array.from({ length: 12 }, (_, at) => role(`more${at}`, {}));
    for (const one of more) used.applyObject(one);
    expect(may(used, 'kind0')).toBe(false);
    expect(may(withObjects(...few, everything(), binding, ...more), 'kind0')).toBe(false);
    for (const { name } of more.slice(0, 4)) used.removeObject(gone(name));
    expect(may(used, 'kind0')).toBe(true);
  });
});

describe('aggregations that are too much together', () => {
  const bound = (...names: readonly string[]) => names.map((name) => bind(name, name, user('ada')));
  const times = <T>(count: number, make: (at: number) => T): readonly T[] =>
    Array.from({ length: count }, (_, at) => make(at));
  const plain = times(300, (at) => role(`plain${at}`, {}, allow('get', 'core', `kind${at}`)));
  const names = times(300, (at) => `all${at}`);
  const everything = names.map((name) => collector(name, {}, {}, {}, {}));
  const long = role('long', { long: '1' }, ...times(9_000, (at) => allow('get', `group${at}`, `kind${at}`)));
  const collectingIt = names.map((name) => collector(name, {}, { long: '1' }));

  test.each<[string, readonly RbacObject[], string]>([
    ['that select each other and everything', [...plain, ...everything], 'kind0'],
    ['that collect one long role', [long, ...collectingIt], 'kind0'],
  ])('many %s cost a decision little, and grant nothing', (_, objects, resource) => {
    const authorizer = withObjects(...objects, ...bound(...names));
    const spent = processorTimer();
    expect(may(authorizer, resource)).toBe(false);
    expect(spent()).toBeLessThan(8_000);
  });

  test('few of them, and many small ones, grant what they collect', () => {
    const few = [...plain, ...everything.slice(0, 3), ...bound(...names.slice(0, 3))];
    expect(may(withObjects(...few), 'kind7')).toBe(true);
    const small = names.map((name) => collector(name, {}, { small: '1' }));
    const member = role('member', { small: '1' }, allow('get', 'core', 'pods'));
    expect(may(withObjects(...plain, member, ...small, ...bound(...names)), 'pods')).toBe(true);
  });

  test('whether they are follows from the roles there are', () => {
    const authorizer = withObjects(...plain, ...everything.slice(0, 3), ...bound('all0'));
    expect(may(authorizer, 'kind7')).toBe(true);
    for (const one of everything) authorizer.applyObject(one);
    expect(may(authorizer, 'kind7')).toBe(false);
    for (const { name } of everything.slice(3)) authorizer.removeObject(gone(name));
    expect(may(authorizer, 'kind7')).toBe(true);
  });
});

describe('a binding of very many subjects', () => {
  const others = Array.from({ length: 40 }, (_, at) => user(`other${at}`));
  const reader = role('reader', {}, allow('get', 'core', 'pods'));
  const bound = (): Authorizer => withObjects(reader, bind('b', 'reader', ...others, user('ada')));

  test.each<[string, readonly Subject[]]>([
    ['without the user', others],
    ['with the user as a group', [...others, { kind: 'Group', name: 'ada', namespace: '' }]],
    ['with few others', [user('bob')]],
    ['with nobody', []],
  ])('that is replaced by one %s no longer binds the user', (_, subjects) => {
    const authorizer = bound();
    expect(may(authorizer, 'pods')).toBe(true);
    authorizer.applyObject(bind('b', 'reader', ...subjects));
    expect(may(authorizer, 'pods')).toBe(false);
    expect(may(authorizer, 'pods', named('other7'))).toBe(subjects.length > 2);
    authorizer.applyObject(bind('b', 'reader', ...subjects, user('ada')));
    expect(may(authorizer, 'pods')).toBe(true);
  });

  test('that names somebody twice lets go of them once', () => {
    const authorizer = withObjects(reader, bind('b', 'reader', user('ada'), ...others, user('ada')));
    authorizer.applyObject(bind('b', 'reader', ...others, user('ada')));
    expect(may(authorizer, 'pods')).toBe(true);
    authorizer.applyObject(bind('b', 'reader', ...others));
    expect(may(authorizer, 'pods')).toBe(false);
  });

  test('that binds another role from now on binds all of them to it', () => {
    const authorizer = bound();
    authorizer.applyObject(bind('b', 'writer', ...others, user('ada')));
    const { reason } = authorizer.authorize(getting('pods'));
    expect(reason).toBe('RBAC: clusterrole.rbac.authorization.k8s.io "writer" not found');
    authorizer.applyObject(role('writer', {}, allow('get', 'core', 'pods')));
    expect(may(authorizer, 'pods', named('other7'))).toBe(true);
  });

  test('is the same to a subject whether it was there from the start or came later', () => {
    const authorizer = bound();
    authorizer.applyObject(
      bind('b', 'reader', { kind: 'Group', name: 'g', namespace: '' }, ...others, user('ada')),
    );
    expect(authorizer.authorize(getting('pods', named('ada', ['g']))).reason).toContain('to Group "g"');
    expect(authorizer.authorize(getting('pods', named('ada'))).reason).toContain('to User "ada"');
  });
});

test('of very many bindings that name few roles, the one that allows is found', () => {
  const g = { kind: 'Group', name: 'g', namespace: '' } as const;
  const refusing = Array.from({ length: 80 }, (_, at) =>
    bind(`b${at}`, at % 3 === 0 ? 'missing' : 'other', g),
  );
  const authorizer = withObjects(
    ...[role('other', {}, allow('list', 'core', 'pods')), role('reader', {}, allow('get', 'core', 'pods'))],
    ...refusing,
  );
  expect(may(authorizer, 'pods', named('ada', ['g']))).toBe(false);
  authorizer.applyObject(bind('b99', 'reader', g));
  expect(authorizer.authorize(getting('pods', named('ada', ['g']))).reason).toContain('"b99"');
});

describe('what is asked for to be slow', () => {
  test('one group named very many times costs as much as named once', () => {
    const bindings = Array.from({ length: 2_000 }, (_, at) =>
      bind(`b${at}`, `role${at % 500}`, { kind: 'Group', name: 'g', namespace: '' }),
    );
    const roles = Array.from({ length: 500 }, (_, at) => role(`role${at}`, {}, allow('get', 'core', 'pods')));
    const authorizer = withObjects(...bindings, ...roles);
    const repeated = named(
      'ada',
      Array.from({ length: 100_000 }, () => 'g'),
    );
    const spent = processorTimer();
    expect(may(authorizer, 'secrets', repeated)).toBe(false);
    expect(authorizer.rbacRulesFor(repeated, 'dev').rules).toHaveLength(500);
    expect(spent()).toBeLessThan(2_000);
  });

  test('a role whose rules multiply to millions of pairs is compiled in a moment, and allows what it says', () => {
    const many = (prefix: string) => Array.from({ length: 60 }, (_, at) => `${prefix}${at}`);
    const rules = Array.from({ length: 1_000 }, (_, at) => ({
      ...allow('get', 'core', 'pods'),
      ...{ apiGroups: ['', ...many(`g${at}-`)], resources: many(`r${at}-`) },
    }));
    const authorizer = withObjects(role('all', {}, ...rules), bind('b', 'all', user('ada')));
    const spent = processorTimer();
    const heap = process.memoryUsage().heapUsed;
    expect([may(authorizer, 'r0-1'), may(authorizer, 'r999-59')]).toEqual([true, true]);
    expect([may(authorizer, 'r999-60'), may(authorizer, 'pods')]).toEqual([false, false]);
    expect(spent()).toBeLessThan(2_000);
    expect(process.memoryUsage().heapUsed - heap).toBeLessThan(128 * 2 ** 20);
  });
});
