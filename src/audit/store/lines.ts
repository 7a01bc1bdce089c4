import type { TrailItem } from '../item.ts';

/** A record with its text: one JSON object on one line. */
export interface TrailLine {
  readonly item: TrailItem;
  readonly line: string;
}

export function lineOf(item: TrailItem): TrailLine {
  return { item, line: JSON.stringify(item) };
}

/**
 * The records of a text of lines. A line that cannot be read is left out: it was written by nobody of ours, and one
 * bad line must not hide the others.
 */
export function decodeLines(text: string): readonly TrailLine[] {
  const lines: TrailLine[] = [];
  for (const line of text.split('\n')) {
    const item = decodeItem(line);
    if (item !== undefined) lines.push({ item, line });
  }
  return lines;
}

export function decodeItems(text: string): readonly TrailItem[] {
  return decodeLines(text).map(({ item }) => item);
}

function decodeItem(line: string): TrailItem | undefined {
  if (line === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  return isItem(value) ? value : undefined;
}

function isItem(value: unknown): value is TrailItem {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, position, accountId, record, event } = value as Readonly<Record<string, unknown>>;
  const body = kind === 'aws' ? record : kind === 'kubernetes' ? event : undefined;
  return (
    typeof position === 'string' && typeof accountId === 'string' && typeof body === 'object' && body !== null
  );
}
