import type {
  DescribeUpdateRequest,
  DescribeUpdateResponse,
  ListUpdatesRequest,
  ListUpdatesResponse,
  UpdateClusterConfigRequest,
  UpdateClusterConfigResponse,
} from '@aws-sdk/client-eks';
import type { ClusterRecord, ClusterUpdateRecord } from '../../storage/records/eks.ts';
import { accessEntryKey, updateKey, updatesPrefix } from '../../storage/records/keys.ts';
import type { Batch, Put } from '../../storage/storage.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import { defineOperation, type OperationContext, type Operations } from '../operation.ts';
import { updateKeys } from './clusterkeys.ts';
import { isModeStep, readMode } from './clusterrules.ts';
import type { EksDeps, Given } from './deps.ts';
import { creatorEntry, putEntry } from './entryrecord.ts';
import { type Found, findCluster, onCluster } from './lookup.ts';
import { readPage } from './paging.ts';
import { findPrincipalById } from './principals.ts';
import { invalidParameter, noSuchUpdate } from './refusals.ts';
import { atomically } from './retrying.ts';
import { planUpdate, shownUpdate, type UpdateWish } from './updaterecords.ts';

/** Members of UpdateClusterConfig that would change infrastructure that no cluster here has. */
const unsupported = [
  'resourcesVpcConfig',
  'logging',
  'upgradePolicy',
  'zonalShiftConfig',
  'computeConfig',
  'kubernetesNetworkConfig',
  'storageConfig',
  'remoteNetworkConfig',
  'controlPlaneScalingConfig',
  'kubeApiServerConfig',
  'kubeSchedulerConfig',
  'kubeControllerManagerConfig',
] as const satisfies readonly (keyof UpdateClusterConfigRequest)[];

interface Wish extends Pick<UpdateWish, 'type' | 'params'> {
  /** The record after the update and what has to be stored with it. Throws where the update is not possible. */
  change(cluster: Found<ClusterRecord>): Promise<{
    readonly record: ClusterRecord;
    readonly also: Pick<Batch, 'expect'> & { readonly changes: readonly Put[] };
  }>;
}

/** UpdateClusterConfig, DescribeUpdate, ListUpdates. */
export function updateOperations(deps: EksDeps): Operations {
  const { storage, random } = deps;

  return {
    UpdateClusterConfig: defineOperation<
      Given<UpdateClusterConfigRequest, 'name'>,
      UpdateClusterConfigResponse
    >({
      authorization: (input, context) =>
        onCluster('eks:UpdateClusterConfig', storage, context, input.name, updateKeys(input)),
      async handle(input, context) {
        const wish = readWish(input, context);
        return await atomically(async () => {
          const cluster = await findCluster(storage, context, input.name);
          const { type, params } = wish;
          const { clientRequestToken } = input;
          const planned = await planUpdate(deps, context, cluster.record.clusterId, {
            type,
            params,
            clientRequestToken,
          });
          const { update } = planned;
          if (planned.isRepeated) return { update };
          const { record, also } = await wish.change(cluster);
          const batch: Batch = {
            expect: [cluster.unchanged, ...(also.expect ?? [])],
            changes: [
              { type: 'put', key: cluster.key, value: JSON.stringify(record) },
              ...planned.changes,
              ...also.changes,
            ],
          };
          return context.commit(batch, { update });
        });
      },
    }),

    DescribeUpdate: defineOperation<
      Given<DescribeUpdateRequest, 'name' | 'updateId'>,
      DescribeUpdateResponse
    >({
      authorization: (input, context) => onCluster('eks:DescribeUpdate', storage, context, input.name),
      async handle(input, context) {
        const { record } = await findCluster(storage, context, input.name);
        refuseOtherSubjects(input);
        const stored = await storage.get(updateKey(record.clusterId, input.updateId));
        if (stored === undefined) throw noSuchUpdate(input.name, input.updateId);
        return { update: shownUpdate(JSON.parse(stored.value) as ClusterUpdateRecord) };
      },
    }),

    ListUpdates: defineOperation<Given<ListUpdatesRequest, 'name'>, ListUpdatesResponse>({
      authorization: (input, context) => onCluster('eks:ListUpdates', storage, context, input.name),
      async handle(input, context) {
        const bounds = readPage(deps.pageTokens, context, ['ListUpdates', input.name], input);
        const { record } = await findCluster(storage, context, input.name);
        refuseOtherSubjects(input);
        const prefix = updatesPrefix(record.clusterId);
        const { entries, more } = await storage.list({
          prefix,
          limit: bounds.limit,
          ...(bounds.after !== undefined && { after: prefix + bounds.after }),
        });
        const updateIds = entries.map((entry) => entry.key.slice(prefix.length));
        const last = updateIds.at(-1);
        return more && last !== undefined
          ? { updateIds, nextToken: bounds.nextTokenAfter(last) }
          : { updateIds };
      },
    }),
  };

  /** Exactly one kind of update per request, of the two there are. */
  function readWish(input: Given<UpdateClusterConfigRequest, 'name'>, context: OperationContext): Wish {
    const { name, accessConfig, deletionProtection } = input;
    const member = unsupported.find((candidate) => input[candidate] !== undefined);
    if (member !== undefined) {
      throw invalidParameter(`${member} cannot be changed; accessConfig can`, name);
    }
    if (accessConfig !== undefined && deletionProtection !== undefined) {
      throw invalidParameter('Only one type of update can be allowed.', name);
    }
    if (deletionProtection !== undefined) return deletionProtectionWish(deletionProtection);
    const mode = accessConfig?.authenticationMode;
    if (mode === undefined) throw invalidParameter('The type for cluster update was not provided.', name);
    return {
      type: 'AccessConfigUpdate',
      // COMPAT: EKS answers the value as JSON text, quotes included.
      params: [{ type: 'AuthenticationMode', value: JSON.stringify(mode) }],
      async change({ record }) {
        const from = record.authenticationMode;
        const to = readMode(mode, name);
        // D2, D3, D4, F18: one step forward, never back, never in place.
        if (!isModeStep(from, to)) {
          throw invalidParameter(`Unsupported authentication mode update from ${from} to ${to}`, name);
        }
        const { hiddenAdminPrincipalId, ...rest } = record;
        const changed: ClusterRecord = { ...rest, authenticationMode: to };
        return { record: changed, also: await revealCreator(changed, hiddenAdminPrincipalId, context) };
      },
    };
  }

  /**
   * D8: where access entries begin, the creator's hidden administration becomes a visible entry that can be deleted.
   * A creator that is gone gets none: nobody can ever be that principal again.
   */
  async function revealCreator(
    cluster: ClusterRecord,
    principalId: string | undefined,
    context: OperationContext,
  ): Promise<Awaited<ReturnType<Wish['change']>>['also']> {
    const creator =
      principalId === undefined
        ? undefined
        : await findPrincipalById(storage, context.partition, principalId);
    if (creator === undefined) return { changes: [] };
    return {
      expect: [{ key: accessEntryKey(cluster.clusterId, creator.arn), revision: 0 }],
      changes: [putEntry(cluster.clusterId, creatorEntry(random, context, cluster, creator))],
    };
  }
}

function deletionProtectionWish(deletionProtection: boolean): Wish {
  return {
    type: 'DeletionProtectionUpdate',
    params: [{ type: 'DeletionProtection', value: JSON.stringify(deletionProtection) }],
    async change({ record }) {
      // A connected cluster is not deleted: DeregisterCluster only lets go of it.
      if (record.kind === 'connected') {
        throw invalidParameter('deletionProtection is not available for a connected cluster', record.name);
      }
      return {
        record: { ...record, echoed: { ...record.echoed, deletionProtection } },
        also: { changes: [] },
      };
    },
  };
}

/** Clusters here have no node groups, add-ons or capabilities, so nothing of theirs was ever updated. */
function refuseOtherSubjects(input: DescribeUpdateRequest | ListUpdatesRequest): void {
  const subjects = {
    'node group': input.nodegroupName,
    addon: input.addonName,
    capability: input.capabilityName,
  };
  for (const [kind, subject] of Object.entries(subjects)) {
    if (subject === undefined) continue;
    throw new AwsError('ResourceNotFoundException', `No ${kind} found for name: ${subject}.`, {
      clusterName: input.name,
    });
  }
}
