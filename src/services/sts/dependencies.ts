import type { JSONWebKeySet } from 'jose';
import type { Principal } from '../../engine/iam/principal.ts';
import type { MfaDeviceRecord } from '../../storage/records/iam.ts';
import type { StorageReader } from '../../storage/storage.ts';
import type { CallerAuthorizer } from '../authorization/authorizer.ts';
import type { IsBlocked } from '../blocked.ts';
import type { Stored } from '../iam/records.ts';
import type { ByteBox, RandomSource } from '../secrets.ts';

/** What the STS operations are built from; `server` constructs it. */
export interface StsDependencies {
  readonly storage: StorageReader;
  readonly authorizer: Pick<CallerAuthorizer, 'authorize' | 'authorizeRoleSession'>;
  readonly secretBox: ByteBox;
  readonly random: RandomSource;
  readonly partition: string;
  /** Asked about sessions before they are made: their callers are asked about at every call. */
  readonly isBlocked: IsBlocked;
  readonly verifyMfa: VerifyMfa;
  readonly issuerKeys: IssuerKeys;
}

/**
 * Is this the code that the caller's device shows now? See `iam/mfa/verify.ts`: `used` is to be stored in place of
 * `device` before the code counts, `message` is AWS's text of AccessDenied.
 */
export type VerifyMfa = (
  caller: Principal,
  serialNumber: string,
  tokenCode: string,
  now: number,
) => Promise<
  | { readonly ok: true; readonly device: Stored<MfaDeviceRecord>; readonly used: MfaDeviceRecord }
  | { readonly ok: false; readonly message: string }
>;

/** Where the keys come from that judge an identity provider's tokens. */
export interface IssuerKeys {
  /**
   * All keys of the issuer, among them hopefully the one with this id; the same object as long as they are the same
   * answer. `issuer` as tokens write it: `https://…`. `now` is epoch milliseconds. `accountId` is the account whose OIDC
   * provider believes the issuer.
   *
   * SECURITY: only with `accountId` are keys among them that somebody handed over for a connected cluster, and only those
   * of that account.
   */
  keysOf(issuer: string, keyId: string, now: number, accountId?: string): Promise<IssuerKeysAnswer>;
}

export type IssuerKeysAnswer =
  | { readonly outcome: 'keys'; readonly keys: JSONWebKeySet }
  /** The issuer does not answer as it should. */
  | { readonly outcome: 'unreachable' }
  /** This server asks no such issuer: `serve --oidc-issuers`. */
  | { readonly outcome: 'notAsked' };

/**
 * The keys of an issuer that this server knows without asking anybody; undefined for every other. Asked before the network.
 * `issuer` as tokens write it: `https://…`; `accountId` as for `keysOf`.
 */
export type LocalIssuers = (issuer: string, accountId?: string) => Promise<JSONWebKeySet | undefined>;

/**
 * Which identity providers this server may ask for their keys: none, those on the public internet, or those on private
 * networks and this machine as well.
 */
export const outboundIssuers = ['none', 'public', 'private'] as const;
export type OutboundIssuers = (typeof outboundIssuers)[number];
