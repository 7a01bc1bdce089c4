import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, test } from 'vitest';
import { describeStorage } from '../conformance/conformance.ts';
import { RevisionCompactedError } from '../storage.ts';
import { StorageHeldError } from './lock.ts';
import { databaseName, openSqliteStorage } from './sqlite.ts';

const directories: string[] = [];
function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'entryway-sqlite-'));
  directories.push(directory);
  return directory;
}
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

const put = (key: string, value = key) => ({ type: 'put', key, value }) as const;

describeStorage({
  name: 'sqlite',
  open: async (options) => openSqliteStorage({ directory: newDirectory(), ...options }),
});

describe('after a restart', () => {
  test('everything is there, and revisions go on from where they were', async () => {
    const directory = newDirectory();
    const first = openSqliteStorage({ directory });
    await first.commit({ changes: [put('a'), put('b')] });
    await first.commit({ changes: [{ type: 'delete', key: 'a' }, put('b', 'new')] });
    await first.close();
    const second = openSqliteStorage({ directory });
    expect(second.revision()).toBe(2);
    expect((await second.list({ prefix: '' })).entries).toEqual([{ key: 'b', value: 'new', revision: 2 }]);
    expect(await second.commit({ expect: [{ key: 'b', revision: 2 }], changes: [put('c')] })).toBe(3);
    await second.close();
  });

  test('changes of before are compacted; watching goes on from the current revision', async () => {
    const directory = newDirectory();
    const first = openSqliteStorage({ directory });
    await first.commit({ changes: [put('a')] });
    await first.commit({ changes: [put('b')] });
    await first.close();
    const second = openSqliteStorage({ directory });
    expect(() => second.watch({ prefix: '', after: 1 }, () => {})).toThrow(RevisionCompactedError);
    const seen: number[] = [];
    second.watch({ prefix: '', after: 2 }, (_changes, revision) => seen.push(revision));
    await second.commit({ changes: [put('c')] });
    expect(seen).toEqual([3]);
    await second.close();
  });
});

describe('holding the directory', () => {
  test('a second store is refused and told who holds it', async () => {
    const directory = newDirectory();
    const store = openSqliteStorage({ directory, now: () => Date.UTC(2026, 0, 15, 12) });
    let error: unknown;
    try {
      openSqliteStorage({ directory });
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(StorageHeldError);
    expect(error).toMatchObject({
      code: 'storageHeld',
      holder: { pid: process.pid, since: '2026-01-15T12:00:00.000Z' },
    });
    expect(String(error)).toContain(`process ${process.pid} on host`);
    await store.commit({ changes: [put('a')] });
    await store.close();
    const again = openSqliteStorage({ directory });
    expect(await again.count('')).toBe(1);
    await again.close();
  });

  test('a note without a lock, as a killed process leaves it, holds nothing', async () => {
    const directory = newDirectory();
    writeFileSync(
      join(directory, 'holder.json'),
      JSON.stringify({ pid: process.pid, host: 'h', since: 's' }),
    );
    const store = openSqliteStorage({ directory });
    expect(JSON.parse(readFileSync(join(directory, 'holder.json'), 'utf8'))).toMatchObject({
      pid: process.pid,
    });
    await store.close();
    expect(readdirSync(directory)).not.toContain('holder.json');
  });

  test('a directory that could not be opened is let go', async () => {
    const directory = newDirectory();
    writeFileSync(
      join(directory, databaseName),
      'this is no database, but long enough to be looked at'.repeat(100),
    );
    expect(() => openSqliteStorage({ directory })).toThrow(
      expect.objectContaining({ code: 'storageFailed' }),
    );
    rmSync(join(directory, databaseName));
    await openSqliteStorage({ directory }).close();
  });
});

describe('files', () => {
  test('everything is readable by the owner only', async () => {
    const directory = join(newDirectory(), 'data');
    const store = openSqliteStorage({ directory });
    await store.commit({ changes: [put('a')] });
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    const names = readdirSync(directory);
    expect(names).toContain(`${databaseName}-wal`);
    for (const name of names)
      expect([name, statSync(join(directory, name)).mode & 0o777]).toEqual([name, 0o600]);
    await store.close();
  });

  test.each([
    ['of another program', 'CREATE TABLE x (y)', 'was not written by entryway'],
    [
      'of a newer release',
      'PRAGMA application_id = 1162761305; PRAGMA user_version = 99',
      'start a newer release',
    ],
  ])('a database %s is refused untouched', (_name, sql, message) => {
    const directory = newDirectory();
    const other = new DatabaseSync(join(directory, databaseName));
    other.exec(sql);
    other.close();
    expect(() => openSqliteStorage({ directory })).toThrow(message);
  });

  test('a damaged database is refused', async () => {
    const directory = newDirectory();
    const store = openSqliteStorage({ directory });
    await store.commit({
      changes: Array.from({ length: 500 }, (_, index) => put(`k/${index}`, 'v'.repeat(100))),
    });
    await store.close();
    const path = join(directory, databaseName);
    const bytes = readFileSync(path);
    bytes.fill(0xff, 4096 * 3, 4096 * 6);
    writeFileSync(path, bytes);
    expect(() => openSqliteStorage({ directory })).toThrow(
      expect.objectContaining({ code: 'storageFailed' }),
    );
  });

  test('keys are found by searching, not by scanning', async () => {
    const directory = newDirectory();
    await openSqliteStorage({ directory }).close();
    const database = new DatabaseSync(join(directory, databaseName));
    const plan = database
      .prepare(
        'EXPLAIN QUERY PLAN SELECT key, value, revision FROM entries WHERE key >= :from AND key < :end ORDER BY key LIMIT 5',
      )
      .all({ from: 'a', end: new Uint8Array(0) });
    expect(plan.map(({ detail }) => detail)).toEqual(['SEARCH entries USING PRIMARY KEY (key>? AND key<?)']);
    database.close();
  });
});

test('more waiting writes than there is room for are refused at once; the others are stored', async () => {
  const store = openSqliteStorage({ directory: newDirectory() });
  const results = await Promise.allSettled(
    Array.from({ length: 20_005 }, () => store.commit({ changes: [{ type: 'delete', key: 'k' }] })),
  );
  expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(5);
  expect(store.revision()).toBe(20_000);
  await store.close();
});

test('a database locked by somebody else refuses the write, and takes the next one', async () => {
  const directory = newDirectory();
  const store = openSqliteStorage({ directory });
  const stranger = new DatabaseSync(join(directory, databaseName));
  stranger.exec('BEGIN IMMEDIATE');
  await expect(store.commit({ changes: [put('a')] })).rejects.toMatchObject({ code: 'storageFailed' });
  expect([store.revision(), await store.get('a')]).toEqual([0, undefined]);
  stranger.close();
  expect(await store.commit({ changes: [put('a')] })).toBe(1);
  await store.close();
});

describe('when the disk is full', () => {
  test('only the batch that does not fit is refused, and store, file and watchers agree', async () => {
    const directory = newDirectory();
    const store = openSqliteStorage({ directory, maximumBytes: 1_000_000 });
    const seen: string[] = [];
    store.watch({ prefix: '' }, (changes, revision) =>
      seen.push(`${revision}: ${changes.map(({ key }) => key)}`),
    );
    await store.commit({ changes: [put('a')] });
    const results = await Promise.allSettled([
      store.commit({ changes: [put('b')] }),
      store.commit({ changes: [put('b2'), put('c', 'x'.repeat(3_000_000))] }),
      store.commit({ expect: [{ key: 'b2', revision: 0 }], changes: [put('d')] }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { code: 'storageFailed' } });
    const expected = [
      ['a', 1],
      ['b', 2],
      ['d', 3],
    ];
    const listed = async (from: typeof store) =>
      (await from.list({ prefix: '' })).entries.map(({ key, revision }) => [key, revision]);
    expect(await listed(store)).toEqual(expected);
    expect(seen).toEqual(['1: a', '2: b', '3: d']);
    expect(store.revision()).toBe(3);
    await store.close();
    const again = openSqliteStorage({ directory });
    expect(await listed(again)).toEqual(expected);
    await again.close();
  });
});
