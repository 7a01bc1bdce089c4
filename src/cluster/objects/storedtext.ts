import type { StoredEntry } from '../../storage/storage.ts';
import { readObject } from './store.ts';

const metadataMember = '"metadata":{';

/**
 * The JSON of a stored entry with its resourceVersion: what `readObject` and `JSON.stringify` make of it, but for the
 * order of members, without reading it. A list of thousands is mostly this.
 */
export function storedText({ value, revision }: Pick<StoredEntry, 'value' | 'revision'>): string {
  const at = metadataStart(value);
  if (at === undefined) return JSON.stringify(readObject({ value, revision }));
  // INVARIANT: `writeObject` has left the member out, so it is not there twice.
  const version = `"resourceVersion":"${revision}"${value[at] === '}' ? '' : ','}`;
  return value.slice(0, at) + version + value.slice(at);
}

/** Where the members of the object's own metadata begin; undefined when the text is not as `writeObject` makes it. */
function metadataStart(text: string): number | undefined {
  if (text[0] !== '{') return undefined;
  for (let at = 1; text[at] === '"'; at += 1) {
    if (text.startsWith(metadataMember, at)) return at + metadataMember.length;
    const colon = stringEnd(text, at);
    if (text[colon] !== ':') return undefined;
    at = valueEnd(text, colon + 1);
    if (text[at] !== ',') return undefined;
  }
  return undefined;
}

/** Behind the closing quote of the string that begins at `at`. */
function stringEnd(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return end + 1;
  }
  return text.length;
}

/** Behind the value that begins at `at`. */
function valueEnd(text: string, at: number): number {
  let depth = 0;
  for (let index = at; index < text.length; ) {
    const char = text[index];
    if (char === '"') {
      index = stringEnd(text, index);
      continue;
    }
    if (char === '{' || char === '[') depth += 1;
    else if (char === '}' || char === ']') {
      if (depth === 0) return index;
      depth -= 1;
    } else if (char === ',' && depth === 0) return index;
    index += 1;
  }
  return text.length;
}
