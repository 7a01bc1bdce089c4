import type { lookup } from 'node:dns';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createServerCertificate } from '../../../server/certificates.ts';
import { openTemporaryDirectory } from '../../../server/datadirectory.ts';
import { createJsonFetcher } from './fetchjson.ts';

let server: Server;
let ca = '';
let port = 0;
let requests = 0;
const directory = openTemporaryDirectory();

beforeAll(async () => {
  const certificate = await createServerCertificate(directory, ['idp.test'], Date.now());
  ca = certificate.caPem;
  server = createServer(
    { key: certificate.keyPem, cert: certificate.certificatePem },
    (request, response) => {
      requests++;
      switch (request.url) {
        case '/redirect':
          return response.writeHead(302, { location: '/good' }).end();
        case '/long':
          return response.end(JSON.stringify({ text: 'x'.repeat(2000) }));
        case '/slow':
          return response.write('{');
        case '/cut':
          response.writeHead(200, { 'content-length': '100' });
          response.write('{}');
          return setImmediate(() => request.socket.destroy());
        case '/text':
          return response.end('hello');
        case '/list':
          return response.end('[]');
        case '/latin':
          return response.end(Buffer.from([0x7b, 0x22, 0xe9, 0x22, 0x3a, 0x31, 0x7d]));
        default:
          return response.end('{"a":1}');
      }
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await directory.dispose();
});

const url = (path: string, host = '127.0.0.1', scheme = 'https') => `${scheme}://${host}:${port}${path}`;
const privately = (change = {}) => createJsonFetcher({ reach: 'private', ca, timeout: 2000, ...change });

describe('nothing is sent to', () => {
  test.each([
    ['an address of this machine', () => url('/good')],
    ['its name', () => url('/good', 'localhost')],
    ['its other spellings', () => url('/good', '0x7f.1')],
    ['its address as IPv6 writes it', () => url('/good', '[::ffff:127.0.0.1]')],
  ])('%s, when only the internet may be asked', async (_name, address) => {
    const before = requests;
    await expect(createJsonFetcher({ reach: 'public', ca })(address())).rejects.toThrow('out of reach');
    expect(requests).toBe(before);
  });

  test.each([
    ['plain HTTP', () => url('/good', '127.0.0.1', 'http')],
    ['an address with a password', () => `https://user:secret@127.0.0.1:${port}/good`],
    ['the metadata service', () => 'https://169.254.169.254/good'],
    ['what is no URL', () => 'https://'],
  ])('%s, ever', async (_name, address) => {
    const before = requests;
    await expect(privately()(address())).rejects.toThrow();
    expect(requests).toBe(before);
  });

  test('a host whose certificate nobody trusts', async () => {
    const before = requests;
    await expect(createJsonFetcher({ reach: 'private' })(url('/good'))).rejects.toThrow();
    expect(requests).toBe(before);
  });
});

describe('a name', () => {
  const resolving = (...answers: readonly (readonly string[])[]) => {
    let asked = 0;
    const resolve = ((_name: string, _options: object, callback: (error: null, list: object[]) => void) => {
      const addresses = answers[Math.min(asked++, answers.length - 1)] ?? [];
      callback(
        null,
        addresses.map((address) => ({ address, family: 4 })),
      );
    }) as unknown as typeof lookup;
    return { resolve, asked: () => asked };
  };

  test('that resolves to an allowed and a forbidden address is out of reach', async () => {
    const { resolve } = resolving(['8.8.8.8', '127.0.0.1']);
    await expect(
      createJsonFetcher({ reach: 'public', ca, resolve })(url('/good', 'idp.test')),
    ).rejects.toThrow('out of reach');
  });

  test('is looked up once: what a second look-up would say does not matter (rebinding)', async () => {
    const { resolve, asked } = resolving(['127.0.0.1'], ['169.254.169.254']);
    expect(await privately({ resolve })(url('/good', 'idp.test'))).toEqual({ a: 1 });
    expect(asked()).toBe(1);
  });

  test('without any address is out of reach', async () => {
    const { resolve } = resolving([]);
    await expect(privately({ resolve })(url('/good', 'idp.test'))).rejects.toThrow('out of reach');
  });
});

describe('an answer is refused that', () => {
  test.each([
    ['points elsewhere', '/redirect', 'it answered 302'],
    ['is too long', '/long', 'too long'],
    ['is no JSON', '/text', 'not valid JSON'],
    ['is no object', '/list', 'no JSON object'],
    ['is no UTF-8', '/latin', 'not valid'],
    ['ends early', '/cut', 'ended early'],
  ])('%s', async (_name, path, message) => {
    await expect(privately({ maximumBytes: 1000 })(url(path))).rejects.toThrow(message);
  });

  test('does not come', async () => {
    await expect(privately({ timeout: 100 })(url('/slow'))).rejects.toThrow('aborted');
  });
});
