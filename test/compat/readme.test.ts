/** The README is a promise: its commands are run here, and its output is what `npm start` really prints. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { awsCliDirectory, awsCliUnavailable, kubectlDirectory, newestKubectl, run } from './clients.ts';
import { type Connection, npxDirectory, temporaryDirectory, until } from './process.ts';

const root = resolve(import.meta.dirname, '../..');
const readmeFile = join(root, 'README.md');
const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;

const directory = temporaryDirectory();
const data = join(directory.path, 'data');
let server: ChildProcess;
let output = '';
let connection: Connection;

beforeAll(async () => {
  server = spawn(
    'npm',
    [
      'start',
      '--silent',
      '--',
      '--data',
      data,
      '--aws-listen',
      '127.0.0.1:0',
      '--kube-listen',
      '127.0.0.1:0',
    ],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
      env: { ...process.env, npm_config_loglevel: 'silent' },
    },
  );
  server.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8');
  });
  await until(
    () => output.includes('Stop with Ctrl-C') || server.exitCode !== null,
    'the demo has been shown',
    60_000,
  );
  connection = JSON.parse(readFileSync(join(data, 'server.json'), 'utf8')) as Connection;
}, 90_000);

afterAll(async () => {
  const ended = new Promise((done) => server.on('exit', done));
  // npm stands between: the signal goes to the whole group, as Ctrl-C would.
  if (server.pid !== undefined && server.exitCode === null) process.kill(-server.pid, 'SIGINT');
  await ended;
  rmSync(join(root, 'demo.kubeconfig'), { force: true });
  directory.remove();
}, 30_000);

/** What a user with the default ports and directory would see. */
function normalised(text: string): string {
  return text
    .replaceAll(connection.awsEndpoint, 'http://127.0.0.1:4700')
    .replaceAll(connection.kubernetesEndpoint, 'https://127.0.0.1:4743')
    .replaceAll(` --data ${data}`, '')
    .replaceAll(data, '~/.entryway')
    .trim();
}

test('the output in the README is what `npm start` prints', () => {
  const readme = readFileSync(readmeFile, 'utf8');
  const block = /<!-- output:start -->\n([\s\S]*?)<!-- output:end -->/;
  const wanted = `\`\`\`text\n${normalised(output)}\n\`\`\`\n`;
  if (process.env.UPDATE_README)
    writeFileSync(
      readmeFile,
      readme.replace(block, () => `<!-- output:start -->\n${wanted}<!-- output:end -->`),
    );
  expect(
    block.exec(readFileSync(readmeFile, 'utf8'))?.[1],
    'run `UPDATE_README=1 npx vitest run test/compat/readme.test.ts` and review the change',
  ).toBe(wanted);
});

/**
 * The first `npx` of the tour is npm's, which shows that it finds the command in a clone. It takes longer to do so than
 * most commands take, so the later ones go where it went.
 */
function onceNpx(): string {
  const launched = npxDirectory(directory.path);
  const programs = join(directory.path, 'npx');
  mkdirSync(programs);
  const rest = `PATH="\${PATH#*:}" exec npx "$@"`;
  const script = `#!/bin/sh\nmkdir '${programs}/asked' 2>/dev/null && ${rest}\nexec '${join(launched, 'npx')}' "$@"\n`;
  writeFileSync(join(programs, 'npx'), script, { mode: 0o755 });
  return programs;
}

test.skipIf(unavailable !== undefined)(
  `the five-minute tour of the README works as printed${because}`,
  async () => {
    const blocks = [...readFileSync(readmeFile, 'utf8').matchAll(/<!-- tour -->\n```sh\n([\s\S]*?)```/g)];
    expect(blocks.length).toBeGreaterThan(3);
    const result = await run(
      'bash',
      ['-euo', 'pipefail', '-c', blocks.map(([, commands]) => commands).join('\n')],
      {
        cwd: root,
        env: {
          PATH: [onceNpx(), awsCliDirectory(), kubectlDirectory(newestKubectl), process.env.PATH].join(':'),
          HOME: directory.path,
          ENTRYWAY_DATA: data,
          AWS_EC2_METADATA_DISABLED: 'true',
          npm_config_loglevel: 'silent',
        },
      },
    );
    expect(result.code, result.stderr).toBe(0);
    expect(existsSync(join(directory.path, 'npx', 'asked'))).toBe(true);
    expect(result.stdout).toContain('"Arn": "arn:aws:iam::111122223333:root"');
    expect(result.stdout.match(/^refused, as it should be$/gm)).toHaveLength(4);
    expect(result.stdout).toMatch(/^yes$/m);
    expect(result.stdout).toMatch(/^node-1 /m);
    expect(result.stderr).toMatch(/pods is forbidden: .* in the namespace "team-a"/);
    expect(result.stderr).toMatch(/User "olivia" cannot list resource "secrets"/);
    expect(
      result.stderr.match(/not authorized to perform: eks:AssociateAccessPolicy on resource: /g),
    ).toHaveLength(2);
    // CloudTrail's clients and the terminal tell the same: what olivia gave, and what she did not get.
    expect(result.stdout).toMatch(/^AssociateAccessPolicy\t\{/m);
    expect(result.stdout).toMatch(/ user\/olivia +eks:AssociateAccessPolicy +127\.0\.0\.1 +ok /);
    expect(result.stdout).toMatch(/ user\/olivia +eks:AssociateAccessPolicy +127\.0\.0\.1 +AccessDenied/);
    expect(result.stdout).toMatch(/ olivia +k8s:list secrets +127\.0\.0\.1 +Forbidden /);
    expect(result.stdout).toMatch(/EW-TRAIL-\d+ .*aws-auth/);
    // Why, who and what if.
    expect(result.stdout).toMatch(
      /^refused: `get` `secrets` in namespace `team-a` .*\n[\s\S]*^and that is why$/m,
    );
    expect(result.stdout).toMatch(
      /^role\/team-b-developer +IAM role +entry .* → AmazonEKSEditPolicy on team-b/m,
    );
    expect(result.stdout).toMatch(/^user\/alice +assumes role `.*role\/platform-admin` /m);
    expect(result.stdout).toMatch(/^in namespace team-b$/m);
    expect(result.stdout).toMatch(/EW-ACC-001 .*\n[\s\S]*^findings, as it should be$/m);
  },
  120_000,
);
