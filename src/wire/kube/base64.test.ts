import { expect, test } from 'vitest';
import { base64Fault } from './base64.ts';

test.each<[string, number | undefined]>([
  ['!!!', 0],
  ['aGVs bG8=', 4],
  ['aGVsbG8', 4],
  ['aGVsb', 4],
  ['=', 0],
  ['YQ=', 3],
  ['YQ=x', 2],
  ['YQ==x', 4],
  ['YWI=YWI=', 4],
  ['aGVs-bG8', 4],
  ['YQ=\n', 4],
  ['YWI=\nx', 5],
  ['YWJjZA\n', 5],
  ['', undefined],
  ['YQ==', undefined],
  ['YWI=', undefined],
  ['YWJj', undefined],
  ['YW\nJj\r\nYQ=\n=\n', undefined],
])('%j is no base64 from %s on', (text, expected) => {
  expect(base64Fault(text)).toBe(expected);
});
