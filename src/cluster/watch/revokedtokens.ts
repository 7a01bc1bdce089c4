import { asList, asObject, asText, parseObject } from '../../access/json.ts';
import type { UserInfo } from '../../engine/authorizer/attributes.ts';
import { signingKeysPrefix } from '../../storage/records/keys.ts';
import type { Change, Storage } from '../../storage/storage.ts';
import type { WatchSlots } from './slots.ts';

/**
 * Ends the watches of service accounts whose tokens count no more because every key that signed them is gone: a watch is
 * judged when it is opened, and may then stay open for an hour. Until what it answers is called.
 */
export function endRevokedWatches(
  storage: Pick<Storage, 'watch'>,
  watches: Pick<WatchSlots, 'stopThose'>,
): () => void {
  const watch = storage.watch({ prefix: signingKeysPrefix }, (changes) => {
    for (const change of changes) {
      if (!isRevocation(change)) continue;
      const [clusterId] = change.key.slice(signingKeysPrefix.length).split('/');
      watches.stopThose((caller, of) => of === clusterId && isServiceAccount(caller));
    }
  });
  return () => watch.close();
}

/** A key that is only announced, or taken out when nobody can hold a token of it any more, leaves others in place. */
function isRevocation({ value, previous }: Change): boolean {
  const left = keyIdsOf(value);
  return previous !== undefined && !keyIdsOf(previous.value).some((keyId) => left.includes(keyId));
}

/** None in a record that cannot be read: no token is believed then. */
function keyIdsOf(value: string | undefined): readonly string[] {
  const { keys } = parseObject(value ?? '') ?? {};
  return asList(keys, (key) => asText(asObject(key)?.keyId)) ?? [];
}

function isServiceAccount({ groups }: UserInfo): boolean {
  return groups.includes('system:serviceaccounts');
}
