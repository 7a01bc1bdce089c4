import type { TrailPosition } from '../item.ts';

/** What is known of a sealed chunk without opening it. */
export interface ChunkSeal {
  /** From 1, without gaps. */
  readonly sequence: number;
  readonly records: number;
  readonly first: TrailPosition;
  readonly last: TrailPosition;
  /** SHA-256 of the chunk's text, whose first line names the hash of the chunk before: a chain. */
  readonly sha256: string;
  /** '' for the first chunk ever. */
  readonly previousSha256: string;
}
