import type { Principal } from '../engine/iam/principal.ts';
import { isMatcherArn } from '../engine/identity/entries.ts';
import type { MatchedRoleRecord } from '../storage/records/connections.ts';
import { accessEntryKey, matchedRoleKey, matchedRolesPrefix } from '../storage/records/keys.ts';
import type { Storage } from '../storage/storage.ts';
import { parseObject } from './json.ts';

/** Writes down which roles came in by a matcher entry: what `entryway entry show` shows beside the roles of this server. */
export interface MatchedRoles {
  /** Returns at once; what cannot be written is tried again at the role's next login. `now` is epoch milliseconds. */
  seen(clusterId: string, entryArn: string, principal: Principal, now: number): void;
  close(): void;
}

export interface MatchedRolesOptions {
  readonly storage: Pick<Storage, 'getMany' | 'count' | 'commit' | 'watch'>;
  readonly log?: { warn(fields: Readonly<Record<string, string>>, message: string): void };
  /** Roles of one entry that are written down; later ones come in all the same. */
  readonly mostPerEntry?: number;
}

/** Roles that need no look at the store; forgotten all together when there are more. */
const mostRemembered = 10_000;
/** Writes at a time: what comes in beside them is written at its next login. */
const mostPending = 32;
const entriesPrefix = 'access-entry/';

export function createMatchedRoles(options: MatchedRolesOptions): MatchedRoles {
  const { storage, log, mostPerEntry = 1000 } = options;
  const remembered = new Set<string>();
  let pending = 0;
  // The records go with their entry; one that is made anew under its ARN begins without any.
  const watch = storage.watch({ prefix: entriesPrefix }, (changes) => {
    if (changes.some(({ key, value }) => value === undefined && isMatcherArn(key))) remembered.clear();
  });

  const write = async (clusterId: string, entryArn: string, role: MatchedRoleRecord): Promise<void> => {
    const entryKey = accessEntryKey(clusterId, entryArn);
    const key = matchedRoleKey(clusterId, entryArn, role.principalId);
    const [entry, known] = await storage.getMany([entryKey, key]);
    if (entry === undefined) return;
    // A record that is older than the entry is of one that was there before.
    const since = parseObject(entry.value)?.createdAt;
    const seenAt = known && parseObject(known.value)?.seenAt;
    if (typeof since !== 'number' || (typeof seenAt === 'number' && seenAt >= since)) return;
    const isFull = (await storage.count(matchedRolesPrefix(clusterId, entryArn))) >= mostPerEntry;
    if (known === undefined && isFull) return;
    await storage.commit({
      expect: [
        { key: entryKey, revision: entry.revision },
        { key, revision: known?.revision ?? 0 },
      ],
      changes: [{ type: 'put', key, value: JSON.stringify(role) }],
    });
  };

  return {
    seen(clusterId, entryArn, { principalArn, principalId }, now) {
      if (!isMatcherArn(entryArn)) return;
      const name = `${clusterId}/${entryArn}/${principalId}`;
      if (remembered.has(name) || pending >= mostPending) return;
      if (remembered.size >= mostRemembered) remembered.clear();
      remembered.add(name);
      pending += 1;
      write(clusterId, entryArn, { principalArn, principalId, seenAt: now })
        .catch((error: unknown) => {
          remembered.delete(name);
          const cause = error instanceof Error ? error.message : String(error);
          log?.warn({ entryArn, cause }, 'a role that came in by a matcher could not be written down');
        })
        .finally(() => {
          pending -= 1;
        });
    },
    close: () => watch.close(),
  };
}
