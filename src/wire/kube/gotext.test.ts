import { expect, test } from 'vitest';
import { goText } from './gotext.ts';

test.each([
  [null, '<nil>'],
  ['text', 'text'],
  [true, 'true'],
  [7, '7'],
  [{}, 'map[]'],
  [[], '[]'],
  [{ b: ['x', 'y'], a: { c: null } }, 'map[a:map[c:<nil>] b:[x y]]'],
] as const)('%j is printed as Go prints it: %s', (value, text) => {
  expect(goText(value)).toBe(text);
});
