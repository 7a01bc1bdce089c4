import type { Gap } from '../snapshot/snapshot.ts';
import type { AccessUse } from '../usage/use.ts';

/** Who did what, as far as logs tell. Plain data. */
export interface Usage {
  readonly uses: readonly AccessUse[];
  /** Of which clusters there are records, and of what time: who is not in `uses` did nothing there in it. */
  readonly covered: readonly Coverage[];
  /** What of the logs could not be read or understood. */
  readonly gaps?: readonly Gap[];
}

export interface Coverage {
  /** ARN or name; absent: all clusters. */
  readonly cluster?: string;
  /** Epoch milliseconds, of the first record and of the last. */
  readonly from: number;
  readonly to: number;
}

/** Gathers what `lintAccess` needs of uses, in any order: each user of a cluster once, however long the logs are. */
export interface UsageCollector {
  add(use: AccessUse): void;
  /**
   * What was gathered. Of a log that does not tell its cluster all clusters are covered; whoever knows better, because the
   * log is of one place and has no end, puts another `covered` in its place.
   */
  usage(gaps?: readonly Gap[]): Usage;
}

export function createUsageCollector(): UsageCollector {
  const uses = new Map<string, AccessUse>();
  const covered = new Map<string | undefined, { from: number; to: number }>();
  return {
    add(use) {
      const { at, did, who, allowed } = use;
      if (did.kind !== 'kubernetes') return;
      const { cluster } = did;
      const known = covered.get(cluster);
      if (known === undefined) covered.set(cluster, { from: at, to: at });
      else {
        known.from = Math.min(known.from, at);
        known.to = Math.max(known.to, at);
      }
      if (!allowed) return;
      const { principalArn, principalId, username } = who;
      const key = JSON.stringify([cluster, principalArn, principalId, username]);
      if (!uses.has(key)) uses.set(key, use);
    },
    usage: (gaps = []) => ({
      uses: [...uses.values()],
      covered: [...covered].map(([cluster, time]) => ({
        ...(cluster !== undefined && { cluster }),
        ...time,
      })),
      gaps,
    }),
  };
}
