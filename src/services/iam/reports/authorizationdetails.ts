import type {
  AttachedPolicy,
  GetAccountAuthorizationDetailsRequest,
  GetAccountAuthorizationDetailsResponse,
  GroupDetail,
  InstanceProfile,
  ManagedPolicyDetail,
  PolicyDetail,
  RoleDetail,
  UserDetail,
} from '@aws-sdk/client-iam';
import type {
  GroupRecord,
  InstanceProfileRecord,
  PolicyRecord,
  RoleRecord,
  UserRecord,
} from '../../../storage/records/iam.ts';
import {
  groupsPrefix,
  instanceProfilesPrefix,
  policiesPrefix,
  rolesPrefix,
  usersPrefix,
} from '../../../storage/records/keys.ts';
import { defineOperation, type Operations } from '../../operation.ts';
import { refuseInvalid, validateMember } from '../../validation.ts';
import { entityArn, policyArn } from '../arns.ts';
import { boundaryOutput } from '../boundaries.ts';
import type { IamDependencies } from '../dependencies.ts';
import type { Entity } from '../entities.ts';
import { groupOutput } from '../groups.ts';
import { roleLastUsed } from '../lastused.ts';
import { awsManagedPolicies } from '../managedpolicies.ts';
import { pageFailures, pageOf } from '../paging.ts';
import { encodeDocument } from '../policydocuments.ts';
import { countUse, type PolicyUse } from '../policyuse.ts';
import { roleSummary } from '../rolesummary.ts';
import { userOutput } from '../users.ts';
import { allRecords } from './allrecords.ts';

/** In the order of the answer's pages. */
const filters = ['User', 'Role', 'Group', 'LocalManagedPolicy', 'AWSManagedPolicy'] as const;
type Filter = (typeof filters)[number];

/** One entry of the answer; its details are made only if it is on the page. */
interface Item {
  readonly position: string;
  describe(): Promise<Partial<Described>>;
}

interface Described {
  readonly user: UserDetail;
  readonly role: RoleDetail;
  readonly group: GroupDetail;
  readonly policy: ManagedPolicyDetail;
}

/**
 * `GetAccountAuthorizationDetails` (iam-facts J26): every user, role, group and policy of the account with all of their
 * documents. COMPAT: of AWS's policies those that are in use.
 */
export function createAuthorizationDetailsOperations(dependencies: IamDependencies): Operations {
  const { storage, partition, pageTokens } = dependencies;

  const profileOutput = async (
    profile: InstanceProfileRecord,
    role: RoleRecord,
  ): Promise<InstanceProfile> => ({
    Path: profile.path,
    InstanceProfileName: profile.name,
    InstanceProfileId: profile.instanceProfileId,
    Arn: entityArn(partition, 'instance-profile', profile),
    CreateDate: new Date(profile.createdAt),
    Roles: [await roleSummary(dependencies, role)],
  });

  const users = async (accountId: string): Promise<readonly Item[]> =>
    (await allRecords<UserRecord>(storage, usersPrefix(accountId))).map((user) => ({
      position: user.principalId,
      async describe() {
        return {
          user: {
            ...userOutput(partition, user),
            ...(Object.keys(user.inlinePolicies).length > 0 && { UserPolicyList: inlinePolicies(user) }),
            GroupList: [...(user.groupNames ?? [])],
            AttachedManagedPolicies: attachedPolicies(user),
            ...boundaryOutput(user),
            Tags: [...user.tags],
          },
        };
      },
    }));

  const groups = async (accountId: string): Promise<readonly Item[]> =>
    (await allRecords<GroupRecord>(storage, groupsPrefix(accountId))).map((group) => ({
      position: group.groupId,
      async describe() {
        return {
          group: {
            ...groupOutput(partition, group),
            GroupPolicyList: inlinePolicies(group),
            AttachedManagedPolicies: attachedPolicies(group),
          },
        };
      },
    }));

  const roles = async (accountId: string, now: number): Promise<readonly Item[]> => {
    const profiles = await allRecords<InstanceProfileRecord>(storage, instanceProfilesPrefix(accountId));
    const byRole = Map.groupBy(profiles, ({ roleName }) => roleName);
    return (await allRecords<RoleRecord>(storage, rolesPrefix(accountId))).map((role) => ({
      position: role.principalId,
      async describe() {
        const ofRole = byRole.get(role.name) ?? [];
        return {
          role: {
            ...(await roleSummary(dependencies, role)),
            InstanceProfileList: await Promise.all(ofRole.map((profile) => profileOutput(profile, role))),
            RolePolicyList: inlinePolicies(role),
            AttachedManagedPolicies: attachedPolicies(role),
            ...boundaryOutput(role),
            Tags: [...role.tags],
            RoleLastUsed: await roleLastUsed(dependencies, role.principalId, now),
          },
        };
      },
    }));
  };

  const ownPolicies = async (accountId: string): Promise<readonly Item[]> =>
    (await allRecords<PolicyRecord>(storage, policiesPrefix(accountId))).map((policy) => ({
      position: policy.policyId,
      describe: async () => ({ policy: ownPolicyDetail(policy, partition) }),
    }));

  const awsPolicies = async (uses: ReadonlyMap<string, PolicyUse>): Promise<readonly Item[]> =>
    awsManagedPolicies(partition)
      .filter(({ arn }) => uses.has(arn))
      .map((policy) => ({
        position: policy.arn,
        describe: async () => ({
          policy: {
            PolicyName: policy.name,
            ...(policy.policyId !== undefined && { PolicyId: policy.policyId }),
            Arn: policy.arn,
            Path: policy.path,
            DefaultVersionId: policy.defaultVersionId,
            AttachmentCount: uses.get(policy.arn)?.attachments ?? 0,
            PermissionsBoundaryUsageCount: uses.get(policy.arn)?.boundaries ?? 0,
            IsAttachable: true,
            CreateDate: new Date(policy.createdAt),
            UpdateDate: new Date(policy.updatedAt),
            PolicyVersionList: [
              {
                Document: encodeDocument(policy.document),
                VersionId: policy.defaultVersionId,
                IsDefaultVersion: true,
                CreateDate: new Date(policy.updatedAt),
              },
            ],
          },
        }),
      }));

  const GetAccountAuthorizationDetails = defineOperation<
    GetAccountAuthorizationDetailsRequest,
    GetAccountAuthorizationDetailsResponse
  >({
    authorization: () => ({ action: 'iam:GetAccountAuthorizationDetails', resources: ['*'] }),
    async handle(input, { caller: { accountId }, now }) {
      const wanted: readonly Filter[] = input.Filter?.length ? input.Filter : filters;
      refuseInvalid([
        ...wanted.flatMap((filter, index) =>
          validateMember(`filter.${index + 1}.member`, filter, { enum: filters }),
        ),
        ...pageFailures(input),
      ]);
      const lists: Readonly<Record<Filter, () => Promise<readonly Item[]>>> = {
        User: () => users(accountId),
        Role: () => roles(accountId, now),
        Group: () => groups(accountId),
        LocalManagedPolicy: () => ownPolicies(accountId),
        AWSManagedPolicy: async () => awsPolicies(await countUse(storage, accountId)),
      };
      const chosen = filters.filter((filter) => wanted.includes(filter));
      const items: Item[] = [];
      for (const filter of chosen) {
        for (const item of await lists[filter]()) {
          items.push({ ...item, position: `${filters.indexOf(filter)} ${item.position}` });
        }
      }
      items.sort((a, b) => (a.position < b.position ? -1 : 1));
      const { items: page, ...rest } = pageOf(items, ({ position }) => position, input, {
        pageTokens,
        scope: `iam:GetAccountAuthorizationDetails ${accountId} ${chosen.join(' ')}`,
      });
      const described = await Promise.all(page.map((item) => item.describe()));
      const of = <Kind extends keyof Described>(kind: Kind): Described[Kind][] =>
        described.map((entry) => entry[kind]).filter((entry) => entry !== undefined);
      return {
        UserDetailList: of('user'),
        GroupDetailList: of('group'),
        RoleDetailList: of('role'),
        Policies: of('policy'),
        ...rest,
      };
    },
  });

  return { GetAccountAuthorizationDetails };
}

function inlinePolicies({ inlinePolicies: policies }: Entity): PolicyDetail[] {
  return Object.entries(policies).map(([PolicyName, document]) => ({
    PolicyName,
    PolicyDocument: encodeDocument(document),
  }));
}

function attachedPolicies({ attachedPolicyArns }: Entity): AttachedPolicy[] {
  return attachedPolicyArns.map((arn) => ({
    PolicyName: arn.slice(arn.lastIndexOf('/') + 1),
    PolicyArn: arn,
  }));
}

function ownPolicyDetail(policy: PolicyRecord, partition: string): ManagedPolicyDetail {
  return {
    PolicyName: policy.name,
    PolicyId: policy.policyId,
    Arn: policyArn(partition, policy),
    Path: policy.path,
    DefaultVersionId: policy.defaultVersionId,
    AttachmentCount: policy.attachmentCount,
    PermissionsBoundaryUsageCount: policy.boundaryCount ?? 0,
    IsAttachable: true,
    ...(policy.description !== undefined && { Description: policy.description }),
    CreateDate: new Date(policy.createdAt),
    UpdateDate: new Date(policy.updatedAt),
    PolicyVersionList: policy.versions.map((version) => ({
      Document: encodeDocument(version.document),
      VersionId: version.versionId,
      IsDefaultVersion: version.versionId === policy.defaultVersionId,
      CreateDate: new Date(version.createdAt),
    })),
  };
}
