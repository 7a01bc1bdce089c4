import type { Batch, Put, Revision, StorageReader } from '../../storage/storage.ts';
import { createAtomically } from '../retrying.ts';
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

/** For every operation of IAM and STS that writes. */
export const atomically = createAtomically(tooManyWriters);
