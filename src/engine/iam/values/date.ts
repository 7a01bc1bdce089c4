const isoPattern =
  /^([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]+)?)?(?:Z|([+-])([0-9]{2}):?([0-9]{2}))?)?)?)?$/;

/**
 * Has a text the form of a date: W3C's profile of ISO 8601, or epoch seconds (iam-facts D3)? That is what is asked when
 * a policy is written; whether there is such a day is asked when it is judged.
 */
export function looksLikeDate(text: string): boolean {
  return isoPattern.test(text) || /^[0-9]+$/.test(text);
}

/**
 * A point in time, in epoch milliseconds; a time without zone is UTC, four digits are a year. Undefined for what is no
 * date: the 30th of February, an hour 24, epoch seconds beyond the year 9999.
 */
export function parseDate(text: string): number | undefined {
  const parts = isoPattern.exec(text);
  if (parts === null) return parseEpochSeconds(text);
  const [, year, month = '01', day = '01', hour = '00', minute = '00', second = '00', part = ''] = parts;
  const [zoneSign, zoneHour = '00', zoneMinute = '00'] = parts.slice(8);
  if (hour > '23' || minute > '59' || second > '59' || zoneHour > '23' || zoneMinute > '59') return undefined;
  // Not `Date.UTC`, which reads the years 0 to 99 as 1900 to 1999.
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (date.getUTCMonth() + 1 !== Number(month) || date.getUTCDate() !== Number(day)) return undefined;
  const zone = (Number(zoneHour) * 60 + Number(zoneMinute)) * (zoneSign === '-' ? -1 : 1);
  const minutes = Number(hour) * 60 + Number(minute) - zone;
  return date.getTime() + minutes * 60_000 + Number(second) * 1000 + Number(`0${part}`) * 1000;
}

const lastSecond = 253_402_300_799;

function parseEpochSeconds(text: string): number | undefined {
  if (!/^[0-9]{1,12}$/.test(text)) return undefined;
  const seconds = Number(text);
  return seconds > lastSecond ? undefined : seconds * 1000;
}
