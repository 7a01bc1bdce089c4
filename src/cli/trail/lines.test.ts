import { expect, test } from 'vitest';
import { jsonLine } from './lines.ts';

test.each([
  ['a C1 control', '\u009b31m'],
  ['DEL', '\u007f'],
  ['a mark that turns text around', '\u202e'],
  ['a line separator', '\u2028'],
  ['an invisible tag beyond the first plane', '\u{e0041}'],
  ['an escape', '\u001b[31m'],
])('a line of JSON holds nothing a terminal acts on, and means the same: %s', (_, userAgent) => {
  const line = jsonLine({ userAgent });
  expect(line).toMatch(/^[\x20-\x7e]+\n$/);
  expect(JSON.parse(line)).toEqual({ userAgent });
});

test('letters of all scripts stay as they are', () => {
  expect(jsonLine({ userName: 'Zoë 漢' })).toBe('{"userName":"Zoë 漢"}\n');
});
