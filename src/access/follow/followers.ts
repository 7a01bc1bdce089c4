import type { ClusterConnectionRecord, ClusterCredential } from '../../storage/records/connections.ts';
import type { ClusterRecord } from '../../storage/records/eks.ts';
import {
  allClustersPrefix,
  clusterConnectionKey,
  clusterConnectionsPrefix,
  objectsPrefix,
} from '../../storage/records/keys.ts';
import { type Revision, RevisionConflictError, type Storage } from '../../storage/storage.ts';
import { asText, parseObject } from '../json.ts';
import { parseClusterRecord } from '../records.ts';
import { connectClusterApi } from './clientnode.ts';
import { type ClusterAddress, type ClusterApi, ClusterApiError } from './clusterapi.ts';
import {
  type ConnectionProbe,
  type ConnectionState,
  type Follower,
  type FollowerLog,
  type FollowerTuning,
  startFollower,
} from './follower.ts';

/** The connected clusters that this server follows. */
export interface ClusterFollowers {
  /** Begins. Until then, and for clusters without a connection, nothing is known of any. */
  start(): void;
  /** Undefined for a cluster that is not followed. */
  state(clusterId: string): ConnectionState | undefined;
  /** Rejects with `ClusterApiError`; undefined for a cluster that is not followed. */
  probe(clusterId: string, signal: AbortSignal): Promise<ConnectionProbe | undefined>;
  states(): Iterable<ConnectionState>;
  close(): Promise<void>;
}

export interface ClusterFollowersOptions extends FollowerTuning {
  readonly storage: Storage;
  /** Undefined when it was not sealed by this server for this cluster. */
  readonly openCredential: (clusterId: string, sealed: string) => ClusterCredential | undefined;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly random: () => number;
  readonly log: FollowerLog;
  readonly connect?: (address: ClusterAddress) => Promise<ClusterApi>;
}

interface Connection {
  readonly revision: Revision;
  readonly record: ClusterConnectionRecord | undefined;
}

interface Followed {
  readonly revision: Revision;
  readonly follower: Follower;
}

const pageSize = 500;

/**
 * Follows every connected cluster that has a connection, as connections and clusters come and go in the store: a changed
 * connection (a rotated credential) is a new beginning with what was mirrored still there, and a connection that is gone
 * takes what was mirrored along.
 *
 * SECURITY: what a cluster's API says decides who gets in there, and only there. Objects of built-in clusters are never
 * touched: whoever has no record of kind `connected` is neither followed nor emptied.
 */
export function createClusterFollowers(options: ClusterFollowersOptions): ClusterFollowers {
  const { storage, log, connect = connectClusterApi } = options;
  const clusterIds = new Map<string, string>();
  const clusters = new Map<string, ClusterRecord>();
  const connections = new Map<string, Connection>();
  const followers = new Map<string, Followed>();
  /** One step after another for each cluster. */
  const steps = new Map<string, Promise<void>>();
  let isClosed = false;

  const startOne = ({ clusterId, name }: ClusterRecord, { revision, record }: Connection): Follower =>
    startFollower({
      ...options,
      clusterId,
      clusterName: name,
      revision,
      connect: async () => {
        const credential = record && options.openCredential(clusterId, record.sealedCredential);
        if (record === undefined || credential === undefined) {
          throw new ClusterApiError('unauthorized', 'the stored credential cannot be opened; connect again');
        }
        return connect({ ...record, credential });
      },
    });

  const settle = async (clusterId: string): Promise<void> => {
    const isConnected = (): boolean => !isClosed && clusters.get(clusterId)?.kind === 'connected';
    const running = followers.get(clusterId);
    if (
      running !== undefined &&
      (!isConnected() || connections.get(clusterId)?.revision !== running.revision)
    ) {
      followers.delete(clusterId);
      await running.follower.stop();
    }
    // As it is after the wait; what changes later comes with a step of its own.
    const cluster = clusters.get(clusterId);
    const connection = connections.get(clusterId);
    if (cluster === undefined || !isConnected()) return;
    if (connection === undefined) await forget(storage, clusterId);
    else if (!followers.has(clusterId)) {
      followers.set(clusterId, { revision: connection.revision, follower: startOne(cluster, connection) });
    }
  };
  const step = (clusterId: string): void => {
    const next = (steps.get(clusterId) ?? Promise.resolve())
      .then(() => settle(clusterId))
      .catch((error: unknown) => {
        if (isClosed || error instanceof RevisionConflictError) return;
        log.warn({ clusterId, reason: String(error) }, 'a connected cluster could not be taken up');
      })
      .finally(() => {
        if (steps.get(clusterId) === next) steps.delete(clusterId);
      });
    steps.set(clusterId, next);
  };

  const applyCluster = (key: string, value: string | undefined): void => {
    const record = value === undefined ? undefined : parseClusterRecord(value);
    const previous = clusterIds.get(key);
    if (previous !== undefined && previous !== record?.clusterId) {
      clusterIds.delete(key);
      clusters.delete(previous);
      step(previous);
    }
    if (record === undefined) return;
    const known = clusters.get(record.clusterId);
    clusterIds.set(key, record.clusterId);
    clusters.set(record.clusterId, record);
    if (known === undefined && record.kind === 'connected') step(record.clusterId);
  };
  const applyConnection = (key: string, value: string | undefined, revision: Revision): void => {
    const clusterId = key.slice(clusterConnectionsPrefix.length).split('/')[0] ?? '';
    if (key !== clusterConnectionKey(clusterId)) return;
    if (value === undefined) connections.delete(clusterId);
    else connections.set(clusterId, { revision, record: parseConnectionRecord(value) });
    step(clusterId);
  };

  const watches: { close(): void }[] = [];
  const read = async (
    prefix: string,
    apply: (key: string, value: string | undefined, revision: Revision) => void,
  ): Promise<void> => {
    let late: (() => void)[] | undefined = [];
    watches.push(
      storage.watch({ prefix }, (changes) => {
        for (const { key, value, revision } of changes) {
          const run = (): void => apply(key, value, revision);
          if (late === undefined) run();
          else late.push(run);
        }
      }),
    );
    let after: string | undefined;
    for (;;) {
      const page = await storage.list({ prefix, limit: pageSize, ...(after !== undefined && { after }) });
      for (const { key, value, revision } of page.entries) {
        apply(key, value, revision);
        after = key;
      }
      if (!page.more) break;
    }
    const waited = late;
    late = undefined;
    for (const run of waited) run();
  };

  let reading: Promise<void> = Promise.resolve();
  return {
    start() {
      // Connections first: a cluster that is known before its connection would be taken for one without.
      reading = read(clusterConnectionsPrefix, applyConnection)
        .then(() => read(allClustersPrefix, applyCluster))
        .catch((error: unknown) => {
          if (!isClosed) log.warn({ reason: String(error) }, 'connected clusters cannot be followed');
        });
    },
    state: (clusterId) => followers.get(clusterId)?.follower.state(),
    probe: async (clusterId, signal) => followers.get(clusterId)?.follower.probe(signal),
    *states() {
      for (const { follower } of followers.values()) yield follower.state();
    },
    async close() {
      isClosed = true;
      for (const watch of watches) watch.close();
      await reading;
      for (const watch of watches) watch.close();
      for (const clusterId of followers.keys()) step(clusterId);
      await Promise.all(steps.values());
    },
  };
}

/** Removes what was mirrored. A new connection ends it: what is left is then the new follower's. */
async function forget(storage: Storage, clusterId: string): Promise<void> {
  for (;;) {
    const { entries } = await storage.list({ prefix: objectsPrefix(clusterId), limit: pageSize });
    if (entries.length === 0) return;
    await storage.commit({
      expect: [{ key: clusterConnectionKey(clusterId), revision: 0 }],
      changes: entries.map(({ key }) => ({ type: 'delete', key })),
    });
  }
}

function parseConnectionRecord(text: string): ClusterConnectionRecord | undefined {
  const record = parseObject(text);
  const server = asText(record?.server);
  const certificateAuthorityData = asText(record?.certificateAuthorityData);
  const sealedCredential = asText(record?.sealedCredential);
  if (!server || !certificateAuthorityData || !sealedCredential) return undefined;
  return record as unknown as ClusterConnectionRecord;
}
