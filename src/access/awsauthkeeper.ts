import { createHash } from 'node:crypto';
import type { AwsAuth } from '../engine/identity/awsauth.ts';
import type { AwsAuthGoodRecord } from '../storage/records/connections.ts';
import { type AwsAuthKey, awsAuthKeys, type ParsedAwsAuth, parseAwsAuth } from './awsauth.ts';
import type { AwsAuthKeyState, AwsAuthMode, AwsAuthState } from './awsauthstate.ts';
import type { JsonObject } from './json.ts';

/** The data of the ConfigMap; undefined where there is none, `unreadable` where its object cannot be read. */
export type AwsAuthData = JsonObject | undefined | 'unreadable';

/** Decides what is served of one cluster's aws-auth when it changes. */
export interface AwsAuthKeeper {
  /**
   * What the last process kept; to be told before the first `take`. It counts only when that `take` is of the very data
   * it was decided on.
   */
  restore(kept: AwsAuthGoodRecord): void;
  take(data: AwsAuthData): TakenAwsAuth;
  state(): AwsAuthState;
}

export interface TakenAwsAuth {
  readonly awsAuth: AwsAuth;
  /** What must be kept for the next process; undefined: nothing. Always undefined in mode `compatible`. */
  readonly keep: AwsAuthGoodRecord | undefined;
}

type Texts = { readonly [Key in AwsAuthKey]?: string };

export function createAwsAuthKeeper(mode: AwsAuthMode): AwsAuthKeeper {
  let good: Texts = {};
  let restored: AwsAuthGoodRecord | undefined;
  let keys: readonly AwsAuthKeyState[] = awsAuthKeys.map((key) => ({ key, status: 'absent', errors: [] }));

  const takeCompatible = (data: AwsAuthData): TakenAwsAuth => {
    const parsed = parse(data);
    keys = awsAuthKeys.map((key) => {
      const { isAbsent, errors } = parsed.keys[key];
      if (errors.length === 0) return { key, status: isAbsent ? 'absent' : 'good', errors };
      return { key, status: itemsOf(parsed.awsAuth, key).length > 0 ? 'partlyDropped' : 'dropped', errors };
    });
    return { awsAuth: parsed.awsAuth, keep: undefined };
  };

  /**
   * SECURITY: a key that is taken away is taken away, as is the whole ConfigMap: somebody revoked what it gave. Only a
   * text that is there and is bad leaves the last good one in force.
   */
  const takeStrict = (data: AwsAuthData): TakenAwsAuth => {
    const parsed = parse(data);
    const seen = digestOf(data);
    // SECURITY: between the last thing that was kept and a crash another good text may have come and gone. What it took
    // away must not come back, so the kept texts count for the data they were kept beside and no other.
    const last = restored === undefined ? good : restored.seen === seen ? restored : {};
    restored = undefined;
    good = Object.fromEntries(
      awsAuthKeys.flatMap((key) => {
        const { isAbsent, errors } = parsed.keys[key];
        const text = errors.length > 0 ? last[key] : isAbsent ? undefined : textUnder(data, key);
        return text === undefined ? [] : [[key, text]];
      }),
    );
    const served = parsed.errors.length === 0 ? parsed : parseAwsAuth(good);
    keys = awsAuthKeys.map((key) => {
      const { isAbsent, errors } = parsed.keys[key];
      if (errors.length === 0) return { key, status: isAbsent ? 'absent' : 'good', errors };
      // What an older version of this server took for good may be bad now.
      const isServed = good[key] !== undefined && served.keys[key].errors.length === 0;
      return { key, status: isServed ? 'keptLastGood' : 'dropped', errors };
    });
    const isServed = (key: AwsAuthKey) => served.keys[key].errors.length === 0;
    return {
      awsAuth: {
        roles: isServed('mapRoles') ? served.awsAuth.roles : [],
        users: isServed('mapUsers') ? served.awsAuth.users : [],
        accounts: isServed('mapAccounts') ? served.awsAuth.accounts : [],
      },
      keep: Object.keys(good).length === 0 ? undefined : { ...good, seen },
    };
  };

  return {
    restore(kept) {
      restored = kept;
    },
    take: mode === 'strict' ? takeStrict : takeCompatible,
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

function digestOf(data: AwsAuthData): string {
  const told = typeof data === 'object' ? awsAuthKeys.map((key) => data[key] ?? null) : [data ?? null];
  return createHash('sha256').update(JSON.stringify(told)).digest('base64url');
}
