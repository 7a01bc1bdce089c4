import { type BlockTarget, blockTargetsOf, blockTargetsOfUser } from '../engine/identity/blocks.ts';
import type { BlockRecord } from '../storage/records/connections.ts';
import { blockKey, blocksPrefix } from '../storage/records/keys.ts';
import type { Storage } from '../storage/storage.ts';
import type { Blocks } from './blocks.ts';
import { asText, parseObject } from './json.ts';

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
    if (value === undefined) byKey.delete(key);
    else byKey.set(key, readBlock(key, value, log));
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
    ofUser: (extra, now) => holding(byKey.size === 0 ? [] : blockTargetsOfUser(extra), now),
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: () => watch.close(),
  };
}

/**
 * SECURITY: whom a block is about stands in its key. One whose value cannot be read holds all the same, without an end: what
 * is lost must not let anybody in.
 */
function readBlock(key: string, value: string, log: BlockListLog | undefined): BlockRecord {
  const record = parseObject(value);
  const [kind = '', ...target] = key.slice(blocksPrefix.length).split('/');
  const until = record?.until;
  const isWhole = record !== undefined && (until === undefined || typeof until === 'number');
  if (!isWhole) log?.warn({ key }, 'a block that cannot be read holds without an end');
  return {
    blockId: asText(record?.blockId) ?? '',
    kind: kind as BlockRecord['kind'],
    target: target.join('/'),
    ...(isWhole && typeof until === 'number' && { until }),
    reason: asText(record?.reason) ?? '',
    createdAt: typeof record?.createdAt === 'number' ? record.createdAt : 0,
    createdBy: asText(record?.createdBy) ?? '',
  };
}
