import { isDeepStrictEqual } from 'node:util';
import type {
  AccessEntry,
  CreateAccessEntryRequest,
  CreateAccessEntryResponse,
  DeleteAccessEntryRequest,
  DeleteAccessEntryResponse,
  DescribeAccessEntryRequest,
  DescribeAccessEntryResponse,
  ListAccessEntriesRequest,
  ListAccessEntriesResponse,
  UpdateAccessEntryRequest,
  UpdateAccessEntryResponse,
} from '@aws-sdk/client-eks';
import type { AccessEntryRecord } from '../../storage/records/eks.ts';
import { accessEntriesPrefix, accessEntryKey } from '../../storage/records/keys.ts';
import type { Batch } from '../../storage/storage.ts';
import { defineOperation, type OperationContext, type Operations } from '../operation.ts';
import { missingEntryArn } from './arns.ts';
import { endedUses } from './customaccesspolicies.ts';
import type { AwsPrincipalAnswer, EksDeps, Given } from './deps.ts';
import { creationKeys } from './entrykeys.ts';
import { entryQuota } from './entryquota.ts';
import { type EntryWish, newAccessEntry, putEntry } from './entryrecord.ts';
import {
  defaultUsername,
  readEntryType,
  refuseBadGroups,
  refuseBadUsername,
  refuseNodeMembers,
  refuseUnsuitablePrincipal,
} from './entryrules.ts';
import { findAccessEntry, findEntryCluster, onAccessEntry, onCluster } from './lookup.ts';
import { endedMatches } from './matchedroles.ts';
import { type PageBounds, readPage } from './paging.ts';
import { refuseMalformedPolicyArn } from './policyarn.ts';
import { lookUpPrincipal, type NamedPrincipal, namedPrincipal } from './principals.ts';
import { entryExists, invalidPrincipal, principalUnknown } from './refusals.ts';
import { atomically } from './retrying.ts';
import { requirePassRole, requireTagging } from './secondchecks.ts';
import { refuseBadTags } from './tagrules.ts';

/** How many entries one read looks at while a filter is applied. */
const FILTER_CHUNK = 200;

type EntryRequest = Given<DescribeAccessEntryRequest, 'clusterName' | 'principalArn'>;

/** Create, Describe, List, Update and DeleteAccessEntry. */
export function accessEntryOperations(deps: EksDeps): Operations {
  const { storage, random } = deps;
  const authorizedOnEntry = (action: string) => ({
    authorization: (input: EntryRequest, context: OperationContext) =>
      onAccessEntry(action, storage, context, input.clusterName, input.principalArn),
  });

  return {
    CreateAccessEntry: defineOperation<
      Given<CreateAccessEntryRequest, 'clusterName' | 'principalArn'>,
      CreateAccessEntryResponse
    >({
      authorization: (input, context) =>
        onCluster('eks:CreateAccessEntry', storage, context, input.clusterName, creationKeys(input)),
      async handle(input, context) {
        const { clusterName } = input;
        const { wish, named } = readCreation(input, context);
        const cluster = await findEntryCluster(storage, context, clusterName);
        if (named === undefined) throw invalidPrincipal(clusterName);
        await requireTagging(deps, context, missingEntryArn(context, clusterName, named), wish.tags);
        // COMPAT: documented for EC2_LINUX and EC2_WINDOWS (B8); asked for every type that lets nodes in.
        if (wish.type !== 'STANDARD') {
          await requirePassRole(deps, context, named.arn, cluster.record.arn);
        }
        const askAws = once(() => deps.awsPrincipals?.find(named));
        return await atomically(() => create(wish, named, clusterName, context, askAws));
      },
    }),

    DescribeAccessEntry: defineOperation<EntryRequest, DescribeAccessEntryResponse>({
      ...authorizedOnEntry('eks:DescribeAccessEntry'),
      async handle({ clusterName, principalArn }, context) {
        const { entry } = await findAccessEntry(storage, context, clusterName, principalArn);
        return { accessEntry: shownEntry(entry.record) };
      },
    }),

    ListAccessEntries: defineOperation<
      Given<ListAccessEntriesRequest, 'clusterName'>,
      ListAccessEntriesResponse
    >({
      authorization: (input, context) =>
        onCluster('eks:ListAccessEntries', storage, context, input.clusterName),
      async handle(input, context) {
        const { clusterName, associatedPolicyArn } = input;
        if (associatedPolicyArn !== undefined) refuseMalformedPolicyArn(associatedPolicyArn);
        const bounds = readPage(
          deps.pageTokens,
          context,
          ['ListAccessEntries', clusterName, associatedPolicyArn ?? ''],
          input,
        );
        const cluster = await findEntryCluster(storage, context, clusterName);
        return await list(cluster.record.clusterId, associatedPolicyArn, bounds);
      },
    }),

    UpdateAccessEntry: defineOperation<
      Given<UpdateAccessEntryRequest, 'clusterName' | 'principalArn'>,
      UpdateAccessEntryResponse
    >({
      ...authorizedOnEntry('eks:UpdateAccessEntry'),
      async handle(input, context) {
        const groups = input.kubernetesGroups ?? [];
        const username = customUsername(input.username);
        refuseBadGroups(groups);
        if (username !== undefined) refuseBadUsername(username);
        return await atomically(async () => {
          const { cluster, entry } = await findAccessEntry(
            storage,
            context,
            input.clusterName,
            input.principalArn,
          );
          refuseNodeMembers(entry.record.type, { groups, username });
          const changed: AccessEntryRecord = {
            ...entry.record,
            // B29: the list is replaced, an empty one clears it, an absent one keeps it. Node types keep theirs.
            ...(input.kubernetesGroups !== undefined &&
              entry.record.type === 'STANDARD' && { kubernetesGroups: groups }),
            ...(username !== undefined && { username }),
            modifiedAt: context.now,
          };
          const batch: Batch = {
            expect: [cluster.unchanged, entry.unchanged],
            changes: [putEntry(cluster.record.clusterId, changed)],
          };
          return context.commit(batch, { accessEntry: shownEntry(changed) });
        });
      },
    }),

    DeleteAccessEntry: defineOperation<
      Given<DeleteAccessEntryRequest, 'clusterName' | 'principalArn'>,
      DeleteAccessEntryResponse
    >({
      ...authorizedOnEntry('eks:DeleteAccessEntry'),
      handle: ({ clusterName, principalArn }, context) =>
        atomically(async () => {
          const { cluster, entry } = await findAccessEntry(storage, context, clusterName, principalArn);
          // The associations are part of the record and go with it (B16).
          const batch: Batch = {
            expect: [entry.unchanged],
            changes: [
              { type: 'delete', key: entry.key },
              ...endedUses(cluster.record.clusterId, entry.record),
              ...(await endedMatches(storage, cluster.record.clusterId, entry.record)),
            ],
          };
          return context.commit(batch, {});
        }),
    }),
  };

  async function create(
    wish: EntryWish,
    named: NamedPrincipal,
    clusterName: string,
    context: OperationContext,
    askAws: () => Promise<AwsPrincipalAnswer | undefined>,
  ): Promise<CreateAccessEntryResponse> {
    const cluster = await findEntryCluster(storage, context, clusterName);
    if (named.partition !== context.partition) throw invalidPrincipal(clusterName);
    const key = accessEntryKey(cluster.record.clusterId, named.arn);
    const existing = await storage.get(key);
    if (existing !== undefined) {
      const record = JSON.parse(existing.value) as AccessEntryRecord;
      if (isSameCreation(record, wish, named)) return { accessEntry: shownEntry(record) };
      throw entryExists(clusterName);
    }
    // COMPAT: who is here goes before who is in AWS under the same ARN.
    const { principal: local, unchanged } = await lookUpPrincipal(storage, named);
    const pin = local === undefined ? pinOf(await askAws(), clusterName, context.now) : {};
    const principal = { ...named, principalId: local?.principalId ?? '' };
    const entry: AccessEntryRecord = {
      ...newAccessEntry(random, context, cluster.record, principal, wish),
      ...pin,
    };
    // The principal must still be who it was, here or not: its id is what the entry is pinned to (B15).
    const batch: Batch = {
      expect: [{ key, revision: 0 }, cluster.unchanged, unchanged],
      changes: [putEntry(cluster.record.clusterId, entry)],
    };
    return await entryQuota(storage).within(accessEntriesPrefix(cluster.record.clusterId), () =>
      context.commit(batch, { accessEntry: shownEntry(entry) }),
    );
  }

  async function list(
    clusterId: string,
    policyArn: string | undefined,
    bounds: PageBounds,
  ): Promise<ListAccessEntriesResponse> {
    const prefix = accessEntriesPrefix(clusterId);
    const accessEntries: string[] = [];
    let after = bounds.after === undefined ? undefined : prefix + bounds.after;
    for (;;) {
      const limit = policyArn === undefined ? bounds.limit + 1 : FILTER_CHUNK;
      const read = await storage.list({ prefix, limit, ...(after !== undefined && { after }) });
      for (const stored of read.entries) {
        const record = JSON.parse(stored.value) as AccessEntryRecord;
        if (!hasPolicy(record, policyArn)) continue;
        const last = accessEntries.at(-1);
        if (accessEntries.length === bounds.limit && last !== undefined) {
          return { accessEntries, nextToken: bounds.nextTokenAfter(last) };
        }
        accessEntries.push(record.principalArn);
      }
      if (!read.more) return { accessEntries };
      after = read.entries.at(-1)?.key;
    }
  }
}

/** Everything that is refused before the cluster is looked up, in the order of F36. */
function readCreation(
  input: Given<CreateAccessEntryRequest, 'principalArn'>,
  context: OperationContext,
): { readonly wish: EntryWish; readonly named: NamedPrincipal | undefined } {
  const type = readEntryType(input.type);
  const kubernetesGroups = input.kubernetesGroups ?? [];
  const username = customUsername(input.username);
  const tags = input.tags ?? {};
  refuseBadGroups(kubernetesGroups);
  if (username !== undefined) refuseBadUsername(username);
  refuseNodeMembers(type, { groups: kubernetesGroups, username });
  const named = namedPrincipal(input.principalArn);
  refuseUnsuitablePrincipal(type, input.principalArn, named, context.caller.accountId);
  refuseBadTags(tags, 'InvalidParameterException');
  const { clientRequestToken } = input;
  return {
    wish: { type, username, kubernetesGroups, tags, clientRequestToken, associatedPolicies: [] },
    named,
  };
}

/** Asked when first needed, and not again however often the commit is tried. */
function once<Answer>(ask: () => Promise<Answer> | Answer): () => Promise<Answer> {
  let asked: Promise<Answer> | undefined;
  return () => {
    asked ??= Promise.resolve(ask());
    return asked;
  };
}

/**
 * What the entry of somebody who is not here is pinned to, and by what. Throws where it may not be made.
 *
 * SECURITY: an entry without an id waits for anybody whom AWS reports under its ARN, so only `awaited` makes one.
 */
function pinOf(
  answer: AwsPrincipalAnswer | undefined,
  clusterName: string,
  now: number,
): Required<Pick<AccessEntryRecord, 'pinnedBy'>> & Partial<AccessEntryRecord> {
  switch (answer?.outcome) {
    case undefined:
    case 'none':
      throw invalidPrincipal(clusterName);
    case 'found':
      return { principalId: answer.principalId, pinnedBy: 'awsIam', pinnedAt: now };
    case 'awaited':
      return { pinnedBy: 'firstUse' };
    case 'unknown':
      throw principalUnknown(answer.because, clusterName, answer.isTemporary);
    default:
      throw new Error(`unknown answer: ${(answer satisfies never as AwsPrincipalAnswer).outcome}`);
  }
}

/** Clients in languages without an absent string send an empty one. */
function customUsername(username: string | undefined): string | undefined {
  return username === '' ? undefined : username;
}

/** COMPAT: A14 leaves open what a repeated token does; the same wish again is answered with what it made. */
function isSameCreation(record: AccessEntryRecord, wish: EntryWish, principal: NamedPrincipal): boolean {
  return (
    wish.clientRequestToken !== undefined &&
    record.clientRequestToken === wish.clientRequestToken &&
    record.type === wish.type &&
    record.username === (wish.username ?? defaultUsername(wish.type, principal)) &&
    (record.type !== 'STANDARD' || isDeepStrictEqual(record.kubernetesGroups, wish.kubernetesGroups)) &&
    isDeepStrictEqual({ ...record.tags }, { ...wish.tags })
  );
}

function hasPolicy(record: AccessEntryRecord, policyArn: string | undefined): boolean {
  return (
    policyArn === undefined || record.associatedPolicies.some((policy) => policy.policyArn === policyArn)
  );
}

/** COMPAT: empty lists and maps are present (A8). */
function shownEntry(record: AccessEntryRecord): AccessEntry {
  return {
    clusterName: record.clusterName,
    principalArn: record.principalArn,
    kubernetesGroups: [...record.kubernetesGroups],
    accessEntryArn: record.accessEntryArn,
    createdAt: new Date(record.createdAt),
    modifiedAt: new Date(record.modifiedAt),
    tags: { ...record.tags },
    username: record.username,
    type: record.type,
  };
}
