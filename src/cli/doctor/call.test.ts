/** Real handshakes: which error Node reports for what is wrong, and that doctor names it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createServerCertificate, type ServerCertificate } from '../../server/certificates.ts';
import { openDataDirectory } from '../../server/datadirectory.ts';
import { callWebhook, type WebhookTarget } from './call.ts';
import { checkClientCertificate, checkPlainAccess, describeFailedCall } from './connection.ts';

let directory: string;
let ours: ServerCertificate;
let others: ServerCertificate;
const servers: Server[] = [];

/** A server that answers everything with `{}`; `strict` refuses callers without a certificate in the handshake. */
async function listen(certificate: ServerCertificate, { strict = false } = {}): Promise<WebhookTarget> {
  const server = createServer(
    {
      key: certificate.keyPem,
      cert: certificate.certificatePem,
      ca: others.caPem,
      requestCert: strict,
      rejectUnauthorized: strict,
    },
    (_, response) => response.end('{}'),
  );
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return targetAt(`https://127.0.0.1:${port}/authenticate`);
}

function targetAt(url: string): WebhookTarget {
  return {
    url,
    certificateAuthority: ours.caPem,
    // Of no use to a client, and good enough to be shown.
    certificate: others.certificatePem,
    key: others.keyPem,
  };
}

async function failureAt(target: WebhookTarget): Promise<string> {
  const error = await callWebhook(target, {}).then(
    () => expect.unreachable('there was an answer'),
    (reason: unknown) => reason,
  );
  return describeFailedCall(error, target, 'authenticate.kubeconfig').code;
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'entryway-doctor-'));
  const made = async (name: string) =>
    createServerCertificate(openDataDirectory(join(directory, name)), [], Date.now());
  ours = await made('ours');
  others = await made('others');
});

afterAll(() => {
  for (const server of servers) server.close();
  rmSync(directory, { recursive: true });
});

test('a server of our authority answers, and tells when its certificate ends', async () => {
  const { status, serverCertificateEnds, milliseconds } = await callWebhook(await listen(ours), {});
  expect(status).toBe(200);
  expect(Math.abs(serverCertificateEnds - ours.expiresAt)).toBeLessThan(1000);
  expect(milliseconds).toBeGreaterThan(0);
});

test('the certificate has to be for the name that the kubeconfig gives, whatever the address is', async () => {
  const target = await listen(ours);
  expect(await failureAt({ ...target, tlsServerName: 'other.example' })).toBe('serverName');
  expect((await callWebhook({ ...target, tlsServerName: 'localhost' }, {})).status).toBe(200);
});

test('a server of another authority, one that is not there, and a name without an address', async () => {
  expect(await failureAt(await listen(others))).toBe('serverChain');
  const gone = await listen(ours);
  await new Promise((done) => servers.at(-1)?.close(done));
  expect(await failureAt(gone)).toBe('unreachable');
  expect(await failureAt(targetAt('https://nobody.invalid:4745/authenticate'))).toBe('unreachable');
});

test('a certificate that is refused in the handshake, and none at all', async () => {
  // The server wants a certificate for clients: that of a server is refused.
  const target = await listen(ours, { strict: true });
  expect(await failureAt({ ...target, certificate: ours.certificatePem, key: ours.keyPem })).toBe(
    'clientCertificateRefused',
  );
  expect(await checkPlainAccess(target, {}, callWebhook)).toMatchObject({ severity: 'ok' });
});

test('who lets callers without a certificate in is found out', async () => {
  expect(await checkPlainAccess(await listen(ours), {}, callWebhook)).toMatchObject({
    severity: 'error',
    code: 'plainAccess',
  });
});

test('a client certificate: its key, its beginning and its end', () => {
  const day = 86_400_000;
  const codes = (target: Partial<WebhookTarget>, now: number) =>
    checkClientCertificate(
      { ...targetAt('https://127.0.0.1/'), certificate: ours.certificatePem, key: ours.keyPem, ...target },
      'authenticate.kubeconfig',
      now,
    ).map(({ severity, code }) => `${severity} ${code}`);
  const ends = ours.expiresAt;
  expect(codes({}, ends - 60 * day)).toEqual(['ok clientCertificateEnds']);
  expect(codes({}, ends - day)).toEqual(['warning clientCertificateEnds']);
  expect(codes({}, ends + day)).toEqual(['error clientCertificateEnds']);
  expect(codes({}, ends - 800 * day)).toEqual(['error clientCertificateStarts']);
  expect(codes({ key: others.keyPem }, ends - 60 * day)).toEqual(['error clientKey']);
  expect(codes({ certificate: 'none' }, ends - 60 * day)).toEqual(['error clientCertificate']);
});
