import { Misasked } from '../ask/misasked.ts';
import type { Place } from '../snapshot/snapshot.ts';
import type { Suppression } from './suppressions.ts';

const members = ['id', 'fingerprint', 'subject', 'object', 'cluster', 'reason', 'until'] as const;
type Member = (typeof members)[number];

/** More is no list that somebody decided on. */
const most = 10_000;

/** Where parts of a list stand: `[]` is the list, `[2]` an item, `[2, 'until']` a member of it. */
export interface ListPlaces {
  /** As a message begins: `lint.yaml:3:5`. */
  where(path: SuppressionPath): string;
  place?(path: SuppressionPath): Place;
}
export type SuppressionPath = readonly [] | readonly [number] | readonly [number, string];

/** Of a list that came in a request. */
const inRequest: ListPlaces = {
  where: ([at, name]) =>
    `suppressions${at === undefined ? '' : `[${at}]`}${name === undefined || name === '' ? '' : `.${name}`}`,
};

/**
 * A list of suppressions as somebody wrote it: mappings of text, `until` the last day on which one counts (`2027-01-31`, in
 * UTC). Throws Misasked for what is no such list; of a suppression that only lacks something, `lintAccess` tells.
 */
export function suppressionsOf(value: unknown, places: ListPlaces = inRequest): readonly Suppression[] {
  const refuse = (path: SuppressionPath, message: string): never => {
    throw new Misasked(
      `${places.where(path)}: ${message}`,
      'write a list of `id`, `subject`, `object` or `fingerprint`, `reason` and `until`: docs/reference/access-lint.md',
    );
  };
  if (!Array.isArray(value)) return refuse([], 'a list of suppressions is expected');
  if (value.length > most) return refuse([], `there are more than ${most} suppressions`);
  return value.map((item: unknown, at): Suppression => {
    if (typeof item !== 'object' || item === null || Array.isArray(item))
      return refuse([at], 'a suppression is a mapping');
    const values: { [Name in Member]?: string } = {};
    for (const [name, text] of Object.entries(item) as Iterable<[string, unknown]>) {
      const member = members.find((one) => one === name);
      // A misspelt `until` would otherwise be one that never ends, or one that does not count.
      if (member === undefined) return refuse([at, name], `\`${name}\` means nothing in a suppression`);
      if (typeof text !== 'string' || text === '') return refuse([at, name], `\`${name}\` is no text`);
      values[member] = text;
    }
    const { id, reason = '', until: day, ...others } = values;
    if (id === undefined) return refuse([at], 'a suppression needs the `id` of a rule');
    const until = day === undefined ? undefined : endOf(day);
    if (Number.isNaN(until))
      return refuse([at, 'until'], `\`until\` is \`${day ?? ''}\`, which is no day: write it as 2027-01-31`);
    const place = places.place?.([at]);
    return { ...others, id, reason, ...(until !== undefined && { until }), ...(place && { place }) };
  });
}

/** The end of the day: it counts to the last of it, in UTC. NaN for no day. */
function endOf(text: string): number {
  const start = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  // `Date.parse` takes the 31st of February for a day in March.
  const isDay = !Number.isNaN(start) && new Date(start).toISOString().slice(0, 10) === text;
  return isDay ? start + 86_400_000 : Number.NaN;
}
