import { isDeepStrictEqual } from 'node:util';
import type {
  CreateClusterRequest,
  CreateClusterResponse,
  DeleteClusterRequest,
  DeleteClusterResponse,
  DescribeClusterRequest,
  DescribeClusterResponse,
  ListClustersRequest,
  ListClustersResponse,
} from '@aws-sdk/client-eks';
import type { ClusterRecord } from '../../storage/records/eks.ts';
import { issuerAt } from '../../storage/records/issuer.ts';
import { clusterKey, clustersPrefix } from '../../storage/records/keys.ts';
import type { Batch, Put } from '../../storage/storage.ts';
import { defineOperation, type OperationContext, type Operations } from '../operation.ts';
import type { Quota } from '../quota.ts';
import { clusterArn } from './arns.ts';
import { describedCluster, shownCluster } from './clusteranswer.ts';
import { endCluster } from './clusterdeletion.ts';
import { creationKeys } from './clusterkeys.ts';
import {
  echoedMembers,
  readAccessConfig,
  readVersion,
  refuseBadClusterName,
  refuseUnsupportedSettings,
} from './clusterrules.ts';
import type { EksDeps, Given } from './deps.ts';
import { creatorEntry, putEntry } from './entryrecord.ts';
import { findCluster, onCluster } from './lookup.ts';
import { pageOf, readPage } from './paging.ts';
import { refuseUnpassableRole } from './passedrole.ts';
import { principalOfCaller } from './principals.ts';
import { clusterExists, invalidParameter, invalidRequest } from './refusals.ts';
import { atomically } from './retrying.ts';
import { requirePassRole, requireTagging } from './secondchecks.ts';
import { refuseBadTags } from './tagrules.ts';

/** Create, Describe, List and DeleteCluster. */
export function clusterOperations(deps: EksDeps, quota: Quota): Operations {
  const { storage, random } = deps;

  return {
    CreateCluster: defineOperation<
      Given<CreateClusterRequest, 'name' | 'roleArn' | 'resourcesVpcConfig'>,
      CreateClusterResponse
    >({
      // COMPAT: the reference lists no resource type for it, while the user guide's policy for creating one cluster
      // names the cluster's ARN, and so do AWS's denials.
      authorization: (input, context) => ({
        action: 'eks:CreateCluster',
        resources: [clusterArn(context, input.name)],
        context: creationKeys(input),
      }),
      async handle(input, context) {
        const wanted = readCreation(input, context);
        await requireTagging(deps, context, wanted.arn, wanted.tags);
        await requirePassRole(deps, context, wanted.roleArn, wanted.arn);
        return await atomically(async () => {
          const key = clusterKey(context.caller.accountId, context.region, input.name);
          const existing = await storage.get(key);
          if (existing !== undefined) {
            const record = JSON.parse(existing.value) as ClusterRecord;
            if (isSameCreation(record, wanted)) return { cluster: shownCluster(deps, record) };
            throw clusterExists(input.name);
          }
          const batch: Batch = {
            expect: [{ key, revision: 0 }],
            changes: [
              { type: 'put', key, value: JSON.stringify(wanted) },
              ...creatorChanges(wanted, context),
              ...deps.bootstrapChanges(wanted.clusterId, context.now),
            ],
          };
          return await quota.within(clustersPrefix(context.caller.accountId, context.region), () =>
            context.commit(batch, { cluster: shownCluster(deps, wanted) }),
          );
        });
      },
    }),

    DescribeCluster: defineOperation<Given<DescribeClusterRequest, 'name'>, DescribeClusterResponse>({
      authorization: (input, context) => onCluster('eks:DescribeCluster', storage, context, input.name),
      async handle({ name }, context) {
        const { record } = await findCluster(storage, context, name);
        return { cluster: await describedCluster(deps, record, context.now) };
      },
    }),

    ListClusters: defineOperation<ListClustersRequest, ListClustersResponse>({
      authorization: (_input, context) => ({
        action: 'eks:ListClusters',
        resources: ['*'],
        resourceInMessage: clusterArn(context, '*'),
      }),
      async handle(input, context) {
        const { include = [] } = input;
        if (include.some((kind) => kind !== 'all')) {
          throw invalidParameter('The parameter include must be all, in lower case, or left out');
        }
        const bounds = readPage(deps.pageTokens, context, ['ListClusters', ...include], input);
        // All of them: there are as many as the quota allows.
        const { entries } = await storage.list({
          prefix: clustersPrefix(context.caller.accountId, context.region),
        });
        const records = entries
          .map(({ value }) => JSON.parse(value) as ClusterRecord)
          .filter(({ kind }) => kind === 'builtIn' || include.length > 0);
        const { items, nextToken } = pageOf(records, ({ name }) => name, bounds);
        return { clusters: items.map(({ name }) => name), nextToken };
      },
    }),

    DeleteCluster: defineOperation<Given<DeleteClusterRequest, 'name'>, DeleteClusterResponse>({
      authorization: (input, context) => onCluster('eks:DeleteCluster', storage, context, input.name),
      handle: ({ name }, context) =>
        endCluster(storage, context, name, (record) => {
          if (record.kind === 'connected') {
            throw invalidRequest(
              `Cluster ${name} is a connected cluster; DeregisterCluster removes it`,
              name,
            );
          }
          if (record.echoed.deletionProtection === true) {
            throw invalidRequest(`Cluster ${name} cannot be deleted while deletionProtection is on`, name);
          }
          return shownCluster(deps, record, 'DELETING');
        }),
    }),
  };

  /** D7, D8: an entry for the creator where entries count; otherwise the record names the hidden administrator. */
  function creatorChanges(cluster: ClusterRecord, context: OperationContext): readonly Put[] {
    if (cluster.authenticationMode === 'CONFIG_MAP' || !cluster.bootstrapClusterCreatorAdminPermissions) {
      return [];
    }
    const creator = principalOfCaller(context.caller);
    // COMPAT: a federated user is no principal an entry can name; such a cluster starts without a creator's entry.
    return creator === undefined
      ? []
      : [putEntry(cluster.clusterId, creatorEntry(random, context, cluster, creator))];
  }

  function readCreation(
    input: Given<CreateClusterRequest, 'name' | 'roleArn'>,
    context: OperationContext,
  ): ClusterRecord {
    const { name, roleArn, clientRequestToken } = input;
    refuseBadClusterName(name);
    const version = readVersion(input.version, name);
    const { mode, bootstrap } = readAccessConfig(input.accessConfig, name);
    refuseUnsupportedSettings(input, mode);
    const tags = input.tags ?? {};
    refuseBadTags(tags, 'InvalidParameterException');
    const echoed = echoedMembers(input);
    // COMPAT: the role need not exist. Real EKS acts with it in EC2; nothing here does, and the documentation's
    // `create-cluster` commands should work without preparing a role that is never used. What stays is what protects
    // somebody: the form, the account, and `iam:PassRole`.
    refuseUnpassableRole(roleArn, context, name);
    const clusterId = random.uuid();
    const { oidcIssuerAddress } = deps;
    return {
      clusterId,
      accountId: context.caller.accountId,
      region: context.region,
      name,
      arn: clusterArn(context, name),
      createdAt: context.now,
      version,
      roleArn,
      authenticationMode: mode,
      bootstrapClusterCreatorAdminPermissions: bootstrap,
      ...(mode === 'CONFIG_MAP' && { hiddenAdminPrincipalId: context.caller.principalId }),
      tags,
      kind: 'builtIn',
      // Stored: its tokens and the providers that IAM has for it must outlive another start of the server.
      ...(oidcIssuerAddress !== undefined && { oidcIssuer: issuerAt(oidcIssuerAddress, clusterId) }),
      echoed,
      ...(clientRequestToken !== undefined && { clientRequestToken }),
    };
  }
}

/** A retry of the request that made the cluster, told by its token (A14): answered with the cluster as it is now. */
function isSameCreation(existing: ClusterRecord, wanted: ClusterRecord): boolean {
  const compared = ({ version, roleArn, authenticationMode, tags, echoed }: ClusterRecord): unknown => ({
    version,
    roleArn,
    authenticationMode,
    tags: { ...tags },
    echoed,
  });
  return (
    wanted.clientRequestToken !== undefined &&
    existing.clientRequestToken === wanted.clientRequestToken &&
    existing.bootstrapClusterCreatorAdminPermissions === wanted.bootstrapClusterCreatorAdminPermissions &&
    isDeepStrictEqual(compared(existing), compared(wanted))
  );
}
