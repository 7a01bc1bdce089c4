import { createHash, webcrypto } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { TrailItem, TrailPosition } from '../item.ts';
import { decodeItems, type TrailLine } from './lines.ts';
import { decodeTerms, encodeTerms, type Terms, termsOf } from './terms.ts';

/** What is known of a sealed chunk without opening it. */
export interface ChunkSeal {
  /** From 1, without gaps. */
  readonly sequence: number;
  readonly records: number;
  readonly first: TrailPosition;
  readonly last: TrailPosition;
  /** Of the seal's text as it is stored, which names the hashes of its records and of the seal before: a chain. */
  readonly sha256: string;
  /** '' for the first chunk ever. */
  readonly previousSha256: string;
  /** Of the records: one JSON object on each line. */
  readonly contentSha256: string;
}

/** A chunk that lies in the store. */
export interface StoredChunk {
  readonly seal: ChunkSeal;
  readonly terms: Terms;
  /** Accounts it has records of. */
  readonly accountIds: readonly string[];
  /** What it takes in the store, its seal included. */
  readonly characters: number;
}

const { subtle } = webcrypto;
const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** What a chunk may unpack to: many times what is ever sealed. */
const maximumLength = 64 * 2 ** 20;

/** Seals records, in the order of their positions, behind the chunk with the given hash. */
export async function sealChunk(
  unordered: readonly TrailLine[],
  previous: Pick<ChunkSeal, 'sequence' | 'sha256'>,
): Promise<{ readonly seal: ChunkSeal; readonly text: string; readonly sealText: string }> {
  const lines = unordered.toSorted((one, other) => (one.item.position < other.item.position ? -1 : 1));
  const bytes = Buffer.from(`${lines.map(({ line }) => line).join('\n')}\n`, 'utf8');
  // Both in other threads: under load, hashing a chunk's records takes a third of what sealing them takes in this one.
  // Level 3: within a tenth of the default's size for a third of its time (measured on records of calls).
  const packing = Promise.all([compress(bytes, { level: 3 }), subtle.digest('SHA-256', bytes)]);
  const items = lines.map(({ item }) => item);
  const terms = encodeTerms(termsOf(items));
  const accountIds = [...new Set(items.map(({ accountId }) => accountId))];
  const [packed, digest] = await packing;
  const text = packed.toString('base64');
  const seal = {
    sequence: previous.sequence + 1,
    records: lines.length,
    first: lines[0]?.item.position ?? '',
    last: lines.at(-1)?.item.position ?? '',
    previousSha256: previous.sha256,
    contentSha256: Buffer.from(digest).toString('hex'),
  };
  const characters = text.length + terms.length;
  const sealText = JSON.stringify({ ...seal, characters, accountIds, terms });
  return { seal: { ...seal, sha256: sha256(sealText) }, text, sealText };
}

/** The records of a stored chunk; undefined when it is not what the seal says: changed, cut off or unreadable. */
export async function openChunk(text: string, seal: ChunkSeal): Promise<readonly TrailItem[] | undefined> {
  let bytes: Buffer;
  try {
    bytes = await decompress(Buffer.from(text, 'base64'), { maxOutputLength: maximumLength });
  } catch {
    return undefined;
  }
  return sha256(bytes) === seal.contentSha256 ? decodeItems(bytes.toString('utf8')) : undefined;
}

/** What a stored seal says; undefined when it is unreadable. */
export function readSeal(text: string): StoredChunk | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const stored = value as Readonly<Record<string, unknown>>;
  const { sequence, records, characters, first, last, previousSha256, contentSha256, accountIds, terms } =
    stored;
  if (typeof sequence !== 'number' || typeof records !== 'number' || typeof characters !== 'number') {
    return undefined;
  }
  if (typeof first !== 'string' || typeof last !== 'string' || typeof terms !== 'string') return undefined;
  if (typeof contentSha256 !== 'string' || typeof previousSha256 !== 'string') return undefined;
  if (!Array.isArray(accountIds) || !accountIds.every((id) => typeof id === 'string')) return undefined;
  const seal = { sequence, records, first, last, sha256: sha256(text), previousSha256, contentSha256 };
  return { seal, terms: decodeTerms(terms), accountIds, characters };
}

function sha256(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}
