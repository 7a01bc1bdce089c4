/**
 * The stock AWS CLI's own validation of CloudTrail files (`aws cloudtrail validate-logs`) against an export, put into a
 * bucket as docs/howto/trail.md says.
 */
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { call } from '../../src/audit/alerts/fixture.ts';
import type { CloudTrailRecord } from '../../src/audit/cloudtrail/record.ts';
import { digestPublicKey, metadataFileOf } from '../../src/audit/export/digest.ts';
import { openExportDirectory } from '../../src/audit/export/directory.ts';
import { createCloudTrailExport } from '../../src/audit/export/writer.ts';
import { awsCliDirectory, awsCliUnavailable, type CommandResult, run } from './clients.ts';
import { temporaryDirectory } from './process.ts';
import { type Bucket, type BucketAnswer, openBucket } from './trailbucket.ts';

const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;

const bucket = 'archive';
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const publicKey = digestPublicKey(privateKey);
const directory = temporaryDirectory();
let root = '';
let runs = 0;
let store: Bucket;

/** Two hours with events, one without, and the end: a chain of three digests with two log files. */
beforeEach(async () => {
  runs += 1;
  root = join(directory.path, String(runs));
  const from = Date.parse('2026-01-15T12:00:00Z');
  const writer = await createCloudTrailExport({
    directory: openExportDirectory(root),
    bucket,
    trailName: 'entryway',
    homeRegion: 'us-east-1',
    privateKey,
    from,
  });
  for (const minutes of [10, 20, 130]) {
    const at = from + minutes * 60_000;
    const eventTime = new Date(at).toISOString().replace('.000', '');
    await writer.add(call('eks:ListClusters', { eventTime }).record as CloudTrailRecord, at);
  }
  await writer.finish(from + 210 * 60_000);
});

beforeAll(async () => {
  store = await openBucket(bucket, listPublicKeys);
});

afterAll(() => {
  store.close();
  directory.remove();
});

/** CloudTrail's ListPublicKeys; everything else is for the bucket. */
function listPublicKeys(request: IncomingMessage): BucketAnswer | undefined {
  if (!String(request.headers['x-amz-target']).endsWith('.ListPublicKeys')) return undefined;
  const key = {
    Value: Buffer.from(publicKey.value).toString('base64'),
    ValidityStartTime: 0,
    ValidityEndTime: 4_000_000_000,
    Fingerprint: publicKey.fingerprint,
  };
  const headers = { 'content-type': 'application/x-amz-json-1.1' };
  return { status: 200, headers, body: JSON.stringify({ PublicKeyList: [key] }) };
}

/** What lies in the directory; the file beside a digest is what S3 keeps as the object's metadata. */
function upload(): void {
  store.objects.clear();
  for (const file of filesLike(/\.json\.gz$/)) {
    const beside = metadataFileOf(file);
    store.objects.set(file.slice(root.length + 1), {
      body: readFileSync(file),
      metadata: existsSync(beside) ? JSON.parse(readFileSync(beside, 'utf8')) : {},
    });
  }
}

function validate(): Promise<CommandResult> {
  upload();
  const args = [
    'cloudtrail',
    'validate-logs',
    '--trail-arn',
    'arn:aws:cloudtrail:us-east-1:111122223333:trail/entryway',
    '--s3-bucket',
    bucket,
    '--start-time',
    '2026-01-15T12:00:00Z',
    '--end-time',
    '2026-01-15T16:00:00Z',
    '--verbose',
  ];
  const env = {
    PATH: `${awsCliDirectory()}:${process.env.PATH}`,
    HOME: directory.path,
    AWS_ENDPOINT_URL: store.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'AKIAQQQQQQQQQQQQQQQQ',
    AWS_SECRET_ACCESS_KEY: 'x'.repeat(40),
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_MAX_ATTEMPTS: '1',
  };
  return run('aws', args, { env, cwd: directory.path });
}

const filesLike = (pattern: RegExp): readonly string[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => pattern.test(name))
    .map((name) => join(root, name))
    .sort();
const logs = (): readonly string[] => filesLike(/_CloudTrail_.*\.json\.gz$/);
const digests = (): readonly string[] => filesLike(/_CloudTrail-Digest_.*\.json\.gz$/);

describe.skipIf(unavailable !== undefined)(`aws cloudtrail validate-logs${because}`, () => {
  test.each<readonly [string, () => void, RegExp]>([
    [
      'a changed log file',
      () => {
        const [file = ''] = logs();
        const text = gunzipSync(readFileSync(file)).toString();
        writeFileSync(file, gzipSync(text.replace('user/alice', 'user/mallo')));
      },
      /Log file.*INVALID: hash value doesn't match/,
    ],
    ['a log file that is gone', () => rmSync(logs()[1] ?? ''), /Log file.*INVALID: not found/],
    ['a digest that is gone', () => rmSync(digests()[1] ?? ''), /Digest file.*INVALID: not found/],
    [
      'a changed digest',
      () => {
        const [file = ''] = digests();
        const text = gunzipSync(readFileSync(file)).toString();
        writeFileSync(file, gzipSync(text.replace('T12:10:00Z', 'T12:11:00Z')));
      },
      /Digest file.*INVALID: signature verification failed/,
    ],
    [
      'a lost signature',
      () => rmSync(metadataFileOf(digests()[2] ?? '')),
      /Digest file.*INVALID: signature verification failed/,
    ],
  ])('finds %s', async (_, damage, complaint) => {
    damage();
    const { code, stderr } = await validate();
    expect(stderr).toMatch(complaint);
    expect(code).toBe(1);
  });

  test('accepts an export that nobody touched', async () => {
    const { code, stdout, stderr } = await validate();
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain('Results found for 2026-01-15T12:00:00Z to 2026-01-15T15:30:00Z:');
    expect(stdout).toMatch(/3\/3 digest files valid/);
    expect(stdout).toMatch(/2\/2 log files valid/);
  });
});
