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
  /** The keys of an issuer that this very server is; undefined for every other. Asked before the network. */
  readonly localIssuers: LocalIssuers;
  readonly outboundIssuers: OutboundIssuers;
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

/** `issuer` as tokens write it: `https://…`. */
export type LocalIssuers = (issuer: string) => Promise<JSONWebKeySet | undefined>;

/**
 * Which identity providers this server may ask for their keys: none, those on the public internet, or those on private
 * networks and this machine as well.
 */
export const outboundIssuers = ['none', 'public', 'private'] as const;
export type OutboundIssuers = (typeof outboundIssuers)[number];
