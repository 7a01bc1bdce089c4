import type { AwsAuth } from '../engine/identity/awsauth.ts';
import type { AwsAuthGoodRecord } from '../storage/records/connections.ts';
import type { Revision } from '../storage/storage.ts';
import { type AwsAuthKey, awsAuthKeys, type ParsedAwsAuth, parseAwsAuth } from './awsauth.ts';
import type { AwsAuthKeyState, AwsAuthMode, AwsAuthState } from './awsauthstate.ts';
import type { JsonObject } from './json.ts';

/** The data of the ConfigMap; undefined where there is none, `unreadable` where its object cannot be read. */
export type AwsAuthData = JsonObject | undefined | 'unreadable';

/** The ConfigMap as it is stored. */
export interface SeenAwsAuth {
  readonly data: AwsAuthData;
  /** Another one stands for another ConfigMap; undefined where the object does not say. */
  readonly uid?: string | undefined;
  /** Of the store, when it was written or went away. */
  readonly revision: Revision;
}

/** Decides what is served of one cluster's aws-auth when it changes. */
export interface AwsAuthKeeper {
  /**
   * What the last process kept; to be told before the first `take`. It counts only when that `take` is of the very
   * writing it was decided on.
   */
  restore(kept: AwsAuthGoodRecord): void;
  take(object: SeenAwsAuth): TakenAwsAuth;
  /** What `take` would serve, without taking it. */
  preview(data: AwsAuthData): AwsAuth;
  state(): AwsAuthState;
}

export interface TakenAwsAuth {
  readonly awsAuth: AwsAuth;
  /** What must be kept for the next process; undefined: nothing. Always undefined in mode `compatible`. */
  readonly keep: AwsAuthGoodRecord | undefined;
}

/** A text that was good, and what it says. */
interface GoodKey {
  readonly text: string;
  readonly items: AwsAuth;
}

export function createAwsAuthKeeper(mode: AwsAuthMode): AwsAuthKeeper {
  let good: ReadonlyMap<AwsAuthKey, GoodKey> = new Map();
  /** Of the ConfigMap that `good` comes from. */
  let uid: string | undefined;
  let restored: AwsAuthGoodRecord | undefined;
  let keys: readonly AwsAuthKeyState[] = awsAuthKeys.map((key) => ({ key, status: 'absent', errors: [] }));

  const takeCompatible = ({ data }: SeenAwsAuth): TakenAwsAuth => {
    const parsed = parse(data);
    keys = awsAuthKeys.map((key) => {
      const { isAbsent, errors } = parsed.keys[key];
      if (errors.length === 0) return { key, status: isAbsent ? 'absent' : 'good', errors };
      return { key, status: itemsOf(parsed.awsAuth, key).length > 0 ? 'partlyDropped' : 'dropped', errors };
    });
    return { awsAuth: parsed.awsAuth, keep: undefined };
  };

  /**
   * SECURITY: a key that is taken away is taken away, as is the whole ConfigMap, also when another one stands in its place
   * by now: somebody revoked what it gave. Only a text that is there and is bad leaves the last good one in force.
   */
  const takeStrict = (object: SeenAwsAuth): TakenAwsAuth => {
    const parsed = parse(object.data);
    const last = lastGood(object);
    const next = new Map<AwsAuthKey, GoodKey>();
    keys = awsAuthKeys.map((key) => {
      const { isAbsent, errors } = parsed.keys[key];
      const text = errors.length > 0 || isAbsent ? undefined : textUnder(object.data, key);
      const now = text !== undefined ? { text, items: parsed.awsAuth } : isAbsent ? undefined : last.get(key);
      if (now !== undefined) next.set(key, now);
      if (errors.length === 0) return { key, status: isAbsent ? 'absent' : 'good', errors };
      return { key, status: now === undefined ? 'dropped' : 'keptLastGood', errors };
    });
    good = next;
    uid = object.data === undefined ? undefined : (object.uid ?? uid);
    const texts = Object.fromEntries([...good].map(([key, { text }]) => [key, text]));
    return {
      awsAuth: {
        roles: good.get('mapRoles')?.items.roles ?? [],
        users: good.get('mapUsers')?.items.users ?? [],
        accounts: good.get('mapAccounts')?.items.accounts ?? [],
      },
      keep: good.size === 0 ? undefined : { ...texts, revision: object.revision },
    };
  };

  /** What may be served where the object has something bad. */
  const lastGood = (object: SeenAwsAuth): ReadonlyMap<AwsAuthKey, GoodKey> => {
    const kept = restored;
    restored = undefined;
    if (kept === undefined) {
      const isAnother = uid !== undefined && object.uid !== undefined && object.uid !== uid;
      return isAnother ? new Map() : good;
    }
    // SECURITY: after the last thing that was kept, other good texts may have come and gone: before a crash, or while
    // the server ran in mode `compatible`. What they took away must not come back, even beside the very same bad text,
    // so the kept texts count for the one writing that they were kept beside.
    if (kept.revision !== object.revision) return new Map();
    const parsed = parseAwsAuth({ ...kept });
    return new Map(
      awsAuthKeys.flatMap((key) => {
        const text = kept[key];
        // What an older version of this server took for good may be bad now.
        const isGood = text !== undefined && parsed.keys[key].errors.length === 0;
        return isGood ? [[key, { text, items: parsed.awsAuth }] as const] : [];
      }),
    );
  };

  const take = mode === 'strict' ? takeStrict : takeCompatible;
  return {
    restore(kept) {
      restored = kept;
    },
    take,
    preview(data) {
      const before = { good, uid, restored, keys };
      const { awsAuth } = take({ data, uid, revision: 0 });
      ({ good, uid, restored, keys } = before);
      return awsAuth;
    },
    state: () => ({ mode, keys }),
  };
}

function parse(data: AwsAuthData): ParsedAwsAuth {
  if (data !== 'unreadable') return parseAwsAuth(data ?? {});
  const bad = { isAbsent: false, errors: ['the ConfigMap cannot be read'] };
  return {
    awsAuth: { roles: [], users: [], accounts: [] },
    errors: bad.errors,
    keys: { mapRoles: bad, mapUsers: bad, mapAccounts: bad },
  };
}

function itemsOf({ roles, users, accounts }: AwsAuth, key: AwsAuthKey): readonly unknown[] {
  switch (key) {
    case 'mapRoles':
      return roles;
    case 'mapUsers':
      return users;
    case 'mapAccounts':
      return accounts;
    default:
      return key satisfies never;
  }
}

function textUnder(data: AwsAuthData, key: AwsAuthKey): string | undefined {
  const value = typeof data === 'object' && Object.hasOwn(data, key) ? data[key] : undefined;
  return typeof value === 'string' ? value : undefined;
}
