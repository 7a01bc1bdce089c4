import type {
  CreateUserRequest,
  CreateUserResponse,
  DeleteUserRequest,
  GetUserRequest,
  GetUserResponse,
  UpdateUserRequest,
  User,
} from '@aws-sdk/client-iam';
import type {
  AccessKeyRecord,
  AccountRecord,
  MfaDeviceRecord,
  UserRecord,
} from '../../storage/records/iam.ts';
import {
  accessKeyKey,
  accountKey,
  principalIdKey,
  userKey,
  usersPrefix,
} from '../../storage/records/keys.ts';
import type { Batch } from '../../storage/storage.ts';
import { requestTagKeys } from '../conditionkeys.ts';
import { defineOperation, type Operations } from '../operation.ts';
import { createQuota } from '../quota.ts';
import { refuseInvalid, validateMember } from '../validation.ts';
import { entityArn, rootArn, userArn } from './arns.ts';
import * as constraints from './constraints.ts';
import type { IamDependencies } from './dependencies.ts';
import { entityTarget, movingTarget, refuseWithPolicies, requireEntity, userKind } from './entities.ts';
import { defineEntityList } from './entitylists.ts';
import { alreadyExists, deleteConflict, quotaExceeded } from './errors.ts';
import { creationKeys } from './iamkeys.ts';
import { newUniqueId } from './ids.ts';
import { deviceKeyOf } from './mfa/serials.ts';
import { boundaryOutput, newBoundary, oldBoundary } from './policies/boundaries.ts';
import { callerTarget, requireCaller } from './principals.ts';
import { atomically, put, readRecord } from './records.ts';
import { createTagPermission } from './tagpermission.ts';

const usersPerAccount = 5000;

/** Users (iam-facts J1, J8, J10): names unique without case, kept as written; ids never reused. */
export function createUserOperations(dependencies: IamDependencies): Operations {
  const { storage, random, partition } = dependencies;
  const requireTagPermission = createTagPermission(dependencies);

  /** What GetUser tells beyond ListUsers: boundary and tags. */
  const wholeUser = (user: UserRecord): User => ({
    ...userOutput(partition, user),
    ...boundaryOutput(user),
    ...(user.tags.length === 0 ? {} : { Tags: [...user.tags] }),
  });

  /** The user's keys and MFA devices under its present name: they say whose they are by name and id. */
  const followersOf = async ({ accountId, name, principalId, ...user }: UserRecord) => {
    const owner = { kind: 'user', userName: name, principalId } as const;
    const accessKeys = await Promise.all(
      user.accessKeyIds.map((id) => readRecord<AccessKeyRecord>(storage, accessKeyKey(id))),
    );
    const devices = await Promise.all(
      (user.mfaSerialNumbers ?? [])
        .map((serialNumber) => deviceKeyOf(serialNumber, { partition, accountId }))
        .filter((key) => key !== undefined)
        .map((key) => readRecord<MfaDeviceRecord>(storage, key)),
    );
    return [
      ...accessKeys
        .filter((found) => found !== undefined)
        .map((found) => ({ ...found, record: { ...found.record, owner } })),
      ...devices
        .filter((found) => found !== undefined)
        .map((found) => ({ ...found, record: { ...found.record, assignedTo: owner } })),
    ];
  };

  const places = createQuota(storage, usersPerAccount, () =>
    quotaExceeded('UsersPerAccount', usersPerAccount),
  );

  const CreateUser = defineOperation<CreateUserRequest, CreateUserResponse>({
    authorization: (input, { caller: { accountId } }) => ({
      action: 'iam:CreateUser',
      resources: [
        entityArn(partition, 'user', { accountId, path: input.Path ?? '/', name: input.UserName ?? '' }),
      ],
      context: creationKeys(input),
    }),
    async handle(input, context) {
      const {
        caller: { accountId },
        now,
        commit,
      } = context;
      const { UserName: name = '', Path: path = '/' } = input;
      refuseInvalid([
        ...validateMember('path', input.Path, constraints.path),
        ...validateMember('userName', input.UserName, constraints.newUserName),
        ...validateMember('permissionsBoundary', input.PermissionsBoundary, constraints.boundaryArn),
        ...constraints.tagFailures(input.Tags),
      ]);
      const tags = constraints.storedTags(input.Tags);
      await requireTagPermission(context, tags, {
        action: 'iam:TagUser',
        resources: [entityArn(partition, 'user', { accountId, path, name })],
        context: requestTagKeys(tags),
      });
      const key = userKey(accountId, name);
      return atomically(async () => {
        if ((await storage.get(key)) !== undefined) {
          throw alreadyExists(`User with name ${name} already exists.`);
        }
        const boundary = await newBoundary(dependencies, accountId, input.PermissionsBoundary);
        const user: UserRecord = {
          accountId,
          name,
          path,
          principalId: newUniqueId('AIDA', random),
          createdAt: now,
          tags,
          inlinePolicies: {},
          attachedPolicyArns: [],
          accessKeyIds: [],
          ...boundary.member,
        };
        const idKey = principalIdKey(user.principalId);
        const batch: Batch = {
          expect: [{ key, revision: 0 }, { key: idKey, revision: 0 }, ...boundary.expect],
          changes: [put(key, user), put(idKey, { kind: 'user', accountId, name }), ...boundary.changes],
        };
        return places.within(usersPrefix(accountId), () => commit(batch, { User: wholeUser(user) }));
      });
    },
  });

  const GetUser = defineOperation<GetUserRequest, GetUserResponse>({
    authorization: (input, context) => callerTarget(dependencies, 'GetUser', input.UserName, context),
    async handle(input, { caller }) {
      refuseInvalid(
        validateMember('userName', input.UserName, constraints.optional(constraints.existingUserName)),
      );
      if (input.UserName !== undefined) {
        const { record } = await requireEntity(dependencies, userKind, caller.accountId, input.UserName);
        return { User: wholeUser(record) };
      }
      if (caller.kind === 'root') return { User: await rootOutput(dependencies, caller.accountId) };
      return { User: wholeUser((await requireCaller(dependencies, caller)).record) };
    },
  });

  const ListUsers = defineEntityList<UserRecord>(dependencies, {
    action: 'ListUsers',
    noun: 'user',
    keys: usersPrefix,
    answer: (users) => ({ Users: users.map((user) => userOutput(partition, user)) }),
  });

  const UpdateUser = defineOperation<UpdateUserRequest, Record<string, never>>({
    authorization({ UserName = '', NewUserName, NewPath }, context) {
      return movingTarget(dependencies, userKind, 'UpdateUser', UserName, context, {
        name: NewUserName,
        path: NewPath,
      });
    },
    async handle(input, { caller: { accountId }, commit }) {
      const { UserName: name = '' } = input;
      refuseInvalid([
        ...validateMember('userName', input.UserName, constraints.existingUserName),
        ...validateMember('newPath', input.NewPath, constraints.path),
        ...validateMember('newUserName', input.NewUserName, constraints.optional(constraints.newUserName)),
      ]);
      return atomically(async () => {
        const stored = await requireEntity(dependencies, userKind, accountId, name);
        const renamed: UserRecord = {
          ...stored.record,
          name: input.NewUserName ?? stored.record.name,
          path: input.NewPath ?? stored.record.path,
        };
        const newKey = userKey(accountId, renamed.name);
        const moved = newKey !== stored.key;
        if (moved && (await storage.get(newKey)) !== undefined) {
          throw alreadyExists(`User with name ${renamed.name} already exists.`);
        }
        const { principalId } = renamed;
        const followers = await followersOf(renamed);
        const batch: Batch = {
          expect: [
            { key: stored.key, revision: stored.revision },
            ...(moved ? [{ key: newKey, revision: 0 }] : []),
            ...followers.map(({ key, revision }) => ({ key, revision })),
          ],
          changes: [
            ...(moved ? [{ type: 'delete' as const, key: stored.key }] : []),
            put(newKey, renamed),
            put(principalIdKey(principalId), { kind: 'user', accountId, name: renamed.name }),
            ...followers.map(({ key, record }) => put(key, record)),
          ],
        };
        return commit(batch, {});
      });
    },
  });

  const DeleteUser = defineOperation<DeleteUserRequest, Record<string, never>>({
    authorization: ({ UserName = '' }, context) =>
      entityTarget(dependencies, userKind, 'DeleteUser', UserName, context),
    async handle(input, { caller: { accountId }, commit }) {
      const { UserName: name = '' } = input;
      refuseInvalid(validateMember('userName', input.UserName, constraints.existingUserName));
      return atomically(async () => {
        const { key, revision, record } = await requireEntity(dependencies, userKind, accountId, name);
        refuseWithPolicies(record);
        if (record.accessKeyIds.length > 0) {
          throw deleteConflict('Cannot delete entity, must delete access keys first.');
        }
        if ((record.groupNames ?? []).length > 0) {
          throw deleteConflict('Cannot delete entity, must remove users from group first.');
        }
        if ((record.mfaSerialNumbers ?? []).length > 0) {
          throw deleteConflict('Cannot delete entity, must delete MFA device first.');
        }
        const boundary = await oldBoundary(dependencies, record);
        const batch: Batch = {
          expect: [{ key, revision }, ...boundary.expect],
          changes: [
            { type: 'delete', key },
            { type: 'delete', key: principalIdKey(record.principalId) },
            ...boundary.changes,
          ],
        };
        return commit(batch, {});
      });
    },
  });

  return { CreateUser, GetUser, ListUsers, UpdateUser, DeleteUser };
}

/** As lists of users tell it. */
export function userOutput(partition: string, user: UserRecord): User {
  return {
    Path: user.path,
    UserName: user.name,
    UserId: user.principalId,
    Arn: userArn(partition, user),
    CreateDate: new Date(user.createdAt),
  };
}

/** What every answer about the account's root holds. AWS leaves its path and name out. */
export async function rootOutput(
  { storage, partition }: Pick<IamDependencies, 'storage' | 'partition'>,
  accountId: string,
): Promise<User> {
  const account = await readRecord<AccountRecord>(storage, accountKey(accountId));
  return {
    Path: undefined,
    UserName: undefined,
    UserId: accountId,
    Arn: rootArn(partition, accountId),
    CreateDate: new Date(account?.record.createdAt ?? 0),
  };
}
