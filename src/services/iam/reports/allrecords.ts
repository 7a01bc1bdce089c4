import type { StorageReader } from '../../../storage/storage.ts';

/** Every record under a prefix. For kinds whose number a quota bounds. */
export async function allRecords<T>(storage: StorageReader, prefix: string): Promise<readonly T[]> {
  const { entries } = await storage.list({ prefix });
  return entries.map(({ value }) => JSON.parse(value) as T);
}
