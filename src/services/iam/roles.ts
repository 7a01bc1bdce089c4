import type {
  CreateRoleRequest,
  CreateRoleResponse,
  DeleteRoleRequest,
  GetRoleRequest,
  GetRoleResponse,
  Role,
  UpdateAssumeRolePolicyRequest,
  UpdateRoleDescriptionRequest,
  UpdateRoleDescriptionResponse,
  UpdateRoleRequest,
} from '@aws-sdk/client-iam';
import type { RoleRecord } from '../../storage/records/iam.ts';
import { principalIdKey, roleKey, rolesPrefix } from '../../storage/records/keys.ts';
import type { Batch } from '../../storage/storage.ts';
import { requestTagKeys } from '../conditionkeys.ts';
import { defineOperation, type OperationContext, type Operations } from '../operation.ts';
import { createQuota } from '../quota.ts';
import { refuseInvalid, validateMember } from '../validation.ts';
import { entityArn } from './arns.ts';
import * as constraints from './constraints.ts';
import type { IamDependencies } from './dependencies.ts';
import {
  entityTarget,
  isServiceLinkedPath,
  refuseWithPolicies,
  requireEntity,
  roleKind,
} from './entities.ts';
import { defineEntityList } from './entitylists.ts';
import { alreadyExists, deleteConflict, invalidInput, quotaExceeded } from './errors.ts';
import { creationKeys } from './iamkeys.ts';
import { newUniqueId } from './ids.ts';
import { roleLastUsed } from './lastused.ts';
import { boundaryOutput, newBoundary, oldBoundary } from './policies/boundaries.ts';
import { atomically, put, replacing, type Stored } from './records.ts';
import { instanceProfilesOf } from './roleprofiles.ts';
import { roleSummary } from './rolesummary.ts';
import { createTagPermission } from './tagpermission.ts';
import { type ArnOfId, checkTrustPolicy, createArnOfId, pinTrustPolicy } from './trustpolicy.ts';

const rolesPerAccount = 1000;
const defaultMaxSessionDuration = 3600;

type Empty = Record<string, never>;

/** Roles with their trust policies (iam-facts A11, J8, J16). */
export function createRoleOperations(dependencies: IamDependencies): Operations {
  const { storage, random, partition } = dependencies;
  const requireTagPermission = createTagPermission(dependencies);

  /** What ListRoles tells; GetRole adds boundary, tags and last use. */
  const roleOutput = async (role: RoleRecord, arnOfId?: ArnOfId): Promise<Role> => ({
    ...(await roleSummary(dependencies, role, arnOfId)),
    ...(role.description === undefined ? {} : { Description: role.description }),
    MaxSessionDuration: role.maxSessionDuration,
  });

  const wholeRole = async (role: RoleRecord): Promise<Role> => ({
    ...(await roleOutput(role)),
    ...boundaryOutput(role),
    ...(role.tags.length === 0 ? {} : { Tags: [...role.tags] }),
  });

  /** A role by name that may be changed. */
  const requireRole = async (accountId: string, name: string): Promise<Stored<RoleRecord>> => {
    const stored = await requireEntity(dependencies, roleKind, accountId, name);
    roleKind.refuseProtected(stored.record);
    return stored;
  };

  const target =
    (action: string) =>
    ({ RoleName = '' }: { readonly RoleName: string | undefined }, context: OperationContext) =>
      entityTarget(dependencies, roleKind, action, RoleName, context);

  const places = createQuota(storage, rolesPerAccount, () =>
    quotaExceeded('RolesPerAccount', rolesPerAccount),
  );

  const CreateRole = defineOperation<CreateRoleRequest, CreateRoleResponse>({
    authorization: (input, { caller: { accountId } }) => ({
      action: 'iam:CreateRole',
      resources: [
        entityArn(partition, 'role', { accountId, path: input.Path ?? '/', name: input.RoleName ?? '' }),
      ],
      context: creationKeys(input),
    }),
    async handle(input, context) {
      const {
        caller: { accountId },
        now,
        commit,
      } = context;
      const { RoleName: name = '', Path: path = '/', AssumeRolePolicyDocument: document = '' } = input;
      refuseInvalid([
        ...validateMember('path', input.Path, constraints.path),
        ...validateMember('roleName', input.RoleName, constraints.roleName),
        ...validateMember('assumeRolePolicyDocument', document, constraints.policyDocument),
        ...validateMember('description', input.Description, constraints.roleDescription),
        ...validateMember('maxSessionDuration', input.MaxSessionDuration, constraints.maxSessionDuration),
        ...validateMember('permissionsBoundary', input.PermissionsBoundary, constraints.boundaryArn),
        ...constraints.tagFailures(input.Tags),
      ]);
      if (isServiceLinkedPath(path)) {
        throw invalidInput('the path `/aws-service-role/` is reserved for service-linked roles');
      }
      const tags = constraints.storedTags(input.Tags);
      await requireTagPermission(context, tags, {
        action: 'iam:TagRole',
        resources: [entityArn(partition, 'role', { accountId, path, name })],
        context: requestTagKeys(tags),
      });
      checkTrustPolicy(document);
      const key = roleKey(accountId, name);
      return atomically(async () => {
        if ((await storage.get(key)) !== undefined) {
          throw alreadyExists(`Role with name ${name} already exists.`);
        }
        const { expect, ...trust } = await pinTrustPolicy(dependencies, document);
        const boundary = await newBoundary(dependencies, accountId, input.PermissionsBoundary);
        const role: RoleRecord = {
          accountId,
          name,
          path,
          principalId: newUniqueId('AROA', random),
          createdAt: now,
          tags,
          inlinePolicies: {},
          attachedPolicyArns: [],
          ...(input.Description === undefined ? {} : { description: input.Description }),
          maxSessionDuration: input.MaxSessionDuration ?? defaultMaxSessionDuration,
          ...boundary.member,
          ...trust,
        };
        const idKey = principalIdKey(role.principalId);
        const batch: Batch = {
          expect: [{ key, revision: 0 }, { key: idKey, revision: 0 }, ...expect, ...boundary.expect],
          changes: [put(key, role), put(idKey, { kind: 'role', accountId, name }), ...boundary.changes],
        };
        const output = { Role: await wholeRole(role) };
        return places.within(rolesPrefix(accountId), () => commit(batch, output));
      });
    },
  });

  const GetRole = defineOperation<GetRoleRequest, GetRoleResponse>({
    authorization: target('GetRole'),
    async handle(input, { caller: { accountId }, now }) {
      const { RoleName: name = '' } = input;
      refuseInvalid(validateMember('roleName', input.RoleName, constraints.roleName));
      const { record } = await requireEntity(dependencies, roleKind, accountId, name);
      const [whole, RoleLastUsed] = await Promise.all([
        wholeRole(record),
        roleLastUsed(dependencies, record.principalId, now),
      ]);
      return { Role: { ...whole, RoleLastUsed } };
    },
  });

  const ListRoles = defineEntityList<RoleRecord>(dependencies, {
    action: 'ListRoles',
    noun: 'role',
    keys: rolesPrefix,
    async answer(roles) {
      const arnOfId = createArnOfId(dependencies);
      return { Roles: await Promise.all(roles.map((role) => roleOutput(role, arnOfId))) };
    },
  });

  const UpdateRole = defineOperation<UpdateRoleRequest, Empty>({
    authorization: target('UpdateRole'),
    async handle(input, { caller: { accountId }, commit }) {
      const { RoleName: name = '' } = input;
      refuseInvalid([
        ...validateMember('roleName', input.RoleName, constraints.roleName),
        ...validateMember('description', input.Description, constraints.roleDescription),
        ...validateMember('maxSessionDuration', input.MaxSessionDuration, constraints.maxSessionDuration),
      ]);
      return atomically(async () => {
        const stored = await requireEntity(dependencies, roleKind, accountId, name);
        // The description is what may be edited of a service-linked role (User Guide, service-linked roles).
        if (input.MaxSessionDuration !== undefined) roleKind.refuseProtected(stored.record);
        const role: RoleRecord = {
          ...stored.record,
          ...(input.Description === undefined ? {} : { description: input.Description }),
          // The model says so: without a value the default of one hour is applied, not the old one kept.
          maxSessionDuration: input.MaxSessionDuration ?? defaultMaxSessionDuration,
        };
        return commit(replacing(stored, role), {});
      });
    },
  });

  const UpdateRoleDescription = defineOperation<UpdateRoleDescriptionRequest, UpdateRoleDescriptionResponse>({
    authorization: target('UpdateRoleDescription'),
    async handle(input, { caller: { accountId }, commit }) {
      const { RoleName: name = '', Description: description = '' } = input;
      refuseInvalid([
        ...validateMember('roleName', input.RoleName, constraints.roleName),
        ...validateMember('description', input.Description, {
          ...constraints.roleDescription,
          required: true,
        }),
      ]);
      return atomically(async () => {
        const stored = await requireEntity(dependencies, roleKind, accountId, name);
        const role = { ...stored.record, description };
        return commit(replacing(stored, role), { Role: await wholeRole(role) });
      });
    },
  });

  const UpdateAssumeRolePolicy = defineOperation<UpdateAssumeRolePolicyRequest, Empty>({
    authorization: target('UpdateAssumeRolePolicy'),
    async handle(input, { caller: { accountId }, commit }) {
      const { RoleName: name = '', PolicyDocument: document = '' } = input;
      refuseInvalid([
        ...validateMember('roleName', input.RoleName, constraints.roleName),
        ...validateMember('policyDocument', document, constraints.policyDocument),
      ]);
      checkTrustPolicy(document);
      return atomically(async () => {
        const { key, revision, record } = await requireRole(accountId, name);
        const { expect, ...trust } = await pinTrustPolicy(dependencies, document);
        const batch: Batch = {
          // A role may trust itself: its key is among the trusted ones then.
          expect: [{ key, revision }, ...expect.filter((expectation) => expectation.key !== key)],
          changes: [put(key, { ...record, ...trust })],
        };
        return commit(batch, {});
      });
    },
  });

  const DeleteRole = defineOperation<DeleteRoleRequest, Empty>({
    authorization: target('DeleteRole'),
    async handle(input, { caller: { accountId }, commit }) {
      const { RoleName: name = '' } = input;
      refuseInvalid(validateMember('roleName', input.RoleName, constraints.roleName));
      return atomically(async () => {
        const { key, revision, record } = await requireRole(accountId, name);
        refuseWithPolicies(record);
        if ((await instanceProfilesOf(storage, accountId, record.name)).length > 0) {
          throw deleteConflict('Cannot delete entity, must remove roles from instance profile first.');
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

  return {
    CreateRole,
    GetRole,
    ListRoles,
    UpdateRole,
    UpdateRoleDescription,
    UpdateAssumeRolePolicy,
    DeleteRole,
  };
}
