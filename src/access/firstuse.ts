import { parsePrincipalArn } from '../engine/arn/principalarn.ts';
import type { Principal } from '../engine/iam/principal.ts';
import { comparableArn } from '../engine/identity/entries.ts';
import { canonicalArnOf } from '../engine/identity/userinfo.ts';
import type { AccessEntryRecord } from '../storage/records/eks.ts';
import { accessEntryKey } from '../storage/records/keys.ts';
import { type Put, RevisionConflictError, type Storage } from '../storage/storage.ts';
import { parseObject } from './json.ts';
import type { Pins } from './pins.ts';

/** An entry that was just tied to its principal. */
export interface Pinned {
  readonly clusterId: string;
  readonly entry: AccessEntryRecord;
  readonly principal: Principal;
  /** Epoch milliseconds. */
  readonly now: number;
}

export interface FirstUsePinsOptions {
  readonly storage: Pick<Storage, 'get' | 'commit'>;
  /** What is stored together with the pin: its record in the trail. */
  readonly alongside?: (pinned: Pinned) => readonly Put[];
  readonly log: { info(fields: Readonly<Record<string, string>>, message: string): void };
}

const maximumAttempts = 20;

/**
 * Pins entries that wait (`pinnedBy: 'firstUse'`) to the first principal that AWS reports under their ARN.
 *
 * SECURITY: the store is what counts, not the picture that brought the caller here. The entry must still be there and
 * wait, be of exactly this kind of principal, and not be a matcher, which is of nobody in particular.
 * COMPAT: STS never tells a role's path, so that the path of a waiting entry cannot be checked; names of roles are
 * unique in an account.
 */
export function createFirstUsePins({ storage, alongside, log }: FirstUsePinsOptions): Pins {
  const attempt = async (
    clusterId: string,
    principalArn: string,
    principal: Principal,
    now: number,
  ): Promise<boolean> => {
    const key = accessEntryKey(clusterId, principalArn);
    const stored = await storage.get(key);
    if (stored === undefined) return false;
    const record = parseObject(stored.value) as AccessEntryRecord | undefined;
    if (record === undefined || record.principalArn !== principalArn) return false;
    if (!fits(principalArn, principal)) return false;
    // Somebody was first; perhaps another request of the same principal.
    if (record.principalId !== '') return record.principalId === principal.principalId;
    if (record.pinnedBy !== 'firstUse' || record.pinnedAt !== undefined) return false;
    const entry: AccessEntryRecord = { ...record, principalId: principal.principalId, pinnedAt: now };
    await storage.commit({
      expect: [{ key, revision: stored.revision }],
      changes: [
        { type: 'put', key, value: JSON.stringify(entry) },
        ...(alongside?.({ clusterId, entry, principal, now }) ?? []),
      ],
    });
    const { principalId, accessKeyId, arn } = principal;
    log.info(
      { clusterId, cluster: record.clusterName, principalArn, principalId, arn, accessKeyId },
      'an access entry is pinned to the first principal that used it',
    );
    return true;
  };

  return {
    async pin(clusterId, principalArn, principal, now) {
      for (let count = 1; ; count++) {
        try {
          return await attempt(clusterId, principalArn, principal, now);
        } catch (error) {
          if (!(error instanceof RevisionConflictError) || count === maximumAttempts) throw error;
        }
      }
    },
  };
}

function fits(principalArn: string, principal: Principal): boolean {
  const named = parsePrincipalArn(principalArn);
  // A matcher's ARN names nobody: no name of IAM has a `*`.
  if (named === undefined) return false;
  const isOfKind =
    (named.kind === 'role' && principal.kind === 'assumedRole') ||
    (named.kind === 'user' && principal.kind === 'user');
  // An empty id would leave the entry waiting, for anybody.
  if (!isOfKind || principal.principalId === '') return false;
  const wanted = comparableArn(principalArn);
  return wanted !== undefined && wanted === comparableArn(canonicalArnOf(principal));
}
