import { expect, test } from 'vitest';
import { warningHeaders } from './warnings.ts';

test('warnings are quoted as in D2.7, and nothing in them can end a header', () => {
  expect(warningHeaders(['unknown field "spec.foo"', 'a\r\nX: y\\'])).toEqual([
    '299 - "unknown field \\"spec.foo\\""',
    '299 - "a??X: y\\\\"',
  ]);
});

test('all warnings together stay shorter than what clients read', () => {
  const headers = warningHeaders(Array.from({ length: 100 }, (_, n) => `${n} ${'x'.repeat(1_000)}`));
  expect(headers.join('').length).toBeLessThanOrEqual(4_096);
  expect(headers.length).toBeGreaterThan(10);
});
