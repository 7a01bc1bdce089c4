import { CommandError } from '../failure.ts';

const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * A moment as people give it: `15m`, `2h`, `7d` (so long ago), `2026-01-15` (midnight UTC) or a timestamp with its zone.
 * Epoch milliseconds.
 */
export function parseMoment(text: string, option: string, now: number): number {
  const ago = /^(\d{1,6})([smhd])$/.exec(text);
  if (ago !== null) return now - Number(ago[1]) * units[ago[2] as keyof typeof units];
  const isStated = /^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:[Zz]|[+-]\d\d:\d\d))?$/.test(
    text,
  );
  const time = isStated ? Date.parse(text.replace(' ', 'T')) : Number.NaN;
  if (Number.isNaN(time)) {
    throw new CommandError(
      'misuse',
      `${option} \`${text}\` is no moment`,
      'write 15m, 2h, 7d, 2026-01-15 or 2026-01-15T12:00:00Z',
    );
  }
  return time;
}

export interface RangeOptions {
  readonly since?: string;
  readonly until?: string;
}

export interface Range {
  readonly from?: number;
  readonly to?: number;
}

/** Both ends inclusive. */
export function parseRange({ since, until }: RangeOptions, now: number): Range {
  const from = since === undefined ? undefined : parseMoment(since, '--since', now);
  const to = until === undefined ? undefined : parseMoment(until, '--until', now);
  if (from !== undefined && to !== undefined && from > to) {
    throw new CommandError('misuse', '--since is later than --until', 'exchange them');
  }
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}
