import { isDeepStrictEqual } from 'node:util';
import type {
  CreatePodIdentityAssociationRequest,
  CreatePodIdentityAssociationResponse,
  DeletePodIdentityAssociationResponse,
  DescribePodIdentityAssociationRequest,
  DescribePodIdentityAssociationResponse,
  ListPodIdentityAssociationsRequest,
  ListPodIdentityAssociationsResponse,
  UpdatePodIdentityAssociationRequest,
  UpdatePodIdentityAssociationResponse,
} from '@aws-sdk/client-eks';
import { podIdentityAudience } from '../../../engine/podcredentials/names.ts';
import { podIdentityKey, podIdentityPlaceKey, podIdentityPrefix } from '../../../storage/records/keys.ts';
import type { PodIdentityAssociationRecord } from '../../../storage/records/podidentity.ts';
import { defineOperation, type OperationContext, type Operations } from '../../operation.ts';
import { createQuota } from '../../quota.ts';
import { podIdentityArn } from '../arns.ts';
import type { EksDeps, Given } from '../deps.ts';
import { taggingKeys } from '../entrykeys.ts';
import { findCluster, onCluster } from '../lookup.ts';
import { readPage } from '../paging.ts';
import { limitExceeded, podIdentityExists } from '../refusals.ts';
import { atomically } from '../retrying.ts';
import { requirePassRole, requireTagging } from '../secondchecks.ts';
import { refuseBadTags } from '../tagrules.ts';
import { listAssociations } from './list.ts';
import { findAssociation, onAssociation } from './lookup.ts';
import { requirePodRole } from './podrole.ts';
import { creationOf, newAssociationId, putAssociation, shownAssociation, withSettings } from './record.ts';
import { refuseBadSubject, refusePolicyWithTags } from './rules.ts';
import { changedSettings, readSettings, refuseBadUpdate, settingsOf } from './settings.ts';

/** Associations per cluster (eks-access-facts J11). COMPAT: EKS's default, which it raises on request. */
export const MAX_ASSOCIATIONS_PER_CLUSTER = 5000;

type Creation = Given<
  CreatePodIdentityAssociationRequest,
  'clusterName' | 'namespace' | 'serviceAccount' | 'roleArn'
>;
type Naming = Given<DescribePodIdentityAssociationRequest, 'clusterName' | 'associationId'>;
type Update = Naming & UpdatePodIdentityAssociationRequest;

/** Create, Describe, List, Update and DeletePodIdentityAssociation (eks-access-facts J1). */
export function podIdentityOperations(deps: EksDeps): Operations {
  const { storage, random } = deps;
  const quota = createQuota(storage, MAX_ASSOCIATIONS_PER_CLUSTER, () =>
    limitExceeded(`A cluster can have at most ${MAX_ASSOCIATIONS_PER_CLUSTER} Pod Identity associations`),
  );
  const authorizedOnAssociation = (action: string) => ({
    authorization: ({ clusterName, associationId }: Naming, context: OperationContext) =>
      onAssociation(action, storage, context, clusterName, associationId),
  });
  /** COMPAT: the user guide asks for `iam:PassRole`; AWS's guide for EMR tells to which service (iam-facts E14). */
  const requirePassingToPods = (context: OperationContext, roleArn: string, clusterArn: string) =>
    requirePassRole(deps, context, roleArn, clusterArn, podIdentityAudience);

  return {
    CreatePodIdentityAssociation: defineOperation<Creation, CreatePodIdentityAssociationResponse>({
      authorization: ({ clusterName, tags }, context) =>
        onCluster('eks:CreatePodIdentityAssociation', storage, context, clusterName, taggingKeys(tags)),
      async handle(input, context) {
        const { clusterName, namespace, serviceAccount, tags = {}, clientRequestToken } = input;
        refuseBadSubject(input, clusterName);
        const settings = readSettings(input, context, clusterName);
        refuseBadTags(tags, 'InvalidParameterException');
        const { record: cluster } = await findCluster(storage, context, clusterName);
        const associationId = newAssociationId(random);
        await requireTagging(deps, context, podIdentityArn(context, clusterName, associationId), tags);
        await requirePassingToPods(context, settings.roleArn, cluster.arn);
        const bare: PodIdentityAssociationRecord = {
          ...{ associationId, namespace, serviceAccount, tags, ...settings },
          createdAt: context.now,
          modifiedAt: context.now,
          ...(clientRequestToken !== undefined && { clientRequestToken }),
        };
        return await atomically(() => create(bare, clusterName, context));
      },
    }),

    DescribePodIdentityAssociation: defineOperation<Naming, DescribePodIdentityAssociationResponse>({
      ...authorizedOnAssociation('eks:DescribePodIdentityAssociation'),
      async handle({ clusterName, associationId }, context) {
        const { association } = await findAssociation(storage, context, clusterName, associationId);
        return { association: shownAssociation(context, clusterName, association.record) };
      },
    }),

    ListPodIdentityAssociations: defineOperation<
      Given<ListPodIdentityAssociationsRequest, 'clusterName'>,
      ListPodIdentityAssociationsResponse
    >({
      authorization: ({ clusterName }, context) =>
        onCluster('eks:ListPodIdentityAssociations', storage, context, clusterName),
      async handle(input, context) {
        const { clusterName, namespace, serviceAccount } = input;
        const filter = JSON.stringify([namespace, serviceAccount]);
        const list = ['ListPodIdentityAssociations', clusterName, filter];
        const bounds = readPage(deps.pageTokens, context, list, input);
        const { record: cluster } = await findCluster(storage, context, clusterName);
        return await listAssociations(storage, context, cluster, input, bounds);
      },
    }),

    UpdatePodIdentityAssociation: defineOperation<Update, UpdatePodIdentityAssociationResponse>({
      ...authorizedOnAssociation('eks:UpdatePodIdentityAssociation'),
      async handle(input, context) {
        const { clusterName, associationId, roleArn } = input;
        refuseBadUpdate(input, context, clusterName);
        return await atomically(async () => {
          const { cluster, association } = await findAssociation(
            storage,
            context,
            clusterName,
            associationId,
          );
          const before = settingsOf(association.record);
          const settings = changedSettings(before, input);
          refusePolicyWithTags(settings, clusterName);
          // SECURITY: asked also where the role stays (COMPAT: not documented). Whoever ends the policy, or names another
          // target, hands the role out anew.
          await requirePassingToPods(context, settings.roleArn, cluster.record.arn);
          const role =
            roleArn === undefined
              ? []
              : [await requirePodRole(storage, context, settings.roleArn, clusterName)];
          // COMPAT: what changes nothing is answered with what is there, so that a repetition gets the same answer; the
          // token of an update is not remembered.
          if (isDeepStrictEqual(settings, before)) {
            return { association: shownAssociation(context, clusterName, association.record) };
          }
          const changed = {
            ...withSettings(association.record, settings, cluster.record),
            modifiedAt: context.now,
          };
          return context.commit(
            {
              expect: [association.unchanged, ...role],
              changes: [putAssociation(cluster.record, changed)],
            },
            { association: shownAssociation(context, clusterName, changed) },
          );
        });
      },
    }),

    DeletePodIdentityAssociation: defineOperation<Naming, DeletePodIdentityAssociationResponse>({
      ...authorizedOnAssociation('eks:DeletePodIdentityAssociation'),
      handle: ({ clusterName, associationId }, context) =>
        atomically(async () => {
          const { cluster, association } = await findAssociation(
            storage,
            context,
            clusterName,
            associationId,
          );
          return context.commit(
            {
              expect: [association.unchanged],
              changes: [
                { type: 'delete', key: association.key },
                { type: 'delete', key: podIdentityPlaceKey(cluster.record.clusterId, associationId) },
              ],
            },
            { association: shownAssociation(context, clusterName, association.record) },
          );
        }),
    }),
  };

  async function create(
    bare: PodIdentityAssociationRecord,
    clusterName: string,
    context: OperationContext,
  ): Promise<CreatePodIdentityAssociationResponse> {
    const { record: cluster, unchanged } = await findCluster(storage, context, clusterName);
    const record = withSettings(bare, settingsOf(bare), cluster);
    const key = podIdentityKey(cluster.clusterId, record.namespace, record.serviceAccount);
    const stored = await storage.get(key);
    if (stored !== undefined) {
      const existing = JSON.parse(stored.value) as PodIdentityAssociationRecord;
      if (!isSameCreation(existing, record)) throw podIdentityExists(clusterName, existing.associationId);
      return { association: shownAssociation(context, clusterName, existing) };
    }
    const role = await requirePodRole(storage, context, record.roleArn, clusterName);
    const { expect, changes } = creationOf(cluster, record);
    return await quota.within(podIdentityPrefix(cluster.clusterId), () =>
      context.commit(
        { expect: [unchanged, role, ...expect], changes },
        { association: shownAssociation(context, clusterName, record) },
      ),
    );
  }
}

/** COMPAT: as for access entries, the same wish with the same token is answered with what it made (A14). */
function isSameCreation(
  existing: PodIdentityAssociationRecord,
  wanted: PodIdentityAssociationRecord,
): boolean {
  return (
    wanted.clientRequestToken !== undefined &&
    existing.clientRequestToken === wanted.clientRequestToken &&
    isDeepStrictEqual(settingsOf(existing), settingsOf(wanted)) &&
    isDeepStrictEqual({ ...existing.tags }, { ...wanted.tags })
  );
}
