import type { SessionContext } from '../../engine/iam/principal.ts';
import type { ByteBox } from '../secrets.ts';
import { packClaims, unpackClaims } from './sessionpacking.ts';
import { openFirstFormat } from './sessiontokenv1.ts';

/** Whose session it is. Names are where to look; the unique id is who must be found there. */
export type SessionSubject =
  | { readonly kind: 'root'; readonly accountId: string }
  | {
      readonly kind: 'user';
      readonly accountId: string;
      readonly userName: string;
      readonly principalId: string;
    }
  | {
      readonly kind: 'assumedRole';
      readonly accountId: string;
      readonly roleName: string;
      readonly principalId: string;
      readonly sessionName: string;
    }
  /** Somebody a user vouched for with GetFederationToken; `userName` and `principalId` are that user's. */
  | {
      readonly kind: 'federatedUser';
      readonly accountId: string;
      readonly federatedName: string;
      readonly userName: string;
      readonly principalId: string;
    };

/** What a session carries beside whose it is and how long it lasts. */
export type SessionAttributes = Omit<SessionContext, 'issuedAt' | 'expiresAt'>;

/** All that a session is; nothing is stored for it. Times are epoch milliseconds, whole seconds. */
export interface SessionClaims {
  readonly subject: SessionSubject;
  readonly secretAccessKey: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly attributes: SessionAttributes;
}

/**
 * No session token is longer, unless its caller asked for a longer one (`minimumLength`): a cluster token holds a
 * presigned URL with the session token inside and ends at 4,096 bytes (token-facts), so every session can be used for a
 * cluster.
 */
export const maximumSessionTokenLength = 2600;

/** The claims do not fit into a token. Only policies, tags and names that hardly compress come that far. */
export class SessionTokenTooLongError extends RangeError {
  readonly length: number;
  constructor(length: number) {
    super(`a session token of ${length} characters is too long`);
    this.name = 'SessionTokenTooLongError';
    this.length = length;
  }
}

/**
 * The session token: the claims, sealed for one access key id, so that a token presented with another key does not
 * open. URL- and header-safe. Throws a SessionTokenTooLongError for claims that do not fit.
 */
export function sealSession(
  box: ByteBox,
  accessKeyId: string,
  claims: SessionClaims,
  { minimumLength = 0 }: { readonly minimumLength?: number } = {},
): string {
  const packed = packClaims(claims);
  const context = contextOf(accessKeyId);
  const token = box.sealBytes(packed, context);
  if (token.length > maximumSessionTokenLength) throw new SessionTokenTooLongError(token.length);
  if (token.length >= minimumLength) return token;
  // Three bytes are four characters; what follows the packed claims is not read.
  const padding = Math.ceil(((minimumLength - token.length) * 3) / 4);
  return box.sealBytes(Buffer.concat([packed, new Uint8Array(padding)]), context);
}

/**
 * Undefined when the token was not sealed by this server for this access key, or says something that this version does
 * not know: a session narrowed by a claim must not become one without it.
 */
export function openSession(
  box: ByteBox,
  accessKeyId: string,
  sessionToken: string,
): SessionClaims | undefined {
  const bytes = box.openBytes(sessionToken, contextOf(accessKeyId));
  if (bytes === undefined) return undefined;
  return openFirstFormat(bytes) ?? unpackClaims(bytes);
}

/** Sealed texts of other uses (stored secrets) never open as a session. */
function contextOf(accessKeyId: string): string {
  return `session-token/${accessKeyId}`;
}
