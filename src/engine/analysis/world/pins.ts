import { parsePrincipalArn } from '../../arn/principalarn.ts';
import { comparableArn, isMatcherArn } from '../../identity/entries.ts';
import type { SnapshotAccessEntry } from '../snapshot/snapshot.ts';
import type { Principals } from './principals.ts';

/**
 * The unique id an entry is tied to, as far as the snapshot tells: '' for a matcher alone.
 *
 * EKS's API does not tell it (eks-access-facts B15), but two dates do: a principal that was made after its entry is not the
 * one the entry was made for. Without dates the entry is taken to be for whoever has the ARN now, and where nobody read
 * that account, for whoever has it there: who could have access is shown, never hidden.
 */
export function pinnedIdOf(entry: SnapshotAccessEntry, principals: Principals): string {
  const { principalArn, principalId, createdAt } = entry;
  if (isMatcherArn(principalArn)) return principalId ?? '';
  if (principalId !== undefined && principalId !== '') return principalId;
  const named = parsePrincipalArn(principalArn);
  // A root is who it is as long as there is the account.
  if (named?.kind === 'root') return named.accountId;
  const known = principals.named(principalArn);
  if (known === undefined) return unlistedId(principalArn);
  const { record } = known;
  if (record.arn !== principalArn) return `another:${principalArn}`;
  const isNewer = createdAt !== undefined && record.createdAt !== undefined && record.createdAt > createdAt;
  return isNewer ? `former:${principalArn}` : record.principalId;
}

/** Stands for the id of a principal that nobody read: the same for every spelling of its ARN. No real id has a colon. */
export function unlistedId(arn: string): string {
  return `unlisted:${comparableArn(arn) ?? arn}`;
}
