import { describe, expect, test } from 'vitest';
import { encodePercent, instantText, parseBase64, parseInstant, parseInteger } from './scalars.ts';

describe('instants as text', () => {
  test.each([
    '',
    '1700000000',
    '2026-11-21',
    '2026-11-21T10:00:00',
    '2026-02-30T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-21T24:00:00Z',
    '2026-11-21T10:00:60Z',
    '2026-11-21 10:00:00Z',
    '+002026-11-21T10:00:00Z',
    'Sat, 21 Nov 2026 10:00:00 GMT',
    ' 2026-11-21T10:00:00Z',
  ])('%j is none', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });

  test.each([
    ['2026-11-21T10:00:00Z', '2026-11-21T10:00:00Z'],
    ['2026-11-21T10:00:00.000Z', '2026-11-21T10:00:00Z'],
    ['2026-11-21T10:00:00.25Z', '2026-11-21T10:00:00.250Z'],
    ['2024-02-29T23:30:00+01:00', '2024-02-29T22:30:00Z'],
  ])('%s is %s; milliseconds show only when there are any (13)', (text, expected) => {
    expect(instantText(parseInstant(text) ?? new Date(0))).toBe(expected);
  });
});

test.each([
  '',
  ' 1',
  '1 ',
  '1e3',
  '0x1',
  '1.0',
  'NaN',
  'Infinity',
  '--1',
  '9007199254740993',
  '1'.repeat(40),
])('%j is not an integer', (text) => {
  expect(parseInteger(text)).toBeUndefined();
});

test.each([
  ['YQ==', [97]],
  ['YQ', [97]],
  ['', []],
  ['+/8=', [251, 255]],
])('%j is base64', (text, bytes) => {
  expect(parseBase64(text)).toEqual(Uint8Array.from(bytes));
});

test.each(['Y', 'YR==', 'Y Q=', '-_8=', 'YQ===', 'YQ==YQ=='])('%j is not base64', (text) => {
  expect(parseBase64(text)).toBeUndefined();
});

test('percent-encoding leaves only unreserved characters (15)', () => {
  expect(encodePercent(`{"a":"!'()*é ~-._"}`)).toBe('%7B%22a%22%3A%22%21%27%28%29%2A%C3%A9%20~-._%22%7D');
});
