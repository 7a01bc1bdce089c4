import { expect, test } from 'vitest';
import { sparingly } from './sparingly.ts';

test('a cluster tells some lines at once, then one a minute, and how many were left out', () => {
  let time = 1_000;
  const told: string[] = [];
  const tell =
    (level: string) =>
    (fields: object, message: string): void =>
      void told.push(`${level} ${message} ${JSON.stringify(fields)}`);
  const log = sparingly({ info: tell('info'), warn: tell('warn') }, () => time);
  for (let n = 0; n < 1_000; n++) (n % 2 === 0 ? log.warn : log.info)({}, `line ${n}`);
  expect(told).toHaveLength(30);
  expect(told.slice(0, 2)).toEqual(['warn line 0 {}', 'info line 1 {}']);
  time += 60_000;
  for (let n = 0; n < 10; n++) log.warn({ cluster: 'a' }, 'later');
  expect(told.slice(30)).toEqual(['warn later {"cluster":"a","untold":970}']);
  // What was not used is not saved up beyond the first lot.
  time += 100 * 60_000;
  for (let n = 0; n < 100; n++) log.info({}, 'much later');
  expect(told).toHaveLength(61);
});
