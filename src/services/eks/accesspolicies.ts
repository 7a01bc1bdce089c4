import type {
  AccessScope as AccessScopeInput,
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
import { findAccessPolicy, listAccessPolicies } from '../../engine/accesspolicies/catalogue.ts';
import type { RequestContext } from '../../engine/iam/request.ts';
import { compareKeys } from '../../storage/order.ts';
import type {
  AccessEntryRecord,
  AccessScope,
  AssociatedPolicyRecord,
  ClusterRecord,
} from '../../storage/records/eks.ts';
import type { Batch } from '../../storage/storage.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import { defineOperation, type OperationContext, type Operations } from '../operation.ts';
import { regionalArn } from './arns.ts';
import type { EksDeps, Given } from './deps.ts';
import { associationKeys } from './entrykeys.ts';
import { putEntry } from './entryrecord.ts';
import { type Found, findAccessEntry, onAccessEntry } from './lookup.ts';
import { pageOf, readPage } from './paging.ts';
import { refuseMalformedPolicyArn } from './policyarn.ts';
import { invalidParameter } from './refusals.ts';
import { atomically } from './retrying.ts';

/** AWS publishes no limits (B32); these bound what one association can cost. A namespace's name has at most 63. */
const MAX_NAMESPACES = 500;
const MAX_NAMESPACE_LENGTH = 253;

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
      async handle({ clusterName, principalArn, policyArn, accessScope }, context) {
        refuseMalformedPolicyArn(policyArn);
        const scope = readScope(accessScope);
        return await atomically(async () => {
          const { cluster, entry } = await findAccessEntry(storage, context, clusterName, principalArn);
          refuseEntryWithoutPolicies(entry.record);
          refuseUnassociable(policyArn, deps.partition);
          const before = associationOf(entry.record, policyArn);
          const association: AssociatedPolicyRecord = {
            policyArn,
            accessScope: scope,
            // C5: associating again is how a scope is changed; it stays the same association.
            associatedAt: before?.associatedAt ?? context.now,
            modifiedAt: context.now,
          };
          const associatedPolicies = [
            ...entry.record.associatedPolicies.filter((policy) => policy.policyArn !== policyArn),
            association,
          ];
          return context.commit(associating(cluster, entry, associatedPolicies), {
            clusterName,
            principalArn,
            associatedAccessPolicy: shownAssociation(association),
          });
        });
      },
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
          const associatedPolicies = entry.record.associatedPolicies.filter(
            (policy) => policy.policyArn !== policyArn,
          );
          if (associatedPolicies.length === entry.record.associatedPolicies.length) {
            // COMPAT: the real text is not known (F38).
            throw new AwsError(
              'ResourceNotFoundException',
              "The specified policyArn is not associated with this access entry. You can view its access policies with 'list-associated-access-policies'.",
              { clusterName },
            );
          }
          return context.commit(associating(cluster, entry, associatedPolicies), {});
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
        const { items, nextToken } = pageOf(
          listAccessPolicies(deps.partition),
          (policy) => policy.name,
          bounds,
        );
        return {
          accessPolicies: items.map(({ name, arn }) => ({ name, arn })),
          ...(nextToken !== undefined && { nextToken }),
        };
      },
    }),
  };
}

function associating(
  cluster: Found<ClusterRecord>,
  entry: Found<AccessEntryRecord>,
  associatedPolicies: readonly AssociatedPolicyRecord[],
): Batch {
  return {
    expect: [cluster.unchanged, entry.unchanged],
    changes: [putEntry(cluster.record.clusterId, { ...entry.record, associatedPolicies })],
  };
}

/** F16, F17; a type that is neither is refused. What namespaces exist or how they are spelled is not checked (C6). */
function readScope(input: AccessScopeInput): AccessScope {
  const namespaces = input.namespaces ?? [];
  if (input.type !== 'cluster' && input.type !== 'namespace') {
    throw invalidParameter('The accessScope type must be one of [cluster, namespace]');
  }
  if (input.type === 'namespace' && namespaces.length === 0) {
    throw invalidParameter('At least 1 namespace must be provided if the type is set as namespace');
  }
  if (input.type === 'cluster' && namespaces.length > 0) {
    throw invalidParameter('accessScope should not include namespaces if the type is not set as namespace');
  }
  if (namespaces.length > MAX_NAMESPACES) {
    throw invalidParameter(`accessScope can include at most ${MAX_NAMESPACES} namespaces`);
  }
  if (namespaces.some((name) => name === '' || name.length > MAX_NAMESPACE_LENGTH)) {
    throw invalidParameter(`A namespace of an accessScope has 1 to ${MAX_NAMESPACE_LENGTH} characters`);
  }
  return { type: input.type, namespaces: [...namespaces] };
}

function associationOf(
  entry: AccessEntryRecord | undefined,
  policyArn: string,
): AssociatedPolicyRecord | undefined {
  return entry?.associatedPolicies.find((policy) => policy.policyArn === policyArn);
}

/** F12. COMPAT: the Auto Mode guide tells users to associate a policy with an entry of type EC2, so that one may (B5). */
function refuseEntryWithoutPolicies(entry: AccessEntryRecord): void {
  if (entry.type === 'STANDARD' || entry.type === 'EC2') return;
  throw invalidParameter(
    'This operation can only be performed on Access Entries with a type of "STANDARD".',
    entry.clusterName,
  );
}

/** F14 and C15 (also for another partition's ARN), F15. */
function refuseUnassociable(policyArn: string, partition: string): void {
  const policy = findAccessPolicy(policyArn, partition);
  if (policy === undefined) {
    throw new AwsError(
      'ResourceNotFoundException',
      "The specified policyArn could not be found. You can view your available access policies with 'list-access-policies'.",
    );
  }
  if (policy.intendedFor === 'serviceLinkedRoles') {
    throw invalidParameter('The specified policyArn can only be associated with service-linked roles');
  }
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
