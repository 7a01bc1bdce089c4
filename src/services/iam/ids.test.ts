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
  const lengths: readonly [UniqueIdPrefix, number][] = [
    ['AKIA', 20],
    ['ASIA', 20],
    ['AIDA', 21],
    ['AROA', 21],
    ['ANPA', 21],
  ];
  test.each(lengths)('%s ids have %i characters of A-Z2-7 after the prefix', (prefix, length) => {
    const id = newUniqueId(prefix, random);
    expect(id).toHaveLength(length);
    expect(id).toMatch(new RegExp(`^${prefix}[A-Z2-7]+$`));
  });

  test('every byte value has a letter', () => {
    expect(newUniqueId('AIDA', allOnes)).toBe(`AIDA${'7'.repeat(17)}`);
  });
});

test('a secret access key has 40 characters', () => {
  expect(newSecretAccessKey(random)).toMatch(/^[A-Za-z0-9+/]{40}$/);
});
