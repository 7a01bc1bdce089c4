import { createServer } from 'node:http';
import { networkInterfaces } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Agent, createAgent } from '../../agent/agent.ts';
import { listenAll } from './listening.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {} };
const free = { probeListen: '127.0.0.1:0', metricsListen: '127.0.0.1:0' };

let agent: Agent;
beforeEach(() => {
  agent = createAgent({
    ...{ clusterName: 'demo', endpoint: 'http://127.0.0.1:1', region: 'us-east-1', log: silent },
    credentials: async () => ({ accessKeyId: 'a', secretAccessKey: 's' }),
  });
});
afterEach(() => agent.close(0));

test.each(['0.0.0.0:80', '[::]:80', '10.0.0.1:80', '169.254.170.2:80', '127.0.0.1.example.com:80'])(
  'the agent refuses to listen on %s',
  async (address) => {
    for (const option of ['listen', 'probeListen', 'metricsListen']) {
      const options = {
        ...free,
        listen: ['127.0.0.1:0'],
        [option]: option === 'listen' ? [address] : address,
      };
      await expect(listenAll(agent, options)).rejects.toThrow('is reachable from other machines');
    }
  },
);

test('with a flag it listens where it is told, on all addresses that were named', async () => {
  const listen = ['0.0.0.0:0', '127.0.0.1:0'];
  const { urls } = await listenAll(agent, { ...free, listen, allowRemote: true });
  expect(urls).toEqual([
    expect.stringMatching(/^http:\/\/0\.0\.0\.0:\d+\/v1\/credentials$/),
    expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/v1\/credentials$/),
  ]);
});

const hasIpv6 = Object.values(networkInterfaces()).some((some) =>
  some?.some(({ address }) => address === '::1'),
);

test.skipIf(!hasIpv6)('an address answers clients that write it shorter, as URLs are', async () => {
  const { urls } = await listenAll(agent, { ...free, listen: ['[0:0:0::1]:0'] });
  expect(urls).toEqual([expect.stringMatching(/^http:\/\/\[::1\]:\d+\/v1\/credentials$/)]);
  // It is the token that is missing, not the address that is wrong.
  expect((await fetch(urls[0] ?? '')).status).toBe(400);
});

test('an address that another agent has is told by name', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as { readonly port: number };
  await expect(
    listenAll(agent, { ...free, listen: ['127.0.0.1:0'], probeListen: `127.0.0.1:${port}` }),
  ).rejects.toThrow(`address 127.0.0.1:${port} is in use`);
  other.close();
});
