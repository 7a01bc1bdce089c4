import { expect, test } from 'vitest';
import { codeAt, findPair, findStep, isCode, newSeed, stepAt } from './totp.ts';

/** The seed of RFC 6238's test vectors for SHA-1, `12345678901234567890`. */
const seed = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

test.each([
  '',
  '12345',
  '1234567',
  '12345a',
  ' 123456',
  '123456\n',
  '١٢٣٤٥٦',
  '１２３４５６',
  '-12345',
  '1e4567',
])('%j is no code', (text) => {
  expect(isCode(text)).toBe(false);
  expect(findStep(seed, text, { around: 1, window: 1 })).toBeUndefined();
});

test.each([
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_111_111_111, '050471'],
  [1_234_567_890, '005924'],
  [2_000_000_000, '279037'],
  [20_000_000_000, '353130'],
])('at second %i the code is %s, as RFC 6238 appendix B says', (seconds, code) => {
  expect(codeAt(seed, stepAt(seconds * 1000))).toBe(code);
});

test('a code outside the window is not found', () => {
  const window = { around: 100, window: 1 };
  const found = [98, 99, 100, 101, 102].map((step) => findStep(seed, codeAt(seed, step), window));
  expect(found).toEqual([undefined, 99, 100, 101, undefined]);
});

test('of two steps with the same code the later one is found', () => {
  expect([910_737, 910_738].map((step) => codeAt(seed, step))).toEqual(['911617', '911617']);
  for (const around of [910_737, 910_738]) {
    expect(findStep(seed, '911617', { around, window: 1 })).toBe(910_738);
  }
});

test('a pair is two codes of consecutive steps in their order', () => {
  const window = { around: 100, window: 2 };
  const pair = (first: number, second: number): number | undefined =>
    findPair(seed, [codeAt(seed, first), codeAt(seed, second)], window);
  expect(pair(98, 99)).toBe(99);
  expect(pair(101, 102)).toBe(102);
  for (const [first, second] of [
    [99, 98],
    [99, 99],
    [98, 100],
    [97, 98],
    [102, 103],
  ] as const) {
    expect(pair(first, second)).toBeUndefined();
  }
  expect(findPair(seed, ['911617', '911617'], { around: 910_738, window: 3 })).toBe(910_738);
});

test('a new seed has 320 bits, in base32', () => {
  const bytes = new Uint8Array(40).fill(255);
  expect(newSeed({ bytes: (length) => bytes.subarray(0, length), uuid: () => '' })).toBe('7'.repeat(64));
});
