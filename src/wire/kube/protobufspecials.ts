import { malformed } from './wirereader.ts';

const minSeconds = -62_135_596_800n; // 0001-01-01
const maxSeconds = 253_402_300_799n; // 9999-12-31

/** RFC 3339 in UTC with 0 or 6 fraction digits: the JSON of Time and MicroTime. */
export function rfc3339(time: { readonly seconds: bigint; readonly nanos: bigint }, digits: 0 | 6): string {
  const { seconds, nanos } = time;
  if (seconds < minSeconds || seconds > maxSeconds || nanos < 0n || nanos > 999_999_999n) {
    throw malformed('time is out of range');
  }
  const date = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return digits === 0 ? `${date}Z` : `${date}.${(nanos / 1000n).toString().padStart(6, '0')}Z`;
}

/** Nanoseconds as Go prints a duration: `1h30m0s`, `1.5s`, `200ms`, `0s`. */
export function goDuration(raw: bigint): string {
  const signed = BigInt.asIntN(64, raw);
  const nanos = signed < 0n ? -signed : signed;
  const sign = signed < 0n ? '-' : '';
  const decimal = (value: bigint, unit: bigint): string => {
    const fraction = (value % unit)
      .toString()
      .padStart(unit.toString().length - 1, '0')
      .replace(/0+$/, '');
    return `${value / unit}${fraction === '' ? '' : `.${fraction}`}`;
  };
  if (nanos === 0n) return '0s';
  if (nanos < 1_000n) return `${sign}${nanos}ns`;
  if (nanos < 1_000_000n) return `${sign}${decimal(nanos, 1_000n)}µs`;
  if (nanos < 1_000_000_000n) return `${sign}${decimal(nanos, 1_000_000n)}ms`;
  const hours = nanos / 3_600_000_000_000n;
  const minutes = (nanos / 60_000_000_000n) % 60n;
  const seconds = decimal(nanos % 60_000_000_000n, 1_000_000_000n);
  if (hours > 0n) return `${sign}${hours}h${minutes}m${seconds}s`;
  return minutes > 0n ? `${sign}${minutes}m${seconds}s` : `${sign}${seconds}s`;
}
