import type { StorageReader } from '../../storage/storage.ts';
import type { PageTokens } from '../../wire/protocols/pagetoken.ts';
import { validateMember } from '../validation.ts';
import * as constraints from './constraints.ts';
import { validationError } from './errors.ts';

/** IAM's way of paging (iam-facts J6): the answer says whether more follows, and only then where to go on. */
export interface PageRequest {
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly IsTruncated: boolean;
  readonly Marker?: string;
}

const defaultMaxItems = 100;

/** How many records are read from the store in one go, also where few of them are on the page. */
const recordsAtOnce = 100;

export function pageFailures(input: PageRequest): string[] {
  return [
    ...validateMember('marker', input.Marker, constraints.marker),
    ...validateMember('maxItems', input.MaxItems, constraints.maxItems),
  ];
}

/** `scope` names the list: operation, account and whatever chose its members (`PageTokens.seal`). */
export interface Listing {
  readonly pageTokens: PageTokens;
  readonly scope: string;
}

/**
 * One page of items that are ordered by their positions. A position is what the marker carries, so it stays short
 * and means the same after other items have come and gone.
 */
export function pageOf<T>(
  items: readonly T[],
  position: (item: T) => string,
  input: PageRequest,
  listing: Listing,
): Page<T> {
  const after = positionAfter(input, listing);
  const rest = after === undefined ? items : items.filter((item) => position(item) > after);
  const onPage = rest.slice(0, input.MaxItems ?? defaultMaxItems);
  const last = onPage.at(-1);
  return onPage.length === rest.length || last === undefined
    ? { items: onPage, IsTruncated: false }
    : { items: onPage, IsTruncated: true, Marker: listing.pageTokens.seal(listing.scope, position(last)) };
}

/** A place in a list that is read as far as it is needed. */
export interface Entry<T> {
  readonly position: string;
  readonly item: T;
  /** Characters that it takes in the store. */
  readonly size: number;
}

/**
 * One page of a list that is read from a position on, in the order of the positions, as far as the page goes.
 * A page may end before it has as many items as asked for: when they are `longest` characters in the store together.
 */
export async function pageOfEntries<T>(
  entriesAfter: (position: string | undefined) => AsyncIterable<Entry<T>>,
  input: PageRequest,
  listing: Listing,
  longest = Number.POSITIVE_INFINITY,
): Promise<Page<T>> {
  const { MaxItems = defaultMaxItems } = input;
  const items: T[] = [];
  let last: Entry<T> | undefined;
  let length = 0;
  for await (const entry of entriesAfter(positionAfter(input, listing))) {
    length += entry.size;
    if (last !== undefined && (items.length === MaxItems || length > longest)) {
      const { pageTokens, scope } = listing;
      return { items, IsTruncated: true, Marker: pageTokens.seal(scope, last.position) };
    }
    items.push(entry.item);
    last = entry;
  }
  return { items, IsTruncated: false };
}

/** The records under a prefix after a position, in key order. The position is the rest of the key. */
export async function* recordsAfter<T>(
  storage: StorageReader,
  prefix: string,
  position: string | undefined,
): AsyncGenerator<Entry<T>> {
  let after = position;
  for (let more = true; more; ) {
    const read = await storage.list({
      prefix,
      limit: recordsAtOnce,
      ...(after === undefined ? {} : { after: prefix + after }),
    });
    for (const { key, value } of read.entries) {
      after = key.slice(prefix.length);
      yield { position: after, item: JSON.parse(value) as T, size: value.length };
    }
    more = read.more;
  }
}

/** One page of the records under a prefix, in key order, that `keep` accepts. */
export async function pageOfRecords<T>(
  storage: StorageReader,
  prefix: string,
  keep: (record: T) => boolean,
  input: PageRequest,
  listing: Listing,
): Promise<Page<T>> {
  return pageOfEntries<T>(
    async function* (position) {
      for await (const entry of recordsAfter<T>(storage, prefix, position)) {
        if (keep(entry.item)) yield entry;
      }
    },
    input,
    listing,
  );
}

function positionAfter(input: PageRequest, { pageTokens, scope }: Listing): string | undefined {
  if (input.Marker === undefined) return undefined;
  const position = pageTokens.open(scope, input.Marker);
  if (position === undefined) throw validationError('Invalid Marker.');
  return position;
}
