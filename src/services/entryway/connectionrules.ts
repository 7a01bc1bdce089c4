import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { ClusterConnectionRecord, ClusterCredential } from '../../storage/records/connections.ts';
import { invalidParameter } from '../eks/refusals.ts';
import { mayReach } from '../sts/webidentity/addresses.ts';

export interface ConnectionInput {
  readonly clusterName: string;
  readonly server: string;
  readonly certificateAuthorityData?: string;
  readonly tlsServerName?: string;
  readonly bearerToken?: string;
  readonly clientCertificateData?: string;
  readonly clientKeyData?: string;
}

/** A connection as it may be stored, its credential not sealed yet. */
export interface CheckedConnection extends Omit<ClusterConnectionRecord, 'sealedCredential' | 'savedAt'> {
  readonly credential: ClusterCredential;
}

const longestServer = 2048;
/** Characters of base64, and of a bearer token. */
const longestData = 128 * 1024;
const longestToken = 16 * 1024;
const mostAuthorities = 50;

/**
 * Checks everything that a connection is made of; refusals name the member and never quote it.
 *
 * SECURITY: whoever may say this has the server open TLS connections to an address of theirs, again and again. Private networks
 * and this machine are where clusters are, so they are allowed; addresses where clouds serve credentials, written as
 * addresses, are not. A name that leads to one gains nothing: it is spoken to in TLS, trusted by the given authority
 * alone, asked for seven fixed paths, never followed elsewhere, and of what it answers only objects of RBAC, namespaces,
 * service accounts and aws-auth are kept. What is learnt is whether something listens (SECURITY.md).
 */
export function checkConnection(input: ConnectionInput, now: number): CheckedConnection {
  const { clusterName, tlsServerName } = input;
  const refuse = (message: string) => invalidParameter(message, clusterName);
  const credential = checkCredential(input, now, refuse);
  const server = checkServer(input.server, refuse);
  if (input.certificateAuthorityData === undefined) {
    throw refuse('The certificateAuthorityData is required: no other authority is trusted for the cluster');
  }
  const authorities = certificatesOf(input.certificateAuthorityData);
  if (authorities === undefined || authorities.length > mostAuthorities) {
    throw refuse('The certificateAuthorityData must be certificates in PEM, in base64');
  }
  if (
    tlsServerName !== undefined &&
    !/^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(tlsServerName)
  ) {
    throw refuse('The tlsServerName must be the name of a host');
  }
  const expiresAt = expiryOf(credential);
  return {
    server,
    certificateAuthorityData: input.certificateAuthorityData,
    ...(tlsServerName !== undefined && { tlsServerName }),
    ...(expiresAt !== undefined && { credentialExpiresAt: expiresAt }),
    credential,
  };
}

type Refuse = (message: string) => Error;

function checkServer(text: string, refuse: Refuse): string {
  const url = text.length <= longestServer && URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:') throw refuse('The server must be an https URL');
  if (url.username !== '' || url.password !== '' || /[?#]/.test(text)) {
    throw refuse('The server must be an https URL without credentials, query and fragment');
  }
  const literal = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(literal) !== 0 && !mayReach(literal, 'private')) {
    throw refuse('The server must not be at an address of no network, or where clouds serve credentials');
  }
  return url.href.replace(/\/+$/, '');
}

function checkCredential(input: ConnectionInput, now: number, refuse: Refuse): ClusterCredential {
  const { bearerToken, clientCertificateData, clientKeyData } = input;
  const hasCertificate = clientCertificateData !== undefined || clientKeyData !== undefined;
  if ((bearerToken !== undefined) === hasCertificate) {
    throw refuse('Exactly one of bearerToken, or clientCertificateData with clientKeyData, must be given');
  }
  if (bearerToken !== undefined) {
    if (bearerToken.length > longestToken || !/^[\x21-\x7e]+$/.test(bearerToken)) {
      throw refuse('The bearerToken must be one word of at most 16384 printable ASCII characters');
    }
    const expiresAt = tokenExpiry(bearerToken);
    if (expiresAt !== undefined && expiresAt <= now) throw refuse('The bearerToken has expired');
    return { kind: 'token', token: bearerToken };
  }
  if (clientCertificateData === undefined || clientKeyData === undefined) {
    throw refuse('The clientCertificateData and the clientKeyData must be given together');
  }
  const [certificate] = certificatesOf(clientCertificateData) ?? [];
  if (certificate === undefined)
    throw refuse('The clientCertificateData must be a certificate in PEM, in base64');
  const keyPem = pemOf(clientKeyData) ?? '';
  const key = keyOf(keyPem);
  if (key === undefined)
    throw refuse('The clientKeyData must be a private key in PEM without passphrase, in base64');
  if (!isQuick(key)) {
    throw refuse(
      'The clientKeyData must be a key of RSA of at most 4096 bits, of P-256, P-384 or P-521, or of Ed25519',
    );
  }
  if (!certificate.checkPrivateKey(key)) {
    throw refuse('The clientKeyData is not the key of the certificate');
  }
  if (Date.parse(certificate.validTo) <= now) throw refuse('The client certificate has expired');
  return { kind: 'certificate', certificate: pemOf(clientCertificateData) ?? '', key: keyPem };
}

/** When a credential ends, in epoch milliseconds, as far as it says so itself. */
function expiryOf(credential: ClusterCredential): number | undefined {
  switch (credential.kind) {
    case 'token':
      return tokenExpiry(credential.token);
    case 'certificate':
      return Date.parse(new X509Certificate(credential.certificate).validTo);
    default:
      return credential satisfies never;
  }
}

/** The `exp` of a JWT, unverified: the token is for another server, and this is only told. */
function tokenExpiry(token: string): number | undefined {
  const payload = token.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    const exp = typeof claims === 'object' && claims !== null && 'exp' in claims ? claims.exp : undefined;
    return typeof exp === 'number' && exp > 0 && exp < 1e11 ? Math.floor(exp * 1000) : undefined;
  } catch {
    return undefined;
  }
}

function pemOf(data: string): string | undefined {
  if (data.length > longestData || !/^[A-Za-z0-9+/]+={0,2}$/.test(data)) return undefined;
  return Buffer.from(data, 'base64').toString('utf8');
}

/** Every certificate of the text; undefined where one cannot be read or there is none. */
function certificatesOf(data: string): readonly X509Certificate[] | undefined {
  const blocks = pemOf(data)?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  try {
    return blocks?.map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

function keyOf(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

const quickCurves: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

/**
 * SECURITY: every TLS handshake signs with the key, and nobody else is served meanwhile: RSA takes a fortieth of a second at
 * 8192 bits and eight times as long for each doubling.
 */
function isQuick({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  switch (asymmetricKeyType) {
    case 'rsa':
      return (asymmetricKeyDetails?.modulusLength ?? Number.POSITIVE_INFINITY) <= 4096;
    case 'ec':
      return quickCurves.has(asymmetricKeyDetails?.namedCurve ?? '');
    case 'ed25519':
      return true;
    default:
      return false;
  }
}
