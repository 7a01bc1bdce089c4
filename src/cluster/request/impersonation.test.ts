import { describe, expect, test } from 'vitest';
import {
  type Attributes,
  principalIdExtraKey,
  type ResourceAttributes,
  type UserInfo,
} from '../../engine/authorizer/attributes.ts';
import type { HeaderLines } from './headers.ts';
import { impersonate } from './impersonate.ts';
import { readImpersonation } from './impersonation.ts';

const realUser: UserInfo = {
  username: 'alice',
  uid: 'aws-iam-authenticator:111122223333:AROAALICE',
  groups: ['g'],
  extra: { [principalIdExtraKey]: ['AROAALICE'] },
  principal: {
    principalId: 'AROAALICE',
    canonicalArn: 'arn:aws:iam::111122223333:role/a',
    username: 'alice',
  },
};

const listPods: ResourceAttributes = {
  ...{ kind: 'resource', user: realUser, verb: 'list', apiGroup: '', apiVersion: 'v1', resource: 'pods' },
  ...{ subresource: '', namespace: 'dev', name: '' },
};

/** `impersonate users bob`, `impersonate-on:user-info:list pods in dev`, … */
function textOf(attributes: Attributes): string {
  if (attributes.kind === 'nonResource') return `${attributes.verb} ${attributes.path}`;
  const { verb, resource, subresource, apiGroup, namespace, name } = attributes;
  const target = `${resource}${apiGroup === '' ? '' : '.authn'}${subresource === '' ? '' : `/${subresource}`}`;
  return [verb, target, ...(namespace === '' ? [] : ['in', namespace]), ...(name === '' ? [] : [name])].join(
    ' ',
  );
}

/** What becomes of the headers where the real user may do what `allows` says. */
function attempt(
  lines: HeaderLines,
  options: {
    readonly allows?: (asked: string) => boolean;
    readonly constrained?: boolean;
    readonly request?: Attributes;
  } = {},
) {
  const { allows = () => true, constrained = false, request = listPods } = options;
  const read = readImpersonation(lines, { constrained });
  if (read.kind !== 'asked') throw new Error(`not asked: ${JSON.stringify(read)}`);
  const asked: string[] = [];
  const users: UserInfo[] = [];
  const result = impersonate(read.wanted, request, {
    constrained,
    authorize(attributes) {
      asked.push(textOf(attributes));
      users.push(attributes.user);
      return {
        decision: allows(textOf(attributes)) ? 'allow' : 'noOpinion',
        reason: '',
        evidence: { by: 'nothing', misses: [] },
      };
    },
  });
  return { result, asked, users };
}

/** Who the request counts as, everything being allowed. */
function userOf(lines: HeaderLines, constrained = false): UserInfo {
  const { result } = attempt(lines, { constrained });
  if (!result.ok) throw new Error('refused');
  return result.user;
}

const user = (name: string): HeaderLines => [['impersonate-user', name]];

describe('impersonation (kubernetes-facts A14 to A16)', () => {
  test('nothing of the real user is carried over, so access policies are off', () => {
    const as = userOf([
      ['impersonate-user', 'alice'],
      ['impersonate-uid', realUser.uid],
      [`impersonate-extra-${encodeURIComponent(principalIdExtraKey).toLowerCase()}`, 'AROAALICE'],
      ['impersonate-extra-sigs.k8s.io%2faws-iam-authenticator%2fprincipal%49d', 'AROAALICE'],
    ]);
    expect(as.principal).toBeUndefined();
    expect(as.impersonated).toBe(true);
    expect(as.groups).not.toContain('g');
  });

  test.each([
    ['a group', [['impersonate-group', 'g']], 'requested [{Group  g    }] without impersonating a user'],
    ['an empty group', [['impersonate-group', '']], 'requested [{Group      }] without impersonating a user'],
    [
      'a uid',
      [['impersonate-uid', 'u']],
      'requested [{UID  u  authentication.k8s.io/v1  }] without impersonating a user',
    ],
    [
      'an extra',
      [['impersonate-extra-k', 'v']],
      'requested [{UserExtra  v  authentication.k8s.io/v1  k}] without impersonating a user',
    ],
    ['an empty user', [['impersonate-user', '']], 'requested [] without impersonating a user'],
    [
      'two users',
      [
        ['impersonate-user', 'a'],
        ['impersonate-user', 'b'],
      ],
      'more than one user or uid to impersonate',
    ],
    [
      'two uids',
      [
        ['impersonate-user', 'a'],
        ['impersonate-uid', 'b'],
        ['impersonate-uid', 'c'],
      ],
      'more than one user or uid to impersonate',
    ],
    [
      'an unknown header',
      [
        ['impersonate-user', 'a'],
        ['impersonate-role', 'b'],
      ],
      'unknown impersonation header `impersonate-role`',
    ],
    [
      'an extra without a key',
      [
        ['impersonate-user', 'a'],
        ['impersonate-extra-', 'b'],
      ],
      'unknown impersonation header `impersonate-extra-`',
    ],
    [
      'bytes that are no text',
      [['impersonate-user', 'a\xff']],
      'the value of header `impersonate-user` is not UTF-8',
    ],
  ] as const)('%s is refused', (_, lines, message) => {
    expect(readImpersonation(lines, { constrained: false })).toEqual({ kind: 'malformed', message });
  });

  test.each([
    'impersonate users bob',
    'impersonate groups one',
    'impersonate groups two, three',
    'impersonate userextras.authn/acme.example/scope a',
    'impersonate userextras.authn/acme.example/scope b',
    'impersonate uids.authn u1',
  ])('without `%s` the whole request is refused', (missing) => {
    const lines: HeaderLines = [
      ['impersonate-user', 'bob'],
      ['impersonate-group', 'one'],
      ['impersonate-group', 'two, three'],
      ['impersonate-uid', 'u1'],
      ['impersonate-extra-acme.example%2fscope', 'a'],
      ['impersonate-extra-acme.example%2Fscope', 'b'],
    ];
    const { result, asked, users } = attempt(lines, { allows: (one) => one !== missing });
    expect(result.ok).toBe(false);
    expect(asked.at(-1)).toBe(missing);
    expect(users.every((one) => one === realUser)).toBe(true);
  });

  test('system:masters is a group like any other', () => {
    const lines: HeaderLines = [
      ['impersonate-user', 'bob'],
      ['impersonate-group', 'system:masters'],
    ];
    expect(attempt(lines, { allows: (asked) => asked === 'impersonate users bob' }).result.ok).toBe(false);
  });

  test('an empty group is asked for without a name, which no rule with names allows', () => {
    const lines: HeaderLines = [
      ['impersonate-user', 'bob'],
      ['impersonate-group', ''],
    ];
    expect(attempt(lines).asked).toEqual(['impersonate users bob', 'impersonate groups']);
  });

  test.each([
    ['bob', [], ['system:authenticated']],
    ['bob', ['g'], ['g', 'system:authenticated']],
    ['bob', ['system:authenticated'], ['system:authenticated']],
    ['bob', ['system:unauthenticated'], ['system:unauthenticated']],
    ['system:anonymous', [], ['system:unauthenticated']],
    ['system:anonymous', ['system:authenticated'], ['system:authenticated', 'system:unauthenticated']],
    [
      'system:serviceaccount:ns:sa',
      [],
      ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
    ],
    ['system:serviceaccount:ns:sa', ['g'], ['g', 'system:authenticated']],
    ['system:serviceaccount:ns', [], ['system:authenticated']],
    ['system:node:n1', [], ['system:authenticated']],
  ] as const)('%s with groups %j is in %j', (username, groups, expected) => {
    const lines: HeaderLines = [
      ['impersonate-user', username],
      ...groups.map((group) => ['impersonate-group', group] as const),
    ];
    expect(userOf(lines).groups).toEqual(expected);
  });

  test.each([
    ['system:serviceaccount:ns:sa', 'impersonate serviceaccounts in ns sa'],
    ['system:serviceaccount:ns:s.a', 'impersonate serviceaccounts in ns s.a'],
    // What could be no account is asked for as a user.
    ['system:serviceaccount:NS:sa', 'impersonate users system:serviceaccount:NS:sa'],
    ['system:serviceaccount:ns:a/b', 'impersonate users system:serviceaccount:ns:a/b'],
    ['system:serviceaccount:ns:', 'impersonate users system:serviceaccount:ns:'],
    ['system:serviceaccount:ns:a:b', 'impersonate users system:serviceaccount:ns:a:b'],
    ['system:node:n1', 'impersonate users system:node:n1'],
  ])('%s is `%s`', (username, expected) => {
    expect(attempt(user(username)).asked).toEqual([expected]);
  });

  test('a key is lower-cased, then decoded; one that is not well encoded stands for itself', () => {
    const { extra } = userOf([
      ['impersonate-user', 'bob'],
      ['impersonate-extra-a%2Fb%43', '1'],
      ['impersonate-extra-x%zz', '2'],
      ['impersonate-extra-__proto__', '3'],
    ]);
    expect(Object.entries(extra)).toEqual([
      ['a/bC', ['1']],
      ['x%zz', ['2']],
      ['__proto__', ['3']],
    ]);
  });

  test('names are UTF-8, as Kubernetes clients send them', () => {
    expect(userOf(user(Buffer.from('müller', 'utf8').toString('latin1'))).username).toBe('müller');
  });
});

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
