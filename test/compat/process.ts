/** A real server process, as a user starts it, and the environment its users would have. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  awsCliDirectory,
  type CommandResult,
  type KubectlVersion,
  kubectlDirectory,
  newestKubectl,
  run,
} from './clients.ts';

const launcher = resolve(import.meta.dirname, '../../bin/entryway.js');

export interface Connection {
  readonly awsEndpoint: string;
  readonly kubernetesEndpoint: string;
  readonly caFile: string;
  readonly accountId: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly dataDir: string;
  readonly pid: number;
}

export interface ServerProcess {
  readonly connection: Connection;
  /** Everything written to standard error so far. */
  log(): string;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
}

/** An own temporary directory, removed by `remove`. */
export function temporaryDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'entryway-compat-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/**
 * Starts `entryway serve` on free ports and waits until it says that everything listens. `args` come last and so win;
 * with `--in-memory` there is no data directory.
 */
export async function startServerProcess(
  directory: string,
  args: readonly string[] = [],
): Promise<ServerProcess> {
  const readyFile = join(directory, 'ready.json');
  rmSync(readyFile, { force: true });
  const child = spawn(
    process.execPath,
    [
      launcher,
      'serve',
      ...(args.includes('--in-memory') ? [] : ['--data', join(directory, 'data')]),
      '--aws-listen',
      '127.0.0.1:0',
      '--kube-listen',
      '127.0.0.1:0',
      '--ready-file',
      readyFile,
      ...args,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString('utf8');
  });
  const exited = new Promise<number | null>((done) => child.on('exit', (code) => done(code)));
  await until(() => existsSync(readyFile) || child.exitCode !== null, 'the server is ready', 30_000);
  if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}: ${log}`);
  return {
    connection: JSON.parse(readFileSync(readyFile, 'utf8')) as Connection,
    log: () => log,
    stop: () => end(child, 'SIGTERM', exited),
    async kill() {
      await end(child, 'SIGKILL', exited);
    },
  };
}

/**
 * A directory whose only program is `npx`, for pages whose commands begin with `npx entryway`: npm takes longer to find
 * the command than the command takes. That the real one finds it is shown in package.test.ts.
 */
export function npxDirectory(directory: string): string {
  const programs = mkdtempSync(join(directory, 'programs-'));
  const script = `#!/bin/sh\n[ "$1" = entryway ] || exit 127\nshift\nexec '${process.execPath}' '${launcher}' "$@"\n`;
  writeFileSync(join(programs, 'npx'), script, { mode: 0o755 });
  return programs;
}

/** Runs an `entryway` command to its end, with nothing in its environment but PATH, a home and what is given. */
export function entryway(
  home: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const env = { PATH: process.env.PATH ?? '', HOME: home, ...environment };
  return run(process.execPath, [launcher, ...args], { env, cwd: home });
}

async function end(
  child: ChildProcess,
  signal: NodeJS.Signals,
  exited: Promise<number | null>,
): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
  return exited;
}

/** Waits for a condition, with a deadline. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  deadlineMs = 15_000,
): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${deadlineMs / 1000} s in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Keys as the AWS CLI takes them from its environment. */
export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** A terminal: stock `aws` and `kubectl` in PATH, one identity in the environment, its own home. */
export interface Shell {
  readonly environment: Readonly<Record<string, string>>;
  aws(...args: readonly string[]): Promise<CommandResult>;
  /** `aws … --output json`, which must succeed. */
  awsJson<Output>(...args: readonly string[]): Promise<Output>;
  kubectl(...args: readonly string[]): Promise<CommandResult>;
  /** With text on standard input, for `-f -`. */
  kubectlWithInput(input: string, ...args: readonly string[]): Promise<CommandResult>;
  /** A script, as a user would paste it. */
  script(text: string): Promise<CommandResult>;
}

export function openShell(
  directory: string,
  connection: Connection,
  keys: Keys,
  options: { readonly kubectl?: KubectlVersion; readonly withAws?: boolean } = {},
): Shell {
  const home = mkdtempSync(join(directory, 'home-'));
  mkdirSync(join(home, '.kube'), { recursive: true });
  const path = [
    ...(options.withAws === false ? [] : [awsCliDirectory()]),
    kubectlDirectory(options.kubectl ?? newestKubectl),
    process.env.PATH ?? '',
  ].join(':');
  const environment: Record<string, string> = {
    PATH: path,
    HOME: home,
    KUBECONFIG: join(home, '.kube', 'config'),
    AWS_ENDPOINT_URL: connection.awsEndpoint,
    AWS_REGION: connection.region,
    AWS_DEFAULT_REGION: connection.region,
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_MAX_ATTEMPTS: '1',
    ...(keys.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: keys.sessionToken }),
  };
  const here = { env: environment, cwd: home };
  const aws = (...args: readonly string[]): Promise<CommandResult> => run('aws', args, here);
  return {
    environment,
    aws,
    async awsJson<Output>(...args: readonly string[]) {
      const result = await aws(...args, '--output', 'json');
      if (result.code !== 0) throw new Error(`aws ${args.join(' ')}: ${result.stderr}`);
      return JSON.parse(result.stdout === '' ? '{}' : result.stdout) as Output;
    },
    kubectl: (...args) => run('kubectl', args, here),
    kubectlWithInput: (input, ...args) => run('kubectl', args, { ...here, input }),
    script: (text) => run('bash', ['-euo', 'pipefail', '-c', text], here),
  };
}
