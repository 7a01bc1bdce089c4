import type {
  AssociateAccessPolicyRequest,
  AssociateAccessPolicyResponse,
  AssociatedAccessPolicy,
  DisassociateAccessPolicyRequest,
  DisassociateAccessPolicyResponse,
  ListAccessPoliciesRequest,
  ListAccessPoliciesResponse,
  ListAssociatedAccessPoliciesRequest,
  ListAssociatedAccessPoliciesResponse,
} from '@aws-sdk/client-eks';
import { listAccessPolicies } from '../../engine/accesspolicies/catalogue.ts';
import { customPolicyArn } from '../../engine/accesspolicies/custom.ts';
import type { RequestContext } from '../../engine/iam/request.ts';
import { compareKeys } from '../../storage/order.ts';
import type {
  AccessEntryRecord,
  AccessPolicyRecord,
  AssociatedPolicyRecord,
} from '../../storage/records/eks.ts';
import { accessPoliciesPrefix } from '../../storage/records/keys.ts';
import type { Batch } from '../../storage/storage.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import { defineOperation, type OperationContext, type Operations } from '../operation.ts';
import { regionalArn } from './arns.ts';
import { associatePolicy, associationOf } from './association.ts';
import { endedUses } from './customaccesspolicies.ts';
import type { EksDeps, Given } from './deps.ts';
import { associationKeys } from './entrykeys.ts';
import { putEntry } from './entryrecord.ts';
import { findAccessEntry, onAccessEntry } from './lookup.ts';
import { pageOf, readPage } from './paging.ts';
import { atomically } from './retrying.ts';

/** Associate, Disassociate, ListAssociated and ListAccessPolicies. */
export function accessPolicyOperations(deps: EksDeps): Operations {
  const { storage } = deps;
  type OnEntry = Given<ListAssociatedAccessPoliciesRequest, 'clusterName' | 'principalArn'>;
  const onEntry = (
    action: string,
    { clusterName, principalArn }: OnEntry,
    context: OperationContext,
    keysOf?: (entry: AccessEntryRecord | undefined) => RequestContext,
  ) => onAccessEntry(action, storage, context, clusterName, principalArn, keysOf);

  return {
    AssociateAccessPolicy: defineOperation<
      Given<AssociateAccessPolicyRequest, 'clusterName' | 'principalArn' | 'policyArn' | 'accessScope'>,
      AssociateAccessPolicyResponse
    >({
      authorization: (input, context) =>
        onEntry('eks:AssociateAccessPolicy', input, context, () =>
          associationKeys(input.policyArn, input.accessScope),
        ),
      // COMPAT: a scope that is changed by who knows nothing of an expiry leaves it standing: what was granted for a while
      // must not become a grant for good in passing (docs/compat.md).
      handle: ({ clusterName, principalArn, policyArn, accessScope }, context) =>
        associatePolicy(deps, context, {
          ...{ clusterName, principalArn, policyArn, accessScope, terms: 'asBefore' },
          answer: (association) => ({
            clusterName,
            principalArn,
            associatedAccessPolicy: shownAssociation(association),
          }),
        }),
    }),

    DisassociateAccessPolicy: defineOperation<
      Given<DisassociateAccessPolicyRequest, 'clusterName' | 'principalArn' | 'policyArn'>,
      DisassociateAccessPolicyResponse
    >({
      // COMPAT: the reference lists scope and namespaces here too, which the request does not have: they are those of
      // the association that is to end.
      authorization: (input, context) =>
        onEntry('eks:DisassociateAccessPolicy', input, context, (entry) =>
          associationKeys(input.policyArn, associationOf(entry, input.policyArn)?.accessScope),
        ),
      handle: ({ clusterName, principalArn, policyArn }, context) =>
        atomically(async () => {
          const { cluster, entry } = await findAccessEntry(storage, context, clusterName, principalArn);
          const ended = associationOf(entry.record, policyArn);
          if (ended === undefined) {
            // COMPAT: the real text is not known (F38).
            throw new AwsError(
              'ResourceNotFoundException',
              "The specified policyArn is not associated with this access entry. You can view its access policies with 'list-associated-access-policies'.",
              { clusterName },
            );
          }
          const { clusterId } = cluster.record;
          const associatedPolicies = entry.record.associatedPolicies.filter((policy) => policy !== ended);
          const batch: Batch = {
            expect: [cluster.unchanged, entry.unchanged],
            changes: [
              putEntry(clusterId, { ...entry.record, associatedPolicies }),
              ...endedUses(clusterId, { principalArn, associatedPolicies: [ended] }),
            ],
          };
          return context.commit(batch, {});
        }),
    }),

    ListAssociatedAccessPolicies: defineOperation<
      Given<ListAssociatedAccessPoliciesRequest, 'clusterName' | 'principalArn'>,
      ListAssociatedAccessPoliciesResponse
    >({
      authorization: (input, context) => onEntry('eks:ListAssociatedAccessPolicies', input, context),
      async handle(input, context) {
        const { clusterName, principalArn } = input;
        const list = ['ListAssociatedAccessPolicies', clusterName, principalArn];
        const bounds = readPage(deps.pageTokens, context, list, input);
        const { entry } = await findAccessEntry(storage, context, clusterName, principalArn);
        // COMPAT: entries of node types, which cannot have policies, answer an empty list; whether EKS refuses the
        // question with F12 is not known.
        const sorted = entry.record.associatedPolicies.toSorted((a, b) =>
          compareKeys(a.policyArn, b.policyArn),
        );
        const { items, nextToken } = pageOf(sorted, (policy) => policy.policyArn, bounds);
        return {
          clusterName,
          principalArn,
          associatedAccessPolicies: items.map(shownAssociation),
          ...(nextToken !== undefined && { nextToken }),
        };
      },
    }),

    ListAccessPolicies: defineOperation<ListAccessPoliciesRequest, ListAccessPoliciesResponse>({
      authorization: (_input, context) => ({
        action: 'eks:ListAccessPolicies',
        resources: ['*'],
        resourceInMessage: regionalArn(context, '*'),
      }),
      async handle(input, context) {
        const bounds = readPage(deps.pageTokens, context, ['ListAccessPolicies'], input);
        const own = await storage.list({ prefix: accessPoliciesPrefix(context.caller.accountId) });
        const listed = [
          ...listAccessPolicies(deps.partition).map((policy) => ({ ...policy, position: `0${policy.name}` })),
          // Extension: after AWS's, so that who has none of its own sees the stock answer.
          ...own.entries.map(({ value }) => {
            const { accountId, name } = JSON.parse(value) as AccessPolicyRecord;
            const arn = customPolicyArn({ partition: deps.partition, accountId, name });
            return { name, arn, position: `1${name}` };
          }),
        ];
        const { items, nextToken } = pageOf(listed, (policy) => policy.position, bounds);
        return {
          accessPolicies: items.map(({ name, arn }) => ({ name, arn })),
          ...(nextToken !== undefined && { nextToken }),
        };
      },
    }),
  };
}

/** COMPAT: a cluster scope answers an empty list of namespaces (A8). */
function shownAssociation(record: AssociatedPolicyRecord): AssociatedAccessPolicy {
  return {
    policyArn: record.policyArn,
    accessScope: { type: record.accessScope.type, namespaces: [...record.accessScope.namespaces] },
    associatedAt: new Date(record.associatedAt),
    modifiedAt: new Date(record.modifiedAt),
  };
}
