import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createServerCertificate } from './certificates.ts';
import { ConfigError } from './config.ts';
import { type DataDirectory, openTemporaryDirectory } from './datadirectory.ts';

let directory: DataDirectory;
beforeEach(() => {
  directory = openTemporaryDirectory();
});
afterEach(() => directory.dispose());

const day = 24 * 60 * 60 * 1000;
const now = Date.parse('2026-01-15T12:00:00Z');

test('the authority is kept and signs a new certificate at every start, for the names asked and loopback', async () => {
  const first = await createServerCertificate(directory, ['box.example', '10.0.0.1'], now);
  const second = await createServerCertificate(directory, [], now);
  expect(second.caPem).toBe(first.caPem);
  expect(second.certificatePem).not.toBe(first.certificatePem);
  const [authority, certificate] = [
    new X509Certificate(first.caPem),
    new X509Certificate(first.certificatePem),
  ];
  expect(certificate.checkIssued(authority) && certificate.verify(authority.publicKey)).toBe(true);
  expect(certificate.ca).toBe(false);
  for (const host of ['localhost', 'box.example']) expect(certificate.checkHost(host)).toBe(host);
  for (const ip of ['127.0.0.1', '::1', '10.0.0.1']) expect(certificate.checkIP(ip)).toBeDefined();
  expect(certificate.checkHost('other.example')).toBeUndefined();
  expect(statSync(directory.caKeyFile).mode & 0o777).toBe(0o600);
});

test('an authority about to end is replaced', async () => {
  const first = await createServerCertificate(directory, [], now);
  const later = await createServerCertificate(directory, [], now + 3630 * day);
  expect(later.caPem).not.toBe(first.caPem);
  expect(new X509Certificate(later.certificatePem).verify(new X509Certificate(later.caPem).publicKey)).toBe(
    true,
  );
});

test('a key without a certificate, as an interrupted first start leaves it, is made anew', async () => {
  await createServerCertificate(directory, [], now);
  rmSync(directory.caCertificateFile);
  const made = await createServerCertificate(directory, [], now);
  expect(readFileSync(directory.caCertificateFile, 'utf8').trim()).toBe(made.caPem.trim());
});

const otherKey = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();

test.each<readonly [string, (directory: DataDirectory) => void]>([
  ['without its key', ({ caKeyFile }) => rmSync(caKeyFile)],
  ['with the key of another', ({ caKeyFile }) => writeFileSync(caKeyFile, otherKey())],
  ['with an unreadable key', ({ caKeyFile }) => writeFileSync(caKeyFile, 'x')],
  ['that is unreadable', ({ caCertificateFile }) => writeFileSync(caCertificateFile, 'x')],
  ['that is empty', ({ caCertificateFile }) => writeFileSync(caCertificateFile, '')],
])('an authority %s is refused and left as it is: kubeconfigs trust it', async (_, damage) => {
  await createServerCertificate(directory, [], now);
  damage(directory);
  const before = readFileSync(directory.caCertificateFile, 'utf8');
  await expect(createServerCertificate(directory, [], now)).rejects.toThrow(ConfigError);
  expect(readFileSync(directory.caCertificateFile, 'utf8')).toBe(before);
});
