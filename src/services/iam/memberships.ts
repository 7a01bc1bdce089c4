import type {
  ListGroupsForUserRequest,
  ListGroupsForUserResponse,
  ListInstanceProfilesForRoleRequest,
  ListInstanceProfilesForRoleResponse,
} from '@aws-sdk/client-iam';
import { defineOperation, type Operations } from '../operation.ts';
import { refuseInvalid, validateMember } from '../validation.ts';
import type { IamDependencies } from './dependencies.ts';
import { pageFailures } from './paging.ts';
import { principalTarget, requirePrincipal, roleKind, userKind } from './principals.ts';

/**
 * What a user or role belongs to. There are no groups and no instance profiles here, so the true answer is an empty
 * list; tools ask for it before they delete (Terraform does for every role).
 */
export function createMembershipOperations(dependencies: IamDependencies): Operations {
  const ListGroupsForUser = defineOperation<ListGroupsForUserRequest, ListGroupsForUserResponse>({
    authorization: ({ UserName = '' }, context) =>
      principalTarget(dependencies, userKind, 'ListGroupsForUser', UserName, context),
    async handle(input, { caller: { accountId } }) {
      refuseInvalid([
        ...validateMember('userName', input.UserName, userKind.nameConstraint),
        ...pageFailures(input),
      ]);
      await requirePrincipal(dependencies, userKind, accountId, input.UserName ?? '');
      return { Groups: [], IsTruncated: false };
    },
  });

  const ListInstanceProfilesForRole = defineOperation<
    ListInstanceProfilesForRoleRequest,
    ListInstanceProfilesForRoleResponse
  >({
    authorization: ({ RoleName = '' }, context) =>
      principalTarget(dependencies, roleKind, 'ListInstanceProfilesForRole', RoleName, context),
    async handle(input, { caller: { accountId } }) {
      refuseInvalid([
        ...validateMember('roleName', input.RoleName, roleKind.nameConstraint),
        ...pageFailures(input),
      ]);
      await requirePrincipal(dependencies, roleKind, accountId, input.RoleName ?? '');
      return { InstanceProfiles: [], IsTruncated: false };
    },
  });

  return { ListGroupsForUser, ListInstanceProfilesForRole };
}
