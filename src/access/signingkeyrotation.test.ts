import { describe, expect, test } from 'vitest';
import type { SigningKeyRecord } from '../storage/records/signingkeys.ts';
import { longestTokenSeconds } from './serviceaccounttoken.ts';
import { announcedFor, isRotationDue, signingAt, stillBelieved } from './signingkeyrotation.ts';

const hour = 3_600_000;
const day = 24 * hour;
const tokenLife = longestTokenSeconds * 1000;
/** More than a verifier takes of one issuer is not read at all (`services/sts/webidentity/keyset.ts`). */
const mostKeysOfIssuer = 100;

/** A year in steps of six hours, of a cluster whose keys are asked for at every step. `isDue` says when one is announced. */
function* year(isDue: (records: readonly SigningKeyRecord[], now: number) => boolean) {
  const keyAt = (now: number, signsFrom: number): SigningKeyRecord => ({
    ...{ keyId: `${signsFrom}`, algorithm: 'RS256', createdAt: now, signsFrom },
    ...{ publicKey: { n: '', e: '' }, sealedPrivateKey: 'sealed' },
  });
  let records: readonly SigningKeyRecord[] = [keyAt(0, 0)];
  for (let now = 0; now < 365 * day; now += 6 * hour) {
    if (isDue(records, now)) records = [...stillBelieved(records, now), keyAt(now, now + announcedFor)];
    yield { now, records, signing: signingAt(records, now)?.keyId ?? '' };
  }
}

describe.each<[string, Parameters<typeof year>[0], number]>([
  ['by themselves', isRotationDue, 15],
  [
    'by hand, as often as one can',
    (records, now) => records.every(({ signsFrom = 0 }) => signsFrom <= now),
    93,
  ],
])('keys that are rotated %s', (_, isDue, most) => {
  const steps = [...year(isDue)];

  test('are believed until the last token that they signed has ended', () => {
    for (const [at, { now, signing }] of steps.entries()) {
      const lost = steps
        .slice(at)
        .find(
          (later) => later.now < now + tokenLife && !later.records.some(({ keyId }) => keyId === signing),
        );
      expect(lost?.now, `signed at ${now / day}`).toBeUndefined();
    }
  });

  test('are published a day before they sign', () => {
    for (const { now, signing } of steps.slice(4)) {
      const before = steps.find((step) => step.now === now - announcedFor);
      expect(before?.records.map(({ keyId }) => keyId)).toContain(signing);
    }
  });

  test('are so many at most', () => {
    expect(Math.max(...steps.map(({ records }) => records.length))).toBe(most);
    expect(most).toBeLessThan(mostKeysOfIssuer);
  });

  test('lose their private half when the next one signs', () => {
    for (const { records } of steps) {
      expect(records.filter(({ sealedPrivateKey }) => sealedPrivateKey !== undefined).length).toBeLessThan(4);
    }
  });
});

test('a key signs for seven days (I3)', () => {
  const first = new Map<string, number>();
  for (const { now, signing } of year(isRotationDue)) if (!first.has(signing)) first.set(signing, now);
  const times = [...first.values()];
  expect(new Set(times.slice(1).map((time, at) => (time - (times[at] ?? 0)) / day))).toEqual(new Set([7]));
});
