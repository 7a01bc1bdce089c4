import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Snapshot } from '../../engine/analysis/snapshot/snapshot.ts';
import { readFiles } from './readfiles.ts';

export const fixture = (name: string): string => join(import.meta.dirname, 'fixtures', name);
export const aNoon = Date.UTC(2026, 10, 21, 12);

/** Reads texts as files of a directory of their own, in order of their names. Places begin with the name. */
export async function readTexts(
  texts: Readonly<Record<string, string | Uint8Array>>,
  clusters: readonly string[] = [],
): Promise<Snapshot> {
  const directory = mkdtempSync(join(tmpdir(), 'entryway-files-'));
  try {
    const paths = Object.entries(texts).map(([name, text]) => {
      const path = join(directory, name);
      writeFileSync(path, text);
      return path;
    });
    return await readFiles(paths, { now: aNoon, clusters });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What gaps say, with line and column where they have a place. */
export function gapTexts({ gaps }: Pick<Snapshot, 'gaps'>): readonly string[] {
  return gaps.map(({ reason, place }) =>
    place === undefined ? reason : `${place.line}:${place.column} ${reason}`,
  );
}
