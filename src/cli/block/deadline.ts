import { CommandError } from '../failure.ts';

const units = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * A moment to come, as people give it: `30m`, `8h`, `7d` (from now), `2026-01-15` (midnight UTC) or a timestamp with its
 * zone. Epoch milliseconds.
 */
export function parseDeadline(text: string, option: string, now: number): number {
  const lasting = /^(\d{1,5})([mhd])$/.exec(text);
  if (lasting !== null && Number(lasting[1]) > 0) {
    return now + Number(lasting[1]) * units[lasting[2] as keyof typeof units];
  }
  const isStated = /^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:[Zz]|[+-]\d\d:\d\d))?$/.test(
    text,
  );
  // `Date.parse` takes February 30 for a day in March: longer than anybody wrote.
  const isDay =
    isStated && new Date(`${text.slice(0, 10)}T00:00Z`).getUTCDate() === Number(text.slice(8, 10));
  const time = isDay ? Date.parse(text.replace(' ', 'T')) : Number.NaN;
  if (time > now) return time;
  const why = Number.isNaN(time) ? 'is no moment to come' : 'has passed';
  throw new CommandError(
    'misuse',
    `${option} \`${text}\` ${why}`,
    'write 30m, 8h, 7d, 2027-01-15 or 2027-01-15T12:00:00Z',
  );
}
