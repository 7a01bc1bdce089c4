import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { serverFileOf } from '../server/datadirectory.ts';
import type { ReadyFile } from '../server/readyfile.ts';
import { CommandError } from './failure.ts';

/** Options every command has that talks to a running server. */
export interface ConnectionOptions {
  readonly data?: string;
  readonly readyFile?: string;
}

/** `--data`, else `ENTRYWAY_DATA`, else `~/.entryway`. */
export function dataDirectoryOf(options: { readonly data?: string }): string {
  return resolve(options.data ?? process.env.ENTRYWAY_DATA ?? join(homedir(), '.entryway'));
}

/** What a running server wrote about itself. */
export function readConnection(options: ConnectionOptions): ReadyFile {
  const path = options.readyFile ?? serverFileOf(dataDirectoryOf(options));
  if (!existsSync(path)) {
    throw new CommandError(
      'failure',
      `no server has written \`${path}\``,
      'start one with `entryway serve`, or name its directory with --data',
    );
  }
  const connection = parseReadyFile(readFileSync(path, 'utf8'), path);
  if (!isAlive(connection.pid)) {
    throw new CommandError(
      'failure',
      `the server that wrote \`${path}\` (pid ${connection.pid}) is not running`,
      `start it again with \`entryway serve --data ${connection.dataDir}\``,
    );
  }
  return connection;
}

/** The members that every command needs; a file of another program must not lead to a stack trace. */
function parseReadyFile(text: string, path: string): ReadyFile {
  const texts = ['awsEndpoint', 'kubernetesEndpoint', 'caFile', 'accountId', 'region', 'dataDir'] as const;
  try {
    const read = JSON.parse(text) as Partial<ReadyFile> | null;
    const isWhole =
      Number.isSafeInteger(read?.pid) && texts.every((name) => typeof read?.[name] === 'string');
    if (isWhole) return read as ReadyFile;
  } catch {
    // Not JSON: told like any other file that is not ours.
  }
  throw new CommandError(
    'failure',
    `\`${path}\` was not written by a server`,
    'name the file given to `entryway serve --ready-file`, or the data directory with --data',
  );
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // The process exists but belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
