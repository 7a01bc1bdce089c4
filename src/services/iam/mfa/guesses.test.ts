import { expect, test } from 'vitest';
import { createGuessLimiter } from './guesses.ts';

const hour = 3_600_000;

function createWorld() {
  const clock = { now: 10 * hour };
  const guesses = createGuessLimiter({ now: () => clock.now });
  const fail = (device: string, times: number): void => {
    for (let count = 0; count < times; count++) guesses.wrong(device);
  };
  return { clock, guesses, fail };
}

test('after ten wrong codes a device is closed until the oldest of them is an hour past', () => {
  const { clock, guesses, fail } = createWorld();
  fail('a', 4);
  clock.now += hour / 2;
  fail('a', 5);
  expect(guesses.allows('a')).toBe(true);
  fail('a', 1);
  expect(guesses.allows('a')).toBe(false);
  clock.now += hour / 2 - 1;
  expect(guesses.allows('a')).toBe(false);
  clock.now += 1;
  expect(guesses.allows('a')).toBe(true);
  fail('a', 4);
  expect(guesses.allows('a')).toBe(false);
});

test('devices are counted apart', () => {
  const { guesses, fail } = createWorld();
  fail('a', 10);
  expect(guesses.allows('b')).toBe(true);
});

test('a clock set back neither opens a closed device nor keeps it closed for longer than an hour', () => {
  const { clock, guesses, fail } = createWorld();
  fail('a', 10);
  clock.now -= 5 * hour;
  expect(guesses.allows('a')).toBe(false);
  clock.now += hour - 1;
  expect(guesses.allows('a')).toBe(false);
  clock.now += 1;
  expect(guesses.allows('a')).toBe(true);
});

test('of ten thousand and one devices guessed at, the longest untouched is forgotten', () => {
  const { guesses, fail } = createWorld();
  fail('first', 10);
  fail('second', 10);
  for (let count = 0; count < 9_998; count++) fail(`device ${count}`, 1);
  expect(guesses.allows('first')).toBe(false);
  fail('last', 1);
  expect(guesses.allows('first')).toBe(true);
  expect(guesses.allows('second')).toBe(false);
});
