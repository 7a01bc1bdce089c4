/** docs/howto/policies.md is a promise: its commands are run here, on the demo, in the order in which they stand. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { awsCliDirectory, awsCliUnavailable, run } from './clients.ts';
import { npxDirectory, type ServerProcess, startServerProcess, temporaryDirectory } from './process.ts';

const root = resolve(import.meta.dirname, '../..');
const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;
const page = readFileSync(join(root, 'docs/howto/policies.md'), 'utf8');
const blocksOf = (language: string): readonly string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text = '']) => text);

const directory = temporaryDirectory();
const npx = npxDirectory(directory.path);
let server: ServerProcess;

beforeAll(async () => {
  server = await startServerProcess(directory.path, ['--demo']);
}, 90_000);

afterAll(async () => {
  await server?.stop();
  directory.remove();
});

test.skipIf(unavailable !== undefined)(
  `the commands of docs/howto/policies.md work as printed${because}`,
  async () => {
    const [first = '', ...rest] = blocksOf('sh');
    expect(await bash(first)).toBe(blocksOf('text')[0]);
    // One terminal: what a block sets, the next ones use.
    const output = await bash(rest.join('\n'));
    expect(output).toContain('"id": "EW-POL-306"');
    expect(output).toContain('implicitDeny');
    expect(output).toContain('"eks:namespaces"');
    expect(output).toMatch(/^eks:DescribeCluster\tallowed\trole_team-a-developer_eks$/m);
    expect(output).toMatch(/^eks:DeleteCluster\timplicitDeny\tNone$/m);
    expect(output).toMatch(/^eks\t/m);
    expect(output).toMatch(/^<root_account>,arn:aws:iam::\d{12}:root,/m);
  },
  120_000,
);

async function bash(commands: string): Promise<string> {
  const { connection } = server;
  const { code, stdout, stderr } = await run('bash', ['-euo', 'pipefail', '-c', commands], {
    cwd: directory.path,
    env: {
      PATH: [npx, awsCliDirectory(), process.env.PATH].join(':'),
      HOME: directory.path,
      AWS_ENDPOINT_URL: connection.awsEndpoint,
      AWS_ACCESS_KEY_ID: connection.accessKeyId,
      AWS_SECRET_ACCESS_KEY: connection.secretAccessKey,
      AWS_REGION: connection.region,
      AWS_DEFAULT_REGION: connection.region,
      AWS_EC2_METADATA_DISABLED: 'true',
      npm_config_loglevel: 'silent',
      NO_COLOR: '1',
    },
  });
  expect(code, stderr).toBe(0);
  return stdout;
}
