import { type BlockTarget, blockTargetsOf, blockTargetsOfUser } from '../engine/identity/blocks.ts';
import { readBlockRecord } from '../storage/records/blockrecord.ts';
import type { BlockRecord } from '../storage/records/connections.ts';
import { blockKey, blocksPrefix } from '../storage/records/keys.ts';
import type { Storage } from '../storage/storage.ts';
import type { Blocks } from './blocks.ts';

/** The block list of this server, as the store has it. */
export interface BlockList extends Blocks {
  /** Calls the listener after every change of the list, until the returned function is called. */
  onChange(listener: () => void): () => void;
  close(): void;
}

/** Takes what could not be read. Fields name keys, never stored values. */
export interface BlockListLog {
  warn(fields: Readonly<Record<string, string>>, message: string): void;
}

/**
 * Reads the list and follows it from then on: an acknowledged block is in the next answer (storage.ts, INVARIANT). What an
 * answer costs does not depend on how many blocks there are.
 */
export async function openBlockList(options: {
  readonly storage: Pick<Storage, 'list' | 'watch'>;
  readonly log?: BlockListLog;
}): Promise<BlockList> {
  const { storage, log } = options;
  const byKey = new Map<string, BlockRecord>();
  const listeners = new Set<() => void>();
  const apply = (key: string, value: string | undefined): void => {
    if (value === undefined) {
      byKey.delete(key);
      return;
    }
    const { block, isWhole } = readBlockRecord(key, value);
    if (!isWhole) log?.warn({ key }, 'a block that cannot be read holds without an end');
    byKey.set(key, block);
  };
  /** What changed while the list was read: the reading may have seen the state before. */
  let changedMeanwhile: Set<string> | undefined = new Set();
  const watch = storage.watch({ prefix: blocksPrefix }, (changes) => {
    for (const { key, value } of changes) {
      changedMeanwhile?.add(key);
      apply(key, value);
    }
    for (const listener of listeners) listener();
  });
  try {
    for (const { key, value } of (await storage.list({ prefix: blocksPrefix })).entries) {
      if (!changedMeanwhile?.has(key)) apply(key, value);
    }
  } catch (error) {
    watch.close();
    throw error;
  }
  changedMeanwhile = undefined;

  const holding = (targets: readonly BlockTarget[], now: number): BlockRecord | undefined => {
    if (byKey.size === 0) return undefined;
    for (const { kind, target } of targets) {
      const block = byKey.get(blockKey(kind, target));
      if (block !== undefined && (block.until === undefined || now < block.until)) return block;
    }
    return undefined;
  };
  return {
    of: (principal, now) => holding(byKey.size === 0 ? [] : blockTargetsOf(principal), now),
    ofUser: (user, now) => holding(byKey.size === 0 ? [] : blockTargetsOfUser(user), now),
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: () => watch.close(),
  };
}
