import type { ClusterRole, LabelSelector } from '../rbac/objects.ts';
import { type LabelIndex, sizeOf } from './labelindex.ts';

/**
 * What carrying out aggregations may cost, counted in comparisons of a role with a selector: one alone, and all of a cluster
 * together. The numbers are some tenths of a second and a second.
 *
 * SECURITY: a cluster's administrator could otherwise stop the server for everybody, with roles that select everything many
 * times, or with many that collect a long one and a user they are all bound to.
 */
const [largest, together] = [2_000_000, 8_000_000];
/** What every aggregation may cost, however many there are. */
const least = 2_000;
/** What collecting one entry of a role counts for. */
const costOfEntry = 4;

/** What comparing one role with the selector counts for. */
export function costOfComparing(selector: LabelSelector): number {
  return 1 + selector.matchExpressions.length;
}

/** What collecting the rules of a role counts for. */
export function costOfCollecting(role: ClusterRole): number {
  return sizeOf(role) * costOfEntry;
}

/**
 * How much an aggregation may cost to be carried out at all. Where all of a cluster could cost too much together, each has the
 * same share. Costs by the number of aggregations and selectors.
 *
 * INVARIANT: follows from the roles there are, not from how they came or which of them are used.
 */
export function aggregationLimit(aggregating: Iterable<ClusterRole>, labelled: LabelIndex): number {
  let count = 0;
  /** Of each by itself, together. */
  let cost = 0;
  /** How many select, or might select, one that aggregates. */
  let chained = 0;
  for (const { aggregationRule } of aggregating) {
    count += 1;
    let reaches = false;
    for (const selector of aggregationRule?.clusterRoleSelectors ?? []) {
      const { roles, size, aggregating: reached } = labelled.candidates(selector);
      cost += roles.size * costOfComparing(selector) + size * costOfEntry;
      reaches ||= reached > 0;
    }
    if (reaches) chained += 1;
  }
  // Whoever aggregates by way of others pays for them, too, which is at most for all.
  return cost * (1 + chained) <= together ? largest : Math.max(least, together / count);
}
