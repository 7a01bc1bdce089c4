/** Command lines as a user types them into stock kubectl, and what a real cluster prints in answer. */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { type CommandResult, type KubectlVersion, kubectlDirectory, run } from './clients.ts';
import type { Scene } from './scene.ts';
import { roleArn } from './world.ts';

const launcher = resolve(import.meta.dirname, '../../bin/entryway.js');
const fixtures = resolve(import.meta.dirname, 'fixtures');

/**
 * Text that must be equal after `settled`, or a pattern; where kubectl itself changed its words, by the version from
 * which on they hold.
 */
export type Expected = string | RegExp | Readonly<Partial<Record<KubectlVersion, string | RegExp>>>;

/**
 * What has to be typed before a path of `get --raw` and the like. COMPAT: kubectl before 1.34 drops the path of the
 * server's URL there, as for every API server behind a path; newer ones keep it.
 */
export function rawRoot(version: KubectlVersion, serverPath: string): string {
  return version < '1.34' ? serverPath : '';
}

export interface Step {
  /** A shell command line. Its directory holds a copy of `fixtures`. */
  readonly run: string;
  /** Exit code; 0 when not given. */
  readonly code?: number;
  /** Standard output; nothing when not given. */
  readonly out?: Expected;
  /** Standard error; nothing when not given. */
  readonly err?: Expected;
  /** Who types it; the cluster's creator when not given. */
  readonly as?: string;
}

/** A command that has not ended yet. */
export interface RunningCommand {
  /** Standard output so far. */
  printed(): string;
  /** Standard error so far; with `-v=6` kubectl names each request there. */
  logged(): string;
  /** Resolves with the exit code when it has ended, by itself or by `stop`. */
  readonly ended: Promise<number | null>;
  stop(): Promise<void>;
}

export interface Terminal {
  readonly version: KubectlVersion;
  /** Where commands run, with a copy of the fixtures. */
  readonly directory: string;
  /** Runs a shell command line as that user; the cluster's creator when none is named. */
  sh(command: string, as?: string): Promise<CommandResult>;
  /** Starts a shell command line and lets it run on. */
  start(command: string): RunningCommand;
  /** Lets a role of that name in by the exec plugin alone, as `entryway kubeconfig` wrote it. */
  execConfig(as: string): string;
}

/**
 * One version of kubectl in one cluster, for its creator and for roles of the account. Kubeconfigs are those that
 * `entryway kubeconfig` prints; their plugin is asked once for each user and its token kept, because starting it for
 * each of some hundred commands would double their time.
 */
export function openTerminal(
  scene: Scene,
  cluster: string,
  version: KubectlVersion,
  roles: readonly string[] = [],
): Terminal {
  const home = mkdtempSync(join(scene.directory, 'terminal-'));
  const directory = join(home, 'work');
  cpSync(fixtures, directory, { recursive: true });
  mkdirSync(join(home, 'execs'));
  const data = ['--data', scene.connection.dataDir];
  const entryway = (...args: readonly string[]): string =>
    execFileSync(process.execPath, [launcher, ...args, ...data], { encoding: 'utf8' });
  for (const user of ['creator', ...roles]) {
    const identity = user === 'creator' ? [] : ['--role', roleArn(scene.connection, user)];
    const text = entryway('kubeconfig', cluster, ...identity);
    writeFileSync(join(home, 'execs', user), text, { mode: 0o600 });
    const token = entryway('token', '--cluster-name', cluster, '--token-only', ...identity).trim();
    const config = parse(text) as { users: { user: unknown }[] };
    const withToken = { ...config, users: config.users.map((one) => ({ ...one, user: { token } })) };
    writeFileSync(join(home, user), stringify(withToken), { mode: 0o600 });
  }
  const path = `${kubectlDirectory(version)}:${process.env.PATH ?? ''}`;
  const environment = (as: string) => ({
    env: { PATH: path, HOME: home, KUBECONFIG: join(home, as), TZ: 'UTC' },
    cwd: directory,
  });
  return {
    version,
    directory,
    sh: (command, as = 'creator') => run('bash', ['-c', command], environment(as)),
    start: (command) => startCommand(command, environment('creator')),
    execConfig: (as) => join(home, 'execs', as),
  };
}

function startCommand(
  command: string,
  options: { readonly env: Record<string, string>; readonly cwd: string },
): RunningCommand {
  // `exec`: the signal has to reach the program, not a shell around it.
  const child = spawn('bash', ['-c', `exec ${command}`], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  let logged = '';
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    logged += chunk.toString('utf8');
  });
  const ended = new Promise<number | null>((done) => child.on('close', (code) => done(code)));
  return {
    printed: () => printed,
    logged: () => logged,
    ended,
    async stop() {
      child.kill();
      await ended;
    },
  };
}

/** Each step becomes a test of the surrounding `describe`, in order; later steps may build on earlier ones. */
export function followSteps(terminal: () => Terminal, steps: readonly Step[]): void {
  for (const step of steps) {
    const who = step.as === undefined ? '' : ` (as ${step.as})`;
    test(`${step.run.replaceAll('%', '%%')}${who}`, async () => {
      const { version, sh } = terminal();
      const result = await sh(step.run, step.as);
      const wanted = {
        code: step.code ?? 0,
        stdout: expectation(step.out, version),
        stderr: expectation(step.err, version),
      };
      expect({
        code: result.code,
        stdout: settled(result.stdout),
        stderr: settled(result.stderr),
      }).toEqual(wanted);
    });
  }
}

function expectation(expected: Expected | undefined, version: KubectlVersion): unknown {
  if (expected === undefined) return '';
  if (typeof expected === 'string') return settled(expected);
  return expected instanceof RegExp
    ? expect.stringMatching(expected)
    : expectation(Object.entries(expected).findLast(([since]) => since <= version)?.[1], version);
}

/**
 * Output without what differs from run to run: ages, times, uids and random suffixes of kubectl's own files have a
 * word in their place, columns are two blanks apart, trailing blanks are gone.
 */
function settled(text: string): string {
  return text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uid>')
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*(?:Z| [+]0000)/g, '<time>')
    .replace(/(?<=\s)\d+(?:s|m\d*s?)(?=\s|$)/g, '<age>')
    .replace(/(\/tmp\/(?:LIVE|MERGED|kubectl-edit)-)\d+/g, '$1<n>')
    .replace(/(?<=\S) {2,}/g, '  ')
    .replace(/[ \t]+$/gm, '')
    .replace(/\n+$/, '');
}
