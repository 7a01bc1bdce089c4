import type {
  CreateGroupRequest,
  CreateGroupResponse,
  DeleteGroupRequest,
  GetGroupRequest,
  GetGroupResponse,
  Group,
  UpdateGroupRequest,
} from '@aws-sdk/client-iam';
import type { GroupRecord, UserRecord } from '../../storage/records/iam.ts';
import { groupKey, groupsPrefix, usersPrefix } from '../../storage/records/keys.ts';
import type { Batch } from '../../storage/storage.ts';
import { defineOperation, type Operations } from '../operation.ts';
import { createQuota } from '../quota.ts';
import { refuseInvalid, validateMember } from '../validation.ts';
import { groupArn } from './arns.ts';
import * as constraints from './constraints.ts';
import type { IamDependencies } from './dependencies.ts';
import { entityTarget, groupKind, movingTarget, refuseWithPolicies, requireEntity } from './entities.ts';
import { defineEntityList } from './entitylists.ts';
import { alreadyExists, deleteConflict, quotaExceeded } from './errors.ts';
import { newUniqueId } from './ids.ts';
import { isMember, membersOf } from './members.ts';
import { pageFailures, pageOfRecords } from './paging.ts';
import { atomically, put } from './records.ts';
import { userOutput } from './users.ts';

const groupsPerAccount = 300;

/** Groups of users (iam-facts J1, J8, J10). Who is a member stands in the users' records. */
export function createGroupOperations(dependencies: IamDependencies): Operations {
  const { storage, random, partition, pageTokens } = dependencies;

  const places = createQuota(storage, groupsPerAccount, () =>
    quotaExceeded('GroupsPerAccount', groupsPerAccount),
  );

  const CreateGroup = defineOperation<CreateGroupRequest, CreateGroupResponse>({
    authorization: ({ Path: path = '/', GroupName: name = '' }, { caller: { accountId } }) => ({
      action: 'iam:CreateGroup',
      resources: [groupArn(partition, { accountId, path, name })],
    }),
    async handle(input, { caller: { accountId }, now, commit }) {
      const { GroupName: name = '', Path: path = '/' } = input;
      refuseInvalid([
        ...validateMember('path', input.Path, constraints.path),
        ...validateMember('groupName', input.GroupName, constraints.groupName),
      ]);
      const key = groupKey(accountId, name);
      return atomically(async () => {
        if ((await storage.get(key)) !== undefined) throw groupExists(name);
        const group: GroupRecord = {
          accountId,
          name,
          path,
          groupId: newUniqueId('AGPA', random),
          createdAt: now,
          inlinePolicies: {},
          attachedPolicyArns: [],
          memberCount: 0,
        };
        const batch: Batch = { expect: [{ key, revision: 0 }], changes: [put(key, group)] };
        return places.within(groupsPrefix(accountId), () =>
          commit(batch, { Group: groupOutput(partition, group) }),
        );
      });
    },
  });

  const GetGroup = defineOperation<GetGroupRequest, GetGroupResponse>({
    authorization: ({ GroupName = '' }, context) =>
      entityTarget(dependencies, groupKind, 'GetGroup', GroupName, context),
    async handle(input, { caller: { accountId } }) {
      const { GroupName: name = '' } = input;
      refuseInvalid([
        ...validateMember('groupName', input.GroupName, constraints.groupName),
        ...pageFailures(input),
      ]);
      const { record } = await requireEntity(dependencies, groupKind, accountId, name);
      const { items, ...page } = await pageOfRecords<UserRecord>(
        storage,
        usersPrefix(accountId),
        (user) => isMember(user, record.name),
        input,
        { pageTokens, scope: `iam:GetGroup ${record.groupId}` },
      );
      return {
        Group: groupOutput(partition, record),
        Users: items.map((user) => userOutput(partition, user)),
        ...page,
      };
    },
  });

  const ListGroups = defineEntityList<GroupRecord>(dependencies, {
    action: 'ListGroups',
    noun: 'group',
    keys: groupsPrefix,
    answer: (groups) => ({ Groups: groups.map((group) => groupOutput(partition, group)) }),
  });

  const UpdateGroup = defineOperation<UpdateGroupRequest, object>({
    authorization: ({ GroupName = '', NewGroupName, NewPath }, context) =>
      movingTarget(dependencies, groupKind, 'UpdateGroup', GroupName, context, {
        name: NewGroupName,
        path: NewPath,
      }),
    async handle(input, { caller: { accountId }, commit }) {
      const { GroupName: name = '' } = input;
      refuseInvalid([
        ...validateMember('groupName', input.GroupName, constraints.groupName),
        ...validateMember('newPath', input.NewPath, constraints.path),
        ...validateMember('newGroupName', input.NewGroupName, constraints.optional(constraints.groupName)),
      ]);
      return atomically(async () => {
        const { key, revision, record } = await requireEntity(dependencies, groupKind, accountId, name);
        const renamed: GroupRecord = {
          ...record,
          name: input.NewGroupName ?? record.name,
          path: input.NewPath ?? record.path,
        };
        const newKey = groupKey(accountId, renamed.name);
        const moved = newKey !== key;
        if (moved && (await storage.get(newKey)) !== undefined) throw groupExists(renamed.name);
        // Members name their groups. Whoever joins or leaves meanwhile changes the group's record: then it starts anew.
        const members = renamed.name === record.name ? [] : await membersOf(storage, record);
        const batch: Batch = {
          expect: [
            { key, revision },
            ...(moved ? [{ key: newKey, revision: 0 }] : []),
            ...members.map((member) => ({ key: member.key, revision: member.revision })),
          ],
          changes: [
            ...(moved ? [{ type: 'delete' as const, key }] : []),
            put(newKey, renamed),
            ...members.map((member) =>
              put(member.key, {
                ...member.record,
                groupNames: member.record.groupNames?.map((other) =>
                  other === record.name ? renamed.name : other,
                ),
              }),
            ),
          ],
        };
        return commit(batch, {});
      });
    },
  });

  const DeleteGroup = defineOperation<DeleteGroupRequest, object>({
    authorization: ({ GroupName = '' }, context) =>
      entityTarget(dependencies, groupKind, 'DeleteGroup', GroupName, context),
    async handle(input, { caller: { accountId }, commit }) {
      const { GroupName: name = '' } = input;
      refuseInvalid(validateMember('groupName', input.GroupName, constraints.groupName));
      return atomically(async () => {
        const { key, revision, record } = await requireEntity(dependencies, groupKind, accountId, name);
        if (record.memberCount > 0) {
          throw deleteConflict('Cannot delete entity, must remove users from group first.');
        }
        refuseWithPolicies(record);
        return commit({ expect: [{ key, revision }], changes: [{ type: 'delete', key }] }, {});
      });
    },
  });

  return { CreateGroup, GetGroup, ListGroups, UpdateGroup, DeleteGroup };
}

/** As every answer about a group tells it. */
export function groupOutput(partition: string, group: GroupRecord): Group {
  return {
    Path: group.path,
    GroupName: group.name,
    GroupId: group.groupId,
    Arn: groupArn(partition, group),
    CreateDate: new Date(group.createdAt),
  };
}

const groupExists = (name: string): Error => alreadyExists(`Group with name ${name} already exists.`);
