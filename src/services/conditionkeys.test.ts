import { expect, test } from 'vitest';
import { isOversized, requestTagKeys } from './conditionkeys.ts';

test.each<[string, ReadonlyMap<string, string | readonly string[]>, boolean]>([
  ['one value too long', new Map([['k', 'x'.repeat(4097)]]), true],
  ['one of several too long', new Map([['k', ['', 'x'.repeat(4097)]]]), true],
  ['too many values', new Map([['k', new Array<string>(1001).fill('')]]), true],
  ['too many keys', new Map(Array.from({ length: 1001 }, (_, at) => [`k${at}`, ''])), true],
  ['too much together', new Map([['k', new Array<string>(33).fill('x'.repeat(4096))]]), true],
  [
    'the most namespaces an association takes',
    new Map([['k', new Array<string>(500).fill('x'.repeat(253))]]),
    false,
  ],
  ['the most groups an entry takes', new Map([['k', new Array<string>(100).fill('x'.repeat(1024))]]), false],
])('what a call says of itself: %s', (_name, context, oversized) => {
  expect(isOversized(context)).toBe(oversized);
});

test('more tags than any call takes are refused without looking at them all', () => {
  const tags = Array.from({ length: 100_000 }, (_, at) => ({ Key: `k${at}`, Value: '' }));
  const keys = requestTagKeys(tags);
  expect(isOversized(keys)).toBe(true);
  expect(keys.size).toBeLessThan(1100);
});
