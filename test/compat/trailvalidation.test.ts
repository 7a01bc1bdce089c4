/**
 * The stock AWS CLI's own validation of CloudTrail files (`aws cloudtrail validate-logs`) against an export, put into a
 * bucket as docs/howto/trail.md says. The bucket is a small server of this test.
 */
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
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

const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;

const bucket = 'archive';
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const publicKey = digestPublicKey(privateKey);
const directory = temporaryDirectory();
let root = '';
let runs = 0;
let server: Server;

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
    const eventTime = new Date(from + minutes * 60_000).toISOString().replace('.000', '');
    await writer.add(call('eks:ListClusters', { eventTime }).record as CloudTrailRecord);
  }
  await writer.finish(from + 210 * 60_000);
});

beforeAll(async () => {
  server = createServer((request, response) => {
    const { status, headers, body } = answer(request);
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(() => {
  server.close();
  directory.remove();
});

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array;
}

const xml = (status: number, body: string): Answer => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?>${body}`,
});

/** As much of S3 and of CloudTrail's ListPublicKeys as the validation asks for. */
function answer(request: IncomingMessage): Answer {
  const url = new URL(request.url ?? '/', 'http://s3');
  if (String(request.headers['x-amz-target']).endsWith('.ListPublicKeys')) {
    const key = {
      Value: Buffer.from(publicKey.value).toString('base64'),
      ValidityStartTime: 0,
      ValidityEndTime: 4_000_000_000,
      Fingerprint: publicKey.fingerprint,
    };
    const headers = { 'content-type': 'application/x-amz-json-1.1' };
    return { status: 200, headers, body: JSON.stringify({ PublicKeyList: [key] }) };
  }
  const [, name, ...rest] = decodeURIComponent(url.pathname).split('/');
  if (name !== bucket) return xml(404, '<Error><Code>NoSuchBucket</Code></Error>');
  if (url.searchParams.has('location')) return xml(200, '<LocationConstraint/>');
  return rest.length === 0 || rest[0] === '' ? listing(url.searchParams) : object(rest.join('/'));
}

function listing(query: URLSearchParams): Answer {
  const keys = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.metadata.json'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((key) => key.startsWith(query.get('prefix') ?? '') && key > (query.get('marker') ?? ''))
    .sort();
  const contents = keys.map((key) => `<Contents><Key>${key}</Key></Contents>`).join('');
  return xml(200, `<ListBucketResult><IsTruncated>false</IsTruncated>${contents}</ListBucketResult>`);
}

/** The file beside a digest is what S3 keeps as the object's metadata. */
function object(key: string): Answer {
  const file = join(root, key);
  if (!existsSync(file)) return xml(404, '<Error><Code>NoSuchKey</Code></Error>');
  const metadata = existsSync(metadataFileOf(file))
    ? (JSON.parse(readFileSync(metadataFileOf(file), 'utf8')) as Record<string, string>)
    : {};
  const headers = Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]),
  );
  return { status: 200, headers, body: readFileSync(file) };
}

function validate(): Promise<CommandResult> {
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
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
    AWS_ENDPOINT_URL: endpoint,
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
