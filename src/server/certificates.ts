import { createPrivateKey, type webcrypto, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { ConfigError } from './config.ts';
import { type DataDirectory, writePrivateFile } from './datadirectory.ts';

/**
 * TLS for the Kubernetes side: an own CA, kept in the data directory so that kubeconfigs survive a restart, and a
 * server certificate made anew at every start, which never touches the disk.
 */
export interface ServerCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly caPem: string;
}

const day = 24 * 60 * 60 * 1000;
const caLifetime = 3650 * day;
const serverLifetime = 397 * day;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** `hosts` are the names and addresses clients may use. `now` is epoch milliseconds. */
export async function createServerCertificate(
  directory: DataDirectory,
  hosts: readonly string[],
  now: number,
): Promise<ServerCertificate> {
  const x509 = await loadX509();
  const authority = await openAuthority(directory, now);
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const names = [...new Set(['localhost', '127.0.0.1', '::1', ...hosts])];
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=entryway',
    issuer: authority.certificate.subject,
    notBefore: new Date(now - day),
    notAfter: new Date(now + serverLifetime),
    publicKey: keys.publicKey,
    signingKey: authority.key,
    signingAlgorithm: algorithm,
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
    keyPem: await exportKey(keys.privateKey),
    caPem: authority.certificate.toString('pem'),
  };
}

interface Authority {
  readonly certificate: import('@peculiar/x509').X509Certificate;
  readonly key: webcrypto.CryptoKey;
}

/**
 * The authority kept in the directory, or a new one. A damaged one is refused instead of replaced: every kubeconfig
 * trusts it. A key without a certificate is what an interrupted first start leaves, and is made anew.
 */
async function openAuthority(directory: DataDirectory, now: number): Promise<Authority> {
  if (existsSync(directory.caCertificateFile)) {
    checkAuthority(directory);
    const pem = readFileSync(directory.caCertificateFile, 'utf8');
    // An authority about to end is replaced while kubeconfigs can still be renewed in an orderly way.
    if (Date.parse(new X509Certificate(pem).validTo) > now + 30 * day) {
      return {
        certificate: new (await loadX509()).X509Certificate(pem),
        key: await importKey(readFileSync(directory.caKeyFile, 'utf8')),
      };
    }
  }
  return createAuthority(directory, now);
}

function checkAuthority({ caCertificateFile, caKeyFile }: DataDirectory): void {
  let fits = false;
  try {
    const key = createPrivateKey(readFileSync(caKeyFile));
    fits = new X509Certificate(readFileSync(caCertificateFile)).checkPrivateKey(key);
  } catch {
    // Missing or unreadable: the same advice.
  }
  if (!fits) {
    throw new ConfigError(
      `certificate authority \`${caCertificateFile}\` and its key \`${caKeyFile}\` do not belong together`,
      'restore both from a backup; or remove both, and every kubeconfig must be written anew',
    );
  }
}

async function createAuthority(directory: DataDirectory, now: number): Promise<Authority> {
  const x509 = await loadX509();
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Entryway local authority',
    notBefore: new Date(now - day),
    notAfter: new Date(now + caLifetime),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  writePrivateFile(directory.caKeyFile, await exportKey(keys.privateKey));
  writePrivateFile(directory.caCertificateFile, `${certificate.toString('pem')}\n`);
  return { certificate, key: keys.privateKey };
}

/** Loaded when first needed: it is the heaviest module of the start. */
async function loadX509(): Promise<typeof import('@peculiar/x509')> {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${der.match(/.{1,64}/g)?.join('\n')}\n-----END PRIVATE KEY-----\n`;
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(pem.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64');
  return crypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.includes(':');
}
