/**
 * docs/howto/connect is a promise: every `entryway` and `aws` command in it is run here. What is marked `on-the-cluster`
 * is for tools of a control plane (kubeadm, systemctl, docker, kind, minikube, talosctl, kubectl against a cluster), of
 * which there is none here: those commands are held to the bundle's own README where they stand in it too.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { createProgram } from '../../src/cli/program.ts';
import { createToken } from '../../src/wire/token/create.ts';
import {
  awsCliDirectory,
  awsCliUnavailable,
  kubectlDirectory,
  newestKubectl,
  quickStart,
  run,
} from './clients.ts';
import { clusterAddress } from './kubernetes.ts';
import { type Connection, npxDirectory, temporaryDirectory, until } from './process.ts';
import { createClients, createCluster, rootKeys } from './world.ts';

const folder = resolve(import.meta.dirname, '../../docs/howto/connect');
const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;
const pageOf = (name: string): string => readFileSync(join(folder, name), 'utf8');

/** Blocks in a language, also where they are indented into a list. */
function blocks(text: string, language: string): readonly string[] {
  const pattern = new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\``, 'gm');
  return [...text.matchAll(pattern)].map(([, indent = '', body = '']) =>
    body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );
}

const directory = temporaryDirectory();
const npx = npxDirectory(directory.path);
const ready = join(directory.path, 'ready.json');
let server: ChildProcess;
let environment: Record<string, string>;

/** Starts what the page says, on free ports of loopback. */
async function startServer(command: string): Promise<void> {
  const here = command
    .replace('0.0.0.0:4745', '127.0.0.1:0')
    .replace(
      'entryway serve',
      `entryway serve --ready-file ${ready} --aws-listen 127.0.0.1:0 --kube-listen 127.0.0.1:0`,
    );
  expect(here).toContain('127.0.0.1:0 --webhook-name');
  server = spawn('bash', ['-c', `exec ${here.trim()}`], { env: environment, stdio: 'ignore' });
  await until(() => readdirSync(directory.path).includes('ready.json'), 'the server is ready', 30_000);
}

beforeAll(async () => {
  environment = {
    PATH: [
      npx,
      ...(unavailable === undefined ? [awsCliDirectory()] : []),
      kubectlDirectory(newestKubectl),
      process.env.PATH,
    ].join(':'),
    HOME: directory.path,
    ...quickStart,
    ENTRYWAY_DATA: join(directory.path, 'data'),
    ADDRESS: '127.0.0.1',
    AWS_EC2_METADATA_DISABLED: 'true',
    NO_COLOR: '1',
  };
  await startServer(blocks(pageOf('README.md'), 'sh')[0] ?? '');
}, 60_000);

afterEach(() => vi.unstubAllEnvs());

afterAll(async () => {
  if (server?.exitCode === null) {
    const exited = new Promise((done) => server.on('exit', done));
    server.kill();
    await exited;
  }
  directory.remove();
});

test.skipIf(unavailable !== undefined)(
  `the ten minutes of docs/howto/connect/README.md work as printed${because}`,
  async () => {
    // One terminal: what a block sets, the next ones use.
    const [, ...rest] = blocks(pageOf('README.md'), 'sh');
    await writeFollowerKubeconfig();
    const { code, stdout, stderr } = await run('bash', ['-euo', 'pipefail', '-c', rest.join('\n')], {
      cwd: directory.path,
      env: environment,
    });
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('bundle for kubeadm, Kubernetes 1.34');
    expect(stdout.match(/: all fine$/gm)).toHaveLength(2);
    expect(stdout).toMatch(/✓ a token of `arn:aws:iam::111122223333:role\/viewer` is user /);
    expect(stdout).toMatch(/✓ an access policy allows \S+ to list pods in `default`/);
    expect(stdout).toContain('User "viewer" set.');
    expect(stdout).toMatch(/^cluster prod is connected to https:\S+: follows \d+ objects$/m);
    expect(stdout).toContain('Added new context arn:aws:eks:us-east-1:111122223333:cluster/prod');
  },
  120_000,
);

/** A built-in cluster of the same server stands for the real one that is followed. */
async function writeFollowerKubeconfig(): Promise<void> {
  const connection = connectionOf();
  const keys = rootKeys(connection);
  const clients = createClients(connection, keys);
  await createCluster(clients, connection, 'standin');
  const { endpoint, caData } = await clusterAddress(clients, 'standin');
  clients.destroy();
  const { region } = connection;
  const token = createToken({ credentials: keys, region, clusterName: 'standin', now: Date.now() });
  const text = stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: endpoint, 'certificate-authority-data': caData } }],
    users: [{ name: 'u', user: { token } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
  writeFileSync(join(directory.path, 'follower.kubeconfig'), text, { mode: 0o600 });
}

function connectionOf(): Connection & { readonly webhookEndpoint: string } {
  return JSON.parse(readFileSync(ready, 'utf8'));
}

const pages = readdirSync(folder).filter((name) => name !== 'README.md');

describe.skipIf(unavailable !== undefined).each(pages)(`docs/howto/connect/%s${because}`, (name) => {
  test('its commands work as printed', async () => {
    const { webhookEndpoint } = connectionOf();
    // For minikube a name that only its node has.
    const host = name === 'minikube.md' ? 'host.minikube.internal' : 'localhost';
    const variables = { WEBHOOKS: webhookEndpoint.replace('127.0.0.1', host) };
    const commands = [
      ...blocks(pageOf(name), 'sh').flatMap((block) => block.trim().split('\n')),
      ...[...pageOf(name).matchAll(/ exec \S+ -- (entryway [^)"\n]+)/g)].map(([, inPod]) => `npx ${inPod}`),
    ];
    expect(commands.length).toBeGreaterThan(0);
    rmSync(join(directory.path, 'prod'), { recursive: true, force: true });
    for (const command of commands) {
      const [program, entryway, ...words] = command.split(' ');
      expect([program, entryway]).toEqual(['npx', 'entryway']);
      const args = words.map((word) =>
        word
          .replace(/^https:\/\/127\.0\.0\.1:4745$/, webhookEndpoint)
          .replace(/^"\$(\w+)"$/, (_, variable: keyof typeof variables) => variables[variable])
          .replace(/^(?:\.|\/tmp)\//, `${directory.path}/`)
          .replace(/^\/data\/entryway$/, environment.ENTRYWAY_DATA ?? ''),
      );
      expect(await inThisProcess(args), command).toBe(0);
    }
  });
});

/** A command without the half second that a process of its own takes to start; answers its exit code. */
async function inThisProcess(args: readonly string[]): Promise<number> {
  vi.stubEnv('ENTRYWAY_DATA', environment.ENTRYWAY_DATA);
  const quiet = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation(() => true),
  );
  try {
    await createProgram().parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } finally {
    process.exitCode = undefined;
    for (const spy of quiet) spy.mockRestore();
  }
}

test.skipIf(unavailable !== undefined).each(['kubeadm', 'k3s', 'rke2', 'kind', 'minikube', 'talos'])(
  `what %s's page does on a control plane is what its bundle says${because}`,
  async (distribution) => {
    const out = join(directory.path, `readme-${distribution}`);
    expect(await inThisProcess(['cluster', 'bundle', 'prod', '--for', distribution, '--out', out])).toBe(0);
    const said = new Set(linesOf(readFileSync(join(out, 'README.md'), 'utf8')));
    // Finding the address comes before there is a bundle.
    const isBefore = /WEBHOOKS|^gateway=|host\.minikube\.internal/;
    expect(
      linesOf(pageOf(`${distribution}.md`)).filter((line) => !said.has(line) && !isBefore.test(line)),
    ).toEqual([]);
  },
);

function linesOf(text: string): readonly string[] {
  return blocks(text, 'sh on-the-cluster').flatMap((block) => block.trim().split('\n'));
}

test('the objects of in-cluster.md are YAML, and the server they start is given options it has', () => {
  const [manifest = ''] = blocks(pageOf('in-cluster.md'), 'yaml');
  const objects = parseAllDocuments(manifest).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS();
  });
  expect(objects.map(({ kind }) => kind)).toEqual([
    'Namespace',
    'Service',
    'PersistentVolumeClaim',
    'Deployment',
  ]);
  const [container] = objects[3].spec.template.spec.containers;
  const [command, ...options] = container.args.map((arg: string) => arg.split('=')[0]);
  const known = createProgram()
    .commands.find((one) => one.name() === command)
    ?.options.map(({ long }) => long);
  expect(options.filter((option: string) => !known?.includes(option))).toEqual([]);
});

test('pages link to pages that are there', () => {
  for (const name of readdirSync(folder)) {
    for (const [, target = ''] of pageOf(name).matchAll(/\]\(([\w-]+\.md)\)/g)) {
      expect(readdirSync(folder)).toContain(target);
    }
  }
});
