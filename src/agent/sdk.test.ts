import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { STSClient } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type AgentWorld, openAgentWorld, podToken } from './testworld.ts';

/** Other programs may be running here. */
const patiently = { interval: 1, timeout: 10_000 };

let world: AgentWorld;
let directory: string;
beforeEach(async () => {
  world = await openAgentWorld();
  world.time = Date.now();
  directory = mkdtempSync(join(tmpdir(), 'entryway-agent-'));
  const tokenFile = join(directory, 'eks-pod-identity-token');
  writeFileSync(tokenFile, podToken({ from: world.time }));
  for (const name of Object.keys(process.env).filter((each) => each.startsWith('AWS_')))
    vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_CONFIG_FILE', join(directory, 'none'));
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(directory, 'none'));
  vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `http://127.0.0.1:${world.port}/v1/credentials`);
  vi.stubEnv('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', tokenFile);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
  await world.close();
});

test('the stock SDK finds the credentials with what the webhook puts into a pod’s environment', async () => {
  const client = new STSClient({ region: 'us-east-1' });
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = await client.config.credentials();
  client.destroy();
  expect({ accessKeyId, secretAccessKey, sessionToken }).toEqual({
    accessKeyId: 'ASIA1',
    secretAccessKey: 'secret-of-the-pod',
    sessionToken: 'session-of-the-pod',
  });
  expect(expiration?.getTime()).toBeGreaterThan(world.time + 5 * 3_600_000);
});

test('the stock SDK asks again before they expire, and gets those that were renewed meanwhile', async () => {
  world.answers({ life: 3600 });
  const client = new STSClient({ region: 'us-east-1' });
  expect((await client.config.credentials()).accessKeyId).toBe('ASIA1');
  world.time += 31 * 60_000;
  world.agent.sweep();
  await vi.waitFor(() => expect(world.logged.length).toBe(2), patiently);
  expect((await client.config.credentials()).accessKeyId).toBe('ASIA1');
  // As the SDK does by itself when less than five minutes are left.
  expect((await client.config.credentials({ forceRefresh: true })).accessKeyId).toBe('ASIA2');
  client.destroy();
});
