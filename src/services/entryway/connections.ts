import type { ClusterConnectionRecord } from '../../storage/records/connections.ts';
import type { ClusterRecord } from '../../storage/records/eks.ts';
import { clusterConnectionKey, objectKey } from '../../storage/records/keys.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import { findCluster, onCluster } from '../eks/lookup.ts';
import { atomically } from '../eks/retrying.ts';
import { defineOperation, type OperationContext, type Operations } from '../operation.ts';
import { type ConnectionInput, checkConnection } from './connectionrules.ts';
import type { EntrywayDeps } from './deps.ts';
import { requireConnected } from './requireconnected.ts';

interface ClusterInput {
  readonly clusterName: string;
}

/** SECURITY: never the credential, nor anything made of it. */
interface ShownConnection {
  readonly clusterName: string;
  readonly server: string;
  readonly state: string;
  readonly message?: string;
  readonly objects?: number;
  readonly lastSeenAt?: Date;
  readonly credentialExpiresAt?: Date;
  readonly savedAt: Date;
}

interface ConnectionOutput {
  readonly connection: ShownConnection;
}

/** For what the credential of a connection is sealed: it opens for no other cluster and no other use. */
export function connectionContext(clusterId: string): string {
  return `credential of the connection to cluster ${clusterId}`;
}

/**
 * Put, Describe and DeleteClusterConnection: how this server reaches a connected cluster's API, to follow its aws-auth, RBAC,
 * namespaces and service accounts (`access/follow`).
 *
 * A connection is always put whole. SECURITY: otherwise somebody who may change it but has never seen its credential could
 * have it sent to a server of their own.
 */
export function connectionOperations(
  deps: Pick<EntrywayDeps, 'storage' | 'secretBox' | 'connections'>,
): Operations {
  const { storage, secretBox } = deps;
  const onNamed = (action: string) => ({
    authorization: (input: ClusterInput, context: OperationContext) =>
      onCluster(action, storage, context, input.clusterName),
  });
  const shown = (cluster: ClusterRecord, record: ClusterConnectionRecord): ShownConnection => {
    const { state, message, objects, lastSeenAt } = deps.connections?.state(cluster.clusterId) ?? notYet;
    return {
      clusterName: cluster.name,
      server: record.server,
      state,
      ...(message !== undefined && { message }),
      ...(objects !== undefined && { objects }),
      ...(lastSeenAt !== undefined && { lastSeenAt: new Date(lastSeenAt) }),
      ...(record.credentialExpiresAt !== undefined && {
        credentialExpiresAt: new Date(record.credentialExpiresAt),
      }),
      savedAt: new Date(record.savedAt),
    };
  };

  return {
    PutClusterConnection: defineOperation<ConnectionInput, ConnectionOutput>({
      ...onNamed('entryway:PutClusterConnection'),
      async handle(input, context) {
        const { credential, ...checked } = checkConnection(input, context.now);
        return await atomically(async () => {
          const cluster = await findCluster(storage, context, input.clusterName);
          const { clusterId } = refuseBuiltIn(cluster.record);
          const record: ClusterConnectionRecord = {
            ...checked,
            sealedCredential: secretBox.seal(JSON.stringify(credential), connectionContext(clusterId)),
            savedAt: context.now,
          };
          const { objects: _objects, ...connection } = shown(cluster.record, record);
          return await context.commit(
            {
              expect: [cluster.unchanged],
              changes: [{ type: 'put', key: clusterConnectionKey(clusterId), value: JSON.stringify(record) }],
            },
            { connection: { ...connection, state: 'connecting' } },
          );
        });
      },
    }),

    DescribeClusterConnection: defineOperation<ClusterInput, ConnectionOutput>({
      ...onNamed('entryway:DescribeClusterConnection'),
      async handle({ clusterName }, context) {
        const { record } = await findCluster(storage, context, clusterName);
        const stored = await storage.get(clusterConnectionKey(refuseBuiltIn(record).clusterId));
        if (stored === undefined) throw noConnection(clusterName);
        return { connection: shown(record, JSON.parse(stored.value) as ClusterConnectionRecord) };
      },
    }),

    /**
     * What was followed goes with the connection: nobody would ever correct it. aws-auth goes in the same commit, so that
     * nobody gets in by it when the answer leaves; the rest within moments.
     */
    DeleteClusterConnection: defineOperation<ClusterInput, object>({
      ...onNamed('entryway:DeleteClusterConnection'),
      handle: ({ clusterName }, context) =>
        atomically(async () => {
          const { record } = await findCluster(storage, context, clusterName);
          const { clusterId } = refuseBuiltIn(record);
          const key = clusterConnectionKey(clusterId);
          const stored = await storage.get(key);
          if (stored === undefined) throw noConnection(clusterName);
          return await context.commit(
            {
              expect: [{ key, revision: stored.revision }],
              changes: [
                { type: 'delete', key },
                { type: 'delete', key: objectKey(clusterId, '', 'configmaps', 'kube-system', 'aws-auth') },
              ],
            },
            {},
          );
        }),
    }),
  };
}

/** What is known before the follower has begun. */
const notYet = {
  state: 'connecting',
  message: undefined,
  objects: undefined,
  lastSeenAt: undefined,
} as const;

/** SECURITY: the objects of a built-in cluster are its users', and never another API's. */
const refuseBuiltIn = (cluster: ClusterRecord): ClusterRecord =>
  requireConnected(cluster, 'have a connection');

function noConnection(clusterName: string): AwsError {
  return new AwsError('ResourceNotFoundException', `Cluster ${clusterName} has no connection`);
}
