import type { WebhookCredentialRecord } from '../../storage/records/connections.ts';
import { allWebhookCredentialsPrefix, webhookCredentialKey } from '../../storage/records/keys.ts';
import type { Storage } from '../../storage/storage.ts';
import type { CallerCredential, CallerCredentials } from '../../webhooks/callers.ts';

/** Takes what had to be skipped; never stored values. */
interface IndexLog {
  warn(fields: Readonly<Record<string, string>>, message: string): void;
}

export interface CredentialIndex extends CallerCredentials {
  lastUsedAt(serialNumber: string): number | undefined;
  close(): void;
}

/**
 * The certificates of all clusters by fingerprint, as the store has them at every moment: a revocation that was
 * acknowledged is already in the answer (storage.ts, INVARIANT).
 *
 * SECURITY: a record that cannot be read lets nobody in.
 */
export async function openCredentialIndex(options: {
  readonly storage: Pick<Storage, 'list' | 'watch'>;
  readonly log: IndexLog;
}): Promise<CredentialIndex> {
  const { storage, log } = options;
  const byFingerprint = new Map<string, CallerCredential>();
  const credentialByKey = new Map<string, CallerCredential>();
  /** Since the start only: writing each use down would cost more than it tells. */
  const used = new Map<string, number>();

  const apply = (key: string, value: string | undefined): void => {
    const before = credentialByKey.get(key);
    if (before !== undefined) {
      byFingerprint.delete(before.fingerprint);
      credentialByKey.delete(key);
    }
    if (value === undefined) {
      if (before !== undefined) used.delete(before.serialNumber);
      return;
    }
    const record = parseCredential(key, value);
    if (record === undefined) {
      log.warn({ key }, 'skipped a certificate of a webhook caller that cannot be read');
      return;
    }
    byFingerprint.set(record.fingerprint, record);
    credentialByKey.set(key, record);
  };

  // Changes that come in while the store is read are whole values: applying them again after it does no harm.
  let late: (readonly [string, string | undefined])[] | undefined = [];
  const watch = storage.watch({ prefix: allWebhookCredentialsPrefix }, (changes) => {
    for (const { key, value } of changes) {
      if (late === undefined) apply(key, value);
      else late.push([key, value]);
    }
  });
  try {
    const { entries } = await storage.list({ prefix: allWebhookCredentialsPrefix });
    for (const { key, value } of entries) apply(key, value);
  } catch (error) {
    watch.close();
    throw error;
  }
  const missed = late;
  late = undefined;
  for (const [key, value] of missed) apply(key, value);

  return {
    byFingerprint: (fingerprint) => byFingerprint.get(fingerprint),
    used: ({ serialNumber }, now) => void used.set(serialNumber, now),
    lastUsedAt: (serialNumber) => used.get(serialNumber),
    close: () => watch.close(),
  };
}

function parseCredential(key: string, value: string): CallerCredential | undefined {
  let record: Partial<Record<keyof WebhookCredentialRecord, unknown>> | null;
  try {
    record = JSON.parse(value) as typeof record;
  } catch {
    return undefined;
  }
  const { serialNumber, clusterId, fingerprint, expiresAt, revokedAt } = record ?? {};
  const isSound =
    typeof serialNumber === 'string' &&
    typeof clusterId === 'string' &&
    typeof fingerprint === 'string' &&
    /^[0-9a-f]{64}$/.test(fingerprint) &&
    typeof expiresAt === 'number' &&
    // What was written there in another form was meant to revoke it.
    (revokedAt === undefined || typeof revokedAt === 'number') &&
    key === webhookCredentialKey(clusterId, serialNumber);
  if (!isSound) return undefined;
  return {
    serialNumber,
    clusterId,
    fingerprint,
    expiresAt,
    isRevoked: revokedAt !== undefined,
  };
}
