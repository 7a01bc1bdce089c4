import type { RequestContext } from '../../engine/iam/request.ts';
import type { GroupRecord, RoleRecord, UserRecord } from '../../storage/records/iam.ts';
import { groupKey, roleKey, userKey } from '../../storage/records/keys.ts';
import { conditionKey, joinKeys, resourceWithKeys } from '../conditionkeys.ts';
import type { AuthorizationTarget, OperationContext } from '../operation.ts';
import { type MemberConstraint, validateMember } from '../validation.ts';
import { entityArn } from './arns.ts';
import { existingUserName, groupName, roleName } from './constraints.ts';
import type { IamDependencies } from './dependencies.ts';
import { deleteConflict, noSuchEntity, protectedRole } from './errors.ts';
import { principalTagKeys } from './iamkeys.ts';
import { readRecord, type Stored } from './records.ts';

/** Who policies are attached to. */
export type Entity = UserRecord | RoleRecord | GroupRecord;

/** What differs between users, roles and groups for the operations all have: inline policies and attachments. */
export interface EntityKind<R extends Entity = Entity> {
  /** As it stands in operation names, `PutUserPolicy`, and in members, `UserName`. */
  readonly word: 'User' | 'Role' | 'Group';
  /** As it stands in ARNs and texts. */
  readonly noun: 'user' | 'role' | 'group';
  readonly nameConstraint: MemberConstraint;
  readonly key: (accountId: string, name: string) => string;
  /** Characters of all inline policies together, without white space (iam-facts A12). */
  readonly inlinePolicyLimit: number;
  /** Refuses to change what belongs to AWS. */
  readonly refuseProtected: (record: R) => void;
}

export const userKind: EntityKind<UserRecord> = {
  word: 'User',
  noun: 'user',
  nameConstraint: existingUserName,
  key: userKey,
  inlinePolicyLimit: 2048,
  refuseProtected: () => {},
};

export const roleKind: EntityKind<RoleRecord> = {
  word: 'Role',
  noun: 'role',
  nameConstraint: roleName,
  key: roleKey,
  inlinePolicyLimit: 10_240,
  refuseProtected: (role) => {
    if (isServiceLinkedPath(role.path)) throw protectedRole(role.name);
  },
};

export const groupKind: EntityKind<GroupRecord> = {
  word: 'Group',
  noun: 'group',
  nameConstraint: groupName,
  key: groupKey,
  inlinePolicyLimit: 5120,
  refuseProtected: () => {},
};

/** The unique id: AIDA…, AROA…, AGPA…. */
export function idOf(record: Entity): string {
  return 'groupId' in record ? record.groupId : record.principalId;
}

/** Service-linked roles live here (iam-facts J17). */
export function isServiceLinkedPath(path: string): boolean {
  return path.startsWith('/aws-service-role/');
}

/** How the name arrives: one of the three, by kind. */
export interface NamedInput {
  readonly UserName?: string | undefined;
  readonly RoleName?: string | undefined;
  readonly GroupName?: string | undefined;
}

function nameOf(kind: Pick<EntityKind, 'word'>, input: NamedInput): string | undefined {
  return input[`${kind.word}Name`];
}

/** What is wrong with the name in an input. */
export function nameFailures<R extends Entity>(kind: EntityKind<R>, input: NamedInput): string[] {
  return validateMember(`${kind.noun}Name`, nameOf(kind, input), kind.nameConstraint);
}

/** Refuses to delete who still has policies (iam-facts J8), in the order AWS names them. */
export function refuseWithPolicies({ attachedPolicyArns, inlinePolicies }: Entity): void {
  if (attachedPolicyArns.length > 0) {
    throw deleteConflict('Cannot delete entity, must detach all policies first.');
  }
  if (Object.keys(inlinePolicies).length > 0) {
    throw deleteConflict('Cannot delete entity, must delete policies first.');
  }
}

/** The user, role or group that an input names. */
export function requireNamed<R extends Entity>(
  dependencies: Pick<IamDependencies, 'storage'>,
  kind: EntityKind<R>,
  accountId: string,
  input: NamedInput,
): Promise<Stored<R>> {
  return requireEntity(dependencies, kind, accountId, nameOf(kind, input) ?? '');
}

/** As `requireNamed`, to be changed: refuses what belongs to AWS. */
export async function requireChangeable<R extends Entity>(
  dependencies: Pick<IamDependencies, 'storage'>,
  kind: EntityKind<R>,
  accountId: string,
  input: NamedInput,
): Promise<Stored<R>> {
  const stored = await requireNamed(dependencies, kind, accountId, input);
  kind.refuseProtected(stored.record);
  return stored;
}

/** The record by name, without regard to case; NoSuchEntity when there is none. */
export async function requireEntity<R extends Entity>(
  { storage }: Pick<IamDependencies, 'storage'>,
  kind: EntityKind<R>,
  accountId: string,
  name: string,
): Promise<Stored<R>> {
  const stored = await readRecord<R>(storage, kind.key(accountId, name));
  if (stored === undefined) throw noSuchEntity(`The ${kind.noun} with name ${name} cannot be found.`);
  return stored;
}

/**
 * The target of an operation on an existing user, role or group: its ARN with the path it really has, and its tags.
 * The denial text names it the short way, `role NAME` (iam-facts G6; so in public reports about roles that existed).
 */
export async function entityTarget<R extends Entity>(
  { storage, partition }: Pick<IamDependencies, 'storage' | 'partition'>,
  kind: EntityKind<R>,
  action: string,
  name: string,
  { caller: { accountId } }: Pick<OperationContext, 'caller'>,
  keys: RequestContext = new Map(),
): Promise<AuthorizationTarget> {
  const stored = await readRecord<R>(storage, kind.key(accountId, name));
  const record = stored?.record;
  const arn = entityArn(partition, kind.noun, record ?? { accountId, path: '/', name });
  return {
    action: `iam:${action}`,
    resources: [resourceWithKeys(arn, record === undefined ? new Map() : principalTagKeys(record))],
    resourceInMessage: `${kind.noun} ${name}`,
    context: joinKeys(boundaryKey(action, record), keys),
  };
}

/** As `entityTarget`, for an operation that all kinds have: its action on whom the input names. */
export function namedTarget<R extends Entity>(
  dependencies: Pick<IamDependencies, 'storage' | 'partition'>,
  kind: EntityKind<R>,
  action: string,
): (
  input: NamedInput,
  context: Pick<OperationContext, 'caller'>,
  keys?: RequestContext,
) => Promise<AuthorizationTarget> {
  return (input, context, keys) =>
    entityTarget(dependencies, kind, action, nameOf(kind, input) ?? '', context, keys);
}

/**
 * The target of renaming or moving: both ends need permission, as the guide says of renaming; else a path could be
 * entered by it. The tags go along.
 */
export async function movingTarget<R extends Entity>(
  dependencies: Pick<IamDependencies, 'storage' | 'partition'>,
  kind: EntityKind<R>,
  action: string,
  name: string,
  context: Pick<OperationContext, 'caller'>,
  to: { readonly name: string | undefined; readonly path: string | undefined },
): Promise<AuthorizationTarget> {
  const target = await entityTarget(dependencies, kind, action, name, context);
  if (to.name === undefined && to.path === undefined) return target;
  const { accountId } = context.caller;
  const old = await readRecord<R>(dependencies.storage, kind.key(accountId, name));
  const moved = entityArn(dependencies.partition, kind.noun, {
    accountId,
    path: to.path ?? old?.record.path ?? '/',
    name: to.name ?? old?.record.name ?? name,
  });
  const tags = old === undefined ? new Map() : principalTagKeys(old.record);
  return { ...target, resources: [...target.resources, resourceWithKeys(moved, tags)] };
}

/**
 * The operations on a user or role that tell which boundary it has (`iam:PermissionsBoundary`); those that give one
 * tell the one they give (Service Authorization Reference; iam-facts F4.3).
 */
const actionsThatTellTheBoundary: ReadonlySet<string> = new Set([
  ...['User', 'Role'].flatMap((word) => [
    `Attach${word}Policy`,
    `Detach${word}Policy`,
    `Put${word}Policy`,
    `Delete${word}Policy`,
    `Delete${word}PermissionsBoundary`,
  ]),
  'GetRole',
  'DeleteRole',
]);

function boundaryKey(action: string, record: Entity | undefined): RequestContext {
  const told = actionsThatTellTheBoundary.has(action) && record !== undefined;
  const arn = told && 'permissionsBoundaryArn' in record ? record.permissionsBoundaryArn : undefined;
  return conditionKey('iam:PermissionsBoundary', arn);
}

/** The target of an action that has no resource: only `*` covers it, the text shows where it looks (iam-facts B5). */
export function listTarget(
  { partition }: Pick<IamDependencies, 'partition'>,
  action: string,
  noun: 'user' | 'role' | 'group' | 'instance-profile',
  pathPrefix: string | undefined,
  { caller: { accountId } }: Pick<OperationContext, 'caller'>,
): AuthorizationTarget {
  const arn = entityArn(partition, noun, { accountId, path: pathPrefix ?? '/', name: '' });
  return { action: `iam:${action}`, resources: ['*'], resourceInMessage: arn };
}
