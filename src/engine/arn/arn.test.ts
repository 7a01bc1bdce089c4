// biome-ignore-all lint/suspicious/noTemplateCurlyInString: IAM's policy variables are written so.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { processorTimer } from '../../../test/processortime.ts';
import { parseArn } from './arn.ts';
import { canonicalPrincipalArn, stripRolePath } from './canonical.ts';
import { parsePrincipalArn } from './principalarn.ts';
import { uniqueIdKind } from './uniqueid.ts';
import { compilePattern, compileWildcard } from './wildcard.ts';

const account = '111122223333';

describe('parseArn', () => {
  test.each([
    '',
    'arn',
    'arn:aws:iam::111122223333',
    'ARN:aws:iam::1:x',
    'nar:aws:iam::1:x',
    ' arn:aws:iam::1:x',
  ])('%j is no ARN', (text) => expect(parseArn(text)).toBeUndefined());
  test('the resource is all that follows the fifth colon', () => {
    expect(parseArn('arn:aws:logs:eu-west-1:111122223333:log-group:a/b:c')).toEqual({
      partition: 'aws',
      service: 'logs',
      region: 'eu-west-1',
      accountId: account,
      resource: 'log-group:a/b:c',
    });
  });
});

describe('canonicalPrincipalArn (token-facts 6)', () => {
  test.each([
    'not an arn',
    'arn:aws:iam::111122223333:role',
    'arn:aws:iam::111122223333:role/',
    'arn:aws:iam::111122223333:role/path/',
    'arn:aws:iam::111122223333:group/devs',
    'arn:aws:iam::111122223333:instance-profile/x',
    'arn:aws:sts::111122223333:assumed-role',
    'arn:aws:sts::111122223333:assumed-role/Admin',
    'arn:aws:sts::111122223333:assumed-role//session',
    'arn:aws:sts::111122223333:assumed-role/Admin/',
    'arn:aws:sts::111122223333:root',
    'arn:aws:sts::111122223333:role/Admin',
    'arn:aws:iam::111122223333:assumed-role/Admin/s',
    'arn:aws:iam:eu-west-1:111122223333:role/Admin',
    'arn:aws:iam::11112222333:role/Admin',
    'arn:aws:iam::1111222233334:role/Admin',
    'arn:aws-nowhere:iam::111122223333:role/Admin',
    'arn:AWS:iam::111122223333:role/Admin',
  ])('%s is nobody', (text) => expect(canonicalPrincipalArn(text)).toBeUndefined());

  test.each([
    ['arn:aws:iam::111122223333:user/team/ada', 'user', 'arn:aws:iam::111122223333:user/team/ada'],
    ['arn:aws:iam::111122223333:root', 'root', 'arn:aws:iam::111122223333:root'],
    [
      'arn:aws:sts::111122223333:federated-user/ada',
      'federatedUser',
      'arn:aws:sts::111122223333:federated-user/ada',
    ],
    ['arn:aws:iam::111122223333:role/p/Admin', 'role', 'arn:aws:iam::111122223333:role/p/Admin'],
    ['arn:aws:sts::111122223333:assumed-role/Admin/s', 'assumedRole', 'arn:aws:iam::111122223333:role/Admin'],
    [
      'arn:aws:sts::111122223333:assumed-role/p/Admin/s',
      'assumedRole',
      'arn:aws:iam::111122223333:role/p/Admin',
    ],
    [
      'arn:aws-cn:sts::111122223333:assumed-role/Admin/s',
      'assumedRole',
      'arn:aws-cn:iam::111122223333:role/Admin',
    ],
    [
      'arn:aws-eusc:sts::111122223333:assumed-role/Admin/s',
      'assumedRole',
      'arn:aws-eusc:iam::111122223333:role/Admin',
    ],
  ])('%s is the %s %s', (text, kind, arn) => expect(canonicalPrincipalArn(text)).toEqual({ kind, arn }));
});

describe('stripRolePath', () => {
  test.each([
    ['arn:aws:iam::111122223333:role/a/b/Admin', 'arn:aws:iam::111122223333:role/Admin'],
    ['arn:aws:iam::111122223333:user/a/ada', 'arn:aws:iam::111122223333:user/a/ada'],
    ['nothing', undefined],
  ])('%s becomes %s', (text, stripped) => expect(stripRolePath(text)).toBe(stripped));
});

describe('parsePrincipalArn', () => {
  test.each([
    'arn:aws:iam::111122223333:user/*',
    'arn:aws:iam::111122223333:user/team/*',
    'arn:aws:iam::111122223333:user/te*m/ada',
    'arn:aws:iam::111122223333:role/${aws:username}/x',
    'arn:aws:iam::*:role/x',
    'arn:aws:iam::111122223333:group/x',
    'arn:aws:iam::111122223333:user/ada lovelace',
    'arn:aws:iam::111122223333:user/ada\n',
    'arn:aws:iam::111122223333:user',
    'arn:aws:sts::111122223333:assumed-role/p/Admin/s',
    'arn:aws:sts::111122223333:assumed-role/Admin/s',
    'arn:aws:sts:us-east-1:111122223333:assumed-role/Admin/ss',
    `arn:aws:iam::111122223333:role/${'a/'.repeat(2000)}x`,
  ])('%s names no principal', (text) => expect(parsePrincipalArn(text)).toBeUndefined());

  test.each([
    ['arn:aws:iam::111122223333:root', { kind: 'root' }],
    ['arn:aws:iam::111122223333:user/ada', { kind: 'user', path: '/', name: 'ada' }],
    ['arn:aws:iam::111122223333:role/a/b/ops', { kind: 'role', path: '/a/b/', name: 'ops' }],
    [
      'arn:aws:sts::111122223333:assumed-role/ops/i-0a',
      { kind: 'assumedRole', name: 'ops', sessionName: 'i-0a' },
    ],
    ['arn:aws:sts::111122223333:federated-user/ada', { kind: 'federatedUser', name: 'ada' }],
  ])('%s is %j', (text, expected) =>
    expect(parsePrincipalArn(text)).toEqual({ partition: 'aws', accountId: account, ...expected }),
  );
});

describe('compileWildcard', () => {
  test.each([
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['**', 'abc', true],
    ['?', '', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['*ab*ab', 'ab', false],
    ['*ab*ab', 'abab', true],
    ['a*b?*c', 'axbyc', true],
    ['a*b?*c', 'axbc', false],
    ['*?', 'a', true],
    ['a*?b', 'ab', false],
    ['a*?b', 'axb', true],
    ['[a]', 'a', false],
  ])('%j matches %j: %s', (pattern, value, match) => expect(compileWildcard(pattern)(value)).toBe(match));

  test('a slot is filled anew for each source', () => {
    const pattern = compilePattern<string>([
      { kind: 'many' },
      { kind: 'slot', textOf: (source) => source },
      { kind: 'one' },
      { kind: 'many' },
    ]);
    expect(['b', 'b', 'c', '*', ''].map((source) => pattern('abx', source))).toEqual([
      true,
      true,
      false,
      false,
      true,
    ]);
  });

  test('a pattern made to blow up a backtracking matcher is answered at once', () => {
    const matches = compileWildcard(`${'a*'.repeat(2000)}b`);
    const spent = processorTimer();
    expect(matches('a'.repeat(100_000))).toBe(false);
    expect(spent()).toBeLessThan(500);
  });
});

test.each([
  ['AROADBQP57FF2AEXAMPLE', 'role'],
  ['AIDACKCEVSQ6C2EXAMPLE', 'user'],
  ['ASIAIOSFODNN7EXAMPLE', 'sessionKey'],
  ['aroadbqp57ff2aexample', undefined],
  ['AROA', undefined],
  ['XXXXDBQP57FF2AEXAMPLE', undefined],
  ['111122223333', undefined],
])('%s is the unique id of a %s', (text, kind) => expect(uniqueIdKind(text)).toBe(kind));

interface Vector {
  readonly name: string;
  readonly kind: string;
  readonly input: { readonly arn: string };
  readonly expect: Readonly<Record<string, unknown>>;
}

const vectorFile = resolve(import.meta.dirname, '../../../../shared/reference/token-vectors.json');
/** Different on purpose: a role without a name is nobody. STS never reports one. */
const refusedOnPurpose = 'arn:aws:iam::123456789012:role';
const kindNames: Readonly<Record<string, string>> = {
  user: 'USER',
  role: 'ROLE',
  root: 'ROOT',
  assumedRole: 'ASSUMED_ROLE',
  federatedUser: 'FEDERATED_USER',
};

describe.runIf(existsSync(vectorFile))('the public vectors', () => {
  const vectors = existsSync(vectorFile)
    ? (JSON.parse(readFileSync(vectorFile, 'utf8')) as { vectors: Vector[] }).vectors
    : [];
  const ofKind = (kind: string) => vectors.filter((vector) => vector.kind === kind);

  test('arn', () => {
    for (const { input, expect: expected } of ofKind('arn')) {
      const canonical = canonicalPrincipalArn(input.arn);
      const shown = canonical
        ? { ok: true, canonical: canonical.arn, type: kindNames[canonical.kind] }
        : { ok: false };
      expect(shown, input.arn).toEqual(input.arn === refusedOnPurpose ? { ok: false } : expected);
    }
    expect(ofKind('arn').length).toBe(23);
  });
  test('strip-path', () => {
    for (const { input, expect: expected } of ofKind('strip-path')) {
      const arn = stripRolePath(input.arn);
      expect(arn === undefined ? { ok: false } : { ok: true, arn }, input.arn).toEqual(expected);
    }
    expect(ofKind('strip-path').length).toBe(7);
  });
});
