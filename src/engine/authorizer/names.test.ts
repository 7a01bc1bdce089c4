/** Names that somebody chose so that they are taken for others. */
import { describe, expect, test } from 'vitest';
import { allow, allowUrls } from '../rbac/allow.ts';
import type { RbacObject, Subject } from '../rbac/objects.ts';
import type { PolicyRule } from '../rbac/rules.ts';
import type { Attributes, ResourceAttributes, UserInfo } from './attributes.ts';
import { createAuthorizer } from './authorizer.ts';

const somebody: UserInfo = { username: 'ada', uid: '', groups: ['staff'], extra: {} };
const asking = (change: Partial<ResourceAttributes> = {}): Attributes => ({
  ...{ kind: 'resource', user: somebody, verb: 'get', apiGroup: '', apiVersion: 'v1', resource: 'pods' },
  ...{ subresource: '', namespace: 'dev', name: 'p' },
  ...change,
});

function decide(asked: Attributes, rule: PolicyRule, subject: Subject, namespace = ''): string {
  const authorizer = createAuthorizer({ partition: 'aws', now: () => 0 });
  const shared = { name: 'b', roleRef: { kind: 'ClusterRole', name: 'r' }, subjects: [subject] } as const;
  const objects: RbacObject[] = [
    { kind: 'ClusterRole', name: 'r', labels: {}, rules: [rule] },
    namespace === ''
      ? { kind: 'ClusterRoleBinding', ...shared }
      : { kind: 'RoleBinding', namespace, ...shared },
  ];
  for (const object of objects) authorizer.applyObject(object);
  return authorizer.authorize(asked).decision;
}
const user = (name: string): Subject => ({ kind: 'User', name, namespace: '' });
const group = (name: string): Subject => ({ kind: 'Group', name, namespace: '' });
const account = (name: string, namespace: string): Subject => ({ kind: 'ServiceAccount', name, namespace });
const as = (username: string, ...groups: string[]): Attributes =>
  asking({ user: { ...somebody, username, groups } });
const anything = allow('*', '*', '*');

const inherited = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'] as const;

describe('a property that every object has is no name', () => {
  test.each(inherited)('%s, where nothing of that name was given', (name) => {
    const pods = allow('get', 'core', 'pods');
    expect(decide(as(name, name), pods, user('ada'))).toBe('noOpinion');
    expect(decide(asking({ verb: name }), pods, user('ada'))).toBe('noOpinion');
    expect(decide(asking({ apiGroup: name }), pods, user('ada'))).toBe('noOpinion');
    expect(decide(asking({ resource: name }), pods, user('ada'))).toBe('noOpinion');
    expect(decide(asking({ subresource: name }), pods, user('ada'))).toBe('noOpinion');
    expect(decide(asking({ name }), { ...pods, resourceNames: ['x'] }, user('ada'))).toBe('noOpinion');
    expect(decide(asking({ namespace: name }), pods, user('ada'), 'dev')).toBe('noOpinion');
    const url = { kind: 'nonResource', user: somebody, verb: 'get', path: name } as const;
    expect(decide(url, allowUrls('get', '/x'), user('ada'))).toBe('noOpinion');
  });

  test.each(inherited)('%s, where it was given, is one like any other', (name) => {
    const rule = {
      ...allow('get', 'core', 'pods'),
      verbs: [name],
      apiGroups: [name],
      resources: [name],
      resourceNames: [name],
    };
    const asked = { verb: name, apiGroup: name, resource: name, name, namespace: name };
    expect(decide(asking(asked), rule, group('staff'), name)).toBe('allow');
    expect(decide(as(name), anything, user(name))).toBe('allow');
    expect(decide(as('x', name), anything, group(name))).toBe('allow');
  });
});

describe('one name is not another', () => {
  test.each<[string, Attributes, Subject]>([
    ['another case', as('Ada'), user('ada')],
    ['a name composed otherwise (é)', as('ren\u00e9'), user('rene\u0301')],
    ['a look-alike (Cyrillic а)', as('\u0430da'), user('ada')],
    ['a blank behind', as('ada '), user('ada')],
    ['a NUL behind', as('ada\u0000'), user('ada')],
    ['a star in the binding', as('ada'), user('*')],
    ['a star in the request', as('*'), user('ada')],
    ['a group of the name', as('x', 'ada'), user('ada')],
    ['a user of the name', as('staff'), group('staff')],
    ['a group of another case', as('x', 'Staff'), group('staff')],
    ['nobody', as('', ''), user('ada')],
    ['a user and a group in one word', as('group staff'), group('staff')],
    ['system:masters in another case', as('x', 'system:Masters'), group('none')],
    ['an account of another namespace', as('system:serviceaccount:prod:sa'), account('sa', 'dev')],
    ['an account of a longer name', as('system:serviceaccount:dev:sa2'), account('sa', 'dev')],
    ['an account in upper case', as('System:serviceaccount:dev:sa'), account('sa', 'dev')],
    ['an account by its bare name', as('sa'), account('sa', 'dev')],
    [
      'an account in a ClusterRoleBinding that says no namespace',
      as('system:serviceaccount::sa'),
      account('sa', ''),
    ],
  ])('%s', (_, asked, subject) => expect(decide(asked, anything, subject)).toBe('noOpinion'));

  test('an account of the binding’s namespace is not the one of the namespace that is asked about', () => {
    expect(decide(as('system:serviceaccount:prod:sa'), anything, account('sa', ''), 'dev')).toBe('noOpinion');
    expect(decide(as('system:serviceaccount:dev:sa'), anything, account('sa', ''), 'dev')).toBe('allow');
  });
});

describe('words of rules are no words of requests', () => {
  const [core, pods] = [allow('get', 'core', 'pods'), 'pods'];
  test.each<[string, Partial<ResourceAttributes>, Partial<PolicyRule>]>([
    ['a verb of a star', { verb: '*' }, {}],
    ['a verb of another case', { verb: 'GET' }, {}],
    ['no verb', { verb: '' }, {}],
    ['no verb where none is named', { verb: '' }, { verbs: [] }],
    ['a group of a star', { apiGroup: '*' }, {}],
    ['a group where the rule names the core group', { apiGroup: 'apps' }, {}],
    ['the core group where the rule names another', {}, { apiGroups: ['apps'] }],
    ['a resource of a star', { resource: '*' }, {}],
    ['no resource', { resource: '' }, {}],
    ['a resource of another case', { resource: 'Pods' }, {}],
    ['a resource with its subresource in it', { resource: 'pods/log' }, {}],
    ['a resource with a slash behind', { resource: 'pods/' }, {}],
    ['a subresource where the rule names none', { subresource: 'log' }, {}],
    ['a subresource of a star', { subresource: '*' }, {}],
    [
      'a subresource where the rule has a star behind the slash',
      { subresource: 'log' },
      { resources: ['pods/*'] },
    ],
    ['no subresource where every subresource is given', {}, { resources: ['*/log'] }],
    ['half a subresource', { subresource: 'x/log' }, { resources: ['*/log'] }],
    ['the group’s name where a prefix is given', {}, { resources: ['po*'] }],
    ['a name of a star', { name: '*' }, { resourceNames: ['p'] }],
    ['a name where the rule lists a star', {}, { resourceNames: ['*'] }],
    ['a name where the rule lists a prefix', {}, { resourceNames: ['p*'] }],
    ['no name where the rule lists one', { name: '' }, { resourceNames: ['p'] }],
    ['no name where the rule lists the empty one', { name: '' }, { resourceNames: [''] }],
    ['a name with a slash', { name: 'p/q' }, { resourceNames: ['p'] }],
    ['the right words about URLs', {}, { apiGroups: [], resources: [], nonResourceURLs: ['*'] }],
  ])('%s', (_, asked, rule) => {
    expect(decide(asking({ resource: pods, ...asked }), { ...core, ...rule }, user('ada'))).toBe('noOpinion');
  });

  test.each([
    ['/healthz', '/HEALTHZ'],
    ['/healthz', '/healthz/'],
    ['/healthz', ''],
    ['/api/*', '/api'],
    ['/a*b', '/axb'],
    ['/api*', '*'],
    ['', '/'],
  ])('URL `%s` does not give `%s`', (url, path) => {
    const asked = { kind: 'nonResource', user: somebody, verb: 'get', path } as const;
    expect(decide(asked, allowUrls('get', url), user('ada'))).toBe('noOpinion');
    expect(decide(asked, anything, user('ada'))).toBe('noOpinion');
  });

  test('the reason shows what is not printable, so that it cannot look like another', () => {
    const authorizer = createAuthorizer({ partition: 'aws', now: () => 0 });
    const name = 'b" of ClusterRole "x\n\u202e';
    authorizer.applyObject({ kind: 'ClusterRole', name: 'r', labels: {}, rules: [anything] });
    const roleRef = { kind: 'ClusterRole', name: 'r' } as const;
    authorizer.applyObject({ kind: 'ClusterRoleBinding', name, roleRef, subjects: [user('ada')] });
    expect(authorizer.authorize(asking()).reason).toBe(
      'RBAC: allowed by ClusterRoleBinding "b\\" of ClusterRole \\"x\\n\\u202e" of ClusterRole "r" to User "ada"',
    );
  });
});
