import type {
  AddUserToGroupRequest,
  ListGroupsForUserRequest,
  ListGroupsForUserResponse,
  RemoveUserFromGroupRequest,
} from '@aws-sdk/client-iam';
import { lowerAscii } from '../../engine/arn/case.ts';
import type { GroupRecord, UserRecord } from '../../storage/records/iam.ts';
import { groupKey } from '../../storage/records/keys.ts';
import type { Batch } from '../../storage/storage.ts';
import { defineOperation, type OperationContext, type Operations } from '../operation.ts';
import { refuseInvalid, validateMember } from '../validation.ts';
import * as constraints from './constraints.ts';
import type { IamDependencies } from './dependencies.ts';
import { entityTarget, groupKind, requireEntity, userKind } from './entities.ts';
import { quotaExceeded } from './errors.ts';
import { groupOutput } from './groups.ts';
import { isMember } from './members.ts';
import { pageFailures, pageOf } from './paging.ts';
import { atomically, put, readRecord, type Stored } from './records.ts';

const groupsPerUser = 10;

/**
 * Who is in which group.
 *
 * INVARIANT: joining and leaving change both records, the user's list and the group's count, in one batch that expects
 * both as they were read. So neither can be deleted, nor the group renamed, while it happens.
 */
export function createMembershipOperations(dependencies: IamDependencies): Operations {
  const { storage, partition, pageTokens } = dependencies;

  /** The permission is asked on the group alone (Service Authorization Reference). */
  const target =
    (action: string) =>
    ({ GroupName = '' }: { readonly GroupName: string | undefined }, context: OperationContext) =>
      entityTarget(dependencies, groupKind, action, GroupName, context);

  const failures = (input: AddUserToGroupRequest | RemoveUserFromGroupRequest): string[] => [
    ...validateMember('groupName', input.GroupName, constraints.groupName),
    ...validateMember('userName', input.UserName, constraints.existingUserName),
  ];

  const bothOf = async (
    accountId: string,
    input: AddUserToGroupRequest | RemoveUserFromGroupRequest,
  ): Promise<{ readonly group: Stored<GroupRecord>; readonly user: Stored<UserRecord> }> => ({
    group: await requireEntity(dependencies, groupKind, accountId, input.GroupName ?? ''),
    user: await requireEntity(dependencies, userKind, accountId, input.UserName ?? ''),
  });

  const regrouping = (
    group: Stored<GroupRecord>,
    user: Stored<UserRecord>,
    groupNames: readonly string[],
  ): Batch => {
    const change = groupNames.length - (user.record.groupNames ?? []).length;
    return {
      expect: [group, user].map(({ key, revision }) => ({ key, revision })),
      changes: [
        put(user.key, { ...user.record, groupNames }),
        put(group.key, { ...group.record, memberCount: group.record.memberCount + change }),
      ],
    };
  };

  const AddUserToGroup = defineOperation<AddUserToGroupRequest, object>({
    authorization: target('AddUserToGroup'),
    async handle(input, { caller: { accountId }, commit }) {
      refuseInvalid(failures(input));
      return atomically(async () => {
        const { group, user } = await bothOf(accountId, input);
        const { groupNames = [] } = user.record;
        if (isMember(user.record, group.record.name)) return {};
        if (groupNames.length >= groupsPerUser) throw quotaExceeded('GroupsPerUser', groupsPerUser);
        return commit(regrouping(group, user, [...groupNames, group.record.name]), {});
      });
    },
  });

  const RemoveUserFromGroup = defineOperation<RemoveUserFromGroupRequest, object>({
    authorization: target('RemoveUserFromGroup'),
    async handle(input, { caller: { accountId }, commit }) {
      refuseInvalid(failures(input));
      return atomically(async () => {
        const { group, user } = await bothOf(accountId, input);
        // COMPAT: somebody who is no member is removed without an error (cloud-custodian PR 4730).
        if (!isMember(user.record, group.record.name)) return {};
        const { groupNames = [] } = user.record;
        const kept = groupNames.filter((name) => name !== group.record.name);
        return commit(regrouping(group, user, kept), {});
      });
    },
  });

  const ListGroupsForUser = defineOperation<ListGroupsForUserRequest, ListGroupsForUserResponse>({
    authorization: ({ UserName = '' }, context) =>
      entityTarget(dependencies, userKind, 'ListGroupsForUser', UserName, context),
    async handle(input, { caller: { accountId } }) {
      refuseInvalid([
        ...validateMember('userName', input.UserName, userKind.nameConstraint),
        ...pageFailures(input),
      ]);
      const { record } = await requireEntity(dependencies, userKind, accountId, input.UserName ?? '');
      const names = [...(record.groupNames ?? [])].map(lowerAscii).sort();
      const { items, ...page } = pageOf(names, (name) => name, input, {
        pageTokens,
        scope: `iam:ListGroupsForUser ${record.principalId}`,
      });
      const groups = await Promise.all(
        items.map((name) => readRecord<GroupRecord>(storage, groupKey(accountId, name))),
      );
      return {
        Groups: groups
          .filter((group) => group !== undefined)
          .map((group) => groupOutput(partition, group.record)),
        ...page,
      };
    },
  });

  return { AddUserToGroup, RemoveUserFromGroup, ListGroupsForUser };
}
