import { stripRolePath } from '../arn/canonical.ts';
import { lowerAscii } from '../arn/case.ts';

/** An access entry as far as it maps a principal to a Kubernetes user. */
export interface AccessEntry {
  readonly principalArn: string;
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
  /** By canonical ARN, whatever the id: for near misses. Role paths do not count. */
  byCanonicalArn(canonicalArn: string): readonly AccessEntry[];
}

/** The form in which an entry's ARN and a caller's are compared: path stripped, lower case (eks-access-facts B17). */
export function comparableArn(arn: string): string | undefined {
  const stripped = stripRolePath(arn);
  return stripped === undefined ? undefined : lowerAscii(stripped);
}

export function createEntryIndex(): EntryIndex {
  const entries = new Map<string, AccessEntry>();
  const byPrincipalId = new Map<string, readonly AccessEntry[]>();
  const byComparableArn = new Map<string, readonly AccessEntry[]>();

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
    withdraw(byPrincipalId, entry.principalId, entry);
    withdraw(byComparableArn, comparableArn(principalArn) ?? '', entry);
  };

  return {
    apply(entry) {
      remove(entry.principalArn);
      entries.set(entry.principalArn, entry);
      add(byPrincipalId, entry.principalId, entry);
      add(byComparableArn, comparableArn(entry.principalArn) ?? '', entry);
    },
    remove,
    byPrincipalId: (principalId) => byPrincipalId.get(principalId) ?? [],
    byCanonicalArn: (canonicalArn) => byComparableArn.get(lowerAscii(canonicalArn)) ?? [],
  };
}
