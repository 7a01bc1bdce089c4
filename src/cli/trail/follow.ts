import type { TrailItem } from '../../audit/item.ts';
import type { TrailFilter } from '../../server/trail/filter.ts';
import type { TrailClient } from './client.ts';

/** Records that can be stored late, or were read already when following began, are looked at again so far back. */
const overlapMs = 60_000;
/** Positions that are remembered, so that no record is shown twice. */
const remembered = 20_000;

/**
 * What `shown` gives, then everything new, without end and without a gap: the place where new records begin is asked for
 * first, and what a slow reader missed is read from the trail.
 */
export async function* withNew(
  client: TrailClient,
  filter: TrailFilter,
  shown: AsyncIterable<readonly TrailItem[]>,
): AsyncIterable<readonly TrailItem[]> {
  const seen = new Set<string>();
  let latest = Date.now();
  const fresh = (items: readonly TrailItem[]): readonly TrailItem[] => {
    const left = items.filter(({ position }) => !seen.has(position));
    for (const { position } of left) seen.add(position);
    for (const position of seen) {
      if (seen.size <= remembered) break;
      seen.delete(position);
    }
    return left;
  };
  let { cursor } = await client.follow(filter, undefined);
  for await (const items of shown) yield fresh(items);
  for (;;) {
    const answer = await client.follow(filter, cursor);
    if (answer.missed) {
      for await (const items of client.read(filter, { from: latest - overlapMs })) yield fresh(items);
    }
    latest = Date.now();
    cursor = answer.cursor;
    yield fresh(answer.items);
  }
}
