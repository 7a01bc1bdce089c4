import { lowerAscii } from '../../arn/case.ts';
import { parsePrincipalArn } from '../../arn/principalarn.ts';
import { comparableArn, isMatcherArn } from '../../identity/entries.ts';
import type { SnapshotAccessEntry, SnapshotCluster } from '../snapshot/snapshot.ts';
import type { Principals } from './principals.ts';

/**
 * The unique id each entry of a cluster is tied to, by principalArn, as far as the snapshot tells: '' for a matcher alone.
 *
 * EKS's API does not tell it (eks-access-facts B15), but two dates do: a principal that was made after its entry is not the
 * one the entry was made for. Without dates the entry is taken to be for whoever has the ARN now, and where nobody read
 * that account, for whoever has it there: who could have access is shown, never hidden.
 */
export function pinsOf(
  { accessEntries, breakGlass }: Pick<SnapshotCluster, 'accessEntries' | 'breakGlass'>,
  principals: Principals,
): ReadonlyMap<string, string> {
  const pins = new Map<string, string>();
  const unlisted = new Set<string>();
  const waiting = waitingFor(accessEntries, principals);
  for (const entry of accessEntries) {
    const { principalArn } = entry;
    let id = waiting.get(entry) ?? pinnedIdOf(entry, principals);
    if (id.startsWith(unlistedPrefix)) {
      const isGlass = breakGlass !== undefined && unlistedId(breakGlass.principalArn) === id;
      // Two ARNs that differ in a role's path are two entries of which one is of a principal of the past. Which is not
      // known, so each has somebody of its own, and what either gives is shown.
      if (unlisted.has(id)) id = `${unlistedPrefix}another ${principalArn}`;
      else if (isGlass) id = breakGlass.principalId;
      unlisted.add(unlistedId(principalArn));
    }
    pins.set(principalArn, id);
  }
  return pins;
}

/**
 * Those that wait for their principal's first use, of principals that were read. They wait for a name, whenever and at whatever
 * path it is made; an entry that has the principal already goes before them, and of several the one whose path is right.
 */
function waitingFor(
  accessEntries: readonly SnapshotAccessEntry[],
  principals: Principals,
): ReadonlyMap<SnapshotAccessEntry, string> {
  const ids = new Map<SnapshotAccessEntry, string>();
  const waiting = accessEntries.filter(
    ({ principalArn, principalId }) => principalId === '' && principals.named(principalArn) !== undefined,
  );
  if (waiting.length === 0) return ids;
  const settled = new Set(
    accessEntries.filter((entry) => entry.principalId !== '').map((entry) => pinnedIdOf(entry, principals)),
  );
  const isExact = ({ principalArn }: SnapshotAccessEntry): boolean =>
    lowerAscii(principals.named(principalArn)?.record.arn ?? '') === lowerAscii(principalArn);
  for (const entry of [...waiting.filter(isExact), ...waiting.filter((one) => !isExact(one))]) {
    const { principalArn } = entry;
    const record = principals.named(principalArn)?.record;
    const id = record?.principalId ?? '';
    const isOne = comparableArn(record?.arn ?? '') === comparableArn(principalArn);
    ids.set(entry, isOne && !settled.has(id) ? id : `another:${principalArn}`);
    settled.add(id);
  }
  return ids;
}

/** The same of one entry by itself; of one that waits for its principal where nobody read that. */
function pinnedIdOf(
  { principalArn, principalId, createdAt }: SnapshotAccessEntry,
  principals: Principals,
): string {
  if (isMatcherArn(principalArn)) return principalId ?? '';
  if (principalId !== undefined && principalId !== '') return principalId;
  const named = parsePrincipalArn(principalArn);
  // A root is who it is as long as there is the account.
  if (named?.kind === 'root') return named.accountId;
  const known = principals.named(principalArn);
  if (known === undefined) return unlistedId(principalArn);
  const { record } = known;
  if (lowerAscii(record.arn) !== lowerAscii(principalArn)) return `another:${principalArn}`;
  const isNewer = createdAt !== undefined && record.createdAt !== undefined && record.createdAt > createdAt;
  return isNewer ? `former:${principalArn}` : record.principalId;
}

const unlistedPrefix = 'unlisted:';

/** Stands for the id of a principal that nobody read: the same for every spelling of its ARN. No real id has a colon. */
export function unlistedId(arn: string): string {
  return `${unlistedPrefix}${comparableArn(arn) ?? arn}`;
}
