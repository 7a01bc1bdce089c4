import { type Snapshot, snapshotFormat } from '../../engine/analysis/snapshot/snapshot.ts';
import { documentsIn, type FileDocument } from '../files/text/documents.ts';
import { SourceError } from '../sourceerror.ts';
import { ShapeFault } from './check.ts';
import { snapshotShape } from './shape.ts';

export { ShapeFault } from './check.ts';

/** Whether a document says that it is a saved snapshot, of whatever version. */
export function isSavedSnapshot(value: unknown): boolean {
  const format = (value as { readonly format?: unknown } | null)?.format;
  return typeof format === 'string' && format.startsWith('entryway.snapshot/');
}

/** The snapshot as one text, which `parseSnapshot` reads back. */
export function writeSnapshot(snapshot: Snapshot): string {
  return `${JSON.stringify(snapshot, undefined, 1)}\n`;
}

/**
 * Reads a saved snapshot. `file` is what errors call it. Throws SourceError with the place and the path of the first member
 * that is missing, of another type or not known.
 *
 * SECURITY: whoever can change the file can change every answer, but not more than that: each member is checked here, and
 * readers may trust the type.
 */
export function parseSnapshot(text: string, file = 'snapshot'): Snapshot {
  const [document, ...others] = documentsIn(file, text);
  if (document === undefined) throw new SourceError('misuse', `\`${file}\` is empty`);
  if ('fault' in document) {
    const { line, column } = document.place;
    throw new SourceError('misuse', `${file}:${line}:${column}: ${document.fault}`);
  }
  if (others.length > 0) throw new SourceError('misuse', `\`${file}\` holds more than one snapshot`);
  try {
    return readSnapshot(document.value);
  } catch (error) {
    if (!(error instanceof ShapeFault)) throw error;
    const { reason, place } = describeFault(error, document);
    throw new SourceError('misuse', `${file}:${place.line}:${place.column}: ${reason}`);
  }
}

/** Throws ShapeFault. */
export function readSnapshot(value: unknown): Snapshot {
  const format = (value as { readonly format?: unknown } | null)?.format;
  if (isSavedSnapshot(value) && format !== snapshotFormat) {
    throw new ShapeFault(
      `is of format \`${String(format).slice(0, 100)}\`, and only \`${snapshotFormat}\` is read here`,
    );
  }
  return snapshotShape(value);
}

export function describeFault(
  { path, part, message }: ShapeFault,
  { placeOf }: FileDocument,
): { readonly reason: string; readonly place: ReturnType<FileDocument['placeOf']> } {
  const member = path.join('').replace(/^\./, '').slice(0, 300);
  const what = member === '' ? 'the saved snapshot' : `\`${member}\` of the saved snapshot`;
  return { reason: `${what} ${message}`, place: placeOf(part) };
}
