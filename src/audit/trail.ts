import type { Storage } from '../storage/storage.ts';
import type { CallRecorder } from './calls.ts';
import type { Recording } from './cloudtrail/build.ts';
import { buildNotice } from './cloudtrail/notice.ts';
import type { TrailAttribute, TrailItem, TrailKind, TrailPosition } from './item.ts';
import { createRecorders } from './recorders.ts';
import type { ClusterRecorder } from './requests.ts';
import { blocksOf } from './store/blocks.ts';
import type { ChunkSeal } from './store/chunk.ts';
import { lineOf, type TrailLine } from './store/lines.ts';
import { createPositions } from './store/position.ts';
import { createQueue, type Loss, type QueueLimits } from './store/queue.ts';
import { createReader } from './store/reader.ts';
import { createRefusals, type RefusalLimits } from './store/refusals.ts';
import { createSealer, defaultSealerLimits, type SealerLimits } from './store/sealer.ts';
import { openSettlement } from './store/settlement.ts';
import { openShelf } from './store/shelf.ts';
import { withOwners } from './strangers.ts';
import { createUsage, type UsageReader } from './usage.ts';

/**
 * The record of everything that was asked of this server. What an answered call left is found by every later read;
 * what was acknowledged as written is found after any crash, once.
 */
export interface Trail {
  readonly calls: CallRecorder;
  readonly requests: ClusterRecorder;
  readonly usage: UsageReader;
  /** Records of a query, a page at a time; every record stored before the first page appears exactly once. */
  read(query: TrailQuery): Promise<TrailPage>;
  /**
   * Tells of every record once it is stored, in order of storing, until the returned function is called. The listener
   * must not throw. For alerts and for whoever follows: unlike pages, it cannot miss a record that is stored late.
   */
  subscribe(listener: (items: readonly TrailItem[]) => void): () => void;
  /**
   * Up to where (epoch milliseconds, exclusive) the trail is complete: a query that ends before it has the same answer
   * for ever, retention aside, whatever is stored late and whatever the clock is set to. Rejects when the store refuses
   * to write, because that could not be kept then.
   */
  settle(): Promise<number>;
  /** Sealed chunks, oldest first: what each holds and the hash that ties it to the one before. */
  seals(): readonly ChunkSeal[];
  /** Resolves once everything recorded so far is stored, or is known to be lost. */
  flush(): Promise<void>;
  /** Stores what waits, then stops. Call it before the store is closed. */
  close(): Promise<void>;
}

/** The trail for those who only look things up. */
export type TrailReader = Pick<Trail, 'read'>;

export interface TrailQuery {
  /** Without it, every account. */
  readonly accountId?: string;
  readonly kind?: TrailKind;
  readonly attribute?: { readonly key: TrailAttribute; readonly value: string };
  /** Epoch milliseconds, both inclusive. */
  readonly from?: number;
  readonly to?: number;
  /** By time; newest first unless stated. */
  readonly order?: 'newest' | 'oldest';
  /** Goes on after the record at this position, in the query's order. */
  readonly after?: TrailPosition;
  /** 1 to 1000. */
  readonly limit: number;
}

export interface TrailPage {
  readonly items: readonly TrailItem[];
  /** Position to go on after; undefined when there is no more. A page may have fewer records than asked for, and not be the last. */
  readonly next: TrailPosition | undefined;
}

export interface TrailOptions {
  readonly storage: Storage;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Unique ids (UUID). */
  readonly newId: () => string;
  /** The account that runs the server: its trail takes what belongs to nobody, and what the trail says of itself. */
  readonly operatorAccountId: string;
  readonly region: string;
  readonly log: TrailLog;
  readonly queue?: Partial<QueueLimits>;
  readonly sealing?: Partial<SealerLimits>;
  readonly refusals?: Partial<RefusalLimits>;
}

/** Where the trail tells of its own troubles. */
export interface TrailLog {
  error(fields: Readonly<Record<string, string | number | boolean | undefined>>, message: string): void;
}

/** How often records are looked at for age, milliseconds. */
const tickMs = 60_000;

/** Opens the trail of a store; what was fresh when the process ended before is fresh again. */
export async function openTrail(options: TrailOptions): Promise<Trail> {
  const { storage, now, newId, operatorAccountId, region, log } = options;
  const sealing = { ...defaultSealerLimits, ...options.sealing };
  const usage = createUsage(storage);
  const refusals = createRefusals(options.refusals);
  const listeners = new Set<(items: readonly TrailItem[]) => void>();
  const failed = (message: string) => (error: unknown) => log.error({ error: String(error) }, message);

  const onUnreadable = (key: string): void => log.error({ key }, 'a part of the trail is unreadable');
  const settlement = await openSettlement({
    storage,
    now,
    oldestWaiting: () => queue.oldest(),
    onUnreadable,
  });
  const positionOf = createPositions(() => settlement.floor);

  const recording = (): Recording => ({ now: now(), newId, operatorAccountId });
  const notice = (...[name, data]: NoticeOf): TrailLine => {
    const record = buildNotice(name, data, { ...recording(), region });
    const position = positionOf(now(), record.eventID);
    return lineOf({ kind: 'aws', position, accountId: operatorAccountId, record });
  };

  const damages = new Set<string>();
  /** Found while the trail is opened, and recorded once it is. */
  const early: TrailLine[] = [];
  let record = (line: TrailLine): void => void early.push(line);
  /** Logged each time, recorded once a start: a changed chunk is found by everybody who looks into it. */
  const damaged = (sequence: number, what: 'chain' | 'chunk', message: string): void => {
    log.error({ sequence }, message);
    const damage = `${what} ${sequence}`;
    if (damages.has(damage)) return;
    damages.add(damage);
    record(notice('TrailDamaged', { damaged: { sequence, what } }));
  };

  const tell = (lines: () => readonly TrailLine[]): void => {
    if (sealer.isDue) void sealer.nudge();
    if (listeners.size === 0) return;
    const items = lines().map(({ item }) => item);
    for (const listener of [...listeners]) {
      try {
        listener(items);
      } catch (error) {
        failed('a listener of the trail failed')(error);
      }
    }
  };
  const shelf = await openShelf({
    storage,
    onStored: tell,
    onUnreadable,
    onBroken: ({ sequence }) =>
      damaged(sequence, 'chain', 'the chain of the trail is broken before this chunk'),
  });
  const sealer = createSealer({
    storage,
    shelf,
    now,
    limits: sealing,
    onStored: tell,
    removalRecord: (removed) => notice('RecordsRemoved', { removed }),
    onFailure: failed('records of the trail could not be sealed'),
  });
  const queue = createQueue({
    now,
    ...(options.queue !== undefined && { limits: options.queue }),
    hasMore: () => usage.hasNews,
    async prepare(waiting) {
      const lines = await withOwners(waiting, { storage, operatorAccountId });
      const along = await usage.take();
      if (fillsChunk(lines, sealing)) return () => sealer.storeSealed(lines, along);
      const changes = [...blocksOf(lines).map((block) => shelf.put(block)), ...along];
      return async () => {
        if (changes.length > 0) await storage.commit({ changes });
      };
    },
    onLoss: ({ count }) => log.error({ count }, 'records of the trail are being lost'),
    lossRecord: (loss) => notice('RecordsLost', { lost: toldCount(loss) }),
    onFailure: failed('records of the trail could not be stored and wait'),
  });
  record = (line) => queue.push(line);
  early.forEach(record);
  const tellRefusals = (): void => {
    const counted = refusals.takeCount();
    if (counted !== undefined) {
      queue.push(notice('RefusalsCounted', { unrecordedRefusals: toldCount(counted) }));
    }
  };
  const reader = createReader(shelf, ({ sequence }) =>
    damaged(sequence, 'chunk', 'a sealed chunk of the trail is damaged'),
  );
  const recorders = createRecorders({
    recording,
    positionOf,
    usage,
    refusals,
    put(lines) {
      queue.wake();
      return shelf.put(lines);
    },
    push: (line) => queue.push(line),
    onFailure(error) {
      failed('a record of the trail could not be made')(error);
      queue.lost();
    },
  });

  const tick = setInterval(() => {
    tellRefusals();
    void sealer.nudge();
  }, tickMs);
  tick.unref();
  void sealer.nudge();

  return {
    ...recorders,
    usage: {
      async lastUsed(id) {
        await queue.flush();
        return usage.lastUsed(id);
      },
      async services(principalId) {
        await queue.flush();
        return usage.services(principalId);
      },
    },
    async read(query) {
      await queue.flush();
      return reader.read(query);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async settle() {
      await queue.flush();
      return settlement.settle();
    },
    seals: () => [...shelf.chunks.values()].map(({ seal }) => seal),
    flush: () => queue.flush(),
    async close() {
      clearInterval(tick);
      tellRefusals();
      await queue.close();
      await sealer.stop();
      shelf.close();
    },
  };
}

function fillsChunk(lines: readonly TrailLine[], limits: SealerLimits): boolean {
  const characters = lines.reduce((sum, { line }) => sum + line.length, 0);
  return lines.length >= limits.chunkRecords || characters >= limits.chunkCharacters;
}

type NoticeOf = [name: Parameters<typeof buildNotice>[0], data: Parameters<typeof buildNotice>[1]];

function toldCount({ count, from, to }: Loss): { count: number; from: string; to: string } {
  return { count, from: new Date(from).toISOString(), to: new Date(to).toISOString() };
}
