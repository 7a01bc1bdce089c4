import type { Gap } from '../../engine/analysis/snapshot/snapshot.ts';
import type { Fact, Findings } from './facts.ts';

/** Findings as they are collected. */
export interface Collected {
  readonly findings: Findings;
  readonly facts: readonly Fact[];
  readonly gaps: readonly Gap[];
  /** Kinds of documents that grant no access → how many there are. */
  readonly ignored: ReadonlyMap<string, number>;
}

export function collectFindings(): Collected {
  const facts: Fact[] = [];
  const gaps: Gap[] = [];
  const ignored = new Map<string, number>();
  const findings: Findings = {
    add: (fact) => void facts.push(fact),
    gap: (gap) => void gaps.push(gap),
    ignore: (kind) => void ignored.set(kind, (ignored.get(kind) ?? 0) + 1),
  };
  return { findings, facts, gaps, ignored };
}
