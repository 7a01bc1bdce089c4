import type { AccessEntryRecord } from '../../storage/records/eks.ts';
import { accessEntriesPrefix, accessEntryKey } from '../../storage/records/keys.ts';
import type { Batch } from '../../storage/storage.ts';
import { missingEntryArn } from '../eks/arns.ts';
import { creationKeys } from '../eks/entrykeys.ts';
import { entryQuota } from '../eks/entryquota.ts';
import { newAccessEntry, putEntry } from '../eks/entryrecord.ts';
import { refuseBadGroups, refuseBadUsername } from '../eks/entryrules.ts';
import { findAccessEntry, findEntryCluster, onAccessEntry, onCluster } from '../eks/lookup.ts';
import { matchedRolesOf } from '../eks/matchedroles.ts';
import { readPage } from '../eks/paging.ts';
import { entryExists, invalidParameter, invalidRequest } from '../eks/refusals.ts';
import { atomically } from '../eks/retrying.ts';
import { requireTagging } from '../eks/secondchecks.ts';
import { refuseBadTags } from '../eks/tagrules.ts';
import { defineOperation, type OperationContext, type Operations } from '../operation.ts';
import type { EntrywayDeps } from './deps.ts';
import { type NamedMatcher, namedMatcher, normalisedMatcherArn, readMatcher } from './matcherarn.ts';
import { digestOf, matchingRoles } from './matchingroles.ts';
import { type ShownEntry, type ShownRole, shownEntry } from './shownentry.ts';

interface EntryRequest {
  readonly clusterName: string;
  readonly principalArn: string;
}

interface CreateRequest extends EntryRequest {
  readonly kubernetesGroups?: string[];
  readonly username?: string;
  readonly tags?: Record<string, string>;
  readonly previewToken?: string;
}

interface EntryAnswer {
  readonly accessEntry: ShownEntry;
}

/**
 * Entries that stand for more than one role, and what EKS does not show of any entry. An entry of a matcher is an access
 * entry like any other: EKS's own operations describe, update, associate, tag and delete it by its ARN.
 */
export function accessEntryOperations(
  deps: Pick<EntrywayDeps, 'storage' | 'random' | 'partition' | 'pageTokens' | 'authorize'>,
): Operations {
  const { storage, random, partition, pageTokens } = deps;

  return {
    PreviewPrincipalMatcher: defineOperation<
      EntryRequest,
      {
        readonly principalArn: string;
        readonly matchedRoles: readonly ShownRole[];
        readonly previewToken: string;
      }
    >({
      authorization: ({ clusterName }, context) =>
        onCluster('entryway:PreviewPrincipalMatcher', storage, context, clusterName),
      async handle({ clusterName, principalArn }, context) {
        const named = readMatcher(principalArn, partition);
        const cluster = await findEntryCluster(storage, context, clusterName);
        const roles = await matchingRoles(storage, named, context.caller.accountId);
        return {
          principalArn: named.arn,
          matchedRoles: roles.map((role) => ({ ...role, source: 'iam' })),
          previewToken: pageTokens.seal(
            previewScope(cluster.record.clusterId, named, context),
            digestOf(roles),
          ),
        };
      },
    }),

    CreateAccessEntry: defineOperation<CreateRequest, EntryAnswer>({
      authorization(input, context) {
        // Judged as it will be stored, so that no other spelling gets past a condition.
        const principalArn = normalisedMatcherArn(input.principalArn);
        const keys = creationKeys({ ...input, principalArn });
        return onCluster('eks:CreateAccessEntry', storage, context, input.clusterName, keys);
      },
      async handle(input, context) {
        const { clusterName, kubernetesGroups = [], tags = {} } = input;
        const named = readMatcher(input.principalArn, partition);
        const username = usernameOf(named, input.username);
        refuseBadGroups(kubernetesGroups);
        refuseBadTags(tags, 'InvalidParameterException');
        await findEntryCluster(storage, context, clusterName);
        await requireTagging(deps, context, missingEntryArn(context, clusterName, named), tags);
        return await atomically(async () => {
          const cluster = await findEntryCluster(storage, context, clusterName);
          const { clusterId } = cluster.record;
          if (named.matcher.kind === 'rolePattern') {
            await requirePreview(clusterId, named, input.previewToken, context);
          }
          const key = accessEntryKey(clusterId, named.arn);
          if ((await storage.get(key)) !== undefined) throw entryExists(clusterName);
          // INVARIANT: '' as id and a `*` in the ARN: no principal of IAM has either (`engine/identity/entries.ts`).
          const entry = newAccessEntry(
            random,
            context,
            cluster.record,
            { ...named, principalId: '' },
            {
              type: 'STANDARD',
              username,
              kubernetesGroups,
              tags,
              clientRequestToken: undefined,
              associatedPolicies: [],
            },
          );
          const batch: Batch = {
            expect: [{ key, revision: 0 }, cluster.unchanged],
            changes: [putEntry(clusterId, entry)],
          };
          const answer = { accessEntry: shownEntry(entry, context.now, []) };
          return await entryQuota(storage).within(accessEntriesPrefix(clusterId), () =>
            context.commit(batch, answer),
          );
        });
      },
    }),

    DescribeAccessEntry: defineOperation<EntryRequest, EntryAnswer>({
      authorization: ({ clusterName, principalArn }, context) =>
        onAccessEntry(
          'eks:DescribeAccessEntry',
          storage,
          context,
          clusterName,
          normalisedMatcherArn(principalArn),
        ),
      async handle({ clusterName, principalArn }, context) {
        const arn = normalisedMatcherArn(principalArn);
        const { cluster, entry } = await findAccessEntry(storage, context, clusterName, arn);
        const roles = await rolesOf(cluster.record.clusterId, entry.record, context);
        return { accessEntry: shownEntry(entry.record, context.now, roles) };
      },
    }),

    ListAccessEntries: defineOperation<
      { readonly clusterName: string; readonly maxResults?: number; readonly nextToken?: string },
      { readonly accessEntries: readonly ShownEntry[]; readonly nextToken?: string }
    >({
      authorization: ({ clusterName }, context) =>
        onCluster('eks:ListAccessEntries', storage, context, clusterName),
      async handle(input, context) {
        const { clusterName } = input;
        const bounds = readPage(pageTokens, context, ['entryway', 'ListAccessEntries', clusterName], input);
        const { clusterId } = (await findEntryCluster(storage, context, clusterName)).record;
        const prefix = accessEntriesPrefix(clusterId);
        const read = await storage.list({
          prefix,
          limit: bounds.limit,
          ...(bounds.after !== undefined && { after: prefix + bounds.after }),
        });
        const records = read.entries.map(({ value }) => JSON.parse(value) as AccessEntryRecord);
        await requireDescribing(records, context);
        const last = records.at(-1);
        return {
          accessEntries: records.map((record) => shownEntry(record, context.now)),
          ...(read.more && last !== undefined && { nextToken: bounds.nextTokenAfter(last.principalArn) }),
        };
      },
    }),
  };

  /** SECURITY: EKS's list tells ARNs alone; this one tells what each entry says, which is asked for entry by entry. */
  async function requireDescribing(
    records: readonly AccessEntryRecord[],
    context: OperationContext,
  ): Promise<void> {
    for (const { clusterName, principalArn } of records) {
      await deps.authorize(
        context,
        await onAccessEntry('eks:DescribeAccessEntry', storage, context, clusterName, principalArn),
      );
    }
  }

  /**
   * A pattern may mean roles that nobody thought of: whoever makes an entry of it has seen which ones they are, and they must
   * be the same now.
   */
  async function requirePreview(
    clusterId: string,
    named: NamedMatcher,
    token: string | undefined,
    context: OperationContext,
  ): Promise<void> {
    const preview = 'call PreviewPrincipalMatcher (`entryway entry preview`) and send its previewToken';
    if (token === undefined) throw invalidRequest(`A role pattern needs a preview: ${preview}`);
    const shown = pageTokens.open(previewScope(clusterId, named, context), token);
    if (shown === undefined) {
      throw invalidParameter(`The previewToken is not one of this pattern on this cluster: ${preview}`);
    }
    const now = digestOf(await matchingRoles(storage, named, context.caller.accountId));
    if (now !== shown)
      throw invalidRequest(`The roles that match have changed since the preview: ${preview}`);
  }

  /** Roles that a matcher means now or has let in, by ARN; undefined for an entry of one principal. */
  async function rolesOf(
    clusterId: string,
    entry: AccessEntryRecord,
    context: OperationContext,
  ): Promise<readonly ShownRole[] | undefined> {
    // What may be made has changed over time: an entry that is there is shown whatever it means.
    const named = namedMatcher(entry.principalArn, partition);
    if (named === undefined) return undefined;
    const roles = new Map<string, ShownRole>();
    for (const { seenAt, ...role } of await matchedRolesOf(storage, clusterId, entry)) {
      roles.set(role.principalId, { ...role, source: 'seen', seenAt: new Date(seenAt) });
    }
    for (const role of await matchingRoles(storage, named, context.caller.accountId)) {
      roles.set(role.principalId, { ...roles.get(role.principalId), ...role, source: 'iam' });
    }
    return [...roles.values()].toSorted((a, b) => (a.principalArn < b.principalArn ? -1 : 1));
  }
}

function previewScope(clusterId: string, { arn }: NamedMatcher, { caller }: OperationContext): string {
  return JSON.stringify(['entryway', 'PreviewPrincipalMatcher', caller.accountId, clusterId, arn]);
}

/**
 * The username of whoever comes in. There is no template for the name of the role, so that the default of a single role, its
 * session's ARN, cannot be had: a permission set gets one that names account and set, a pattern needs one.
 *
 * COMPAT: two roles of one matcher share names: who is `ada` in both is one user.
 */
function usernameOf({ accountId, permissionSet }: NamedMatcher, wanted: string | undefined): string {
  if (wanted !== undefined && wanted !== '') {
    refuseBadUsername(wanted);
    return wanted;
  }
  if (permissionSet !== undefined) return `sso:${accountId}:${permissionSet}:{{SessionName}}`;
  throw invalidParameter(
    'A role pattern needs a username, for example team:{{SessionName}}: all of its roles share it',
  );
}
