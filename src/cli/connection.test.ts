import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { rootCredentials } from '../server/operatoridentity.ts';
import { dataDirectoryOf, isAlive, readConnection } from './connection.ts';
import { printEnvironment } from './env.ts';
import { CommandError } from './failure.ts';
import { credentialsFromEnvironment } from './identity.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'entryway-test-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});

const written = {
  awsEndpoint: 'http://127.0.0.1:4700',
  kubernetesEndpoint: 'https://127.0.0.1:4743',
  caFile: '/data/ca.crt',
  accountId: '111122223333',
  region: 'us-east-1',
  accessKeyId: 'AKIAQQQQQQQQQQQQQQQQ',
  secretAccessKey: 'abc/def+ghi=',
  dataDir: '/data',
  pid: process.pid,
};

function write(content: unknown, name = 'server.json'): string {
  const path = join(root, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** The process id of a process that has ended. */
function endedPid(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

describe('the running server', () => {
  test('is found by its data directory or by its ready file', () => {
    write(written);
    expect(readConnection({ data: root })).toEqual(written);
    expect(
      readConnection({ readyFile: write({ ...written, region: 'eu-west-1' }, 'ready.json') }).region,
    ).toBe('eu-west-1');
  });

  test('is looked for in the option, the environment, the home directory', () => {
    vi.stubEnv('ENTRYWAY_DATA', '/from/environment');
    expect(dataDirectoryOf({ data: '/from/option' })).toBe('/from/option');
    expect(dataDirectoryOf({})).toBe('/from/environment');
    vi.stubEnv('ENTRYWAY_DATA', undefined);
    expect(dataDirectoryOf({})).toBe(join(homedir(), '.entryway'));
  });

  test('that never was, or is gone, is told with what to do', () => {
    expect(() => readConnection({ data: root })).toThrow(/^no server has written /);
    write({ ...written, pid: endedPid() });
    expect(() => readConnection({ data: root })).toThrow(/ is not running$/);
  });

  test.each([
    ['empty', ''],
    ['cut off', JSON.stringify(written).slice(0, 40)],
    ['null', 'null'],
    ['a list', '[]'],
    ['another JSON file', '{"name":"entryway"}'],
    ['without a process', JSON.stringify({ ...written, pid: undefined })],
    ['with a text for the process', JSON.stringify({ ...written, pid: '1' })],
    ['without an endpoint', JSON.stringify({ ...written, awsEndpoint: undefined })],
  ])('is not read from a file that is %s', (_, text) => {
    const path = write(text);
    expect(() => readConnection({ data: root })).toThrow(CommandError);
    expect(() => readConnection({ readyFile: path })).toThrow(/ was not written by a server$/);
  });

  test('is alive also when it belongs to somebody else', () => {
    expect(isAlive(process.pid)).toBe(true);
    expect(isAlive(1)).toBe(true);
    expect(isAlive(endedPid())).toBe(false);
  });
});

describe('the keys of the environment', () => {
  test('are used as the AWS CLI uses them: both or none, and an empty one is none', () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'a');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', '');
    vi.stubEnv('AWS_SESSION_TOKEN', '');
    expect(credentialsFromEnvironment()).toBeUndefined();
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'b');
    expect(credentialsFromEnvironment()).toEqual({ accessKeyId: 'a', secretAccessKey: 'b' });
    vi.stubEnv('AWS_SESSION_TOKEN', 'c');
    expect(credentialsFromEnvironment()).toEqual({
      accessKeyId: 'a',
      secretAccessKey: 'b',
      sessionToken: 'c',
    });
  });

  test('of root come from the server’s file', () => {
    expect(rootCredentials(written)).toEqual({
      accessKeyId: written.accessKeyId,
      secretAccessKey: written.secretAccessKey,
    });
  });
});

describe('the shell exports', () => {
  async function printed(content: object, output: 'shell' | 'json'): Promise<string> {
    write(content);
    const write_ = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    await printEnvironment({ data: root, output });
    return write_.mock.calls.map(([text]) => String(text)).join('');
  }

  test('point the clients here and take left-over credentials away', async () => {
    const text = await printed(written, 'shell');
    expect(text).toContain('export AWS_ENDPOINT_URL=http://127.0.0.1:4700\n');
    expect(text).toContain('unset AWS_PROFILE\nunset AWS_SESSION_TOKEN\n');
  });

  test('are no commands, whatever is in the file', async () => {
    const evil = `a'; touch ${join(root, 'pwned')}; $(touch x) \`touch y\` "\n!`;
    const text = await printed({ ...written, region: evil, secretAccessKey: '$HOME' }, 'shell');
    const { stdout } = spawnSync(
      'sh',
      ['-c', `${text}\nprintf '%s|%s' "$AWS_REGION" "$AWS_SECRET_ACCESS_KEY"; ls`],
      { cwd: root, encoding: 'utf8' },
    );
    expect(stdout).toBe(`${evil}|$HOMEserver.json\n`);
  });

  test('are also JSON', async () => {
    expect(JSON.parse(await printed(written, 'json'))).toMatchObject({
      AWS_ACCESS_KEY_ID: written.accessKeyId,
    });
  });
});
