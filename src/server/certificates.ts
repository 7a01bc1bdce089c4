import {
  type Authority,
  authorityAlgorithm,
  day,
  loadX509,
  openAuthority,
  privateKeyPem,
} from './authority.ts';
import type { DataDirectory } from './datadirectory.ts';

/**
 * TLS for what others reach this server by: an own CA, kept in the data directory so that kubeconfigs survive a restart,
 * and server certificates made anew at every start, which never touch the disk.
 */
export interface ServerCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly caPem: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

const serverLifetime = 397 * day;

/** The authority of server certificates: what clients of this server trust. `now` is epoch milliseconds. */
export function openServerAuthority(directory: DataDirectory, now: number): Promise<Authority> {
  const files = { certificateFile: directory.caCertificateFile, keyFile: directory.caKeyFile };
  return openAuthority(files, 'CN=Entryway local authority', now);
}

/** `hosts` are the names and addresses clients may use. `now` is epoch milliseconds. */
export async function createServerCertificate(
  directory: DataDirectory,
  hosts: readonly string[],
  now: number,
): Promise<ServerCertificate> {
  return certifyServer(await openServerAuthority(directory, now), hosts, now);
}

/** The same by an authority that is open already. */
export async function certifyServer(
  authority: Authority,
  hosts: readonly string[],
  now: number,
): Promise<ServerCertificate> {
  const x509 = await loadX509();
  const keys = await crypto.subtle.generateKey(authorityAlgorithm, true, ['sign', 'verify']);
  const names = [...new Set(['localhost', '127.0.0.1', '::1', ...hosts])];
  // Clients refuse it from the authority's end on, whatever it says itself.
  const expiresAt = Math.min(now + serverLifetime, authority.certificate.notAfter.getTime());
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=entryway',
    issuer: authority.certificate.subject,
    notBefore: new Date(now - day),
    notAfter: new Date(expiresAt),
    publicKey: keys.publicKey,
    signingKey: authority.key,
    signingAlgorithm: authorityAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isAddress(value) ? ('ip' as const) : ('dns' as const), value })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey),
    ],
  });
  return {
    certificatePem: certificate.toString('pem'),
    keyPem: privateKeyPem(keys.privateKey),
    caPem: authority.certificate.toString('pem'),
    expiresAt,
  };
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.includes(':');
}
