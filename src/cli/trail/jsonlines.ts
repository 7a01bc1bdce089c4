import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { timestamp } from '../../audit/export/names.ts';
import type { TrailItem, TrailKind } from '../../audit/item.ts';
import { contentOf, jsonLine } from './lines.ts';

interface Part {
  readonly file: string;
  readonly temporary: string;
  readonly handle: FileHandle;
}

/**
 * Writes one record to a line, AWS calls and Kubernetes requests into files of their own, readable by their owner only.
 * The files have their names once they are whole.
 */
export async function writeJsonLines(
  directory: string,
  pages: AsyncIterable<readonly TrailItem[]>,
  { from, until }: { readonly from: number | undefined; readonly until: number },
): Promise<{ readonly records: number; readonly files: readonly string[] }> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const parts = new Map<TrailKind, Part>();
  const partOf = async (kind: TrailKind): Promise<Part> => {
    const known = parts.get(kind);
    if (known !== undefined) return known;
    const file = [kind, ...(from === undefined ? [] : [compact(from)]), compact(until)]
      .join('-')
      .concat('.jsonl');
    const temporary = join(directory, `${file}.${randomBytes(8).toString('hex')}.tmp`);
    const part = { file, temporary, handle: await open(temporary, 'wx', 0o600) };
    parts.set(kind, part);
    return part;
  };
  let records = 0;
  let isWhole = false;
  try {
    for await (const items of pages) {
      for (const kind of ['aws', 'kubernetes'] as const) {
        const lines = items.filter((item) => item.kind === kind).map((item) => jsonLine(contentOf(item)));
        if (lines.length === 0) continue;
        await (await partOf(kind)).handle.write(lines.join(''));
        records += lines.length;
      }
    }
    for (const { handle } of parts.values()) await handle.sync();
    isWhole = true;
  } finally {
    for (const { file, temporary, handle } of parts.values()) {
      await handle.close();
      await (isWhole ? rename(temporary, join(directory, file)) : rm(temporary, { force: true }));
    }
  }
  return { records, files: [...parts.values()].map(({ file }) => file) };
}

/** `20260115T130000Z` */
function compact(time: number): string {
  return timestamp(time).replaceAll(/[-:]/g, '');
}
