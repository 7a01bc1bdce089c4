import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ReadyFile } from '../../server/readyfile.ts';
import { nodeCredentials, tryCredentials } from './credentials.ts';

const log = { debug: () => {}, info: () => {}, warn: () => {} };
const server: ReadyFile = {
  ...{ awsEndpoint: 'http://127.0.0.1:9', kubernetesEndpoint: 'https://127.0.0.1:9', caFile: 'ca' },
  ...{ accountId: '111122223333', region: 'us-east-1', dataDir: 'data', pid: 1 },
  ...{ accessKeyId: 'AKIAROOT012345678', secretAccessKey: 's' },
};
const region = 'us-east-1';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'entryway-agent-'));
  file = join(directory, 'credentials');
  writeFileSync(
    file,
    ['default', 'node']
      .map(
        (name) =>
          `[${name}]\naws_access_key_id=AKIA${name.toUpperCase()}0123456789\naws_secret_access_key=s\n`,
      )
      .join(''),
  );
  for (const name of Object.keys(process.env).filter((each) => each.startsWith('AWS_')))
    vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_CONFIG_FILE', join(directory, 'none'));
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', file);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

async function keyOf(...given: Parameters<typeof nodeCredentials>): Promise<string> {
  return (await nodeCredentials(...given)()).accessKeyId;
}

test('the agent is whom options name, else the environment, else whom the SDK or this machine’s server knows', async () => {
  const keys = async (): Promise<readonly string[]> => [
    await keyOf({ region, awsCredentials: file, awsProfile: 'node' }, server, log),
    await keyOf({ region }, server, log),
    await keyOf({ region }, undefined, log),
  ];
  expect(await keys()).toEqual(['AKIANODE0123456789', 'AKIAROOT012345678', 'AKIADEFAULT0123456789']);
  vi.stubEnv('AWS_PROFILE', 'node');
  expect(await keys()).toEqual(['AKIANODE0123456789', 'AKIANODE0123456789', 'AKIANODE0123456789']);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAENVIRONMENT');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 's');
  expect(await keys()).toEqual(['AKIANODE0123456789', 'AKIAENVIRONMENT', 'AKIAENVIRONMENT']);
});

test('a role is never replaced by keys of the environment', async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAENVIRONMENT');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 's');
  const role = 'arn:aws:iam::111122223333:role/node';
  await expect(keyOf({ region, role }, server, log)).rejects.toThrow(/ECONNREFUSED/);
});

test.each([
  { region, awsProfile: 'node' },
  { region, awsCredentials: 'file', role: 'arn:aws:iam::111122223333:role/node' },
])('options that contradict each other are refused: %o', (options) => {
  expect(() => nodeCredentials(options, server, log)).toThrow(/--aws-/);
});

test('what is missing is told when the agent starts, and does not end it', async () => {
  const told: unknown[] = [];
  const telling = { ...log, warn: (fields: object) => void told.push(fields) };
  await tryCredentials(nodeCredentials({ region, awsCredentials: file }, server, telling), telling);
  expect(told).toEqual([]);
  const missing = nodeCredentials({ region, awsCredentials: join(directory, 'none') }, server, telling);
  await tryCredentials(missing, telling);
  expect(told).toEqual([{ error: expect.stringContaining('no such file') }]);
  writeFileSync(
    join(directory, 'none'),
    '[default]\naws_access_key_id=AKIALATER0123456789\naws_secret_access_key=s\n',
  );
  expect((await missing()).accessKeyId).toBe('AKIALATER0123456789');
});
