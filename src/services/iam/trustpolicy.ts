import { parsePrincipalArn } from '../../engine/arn/principalarn.ts';
import { uniqueIdKind } from '../../engine/arn/uniqueid.ts';
import { invalidPrincipalMessage } from '../../engine/iam/trustrules.ts';
import type { PrincipalIdRecord, RoleRecord, UserRecord } from '../../storage/records/iam.ts';
import { principalIdKey, roleKey, userKey } from '../../storage/records/keys.ts';
import type { Expectation } from '../../storage/storage.ts';
import { entityArn } from './arns.ts';
import type { IamDependencies } from './dependencies.ts';
import { malformedPolicy, quotaExceeded } from './errors.ts';
import { policySize, requirePolicy, storedDocument } from './policies/policydocuments.ts';
import { readRecord, type Stored } from './records.ts';

/** iam-facts A12; AWS raises it to 4,096 on request. */
const trustPolicyLimit = 2048;

/** A trust policy ready to be stored, with what must still be true when it is. */
export interface PinnedTrustPolicy {
  readonly trustPolicy: string;
  readonly trustedPrincipalIds: Readonly<Record<string, string>>;
  readonly expect: readonly Expectation[];
}

/** Refuses what IAM would not store, before anything is looked up. */
export function checkTrustPolicy(text: string): void {
  requirePolicy(text, 'trust');
  if (policySize(text) > trustPolicyLimit) throw quotaExceeded('ACLSizePerRole', trustPolicyLimit);
}

/**
 * Binds the users and roles a checked trust policy names to the unique ids they have now (iam-facts A11). One that
 * does not exist is refused; so is a unique id nobody has. A unique id somebody has is written as that principal's ARN,
 * as AWS shows it, so that the stored text names principals in one way only.
 *
 * SECURITY: `expect` makes the commit fail when one of them was deleted or replaced meanwhile; without it the id of
 * a deleted principal would be pinned to an ARN that somebody else may take.
 */
export async function pinTrustPolicy(
  dependencies: IamDependencies,
  text: string,
): Promise<PinnedTrustPolicy> {
  const named = requirePolicy(text, 'trust').statements.flatMap((statement) =>
    (statement.principal?.entries ?? []).filter(({ type }) => type === 'AWS').map(({ value }) => value),
  );
  const arns = new Map<string, string>();
  const ids = new Map<string, string>();
  const expect = new Map<string, Expectation>();
  for (const value of new Set(named)) {
    const found = await findPrincipal(dependencies, value);
    if (found === 'notPinned') continue;
    if (found === undefined) throw malformedPolicy(invalidPrincipalMessage(value));
    const { stored, arn } = found;
    if (arn !== value) arns.set(value, arn);
    ids.set(arn, stored.record.principalId);
    expect.set(stored.key, { key: stored.key, revision: stored.revision });
  }
  return {
    trustPolicy: replacePrincipals(storedDocument(text), arns),
    trustedPrincipalIds: Object.fromEntries(ids),
    expect: [...expect.values()],
  };
}

/** The ARN of whoever has a unique id now. */
export type ArnOfId = (principalId: string) => Promise<string | undefined>;

/**
 * Looks each id up once, so make one for each answer.
 *
 * SECURITY: a thousand roles may trust forty users each; looking each of them up holds everybody else up for a second.
 */
export function createArnOfId(dependencies: Pick<IamDependencies, 'storage' | 'partition'>): ArnOfId {
  const known = new Map<string, Promise<string | undefined>>();
  return (principalId) => {
    const asked =
      known.get(principalId) ?? principalById(dependencies, principalId).then((found) => found?.arn);
    known.set(principalId, asked);
    return asked;
  };
}

/**
 * The trust policy as it reads today: principals that were renamed or moved since under their present ARN, deleted
 * ones as their raw unique id, also when somebody else has the ARN by now (iam-facts A11, J10).
 */
export async function readTrustPolicy(
  arnOfId: ArnOfId,
  { trustPolicy, trustedPrincipalIds }: Pick<RoleRecord, 'trustPolicy' | 'trustedPrincipalIds'>,
): Promise<string> {
  const shown = new Map<string, string>();
  for (const [arn, id] of Object.entries(trustedPrincipalIds)) {
    const current = await arnOfId(id);
    if (current !== arn) shown.set(arn, current ?? id);
  }
  return replacePrincipals(trustPolicy, shown);
}

interface FoundPrincipal {
  readonly arn: string;
  readonly stored: Stored<UserRecord | RoleRecord>;
}

/** `notPinned` for what IAM keeps as text: `*`, accounts, roots, sessions, federated users. */
async function findPrincipal(
  { storage, partition }: IamDependencies,
  value: string,
): Promise<FoundPrincipal | 'notPinned' | undefined> {
  const idKind = uniqueIdKind(value);
  if (idKind === 'user' || idKind === 'role') return principalById({ storage, partition }, value);
  const principal = parsePrincipalArn(value);
  // An ARN of another partition names nobody here, whatever it is.
  if (principal !== undefined && principal.partition !== partition) return undefined;
  if (principal?.kind !== 'user' && principal?.kind !== 'role') return 'notPinned';
  const { kind, accountId, name } = principal;
  const key = kind === 'user' ? userKey(accountId, name) : roleKey(accountId, name);
  const stored = await readRecord<UserRecord | RoleRecord>(storage, key);
  // The key ignores case; a principal ARN does not, and it holds the path (iam-facts B8).
  if (stored === undefined || entityArn(partition, kind, stored.record) !== value) return undefined;
  return { arn: value, stored };
}

async function principalById(
  { storage, partition }: Pick<IamDependencies, 'storage' | 'partition'>,
  principalId: string,
): Promise<FoundPrincipal | undefined> {
  const holder = await readRecord<PrincipalIdRecord>(storage, principalIdKey(principalId));
  if (holder === undefined) return undefined;
  const { kind, accountId, name } = holder.record;
  const key = kind === 'user' ? userKey(accountId, name) : roleKey(accountId, name);
  const stored = await readRecord<UserRecord | RoleRecord>(storage, key);
  if (stored?.record.principalId !== principalId) return undefined;
  return { arn: entityArn(partition, kind, stored.record), stored };
}

/** The document with some AWS principals renamed; the very text when there is nothing to rename. */
function replacePrincipals(text: string, names: ReadonlyMap<string, string>): string {
  if (names.size === 0) return text;
  const rename = (value: unknown): unknown =>
    typeof value === 'string' ? (names.get(value) ?? value) : value;
  const document = JSON.parse(text) as { Statement: TrustStatement | TrustStatement[] };
  for (const { Principal } of [document.Statement].flat()) {
    if (typeof Principal !== 'object' || !Object.hasOwn(Principal, 'AWS')) continue;
    Principal.AWS = Array.isArray(Principal.AWS) ? Principal.AWS.map(rename) : rename(Principal.AWS);
  }
  return JSON.stringify(document);
}

interface TrustStatement {
  readonly Principal?: string | { AWS?: unknown };
}
