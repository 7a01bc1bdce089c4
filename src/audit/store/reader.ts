import { attributeValues } from '../attributes.ts';
import type { TrailItem, TrailKind, TrailPosition } from '../item.ts';
import type { TrailPage, TrailQuery } from '../trail.ts';
import type { ChunkSeal, StoredChunk } from './chunk.ts';
import { earliestAt } from './position.ts';
import type { Shelf } from './shelf.ts';
import { hasTerm, termOf } from './terms.ts';

const kinds: readonly TrailKind[] = ['aws', 'kubernetes'];

/** Chunks kept open: a client that pages asks for the same ones again and again. */
const openChunks = 8;
/**
 * Chunks opened for one page; more is left for the next. SECURITY: values that share the hash of a frequent one are
 * easily made, and a look-up of such a value would open every chunk there is.
 */
const openedForPage = 256;

export interface Reader {
  read(query: TrailQuery): Promise<TrailPage>;
}

/** Answers queries from the fresh records and from those chunks alone that have what is asked for. */
export function createReader(shelf: Shelf, onDamaged: (seal: ChunkSeal) => void): Reader {
  const opened = new Map<number, Promise<readonly TrailItem[]>>();

  const itemsOf = (seal: ChunkSeal): Promise<readonly TrailItem[]> => {
    const known = opened.get(seal.sequence);
    opened.delete(seal.sequence);
    const items =
      known ??
      shelf.open(seal).then((content) => {
        if (content === 'damaged') onDamaged(seal);
        return typeof content === 'string' ? [] : content;
      });
    // Put back as the latest; the one that was not asked for the longest goes.
    opened.set(seal.sequence, items);
    const [oldest] = opened.keys();
    if (opened.size > openChunks && oldest !== undefined) opened.delete(oldest);
    // What could not be read now may be read later.
    items.catch(() => opened.delete(seal.sequence));
    return items;
  };

  return {
    async read(query) {
      const newest = query.order !== 'oldest';
      const isBefore = (one: TrailPosition, other: TrailPosition): boolean =>
        newest ? one > other : one < other;
      const range = rangeOf(query);
      const matches = matcherOf(query);
      const wanted = query.limit + 1;
      const found: TrailItem[] = [];
      const take = (items: Iterable<TrailItem>): void => {
        for (const item of items) {
          const { position } = item;
          if (position > range.above && position < range.below && matches(item)) found.push(item);
        }
      };
      // Both views in one turn: a record that is sealed from here on is in one of them, and in one only.
      for (const block of shelf.fresh.values()) take(block.lines().map(({ item }) => item));
      const chunks = [...shelf.chunks.values()].filter(
        (chunk) => chunk.seal.last > range.above && chunk.seal.first < range.below && mayHave(query, chunk),
      );
      const edge = ({ seal }: StoredChunk): TrailPosition => (newest ? seal.last : seal.first);
      chunks.sort((one, other) => (isBefore(edge(one), edge(other)) ? -1 : 1));

      const inOrder = (one: TrailItem, other: TrailItem): number =>
        isBefore(one.position, other.position) ? -1 : 1;
      found.sort(inOrder);
      for (const [opened, chunk] of chunks.entries()) {
        const last = found[wanted - 1];
        const begin = edge(chunk);
        // Nothing in this chunk, or in those after it, comes before what has been found.
        if (last !== undefined && isBefore(last.position, begin)) break;
        // Only where the next page begins later than this one, or chunks that overlap would be opened for ever.
        if (opened >= openedForPage && begin > range.above && begin < range.below) {
          const items = found.filter(({ position }) => isBefore(position, begin));
          return { items, next: newest ? `${begin}${beyondAll}` : begin.slice(0, -1) };
        }
        take(await itemsOf(chunk.seal));
        found.sort(inOrder);
        found.length = Math.min(found.length, wanted);
      }
      const items = found.slice(0, query.limit);
      return { items, next: found.length > query.limit ? items.at(-1)?.position : undefined };
    },
  };
}

/** Exclusive bounds. */
interface Range {
  readonly above: TrailPosition;
  readonly below: TrailPosition;
}

const beyondAll = '~';

function rangeOf({ from, to, after, order }: TrailQuery): Range {
  let above = from === undefined ? '' : earliestAt(from);
  let below = to === undefined ? beyondAll : earliestAt(to + 1);
  if (after !== undefined) {
    if (order === 'oldest') above = after > above ? after : above;
    else below = after < below ? after : below;
  }
  return { above, below };
}

/** Could a chunk have a record that is asked for? */
function mayHave({ accountId, kind, attribute }: TrailQuery, { terms, accountIds }: StoredChunk): boolean {
  const accounts = accountId === undefined ? accountIds : [accountId];
  return (kind === undefined ? kinds : [kind]).some((one) =>
    accounts.some((account) => hasTerm(terms, termOf(one, account, attribute))),
  );
}

function matcherOf({ accountId, kind, attribute }: TrailQuery): (item: TrailItem) => boolean {
  return (item) => {
    if (kind !== undefined && item.kind !== kind) return false;
    if (accountId !== undefined && item.accountId !== accountId) return false;
    if (attribute === undefined) return true;
    const { key, value } = attribute;
    return attributeValues(item).some(([name, held]) => name === key && held === value);
  };
}
