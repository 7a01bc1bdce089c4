import type {
  CreateUserRequest,
  CreateUserResponse,
  DeleteUserRequest,
  GetUserRequest,
  GetUserResponse,
  ListUsersRequest,
  ListUsersResponse,
  UpdateUserRequest,
  User,
} from '@aws-sdk/client-iam';
import type { Principal } from '../../engine/iam/principal.ts';
import type { AccessKeyRecord, AccountRecord, UserRecord } from '../../storage/records/iam.ts';
import {
  accessKeyKey,
  accountKey,
  principalIdKey,
  userKey,
  usersPrefix,
} from '../../storage/records/keys.ts';
import type { Batch } from '../../storage/storage.ts';
import { defineOperation, type Operations } from '../operation.ts';
import { refuseInvalid, validateMember } from '../validation.ts';
import { entityArn, rootArn, userArn } from './arns.ts';
import { refuseBoundary } from './boundaries.ts';
import * as constraints from './constraints.ts';
import type { IamDependencies } from './dependencies.ts';
import { alreadyExists, deleteConflict, quotaExceeded } from './errors.ts';
import { newUniqueId } from './ids.ts';
import { pageFailures, pageOfRecords } from './paging.ts';
import {
  callerTarget,
  listTarget,
  principalTarget,
  requireCaller,
  requirePrincipal,
  userKind,
} from './principals.ts';
import { atomically, put, readRecord } from './records.ts';
import { createTagPermission } from './tagpermission.ts';

const usersPerAccount = 5000;

/** Users (iam-facts J1, J8, J10): names unique without case, kept as written; ids never reused. */
export function createUserOperations(dependencies: IamDependencies): Operations {
  const { storage, random, partition, pageTokens } = dependencies;
  const requireTagPermission = createTagPermission(dependencies);

  /** Path and tags aside, what every answer about a user holds. */
  const userOutput = (user: UserRecord): User => ({
    Path: user.path,
    UserName: user.name,
    UserId: user.principalId,
    Arn: userArn(partition, user),
    CreateDate: new Date(user.createdAt),
  });

  const userWithTags = (user: UserRecord): User => ({
    ...userOutput(user),
    ...(user.tags.length === 0 ? {} : { Tags: [...user.tags] }),
  });

  const rootOutput = async ({ accountId }: Principal): Promise<User> => {
    const account = await readRecord<AccountRecord>(storage, accountKey(accountId));
    return {
      // AWS leaves both out for the root.
      Path: undefined,
      UserName: undefined,
      UserId: accountId,
      Arn: rootArn(partition, accountId),
      CreateDate: new Date(account?.record.createdAt ?? 0),
    };
  };

  const CreateUser = defineOperation<CreateUserRequest, CreateUserResponse>({
    authorization: ({ Path = '/', UserName = '' }, { caller: { accountId } }) => ({
      action: 'iam:CreateUser',
      resources: [entityArn(partition, 'user', { accountId, path: Path, name: UserName })],
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
        ...constraints.tagFailures(input.Tags),
      ]);
      refuseBoundary(input.PermissionsBoundary);
      const tags = constraints.storedTags(input.Tags);
      await requireTagPermission(context, tags, {
        action: 'iam:TagUser',
        resources: [entityArn(partition, 'user', { accountId, path, name })],
      });
      const key = userKey(accountId, name);
      return atomically(async () => {
        if ((await storage.get(key)) !== undefined) {
          throw alreadyExists(`User with name ${name} already exists.`);
        }
        if ((await storage.count(usersPrefix(accountId))) >= usersPerAccount) {
          throw quotaExceeded('UsersPerAccount', usersPerAccount);
        }
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
        };
        const idKey = principalIdKey(user.principalId);
        const batch: Batch = {
          expect: [
            { key, revision: 0 },
            { key: idKey, revision: 0 },
          ],
          changes: [put(key, user), put(idKey, { kind: 'user', accountId, name })],
        };
        return commit(batch, { User: userWithTags(user) });
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
        const { record } = await requirePrincipal(dependencies, userKind, caller.accountId, input.UserName);
        return { User: userWithTags(record) };
      }
      if (caller.kind === 'root') return { User: await rootOutput(caller) };
      return { User: userWithTags((await requireCaller(dependencies, caller)).record) };
    },
  });

  const ListUsers = defineOperation<ListUsersRequest, ListUsersResponse>({
    authorization: (input, context) =>
      listTarget(dependencies, 'ListUsers', 'user', input.PathPrefix, context),
    async handle(input, { caller: { accountId } }) {
      const { PathPrefix = '/' } = input;
      refuseInvalid([
        ...validateMember('pathPrefix', input.PathPrefix, constraints.pathPrefix),
        ...pageFailures(input),
      ]);
      const { items, ...page } = await pageOfRecords<UserRecord>(
        storage,
        usersPrefix(accountId),
        (user) => user.path.startsWith(PathPrefix),
        input,
        { pageTokens, scope: `iam:ListUsers ${accountId} ${PathPrefix}` },
      );
      return { Users: items.map(userOutput), ...page };
    },
  });

  const UpdateUser = defineOperation<UpdateUserRequest, Record<string, never>>({
    authorization: async ({ UserName = '', NewUserName, NewPath }, context) => {
      const target = await principalTarget(dependencies, userKind, 'UpdateUser', UserName, context);
      if (NewUserName === undefined && NewPath === undefined) return target;
      // Both ends of the move need permission, as the guide says of renaming; else a path could be entered by it.
      const old = await readRecord<UserRecord>(storage, userKey(context.caller.accountId, UserName));
      const moved = entityArn(partition, 'user', {
        accountId: context.caller.accountId,
        path: NewPath ?? old?.record.path ?? '/',
        name: NewUserName ?? old?.record.name ?? UserName,
      });
      return { ...target, resources: [...target.resources, moved] };
    },
    async handle(input, { caller: { accountId }, commit }) {
      const { UserName: name = '' } = input;
      refuseInvalid([
        ...validateMember('userName', input.UserName, constraints.existingUserName),
        ...validateMember('newPath', input.NewPath, constraints.path),
        ...validateMember('newUserName', input.NewUserName, constraints.optional(constraints.newUserName)),
      ]);
      return atomically(async () => {
        const stored = await requirePrincipal(dependencies, userKind, accountId, name);
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
        // The keys say whose they are by name and id; both must follow in the same write.
        const accessKeys = await Promise.all(
          renamed.accessKeyIds.map((id) => readRecord<AccessKeyRecord>(storage, accessKeyKey(id))),
        );
        const keysFound = accessKeys.filter((found) => found !== undefined);
        const { principalId } = renamed;
        const batch: Batch = {
          expect: [
            { key: stored.key, revision: stored.revision },
            ...(moved ? [{ key: newKey, revision: 0 }] : []),
            ...keysFound.map(({ key, revision }) => ({ key, revision })),
          ],
          changes: [
            ...(moved ? [{ type: 'delete' as const, key: stored.key }] : []),
            put(newKey, renamed),
            put(principalIdKey(principalId), { kind: 'user', accountId, name: renamed.name }),
            ...keysFound.map(({ key, record }) =>
              put(key, { ...record, owner: { kind: 'user', userName: renamed.name, principalId } }),
            ),
          ],
        };
        return commit(batch, {});
      });
    },
  });

  const DeleteUser = defineOperation<DeleteUserRequest, Record<string, never>>({
    authorization: ({ UserName = '' }, context) =>
      principalTarget(dependencies, userKind, 'DeleteUser', UserName, context),
    async handle(input, { caller: { accountId }, commit }) {
      const { UserName: name = '' } = input;
      refuseInvalid(validateMember('userName', input.UserName, constraints.existingUserName));
      return atomically(async () => {
        const { key, revision, record } = await requirePrincipal(dependencies, userKind, accountId, name);
        if (record.attachedPolicyArns.length > 0) {
          throw deleteConflict('Cannot delete entity, must detach all policies first.');
        }
        if (Object.keys(record.inlinePolicies).length > 0) {
          throw deleteConflict('Cannot delete entity, must delete policies first.');
        }
        if (record.accessKeyIds.length > 0) {
          throw deleteConflict('Cannot delete entity, must delete access keys first.');
        }
        const batch: Batch = {
          expect: [{ key, revision }],
          changes: [
            { type: 'delete', key },
            { type: 'delete', key: principalIdKey(record.principalId) },
          ],
        };
        return commit(batch, {});
      });
    },
  });

  return { CreateUser, GetUser, ListUsers, UpdateUser, DeleteUser };
}
