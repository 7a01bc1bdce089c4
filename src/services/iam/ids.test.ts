import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { RandomSource } from '../secrets.ts';
import { newSecretAccessKey, newUniqueId, type UniqueIdPrefix } from './ids.ts';

const random: RandomSource = { bytes: (length) => randomBytes(length), uuid: () => randomUUID() };
const allOnes: RandomSource = {
  bytes: (length) => new Uint8Array(length).fill(255),
  uuid: () => randomUUID(),
};

describe('unique ids (iam-facts J3)', () => {
  const prefixes: readonly UniqueIdPrefix[] = ['AIDA', 'AROA', 'AGPA', 'ANPA', 'AIPA'];
  test.each(prefixes)('%s ids have 21 characters, A-Z2-7 after the prefix', (prefix) => {
    expect(newUniqueId(prefix, random)).toMatch(new RegExp(`^${prefix}[A-Z2-7]{17}$`));
  });

  test('every byte value has a letter', () => {
    expect(newUniqueId('AIDA', allOnes)).toBe(`AIDA${'7'.repeat(17)}`);
  });
});

test('a secret access key has 40 characters', () => {
  expect(newSecretAccessKey(random)).toMatch(/^[A-Za-z0-9+/]{40}$/);
});
