import { createHash } from 'node:crypto';
import { createGunzip, gunzipSync } from 'node:zlib';
import { textAt, valueAt } from '../alerts/event.ts';
import {
  type Digest,
  type DigestPublicKey,
  metadataFileOf,
  sha256Hex,
  signatureAlgorithm,
  verifyDigest,
} from './digest.ts';
import type { ExportDirectory } from './directory.ts';
import { parseDigestKey } from './names.ts';

/** What is wrong with an exported file. */
export interface ExportProblem {
  readonly key: string;
  readonly problem: string;
}

export interface ExportVerdict {
  readonly problems: readonly ExportProblem[];
  /** Files found good. */
  readonly digests: number;
  readonly logFiles: number;
  /** What the good digests cover, ISO 8601; undefined when there are none. */
  readonly from: string | undefined;
  readonly until: string | undefined;
}

/** Problems reported at most; an export that is wrong all over says so with fewer words. */
const mostProblems = 1000;
const mostDigestBytes = 64 * 1024 * 1024;
const mostLogBytes = 1024 * 1024 * 1024;

/**
 * Checks an export: every digest has its signature and names the one before it, every log file is the one its digest
 * names, and no digest or log file is there that the chain does not name.
 *
 * SECURITY: what it cannot see is that the newest digests are gone, with their log files: nothing that is left names
 * them. `until` tells how far the export goes.
 */
export async function verifyExport(
  directory: ExportDirectory,
  publicKeys: readonly DigestPublicKey[],
): Promise<ExportVerdict> {
  const problems: ExportProblem[] = [];
  const report = (key: string, problem: string): void => {
    if (problems.length < mostProblems) problems.push({ key, problem });
  };
  const chains = new Map<string, string[]>();
  /** Log files nobody has named yet. */
  const unnamed = new Set<string>();
  for await (const key of directory.keys('AWSLogs/')) {
    const name = parseDigestKey(key);
    if (name !== undefined) {
      const chain = `${name.accountId}/${name.region}/${name.trail}`;
      const digests = chains.get(chain);
      if (digests === undefined) chains.set(chain, [key]);
      else digests.push(key);
    } else if (/^AWSLogs\/\d{12}\/CloudTrail\//.test(key)) {
      unnamed.add(key);
    } else if (
      !key.endsWith('.metadata.json') ||
      parseDigestKey(key.slice(0, -'.metadata.json'.length)) === undefined
    ) {
      report(key, 'is no file of an export');
    }
  }

  let digests = 0;
  let logFiles = 0;
  let from: string | undefined;
  let until: string | undefined;
  for (const keys of chains.values()) {
    keys.sort();
    let previous: LoadedDigest | undefined;
    let expectsPrevious = false;
    for (const key of keys) {
      const loaded = await loadDigest(directory, key, publicKeys);
      const problem = 'problem' in loaded ? loaded.problem : linkProblem(loaded, previous, expectsPrevious);
      if (problem !== undefined) report(key, problem);
      // What comes later is compared with what is really there, so that one bad file is one problem.
      previous = 'problem' in loaded ? loaded.partial : loaded;
      expectsPrevious = true;
      if ('problem' in loaded) {
        for (const { s3Object } of loaded.partial?.digest.logFiles ?? []) unnamed.delete(s3Object);
        continue;
      }
      if (problem === undefined) {
        digests += 1;
        from = least(from, loaded.digest.digestStartTime);
        until = most(until, loaded.digest.digestEndTime);
      }
      for (const file of loaded.digest.logFiles) {
        unnamed.delete(file.s3Object);
        const found = await hashLog(directory, file.s3Object);
        if (found === file.hashValue) logFiles += 1;
        else report(file.s3Object, logProblem(found));
      }
    }
  }
  if (chains.size === 0) report('AWSLogs', 'holds no digest');
  for (const key of unnamed) report(key, 'is named by no digest');
  return { problems, digests, logFiles, from, until };
}

interface LoadedDigest {
  readonly digest: Digest;
  readonly sha256: string;
  readonly signature: string;
}

/** `partial` is what a digest with a bad signature says: only for telling apart what else is wrong. */
async function loadDigest(
  directory: ExportDirectory,
  key: string,
  publicKeys: readonly DigestPublicKey[],
): Promise<LoadedDigest | { readonly problem: string; readonly partial: LoadedDigest | undefined }> {
  const content = await directory.read(key);
  let text: Buffer;
  let value: unknown;
  try {
    text = gunzipSync(content ?? new Uint8Array(), { maxOutputLength: mostDigestBytes });
    value = JSON.parse(text.toString('utf8'));
  } catch {
    return { problem: 'is not gzipped JSON', partial: undefined };
  }
  if (!isDigest(value)) return { problem: 'lacks members of a digest', partial: undefined };
  const signature = await readSignature(directory, key);
  const loaded = { digest: value, sha256: sha256Hex(text), signature: signature ?? '' };
  const fail = (problem: string) => ({ problem, partial: loaded });
  if (value.digestS3Object !== key) return fail(`was moved: it is \`${value.digestS3Object}\``);
  if (signature === undefined) return fail('has no signature beside it');
  const publicKey = publicKeys.find(({ fingerprint }) => fingerprint === value.digestPublicKeyFingerprint);
  if (publicKey === undefined) return fail(`is signed with another key, ${value.digestPublicKeyFingerprint}`);
  return verifyDigest(value, text, signature, publicKey) ? loaded : fail('has a wrong signature');
}

async function readSignature(directory: ExportDirectory, key: string): Promise<string | undefined> {
  const content = await directory.read(metadataFileOf(key));
  if (content === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(content).toString('utf8'));
    return textAt(value, 'signature-algorithm') === signatureAlgorithm
      ? textAt(value, 'signature')
      : undefined;
  } catch {
    return undefined;
  }
}

function linkProblem(
  { digest }: LoadedDigest,
  previous: LoadedDigest | undefined,
  expectsPrevious: boolean,
): string | undefined {
  const named = digest.previousDigestS3Object;
  if (named === null) return expectsPrevious ? 'begins a chain in the middle of one' : undefined;
  if (previous === undefined) {
    return expectsPrevious ? undefined : `comes after \`${named}\`, which is missing`;
  }
  if (previous.digest.digestS3Object !== named) return `comes after \`${named}\`, which is missing`;
  if (previous.sha256 !== digest.previousDigestHashValue) return `comes after another \`${named}\``;
  if (previous.signature !== digest.previousDigestSignature) return `knows \`${named}\` by another signature`;
  return undefined;
}

/** Hex SHA-256 of the uncompressed content. */
async function hashLog(directory: ExportDirectory, key: string): Promise<string | 'missing' | 'unreadable'> {
  const hash = createHash('sha256');
  const gunzip = createGunzip();
  const source = directory.stream(key);
  source.on('error', (error) => gunzip.destroy(error));
  source.pipe(gunzip);
  let bytes = 0;
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > mostLogBytes) return 'unreadable';
      hash.update(chunk);
    }
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'missing' : 'unreadable';
  } finally {
    source.destroy();
    gunzip.destroy();
  }
  return hash.digest('hex');
}

function logProblem(found: string): string {
  if (found === 'missing') return 'is missing';
  return found === 'unreadable' ? 'is not gzipped' : 'was changed';
}

function isDigest(value: unknown): value is Digest {
  const isText = (name: string): boolean => textAt(value, name) !== undefined;
  const isTextOrNull = (name: string): boolean => isText(name) || valueAt(value, name) === null;
  const files = valueAt(value, 'logFiles');
  return (
    ['awsAccountId', 'digestStartTime', 'digestEndTime', 'digestS3Bucket', 'digestS3Object'].every(isText) &&
    isText('digestPublicKeyFingerprint') &&
    ['previousDigestS3Object', 'previousDigestHashValue', 'previousDigestSignature'].every(isTextOrNull) &&
    Array.isArray(files) &&
    files.every((file) => textAt(file, 's3Object') !== undefined && textAt(file, 'hashValue') !== undefined)
  );
}

function least(a: string | undefined, b: string): string {
  return a === undefined || b < a ? b : a;
}

function most(a: string | undefined, b: string): string {
  return a === undefined || b > a ? b : a;
}
