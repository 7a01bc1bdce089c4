import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openServerAuthority } from '../certificates.ts';
import { type DataDirectory, openTemporaryDirectory } from '../datadirectory.ts';
import { openClientAuthority } from './clientauthority.ts';

let directory: DataDirectory;
beforeEach(() => {
  directory = openTemporaryDirectory();
});
afterEach(() => directory.dispose());

const day = 24 * 60 * 60 * 1000;
const now = Date.parse('2026-01-15T12:00:00Z');
const publicKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
  type: 'spki',
  format: 'der',
});
const wanted = {
  publicKey,
  clusterId: '5d3f2a3e-0000-4000-8000-000000000000',
  serialNumber: '40112233445566778899aabbccddeeff',
  issuedAt: now,
  expiresAt: now + 365 * day + 123,
};

test('a certificate names its cluster, is for clients alone, and cannot certify others', async () => {
  const authority = await openClientAuthority(directory, now);
  const issued = await authority.certify(wanted);
  const certificate = new X509Certificate(issued.certificatePem);
  expect(certificate.verify(new X509Certificate(authority.caPem).publicKey)).toBe(true);
  expect({
    subject: certificate.subject,
    names: certificate.subjectAltName,
    usage: certificate.keyUsage,
    ca: certificate.ca,
    serialNumber: certificate.serialNumber.toLowerCase(),
    expiresAt: Date.parse(certificate.validTo),
  }).toEqual({
    subject: `CN=${wanted.clusterId}`,
    names: `URI:urn:entryway:cluster:${wanted.clusterId}`,
    usage: ['1.3.6.1.5.5.7.3.2'],
    ca: false,
    serialNumber: wanted.serialNumber,
    expiresAt: issued.expiresAt,
  });
  expect(issued.fingerprint).toBe(createHash('sha256').update(certificate.raw).digest('hex'));
  expect(issued.expiresAt).toBe(now + 365 * day);
});

test('an RSA key is certified as well', async () => {
  const { publicKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const authority = await openClientAuthority(directory, now);
  const issued = await authority.certify({
    ...wanted,
    publicKey: rsa.export({ type: 'spki', format: 'der' }),
  });
  expect(new X509Certificate(issued.certificatePem).publicKey.equals(rsa)).toBe(true);
});

test('the authority of clients is kept, closed to others, and is not that of servers', async () => {
  const server = await openServerAuthority(directory, now);
  const first = await openClientAuthority(directory, now);
  expect((await openClientAuthority(directory, now)).caPem).toBe(first.caPem);
  expect(first.caPem).not.toBe(server.certificate.toString('pem'));
  for (const name of ['client-ca.crt', 'client-ca.key']) {
    expect(statSync(join(directory.path, name)).mode & 0o777).toBe(0o600);
  }
});

test('a certificate does not outlast its authority', async () => {
  const authority = await openClientAuthority(directory, now);
  const end = Date.parse(new X509Certificate(authority.caPem).validTo);
  expect((await authority.certify({ ...wanted, expiresAt: end + day })).expiresAt).toBe(end);
});
