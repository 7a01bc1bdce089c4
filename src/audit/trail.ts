import type { CallRecorder } from './calls.ts';
import type { TrailAttribute, TrailItem, TrailKind, TrailPosition } from './item.ts';
import type { ClusterRecorder } from './requests.ts';
import type { ChunkSeal } from './store/chunk.ts';
import type { UsageReader } from './usage.ts';

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
  /** Sealed chunks, oldest first: what each holds and the hash that ties it to the one before. */
  seals(): readonly ChunkSeal[];
  /** The records of a sealed chunk in order, checked against its hash; undefined when retention has removed it. */
  chunk(sequence: number): Promise<SealedChunk | undefined>;
  /** Resolves once everything recorded so far is stored, or is known to be lost. */
  flush(): Promise<void>;
  /** Stores what waits, then stops. Call it before the store is closed. */
  close(): Promise<void>;
}

export interface SealedChunk {
  readonly seal: ChunkSeal;
  readonly items: readonly TrailItem[];
  /** False when the stored text is not what was sealed: somebody changed it. `items` is then empty. */
  readonly intact: boolean;
}

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
  /** Position to go on after; undefined when there is no more. */
  readonly next: TrailPosition | undefined;
}
