import type { TrailItem } from '../../audit/item.ts';
import type { Trail, TrailQuery } from '../../audit/trail.ts';
import { StorageError } from '../../storage/storage.ts';
import type { TrailFeed } from './feed.ts';
import { matchesFilter, parseTrailFilter, queryOf, type TrailFilter } from './filter.ts';

/** One page of the trail, below `/entryway/v1/trail/`. */
export interface TrailReadAnswer {
  readonly items: readonly TrailItem[];
  /** To go on with as `after`; absent at the end. A page may be empty and not the last. */
  readonly next?: string;
}

export interface TrailReadRequest {
  readonly filter: TrailFilter;
  readonly order: 'newest' | 'oldest';
  readonly limit: number;
  /** Epoch milliseconds, both inclusive. */
  readonly from?: number;
  readonly to?: number;
  readonly after?: string;
}

export interface TrailFollowRequest {
  readonly filter: TrailFilter;
  readonly waitMs: number;
  readonly cursor?: string;
}

export interface TrailFollowAnswer {
  readonly items: readonly TrailItem[];
  readonly cursor: string;
  readonly missed: boolean;
}

export interface TrailSettleAnswer {
  /** Epoch milliseconds: the trail before is complete for good. */
  readonly until: number;
}

/** The status and text of a refusal. */
export interface TrailRefusal {
  readonly refused: 400 | 429 | 503;
  readonly message: string;
}

export type TrailAnswer<Value extends object> = Value | TrailRefusal;

export interface TrailApi {
  read(input: unknown): Promise<TrailAnswer<TrailReadAnswer>>;
  follow(input: unknown): Promise<TrailAnswer<TrailFollowAnswer>>;
  /** Takes no members. */
  settle(input: unknown): Promise<TrailAnswer<TrailSettleAnswer>>;
}

/** So much is looked through for one page. */
const mostExamined = 20_000;
/** So long an answer becomes, in characters, give or take a record. */
const mostCharacters = 4 * 1024 * 1024;
const mostItems = 1_000;
/** Less than clients wait for an answer. */
const longestWaitMs = 10_000;

export function createTrailApi({
  trail,
  feed,
  now,
}: {
  readonly trail: Pick<Trail, 'read' | 'settle'>;
  readonly feed: TrailFeed;
  /** Milliseconds of a clock that never steps. */
  readonly now: () => number;
}): TrailApi {
  return {
    async read(input) {
      const wish = parseRead(input);
      if (wish === undefined) return { refused: 400, message: 'the body is not a query of the trail' };
      const { filter, limit, after: start, ...range } = wish;
      const query: TrailQuery = { ...queryOf(filter), ...range, limit: mostItems };
      const items: TrailItem[] = [];
      let after = start;
      let characters = 0;
      for (let examined = 0; examined < mostExamined; examined += 1) {
        const page = await trail.read({ ...query, ...(after === undefined ? {} : { after }) });
        for (const item of page.items) {
          examined += 1;
          after = item.position;
          if (!matchesFilter(item, filter)) continue;
          items.push(item);
          characters += JSON.stringify(item).length;
          if (items.length >= limit || characters >= mostCharacters) return { items, next: after };
        }
        if (page.next === undefined) return { items };
        after = page.next;
      }
      return after === undefined ? { items } : { items, next: after };
    },
    async follow(input) {
      const wish = parseFollow(input);
      if (wish === undefined) return { refused: 400, message: 'the body does not say what to follow' };
      const until = now() + wish.waitMs;
      let { cursor } = wish;
      for (;;) {
        const page = await feed.next(cursor, { waitMs: Math.max(until - now(), 0) });
        if (page === 'busy') return { refused: 429, message: 'too many follow the trail already' };
        const items = page.items.filter((item) => matchesFilter(item, wish.filter));
        // Records of others do not end the wait.
        const isDone = cursor === undefined || page.missed || items.length > 0 || page.items.length === 0;
        if (isDone || now() >= until) return { ...page, items };
        cursor = page.cursor;
      }
    },
    async settle(input) {
      if (membersOf(input, []) === undefined) return { refused: 400, message: 'the body is not empty' };
      try {
        return { until: await trail.settle() };
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        return { refused: 503, message: 'the store refuses to write, so that the trail may not be complete' };
      }
    },
  };
}

function parseRead(input: unknown): TrailReadRequest | undefined {
  const members = membersOf(input, ['filter', 'order', 'limit', 'from', 'to', 'after']);
  const filter = filterOf(members);
  if (members === undefined || filter === undefined) return undefined;
  const { order = 'newest', limit = 100, from, to, after } = members;
  if (order !== 'newest' && order !== 'oldest') return undefined;
  if (!isWhole(limit, 1, mostItems)) return undefined;
  if (from !== undefined && !isTime(from)) return undefined;
  if (to !== undefined && !isTime(to)) return undefined;
  if (after !== undefined && !isShortText(after)) return undefined;
  return {
    filter,
    order,
    limit,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(after === undefined ? {} : { after }),
  };
}

function parseFollow(input: unknown): TrailFollowRequest | undefined {
  const members = membersOf(input, ['filter', 'waitMs', 'cursor']);
  const filter = filterOf(members);
  if (members === undefined || filter === undefined) return undefined;
  const { waitMs = longestWaitMs, cursor } = members;
  if (!isWhole(waitMs, 0, longestWaitMs)) return undefined;
  if (cursor !== undefined && !isShortText(cursor)) return undefined;
  return { filter, waitMs, ...(cursor === undefined ? {} : { cursor }) };
}

/** Nothing is filtered when no filter is given. */
function filterOf(members: Readonly<Record<string, unknown>> | undefined): TrailFilter | undefined {
  const { filter = {} } = members ?? {};
  return parseTrailFilter(filter);
}

/** The members of an object that has no others. */
function membersOf(input: unknown, names: readonly string[]): Readonly<Record<string, unknown>> | undefined {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return undefined;
  return Object.keys(input).every((name) => names.includes(name))
    ? (input as Readonly<Record<string, unknown>>)
    : undefined;
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}

function isTime(value: unknown): value is number {
  return isWhole(value, 0, 8.64e15);
}

function isShortText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 256;
}
