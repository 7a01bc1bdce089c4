import type {
  AttachedPolicy,
  GetAccountAuthorizationDetailsRequest,
  GetAccountAuthorizationDetailsResponse,
  GroupDetail,
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
import { entityArn } from '../arns.ts';
import type { IamDependencies } from '../dependencies.ts';
import type { Entity } from '../entities.ts';
import { groupOutput } from '../groups.ts';
import { roleLastUsed } from '../lastused.ts';
import { type Entry, pageFailures, pageOfEntries, recordsAfter } from '../paging.ts';
import { boundaryOutput } from '../policies/boundaries.ts';
import { type AwsManagedPolicy, awsManagedPolicies } from '../policies/managedpolicies.ts';
import { encodeDocument } from '../policies/policydocuments.ts';
import {
  awsPolicyOutput,
  awsVersionsOutput,
  ownPolicyOutput,
  ownVersionsOutput,
} from '../policies/policyoutput.ts';
import { countUse, type PolicyUse } from '../policies/policyuse.ts';
import { roleSummary } from '../rolesummary.ts';
import { createArnOfId } from '../trustpolicy.ts';
import { userOutput } from '../users.ts';
import { allRecords } from './allrecords.ts';

/** In the order of the answer's pages. */
const filters = ['User', 'Role', 'Group', 'LocalManagedPolicy', 'AWSManagedPolicy'] as const;
type Filter = (typeof filters)[number];

/**
 * Characters of the records on one page: percent-encoded, their documents take up to three times as many.
 * SECURITY: a thousand policies of five versions each would be a hundred megabytes.
 */
const longestPage = 2_000_000;

/** One thing of the answer; its details are made only if it is on the page. */
type Item = () => Promise<Partial<Described>>;

/** Everything of one kind after a position, in order. */
type Source = (position: string | undefined) => AsyncIterable<Entry<Item>>;

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

  const stored = <R>(prefix: string, describe: (record: R) => Promise<Partial<Described>>): Source =>
    async function* (position) {
      for await (const { item, ...place } of recordsAfter<R>(storage, prefix, position)) {
        yield { ...place, item: () => describe(item) };
      }
    };

  const userDetail = (user: UserRecord): UserDetail => ({
    ...userOutput(partition, user),
    ...(Object.keys(user.inlinePolicies).length > 0 && { UserPolicyList: inlinePolicies(user) }),
    GroupList: [...(user.groupNames ?? [])],
    AttachedManagedPolicies: attachedPolicies(user),
    ...boundaryOutput(user),
    Tags: [...user.tags],
  });

  const groupDetail = (group: GroupRecord): GroupDetail => ({
    ...groupOutput(partition, group),
    GroupPolicyList: inlinePolicies(group),
    AttachedManagedPolicies: attachedPolicies(group),
  });

  /** What tells the details of the roles of one answer. */
  const createRoleDetail = (accountId: string, now: number) => {
    const arnOfId = createArnOfId(dependencies);
    let profilesRead: Promise<ReadonlyMap<string | undefined, readonly InstanceProfileRecord[]>> | undefined;
    const profilesByRole = async () =>
      Map.groupBy(
        await allRecords<InstanceProfileRecord>(storage, instanceProfilesPrefix(accountId)),
        ({ roleName }) => roleName,
      );
    return async (role: RoleRecord): Promise<RoleDetail> => {
      profilesRead ??= profilesByRole();
      const summary = await roleSummary(dependencies, role, arnOfId);
      return {
        ...summary,
        InstanceProfileList: ((await profilesRead).get(role.name) ?? []).map((profile) => ({
          Path: profile.path,
          InstanceProfileName: profile.name,
          InstanceProfileId: profile.instanceProfileId,
          Arn: entityArn(partition, 'instance-profile', profile),
          CreateDate: new Date(profile.createdAt),
          Roles: [summary],
        })),
        RolePolicyList: inlinePolicies(role),
        AttachedManagedPolicies: attachedPolicies(role),
        ...boundaryOutput(role),
        Tags: [...role.tags],
        RoleLastUsed: await roleLastUsed(dependencies, role.principalId, now),
      };
    };
  };

  const awsPolicies = (accountId: string): Source =>
    async function* (position = '') {
      const uses = await countUse(storage, accountId);
      for (const policy of awsManagedPolicies(partition)) {
        const use = uses.get(policy.arn);
        if (use === undefined || policy.name <= position) continue;
        const item: Item = async () => ({ policy: awsPolicyDetail(policy, use) });
        yield { position: policy.name, item, size: policy.document.length };
      }
    };

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
      const roleDetail = createRoleDetail(accountId, now);
      const sources: Readonly<Record<Filter, Source>> = {
        User: stored(usersPrefix(accountId), async (user: UserRecord) => ({ user: userDetail(user) })),
        Role: stored(rolesPrefix(accountId), async (role: RoleRecord) => ({ role: await roleDetail(role) })),
        Group: stored(groupsPrefix(accountId), async (group: GroupRecord) => ({ group: groupDetail(group) })),
        LocalManagedPolicy: stored(policiesPrefix(accountId), async (policy: PolicyRecord) => ({
          policy: ownPolicyDetail(policy, partition),
        })),
        AWSManagedPolicy: awsPolicies(accountId),
      };
      const chosen = filters.filter((filter) => wanted.includes(filter));
      const { items, ...rest } = await pageOfEntries<Item>(
        (position) => inTurn(chosen, sources, position),
        input,
        { pageTokens, scope: `iam:GetAccountAuthorizationDetails ${accountId} ${chosen.join(' ')}` },
        longestPage,
      );
      const described = await Promise.all(items.map((describe) => describe()));
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

/** One kind after the other; a position begins with the place of its kind. */
async function* inTurn(
  chosen: readonly Filter[],
  sources: Readonly<Record<Filter, Source>>,
  after: string | undefined,
): AsyncGenerator<Entry<Item>> {
  const [start, position] = after === undefined ? [0, undefined] : [Number(after[0]), after.slice(2)];
  for (const filter of chosen) {
    const order = filters.indexOf(filter);
    if (order < start) continue;
    for await (const entry of sources[filter](order === start ? position : undefined)) {
      yield { ...entry, position: `${order} ${entry.position}` };
    }
  }
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

function awsPolicyDetail(policy: AwsManagedPolicy, use: PolicyUse): ManagedPolicyDetail {
  return { ...awsPolicyOutput(policy, use), PolicyVersionList: awsVersionsOutput(policy) };
}

function ownPolicyDetail(policy: PolicyRecord, partition: string): ManagedPolicyDetail {
  return {
    ...ownPolicyOutput(partition, policy),
    ...(policy.description !== undefined && { Description: policy.description }),
    PolicyVersionList: ownVersionsOutput(policy),
  };
}
