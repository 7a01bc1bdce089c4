import { createPrivateKey, KeyObject, type webcrypto, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { ConfigError } from './config.ts';
import { writePrivateFile } from './datadirectory.ts';

/** A certificate authority of this server, with its key. */
export interface Authority {
  readonly certificate: import('@peculiar/x509').X509Certificate;
  readonly key: webcrypto.CryptoKey;
}

/** Where an authority is kept, both files 0600. */
export interface AuthorityFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

export const day = 24 * 60 * 60 * 1000;
export const authorityAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const lifetime = 3650 * day;

/**
 * The authority kept in the files, or a new one of that name. A damaged one is refused instead of replaced: everybody
 * who was given its certificate trusts it. A key without a certificate is what an interrupted first start leaves, and is
 * made anew. `now` is epoch milliseconds.
 */
export async function openAuthority(files: AuthorityFiles, name: string, now: number): Promise<Authority> {
  if (existsSync(files.certificateFile)) {
    checkAuthority(files);
    const pem = readFileSync(files.certificateFile, 'utf8');
    // An authority about to end is replaced while what trusts it can still be renewed in an orderly way.
    if (Date.parse(new X509Certificate(pem).validTo) > now + 30 * day) {
      return {
        certificate: new (await loadX509()).X509Certificate(pem),
        key: await importKey(readFileSync(files.keyFile, 'utf8')),
      };
    }
  }
  return createAuthority(files, name, now);
}

function checkAuthority({ certificateFile, keyFile }: AuthorityFiles): void {
  let fits = false;
  try {
    const key = createPrivateKey(readFileSync(keyFile));
    fits = new X509Certificate(readFileSync(certificateFile)).checkPrivateKey(key);
  } catch {
    // Missing or unreadable: the same advice.
  }
  if (!fits) {
    throw new ConfigError(
      `certificate authority \`${certificateFile}\` and its key \`${keyFile}\` do not belong together`,
      'restore both from a backup; or remove both, and every kubeconfig must be written anew',
    );
  }
}

async function createAuthority(files: AuthorityFiles, name: string, now: number): Promise<Authority> {
  const x509 = await loadX509();
  const keys = await crypto.subtle.generateKey(authorityAlgorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name,
    notBefore: new Date(now - day),
    notAfter: new Date(now + lifetime),
    keys,
    signingAlgorithm: authorityAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  writePrivateFile(files.keyFile, privateKeyPem(keys.privateKey));
  writePrivateFile(files.certificateFile, `${certificate.toString('pem')}\n`);
  return { certificate, key: keys.privateKey };
}

/** Loaded when first needed: it is the heaviest module of the start. */
export async function loadX509(): Promise<typeof import('@peculiar/x509')> {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

/** PKCS#8 in PEM. */
export function privateKeyPem(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' });
  return crypto.subtle.importKey('pkcs8', der, authorityAlgorithm, false, ['sign']);
}
