import { isDeepStrictEqual } from 'node:util';
import type {
  AssociateIdentityProviderConfigRequest,
  AssociateIdentityProviderConfigResponse,
  DescribeIdentityProviderConfigRequest,
  DescribeIdentityProviderConfigResponse,
  DisassociateIdentityProviderConfigRequest,
  DisassociateIdentityProviderConfigResponse,
  ListIdentityProviderConfigsRequest,
  ListIdentityProviderConfigsResponse,
  OidcIdentityProviderConfig,
} from '@aws-sdk/client-eks';
import type { IdentityProviderConfigRecord } from '../../storage/records/eks.ts';
import { clusterKey, identityProviderConfigKey } from '../../storage/records/keys.ts';
import { conditionKey, joinKeys, resourceWithKeys } from '../conditionkeys.ts';
import {
  type AuthorizationTarget,
  defineOperation,
  type OperationContext,
  type Operations,
} from '../operation.ts';
import { identityProviderConfigArn, missingProviderConfigArn } from './arns.ts';
import type { EksDeps, Given } from './deps.ts';
import { ownTagKeys, taggingKeys } from './entrykeys.ts';
import { isConfigName, readProviderWish, refuseOtherTypes } from './identityproviderrules.ts';
import { type Found, findCluster, foundRecord, onCluster } from './lookup.ts';
import { readPage } from './paging.ts';
import { invalidRequest, noSuchProviderConfig, providerConfigExists } from './refusals.ts';
import { atomically } from './retrying.ts';
import { requireTagging } from './secondchecks.ts';
import { refuseBadTags } from './tagrules.ts';
import { planUpdate, type UpdateWish } from './updaterecords.ts';

type Association = Given<AssociateIdentityProviderConfigRequest, 'clusterName' | 'oidc'>;
type Naming = Given<DescribeIdentityProviderConfigRequest, 'clusterName' | 'identityProviderConfig'>;
type Disassociation = Given<
  DisassociateIdentityProviderConfigRequest,
  'clusterName' | 'identityProviderConfig'
>;

/**
 * The one OIDC identity provider a cluster can have beside IAM (eks-access-facts K): who its tokens speak for is decided
 * by `access/idtokens`.
 */
export function identityProviderConfigOperations(deps: EksDeps): Operations {
  const { storage, random } = deps;

  return {
    AssociateIdentityProviderConfig: defineOperation<Association, AssociateIdentityProviderConfigResponse>({
      authorization: ({ clusterName, oidc, tags }, context) =>
        onCluster(
          'eks:AssociateIdentityProviderConfig',
          storage,
          context,
          clusterName,
          joinKeys(
            taggingKeys(tags),
            conditionKey('eks:issuerUrl', oidc.issuerUrl),
            conditionKey('eks:clientId', oidc.clientId),
          ),
        ),
      async handle({ clusterName, oidc, tags = {}, clientRequestToken }, context) {
        refuseBadTags(tags, 'InvalidParameterException');
        const name = oidc.identityProviderConfigName ?? '';
        await requireTagging(deps, context, missingArn(context, clusterName, name), tags);
        return await atomically(async () => {
          const { record: cluster, unchanged } = await findCluster(storage, context, clusterName);
          const wanted: IdentityProviderConfigRecord = {
            ...readProviderWish(oidc, cluster),
            arn: identityProviderConfigArn(context, clusterName, name, random.uuid()),
            tags,
            createdAt: context.now,
            ...(clientRequestToken !== undefined && { clientRequestToken }),
          };
          const planned = await planUpdate(
            deps,
            context,
            cluster.clusterId,
            updateWish('AssociateIdentityProviderConfig', name, clientRequestToken),
          );
          const { update } = planned;
          const existing = await configOf(cluster.clusterId);
          if (existing !== undefined) {
            if (planned.isRepeated && isSameAssociation(existing.record, wanted)) {
              return { update, tags: { ...existing.record.tags } };
            }
            if (existing.record.name === name) throw providerConfigExists(clusterName, name);
            throw invalidRequest(
              `Cluster ${clusterName} can have one identity provider config, and has ${existing.record.name}`,
              clusterName,
            );
          }
          // SECURITY: a late repetition of the request does not bring back what was disassociated since.
          if (planned.isRepeated) return { update, tags };
          const key = identityProviderConfigKey(cluster.clusterId);
          return context.commit(
            {
              expect: [unchanged, { key, revision: 0 }],
              changes: [{ type: 'put', key, value: JSON.stringify(wanted) }, ...planned.changes],
            },
            { update, tags },
          );
        });
      },
    }),

    DescribeIdentityProviderConfig: defineOperation<Naming, DescribeIdentityProviderConfigResponse>({
      authorization: (input, context) => onConfig('eks:DescribeIdentityProviderConfig', input, context),
      async handle({ clusterName, identityProviderConfig: { type, name = '' } }, context) {
        refuseOtherTypes(type, clusterName);
        const { record: cluster } = await findCluster(storage, context, clusterName);
        const { record } = await requireConfig(cluster.clusterId, clusterName, name);
        return { identityProviderConfig: { oidc: shownConfig(record, clusterName) } };
      },
    }),

    ListIdentityProviderConfigs: defineOperation<
      Given<ListIdentityProviderConfigsRequest, 'clusterName'>,
      ListIdentityProviderConfigsResponse
    >({
      authorization: ({ clusterName }, context) =>
        onCluster('eks:ListIdentityProviderConfigs', storage, context, clusterName),
      async handle(input, context) {
        readPage(deps.pageTokens, context, ['ListIdentityProviderConfigs', input.clusterName], input);
        const { record: cluster } = await findCluster(storage, context, input.clusterName);
        const config = await configOf(cluster.clusterId);
        return {
          identityProviderConfigs: config === undefined ? [] : [{ type: 'oidc', name: config.record.name }],
        };
      },
    }),

    DisassociateIdentityProviderConfig: defineOperation<
      Disassociation,
      DisassociateIdentityProviderConfigResponse
    >({
      authorization: (input, context) => onConfig('eks:DisassociateIdentityProviderConfig', input, context),
      async handle({ clusterName, identityProviderConfig, clientRequestToken }, context) {
        const { type, name = '' } = identityProviderConfig;
        refuseOtherTypes(type, clusterName);
        return await atomically(async () => {
          const { record: cluster, unchanged } = await findCluster(storage, context, clusterName);
          const wish = updateWish('DisassociateIdentityProviderConfig', name, clientRequestToken);
          const planned = await planUpdate(deps, context, cluster.clusterId, wish);
          const { update } = planned;
          if (planned.isRepeated) return { update };
          const config = await requireConfig(cluster.clusterId, clusterName, name);
          return context.commit(
            {
              expect: [unchanged, config.unchanged],
              changes: [{ type: 'delete', key: config.key }, ...planned.changes],
            },
            { update },
          );
        });
      },
    }),
  };

  async function configOf(clusterId: string): Promise<Found<IdentityProviderConfigRecord> | undefined> {
    const stored = await storage.get(identityProviderConfigKey(clusterId));
    return stored && foundRecord<IdentityProviderConfigRecord>(stored);
  }

  async function requireConfig(
    clusterId: string,
    clusterName: string,
    name: string,
  ): Promise<Found<IdentityProviderConfigRecord>> {
    const config = await configOf(clusterId);
    if (config?.record.name !== name) throw noSuchProviderConfig(clusterName, name);
    return config;
  }

  /** Authorization on the config's own ARN, which only the store knows. */
  async function onConfig(
    action: string,
    { clusterName, identityProviderConfig: { name = '' } }: Naming,
    context: OperationContext,
  ): Promise<AuthorizationTarget> {
    const cluster = await storage.get(clusterKey(context.caller.accountId, context.region, clusterName));
    const config = cluster && (await configOf(foundRecord<{ clusterId: string }>(cluster).record.clusterId));
    const resource =
      config?.record.name === name
        ? resourceWithKeys(config.record.arn, ownTagKeys(config.record.tags))
        : missingArn(context, clusterName, name);
    return { action, resources: [resource] };
  }
}

/** SECURITY: a name that none can have must not spell the ARN of another config. */
function missingArn(context: OperationContext, clusterName: string, name: string): string {
  return missingProviderConfigArn(context, clusterName, isConfigName(name) ? name : '-');
}

function updateWish(
  type: 'AssociateIdentityProviderConfig' | 'DisassociateIdentityProviderConfig',
  name: string,
  clientRequestToken: string | undefined,
): UpdateWish {
  // COMPAT: the documentation's examples answer the value as the JSON text of a list.
  const value = JSON.stringify([{ type: 'oidc', name }]);
  return { type, params: [{ type: 'IdentityProviderConfig', value }], clientRequestToken };
}

/** A retry of the request that made it, told by its token (A14). */
function isSameAssociation(
  existing: IdentityProviderConfigRecord,
  wanted: IdentityProviderConfigRecord,
): boolean {
  const compared = ({ arn: _arn, createdAt: _at, ...rest }: IdentityProviderConfigRecord): object => rest;
  return (
    wanted.clientRequestToken !== undefined &&
    isDeepStrictEqual(
      JSON.parse(JSON.stringify(compared(existing))),
      JSON.parse(JSON.stringify(compared(wanted))),
    )
  );
}

/** COMPAT: ACTIVE from the first answer on, and gone when it is disassociated; on AWS both take minutes. */
function shownConfig(record: IdentityProviderConfigRecord, clusterName: string): OidcIdentityProviderConfig {
  return {
    identityProviderConfigName: record.name,
    identityProviderConfigArn: record.arn,
    clusterName,
    issuerUrl: record.issuerUrl,
    clientId: record.clientId,
    usernameClaim: record.usernameClaim,
    usernamePrefix: record.usernamePrefix,
    groupsClaim: record.groupsClaim,
    groupsPrefix: record.groupsPrefix,
    requiredClaims: { ...record.requiredClaims },
    tags: { ...record.tags },
    status: 'ACTIVE',
  };
}
