import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
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
  const key = randomBytes(sealingKeyLength);
  writePrivateFile(file, key);
  return key;
}

/** Writes through a temporary file, so that a reader sees the old content or the new, never a part. */
export function writePrivateFile(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, content, { mode: 0o600, flush: true });
  renameSync(temporary, path);
}

export function makePrivateDirectory(path: string): void {
  if (existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true });
  mkdirSync(path, { mode: 0o700 });
  chmodSync(path, 0o700);
}
