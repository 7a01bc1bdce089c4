import { describe, expect, test } from 'vitest';
import type { UserInfo } from '../../engine/authorizer/attributes.ts';
import type { HeaderLines } from './headers.ts';
import { readImpersonation } from './impersonation.ts';
import { attempt, listPods, realUser, textOf, user } from './testworld.ts';

describe('constrained impersonation (kubernetes-facts A17)', () => {
  const constrained = true;
  const attemptWith = (lines: HeaderLines, ...allowed: readonly string[]) =>
    attempt(lines, { constrained, allows: (asked) => allowed.includes(asked) });

  test.each([
    ['nothing', user('bob'), []],
    ['the request alone', user('bob'), ['impersonate-on:user-info:list pods in dev']],
    ['the user alone', user('bob'), ['impersonate:user-info users.authn bob']],
    [
      'another verb',
      user('bob'),
      ['impersonate-on:user-info:get pods in dev', 'impersonate:user-info users.authn bob'],
    ],
    [
      'a node by user-info',
      user('system:node:n1'),
      ['impersonate-on:user-info:list pods in dev', 'impersonate:user-info users.authn system:node:n1'],
    ],
    [
      'an account by user-info',
      user('system:serviceaccount:ns:sa'),
      [
        'impersonate-on:user-info:list pods in dev',
        'impersonate:user-info serviceaccounts.authn in ns sa',
        'impersonate:user-info users.authn system:serviceaccount:ns:sa',
      ],
    ],
    [
      'an account with a group by serviceaccount',
      [...user('system:serviceaccount:ns:sa'), ['impersonate-group', 'g']] as const,
      [
        'impersonate-on:serviceaccount:list pods in dev',
        'impersonate:serviceaccount serviceaccounts.authn in ns sa',
        'impersonate:serviceaccount groups.authn g',
      ],
    ],
    [
      'a node with a uid by arbitrary-node',
      [...user('system:node:n1'), ['impersonate-uid', 'u']] as const,
      ['impersonate-on:arbitrary-node:list pods in dev', 'impersonate:arbitrary-node nodes.authn n1'],
    ],
    [
      'any node by associated-node, of no account',
      user('system:node:n1'),
      ['impersonate-on:associated-node:list pods in dev', 'impersonate:associated-node nodes.authn *'],
    ],
    [
      'the plain verb in the other group',
      user('bob'),
      ['impersonate-on:user-info:list pods in dev', 'impersonate users.authn bob'],
    ],
  ])('%s does not do', (_, lines, allowed) => {
    expect(attemptWith(lines, ...allowed).result.ok).toBe(false);
  });

  test.each([
    [['impersonate-group', 'system:masters'], 'impersonating the system:masters group is not allowed'],
    [['impersonate-group', ''], 'impersonating the empty string group is not allowed'],
    [['impersonate-extra-a.example%2fk', ''], 'impersonating the empty string value in extra is not allowed'],
    [
      ['impersonate-extra-plain', 'v'],
      'impersonating an invalid key in extra is not allowed: extra.key: Invalid value: "plain": must be a domain-prefixed path (such as "acme.io/foo")',
    ],
    [
      ['impersonate-extra-a.example%2f%4b', 'v'],
      'impersonating a non-lowercase key in extra is not allowed: "a.example/K"',
    ],
  ] as const)('%j is never let through', (line, reason) => {
    const { result } = attempt([...user('bob'), line], {
      constrained,
      allows: (asked) => !asked.startsWith('impersonate '),
    });
    expect(result).toMatchObject({ ok: false, decision: { reason } });
  });

  test('the first refusal is the one that is told, of the constrained mode', () => {
    const { result, asked } = attemptWith(user('bob'));
    expect(asked).toEqual(['impersonate-on:user-info:list pods in dev', 'impersonate users bob']);
    expect(result.ok ? '' : textOf(result.attributes)).toBe('impersonate-on:user-info:list pods in dev');
  });

  test.each([
    [
      'user-info',
      user('bob'),
      ['impersonate-on:user-info:list pods in dev', 'impersonate:user-info users.authn bob'],
      ['system:authenticated'],
    ],
    [
      'serviceaccount',
      user('system:serviceaccount:ns:sa'),
      [
        'impersonate-on:serviceaccount:list pods in dev',
        'impersonate:serviceaccount serviceaccounts.authn in ns sa',
      ],
      ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
    ],
    [
      'arbitrary-node',
      user('system:node:n1'),
      ['impersonate-on:arbitrary-node:list pods in dev', 'impersonate:arbitrary-node nodes.authn n1'],
      ['system:nodes', 'system:authenticated'],
    ],
  ])('%s is allowed by its two verbs', (mode, lines, allowed, groups) => {
    const { result } = attemptWith(lines, ...allowed);
    expect(result).toMatchObject({ ok: true, constraint: `impersonate:${mode}`, user: { groups } });
  });

  test('an account may be its own node, and no other, whatever node that is', () => {
    const account: UserInfo = {
      username: 'system:serviceaccount:ns:agent',
      uid: 'u',
      groups: [],
      extra: { 'authentication.kubernetes.io/node-name': ['n1'] },
    };
    const allowed = [
      'impersonate-on:associated-node:list pods in dev',
      'impersonate:associated-node nodes.authn *',
    ];
    const asAgent = (node: string) =>
      attempt(user(`system:node:${node}`), {
        constrained,
        allows: (asked) => allowed.includes(asked),
        request: { ...listPods, user: account },
      });
    expect(asAgent('n2').result.ok).toBe(false);
    const { result, users } = asAgent('n1');
    expect(result).toMatchObject({
      ok: true,
      constraint: 'impersonate:associated-node',
      user: { username: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] },
    });
    expect(users[0]?.extra).toEqual({
      'authentication.kubernetes.io/associated-node-keys': ['authentication.kubernetes.io/node-name'],
    });
  });

  test('who may impersonate plainly goes on to', () => {
    const { result } = attemptWith(user('bob'), 'impersonate users bob');
    expect(result).toMatchObject({ ok: true, constraint: undefined });
  });

  test('many groups are asked for at once first', () => {
    const lines: HeaderLines = [
      ...user('bob'),
      ...['a', 'b', 'c', 'd'].map((group) => ['impersonate-group', group] as const),
    ];
    const { result, asked } = attemptWith(
      lines,
      'impersonate-on:user-info:list pods in dev',
      'impersonate:user-info users.authn bob',
      'impersonate:user-info groups.authn *',
    );
    expect(result.ok).toBe(true);
    expect(asked).toHaveLength(3);
  });

  test('what is no resource is asked for by its path', () => {
    const { asked } = attempt(user('bob'), {
      constrained,
      allows: () => false,
      request: { kind: 'nonResource', user: realUser, verb: 'get', path: '/metrics' },
    });
    expect(asked[0]).toBe('impersonate-on:user-info:get /metrics');
  });

  test('a group without a user is refused in the words of the newer filter', () => {
    expect(readImpersonation([['impersonate-group', 'g']], { constrained })).toEqual({
      kind: 'malformed',
      message:
        'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"g"}, Extra:map[string][]string(nil)} without impersonating a user name',
    });
  });
});
