import type { Principal } from '../../engine/iam/principal.ts';

/** A key this server holds, with whose it is. */
export interface KnownCredential {
  readonly secretAccessKey: string;
  readonly principal: Principal;
}

/**
 * Why a key is not usable. `expired` carries the credential, because AWS reports expiry only when the rest of the
 * signature is sound (iam-facts K13); the others are all InvalidClientTokenId on the wire, told apart for the record.
 */
export type CredentialLookupResult =
  | { readonly status: 'known'; readonly credential: KnownCredential }
  | { readonly status: 'expired'; readonly credential: KnownCredential }
  | { readonly status: 'unknown' | 'inactive' | 'badSessionToken' | 'principalGone' };

/** Looks a key up; the session token comes from the request, `now` is epoch milliseconds. */
export type CredentialLookup = (
  accessKeyId: string,
  sessionToken: string | undefined,
  now: number,
) => Promise<CredentialLookupResult>;
