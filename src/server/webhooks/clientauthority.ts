import { createHash, createPrivateKey, hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IssuedCertificate, WantedCertificate } from '../../services/entryway/deps.ts';
import { authorityAlgorithm, loadX509, openAuthority } from '../authority.ts';
import type { DataDirectory } from '../datadirectory.ts';

/** Certifies the callers of the webhooks, and nobody else: no kubeconfig trusts it. */
export interface ClientAuthority {
  readonly caPem: string;
  /** Follows from the authority's key: as long-lived and as secret as that. */
  readonly voucherSecret: Uint8Array;
  certify(wanted: WantedCertificate): Promise<IssuedCertificate>;
}

const minute = 60_000;

/** `client-ca.crt` and `client-ca.key` of the data directory; made when there are none. `now` is epoch milliseconds. */
export async function openClientAuthority(directory: DataDirectory, now: number): Promise<ClientAuthority> {
  const files = {
    certificateFile: join(directory.path, 'client-ca.crt'),
    keyFile: join(directory.path, 'client-ca.key'),
  };
  const { certificate: authority, key } = await openAuthority(
    files,
    'CN=Entryway authority of webhook callers',
    now,
  );
  const x509 = await loadX509();
  return {
    caPem: authority.toString('pem'),
    voucherSecret: voucherSecretOf(readFileSync(files.keyFile)),
    async certify({ publicKey, clusterId, serialNumber, issuedAt, expiresAt }) {
      const notAfter = Math.min(expiresAt, authority.notAfter.getTime());
      const subjectKey = new x509.PublicKey(new Uint8Array(publicKey));
      const certificate = await x509.X509CertificateGenerator.create({
        serialNumber,
        subject: [{ CN: [clusterId] }],
        issuer: authority.subject,
        // The clock of the other machine may be a little behind.
        notBefore: new Date(issuedAt - 5 * minute),
        notAfter: new Date(notAfter),
        publicKey: subjectKey,
        signingKey: key,
        signingAlgorithm: authorityAlgorithm,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
          new x509.SubjectAlternativeNameExtension([
            { type: 'url', value: `urn:entryway:cluster:${clusterId}` },
          ]),
          await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
        ],
      });
      return {
        certificatePem: `${certificate.toString('pem')}\n`,
        fingerprint: createHash('sha256').update(Buffer.from(certificate.rawData)).digest('hex'),
        // A certificate tells seconds only.
        expiresAt: certificate.notAfter.getTime(),
      };
    },
  };
}

function voucherSecretOf(keyPem: Buffer): Uint8Array {
  const der = createPrivateKey(keyPem).export({ type: 'pkcs8', format: 'der' });
  return new Uint8Array(hkdfSync('sha256', der, '', 'entryway vouchers of webhook users', 32));
}
