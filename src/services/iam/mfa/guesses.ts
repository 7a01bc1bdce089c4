const windowMilliseconds = 60 * 60 * 1000;
const guessesPerWindow = 10;
const devicesRemembered = 10_000;

/** Counts wrong codes per device, whoever sent them. */
export interface GuessLimiter {
  /** False while the device has had too many wrong codes of late: whatever comes is to be refused unlooked at. */
  allows(serialNumber: string): boolean;
  /** A code was wrong. */
  wrong(serialNumber: string): void;
}

/**
 * At most ten wrong codes per device within any hour; then none is looked at until the oldest of them is an hour past.
 * With three codes valid at a time, somebody who has the access key and guesses all day long hits one in 1,400 days on
 * average. A right code does not clear the count: else the owner's own logins would give a guesser more tries.
 *
 * In memory: a restart forgets. Bounded: of more than 10,000 devices guessed at within an hour the longest untouched
 * is forgotten, so that ten more guesses cost a guesser ten thousand wrong ones at other devices of his own.
 */
export function createGuessLimiter({ now }: { readonly now: () => number }): GuessLimiter {
  /** Times of the wrong codes by serial number; devices in the order of their latest one. */
  const wrongs = new Map<string, readonly number[]>();

  /** A time ahead of the clock was written before the clock was set back: it counts as just now. */
  const recent = (serialNumber: string): readonly number[] => {
    const present = now();
    return (wrongs.get(serialNumber) ?? [])
      .map((time) => Math.min(time, present))
      .filter((time) => present - time < windowMilliseconds);
  };

  return {
    allows(serialNumber) {
      const times = recent(serialNumber);
      if (times.length === 0) wrongs.delete(serialNumber);
      else if (wrongs.has(serialNumber)) wrongs.set(serialNumber, times);
      return times.length < guessesPerWindow;
    },
    wrong(serialNumber) {
      const times = [...recent(serialNumber), now()].slice(-guessesPerWindow);
      wrongs.delete(serialNumber);
      wrongs.set(serialNumber, times);
      if (wrongs.size <= devicesRemembered) return;
      const [oldest] = wrongs.keys();
      if (oldest !== undefined) wrongs.delete(oldest);
    },
  };
}
