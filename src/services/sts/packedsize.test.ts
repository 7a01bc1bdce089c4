import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { document, own } from '../authorization/testworld.ts';
import { maximumSessionTokenLength, type SessionAttributes } from '../credentials/sessiontoken.ts';
import { createSecretBox } from '../secretbox.ts';
import { issueSession } from './answers.ts';
import { packedPolicySize, requirePackedPolicyFits } from './packedsize.ts';
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

test('what is within its space, but with names and provider too much for a token, is refused the same way', () => {
  const secretBox = createSecretBox(new Uint8Array(32).fill(1));
  const random = { bytes: (length: number) => randomBytes(length), uuid: () => '' };
  const tags = Array.from({ length: 40 }, (_, at) => ({ Key: `${at}${noise(10)}`, Value: noise(12) }));
  const inline = noise(1000);
  const issue = (attributes: SessionAttributes) =>
    issueSession(
      { secretBox, random },
      {
        kind: 'assumedRole',
        accountId: own,
        roleName: noise(64),
        principalId: `AROA${noise(17)}`,
        sessionName: noise(64),
      },
      {
        now: Date.parse('2026-11-21T03:00:00Z'),
        durationSeconds: 3600,
        attributes: { sourceIdentity: noise(64), webIdentitySubject: noise(255), ...attributes },
      },
    );
  const federatedProvider = `arn:aws:iam::${own}:oidc-provider/${noise(255)}`;
  expect(issue({ policies: { inline, arns: [] } }).SessionTokenSize).toBeLessThan(maximumSessionTokenLength);
  expect(() => issue({ policies: { inline: noise(2048), arns: [] }, federatedProvider })).toThrow(
    'Packed policy consumes',
  );
  expect(() => issue({ policies: { inline, arns: [] }, tags, federatedProvider })).toThrow(
    'Packed size of session tags consumes',
  );
});

test('what is not measured is refused as what is, whatever its length', () => {
  const outcome = (check: () => unknown): string => {
    try {
      check();
      return 'fits';
    } catch (error) {
      return String((error as Error).message);
    }
  };
  const found = new Set<string>();
  for (let length = 0; length <= 256; length += 4) {
    for (const count of [1, 3, 6, 20]) {
      const packed = { policies: undefined, tagging: numbered(count, () => noise(length)) };
      const measured = outcome(() => packedPolicySize(packed));
      expect(outcome(() => requirePackedPolicyFits(packed))).toBe(measured);
      found.add(measured === 'fits' ? 'fits' : 'too large');
    }
  }
  expect([...found].toSorted()).toEqual(['fits', 'too large']);
});
