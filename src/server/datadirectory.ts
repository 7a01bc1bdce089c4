import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ConfigError } from './config.ts';

/** Where a server keeps what must survive it. Directories are 0700, files 0600. */
export interface DataDirectory {
  readonly path: string;
  readonly databaseFile: string;
  readonly caCertificateFile: string;
  readonly caKeyFile: string;
  /** What clients on this machine need to find and enter the running server: the ready file's content. */
  readonly serverFile: string;
  /** Secrets are sealed with it: 32 bytes. */
  readonly sealingKey: Uint8Array;
  /** Removes what must not outlive the process (an in-memory server's directory). */
  dispose(): void;
}

const sealingKeyLength = 32;

export function openDataDirectory(path: string): DataDirectory {
  makePrivateDirectory(path);
  return describe(path, () => {});
}

/** For `--in-memory`: keys and certificates in a temporary directory that goes away with the process. */
export function openTemporaryDirectory(): DataDirectory {
  const path = mkdtempSync(join(tmpdir(), 'entryway-'));
  return describe(path, () => rmSync(path, { recursive: true, force: true }));
}

function describe(path: string, dispose: () => void): DataDirectory {
  return {
    path,
    databaseFile: join(path, 'entryway.db'),
    caCertificateFile: join(path, 'ca.crt'),
    caKeyFile: join(path, 'ca.key'),
    serverFile: serverFileOf(path),
    sealingKey: readOrCreateSealingKey(path),
    dispose,
  };
}

export function serverFileOf(dataDirectory: string): string {
  return join(dataDirectory, 'server.json');
}

/** The sealing key of an existing data directory; throws ConfigError when there is none. */
export function readSealingKey(dataDirectory: string): Uint8Array {
  const file = join(dataDirectory, 'sealing.key');
  if (!existsSync(file)) throw new ConfigError(`data directory \`${dataDirectory}\` has no sealing key`);
  const key = readFileSync(file);
  if (key.length !== sealingKeyLength) {
    throw new ConfigError(
      `sealing key \`${file}\` has ${key.length} bytes instead of ${sealingKeyLength}`,
      'restore the file from a backup; without it the stored secrets cannot be opened',
    );
  }
  return key;
}

function readOrCreateSealingKey(path: string): Uint8Array {
  const file = join(path, 'sealing.key');
  if (existsSync(file)) return readSealingKey(path);
  // A new key beside an old database would make every stored secret unreadable without saying so.
  if (existsSync(join(path, 'entryway.db'))) {
    throw new ConfigError(
      `data directory \`${path}\` has a database but no sealing key`,
      'restore `sealing.key` from a backup, or start with another --data directory',
    );
  }
  // INVARIANT: never replaces a key. Two processes that start on an empty directory come here before either holds the
  // lock; if the later one won the file, what the earlier one seals could not be opened after its restart.
  createPrivateFile(file, randomBytes(sealingKeyLength));
  return readSealingKey(path);
}

/** Writes a file that nobody else has written yet; one that is there already stays as it is. */
export function createPrivateFile(path: string, content: string | Uint8Array): void {
  writeThrough(path, content, (temporary) => {
    try {
      linkSync(temporary, path);
    } catch (error) {
      if (!existsSync(path)) throw error;
    }
  });
}

/** Writes through a temporary file, so that a reader sees the old content or the new, never a part. */
export function writePrivateFile(path: string, content: string | Uint8Array): void {
  writeThrough(path, content, (temporary) => renameSync(temporary, path));
}

function writeThrough(
  path: string,
  content: string | Uint8Array,
  publish: (temporary: string) => void,
): void {
  // SECURITY: in a directory that others can write (a ready file in /tmp), a name they foresee could be a link of
  // theirs, or a file that they can read; so nobody foresees it, and only a file made here is written.
  const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`;
  try {
    writeFileSync(temporary, content, { mode: 0o600, flag: 'wx', flush: true });
    publish(temporary);
    syncDirectory(dirname(path));
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** A new name is only there after a power cut when its directory was synced as well. */
function syncDirectory(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

const ownFiles = ['sealing.key', 'ca.key', 'client-ca.key', 'trail.key', 'server.json', 'entryway.db'];

/**
 * Makes the directory, or checks one that exists. Nobody else may read it or, worse, put files of theirs into it: an
 * empty one and one that is a data directory already are closed to others (and so are the files in it, which a restored
 * backup may have opened); one with other content is somebody's, and its mode is not ours to change.
 */
export function makePrivateDirectory(path: string): void {
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true });
    mkdirSync(path, { mode: 0o700 });
    chmodSync(path, 0o700);
    return;
  }
  const stat = statSync(path);
  if (!stat.isDirectory()) throw new ConfigError(`data directory \`${path}\` is not a directory`);
  if (isOpenToOthers(stat.mode)) {
    const names = readdirSync(path);
    const mode = (stat.mode & 0o777).toString(8);
    if (names.length > 0 && !names.includes('sealing.key')) {
      throw new ConfigError(
        `data directory \`${path}\` holds other files and is open to other users (mode ${mode})`,
        'name a directory of its own, or close this one with `chmod 700`',
      );
    }
    close(path, 0o700, `data directory \`${path}\` is open to other users (mode ${mode})`);
  }
  for (const name of ownFiles) {
    const file = join(path, name);
    if (existsSync(file) && isOpenToOthers(statSync(file).mode)) {
      close(file, 0o600, `\`${file}\` is open to other users`);
    }
  }
}

function isOpenToOthers(mode: number): boolean {
  return process.platform !== 'win32' && (mode & 0o077) !== 0;
}

function close(path: string, mode: number, problem: string): void {
  try {
    chmodSync(path, mode);
  } catch (error) {
    throw new ConfigError(
      `${problem} and cannot be closed to them: ${(error as Error).message}`,
      'start as its owner',
    );
  }
}
