/**
 * The victim: commits in several loops until it is killed and prints `WORKER N REVISION` for each acknowledged batch.
 * A batch of worker W puts three keys of its number N, takes back those of N - 30, and moves the worker's counter.
 * Exit code 3: the directory is held; the message is on stderr.
 */
import { writeSync } from 'node:fs';
import { openSqliteStorage } from '../../src/storage/sqlite/sqlite.ts';
import { StorageError } from '../../src/storage/storage.ts';
import { counterKey, kept, keysOfBatch } from './model.ts';

const [directory = '', workers = '1'] = process.argv.slice(2);

try {
  const store = openSqliteStorage({ directory });
  writeSync(1, 'ready\n');
  await Promise.all(
    Array.from({ length: Number(workers) }, async (_, worker) => {
      const counter = await store.get(counterKey(worker));
      let revision = counter?.revision ?? 0;
      for (let n = Number(counter?.value ?? 0) + 1; ; n++) {
        revision = await store.commit({
          expect: [{ key: counterKey(worker), revision }],
          changes: [
            ...keysOfBatch(worker, n).map((key) => ({ type: 'put', key, value: String(n) }) as const),
            ...keysOfBatch(worker, n - kept).map((key) => ({ type: 'delete', key }) as const),
            { type: 'put', key: counterKey(worker), value: String(n) },
          ],
        });
        writeSync(1, `${worker} ${n} ${revision}\n`);
      }
    }),
  );
} catch (error) {
  writeSync(2, `${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof StorageError && error.code === 'storageHeld' ? 3 : 1);
}
