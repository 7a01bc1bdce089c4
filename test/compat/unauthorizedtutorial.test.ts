/**
 * docs/tutorials/i-get-unauthorized.md is a promise: its commands are run here, on the demo, and print what stands there.
 * ENTRYWAY_UPDATE=1 writes what they print into the page.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runDemo } from '../../src/cli/demo/demo.ts';
import { createProgram } from '../../src/cli/program.ts';
import { rootCredentials } from '../../src/server/operatoridentity.ts';
import { type RunningServer, startServer } from '../../src/server/server.ts';
import { createToken } from '../../src/wire/token/create.ts';
import { awsCliDirectory, awsCliUnavailable, run } from './clients.ts';
import { temporaryDirectory } from './process.ts';

const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;
const file = resolve(import.meta.dirname, '../../docs/tutorials/i-get-unauthorized.md');
const page = readFileSync(file, 'utf8');
const directory = temporaryDirectory();
let server: RunningServer;

beforeAll(async () => {
  if (unavailable !== undefined) return;
  const data = join(directory.path, 'data');
  mkdirSync(data);
  vi.stubEnv('ENTRYWAY_DATA', data);
  vi.stubEnv('NO_COLOR', '1');
  server = await startServer({
    ...{ dataDirectory: data, accountId: '111122223333', region: 'us-east-1', readyFile: undefined },
    ...{ awsListen: { host: '127.0.0.1', port: 0 }, kubeListen: { host: '127.0.0.1', port: 0 } },
    ...{ logLevel: 'error', logFormat: 'text' },
  });
  await printed(() => runDemo(server));
  const { region } = server.connection;
  const minutesAgo = (count: number): number => Date.now() - count * 60_000;
  const credentials = rootCredentials(server.connection);
  const old = createToken({ credentials, region, clusterName: 'demo', now: minutesAgo(20) });
  writeFileSync(join(directory.path, 'old-token.txt'), old);
}, 60_000);

afterAll(async () => {
  await server?.close();
  vi.unstubAllEnvs();
  directory.remove();
});

/** What is written to standard output meanwhile. */
async function printed(work: () => Promise<unknown>): Promise<string> {
  let text = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  try {
    await work();
  } finally {
    write.mockRestore();
    process.exitCode = undefined;
  }
  return text;
}

/** The words of a command line of the page, none of which has quotes. */
function entryway(line: string, input = ''): Promise<string> {
  // Standard input is this process's own: what would be piped in is given as the argument.
  const words = line.split(/\s+/).map((word) => (word === '-' ? input : word));
  return printed(() => createProgram().parseAsync(['node', ...words]));
}

/** A command of the page: one of ours, two with a pipe between, one with a file, or the AWS CLI's. */
async function perform(block: string): Promise<string> {
  if (block.startsWith('aws ')) {
    const { awsEndpoint, region } = server.connection;
    const { accessKeyId, secretAccessKey } = rootCredentials(server.connection);
    const { code, stdout, stderr } = await run('bash', ['-euo', 'pipefail', '-c', block], {
      cwd: directory.path,
      env: {
        PATH: `${awsCliDirectory()}:${process.env.PATH}`,
        HOME: directory.path,
        ...{ AWS_ENDPOINT_URL: awsEndpoint, AWS_REGION: region, AWS_DEFAULT_REGION: region },
        ...{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
      },
    });
    expect(code, stderr).toBe(0);
    return stdout;
  }
  const [first = '', second] = block.trim().split(' | ');
  if (second !== undefined) return entryway(second, await entryway(first));
  const [, command = first, name] = /^(.*) < (\S+)$/.exec(first) ?? [];
  return entryway(command, name === undefined ? '' : readFileSync(join(directory.path, name), 'utf8'));
}

/** Ids and times are others in each run. */
function comparable(text: string): string {
  return text
    .replace(/\bA(?:ROA|IDA|SIA|KIA)[A-Z0-9]{16,17}\b/g, 'AN-ID')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'A-TIME');
}

test.skipIf(unavailable !== undefined)(
  `the commands of docs/tutorials/i-get-unauthorized.md print what stands there${because}`,
  async () => {
    const pieces = page.split(/(```(?:sh|text)\n[\s\S]*?```)/);
    let output = '';
    let compared = 0;
    for (const [at, piece] of pieces.entries()) {
      const [, language, body = ''] = /^```(sh|text)\n([\s\S]*?)```$/.exec(piece) ?? [];
      if (language === 'sh') output = await perform(body);
      if (language !== 'text') continue;
      if (process.env.ENTRYWAY_UPDATE === '1') pieces[at] = `\`\`\`text\n${output}\`\`\``;
      else expect(comparable(body)).toBe(comparable(output));
      compared++;
    }
    if (process.env.ENTRYWAY_UPDATE === '1') writeFileSync(file, pieces.join(''));
    expect(compared).toBe(7);
  },
  60_000,
);
