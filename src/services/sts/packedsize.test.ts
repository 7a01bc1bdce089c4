import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { document, own } from '../authorization/testworld.ts';
import { maximumSessionTokenLength, sealSession } from '../credentials/sessiontoken.ts';
import { createSecretBox } from '../secretbox.ts';
import { packedPolicySize } from './packedsize.ts';
import type { PassedPolicies } from './sessionpolicies.ts';

const noise = (length: number): string => randomBytes(length).toString('base64url').slice(0, length);
const tagging = (...tags: readonly (readonly [string, string])[]) => ({
  tags: tags.map(([Key, Value]) => ({ Key, Value })),
  transitiveTagKeys: [],
});
const numbered = (count: number, value: (at: number) => string) =>
  tagging(...Array.from({ length: count }, (_, at) => [`key-${at}`, value(at)] as const));
const size = (policies: PassedPolicies | undefined, tags = tagging()) =>
  packedPolicySize({ policies, tagging: tags });

describe('too much is', () => {
  test('fifty tags of the longest values, however well they compress', () => {
    expect(() =>
      size(
        undefined,
        numbered(50, () => 'v'.repeat(256)),
      ),
    ).toThrow(/^Packed size of session tags consumes 3\d\d% of allotted space\.$/);
  });

  test('policy and tags together, when the tags are what is too much', () => {
    const policies = { inline: document({}), arns: [] };
    expect(() =>
      size(
        policies,
        numbered(20, () => noise(100)),
      ),
    ).toThrow('Packed size of session tags');
  });

  test('a policy that does not compress', () => {
    expect(() => size({ inline: noise(2048), arns: [] })).toThrow(
      /^Packed policy consumes 1\d\d% of allotted space, please use smaller policy\.$/,
    );
  });

  test('a policy and ARNs of more than 2,048 characters together, however well they compress', () => {
    const inline = document({}).padEnd(2048);
    const arns = ['arn:aws:iam::aws:policy/ReadOnlyAccess'];
    expect(size({ inline, arns: [] })).toBeLessThan(100);
    expect(() => size({ inline, arns })).toThrow('Packed policy consumes 102% of allotted space');
  });

  test('ten ARNs of the longest kind', () => {
    const arns = Array.from({ length: 10 }, (_, at) => `arn:aws:iam::${own}:policy/${'p'.repeat(600)}${at}`);
    expect(() => size({ arns })).toThrow('Packed policy consumes');
  });
});

describe('the size', () => {
  test('of nothing is none', () => {
    expect(size(undefined)).toBeUndefined();
    expect(size({ arns: [] })).toBeLessThan(5);
  });

  test('of a policy of 2,048 characters as people write them is below 100', () => {
    const statements = Array.from({ length: 9 }, (_, at) => ({
      Sid: `Statement${at}`,
      Action: ['eks:DescribeCluster', 'eks:ListAccessEntries', 'eks:AssociateAccessPolicy'],
      Resource: `arn:aws:eks:eu-west-1:${own}:cluster/team-${noise(8)}`,
    }));
    const inline = document(...statements).padEnd(2048);
    expect(inline.length).toBe(2048);
    expect(size({ inline, arns: [] })).toBeLessThan(75);
  });

  test('grows with every tag', () => {
    let last = 0;
    for (let count = 1; count <= 50; count++) {
      const now =
        size(
          undefined,
          numbered(count, (at) => `value-${at}`),
        ) ?? 0;
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
    expect(last).toBeGreaterThan(10);
  });
});

test('whatever is not too much fits a token, with the longest names too', () => {
  const box = createSecretBox(new Uint8Array(32).fill(1));
  let inline = noise(2048);
  const fits = () => {
    try {
      return size({ inline, arns: [] }) !== undefined;
    } catch {
      return false;
    }
  };
  while (!fits()) inline = inline.slice(1);
  expect(size({ inline, arns: [] })).toBe(100);
  const token = sealSession(box, 'ASIAIOSFODNN7EXAMPLE', {
    subject: {
      kind: 'assumedRole',
      accountId: '999999999999',
      roleName: noise(64),
      principalId: `AROA${noise(17)}`,
      sessionName: noise(64),
    },
    secretAccessKey: noise(40),
    issuedAt: 9_999_999_999_000,
    expiresAt: 9_999_999_999_000 + 129_600_000,
    attributes: {
      sourceIdentity: noise(64),
      policies: { inline, arns: [] },
      federatedProvider: `arn:aws:iam::999999999999:oidc-provider/${noise(255)}`,
      webIdentitySubject: noise(255),
    },
  });
  expect(token.length).toBeLessThanOrEqual(maximumSessionTokenLength);
});
