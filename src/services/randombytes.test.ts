import { expect, test } from 'vitest';
import { drawRandomBytes } from './randombytes.ts';

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('no bytes come twice, whatever lengths are drawn across the ends of pages', () => {
  const seen = new Set<string>();
  let drawn = 0;
  for (let length = 8; length <= 5000; length += 37) {
    const bytes = drawRandomBytes(length);
    expect(bytes.length).toBe(length);
    for (let at = 0; at + 8 <= length; at += 8, drawn++) seen.add(textOf(bytes.subarray(at, at + 8)));
  }
  expect(seen.size).toBe(drawn);
});

test('what was drawn is nobody else’s: it stays as it is, and writing to it changes nothing drawn later', () => {
  const first = drawRandomBytes(32);
  const before = textOf(first);
  const later = Array.from({ length: 300 }, () => textOf(drawRandomBytes(32)));
  expect(textOf(first)).toBe(before);
  first.fill(7);
  expect(new Set([...later, textOf(drawRandomBytes(32))]).size).toBe(301);
});
