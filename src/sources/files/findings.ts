import type { Gap } from '../../engine/analysis/snapshot/snapshot.ts';
import type { Fact, Findings } from './facts.ts';

/** Findings as they are collected. */
export interface Collected {
  readonly findings: Findings;
  readonly facts: readonly Fact[];
  readonly gaps: () => readonly Gap[];
  /** Kinds of documents that grant no access → how many there are. */
  readonly ignored: ReadonlyMap<string, number>;
}

export function collectFindings(): Collected {
  const facts: Fact[] = [];
  const { add: gap, all: gaps } = createGaps();
  const ignored = new Map<string, number>();
  const findings: Findings = {
    add: (fact) => void facts.push(fact),
    gap,
    ignore: (kind) => void ignored.set(kind, (ignored.get(kind) ?? 0) + 1),
  };
  return { findings, facts, gaps, ignored };
}

/** Gaps of one area of one file, cluster or account that are told one by one. */
const mostOfOne = 100;
const longestReason = 2_000;

/**
 * Collects gaps. SECURITY: a file of a hundred megabytes can have millions of them, more than memory holds and anybody reads:
 * beyond a hundred alike, which stay open all the same, there is one that says how many they are.
 */
export function createGaps(): { readonly add: (gap: Gap) => void; readonly all: () => readonly Gap[] } {
  const gaps: Gap[] = [];
  const alike = new Map<string, { count: number; readonly texts: Set<string>; readonly first: Gap }>();
  return {
    add(gap) {
      const key = [gap.area, gap.place?.file, gap.clusterArn, gap.accountId].join(' ');
      const found = alike.get(key) ?? { count: 0, texts: new Set(), first: gap };
      alike.set(key, found);
      if (found.count >= mostOfOne) {
        found.count++;
        return;
      }
      const text = JSON.stringify([gap.reason, gap.place]);
      if (found.texts.has(text)) return;
      found.count++;
      found.texts.add(text);
      gaps.push(
        gap.reason.length > longestReason
          ? { ...gap, reason: `${gap.reason.slice(0, longestReason)}…` }
          : gap,
      );
    },
    all: () => [
      ...gaps,
      ...[...alike.values()].flatMap(({ count, first: { place, ...about } }) => {
        if (count <= mostOfOne) return [];
        const reason = `${count - mostOfOne} more like the first ${mostOfOne} are not listed`;
        return [{ ...about, reason, ...(place && { place: { ...place, line: 1, column: 1 } }) }];
      }),
    ],
  };
}
