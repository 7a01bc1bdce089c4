import type { WebhookCredentialRecord } from '../../storage/records/connections.ts';
import { webhookCredentialKey, webhookCredentialsPrefix } from '../../storage/records/keys.ts';
import type { StorageReader } from '../../storage/storage.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import { findCluster, onCluster } from '../eks/lookup.ts';
import { invalidParameter, invalidRequest, limitExceeded } from '../eks/refusals.ts';
import { atomically } from '../eks/retrying.ts';
import { defineOperation, type Operations } from '../operation.ts';
import { requestedKey } from './certificaterequest.ts';
import type { EntrywayDeps } from './deps.ts';
import { requireConnected } from './requireconnected.ts';

const doing = 'call webhooks';

interface ClusterRequest {
  readonly clusterName: string;
}

interface IssueRequest extends ClusterRequest {
  readonly certificateRequest: string;
  readonly description?: string;
  readonly validityDays?: number;
}

interface RevokeRequest extends ClusterRequest {
  readonly serialNumber: string;
}

/** As the wire has it: times become timestamps. */
interface WebhookCredential {
  readonly serialNumber: string;
  readonly description: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt?: Date;
  readonly lastUsedAt?: Date;
}

interface IssueResponse {
  readonly credential: WebhookCredential;
  readonly certificate: string;
  readonly certificateAuthority: string;
  readonly authenticateUrl: string;
  readonly authorizeUrl: string;
  readonly podsUrl: string;
}

const day = 24 * 60 * 60 * 1000;
const defaultDays = 365;
/** As long as server certificates were at most; who wants longer would never practise rotation. */
const mostDays = 825;
const mostLive = 20;
/** What is over is kept for `list` to tell of, newest first, up to as many. */
const mostOver = 50;
const longestDescription = 256;

/**
 * Client certificates with which the API servers of connected clusters call the webhooks. Revoking takes effect at once,
 * through the store, which the listener follows.
 */
export function webhookCredentialOperations(
  deps: Pick<EntrywayDeps, 'storage' | 'random' | 'webhooks'>,
): Operations {
  const { storage, random, webhooks } = deps;
  const shown = (record: WebhookCredentialRecord): WebhookCredential =>
    shownCredential(record, webhooks?.lastUsedAt(record.serialNumber));

  return {
    IssueWebhookCredential: defineOperation<IssueRequest, IssueResponse>({
      authorization: ({ clusterName }, context) =>
        onCluster('entryway:IssueWebhookCredential', storage, context, clusterName),
      async handle(
        { clusterName, certificateRequest, description = '', validityDays = defaultDays },
        context,
      ) {
        if (webhooks === undefined) {
          throw invalidRequest(
            'this server listens for no webhooks: start it with `serve --webhook-listen HOST:PORT`',
          );
        }
        refuseBadWishes(description, validityDays);
        requireConnected((await findCluster(storage, context, clusterName)).record, doing);
        const publicKey = await requestedKey(certificateRequest);
        return await atomically(async () => {
          const { record: cluster, key, unchanged } = await findCluster(storage, context, clusterName);
          requireConnected(cluster, doing);
          const { clusterId } = cluster;
          const known = await credentialsOf(storage, clusterId);
          const { live, over } = parted(known, context.now);
          if (live.length >= mostLive) {
            throw limitExceeded(
              `cluster \`${clusterName}\` has ${mostLive} certificates already: revoke one`,
            );
          }
          const serialNumber = newSerialNumber(random.bytes(16));
          const issued = await webhooks.certify({
            publicKey,
            clusterId,
            serialNumber,
            issuedAt: context.now,
            expiresAt: context.now + validityDays * day,
          });
          const record: WebhookCredentialRecord = {
            serialNumber,
            clusterId,
            fingerprint: issued.fingerprint,
            description,
            issuedAt: context.now,
            expiresAt: issued.expiresAt,
          };
          return context.commit(
            {
              // The cluster is written as it is: of two that are issued at once, one counts the other.
              expect: [unchanged, { key: webhookCredentialKey(clusterId, serialNumber), revision: 0 }],
              changes: [
                { type: 'put', key, value: JSON.stringify(cluster) },
                {
                  type: 'put',
                  key: webhookCredentialKey(clusterId, serialNumber),
                  value: JSON.stringify(record),
                },
                ...over
                  .slice(mostOver)
                  .map(
                    (old) =>
                      ({ type: 'delete', key: webhookCredentialKey(clusterId, old.serialNumber) }) as const,
                  ),
              ],
            },
            {
              credential: shown(record),
              certificate: issued.certificatePem,
              certificateAuthority: webhooks.certificateAuthority,
              ...webhooks.urlsOf(cluster),
            },
          );
        });
      },
    }),

    ListWebhookCredentials: defineOperation<
      ClusterRequest,
      { readonly credentials: readonly WebhookCredential[] }
    >({
      authorization: ({ clusterName }, context) =>
        onCluster('entryway:ListWebhookCredentials', storage, context, clusterName),
      async handle({ clusterName }, context) {
        const { record: cluster } = await findCluster(storage, context, clusterName);
        requireConnected(cluster, doing);
        return { credentials: (await credentialsOf(storage, cluster.clusterId)).map(shown) };
      },
    }),

    RevokeWebhookCredential: defineOperation<RevokeRequest, { readonly credential: WebhookCredential }>({
      authorization: ({ clusterName }, context) =>
        onCluster('entryway:RevokeWebhookCredential', storage, context, clusterName),
      async handle({ clusterName, serialNumber }, context) {
        return await atomically(async () => {
          const { record: cluster } = await findCluster(storage, context, clusterName);
          requireConnected(cluster, doing);
          const key = webhookCredentialKey(cluster.clusterId, serialNumber.toLowerCase());
          const stored = isSerialNumber(serialNumber) ? await storage.get(key) : undefined;
          if (stored === undefined) throw noSuchCredential(serialNumber, clusterName);
          const record = JSON.parse(stored.value) as WebhookCredentialRecord;
          const revoked = { ...record, revokedAt: record.revokedAt ?? context.now };
          return context.commit(
            {
              expect: [{ key, revision: stored.revision }],
              changes: [{ type: 'put', key, value: JSON.stringify(revoked) }],
            },
            { credential: shown(revoked) },
          );
        });
      },
    }),
  };
}

function refuseBadWishes(description: string, validityDays: number): void {
  if (!Number.isInteger(validityDays) || validityDays < 1 || validityDays > mostDays) {
    throw invalidParameter(`validityDays must be a whole number from 1 to ${mostDays}`);
  }
  if (description.length > longestDescription || /\p{C}/u.test(description)) {
    throw invalidParameter(`description must be at most ${longestDescription} printable characters`);
  }
}

/** Newest first. */
async function credentialsOf(
  storage: Pick<StorageReader, 'list'>,
  clusterId: string,
): Promise<readonly WebhookCredentialRecord[]> {
  const { entries } = await storage.list({ prefix: webhookCredentialsPrefix(clusterId) });
  return entries
    .map(({ value }) => JSON.parse(value) as WebhookCredentialRecord)
    .toSorted((a, b) => b.issuedAt - a.issuedAt);
}

function parted(
  credentials: readonly WebhookCredentialRecord[],
  now: number,
): { readonly live: readonly WebhookCredentialRecord[]; readonly over: readonly WebhookCredentialRecord[] } {
  const isLive = ({ revokedAt, expiresAt }: WebhookCredentialRecord): boolean =>
    revokedAt === undefined && expiresAt > now;
  return { live: credentials.filter(isLive), over: credentials.filter((one) => !isLive(one)) };
}

/** 127 random bits, positive and without leading zeros, so that every tool spells it alike (RFC 5280 4.1.2.2). */
function newSerialNumber(bytes: Uint8Array): string {
  const first = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from([first, ...bytes.slice(1)]).toString('hex');
}

function isSerialNumber(text: string): boolean {
  return /^[0-9a-fA-F]{32}$/.test(text);
}

function noSuchCredential(serialNumber: string, clusterName: string): AwsError {
  const named = isSerialNumber(serialNumber) ? ` \`${serialNumber}\`` : ' of that serial number';
  return new AwsError('ResourceNotFoundException', `cluster \`${clusterName}\` has no certificate${named}`);
}

function shownCredential(
  { serialNumber, description, issuedAt, expiresAt, revokedAt }: WebhookCredentialRecord,
  lastUsedAt: number | undefined,
): WebhookCredential {
  return {
    serialNumber,
    description,
    issuedAt: new Date(issuedAt),
    expiresAt: new Date(expiresAt),
    ...(revokedAt !== undefined && { revokedAt: new Date(revokedAt) }),
    ...(lastUsedAt !== undefined && { lastUsedAt: new Date(lastUsedAt) }),
  };
}
