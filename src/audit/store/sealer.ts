import { chunkKey, freshKey, sealKey } from '../../storage/records/keys.ts';
import type { Delete, Put, Storage } from '../../storage/storage.ts';
import type { EntrywayData } from '../cloudtrail/record.ts';
import { type StoredChunk, sealChunk } from './chunk.ts';
import type { TrailLine } from './lines.ts';
import { timeOf } from './position.ts';
import type { FreshBlock, Shelf } from './shelf.ts';

/** Turns fresh records into sealed chunks and takes the oldest away when there are too many. */
export interface Sealer {
  /** So much has been stored that it should be nudged before its time. */
  readonly isDue: boolean;
  /** Does what there is to do, now or after what is under way. */
  nudge(): Promise<void>;
  /** Stores records sealed from the first, with other changes along: what came at once need not be written twice. */
  storeSealed(lines: readonly TrailLine[], along: readonly Put[]): Promise<void>;
  /** Begins nothing new and waits for the step under way. */
  stop(): Promise<void>;
}

export interface SealerOptions {
  readonly storage: Pick<Storage, 'commit'>;
  readonly shelf: Shelf;
  readonly now: () => number;
  readonly limits?: Partial<SealerLimits>;
  /** Told of records that were stored sealed from the first. */
  readonly onStored: (lines: () => readonly TrailLine[]) => void;
  /** The record that says what was removed. */
  readonly removalRecord: (removed: NonNullable<EntrywayData['removed']>) => TrailLine;
  readonly onFailure: (error: unknown) => void;
}

export interface SealerLimits {
  /** Records of a chunk; a single block is never divided. */
  readonly chunkRecords: number;
  readonly chunkCharacters: number;
  /** Milliseconds after which records are sealed although they do not fill a chunk. */
  readonly freshAge: number;
  /** The stated retention: milliseconds and characters in the store. */
  readonly keptFor: number;
  readonly keptCharacters: number;
}

export const defaultSealerLimits: SealerLimits = {
  chunkRecords: 512,
  chunkCharacters: 2 ** 20,
  freshAge: 3_600_000,
  keptFor: 90 * 86_400_000,
  keptCharacters: 2 ** 30,
};

export function createSealer(options: SealerOptions): Sealer {
  const { storage, shelf, now, onFailure } = options;
  const limits = { ...defaultSealerLimits, ...options.limits };
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  let sealing: Promise<void> = Promise.resolve();

  const isMany = (): boolean =>
    shelf.freshRecords >= 2 * limits.chunkRecords || shelf.freshCharacters >= 2 * limits.chunkCharacters;

  /** The oldest fresh blocks that make a chunk; none when there is no need yet. */
  const nextBlocks = (): readonly FreshBlock[] => {
    const blocks = [...shelf.fresh.values()].sort((one, other) => (one.key < other.key ? -1 : 1));
    const [oldest] = blocks;
    if (oldest === undefined) return [];
    const isOld = timeOf(oldest.key.slice(freshKey('').length)) <= now() - limits.freshAge;
    if (!isMany() && !isOld) return [];
    const chosen: FreshBlock[] = [];
    let records = 0;
    let characters = 0;
    for (const block of blocks) {
      if (records >= limits.chunkRecords || characters >= limits.chunkCharacters) break;
      chosen.push(block);
      records += block.records;
      characters += block.characters;
    }
    return chosen;
  };

  /** INVARIANT: one at a time from the look at the last seal to the commit, or the chain would fork. */
  const exclusively = (work: () => Promise<void>): Promise<void> => {
    const done = sealing.then(work);
    sealing = done.catch(() => undefined);
    return done;
  };

  const commitSealed = async (
    lines: readonly TrailLine[],
    along: readonly (Put | Delete)[],
  ): Promise<void> => {
    const { seal, text, sealText } = await sealChunk(lines, shelf.last);
    const key = sealKey(seal.sequence);
    await storage.commit({
      expect: [{ key, revision: 0 }],
      changes: [
        { type: 'put', key: chunkKey(seal.sequence), value: text },
        { type: 'put', key, value: sealText },
        ...along,
      ],
    });
  };

  // INVARIANT: one batch. A record is either fresh or in a chunk, never in both and never in none.
  const sealBlocks = (blocks: readonly FreshBlock[]): Promise<void> =>
    exclusively(async () => {
      const lines = blocks.flatMap((block) => block.lines());
      await commitSealed(
        lines,
        blocks.map(({ key }): Delete => ({ type: 'delete', key })),
      );
    });

  /** The oldest chunks that are beyond the retention. The newest chunk stays: the next one names its hash. */
  const expired = (): { readonly chunks: readonly StoredChunk[]; readonly reason: 'age' | 'size' } => {
    const chunks: StoredChunk[] = [];
    let left = shelf.characters;
    let reason: 'age' | 'size' = 'age';
    const all = [...shelf.chunks.values()];
    for (const chunk of all.slice(0, -1)) {
      const isOld = timeOf(chunk.seal.last) < now() - limits.keptFor;
      if (!isOld && left <= limits.keptCharacters) break;
      if (!isOld) reason = 'size';
      left -= chunk.characters;
      chunks.push(chunk);
    }
    return { chunks, reason };
  };

  const remove = async (): Promise<void> => {
    const { chunks, reason } = expired();
    const [first, last] = [chunks[0]?.seal, chunks.at(-1)?.seal];
    if (first === undefined || last === undefined) return;
    const record = options.removalRecord({
      chunks: chunks.length,
      records: chunks.reduce((sum, { seal: { records } }) => sum + records, 0),
      from: new Date(timeOf(first.first)).toISOString(),
      to: new Date(timeOf(last.last)).toISOString(),
      lastSequence: last.sequence,
      lastSha256: last.sha256,
      reason,
    });
    await storage.commit({
      changes: [
        ...chunks.flatMap(({ seal: { sequence } }): Delete[] => [
          { type: 'delete', key: chunkKey(sequence) },
          { type: 'delete', key: sealKey(sequence) },
        ]),
        shelf.put([record]),
      ],
    });
  };

  const run = async (): Promise<void> => {
    try {
      do {
        again = false;
        for (let blocks = nextBlocks(); blocks.length > 0 && !stopped; blocks = nextBlocks()) {
          await sealBlocks(blocks);
          // Here as well: under load there is always a next one.
          await remove();
        }
        if (!stopped) await remove();
      } while (again && !stopped);
    } catch (error) {
      // Nothing is lost: the records stay fresh and the next nudge tries again.
      onFailure(error);
    } finally {
      running = undefined;
    }
  };

  return {
    get isDue() {
      return isMany() || shelf.characters > limits.keptCharacters;
    },
    async nudge() {
      if (stopped) return;
      again = true;
      running ??= Promise.resolve().then(run);
      await running;
    },
    storeSealed: (lines, along) =>
      exclusively(async () => {
        await commitSealed(lines, along);
        options.onStored(() => lines);
      }),
    async stop() {
      stopped = true;
      await running;
    },
  };
}
