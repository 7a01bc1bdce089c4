import { countedOnce, createUsageTally, type LedgerEntry } from './tally.ts';
import type { AccessUse } from './use.ts';

/** What several did in a time, counted: plain data, which can be handed from thread to thread. */
export interface UsageLedger {
  /** Epoch milliseconds, both inclusive. */
  readonly since: number;
  readonly until: number;
  readonly entries: readonly LedgerEntry[];
  /** Uses that were left out, because too many different ones came before. */
  readonly uncounted: number;
}

/** Writes down uses as they come, whoever they are of; those of other times are left out. */
export function createUsageLedger({ since, until }: Pick<UsageLedger, 'since' | 'until'>): {
  add(use: AccessUse): void;
  ledger(): UsageLedger;
} {
  const tally = createUsageTally<LedgerEntry>(({ who, did, allowed }) => [who, did, allowed]);
  return {
    add(use) {
      if (use.at >= since && use.at <= until) tally.add(countedOnce(use));
    },
    ledger: () => ({ since, until, entries: tally.uses(), uncounted: tally.uncounted }),
  };
}
