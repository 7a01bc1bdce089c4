import { selectorMatches } from '../rbac/aggregation.ts';
import type { ClusterRole, LabelSelector } from '../rbac/objects.ts';

/** ClusterRoles by label, so that carrying out an aggregation looks only at roles that carry one of its labels. */
export interface LabelIndex {
  add(role: ClusterRole): void;
  remove(role: ClusterRole): void;
  /** What is known of the roles `selected` looks at, without looking at them. */
  candidates(selector: LabelSelector): Candidates;
  /** Selected roles in no order. */
  selected(selector: LabelSelector): readonly ClusterRole[];
  selectedByName(selector: LabelSelector): readonly ClusterRole[];
}

export interface Candidates {
  readonly roles: ReadonlySet<ClusterRole>;
  /** Of the roles that do not aggregate, together: their `sizeOf`. */
  readonly size: number;
  readonly aggregating: number;
}

/** Asked by every aggregation that selects the role. */
const sizes = new WeakMap<ClusterRole, number>();

/** How much there is to collect of a role. What is written into one that aggregates is never collected. */
export function sizeOf(role: ClusterRole): number {
  if (role.aggregationRule !== undefined) return 0;
  let size = sizes.get(role);
  if (size !== undefined) return size;
  size = 0;
  for (const { apiGroups, resources, nonResourceURLs } of role.rules) {
    size += 1 + apiGroups.length * resources.length + nonResourceURLs.length;
  }
  sizes.set(role, size);
  return size;
}

class Place implements Candidates {
  readonly roles = new Set<ClusterRole>();
  size = 0;
  aggregating = 0;

  add(role: ClusterRole): void {
    this.roles.add(role);
    this.size += sizeOf(role);
    if (role.aggregationRule !== undefined) this.aggregating += 1;
  }

  delete(role: ClusterRole): void {
    this.roles.delete(role);
    this.size -= sizeOf(role);
    if (role.aggregationRule !== undefined) this.aggregating -= 1;
  }
}

const nowhere: Candidates = new Place();

export function createLabelIndex(): LabelIndex {
  const all = new Place();
  const byLabel = new Map<string, Place>();
  // Different labels may share a key here; that costs a comparison and decides nothing.
  const labelKey = (key: string, value: string): string => `${key}=${value}`;
  const keysOf = ({ labels }: ClusterRole): ReadonlySet<string> =>
    new Set(Object.entries(labels).map(([key, value]) => labelKey(key, value)));
  const byName = (one: ClusterRole, other: ClusterRole): number => (one.name < other.name ? -1 : 1);

  const candidates = (selector: LabelSelector): Candidates => {
    const first = Object.entries(selector.matchLabels)[0];
    return first === undefined ? all : (byLabel.get(labelKey(...first)) ?? nowhere);
  };

  const selected = (selector: LabelSelector): readonly ClusterRole[] =>
    [...candidates(selector).roles].filter((role) => selectorMatches(selector, role.labels));

  return {
    candidates,
    add(role) {
      all.add(role);
      for (const key of keysOf(role)) {
        const place = byLabel.get(key) ?? new Place();
        byLabel.set(key, place);
        place.add(role);
      }
    },
    remove(role) {
      all.delete(role);
      for (const key of keysOf(role)) {
        const place = byLabel.get(key);
        place?.delete(role);
        if (place?.roles.size === 0) byLabel.delete(key);
      }
    },
    selected,
    selectedByName: (selector) => selected(selector).toSorted(byName),
  };
}
