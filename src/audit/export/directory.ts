import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, opendir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { Readable } from 'node:stream';

/** A directory that is laid out like a bucket: a key is a path with `/` below it. */
export interface ExportDirectory {
  /** Whole or not at all; replaces a file of that key. Readable by its owner only: records name people. */
  write(key: string, content: string | Uint8Array): Promise<void>;
  /** Undefined when there is no such file. */
  read(key: string): Promise<Uint8Array | undefined>;
  stream(key: string): Readable;
  /** Keys of files below a prefix that ends in `/`, in no order; none when it is not there. */
  keys(prefix: string): AsyncIterable<string>;
}

export function openExportDirectory(path: string): ExportDirectory {
  const fileOf = (key: string): string => join(path, ...key.split('/'));
  return {
    async write(key, content) {
      const file = fileOf(key);
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      const temporary = `${file}.${randomBytes(8).toString('hex')}.tmp`;
      try {
        const handle = await open(temporary, 'wx', 0o600);
        try {
          await handle.writeFile(content);
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(temporary, file);
      } finally {
        await rm(temporary, { force: true });
      }
    },
    async read(key) {
      try {
        return await readFile(fileOf(key));
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    stream: (key) => createReadStream(fileOf(key)),
    async *keys(prefix) {
      try {
        for await (const entry of await opendir(fileOf(prefix), { recursive: true })) {
          if (entry.isDirectory()) continue;
          yield relative(path, join(entry.parentPath, entry.name)).split(sep).join('/');
        }
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    },
  };
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
