import { describe, expect, test } from 'vitest';
import { principalIdExtraKey, type UserInfo } from '../../engine/authorizer/attributes.ts';
import type { HeaderLines } from './headers.ts';
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

function asked(lines: HeaderLines) {
  const result = readImpersonation(lines, realUser);
  if (result.kind !== 'asked') throw new Error(`not asked: ${result.kind}`);
  return result;
}

describe('impersonation (kubernetes-facts A14 to A16)', () => {
  test('nothing of the real user is carried over, so access policies are off', () => {
    const { user } = asked([
      ['impersonate-user', 'alice'],
      ['impersonate-uid', realUser.uid],
      [`impersonate-extra-${encodeURIComponent(principalIdExtraKey)}`, 'AROAALICE'],
    ]);
    expect(user.principal).toBeUndefined();
    expect(user.impersonated).toBe(true);
    expect(user.extra).not.toHaveProperty([principalIdExtraKey]);
  });

  test.each([
    ['a group', [['impersonate-group', 'g']], 'requested [group g] without impersonating a user'],
    ['a uid', [['impersonate-uid', 'u']], 'requested [uid u] without impersonating a user'],
    ['an extra', [['impersonate-extra-k', 'v']], 'requested [extra k] without impersonating a user'],
    [
      'two users',
      [
        ['impersonate-user', 'a'],
        ['impersonate-user', 'b'],
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
  ] as const)('%s alone is refused', (_, lines, message) => {
    expect(readImpersonation(lines, realUser)).toEqual({ kind: 'malformed', message });
  });

  test('every value is one check of the real user', () => {
    const { checks } = asked([
      ['impersonate-user', 'bob'],
      ['impersonate-group', 'one'],
      ['impersonate-group', 'two, three'],
      ['impersonate-uid', 'u1'],
      ['impersonate-extra-acme.example%2fscope', 'a'],
      ['impersonate-extra-acme.example%2Fscope', 'b'],
    ]);
    expect(checks.every(({ user, verb }) => user === realUser && verb === 'impersonate')).toBe(true);
    expect(
      checks.map(({ apiGroup, resource, subresource, name }) => [apiGroup, resource, subresource, name]),
    ).toEqual([
      ['', 'users', '', 'bob'],
      ['', 'groups', '', 'one'],
      ['', 'groups', '', 'two, three'],
      ['authentication.k8s.io', 'uids', '', 'u1'],
      ['authentication.k8s.io', 'userextras', 'acme.example/scope', 'a'],
      ['authentication.k8s.io', 'userextras', 'acme.example/scope', 'b'],
    ]);
  });

  test.each([
    ['bob', [], ['system:authenticated']],
    ['bob', ['g'], ['g', 'system:authenticated']],
    ['bob', ['system:authenticated'], ['system:authenticated']],
    ['system:anonymous', [], ['system:unauthenticated']],
    [
      'system:serviceaccount:ns:sa',
      [],
      ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
    ],
    ['system:serviceaccount:ns:sa', ['g'], ['g', 'system:authenticated']],
    ['system:serviceaccount:ns', [], ['system:authenticated']],
  ] as const)('%s with groups %j is in %j', (username, groups, expected) => {
    const lines: HeaderLines = [
      ['impersonate-user', username],
      ...groups.map((group) => ['impersonate-group', group] as const),
    ];
    expect(asked(lines).user.groups).toEqual(expected);
  });

  test('a service account is checked as one, in its namespace', () => {
    const [check] = asked([['impersonate-user', 'system:serviceaccount:ns:sa']]).checks;
    expect(check).toMatchObject({ resource: 'serviceaccounts', namespace: 'ns', name: 'sa' });
  });
});
