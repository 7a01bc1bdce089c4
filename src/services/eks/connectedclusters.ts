import { isDeepStrictEqual } from 'node:util';
import type {
  ConnectorConfigProvider,
  DeregisterClusterRequest,
  DeregisterClusterResponse,
  RegisterClusterRequest,
  RegisterClusterResponse,
} from '@aws-sdk/client-eks';
import type { ClusterRecord, ConnectorRecord } from '../../storage/records/eks.ts';
import { clusterKey, clustersPrefix } from '../../storage/records/keys.ts';
import type { Batch } from '../../storage/storage.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import { defineOperation, type OperationContext, type Operations } from '../operation.ts';
import type { Quota } from '../quota.ts';
import { clusterArn } from './arns.ts';
import { registeredCluster, shownConnectedCluster } from './clusteranswer.ts';
import { endCluster } from './clusterdeletion.ts';
import { refuseBadClusterName } from './clusterrules.ts';
import type { EksDeps, Given } from './deps.ts';
import { taggingKeys } from './entrykeys.ts';
import { onCluster } from './lookup.ts';
import { refuseUnpassableRole } from './passedrole.ts';
import { clusterExists, invalidParameter } from './refusals.ts';
import { atomically } from './retrying.ts';
import { requirePassRole, requireTagging } from './secondchecks.ts';
import { refuseBadTags } from './tagrules.ts';

type Registration = Given<RegisterClusterRequest, 'name' | 'connectorConfig'>;
/** A record that RegisterCluster makes. */
type ConnectedRecord = ClusterRecord & { readonly connector: ConnectorRecord };

const providers: readonly ConnectorConfigProvider[] = [
  'EKS_ANYWHERE',
  'ANTHOS',
  'GKE',
  'AKS',
  'OPENSHIFT',
  'TANZU',
  'RANCHER',
  'EC2',
  'OTHER',
];

/** EKS gives three days to apply the agent's manifest. COMPAT: nothing ends here when they are over. */
const activationLifetime = 3 * 24 * 60 * 60 * 1000;

/** Register and DeregisterCluster. All else works on a connected cluster as on a built-in one. */
export function connectedClusterOperations(deps: EksDeps, quota: Quota): Operations {
  const { storage, random } = deps;

  return {
    RegisterCluster: defineOperation<Registration, RegisterClusterResponse>({
      // COMPAT: on the ARN the cluster will have, like CreateCluster.
      authorization: (input, context) => ({
        action: 'eks:RegisterCluster',
        resources: [clusterArn(context, input.name)],
        context: taggingKeys(input.tags),
      }),
      async handle(input, context) {
        const wanted = readRegistration(input, context);
        await requireTagging(deps, context, wanted.arn, wanted.tags);
        // COMPAT: EKS has the agent's role taken on by Systems Manager, and asks for its actions as well, of which there
        // are none here.
        await requirePassRole(deps, context, wanted.connector.roleArn, wanted.arn, 'ssm.amazonaws.com');
        return await atomically(async () => {
          const key = clusterKey(context.caller.accountId, context.region, input.name);
          const existing = await storage.get(key);
          if (existing !== undefined) {
            const record = JSON.parse(existing.value) as ClusterRecord;
            if (!isSameRegistration(record, wanted)) throw clusterExists(input.name);
            return { cluster: registeredCluster(record, record.connector) };
          }
          const batch: Batch = {
            expect: [{ key, revision: 0 }],
            changes: [{ type: 'put', key, value: JSON.stringify(wanted) }],
          };
          return await quota.within(clustersPrefix(context.caller.accountId, context.region), () =>
            context.commit(batch, { cluster: registeredCluster(wanted, wanted.connector) }),
          );
        });
      },
    }),

    DeregisterCluster: defineOperation<Given<DeregisterClusterRequest, 'name'>, DeregisterClusterResponse>({
      authorization: (input, context) => onCluster('eks:DeregisterCluster', storage, context, input.name),
      handle: ({ name }, context) =>
        endCluster(storage, context, name, (record) => {
          if (record.connector === undefined) {
            // No 404: a tool that wants it gone would believe that it is.
            throw new AwsError(
              'ClientException',
              `Cluster ${name} is not a connected cluster; DeleteCluster deletes it`,
              { clusterName: name },
            );
          }
          return shownConnectedCluster(record, record.connector, 'DELETING');
        }),
    }),
  };

  /**
   * COMPAT: access entries do not exist on EKS's registered clusters. Here they hold beside the aws-auth the cluster may
   * have, and nobody gets one for registering it: its operator administers it already.
   */
  function readRegistration(input: Registration, context: OperationContext): ConnectedRecord {
    const { name, connectorConfig, clientRequestToken, tags = {} } = input;
    const { roleArn = '', provider } = connectorConfig;
    refuseBadClusterName(name);
    const known = providers.find((candidate) => candidate === provider);
    if (known === undefined) {
      throw invalidParameter(`The provider must be one of [${providers.join(', ')}]`, name);
    }
    refuseBadTags(tags, 'InvalidParameterException');
    refuseUnpassableRole(roleArn, context, name);
    return {
      clusterId: random.uuid(),
      accountId: context.caller.accountId,
      region: context.region,
      name,
      arn: clusterArn(context, name),
      createdAt: context.now,
      version: '',
      roleArn: '',
      authenticationMode: 'API_AND_CONFIG_MAP',
      bootstrapClusterCreatorAdminPermissions: false,
      tags,
      kind: 'connected',
      connector: {
        provider: known,
        roleArn,
        activationId: random.uuid(),
        activationExpiry: context.now + activationLifetime,
      },
      echoed: {},
      ...(clientRequestToken !== undefined && { clientRequestToken }),
    };
  }
}

/** A retry of the request that registered the cluster, told by its token (A14). */
function isSameRegistration(existing: ClusterRecord, wanted: ConnectedRecord): existing is ConnectedRecord {
  const { connector, tags, clientRequestToken } = wanted;
  return (
    clientRequestToken !== undefined &&
    existing.clientRequestToken === clientRequestToken &&
    existing.connector?.provider === connector.provider &&
    existing.connector.roleArn === connector.roleArn &&
    isDeepStrictEqual({ ...existing.tags }, { ...tags })
  );
}
