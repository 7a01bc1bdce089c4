import { open } from 'node:fs/promises';

/** Bytes of one file; JSON of this size takes some seconds. */
export const largestFile = 128 * 1024 * 1024;

export type FileText =
  | { readonly ok: true; readonly text: string; readonly size: number }
  | { readonly ok: false; readonly fault: string; readonly size: number };

/**
 * The text of a file, of which not more than `most` bytes are read; `-` is standard input. UTF-8, or UTF-16 with its mark,
 * as PowerShell writes. Never throws for what is in the file, and answers a fault for one that cannot be read.
 */
export async function readFileText(path: string, most = largestFile): Promise<FileText> {
  let bytes: Uint8Array | undefined;
  try {
    bytes = path === '-' ? await readStandardInput(most) : await readPlainFile(path, most);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { ok: false, fault: `it cannot be read: ${code ?? message}`, size: 0 };
  }
  if (bytes === undefined) {
    const limit = `${Math.floor(most / 1024 / 1024)} MiB`;
    return { ok: false, fault: `it has more than the ${limit} that are read`, size: most };
  }
  return decode(bytes);
}

async function readPlainFile(path: string, most: number): Promise<Uint8Array | undefined> {
  const file = await open(path);
  try {
    const found = await file.stat();
    // Looked at again: it may have become something else since.
    if (!found.isFile()) throw new Error('it is no plain file');
    if (found.size > most) return undefined;
    return await readAll(file.createReadStream({ autoClose: false }), most);
  } finally {
    await file.close();
  }
}

let standardInput: ReturnType<typeof readAll> | undefined;

/** It can be read once, and whoever asks again gets the same. */
async function readStandardInput(most: number): Promise<Uint8Array | undefined> {
  standardInput ??= readAll(process.stdin, most);
  const bytes = await standardInput;
  return bytes === undefined || bytes.length > most ? undefined : bytes;
}

async function readAll(stream: AsyncIterable<Uint8Array>, most: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > most) return undefined;
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}

function decode(bytes: Uint8Array): FileText {
  const size = bytes.length;
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : 'utf-8';
  let text: string;
  try {
    // Without `ignoreBOM` the mark is taken off.
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return { ok: false, fault: `it is no text in ${encoding.toUpperCase()}`, size };
  }
  return text.includes('\0')
    ? { ok: false, fault: 'it is no text: it has a NUL in it', size }
    : { ok: true, text, size };
}
