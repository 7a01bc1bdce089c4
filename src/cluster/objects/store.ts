import type { Put, Storage, StoredEntry } from '../../storage/storage.ts';
import { requestEntityTooLarge } from '../../wire/kube/status.ts';
import type { KubeObject } from './object.ts';

/** What a stored entry means: its JSON with `metadata.resourceVersion`, which is the entry's revision. */
export function readObject(entry: Pick<StoredEntry, 'value' | 'revision'>): KubeObject {
  const stored = JSON.parse(entry.value) as KubeObject;
  return { ...stored, metadata: { ...stored.metadata, resourceVersion: String(entry.revision) } };
}

/**
 * Characters of a stored object: what a request body may hold. Patches add to what is there, so without this bound an
 * object could grow until no list that contains it can be written any more.
 */
const maximumObjectLength = 3 * 1024 * 1024;
/** What the marks of its deletion may add, or an object as long as one may be could never be deleted. */
const deletionMarks = 4096;

/** INVARIANT: the revision is the entry's own; it is never written into the value, where it would be stale. */
export function writeObject(key: string, object: KubeObject): Put {
  const { resourceVersion: _, ...metadata } = object.metadata;
  const value = JSON.stringify({ ...object, metadata });
  const room = metadata.deletionTimestamp === undefined ? 0 : deletionMarks;
  if (value.length > maximumObjectLength + room) {
    throw requestEntityTooLarge(`an object is stored up to ${maximumObjectLength} characters`);
  }
  return { type: 'put', key, value };
}

export async function getObject(storage: Storage, key: string): Promise<KubeObject | undefined> {
  const entry = await storage.get(key);
  return entry === undefined ? undefined : readObject(entry);
}

/** The revision an object was read at. */
export function revisionOf(object: KubeObject): number {
  return Number(object.metadata.resourceVersion);
}
