import { createHash } from 'node:crypto';
import type { PeerCertificate } from 'node:tls';

/** A client certificate that was issued here: whose it is, and until when it counts. */
export interface CallerCredential {
  readonly serialNumber: string;
  readonly clusterId: string;
  /** SHA-256 of the DER, hex. */
  readonly fingerprint: string;
  /** Epoch milliseconds, exclusive. */
  readonly expiresAt: number;
  readonly isRevoked: boolean;
}

/** The certificates of all clusters as they are at this moment. */
export interface CallerCredentials {
  byFingerprint(fingerprint: string): CallerCredential | undefined;
  /** It was just accepted; `now` is epoch milliseconds. */
  used(credential: CallerCredential, now: number): void;
}

/** What the other end of a connection has proven to hold in its handshake. */
export type Presented =
  | { readonly kind: 'nothing' }
  /** Signed by nobody we trust, or not valid by the clock of TLS. */
  | { readonly kind: 'untrusted'; readonly isExpired: boolean }
  | { readonly kind: 'certificate'; readonly fingerprint: string };

/** The part of a TLS socket that tells who is at its other end. */
interface Handshake {
  readonly authorized: boolean;
  readonly authorizationError: unknown;
  getPeerCertificate(): PeerCertificate | object | null;
}

export function presentedIn(socket: Handshake): Presented {
  const certificate = socket.getPeerCertificate();
  if (certificate === null || !('raw' in certificate)) return { kind: 'nothing' };
  if (socket.authorized !== true) {
    return { kind: 'untrusted', isExpired: String(socket.authorizationError).includes('CERT_HAS_EXPIRED') };
  }
  return { kind: 'certificate', fingerprint: createHash('sha256').update(certificate.raw).digest('hex') };
}

/** Why a caller is not listened to. */
export type CallerRefusal =
  | 'noCertificate'
  | 'untrustedCertificate'
  | 'unknownCertificate'
  | 'expiredCertificate'
  | 'revokedCertificate'
  | 'otherCluster'
  | 'noCluster';

/**
 * The credential a connection may act with at this moment; asked for every request, because connections live long and
 * certificates are revoked and expire meanwhile.
 *
 * SECURITY: the certificate itself must be one that was issued here and is still recorded. A signature of our authority
 * alone is not enough: whoever stole its key would be anybody.
 */
export function judgeCaller(
  presented: Presented,
  credentials: CallerCredentials,
  now: number,
): CallerCredential | CallerRefusal {
  if (presented.kind === 'nothing') return 'noCertificate';
  if (presented.kind === 'untrusted') {
    return presented.isExpired ? 'expiredCertificate' : 'untrustedCertificate';
  }
  const credential = credentials.byFingerprint(presented.fingerprint);
  if (credential === undefined) return 'unknownCertificate';
  if (credential.isRevoked) return 'revokedCertificate';
  if (!(now < credential.expiresAt)) return 'expiredCertificate';
  return credential;
}

/** What a refused caller is told: one line that its log shows (kubernetes-facts C10). */
export const callerRefusals: Readonly<
  Record<CallerRefusal, { readonly status: number; readonly text: string }>
> = {
  noCertificate: {
    status: 401,
    text: 'a client certificate is needed: `entryway cluster credentials issue`',
  },
  untrustedCertificate: { status: 401, text: 'the client certificate was not issued by this server' },
  unknownCertificate: { status: 401, text: 'the client certificate is not known here' },
  expiredCertificate: {
    status: 401,
    text: 'the client certificate has expired: `entryway cluster credentials rotate`',
  },
  revokedCertificate: { status: 401, text: 'the client certificate was revoked' },
  otherCluster: { status: 403, text: 'the client certificate is of another cluster' },
  noCluster: { status: 404, text: 'the cluster of the client certificate is no connected cluster here' },
};
