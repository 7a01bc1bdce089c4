import type { AssociateAccessPolicyRequest, CreateAccessEntryRequest } from '@aws-sdk/client-eks';
import { contextKey, type RequestContext } from '../../engine/iam/request.ts';
import type { AccessEntryRecord, AccessScope } from '../../storage/records/eks.ts';
import { conditionKey, joinKeys, requestTagKeys, resourceTagKeys } from '../conditionkeys.ts';
import type { Tags } from './tagrules.ts';

/** `aws:RequestTag/KEY` and `aws:TagKeys`, from tags as EKS spells them. */
export function taggingKeys(tags: Tags | undefined): RequestContext {
  return requestTagKeys(tagList(tags));
}

/** `aws:ResourceTag/KEY` of a cluster or an entry. */
export function ownTagKeys(tags: Tags): RequestContext {
  return resourceTagKeys(tagList(tags));
}

/**
 * What a request to create an entry says (eks-access-facts E1). The type is as it will be stored: STANDARD when none is
 * sent, upper case; username and groups are keys only when sent.
 */
export function creationKeys(input: CreateAccessEntryRequest): RequestContext {
  return joinKeys(
    conditionKey('eks:principalArn', input.principalArn),
    conditionKey('eks:accessEntryType', (input.type ?? 'STANDARD').toUpperCase()),
    conditionKey('eks:username', input.username === '' ? undefined : input.username),
    listKey('eks:kubernetesGroups', input.kubernetesGroups),
    taggingKeys(input.tags),
  );
}

/** What an entry that exists says of itself (eks-access-facts E2). */
export function entryKeys(entry: AccessEntryRecord): RequestContext {
  return joinKeys(
    missingEntryKeys(entry.clusterName, entry.principalArn),
    conditionKey('eks:accessEntryType', entry.type),
    conditionKey('eks:username', entry.username),
    listKey('eks:kubernetesGroups', entry.kubernetesGroups),
    ownTagKeys(entry.tags),
  );
}

/** What is known of an entry that does not exist: how the request names it. */
export function missingEntryKeys(clusterName: string, principalArn: string): RequestContext {
  return joinKeys(
    conditionKey('eks:clusterName', clusterName),
    conditionKey('eks:principalArn', principalArn),
  );
}

/** What an association says, the one that is wanted or the one that is to end (eks-access-facts E2). */
export function associationKeys(
  policyArn: string,
  scope: AssociateAccessPolicyRequest['accessScope'] | AccessScope,
): RequestContext {
  return joinKeys(
    conditionKey('eks:policyArn', policyArn),
    conditionKey('eks:accessScope', scope?.type),
    listKey('eks:namespaces', scope?.namespaces),
  );
}

/** An empty list is an absent key (iam-facts D9). */
function listKey(name: string, values: readonly string[] | undefined): RequestContext {
  return new Map(values === undefined || values.length === 0 ? [] : [[contextKey(name), values]]);
}

function tagList(tags: Tags | undefined) {
  return Object.entries(tags ?? {}).map(([Key, Value]) => ({ Key, Value }));
}
