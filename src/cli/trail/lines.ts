import { once } from 'node:events';
import type { CloudTrailRecord } from '../../audit/cloudtrail/record.ts';
import type { TrailItem } from '../../audit/item.ts';
import type { KubernetesAuditEvent } from '../../audit/kubernetes/event.ts';
import { printable } from '../render/printable.ts';

/** Where rows go as they come; nothing is held back, so a table can be without end. */
export interface RowWriter {
  write(rows: readonly (readonly string[])[]): Promise<void>;
}

/**
 * A plain table of unknown length: the first rows decide how wide its columns are, between what is usual and what is
 * bearable; a longer cell pushes its own line only.
 */
export function createRowWriter(
  out: NodeJS.WritableStream,
  columns: readonly { readonly title: string; readonly usual: number }[],
): RowWriter {
  const bearable = 40;
  let widths: readonly number[] | undefined;
  const line = (cells: readonly string[]): string =>
    `${cells
      .map((cell, i) => cell.padEnd(widths?.[i] ?? 0))
      .join('  ')
      .trimEnd()}\n`;
  return {
    async write(rows) {
      const cells = rows.map((row) => row.map(printable));
      let text = '';
      if (widths === undefined) {
        widths = columns.map(({ title, usual }, i) =>
          Math.min(bearable, Math.max(usual, title.length, ...cells.map((row) => row[i]?.length ?? 0))),
        );
        text = line(columns.map(({ title }) => title.toUpperCase()));
      }
      await writeText(out, text + cells.map(line).join(''));
    },
  };
}

/** The record or event itself: what is printed and exported of an item. */
export function contentOf(item: TrailItem): CloudTrailRecord | KubernetesAuditEvent {
  return item.kind === 'aws' ? item.record : item.event;
}

/**
 * A value as one line of JSON. SECURITY: JSON leaves characters as they are that terminals act on (C1 controls, marks that
 * turn text around), and a user agent may hold them; escaped, they mean the same to every reader.
 */
export function jsonLine(value: object): string {
  const text = JSON.stringify(value).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, at) => unicodeEscape(character.charCodeAt(at))).join(''),
  );
  return `${text}\n`;
}

function unicodeEscape(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}

/** Resolves when the reader has room again: what is printed does not pile up. */
export async function writeText(out: NodeJS.WritableStream, text: string): Promise<void> {
  if (text !== '' && !out.write(text)) await once(out, 'drain');
}

/** Whoever reads us may stop (`| head`): that is the end, not a failure. */
export function endQuietlyWithReader(out: NodeJS.WriteStream): void {
  out.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
}
