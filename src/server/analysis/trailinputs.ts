import type { TrailItem } from '../../audit/item.ts';
import { timeOf } from '../../audit/store/position.ts';
import type { Trail } from '../../audit/trail.ts';
import { createUsageCollector } from '../../engine/analysis/accesslint/usage.ts';
import type { Gap } from '../../engine/analysis/snapshot/snapshot.ts';
import { createUsageLedger } from '../../engine/analysis/usage/ledger.ts';
import { createUsageReader } from '../../sources/usage/usage.ts';
import { hasFailed } from '../trail/filter.ts';

/** Whose records may be read, and how long that may take. */
export interface TrailReading {
  readonly trail: Pick<Trail, 'read'>;
  readonly accountId: string | 'all';
  /** Epoch milliseconds. */
  readonly now: number;
  /** Milliseconds. */
  readonly patience: number;
  readonly signal?: AbortSignal | undefined;
}

/** Failed calls that are looked through for refusals: many fail for other reasons. */
const failedOnes = 1_000;
const day = 86_400_000;

/**
 * What an analysis needs of the trail, beside what was asked: plain data, for its thread. Those that need nothing get what
 * they were asked.
 */
export async function withTrail(name: string, input: object, reading: TrailReading): Promise<object> {
  switch (name) {
    case 'ExplainLast':
      return { ...input, ...(await lastFailures(reading)) };
    case 'LeastPrivilege': {
      const { since, until } = input as { readonly since?: Date; readonly until?: Date };
      const to = until?.getTime() ?? reading.now;
      return { ...input, ...(await usesBetween(reading, since?.getTime() ?? to - 30 * day, to)) };
    }
    case 'LintAccess': {
      const { usageSince } = input as { readonly usageSince?: Date };
      return usageSince === undefined
        ? input
        : { ...input, usage: await usersSince(reading, usageSince.getTime()) };
    }
    default:
      return input;
  }
}

async function lastFailures(reading: TrailReading) {
  const records: unknown[] = [];
  const gaps = await readTrail(reading, {}, (item) => {
    if (hasFailed(item)) records.push(contentOf(item));
    return records.length < failedOnes;
  });
  return { records, gaps };
}

async function usesBetween(reading: TrailReading, since: number, until: number) {
  const { add, ledger } = createUsageLedger({ since, until });
  const reader = createUsageReader(add);
  const cut = await readTrail(reading, { from: since, to: until }, (item) => {
    reader.record(contentOf(item));
    return true;
  });
  return { usage: ledger(), gaps: [...cut, ...reader.gaps()] };
}

async function usersSince(reading: TrailReading, from: number) {
  const { add, usage } = createUsageCollector();
  const reader = createUsageReader(add);
  const cut = await readTrail(reading, { from, to: reading.now }, (item) => {
    reader.record(contentOf(item));
    return true;
  });
  // What is covered is told by the records themselves: of a cluster without any nobody knows whether its requests come here.
  return usage([...cut, ...reader.gaps()]);
}

/** Hands over records, newest first, until `take` says that it is enough; answers what was not read. */
async function readTrail(
  { trail, accountId, patience, signal }: TrailReading,
  range: { readonly from?: number; readonly to?: number },
  take: (item: TrailItem) => boolean,
): Promise<readonly Gap[]> {
  const deadline = performance.now() + patience;
  const query = { ...range, limit: 1000, ...(accountId !== 'all' && { accountId }) };
  let page = await trail.read(query);
  for (;;) {
    for (const item of page.items) if (!take(item)) return [];
    if (page.next === undefined) return [];
    if (signal?.aborted === true) return [];
    if (performance.now() > deadline) {
      const since = new Date(timeOf(page.next)).toISOString();
      const reason = `of the trail only what came after ${since} was read: it holds more than can be read in time`;
      return [{ area: 'usage', reason }];
    }
    // Other requests are answered between two pages.
    await new Promise((resolve) => setImmediate(resolve));
    page = await trail.read({ ...query, after: page.next });
  }
}

function contentOf(item: TrailItem): object {
  return item.kind === 'aws' ? item.record : item.event;
}
