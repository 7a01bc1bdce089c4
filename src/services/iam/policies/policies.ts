import type {
  CreatePolicyRequest,
  CreatePolicyResponse,
  DeletePolicyRequest,
  GetPolicyRequest,
  GetPolicyResponse,
  ListPoliciesRequest,
  ListPoliciesResponse,
  Policy,
  PolicyUsageType,
} from '@aws-sdk/client-iam';
import { lowerAscii } from '../../../engine/arn/case.ts';
import type { PolicyRecord } from '../../../storage/records/iam.ts';
import { policiesPrefix, policyKey } from '../../../storage/records/keys.ts';
import type { Batch } from '../../../storage/storage.ts';
import { requestTagKeys } from '../../conditionkeys.ts';
import { defineOperation, type Operations } from '../../operation.ts';
import { createQuota } from '../../quota.ts';
import { refuseInvalid, validateMember } from '../../validation.ts';
import { policyArn } from '../arns.ts';
import * as constraints from '../constraints.ts';
import type { IamDependencies } from '../dependencies.ts';
import { alreadyExists, deleteConflict, quotaExceeded } from '../errors.ts';
import { newUniqueId } from '../ids.ts';
import { pageFailures, pageOf } from '../paging.ts';
import { atomically, put } from '../records.ts';
import { createTagPermission } from '../tagpermission.ts';
import { awsManagedPolicies } from './managedpolicies.ts';
import { requireManagedPolicy } from './policydocuments.ts';
import { type FoundPolicy, policyTarget, requireOwnPolicy, requirePolicyByArn } from './policylookup.ts';
import { awsPolicyOutput, ownPolicyOutput } from './policyoutput.ts';
import { countUse } from './policyuse.ts';

const policiesPerAccount = 1500;

/** Customer-managed policies, and AWS's beside them for reading (iam-facts J9). */
export function createPolicyOperations(dependencies: IamDependencies): Operations {
  const { storage, random, partition, pageTokens } = dependencies;
  const requireTagPermission = createTagPermission(dependencies);

  /** What GetPolicy tells beyond ListPolicies: description and tags. */
  const details = ({ description, tags = [] }: Partial<PolicyRecord>): Partial<Policy> => ({
    ...(description === undefined ? {} : { Description: description }),
    ...(tags.length === 0 ? {} : { Tags: [...tags] }),
  });

  const wholePolicy = async (found: FoundPolicy, accountId: string): Promise<Policy> =>
    found.owner === 'account'
      ? { ...ownPolicyOutput(partition, found.stored.record), ...details(found.stored.record) }
      : {
          ...awsPolicyOutput(found.policy, (await countUse(storage, accountId)).get(found.policy.arn)),
          ...(found.policy.description === undefined ? {} : { Description: found.policy.description }),
        };

  const places = createQuota(storage, policiesPerAccount, () =>
    quotaExceeded('PoliciesPerAccount', policiesPerAccount),
  );

  const CreatePolicy = defineOperation<CreatePolicyRequest, CreatePolicyResponse>({
    authorization: ({ Path: path = '/', PolicyName: name = '', Tags }, { caller: { accountId } }) => ({
      action: 'iam:CreatePolicy',
      resources: [policyArn(partition, { accountId, path, name })],
      resourceInMessage: `policy ${name}`,
      context: requestTagKeys(Tags),
    }),
    async handle(input, context) {
      const { caller, now, commit } = context;
      const { accountId } = caller;
      const { PolicyName: name = '', Path: path = '/', PolicyDocument: document = '' } = input;
      refuseInvalid([
        ...validateMember('policyName', input.PolicyName, constraints.policyName),
        ...validateMember('path', input.Path, constraints.policyPath),
        ...validateMember('policyDocument', document, constraints.policyDocument),
        ...validateMember('description', input.Description, constraints.policyDescription),
        ...constraints.tagFailures(input.Tags),
      ]);
      const tags = constraints.storedTags(input.Tags);
      await requireTagPermission(context, tags, {
        action: 'iam:TagPolicy',
        resources: [policyArn(partition, { accountId, path, name })],
        context: requestTagKeys(tags),
      });
      const stored = requireManagedPolicy(document);
      const key = policyKey(accountId, name);
      return atomically(async () => {
        if ((await storage.get(key)) !== undefined) {
          throw alreadyExists(`A policy called ${name} already exists. Duplicate names are not allowed.`);
        }
        const policy: PolicyRecord = {
          accountId,
          name,
          path,
          policyId: newUniqueId('ANPA', random),
          ...(input.Description === undefined ? {} : { description: input.Description }),
          createdAt: now,
          updatedAt: now,
          defaultVersionId: 'v1',
          versions: [{ versionId: 'v1', document: stored, createdAt: now }],
          tags,
          attachmentCount: 0,
        };
        const batch: Batch = { expect: [{ key, revision: 0 }], changes: [put(key, policy)] };
        const output = { Policy: { ...ownPolicyOutput(partition, policy), ...details({ tags }) } };
        return places.within(policiesPrefix(accountId), () => commit(batch, output));
      });
    },
  });

  const GetPolicy = defineOperation<GetPolicyRequest, GetPolicyResponse>({
    authorization: ({ PolicyArn }, context) => policyTarget(dependencies, 'GetPolicy', PolicyArn, context),
    async handle(input, { caller: { accountId } }) {
      const { PolicyArn: arn = '' } = input;
      refuseInvalid(validateMember('policyArn', input.PolicyArn, constraints.policyArn));
      const found = await requirePolicyByArn(dependencies, accountId, arn);
      return { Policy: await wholePolicy(found, accountId) };
    },
  });

  const ListPolicies = defineOperation<ListPoliciesRequest, ListPoliciesResponse>({
    authorization: ({ PathPrefix = '/' }) => ({
      action: 'iam:ListPolicies',
      resources: ['*'],
      resourceInMessage: `policy path ${PathPrefix}`,
    }),
    async handle(input, { caller: { accountId } }) {
      const { Scope: scope = 'All', PathPrefix = '/', OnlyAttached, PolicyUsageFilter } = input;
      refuseInvalid([
        ...validateMember('scope', input.Scope, { enum: ['All', 'AWS', 'Local'] }),
        ...validateMember('pathPrefix', input.PathPrefix, constraints.policyPath),
        ...validateMember('policyUsageFilter', PolicyUsageFilter, constraints.policyUsage),
        ...pageFailures(input),
      ]);
      const policies: { readonly policy: Policy; readonly position: string }[] = [];
      if (scope !== 'AWS') {
        const { entries } = await storage.list({ prefix: policiesPrefix(accountId) });
        for (const { value } of entries) {
          const record = JSON.parse(value) as PolicyRecord;
          policies.push({
            policy: ownPolicyOutput(partition, record),
            position: `1 ${lowerAscii(record.name)}`,
          });
        }
      }
      if (scope !== 'Local') {
        const counts = await countUse(storage, accountId);
        for (const policy of awsManagedPolicies(partition)) {
          policies.push({
            policy: awsPolicyOutput(policy, counts.get(policy.arn)),
            position: `2 ${lowerAscii(policy.name)}`,
          });
        }
      }
      const wanted = policies.filter(
        ({ policy }) =>
          policy.Path?.startsWith(PathPrefix) && isUsed(policy, OnlyAttached, PolicyUsageFilter),
      );
      wanted.sort((a, b) => (a.position < b.position ? -1 : 1));
      const { items, ...page } = pageOf(wanted, ({ position }) => position, input, {
        pageTokens,
        scope: `iam:ListPolicies ${accountId} ${scope} ${OnlyAttached === true} ${PolicyUsageFilter} ${PathPrefix}`,
      });
      return { Policies: items.map(({ policy }) => policy), ...page };
    },
  });

  const DeletePolicy = defineOperation<DeletePolicyRequest, Record<string, never>>({
    authorization: ({ PolicyArn }, context) => policyTarget(dependencies, 'DeletePolicy', PolicyArn, context),
    async handle(input, { caller, commit }) {
      const { PolicyArn: arn = '' } = input;
      refuseInvalid(validateMember('policyArn', input.PolicyArn, constraints.policyArn));
      return atomically(async () => {
        const { key, revision, record } = await requireOwnPolicy(dependencies, caller, 'DeletePolicy', arn);
        if (record.attachmentCount > 0 || (record.boundaryCount ?? 0) > 0) {
          throw deleteConflict('Cannot delete a policy attached to entities.');
        }
        if (record.versions.length > 1) {
          throw deleteConflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
          );
        }
        return commit({ expect: [{ key, revision }], changes: [{ type: 'delete', key }] }, {});
      });
    },
  });

  return { CreatePolicy, GetPolicy, ListPolicies, DeletePolicy };
}

/** Whether a list that asks for use shows this policy. Without a filter, use of either kind makes it attached. */
function isUsed(
  { AttachmentCount = 0, PermissionsBoundaryUsageCount = 0 }: Policy,
  onlyAttached: boolean | undefined,
  filter: PolicyUsageType | undefined,
): boolean {
  switch (filter) {
    case 'PermissionsPolicy':
      return AttachmentCount > 0;
    case 'PermissionsBoundary':
      return PermissionsBoundaryUsageCount > 0;
    case undefined:
      return onlyAttached !== true || AttachmentCount + PermissionsBoundaryUsageCount > 0;
  }
}
