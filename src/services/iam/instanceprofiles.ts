import type {
  AddRoleToInstanceProfileRequest,
  CreateInstanceProfileRequest,
  CreateInstanceProfileResponse,
  DeleteInstanceProfileRequest,
  GetInstanceProfileRequest,
  GetInstanceProfileResponse,
  InstanceProfile,
  ListInstanceProfilesForRoleRequest,
  ListInstanceProfilesForRoleResponse,
  ListInstanceProfilesRequest,
  ListInstanceProfilesResponse,
  RemoveRoleFromInstanceProfileRequest,
} from '@aws-sdk/client-iam';
import { lowerAscii } from '../../engine/arn/case.ts';
import type { InstanceProfileRecord, RoleRecord } from '../../storage/records/iam.ts';
import { instanceProfileKey, instanceProfilesPrefix, roleKey } from '../../storage/records/keys.ts';
import type { Batch } from '../../storage/storage.ts';
import { conditionKey, requestTagKeys, resourceWithKeys } from '../conditionkeys.ts';
import { defineOperation, type OperationContext, type Operations } from '../operation.ts';
import { createQuota } from '../quota.ts';
import { refuseInvalid, validateMember } from '../validation.ts';
import { entityArn, roleArn } from './arns.ts';
import * as constraints from './constraints.ts';
import type { IamDependencies } from './dependencies.ts';
import { entityTarget, listTarget, requireEntity, roleKind } from './entities.ts';
import { alreadyExists, deleteConflict, noSuchEntity, quotaExceeded } from './errors.ts';
import { principalTagKeys } from './iamkeys.ts';
import { newUniqueId } from './ids.ts';
import { instanceProfileTarget, requireInstanceProfile } from './instanceprofilelookup.ts';
import { pageFailures, pageOf, pageOfRecords } from './paging.ts';
import { atomically, put, readRecord, replacing } from './records.ts';
import { instanceProfilesOf } from './roleprofiles.ts';
import { roleSummary } from './rolesummary.ts';
import { requireAlso } from './secondcheck.ts';
import { createTagPermission } from './tagpermission.ts';
import { tagOperations } from './tags.ts';
import { createArnOfId } from './trustpolicy.ts';

type Empty = Record<string, never>;

const profilesPerAccount = 1000;

/** Whom a role in a profile is passed to (iam-facts E14). */
const instanceService = 'ec2.amazonaws.com';

/** Instance profiles: containers for one role (iam-facts J18). */
export function createInstanceProfileOperations(dependencies: IamDependencies): Operations {
  const { storage, random, partition, pageTokens } = dependencies;
  const requireTagPermission = createTagPermission(dependencies);

  /** What the lists tell; they leave out the tags (iam-facts J7). */
  const profileOutput = async (
    profile: InstanceProfileRecord,
    arnOfId = createArnOfId(dependencies),
  ): Promise<InstanceProfile> => {
    const { accountId, name, path, roleName } = profile;
    const role =
      roleName === undefined
        ? undefined
        : await readRecord<RoleRecord>(storage, roleKey(accountId, roleName));
    return {
      Path: path,
      InstanceProfileName: name,
      InstanceProfileId: profile.instanceProfileId,
      Arn: entityArn(partition, 'instance-profile', profile),
      CreateDate: new Date(profile.createdAt),
      Roles: role === undefined ? [] : [await roleSummary(dependencies, role.record, arnOfId)],
    };
  };

  /** With one look-up for each principal that their roles trust. */
  const profileOutputs = (profiles: readonly InstanceProfileRecord[]): Promise<InstanceProfile[]> => {
    const arnOfId = createArnOfId(dependencies);
    return Promise.all(profiles.map((profile) => profileOutput(profile, arnOfId)));
  };

  const wholeProfile = async (profile: InstanceProfileRecord): Promise<InstanceProfile> => ({
    ...(await profileOutput(profile)),
    ...(profile.tags.length === 0 ? {} : { Tags: [...profile.tags] }),
  });

  const target =
    (action: string) =>
    (
      { InstanceProfileName = '' }: { readonly InstanceProfileName: string | undefined },
      context: OperationContext,
    ) =>
      instanceProfileTarget(dependencies, action, InstanceProfileName, context);

  const nameFailures = (input: { readonly InstanceProfileName: string | undefined }): string[] =>
    validateMember('instanceProfileName', input.InstanceProfileName, constraints.instanceProfileName);

  const places = createQuota(storage, profilesPerAccount, () =>
    quotaExceeded('InstanceProfilesPerAccount', profilesPerAccount),
  );

  const CreateInstanceProfile = defineOperation<CreateInstanceProfileRequest, CreateInstanceProfileResponse>({
    authorization: ({ InstanceProfileName: name = '', Path: path = '/', Tags }, { caller }) => ({
      action: 'iam:CreateInstanceProfile',
      resources: [entityArn(partition, 'instance-profile', { accountId: caller.accountId, path, name })],
      context: requestTagKeys(Tags),
    }),
    async handle(input, context) {
      const {
        caller: { accountId },
        now,
        commit,
      } = context;
      const { InstanceProfileName: name = '', Path: path = '/' } = input;
      refuseInvalid([
        ...nameFailures(input),
        ...validateMember('path', input.Path, constraints.path),
        ...constraints.tagFailures(input.Tags),
      ]);
      const tags = constraints.storedTags(input.Tags);
      await requireTagPermission(context, tags, {
        action: 'iam:TagInstanceProfile',
        resources: [entityArn(partition, 'instance-profile', { accountId, path, name })],
        context: requestTagKeys(tags),
      });
      const key = instanceProfileKey(accountId, name);
      return atomically(async () => {
        if ((await storage.get(key)) !== undefined) {
          throw alreadyExists(`Instance Profile ${name} already exists.`);
        }
        const profile: InstanceProfileRecord = {
          accountId,
          name,
          path,
          instanceProfileId: newUniqueId('AIPA', random),
          createdAt: now,
          tags,
        };
        const batch: Batch = { expect: [{ key, revision: 0 }], changes: [put(key, profile)] };
        const output = { InstanceProfile: await wholeProfile(profile) };
        return places.within(instanceProfilesPrefix(accountId), () => commit(batch, output));
      });
    },
  });

  const GetInstanceProfile = defineOperation<GetInstanceProfileRequest, GetInstanceProfileResponse>({
    authorization: target('GetInstanceProfile'),
    async handle(input, { caller: { accountId } }) {
      refuseInvalid(nameFailures(input));
      const { record } = await requireInstanceProfile(
        dependencies,
        accountId,
        input.InstanceProfileName ?? '',
      );
      return { InstanceProfile: await wholeProfile(record) };
    },
  });

  const ListInstanceProfiles = defineOperation<ListInstanceProfilesRequest, ListInstanceProfilesResponse>({
    authorization: (input, context) =>
      listTarget(dependencies, 'ListInstanceProfiles', 'instance-profile', input.PathPrefix, context),
    async handle(input, { caller: { accountId } }) {
      const { PathPrefix = '/' } = input;
      refuseInvalid([
        ...validateMember('pathPrefix', input.PathPrefix, constraints.pathPrefix),
        ...pageFailures(input),
      ]);
      const { items, ...page } = await pageOfRecords<InstanceProfileRecord>(
        storage,
        instanceProfilesPrefix(accountId),
        (profile) => profile.path.startsWith(PathPrefix),
        input,
        { pageTokens, scope: `iam:ListInstanceProfiles ${accountId} ${PathPrefix}` },
      );
      return { InstanceProfiles: await profileOutputs(items), ...page };
    },
  });

  const ListInstanceProfilesForRole = defineOperation<
    ListInstanceProfilesForRoleRequest,
    ListInstanceProfilesForRoleResponse
  >({
    authorization: ({ RoleName = '' }, context) =>
      entityTarget(dependencies, roleKind, 'ListInstanceProfilesForRole', RoleName, context),
    async handle(input, { caller: { accountId } }) {
      refuseInvalid([
        ...validateMember('roleName', input.RoleName, roleKind.nameConstraint),
        ...pageFailures(input),
      ]);
      const { record } = await requireEntity(dependencies, roleKind, accountId, input.RoleName ?? '');
      const profiles = await instanceProfilesOf(storage, accountId, record.name);
      const { items, ...page } = pageOf(profiles, ({ name }) => lowerAscii(name), input, {
        pageTokens,
        scope: `iam:ListInstanceProfilesForRole ${record.principalId}`,
      });
      return { InstanceProfiles: await profileOutputs(items), ...page };
    },
  });

  const AddRoleToInstanceProfile = defineOperation<AddRoleToInstanceProfileRequest, Empty>({
    authorization: target('AddRoleToInstanceProfile'),
    async handle(input, context) {
      const {
        caller: { accountId },
        commit,
      } = context;
      refuseInvalid([
        ...nameFailures(input),
        ...validateMember('roleName', input.RoleName, roleKind.nameConstraint),
      ]);
      return atomically(async () => {
        const profile = await requireInstanceProfile(
          dependencies,
          accountId,
          input.InstanceProfileName ?? '',
        );
        const role = await requireEntity(dependencies, roleKind, accountId, input.RoleName ?? '');
        // SECURITY: asked for the very role that is stored below: one replaced meanwhile is asked for again.
        await requireAlso(dependencies, context, {
          action: 'iam:PassRole',
          resources: [resourceWithKeys(roleArn(partition, role.record), principalTagKeys(role.record))],
          context: conditionKey('iam:PassedToService', instanceService),
        });
        roleKind.refuseProtected(role.record);
        if (profile.record.roleName !== undefined)
          throw quotaExceeded('InstanceSessionsPerInstanceProfile', 1);
        const batch: Batch = {
          expect: [profile, role].map(({ key, revision }) => ({ key, revision })),
          // INVARIANT: the role is written too, unchanged, so that it cannot be deleted at the same moment.
          changes: [
            put(profile.key, { ...profile.record, roleName: role.record.name }),
            put(role.key, role.record),
          ],
        };
        return commit(batch, {});
      });
    },
  });

  const RemoveRoleFromInstanceProfile = defineOperation<RemoveRoleFromInstanceProfileRequest, Empty>({
    authorization: target('RemoveRoleFromInstanceProfile'),
    async handle(input, { caller: { accountId }, commit }) {
      const { RoleName: name = '' } = input;
      refuseInvalid([
        ...nameFailures(input),
        ...validateMember('roleName', input.RoleName, roleKind.nameConstraint),
      ]);
      return atomically(async () => {
        const stored = await requireInstanceProfile(dependencies, accountId, input.InstanceProfileName ?? '');
        const { roleName, ...empty } = stored.record;
        if (roleName === undefined || lowerAscii(roleName) !== lowerAscii(name)) {
          // COMPAT: the code is the model's; AWS's text is not known, this one is that of a role that is not there.
          throw noSuchEntity(`The role with name ${name} cannot be found.`);
        }
        return commit(replacing(stored, empty), {});
      });
    },
  });

  const DeleteInstanceProfile = defineOperation<DeleteInstanceProfileRequest, Empty>({
    authorization: target('DeleteInstanceProfile'),
    async handle(input, { caller: { accountId }, commit }) {
      refuseInvalid(nameFailures(input));
      return atomically(async () => {
        const { key, revision, record } = await requireInstanceProfile(
          dependencies,
          accountId,
          input.InstanceProfileName ?? '',
        );
        if (record.roleName !== undefined) {
          throw deleteConflict('Cannot delete entity, must remove roles from instance profile first.');
        }
        return commit({ expect: [{ key, revision }], changes: [{ type: 'delete', key }] }, {});
      });
    },
  });

  return {
    CreateInstanceProfile,
    GetInstanceProfile,
    ListInstanceProfiles,
    ListInstanceProfilesForRole,
    AddRoleToInstanceProfile,
    RemoveRoleFromInstanceProfile,
    DeleteInstanceProfile,
    ...tagOperations<InstanceProfileRecord>(dependencies, {
      word: 'InstanceProfile',
      member: 'InstanceProfileName',
      constraint: constraints.instanceProfileName,
      target: (action, name, context, keys) =>
        instanceProfileTarget(dependencies, action, name, context, keys),
      require: ({ accountId }, _, name) => requireInstanceProfile(dependencies, accountId, name),
    }),
  };
}
