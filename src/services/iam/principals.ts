import type { Principal } from '../../engine/iam/principal.ts';
import type { RoleRecord, UserRecord } from '../../storage/records/iam.ts';
import { roleKey, userKey } from '../../storage/records/keys.ts';
import type { AuthorizationTarget, OperationContext } from '../operation.ts';
import type { MemberConstraint } from '../validation.ts';
import { entityArn } from './arns.ts';
import { existingUserName, roleName } from './constraints.ts';
import type { IamDependencies } from './dependencies.ts';
import { noSuchEntity, protectedRole, userNameNeeded } from './errors.ts';
import { readRecord, type Stored } from './records.ts';

/** What differs between users and roles for the operations both have: inline policies, attachments, tags. */
export interface PrincipalKind<R extends UserRecord | RoleRecord> {
  /** As it stands in operation names: `PutUserPolicy`. */
  readonly word: 'User' | 'Role';
  /** As it stands in ARNs and texts. */
  readonly noun: 'user' | 'role';
  readonly nameConstraint: MemberConstraint;
  readonly key: (accountId: string, name: string) => string;
  /** Characters of all inline policies together, without white space (iam-facts A12). */
  readonly inlinePolicyLimit: number;
  /** Refuses to change what belongs to AWS. */
  readonly refuseProtected: (record: R) => void;
}

export const userKind: PrincipalKind<UserRecord> = {
  word: 'User',
  noun: 'user',
  nameConstraint: existingUserName,
  key: userKey,
  inlinePolicyLimit: 2048,
  refuseProtected: () => {},
};

export const roleKind: PrincipalKind<RoleRecord> = {
  word: 'Role',
  noun: 'role',
  nameConstraint: roleName,
  key: roleKey,
  inlinePolicyLimit: 10_240,
  refuseProtected: (role) => {
    if (isServiceLinkedPath(role.path)) throw protectedRole(role.name);
  },
};

/** Service-linked roles live here (iam-facts J17). */
export function isServiceLinkedPath(path: string): boolean {
  return path.startsWith('/aws-service-role/');
}

/** How the name arrives: one of the two, by kind. */
export interface NamedInput {
  readonly UserName?: string | undefined;
  readonly RoleName?: string | undefined;
}

export function nameOf(kind: { readonly noun: 'user' | 'role' }, input: NamedInput): string | undefined {
  return kind.noun === 'user' ? input.UserName : input.RoleName;
}

/** The record by name, without regard to case; NoSuchEntity when there is none. */
export async function requirePrincipal<R extends UserRecord | RoleRecord>(
  { storage }: IamDependencies,
  kind: PrincipalKind<R>,
  accountId: string,
  name: string,
): Promise<Stored<R>> {
  const stored = await readRecord<R>(storage, kind.key(accountId, name));
  if (stored === undefined) throw noSuchEntity(`The ${kind.noun} with name ${name} cannot be found.`);
  return stored;
}

/**
 * The user that signed the request. Its record must still be the same user: one deleted and made anew under the name
 * since the signature was checked is somebody else.
 */
export async function requireCaller(
  dependencies: IamDependencies,
  caller: Principal,
): Promise<Stored<UserRecord>> {
  if (caller.kind !== 'user') throw userNameNeeded();
  const stored = await requirePrincipal(dependencies, userKind, caller.accountId, caller.userName);
  if (stored.record.principalId !== caller.principalId) {
    throw noSuchEntity(`The user with name ${caller.userName} cannot be found.`);
  }
  return stored;
}

/**
 * The target of an operation on an existing user or role: its ARN with the path it really has. The denial text names
 * it the short way, `role NAME` (iam-facts G6; so in public reports about roles that existed).
 */
export async function principalTarget<R extends UserRecord | RoleRecord>(
  dependencies: IamDependencies,
  kind: PrincipalKind<R>,
  action: string,
  name: string,
  { caller }: OperationContext,
): Promise<AuthorizationTarget> {
  const { accountId } = caller;
  const stored = await readRecord<R>(dependencies.storage, kind.key(accountId, name));
  const named = stored?.record ?? { accountId, path: '/', name };
  return {
    action: `iam:${action}`,
    resources: [entityArn(dependencies.partition, kind.noun, named)],
    resourceInMessage: `${kind.noun} ${name}`,
  };
}

/** As `principalTarget`, where no name means the user that signs (iam-facts J12). */
export async function callerTarget(
  dependencies: IamDependencies,
  action: string,
  name: string | undefined,
  context: OperationContext,
): Promise<AuthorizationTarget> {
  const { caller } = context;
  if (name !== undefined) return principalTarget(dependencies, userKind, action, name, context);
  if (caller.kind === 'user') {
    return principalTarget(dependencies, userKind, action, caller.userName, context);
  }
  return { action: `iam:${action}`, resources: ['*'] };
}

/** The target of an action that has no resource: only `*` covers it, the text shows where it looks (iam-facts B5). */
export function listTarget(
  dependencies: IamDependencies,
  action: string,
  noun: 'user' | 'role',
  pathPrefix: string | undefined,
  { caller }: OperationContext,
): AuthorizationTarget {
  const arn = entityArn(dependencies.partition, noun, {
    accountId: caller.accountId,
    path: pathPrefix ?? '/',
    name: '',
  });
  return { action: `iam:${action}`, resources: ['*'], resourceInMessage: arn };
}
