import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqliteStorage } from '../../src/storage/sqlite/sqlite.ts';
import { crashRounds, spawnWriter } from './crash.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'entryway-crash-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('every acknowledged batch survives `kill -9`, and none is there by half', async () => {
  const seed = Number(process.env.SEED ?? randomInt(2 ** 31));
  console.log(`seed of the kills: ${seed}`);
  const report = await crashRounds({ directory, seed, rounds: 5 });
  expect(report.problems).toEqual([]);
  expect(report.acknowledged).toBeGreaterThan(0);
});

test('a second process is refused and told who holds the directory, also after a refused attempt in the first', async () => {
  const store = openSqliteStorage({ directory });
  expect(() => openSqliteStorage({ directory })).toThrow('is held by');
  const child = spawnWriter(directory);
  let said = '';
  child.stderr.on('data', (data: Buffer) => {
    said += data.toString();
  });
  const [code] = await once(child, 'close');
  expect(said).toContain(`is held by process ${process.pid} on host`);
  expect(code).toBe(3);
  await store.close();
});

test('of several processes that start together, one gets the directory', async () => {
  const children = Array.from({ length: 4 }, () => spawnWriter(directory));
  const outcomes = await Promise.all(
    children.map(async (child) => {
      const first = await Promise.race([
        once(child.stdout, 'data').then(() => 'ready'),
        once(child, 'close').then(([code]) => code as number),
      ]);
      return first;
    }),
  );
  for (const child of children) child.kill('SIGKILL');
  expect(outcomes.filter((outcome) => outcome === 'ready')).toHaveLength(1);
  expect(outcomes.filter((outcome) => outcome === 3)).toHaveLength(3);
});
