import { createHash, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzipSync, gzip } from 'node:zlib';
import type { CloudTrailRecord } from '../cloudtrail/record.ts';
import {
  type Digest,
  type DigestMetadata,
  digestPublicKey,
  type LogFile,
  metadataFileOf,
  sha256Hex,
  signatureAlgorithm,
  signDigest,
} from './digest.ts';
import type { ExportDirectory } from './directory.ts';
import { type Chain, chainKey, digestFileKey, logFileKey, parseDigestKey, timestamp } from './names.ts';

export interface CloudTrailExportOptions {
  readonly directory: ExportDirectory;
  /** What the files name as their bucket: where the directory is going to be copied to. */
  readonly bucket: string;
  readonly trailName: string;
  readonly homeRegion: string;
  readonly privateKey: KeyObject;
  /** Start of the range, epoch milliseconds, whole seconds. Earlier chains of the directory go on where they ended. */
  readonly from: number;
  /** Uncompressed bytes held back at most, over all chains, before a file is written. */
  readonly heldBytes?: number;
}

/**
 * Writes records as CloudTrail delivers them: gzipped log files, and for each account and region a chain of signed
 * digests, one for each hour that has events and one at the end of the range. Hours without events belong to the next
 * digest, so that the digests of a chain cover the range without a gap.
 */
export interface CloudTrailExport {
  /**
   * In order of where they stand in the trail, within the range: `at`, epoch milliseconds. With a clock that was set
   * back, records tell of an earlier time; as CloudTrail does, a digest names what was delivered within its hour.
   */
  add(record: CloudTrailRecord, at: number): Promise<void>;
  /** Closes every chain at the end of the range (exclusive, whole seconds). */
  finish(until: number): Promise<ExportSummary>;
}

export interface ExportSummary {
  readonly records: number;
  readonly logFiles: number;
  readonly digests: number;
}

interface ChainState {
  readonly chain: Chain;
  previous: { readonly key: string; readonly sha256: string; readonly signature: string } | undefined;
  /** The chain's digests cover everything before. */
  covered: number;
  /** End of the hour being collected; undefined while it is empty. */
  hourEnd: number | undefined;
  held: string[];
  heldBytes: number;
  oldestHeld: string;
  newestHeld: string;
  files: LogFile[];
}

const hourMs = 3_600_000;
const compress = promisify(gzip);

export async function createCloudTrailExport(options: CloudTrailExportOptions): Promise<CloudTrailExport> {
  const { directory, bucket, privateKey, heldBytes: mostHeldBytes = 8 * 1024 * 1024 } = options;
  const publicKey = digestPublicKey(privateKey);
  const summary = { records: 0, logFiles: 0, digests: 0 };
  const chains = new Map<string, ChainState>();
  let heldBytes = 0;
  for (const last of await lastDigests(directory, options)) {
    chains.set(chainKey(last.chain), { ...emptyState(last.chain, last.end), previous: last });
  }

  const flush = async (state: ChainState): Promise<void> => {
    if (state.held.length === 0) return;
    const text = `{"Records":[${state.held.join(',')}]}`;
    const { oldestHeld: oldestEventTime, newestHeld: newestEventTime } = state;
    heldBytes -= state.heldBytes;
    Object.assign(state, { held: [], heldBytes: 0 });
    // Told by its content: the same records, written again after a crash, are the same file.
    const unique = createHash('sha256').update(text).digest('base64url').replaceAll(/[-_]/g, '').slice(0, 16);
    const key = logFileKey(state.chain, Date.parse(newestEventTime), unique);
    await directory.write(key, await compress(text));
    state.files.push({
      s3Bucket: bucket,
      s3Object: key,
      hashValue: sha256Hex(text),
      hashAlgorithm: 'SHA-256',
      newestEventTime,
      oldestEventTime,
    });
    summary.logFiles += 1;
  };

  const close = async (state: ChainState, end: number): Promise<void> => {
    await flush(state);
    const { previous, files, chain } = state;
    const key = digestFileKey(chain, options, end);
    const digest: Digest = {
      awsAccountId: chain.accountId,
      digestStartTime: timestamp(state.covered),
      digestEndTime: timestamp(end),
      digestS3Bucket: bucket,
      digestS3Object: key,
      digestPublicKeyFingerprint: publicKey.fingerprint,
      digestSignatureAlgorithm: signatureAlgorithm,
      newestEventTime: files.map((file) => file.newestEventTime).reduce(later, null),
      oldestEventTime: files.map((file) => file.oldestEventTime).reduce(earlier, null),
      previousDigestS3Bucket: previous === undefined ? null : bucket,
      previousDigestS3Object: previous?.key ?? null,
      previousDigestHashValue: previous?.sha256 ?? null,
      previousDigestHashAlgorithm: previous === undefined ? null : 'SHA-256',
      previousDigestSignature: previous?.signature ?? null,
      logFiles: files,
    };
    const text = JSON.stringify(digest);
    const signature = signDigest(digest, text, privateKey);
    const metadata: DigestMetadata = { signature, 'signature-algorithm': signatureAlgorithm };
    // The signature first: a digest that is there can be checked.
    await directory.write(metadataFileOf(key), `${JSON.stringify(metadata)}\n`);
    await directory.write(key, await compress(text));
    Object.assign(state, {
      previous: { key, sha256: sha256Hex(text), signature },
      covered: end,
      hourEnd: undefined,
      files: [],
    });
    summary.digests += 1;
  };

  return {
    async add(record, at) {
      const chain = { accountId: record.recipientAccountId, region: record.awsRegion };
      const key = chainKey(chain);
      const state = chains.get(key) ?? emptyState(chain, options.from);
      chains.set(key, state);
      // Another chain ended earlier, and the range begins there.
      if (at < state.covered) return;
      if (state.hourEnd !== undefined && at >= state.hourEnd) await close(state, state.hourEnd);
      state.hourEnd ??= Math.floor(at / hourMs) * hourMs + hourMs;
      const text = JSON.stringify(record);
      const isFirst = state.held.length === 0;
      state.oldestHeld = earlier(isFirst ? null : state.oldestHeld, record.eventTime);
      state.newestHeld = later(isFirst ? null : state.newestHeld, record.eventTime);
      state.held.push(text);
      state.heldBytes += text.length;
      heldBytes += text.length;
      summary.records += 1;
      if (heldBytes > mostHeldBytes) {
        await flush([...chains.values()].reduce((a, b) => (a.heldBytes >= b.heldBytes ? a : b)));
      }
    },
    async finish(until) {
      for (const state of chains.values()) {
        if (state.hourEnd !== undefined && state.hourEnd < until) await close(state, state.hourEnd);
        if (state.covered < until) await close(state, until);
      }
      return summary;
    },
  };
}

/** Where the export in the directory ends; undefined when there is none. After a crash, chains end at different times. */
export async function exportedUntil(
  directory: ExportDirectory,
  trail: Pick<CloudTrailExportOptions, 'trailName' | 'homeRegion'>,
): Promise<number | undefined> {
  const ends = (await lastDigests(directory, trail)).map(({ end }) => end);
  return ends.length === 0 ? undefined : Math.min(...ends);
}

interface LastDigest {
  readonly chain: Chain;
  readonly key: string;
  readonly end: number;
  readonly sha256: string;
  readonly signature: string;
}

/** The newest digest of each chain. Whether they are genuine is the business of `verifyExport`. */
async function lastDigests(
  directory: ExportDirectory,
  { trailName, homeRegion }: Pick<CloudTrailExportOptions, 'trailName' | 'homeRegion'>,
): Promise<readonly LastDigest[]> {
  const newest = new Map<string, { readonly chain: Chain; readonly key: string; readonly end: string }>();
  for await (const key of directory.keys('AWSLogs/')) {
    const name = parseDigestKey(key);
    if (name === undefined || name.trail !== `${trailName}_${homeRegion}`) continue;
    const known = newest.get(chainKey(name));
    if (known === undefined || known.end < name.end)
      newest.set(chainKey(name), { chain: name, key, end: name.end });
  }
  const read = async ({ chain: { accountId, region }, key }: { chain: Chain; key: string }) => {
    const content = await directory.read(key);
    const metadata = await directory.read(metadataFileOf(key));
    if (content === undefined || metadata === undefined) {
      throw new ExportError(`\`${metadataFileOf(key)}\` is missing: the chain cannot go on`);
    }
    const text = gunzipSync(content, { maxOutputLength: 64 * 1024 * 1024 });
    const { digestEndTime } = JSON.parse(text.toString()) as Digest;
    const { signature } = JSON.parse(Buffer.from(metadata).toString()) as DigestMetadata;
    return {
      chain: { accountId, region },
      key,
      end: Date.parse(digestEndTime),
      sha256: sha256Hex(text),
      signature,
    };
  };
  return Promise.all([...newest.values()].map(read));
}

/** The directory holds something that this export cannot go on from. */
export class ExportError extends Error {
  override readonly name = 'ExportError';
}

function emptyState(chain: Chain, covered: number): ChainState {
  return {
    chain,
    covered,
    previous: undefined,
    hourEnd: undefined,
    held: [],
    heldBytes: 0,
    oldestHeld: '',
    newestHeld: '',
    files: [],
  };
}

function later(a: string | null, b: string): string {
  return a === null || b > a ? b : a;
}

function earlier(a: string | null, b: string): string {
  return a === null || b < a ? b : a;
}
