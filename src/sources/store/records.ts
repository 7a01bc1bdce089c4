import type { StorageReader } from '../../storage/storage.ts';

export interface RecordReading {
  readonly storage: StorageReader;
  /** Told of each record that cannot be read. */
  readonly skipped: (what: string) => void;
}

/** All records of a kind. One that is no JSON is told and left out. */
export async function readRecords<Stored>(
  { storage, skipped }: RecordReading,
  prefix: string,
  what: string,
): Promise<readonly Stored[]> {
  const { entries } = await storage.list({ prefix });
  return entries.flatMap(({ value }) => {
    try {
      return [JSON.parse(value) as Stored];
    } catch {
      skipped(what);
      return [];
    }
  });
}
