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
  return cut(rest, position, input, listing);
}

/**
 * One page of the records under a prefix, in key order, that `keep` accepts. Reads no more of the store than the page
 * needs. The position is the rest of the key.
 */
export async function pageOfRecords<T>(
  storage: StorageReader,
  prefix: string,
  keep: (record: T) => boolean,
  input: PageRequest,
  listing: Listing,
): Promise<Page<T>> {
  const wanted = (input.MaxItems ?? defaultMaxItems) + 1;
  const found: { readonly position: string; readonly record: T }[] = [];
  let after: string | undefined = positionAfter(input, listing);
  for (let more = true; more && found.length < wanted; ) {
    const read = await storage.list({
      prefix,
      limit: wanted,
      ...(after === undefined ? {} : { after: prefix + after }),
    });
    for (const entry of read.entries) {
      after = entry.key.slice(prefix.length);
      const record = JSON.parse(entry.value) as T;
      if (found.length < wanted && keep(record)) found.push({ position: after, record });
    }
    more = read.more;
  }
  const { items, ...rest } = cut(found, (item) => item.position, input, listing);
  return { items: items.map((item) => item.record), ...rest };
}

function positionAfter(input: PageRequest, { pageTokens, scope }: Listing): string | undefined {
  if (input.Marker === undefined) return undefined;
  const position = pageTokens.open(scope, input.Marker);
  if (position === undefined) throw validationError('Invalid Marker.');
  return position;
}

function cut<T>(
  rest: readonly T[],
  position: (item: T) => string,
  input: PageRequest,
  { pageTokens, scope }: Listing,
): Page<T> {
  const items = rest.slice(0, input.MaxItems ?? defaultMaxItems);
  const last = items.at(-1);
  return items.length === rest.length || last === undefined
    ? { items, IsTruncated: false }
    : { items, IsTruncated: true, Marker: pageTokens.seal(scope, position(last)) };
}
