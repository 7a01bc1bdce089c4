import { expect, test } from 'vitest';
import { parseDeadline } from './deadline.ts';

const now = Date.UTC(2026, 3, 12, 12);

test.each([
  '',
  '0h',
  '-1h',
  '8',
  '8 h',
  '8s',
  'tomorrow',
  '2026-02-30x',
  '2027-02-30',
  '2027-06-31T12:00:00Z',
  '2027-13-01',
  '2026-04-12',
  '2026-04-12T11:59:59Z',
  '2026-04-12T12:00',
])('`%s` is no moment to come', (text) =>
  expect(() => parseDeadline(text, '--until', now)).toThrow(/--until/),
);

test.each([
  ['30m', now + 30 * 60_000],
  ['8h', now + 8 * 3_600_000],
  ['7d', now + 7 * 86_400_000],
  ['2028-02-29', Date.UTC(2028, 1, 29)],
  ['2026-04-13', Date.UTC(2026, 3, 13)],
  ['2026-04-12T13:00:00+00:30', now + 30 * 60_000],
])('`%s` is', (text, time) => expect(parseDeadline(text, '--until', now)).toBe(time));
