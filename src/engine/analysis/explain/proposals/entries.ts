import { parsePrincipalArn } from '../../../arn/principalarn.ts';
import { comparableArn } from '../../../identity/entries.ts';
import { groupFault, usernameFault } from '../../../identity/entrynames.ts';
import { standardUsername } from '../../../identity/standardusername.ts';
import type { SnapshotAccessEntry } from '../../snapshot/snapshot.ts';
import type { IamSubject } from '../../world/subject.ts';
import type { Edit } from '../edits.ts';
import type { Wanted } from './candidate.ts';

type CreateEntry = Extract<Edit, { readonly edit: 'createEntry' }>;

/**
 * Whether EKS takes an entry for the principal: none for service-linked roles and sessions, and for roles of IAM Identity
 * Center only with their path (eks-access-facts B11, B12, B13).
 */
export function canHaveEntry({ arn }: IamSubject): boolean {
  const named = parsePrincipalArn(arn);
  if (named === undefined || named.kind === 'assumedRole' || named.kind === 'federatedUser') return false;
  if (named.kind !== 'role') return true;
  const isWithoutPath = named.name.startsWith('AWSReservedSSO_') && named.path === '/';
  return !named.path.startsWith('/aws-service-role/') && !isWithoutPath;
}

/** An entry with this name and these groups; both as templates. */
export function createEntryEdit(
  principalArn: string,
  { username, groups }: { readonly username?: string; readonly groups: readonly string[] } = { groups: [] },
): CreateEntry {
  return {
    edit: 'createEntry',
    principalArn,
    ...(username !== undefined && username !== '' && { username }),
    kubernetesGroups: groups,
  };
}

/** The entry that an edit makes, as far as policies can be associated with it. */
export function entryLike({
  principalArn,
  username = '',
  kubernetesGroups,
}: CreateEntry): SnapshotAccessEntry {
  return { principalArn, username, kubernetesGroups, type: 'STANDARD', associatedPolicies: [] };
}

/** Entries of the principal's name, or of its unique id under another name. */
export function entriesAbout(
  { cluster }: Wanted,
  { arn, principalId }: IamSubject,
): readonly SnapshotAccessEntry[] {
  const comparable = comparableArn(arn);
  return cluster.cluster.accessEntries.filter(
    (entry) =>
      (comparable !== undefined && comparableArn(entry.principalArn) === comparable) ||
      (principalId !== '' && entry.principalId === principalId),
  );
}

/** The username EKS gives where none is given. */
export function plainUsername(principalArn: string): string {
  const named = parsePrincipalArn(principalArn);
  if (named === undefined) return principalArn;
  const name = 'name' in named ? named.name : 'root';
  return standardUsername({ ...named, name, arn: principalArn });
}

/** Whether an entry for the principal can have the name, and it is one at login. */
export function isUsableUsername(username: string, subject: IamSubject): boolean {
  return username !== '' && usernameFault(username) === undefined && hasValues(username, subject);
}

export function isUsableGroup(group: string, subject: IamSubject): boolean {
  return groupFault(group) === undefined && hasValues(group, subject);
}

/** What only instances, and what only roles have, is empty for others. */
function hasValues(template: string, { type }: IamSubject): boolean {
  const ofInstance = template.includes('{{EC2PrivateDNSName}}');
  return (
    !ofInstance &&
    (type === 'role' || type === 'rolePattern' || !/\{\{SessionName(?:Raw)?\}\}/.test(template))
  );
}
