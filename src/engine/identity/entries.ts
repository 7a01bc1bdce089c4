import { stripRolePath } from '../arn/canonical.ts';
import { lowerAscii } from '../arn/case.ts';
import { createMatcherIndex } from './matcherindex.ts';

/** An access entry as far as it maps a principal to a Kubernetes user. */
export interface AccessEntry {
  readonly principalArn: string;
  /** '' for a matcher and for an entry that waits for its principal's first use. */
  readonly principalId: string;
  /** `STANDARD` or one of the node types. */
  readonly type: string;
  /** Template. */
  readonly username: string;
  /** Templates. */
  readonly kubernetesGroups: readonly string[];
}

/** Access entries by principal id and by ARN. */
export interface EntryIndex {
  /** Adds the entry, or replaces the one of the same principalArn. */
  apply(entry: AccessEntry): void;
  remove(principalArn: string): void;
  byPrincipalId(principalId: string): readonly AccessEntry[];
  /** Entries of a known principal by canonical ARN, whatever the id. Role paths do not count. */
  byCanonicalArn(canonicalArn: string): readonly AccessEntry[];
  /** Entries that wait for the first principal of this canonical ARN. Role paths do not count. */
  awaiting(canonicalArn: string): readonly AccessEntry[];
  /** Matchers that fit the canonical ARN of a role, the one that counts first (`MatcherIndex.matching`). */
  matching(canonicalArn: string): readonly AccessEntry[];
}

/** The form in which an entry's ARN and a caller's are compared: path stripped, lower case (eks-access-facts B17). */
export function comparableArn(arn: string): string | undefined {
  const stripped = stripRolePath(arn);
  return stripped === undefined ? undefined : lowerAscii(stripped);
}

/** Whether an entry stands, or was meant to stand, for more than one role: no name of IAM has a `*`. */
export function isMatcherArn(principalArn: string): boolean {
  return principalArn.includes('*');
}

export function createEntryIndex(): EntryIndex {
  const entries = new Map<string, AccessEntry>();
  const byPrincipalId = new Map<string, readonly AccessEntry[]>();
  const byComparableArn = new Map<string, readonly AccessEntry[]>();
  const awaiting = new Map<string, readonly AccessEntry[]>();
  const matchers = createMatcherIndex<AccessEntry>();

  const add = (map: Map<string, readonly AccessEntry[]>, key: string, entry: AccessEntry): void => {
    map.set(key, [...(map.get(key) ?? []), entry]);
  };
  const withdraw = (map: Map<string, readonly AccessEntry[]>, key: string, entry: AccessEntry): void => {
    const left = map.get(key)?.filter((other) => other !== entry) ?? [];
    if (left.length > 0) map.set(key, left);
    else map.delete(key);
  };
  const remove = (principalArn: string): void => {
    const entry = entries.get(principalArn);
    if (entry === undefined) return;
    entries.delete(principalArn);
    const arn = comparableArn(principalArn) ?? '';
    withdraw(byPrincipalId, entry.principalId, entry);
    withdraw(byComparableArn, arn, entry);
    withdraw(awaiting, arn, entry);
    matchers.remove(principalArn);
  };

  return {
    apply(entry) {
      remove(entry.principalArn);
      entries.set(entry.principalArn, entry);
      const arn = comparableArn(entry.principalArn) ?? '';
      if (isMatcherArn(entry.principalArn)) {
        // Nodes are let in one role at a time: an entry of their types stands for nobody else.
        if (entry.type === 'STANDARD' && entry.principalId === '') matchers.apply(entry);
      } else if (entry.principalId === '') add(awaiting, arn, entry);
      else {
        add(byPrincipalId, entry.principalId, entry);
        add(byComparableArn, arn, entry);
      }
    },
    remove,
    byPrincipalId: (principalId) => byPrincipalId.get(principalId) ?? [],
    byCanonicalArn: (canonicalArn) => byComparableArn.get(lowerAscii(canonicalArn)) ?? [],
    awaiting: (canonicalArn) => awaiting.get(lowerAscii(canonicalArn)) ?? [],
    matching: matchers.matching,
  };
}
