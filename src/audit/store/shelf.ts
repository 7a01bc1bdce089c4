import { chunkKey, freshKey, freshPrefix, sealKey, sealsPrefix } from '../../storage/records/keys.ts';
import type { Change, Put, Storage } from '../../storage/storage.ts';
import type { TrailItem } from '../item.ts';
import { type ChunkSeal, openChunk, readSeal, type StoredChunk } from './chunk.ts';
import { decodeLines, type TrailLine } from './lines.ts';

/** What lies in the store, known in memory: the records that are not sealed yet, and the seals of those that are. */
export interface Shelf {
  /** By key: in the order of their first positions, roughly. */
  readonly fresh: ReadonlyMap<string, FreshBlock>;
  /** By sequence, ascending. */
  readonly chunks: ReadonlyMap<number, StoredChunk>;
  /** What the next chunk goes on from; a seal that cannot be read still keeps its number. */
  readonly last: Pick<ChunkSeal, 'sequence' | 'sha256'>;
  readonly freshRecords: number;
  readonly freshCharacters: number;
  /** Characters that fresh records and chunks take in the store. */
  readonly characters: number;
  /** The change that stores these records under one key. */
  put(lines: readonly TrailLine[]): Put;
  /** `missing` when retention has removed it meanwhile. */
  open(seal: ChunkSeal): Promise<readonly TrailItem[] | 'missing' | 'damaged'>;
  close(): void;
}

/** Records under one key: one change's, or a batch of reads. */
export interface FreshBlock {
  readonly key: string;
  readonly characters: number;
  readonly records: number;
  lines(): readonly TrailLine[];
}

export interface ShelfOptions {
  readonly storage: Storage;
  /** Called with records once they are stored; must not throw. */
  readonly onStored: (lines: () => readonly TrailLine[]) => void;
  readonly onUnreadable: (key: string) => void;
  /** A seal does not go on from the one before: one of the two was changed, or one between them was taken away. */
  readonly onBroken: (seal: ChunkSeal) => void;
}

/** Texts whose records need not be parsed again when the store tells of them. A long record of a change is all the same. */
const maximumComposed = 2048;
const longestComposed = 32 * 1024;

/** Reads what is there and follows it from then on. */
export async function openShelf({ storage, onStored, onUnreadable, onBroken }: ShelfOptions): Promise<Shelf> {
  const fresh = new Map<string, FreshBlock>();
  const chunks = new Map<number, StoredChunk>();
  const composed = new Map<string, readonly TrailLine[]>();
  let characters = 0;
  let freshRecords = 0;
  let freshCharacters = 0;
  let last: Shelf['last'] = { sequence: 0, sha256: '' };
  /** What an unreadable seal is followed by cannot be compared with it. */
  let afterUnreadable = false;

  const addFresh = (key: string, value: string): FreshBlock => {
    removeFresh(key);
    let lines = composed.get(key);
    composed.delete(key);
    const block: FreshBlock = {
      key,
      characters: key.length + value.length,
      records: lines?.length ?? countLines(value),
      lines: () => {
        if (lines === undefined) {
          lines = decodeLines(value);
          if (lines.length < block.records) onUnreadable(key);
        }
        return lines;
      },
    };
    fresh.set(key, block);
    characters += block.characters;
    freshRecords += block.records;
    freshCharacters += block.characters;
    return block;
  };
  const removeFresh = (key: string): void => {
    const block = fresh.get(key);
    if (block === undefined) return;
    fresh.delete(key);
    characters -= block.characters;
    freshRecords -= block.records;
    freshCharacters -= block.characters;
  };
  const addChunk = (key: string, value: string): void => {
    const chunk = readSeal(value);
    if (chunk === undefined || sealKey(chunk.seal.sequence) !== key) {
      last = { ...last, sequence: Number(key.slice(sealsPrefix.length)) };
      afterUnreadable = true;
      onUnreadable(key);
      return;
    }
    // The oldest that retention has left has nothing before it.
    const isFirst = last.sequence === 0 && chunk.seal.previousSha256 !== '';
    const goesOn = chunk.seal.sequence === last.sequence + 1 && chunk.seal.previousSha256 === last.sha256;
    if (!goesOn && !isFirst && !afterUnreadable) onBroken(chunk.seal);
    afterUnreadable = false;
    last = chunk.seal;
    chunks.set(chunk.seal.sequence, chunk);
    characters += chunk.characters;
  };
  const removeChunk = (key: string): void => {
    const sequence = Number(key.slice(sealsPrefix.length));
    characters -= chunks.get(sequence)?.characters ?? 0;
    chunks.delete(sequence);
  };

  const follow = (changes: readonly Change[]): void => {
    for (const { key, value } of changes) {
      if (key.startsWith(freshPrefix)) {
        if (value === undefined) removeFresh(key);
        else onStored(addFresh(key, value).lines);
      } else if (key.startsWith(sealsPrefix)) {
        if (value === undefined) removeChunk(key);
        else addChunk(key, value);
      }
    }
  };

  // INVARIANT: nobody records before this has resolved, so what is listed is all there is.
  for (const { key, value } of (await storage.list({ prefix: freshPrefix })).entries) {
    addFresh(key, value);
  }
  for (const { key, value } of (await storage.list({ prefix: sealsPrefix })).entries) addChunk(key, value);
  const watch = storage.watch({ prefix: 'trail/' }, follow);

  return {
    fresh,
    chunks,
    get last() {
      return last;
    },
    get freshRecords() {
      return freshRecords;
    },
    get freshCharacters() {
      return freshCharacters;
    },
    get characters() {
      return characters;
    },
    put(lines) {
      const key = freshKey(lines[0]?.item.position ?? '');
      const value = lines.map(({ line }) => line).join('\n');
      // A batch that lost against another writer is never told of: the oldest of these is forgotten then.
      const [oldest] = composed.keys();
      if (oldest !== undefined && composed.size >= maximumComposed) composed.delete(oldest);
      if (lines.length > 1 || value.length <= longestComposed) composed.set(key, lines);
      return { type: 'put', key, value };
    },
    async open(seal) {
      const stored = await storage.get(chunkKey(seal.sequence));
      if (stored === undefined) return chunks.has(seal.sequence) ? 'damaged' : 'missing';
      return (await openChunk(stored.value, seal)) ?? 'damaged';
    },
    close: () => watch.close(),
  };
}

function countLines(text: string): number {
  let lines = 1;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}
