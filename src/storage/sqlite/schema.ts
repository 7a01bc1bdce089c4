import type { DatabaseSync } from 'node:sqlite';
import { StorageError } from '../storage.ts';

/** `ENTY`: marks the file as ours, so that another program's database is never migrated. */
const applicationId = 0x454e5459;

/**
 * One step forward each, never edited once released; the index is the version it starts from. `user_version` counts
 * the steps done.
 *
 * TEXT keys under the default BINARY collation compare as the bytes of their UTF-8 form (the database's encoding is
 * stated, not left to the default), which is the order of the contract. Collation is a security setting here.
 */
const migrations: readonly string[] = [
  `CREATE TABLE entries (
     key TEXT NOT NULL COLLATE BINARY PRIMARY KEY,
     value TEXT NOT NULL,
     revision INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE counters (
     name TEXT NOT NULL COLLATE BINARY PRIMARY KEY,
     value INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   INSERT INTO counters (name, value) VALUES ('revision', 0);`,
];

/** Checks that the file is sound and ours, and brings it to this version. Throws `StorageError`. */
export function prepareSchema(database: DatabaseSync, path: string): void {
  const check = read(database, 'PRAGMA quick_check(1)', 'quick_check');
  if (check !== 'ok') {
    throw new StorageError('storageFailed', `database \`${path}\` is damaged: ${String(check)}`);
  }
  const version = Number(read(database, 'PRAGMA user_version', 'user_version'));
  const id = Number(read(database, 'PRAGMA application_id', 'application_id'));
  const tables = Number(read(database, 'SELECT count(*) AS n FROM sqlite_schema', 'n'));
  if (id !== applicationId && (tables > 0 || version > 0)) {
    throw new StorageError('storageFailed', `database \`${path}\` was not written by entryway`);
  }
  if (version > migrations.length) {
    throw new StorageError(
      'storageFailed',
      `database \`${path}\` has version ${version}; this release knows ${migrations.length}: start a newer release`,
    );
  }
  for (let step = version; step < migrations.length; step++) {
    database.exec('BEGIN IMMEDIATE');
    try {
      database.exec(migrations[step] as string);
      database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${step + 1}`);
      database.exec('COMMIT');
    } catch (error) {
      database.exec('ROLLBACK');
      throw error;
    }
  }
}

function read(database: DatabaseSync, sql: string, column: string): unknown {
  return database.prepare(sql).get()?.[column];
}
