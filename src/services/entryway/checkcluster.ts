import type { ClusterConnectionRecord, WebhookCredentialRecord } from '../../storage/records/connections.ts';
import type {
  AccessEntryRecord,
  ClusterRecord,
  IdentityProviderConfigRecord,
} from '../../storage/records/eks.ts';
import {
  accessEntriesPrefix,
  clusterConnectionKey,
  identityProviderConfigKey,
  webhookCredentialsPrefix,
} from '../../storage/records/keys.ts';
import type { StorageReader } from '../../storage/storage.ts';
import { findCluster, onCluster } from '../eks/lookup.ts';
import { defineOperation, type Operations } from '../operation.ts';
import {
  agoOf,
  awsAuthFindings,
  type ClusterFinding,
  clusterFindings,
  credentialFindings,
  dayOf,
  entryFindings,
  finding,
  identityProviderFindings,
} from './clusterfindings.ts';
import type { ConnectionFollowing, EntrywayDeps } from './deps.ts';

interface CheckInput {
  readonly clusterName: string;
}

interface CheckOutput {
  readonly clusterName: string;
  readonly kind: ClusterRecord['kind'];
  readonly serverTime: Date;
  readonly findings: readonly ClusterFinding[];
}

const pageSize = 500;
const probeDeadline = 10_000;
/** A token is good for 15 minutes from the time it names; within this, clocks are as clocks are. */
const usualDifference = 30_000;
const worstDifference = 5 * 60_000;
const week = 7 * 24 * 60 * 60 * 1000;

/** CheckCluster: what this server can say of a cluster by itself; `entryway doctor` tells it, beside what it tries. */
export function checkClusterOperations(
  deps: Pick<EntrywayDeps, 'storage' | 'connections' | 'webhooks' | 'awsAuthOf' | 'stsAccounts'>,
): Operations {
  const { storage, connections, webhooks } = deps;
  return {
    CheckCluster: defineOperation<CheckInput, CheckOutput>({
      authorization: ({ clusterName }, context) =>
        onCluster('entryway:CheckCluster', storage, context, clusterName),
      async handle({ clusterName }, context) {
        const { now } = context;
        const { record } = await findCluster(storage, context, clusterName);
        const { clusterId, kind } = record;
        const isConnected = kind === 'connected';
        const [connection, provider] = await storage.getMany([
          clusterConnectionKey(clusterId),
          identityProviderConfigKey(clusterId),
        ]);
        const credentials = isConnected ? await read(storage, webhookCredentialsPrefix(clusterId)) : [];
        const entries = await read(storage, accessEntriesPrefix(clusterId));
        const config = provider && (JSON.parse(provider.value) as IdentityProviderConfigRecord);
        const findings = [
          ...clusterFindings(record),
          ...(isConnected
            ? credentialFindings(clusterName, credentials as WebhookCredentialRecord[], webhooks, now)
            : []),
          ...(connection === undefined || !isConnected
            ? []
            : await connectionFindings(
                clusterId,
                JSON.parse(connection.value) as ClusterConnectionRecord,
                connections,
                now,
              )),
          ...awsAuthFindings(record, deps.awsAuthOf?.(clusterId), connection !== undefined),
          ...entryFindings(record, entries as AccessEntryRecord[], deps.stsAccounts, now),
          ...identityProviderFindings(config),
        ];
        return { clusterName, kind, serverTime: new Date(now), findings };
      },
    }),
  };
}

async function read(storage: Pick<StorageReader, 'list'>, prefix: string): Promise<readonly unknown[]> {
  const records: unknown[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await storage.list({ prefix, limit: pageSize, ...(after !== undefined && { after }) });
    for (const { key, value } of page.entries) {
      records.push(JSON.parse(value));
      after = key;
    }
    if (!page.more) return records;
  }
}

async function connectionFindings(
  clusterId: string,
  { credentialExpiresAt }: ClusterConnectionRecord,
  connections: ConnectionFollowing | undefined,
  now: number,
): Promise<readonly ClusterFinding[]> {
  const state = connections?.state(clusterId);
  const findings: ClusterFinding[] = [];
  if (state !== undefined) findings.push(stateFinding(state, now));
  if (credentialExpiresAt !== undefined) {
    const again = 'connect again with a new one: `entryway cluster connect`';
    const ends = `the credential of the connection ends on ${dayOf(credentialExpiresAt)}`;
    if (credentialExpiresAt <= now) {
      const ended = `the credential of the connection ended on ${dayOf(credentialExpiresAt)}`;
      findings.push(finding('error', 'connectionCredential', ended, again));
    } else {
      const isSoon = credentialExpiresAt - now < week;
      findings.push(
        finding(isSoon ? 'warning' : 'ok', 'connectionCredential', ends, isSoon ? again : undefined),
      );
    }
  }
  try {
    const probe = await connections?.probe(clusterId, AbortSignal.timeout(probeDeadline));
    if (probe === undefined) return findings;
    const version = probe.version === '' ? 'an API of no known version' : `Kubernetes ${probe.version}`;
    const milliseconds = Math.max(1, Math.round(probe.latencyMilliseconds));
    findings.push(finding('ok', 'api', `${version} answers within ${milliseconds} ms`));
    if (probe.clockDifference !== undefined) findings.push(clockFinding(probe.clockDifference));
  } catch (error) {
    const message = error instanceof Error ? error.message : 'the API cannot be reached';
    findings.push(
      finding('error', 'api', message, 'look at the address, the firewall between, and the credential'),
    );
  }
  return findings;
}

function stateFinding(
  { state, message, objects, lastSeenAt }: NonNullable<ReturnType<ConnectionFollowing['state']>>,
  now: number,
): ClusterFinding {
  const seen = lastSeenAt === undefined ? 'never since this server started' : agoOf(lastSeenAt, now);
  const why = message === undefined ? '' : `: ${message}`;
  switch (state) {
    case 'following':
      return finding(
        'ok',
        'connection',
        `the cluster is followed: ${objects} objects, last heard of ${seen}`,
      );
    case 'connecting':
      return finding('info', 'connection', 'the connection is being made');
    case 'degraded':
      return finding('warning', 'connection', `some of the cluster is not followed${why}`, manifest);
    default:
      return finding(
        'error',
        'connection',
        `the cluster is not followed, what was seen last counts; last heard of ${seen}${why}`,
        manifest,
      );
  }
}

const manifest = 'what the credential needs is printed by `entryway cluster manifest`';

function clockFinding(difference: number): ClusterFinding {
  // The header has whole seconds.
  const off = Math.max(0, Math.abs(difference) - 1000);
  if (off <= usualDifference)
    return finding('ok', 'apiClock', "the API server's clock is that of this server");
  const where = difference > 0 ? 'ahead of' : 'behind';
  return finding(
    off > worstDifference ? 'error' : 'warning',
    'apiClock',
    `the API server's clock is ${Math.round(off / 1000)} s ${where} this server's`,
    'set both by NTP: tokens name the time they were made at',
  );
}
