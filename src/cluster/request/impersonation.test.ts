import { describe, expect, test } from 'vitest';
import { principalIdExtraKey, type UserInfo } from '../../engine/authorizer/attributes.ts';
import type { HeaderLines } from './headers.ts';
import { readImpersonation } from './impersonation.ts';
import { attempt, realUser, user } from './testworld.ts';

/** Who the request counts as, everything being allowed. */
function userOf(lines: HeaderLines): UserInfo {
  const { result } = attempt(lines);
  if (!result.ok) throw new Error('refused');
  return result.user;
}

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
