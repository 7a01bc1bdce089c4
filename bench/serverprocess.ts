import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { join, resolve } from 'node:path';
import { type AwsClient, createAwsClient } from '../src/clients/aws.ts';
import type { ReadyFile } from '../src/server/readyfile.ts';

/** A server as a user starts it, in its own process. */
export interface ServerProcess {
  readonly connection: ReadyFile;
  /** Milliseconds from spawn until the ready file could be read. */
  readonly startMs: number;
  readonly pid: number;
  /** Calls as the first account's root. */
  readonly aws: AwsClient;
  /** Resident memory, as its own `/metrics` says. */
  residentBytes(): Promise<number>;
  /** SIGTERM, then waits for the end. */
  stop(): Promise<void>;
  /** SIGKILL, then waits for the end. */
  kill(): Promise<void>;
}

const launcher = resolve(import.meta.dirname, '../bin/entryway.js');
const pollMs = 2;
const deadlineMs = 60_000;

/** `directory` keeps the ready file, and the data in `data`; `more` are further options of `entryway serve`. */
export async function startServerProcess(
  directory: string,
  more: readonly string[] = [],
): Promise<ServerProcess> {
  const readyFile = readyFileIn(directory);
  rmSync(readyFile, { force: true });
  const listen = ['--aws-listen', '127.0.0.1:0', '--kube-listen', '127.0.0.1:0'];
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [
      launcher,
      'serve',
      '--data',
      dataDirectoryIn(directory),
      ...listen,
      '--ready-file',
      readyFile,
      '--log-level',
      'warn',
      ...more,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const text = await readWhenThere(readyFile, child);
  const startMs = performance.now() - started;
  const connection = JSON.parse(text) as ReadyFile;
  const { accessKeyId, secretAccessKey } = connection;
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw new Error('the server has no root key');
  return {
    connection,
    startMs,
    pid: child.pid ?? 0,
    aws: createAwsClient({
      endpoint: connection.awsEndpoint,
      region: connection.region,
      credentials: { accessKeyId, secretAccessKey },
    }),
    residentBytes: () => residentBytes(connection.awsEndpoint),
    stop: () => stop(child),
    kill: () => stop(child, 'SIGKILL'),
  };
}

export function readyFileIn(directory: string): string {
  return join(directory, 'ready.json');
}

export function dataDirectoryIn(directory: string): string {
  return join(directory, 'data');
}

export async function stop(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once('exit', done));
  child.kill(signal);
  await ended;
}

/** The file appears whole (it is renamed into place). */
export async function readWhenThere(path: string, child: ChildProcess): Promise<string> {
  for (const deadline = performance.now() + deadlineMs; performance.now() < deadline; ) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
      await new Promise((next) => setTimeout(next, pollMs));
    }
  }
  await stop(child);
  throw new Error(`the server was not ready within ${deadlineMs / 1000} s`);
}

async function residentBytes(endpoint: string): Promise<number> {
  const body = await new Promise<string>((done, fail) => {
    request(`${endpoint}/metrics`, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () => done(text)).on('error', fail);
    })
      .on('error', fail)
      .end();
  });
  const line = body.split('\n').find((each) => each.startsWith('entryway_resident_memory_bytes '));
  if (line === undefined) throw new Error('/metrics does not tell the resident memory');
  return Number(line.split(' ')[1]);
}

/** Seconds a process has computed so far; NaN where the system does not tell. */
export function processorTime(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    // Ticks in user and kernel mode; Linux counts a hundred in a second for everybody.
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return Number.NaN;
  }
}
