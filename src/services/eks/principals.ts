import { parsePrincipalArn } from '../../engine/arn/principalarn.ts';
import type { Principal } from '../../engine/iam/principal.ts';
import type { PrincipalIdRecord, RoleRecord, UserRecord } from '../../storage/records/iam.ts';
import { accountKey, principalIdKey, roleKey, userKey } from '../../storage/records/keys.ts';
import type { Expectation, Storage } from '../../storage/storage.ts';

/** An IAM principal as an ARN names it; whether it exists is another question. */
export interface NamedPrincipal {
  readonly kind: 'role' | 'user' | 'root';
  readonly partition: string;
  readonly accountId: string;
  /** Without path; `root` for the account's root. */
  readonly name: string;
  readonly arn: string;
}

/** A principal that exists, with the unique id an access entry is pinned to (eks-access-facts B15). */
export interface KnownPrincipal extends NamedPrincipal {
  /** AIDA…, AROA…, or the account id for root. */
  readonly principalId: string;
}

/** Undefined for anything that is not the ARN of a role, a user or an account root; session ARNs included (B11). */
export function namedPrincipal(arn: string): NamedPrincipal | undefined {
  const parsed = parsePrincipalArn(arn);
  if (parsed === undefined) return undefined;
  const { partition, accountId } = parsed;
  switch (parsed.kind) {
    case 'root':
      return { kind: 'root', partition, accountId, name: 'root', arn };
    case 'user':
    case 'role':
      return { kind: parsed.kind, partition, accountId, name: parsed.name, arn };
    case 'assumedRole':
    case 'federatedUser':
      return undefined;
    default:
      return parsed satisfies never;
  }
}

/** COMPAT: EKS looks at the shape of the ARN only, whatever the account (eks-access-facts B13, F5). */
export function isServiceLinkedRoleArn(arn: string): boolean {
  return /^arn:[^:]*:iam::[^:]*:role\/aws-service-role\//.test(arn);
}

/**
 * Finds who the ARN names now, with the expectation that keeps it so until a commit. Undefined when nobody here
 * answers to exactly this ARN: another path or spelling of a name is another principal (B12).
 */
export async function findPrincipal(
  storage: Storage,
  named: NamedPrincipal,
): Promise<{ readonly principal: KnownPrincipal; readonly unchanged: Expectation } | undefined> {
  const { principal, unchanged } = await lookUpPrincipal(storage, named);
  return principal && { principal, unchanged };
}

/** The same, with the expectation also where there is nobody: that keeps it so, too. */
export async function lookUpPrincipal(
  storage: Storage,
  named: NamedPrincipal,
): Promise<{ readonly principal: KnownPrincipal | undefined; readonly unchanged: Expectation }> {
  const key = principalKey(named);
  const stored = await storage.get(key);
  if (stored === undefined) return { principal: undefined, unchanged: { key, revision: 0 } };
  const unchanged = { key, revision: stored.revision };
  // COMPAT: an account root is accepted although it matches no role or user of that account (B13a).
  if (named.kind === 'root') return { principal: { ...named, principalId: named.accountId }, unchanged };
  const record = JSON.parse(stored.value) as UserRecord | RoleRecord;
  const isNamed = iamArn(named.partition, named.kind, record) === named.arn;
  return { principal: isNamed ? { ...named, principalId: record.principalId } : undefined, unchanged };
}

/** Who has this unique id now; undefined when it is gone for good. */
export async function findPrincipalById(
  storage: Storage,
  partition: string,
  principalId: string,
): Promise<KnownPrincipal | undefined> {
  if (/^[0-9]{12}$/.test(principalId)) return rootPrincipal(partition, principalId);
  const stored = await storage.get(principalIdKey(principalId));
  if (stored === undefined) return undefined;
  const { kind, accountId, name } = JSON.parse(stored.value) as PrincipalIdRecord;
  const owner = await storage.get(principalKey({ kind, accountId, name }));
  if (owner === undefined) return undefined;
  const record = JSON.parse(owner.value) as UserRecord | RoleRecord;
  if (record.principalId !== principalId) return undefined;
  return { kind, partition, accountId, name: record.name, arn: iamArn(partition, kind, record), principalId };
}

/** The IAM principal behind a verified signature: for a role session, the role; none for a federated user. */
export function principalOfCaller(caller: Principal): KnownPrincipal | undefined {
  const { partition, accountId, principalArn, principalId } = caller;
  switch (caller.kind) {
    case 'root':
      return rootPrincipal(partition, accountId);
    case 'user':
      return { kind: 'user', partition, accountId, name: caller.userName, arn: principalArn, principalId };
    case 'assumedRole':
      return { kind: 'role', partition, accountId, name: caller.roleName, arn: principalArn, principalId };
    case 'federatedUser':
      return undefined;
    default:
      throw new Error(`unknown kind of caller: ${(caller satisfies never as Principal).kind}`);
  }
}

function rootPrincipal(partition: string, accountId: string): KnownPrincipal {
  const arn = `arn:${partition}:iam::${accountId}:root`;
  return { kind: 'root', partition, accountId, name: 'root', arn, principalId: accountId };
}

function principalKey(named: Pick<NamedPrincipal, 'kind' | 'accountId' | 'name'>): string {
  switch (named.kind) {
    case 'root':
      return accountKey(named.accountId);
    case 'user':
      return userKey(named.accountId, named.name);
    case 'role':
      return roleKey(named.accountId, named.name);
    default:
      throw new Error(`unknown kind of principal: ${named.kind satisfies never}`);
  }
}

function iamArn(partition: string, kind: 'role' | 'user', record: UserRecord | RoleRecord): string {
  return `arn:${partition}:iam::${record.accountId}:${kind}${record.path}${record.name}`;
}
