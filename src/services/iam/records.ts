import {
  type Batch,
  type Put,
  type Revision,
  RevisionConflictError,
  type StorageReader,
} from '../../storage/storage.ts';
import { tooManyWriters } from './errors.ts';

/** A record as read, with what a later write must expect. */
export interface Stored<T> {
  readonly key: string;
  readonly revision: Revision;
  readonly record: T;
}

/** The record under a key. Its shape is trusted: nothing but these operations and `server` writes it. */
export async function readRecord<T>(storage: StorageReader, key: string): Promise<Stored<T> | undefined> {
  const entry = await storage.get(key);
  return entry === undefined
    ? undefined
    : { key, revision: entry.revision, record: JSON.parse(entry.value) as T };
}

export function put(key: string, record: object): Put {
  return { type: 'put', key, value: JSON.stringify(record) };
}

/** The batch that stores a changed record, if nobody else has changed it since it was read. */
export function replacing<T extends object>({ key, revision }: Stored<T>, record: T): Batch {
  return { expect: [{ key, revision }], changes: [put(key, record)] };
}

/**
 * Of n writers of one record each round has a winner, so this many rounds serve as many racing writers; more are
 * told to come back, as IAM does.
 */
const maxAttempts = 64;

/**
 * Runs read → check → commit again when another write came between. The attempt must read what it depends on itself,
 * so that a repeated one sees the other write and refuses where that made the request impossible (two racing creates:
 * one success, one EntityAlreadyExists).
 */
export async function atomically<T>(attempt: () => Promise<T>): Promise<T> {
  for (let count = 1; ; count++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof RevisionConflictError)) throw error;
      if (count === maxAttempts) throw tooManyWriters(error);
    }
  }
}
