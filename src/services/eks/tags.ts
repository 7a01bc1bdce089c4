import type {
  ListTagsForResourceRequest,
  ListTagsForResourceResponse,
  TagResourceRequest,
  TagResourceResponse,
  UntagResourceRequest,
  UntagResourceResponse,
} from '@aws-sdk/client-eks';
import { parseArn } from '../../engine/arn/arn.ts';
import { emptyContext, type RequestContext } from '../../engine/iam/request.ts';
import type {
  AccessEntryRecord,
  ClusterRecord,
  IdentityProviderConfigRecord,
} from '../../storage/records/eks.ts';
import {
  accessEntriesPrefix,
  accessEntryKey,
  clusterKey,
  identityProviderConfigKey,
} from '../../storage/records/keys.ts';
import type { PodIdentityAssociationRecord } from '../../storage/records/podidentity.ts';
import type { StoredEntry } from '../../storage/storage.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import { resourceWithKeys, tagKeysKey } from '../conditionkeys.ts';
import {
  type AuthorizationTarget,
  defineOperation,
  type OperationContext,
  type Operations,
} from '../operation.ts';
import type { EksDeps, Given } from './deps.ts';
import { entryKeys, ownTagKeys, taggingKeys } from './entrykeys.ts';
import { type Found, foundRecord } from './lookup.ts';
import { associationById } from './podidentity/lookup.ts';
import { atomically } from './retrying.ts';
import { refuseBadTagKey, refuseBadTags, type Tags } from './tagrules.ts';

type Taggable =
  | Found<ClusterRecord>
  | Found<AccessEntryRecord>
  | Found<IdentityProviderConfigRecord>
  | Found<PodIdentityAssociationRecord>;

/**
 * TagResource, UntagResource and ListTagsForResource, for clusters, access entries, identity provider configs
 * and Pod Identity associations (eks-access-facts A18).
 */
export function tagOperations(deps: EksDeps): Operations {
  const { storage } = deps;
  // SECURITY: permission is judged on the ARN as sent, and what is found has exactly this ARN.
  const onResource = async (
    action: string,
    resourceArn: string,
    context: OperationContext,
    keys: RequestContext = emptyContext,
  ): Promise<AuthorizationTarget> => {
    const found = await lookUp(resourceArn, context);
    const own = found === undefined ? emptyContext : keysOfTaggable(found.record);
    return { action, resources: [resourceWithKeys(resourceArn, own)], context: keys };
  };

  return {
    TagResource: defineOperation<Given<TagResourceRequest, 'resourceArn' | 'tags'>, TagResourceResponse>({
      authorization: ({ resourceArn, tags }, context) =>
        onResource('eks:TagResource', resourceArn, context, taggingKeys(tags)),
      async handle({ resourceArn, tags }, context) {
        refuseBadTags(tags, 'BadRequestException');
        return changeTags(resourceArn, context, (current) => {
          const all = { ...current, ...tags };
          refuseBadTags(all, 'BadRequestException');
          return all;
        });
      },
    }),

    UntagResource: defineOperation<
      Given<UntagResourceRequest, 'resourceArn' | 'tagKeys'>,
      UntagResourceResponse
    >({
      authorization: ({ resourceArn, tagKeys }, context) =>
        onResource('eks:UntagResource', resourceArn, context, tagKeysKey(tagKeys)),
      async handle({ resourceArn, tagKeys }, context) {
        for (const key of tagKeys) refuseBadTagKey(key, 'BadRequestException');
        const removed = new Set(tagKeys);
        return changeTags(resourceArn, context, (current) =>
          Object.fromEntries(Object.entries(current).filter(([key]) => !removed.has(key))),
        );
      },
    }),

    ListTagsForResource: defineOperation<
      Given<ListTagsForResourceRequest, 'resourceArn'>,
      ListTagsForResourceResponse
    >({
      authorization: ({ resourceArn }, context) =>
        onResource('eks:ListTagsForResource', resourceArn, context),
      async handle({ resourceArn }, context) {
        const { record } = await findTaggable(resourceArn, context);
        return { tags: { ...record.tags } };
      },
    }),
  };

  async function changeTags(
    resourceArn: string,
    context: OperationContext,
    change: (current: Tags) => Tags,
  ): Promise<object> {
    return await atomically(async () => {
      const { key, record, unchanged } = await findTaggable(resourceArn, context);
      const value = JSON.stringify({ ...record, tags: change(record.tags) });
      return context.commit({ expect: [unchanged], changes: [{ type: 'put', key, value }] }, {});
    });
  }

  /** Tags are kept of the caller's own resources; every other ARN is `Resource was not found` (F38). */
  async function findTaggable(resourceArn: string, context: OperationContext): Promise<Taggable> {
    if (parseArn(resourceArn)?.service !== 'eks') {
      throw new AwsError('BadRequestException', 'The resourceArn parameter format is not valid');
    }
    const found = await lookUp(resourceArn, context);
    if (found === undefined) throw new AwsError('NotFoundException', 'Resource was not found');
    return found;
  }

  async function lookUp(resourceArn: string, context: OperationContext): Promise<Taggable | undefined> {
    const arn = parseArn(resourceArn);
    if (arn?.service !== 'eks') return undefined;
    const { accountId } = context.caller;
    const [type, clusterName = '', ...rest] = arn.resource.split('/');
    const isOwn =
      arn.partition === context.partition && arn.region === context.region && arn.accountId === accountId;
    const stored = isOwn ? await storage.get(clusterKey(accountId, context.region, clusterName)) : undefined;
    if (stored === undefined) return undefined;
    const cluster = foundRecord<ClusterRecord>(stored);
    switch (type) {
      case 'cluster':
        return rest.length === 0 ? cluster : undefined;
      case 'access-entry':
        return findEntryByArn(cluster.record, resourceArn, rest);
      case 'identityproviderconfig':
        return findProviderConfig(cluster.record, resourceArn);
      case 'podidentityassociation':
        // More segments name nothing: no id has a slash.
        return associationById(storage, cluster.record.clusterId, rest.join('/'));
      default:
        return undefined;
    }
  }

  async function findProviderConfig(
    { clusterId }: ClusterRecord,
    resourceArn: string,
  ): Promise<Found<IdentityProviderConfigRecord> | undefined> {
    const stored = await storage.get(identityProviderConfigKey(clusterId));
    const config = stored && foundRecord<IdentityProviderConfigRecord>(stored);
    return config?.record.arn === resourceArn ? config : undefined;
  }

  /**
   * `rest` is kind, account, name and UUID. The name lacks the path, so the guess may miss; then all are looked at, and
   * only those of the name are read: this is on the way of callers who have no permission yet.
   */
  async function findEntryByArn(
    cluster: ClusterRecord,
    entryArn: string,
    rest: readonly string[],
  ): Promise<Found<AccessEntryRecord> | undefined> {
    const [kind, principalAccountId, name] = rest;
    const prefix = accessEntriesPrefix(cluster.clusterId);
    const partition = cluster.arn.split(':')[1];
    const guess = `arn:${partition}:iam::${principalAccountId}:${kind === 'root' ? 'root' : `${kind}/${name}`}`;
    const guessed = await storage.get(accessEntryKey(cluster.clusterId, guess));
    const found = guessed && withArn(guessed, entryArn);
    if (found !== undefined) return found;
    for (let after: string | undefined, more = true; more; ) {
      const page = await storage.list({ prefix, limit: 500, ...(after !== undefined && { after }) });
      for (const stored of page.entries.filter(({ key }) => key.endsWith(`/${name}`))) {
        const entry = withArn(stored, entryArn);
        if (entry !== undefined) return entry;
      }
      more = page.more;
      after = page.entries.at(-1)?.key;
    }
    return undefined;
  }
}

function withArn(stored: StoredEntry, entryArn: string): Found<AccessEntryRecord> | undefined {
  const entry = foundRecord<AccessEntryRecord>(stored);
  return entry.record.accessEntryArn === entryArn ? entry : undefined;
}

function keysOfTaggable(record: Taggable['record']): RequestContext {
  return 'principalArn' in record ? entryKeys(record) : ownTagKeys(record.tags);
}
