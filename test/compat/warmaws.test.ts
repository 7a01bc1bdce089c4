/** `aws` in these tests is forked from a process that has read the CLI already; it must not differ from a fresh one. */
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  awsCliDirectory,
  awsCliUnavailable,
  type CommandResult,
  coldAwsCliDirectory,
  run,
} from './clients.ts';
import { temporaryDirectory } from './process.ts';

const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;
const directory = temporaryDirectory();
const requests: string[] = [];
const server = createServer((request, response) => {
  const { authorization = '', 'user-agent': agent } = request.headers;
  const [key] = authorization.match(/(?<=Credential=)[^/]*/) ?? [];
  // The order of a set, which is the interpreter's chance.
  const features = agent?.replace(/(?<= m\/)[^ ]*/, (set) => set.split(',').sort().join());
  requests.push(`${request.method} ${request.url} ${key} ${features}`);
  if (request.url?.endsWith('never')) return;
  const found = !request.url?.endsWith('missing');
  response
    .writeHead(found ? 200 : 404, found ? {} : { 'x-amzn-errortype': 'ResourceNotFoundException' })
    .end(found ? '{"clusters":["a"],"cluster":{"name":"é","createdAt":0}}' : '{"message":"none"}');
});

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));

afterAll(() => {
  server.close();
  directory.remove();
});

interface Told extends CommandResult {
  readonly requests: readonly string[];
}

function environmentOf(home: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME: home,
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'none',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_MAX_ATTEMPTS: '1',
  };
}

async function tellOf(
  programs: string,
  script: string,
  environment: Readonly<Record<string, string>>,
): Promise<Told> {
  const home = mkdtempSync(join(directory.path, 'home-'));
  writeFileSync(join(home, 'input.json'), '{"name": "file"}');
  const env = { ...environmentOf(home), PATH: `${programs}:${process.env.PATH}`, ...environment };
  requests.length = 0;
  const { code, stdout, stderr } = await run('bash', ['-c', script], { env, cwd: home });
  const settled = (text: string) => text.replaceAll(home, '~').replaceAll(programs, '<programs>');
  return { code, stdout: settled(stdout), stderr: settled(stderr), requests: [...requests] };
}

describe.skipIf(unavailable !== undefined)(`a forked \`aws\`${because}`, () => {
  test.each<readonly [string, string, Readonly<Record<string, string>>, Partial<Told>]>([
    [
      'an error of the service',
      'aws eks describe-cluster --name missing',
      {},
      { code: 255, stderr: expect.stringContaining('(ResourceNotFoundException)') },
    ],
    [
      'misuse',
      'aws eks describe-cluster',
      {},
      { code: 2, stderr: expect.stringContaining('--name'), requests: [] },
    ],
    [
      'an input file, an output form, other keys and a pipe',
      'aws eks describe-cluster --cli-input-json file://input.json --query cluster | cat',
      { AWS_ACCESS_KEY_ID: 'AKIAI44QH8DHBEXAMPLE', AWS_DEFAULT_OUTPUT: 'text' },
      {
        code: 0,
        stdout: '0\té\n',
        requests: [expect.stringMatching(/^GET \/clusters\/file AKIAI44QH8DHBEXAMPLE /)],
      },
    ],
    [
      'a profile written with a mask',
      'umask 027; aws configure set region eu-west-1 --profile other; stat -c "%a %n" .aws .aws/config; cat .aws/config',
      {},
      { code: 0, stdout: '750 .aws\n600 .aws/config\n[profile other]\nregion = eu-west-1\n' },
    ],
  ])('prints, asks and ends as a fresh one does: %s', async (_, script, environment, expected) => {
    const [warm, cold] = [
      await tellOf(awsCliDirectory(), script, environment),
      await tellOf(coldAwsCliDirectory(), script, environment),
    ];
    expect(warm).toEqual(cold);
    expect(cold).toMatchObject(expected);
  });

  test('ends with who called it', async () => {
    const asked = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    server.once('request', (request) => {
      request.socket.once('close', () => gone.resolve());
      asked.resolve();
    });
    const child = spawn(join(awsCliDirectory(), 'aws'), ['eks', 'describe-cluster', '--name', 'never'], {
      env: environmentOf(directory.path),
      stdio: 'ignore',
    });
    await asked.promise;
    child.kill('SIGKILL');
    await gone.promise;
  });
});
