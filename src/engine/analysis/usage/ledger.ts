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
  /** Of what there are records at all, of whomever, and since when: who is not in these did nothing there. */
  readonly records: readonly RecordsBegin[];
}

export interface RecordsBegin {
  readonly of: AccessUse['did']['kind'];
  /** As the records name it; absent where they name none. */
  readonly cluster?: string;
  /** Epoch milliseconds, within the time of the ledger. */
  readonly at: number;
}

/** Whoever names more objects of one kind than this is written down as one who names none. */
const maximumNames = 1_000;
const maximumKinds = 100_000;
const maximumClusters = 1_000;

/** Writes down uses as they come, whoever they are of; those of other times are left out. */
export function createUsageLedger({ since, until }: Pick<UsageLedger, 'since' | 'until'>): {
  add(use: AccessUse): void;
  /** Notes that there are records without writing down whose. */
  saw(use: AccessUse): void;
  ledger(): UsageLedger;
} {
  const tally = createUsageTally<LedgerEntry>(({ who, did, allowed }) => [who, did, allowed]);
  const records = new Map<string, RecordsBegin>();
  const namesByKind = new Map<string, Set<string>>();
  const isInTime = ({ at }: AccessUse): boolean => at >= since && at <= until;

  const saw = (use: AccessUse): void => {
    if (!isInTime(use)) return;
    const { did, at } = use;
    const cluster = did.kind === 'kubernetes' ? did.cluster : undefined;
    const key = `${did.kind} ${cluster ?? ''}`;
    const known = records.get(key);
    if (known === undefined ? records.size < maximumClusters : at < known.at)
      records.set(key, { of: did.kind, at, ...(cluster !== undefined && { cluster }) });
  };

  /** Names of objects are the part that has no end, and what is done to a thousand is done to any. */
  const withFewNames = (use: AccessUse): AccessUse => {
    const { did } = use;
    if (did.kind !== 'kubernetes' || did.question.kind !== 'resource' || did.question.name === '') return use;
    const nameless = { ...use, did: { ...did, question: { ...did.question, name: '' } } };
    const key = JSON.stringify([use.who, nameless.did, use.allowed]);
    const names = namesByKind.get(key) ?? new Set();
    if (namesByKind.size < maximumKinds) namesByKind.set(key, names);
    if (names.size < maximumNames) names.add(did.question.name);
    return names.has(did.question.name) ? use : nameless;
  };

  return {
    saw,
    add(use) {
      saw(use);
      if (isInTime(use)) tally.add(countedOnce(withFewNames(use)));
    },
    ledger: () => ({
      ...{ since, until },
      entries: tally.uses(),
      uncounted: tally.uncounted,
      records: [...records.values()],
    }),
  };
}
