import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test, vi } from 'vitest';
import { createGate } from '../clients/gate.ts';
import { createEksAuth } from './eksauth.ts';

test('a call that waits to be tried again holds nobody else up', async () => {
  const asked: string[] = [];
  const server = createServer(async (incoming, outgoing) => {
    let text = '';
    for await (const part of incoming) text += part;
    const { token } = JSON.parse(text) as { readonly token: string };
    asked.push(token);
    outgoing.writeHead(token === 'troubled' ? 503 : 400, { 'x-amzn-errortype': token });
    outgoing.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const ended = new AbortController();
  const wait = vi.fn<() => Promise<void>>(
    () => new Promise((_, reject) => ended.signal.addEventListener('abort', reject)),
  );
  const eksAuth = createEksAuth({
    ...{ clusterName: 'demo', endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    ...{ region: 'us-east-1', credentials: async () => ({ accessKeyId: 'AKIA', secretAccessKey: 's' }) },
    gate: createGate({ running: 1, waiting: 10, patience: 10_000 }),
    ...{ signal: ended.signal, wait, random: () => 0, called: () => {} },
  });
  const troubled = eksAuth.credentialsFor('troubled').catch(() => 'ended');
  await vi.waitFor(() => expect(wait).toHaveBeenCalled());
  await expect(eksAuth.credentialsFor('refused')).rejects.toThrow('answered with status 400');
  expect(asked).toEqual(['troubled', 'refused']);
  ended.abort();
  expect(await troubled).toBe('ended');
  server.closeAllConnections();
  server.close();
});
