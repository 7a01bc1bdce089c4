import { expect, test } from 'vitest';
import { startRenewal } from './renewal.ts';

const day = 24 * 60 * 60 * 1000;

function started(renew: (at: number) => Promise<number>) {
  const clock = { at: 0 };
  const lines: string[] = [];
  const renewals: number[] = [];
  const renewal = startRenewal({
    what: 'test',
    expiresAt: 100 * day,
    renew() {
      renewals.push(clock.at / day);
      return renew(clock.at);
    },
    now: () => clock.at,
    log: { info: (_, message) => void lines.push(message), error: (_, message) => void lines.push(message) },
  });
  renewal.stop();
  const lookAt = (days: number): Promise<void> => {
    clock.at = days * day;
    return renewal.look();
  };
  return { lookAt, renewal, renewals, lines };
}

test('a certificate is made anew once, thirty days before its end, and then by the end of the new one', async () => {
  const { lookAt, renewals } = started(async (at) => at + 100 * day);
  for (const at of [0, 69, 70, 71, 139, 140]) await lookAt(at);
  expect(renewals).toEqual([70, 140]);
});

test('also when the clock has jumped far beyond its end', async () => {
  const { lookAt, renewals } = started(async (at) => at + 100 * day);
  await lookAt(5_000);
  expect(renewals).toEqual([5_000]);
});

test('what fails is said and tried again; looking twice at once makes one', async () => {
  let fails = true;
  const { lookAt, renewal, renewals, lines } = started(async (at) => {
    if (fails) throw new Error('no entropy');
    return at + 100 * day;
  });
  await lookAt(80);
  fails = false;
  await Promise.all([lookAt(81), renewal.look()]);
  expect(renewals).toEqual([80, 81]);
  expect(lines).toEqual(['a server certificate could not be renewed', 'a server certificate was renewed']);
});
