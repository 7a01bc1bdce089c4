import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { createServerCertificate } from '../server/certificates.ts';
import { openTemporaryDirectory } from '../server/datadirectory.ts';
import { type AwsClientOptions, createAwsClient } from './aws.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

async function portOf(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** What came of a call. */
async function call(endpoint: string, options: Partial<AwsClientOptions> = {}): Promise<unknown> {
  const client = createAwsClient({
    ...{ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'AKIA', secretAccessKey: 's' } },
    ...options,
  });
  return client.call('eks', 'ListClusters', {}).catch(({ message }: Error) => message);
}

const answering = (listener: RequestListener) => portOf(createServer(listener));

test('an answer that comes drop by drop is given up', async () => {
  const port = await answering((_, response) => {
    const drops = setInterval(() => response.write(' '), 5);
    response.on('close', () => clearInterval(drops));
  });
  const answerBounds = { milliseconds: 50, bytes: 1_000_000 };
  expect(await call(`http://127.0.0.1:${port}`, { answerBounds })).toBe('no whole answer within 0.05 s');
});

test('an answer that is too long is not kept', async () => {
  const port = await answering((_, response) => response.end(' '.repeat(1001)));
  const answerBounds = { milliseconds: 10_000, bytes: 1000 };
  expect(await call(`http://127.0.0.1:${port}`, { answerBounds })).toBe(
    'its answer is longer than 1000 bytes',
  );
});

test('an answer in another protocol ends the call', async () => {
  const port = await answering((_, response) =>
    response.socket?.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
  );
  expect(await call(`http://127.0.0.1:${port}`)).toBe('it answered with another protocol');
});

test('an https endpoint is asked whose authority is trusted, and no other', async () => {
  const directory = openTemporaryDirectory();
  const usual = getCACertificates();
  try {
    const {
      certificatePem: cert,
      keyPem: key,
      caPem,
    } = await createServerCertificate(directory, [], Date.now());
    let asked = 0;
    const server = createSecureServer({ cert, key }, (_, response) => {
      asked += 1;
      response.end('{"clusters":["demo"]}');
    });
    const port = await portOf(server);
    expect(await call(`https://127.0.0.1:${port}`)).toMatch(/unable to (verify|get)|self-signed/);
    // What NODE_EXTRA_CA_CERTS does when a process starts.
    setDefaultCACertificates([...usual, caPem]);
    expect(await call(`https://localhost:${port}`)).toEqual({ clusters: ['demo'] });
    expect(asked).toBe(1);
  } finally {
    setDefaultCACertificates(usual);
    directory.dispose();
  }
});
