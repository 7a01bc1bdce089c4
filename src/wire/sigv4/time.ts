const basicFormat = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;

/**
 * Reads `YYYYMMDDTHHMMSSZ`, exactly these 16 characters (iam-facts K7), to epoch milliseconds. Undefined for every
 * other text and for dates that do not exist: `Date.UTC` rolls 30 February over, so the result must be the same date.
 */
export function parseAmzDate(text: string): number | undefined {
  const match = basicFormat.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as FixedDate;
  const time = Date.UTC(year, month - 1, day, hour, minute, second);
  const date = new Date(time);
  const isSame =
    date.getUTCFullYear() === year &&
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second;
  return isSame ? time : undefined;
}

type FixedDate = [number, number, number, number, number, number];

/** Epoch milliseconds as `YYYYMMDDTHHMMSSZ`; the fraction of a second is cut off. */
export function formatAmzDate(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replaceAll('-', '').replaceAll(':', '')}Z`;
}

const httpDateFormat = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** Reads the `Date` header: the basic format or HTTP's fixed-length form, which must name its own weekday right. */
export function parseDateHeader(text: string): number | undefined {
  const basic = parseAmzDate(text);
  if (basic !== undefined) return basic;
  if (!httpDateFormat.test(text)) return undefined;
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toUTCString() === text ? time : undefined;
}
