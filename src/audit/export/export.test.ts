import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { call } from '../alerts/fixture.ts';
import type { CloudTrailRecord } from '../cloudtrail/record.ts';
import { type Digest, digestPublicKey } from './digest.ts';
import { openExportDirectory } from './directory.ts';
import { verifyExport } from './verify.ts';
import { createCloudTrailExport, type ExportSummary, exportedUntil } from './writer.ts';

const keyPair = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
const { privateKey } = keyPair();
const publicKey = digestPublicKey(privateKey);
const trail = { trailName: 'entryway', homeRegion: 'us-east-1' };
const from = Date.parse('2026-01-15T12:00:00Z');
const until = Date.parse('2026-01-15T15:30:00Z');

const paths: string[] = [];
afterEach(() => {
  for (const path of paths.splice(0)) rmSync(path, { recursive: true, force: true });
});

function newDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'entryway-export-'));
  paths.push(path);
  return path;
}

/** An event at `hh:mm`. */
function event(time: string, fields: object = {}): CloudTrailRecord {
  const made = call('eks:ListClusters', { eventTime: `2026-01-15T${time}:00Z`, ...fields });
  return made.record as unknown as CloudTrailRecord;
}

async function write(
  path: string,
  records: readonly CloudTrailRecord[],
  wish: { readonly from?: number; readonly until?: number; readonly heldBytes?: number } = {},
): Promise<ExportSummary> {
  const writer = await createCloudTrailExport({
    directory: openExportDirectory(path),
    bucket: 'archive',
    privateKey,
    from: wish.from ?? from,
    ...trail,
    ...(wish.heldBytes === undefined ? {} : { heldBytes: wish.heldBytes }),
  });
  for (const record of records) await writer.add(record, Date.parse(record.eventTime));
  return writer.finish(wish.until ?? until);
}

const verify = (path: string) => verifyExport(openExportDirectory(path), [publicKey]);

const filesBelow = (path: string): readonly string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
const digestsBelow = (path: string) =>
  filesBelow(path).filter((file) => /CloudTrail-Digest_.*\.json\.gz$/.test(file));
const logsBelow = (path: string) => filesBelow(path).filter((file) => /_CloudTrail_/.test(file));
const readJson = (file: string): unknown => JSON.parse(gunzipSync(readFileSync(file)).toString());

/** Two hours with events and a closing digest; three digests, two log files. */
async function exported(): Promise<string> {
  const path = newDirectory();
  await write(path, [event('12:10'), event('12:20'), event('14:05')]);
  return path;
}

describe('an export is refused when', () => {
  const at = (list: readonly string[], index: number): string => list.at(index) ?? 'none';
  const edit = (file: string, change: (text: string) => string): void => {
    writeFileSync(file, gzipSync(change(gunzipSync(readFileSync(file)).toString())));
  };
  test.each<readonly [string, (path: string) => void, readonly string[]]>([
    [
      'a record was changed',
      (path) => edit(at(logsBelow(path), 0), (text) => text.replace('user/alice', 'user/mallo')),
      ['was changed'],
    ],
    ['a log file is gone', (path) => rmSync(at(logsBelow(path), 0)), ['is missing']],
    ['a log file is cut off', (path) => writeFileSync(at(logsBelow(path), 0), 'x'), ['is not gzipped']],
    [
      'something follows the log',
      (path) => {
        const file = at(logsBelow(path), 0);
        writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.from('more')]));
      },
      ['is not gzipped'],
    ],
    [
      'a second log follows in the same file',
      (path) => {
        const file = at(logsBelow(path), 0);
        writeFileSync(file, Buffer.concat([readFileSync(file), gzipSync('{"Records":[]}')]));
      },
      ['was changed'],
    ],
    [
      'a log file was added',
      (path) => writeFileSync(at(logsBelow(path), 0).replace('Z_', 'Z_x'), gzipSync('{"Records":[]}')),
      ['is named by no digest'],
    ],
    [
      'another file was added',
      (path) => writeFileSync(join(path, 'AWSLogs', 'note'), ''),
      ['is no file of an export'],
    ],
    [
      'a digest was changed',
      (path) => edit(at(digestsBelow(path), 1), (text) => text.replace('T15:00:00Z', 'T14:00:00Z')),
      ['has a wrong signature', expect.stringMatching(/^comes after another /)],
    ],
    [
      'the last digest was changed',
      (path) => edit(at(digestsBelow(path), 2), (text) => text.replace('"logFiles":[]', '"logFiles":[ ]')),
      ['has a wrong signature'],
    ],
    [
      'a digest in the middle is gone',
      (path) => rmSync(at(digestsBelow(path), 1)),
      [expect.stringMatching(/^comes after .*which is missing$/), 'is named by no digest'],
    ],
    [
      'the first digest is gone',
      (path) => rmSync(at(digestsBelow(path), 0)),
      [expect.stringMatching(/^comes after .*which is missing$/), 'is named by no digest'],
    ],
    [
      'a digest was moved',
      (path) => {
        const file = at(digestsBelow(path), 2);
        for (const suffix of ['', '.metadata.json']) {
          renameSync(`${file}${suffix}`, `${file.replace('T153000Z', 'T163000Z')}${suffix}`);
        }
      },
      [expect.stringMatching(/^was moved/)],
    ],
    [
      'the signature is gone',
      (path) => rmSync(`${at(digestsBelow(path), 2)}.metadata.json`),
      ['has no signature beside it'],
    ],
    [
      'the signature is another',
      (path) =>
        writeFileSync(
          `${at(digestsBelow(path), 2)}.metadata.json`,
          readFileSync(`${at(digestsBelow(path), 1)}.metadata.json`),
        ),
      ['has a wrong signature'],
    ],
    [
      'the signature is none',
      (path) =>
        writeFileSync(
          `${at(digestsBelow(path), 2)}.metadata.json`,
          '{"signature":"zz","signature-algorithm":"SHA256withRSA"}',
        ),
      ['has a wrong signature'],
    ],
    [
      'a digest is no JSON',
      (path) => writeFileSync(at(digestsBelow(path), 2), gzipSync('{')),
      ['is not gzipped JSON'],
    ],
    [
      'a digest says nothing',
      (path) => writeFileSync(at(digestsBelow(path), 2), gzipSync('{}')),
      ['lacks members of a digest'],
    ],
    ['everything is gone', (path) => rmSync(join(path, 'AWSLogs'), { recursive: true }), ['holds no digest']],
  ])('%s', async (_, damage, problems) => {
    const path = await exported();
    damage(path);
    expect((await verify(path)).problems.map(({ problem }) => problem)).toEqual(problems);
  });

  test('it was signed with another key', async () => {
    const path = await exported();
    const verdict = await verifyExport(openExportDirectory(path), [digestPublicKey(keyPair().privateKey)]);
    expect(verdict).toMatchObject({ digests: 0, logFiles: 0 });
    expect(verdict.problems[0]?.problem).toBe(`is signed with another key, ${publicKey.fingerprint}`);
  });
});

test('an export that nobody touched is good', async () => {
  const path = await exported();
  expect(await verify(path)).toEqual({
    problems: [],
    digests: 3,
    logFiles: 2,
    from: '2026-01-15T12:00:00Z',
    until: '2026-01-15T15:30:00Z',
  });
});

test('files lie where CloudTrail puts them, and only their owner may read them', async () => {
  const path = await exported();
  const relative = filesBelow(path).map((file) => file.slice(path.length + 1));
  const digests = 'AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/';
  const logs = 'AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/';
  const digest = (end: string) =>
    `${digests}111122223333_CloudTrail-Digest_us-east-1_entryway_us-east-1_20260115T${end}00Z.json.gz`;
  const log = (stamp: string) =>
    expect.stringMatching(`^${logs}111122223333_CloudTrail_us-east-1_${stamp}_[A-Za-z0-9]{16}\\.json\\.gz$`);
  expect(relative).toEqual([
    ...['1300', '1500', '1530'].flatMap((end) => [digest(end), `${digest(end)}.metadata.json`]),
    log('20260115T1220Z'),
    log('20260115T1405Z'),
  ]);
  for (const file of filesBelow(path)) expect(statSync(file).mode & 0o077).toBe(0);
});

test('digests of a chain cover the range without a gap, and say what lies in it', async () => {
  const path = await exported();
  const digests = digestsBelow(path).map((file) => readJson(file) as Digest);
  expect(digests.map(({ digestStartTime, digestEndTime }) => [digestStartTime, digestEndTime])).toEqual([
    ['2026-01-15T12:00:00Z', '2026-01-15T13:00:00Z'],
    ['2026-01-15T13:00:00Z', '2026-01-15T15:00:00Z'],
    ['2026-01-15T15:00:00Z', '2026-01-15T15:30:00Z'],
  ]);
  expect(digests.map(({ oldestEventTime, newestEventTime }) => [oldestEventTime, newestEventTime])).toEqual([
    ['2026-01-15T12:10:00Z', '2026-01-15T12:20:00Z'],
    ['2026-01-15T14:05:00Z', '2026-01-15T14:05:00Z'],
    [null, null],
  ]);
  expect(digests.map(({ logFiles }) => logFiles.length)).toEqual([1, 1, 0]);
  expect(digests[0]).toMatchObject({ previousDigestS3Object: null, previousDigestSignature: null });
  expect(digests[1]?.previousDigestS3Object).toBe(digests[0]?.digestS3Object);
});

test('every account and region has a chain of its own', async () => {
  const path = newDirectory();
  const summary = await write(path, [
    event('12:10'),
    event('12:11', { recipientAccountId: '444455556666' }),
    event('12:12', { awsRegion: 'eu-west-1' }),
  ]);
  expect(summary).toEqual({ records: 3, logFiles: 3, digests: 6 });
  expect((await verify(path)).problems).toEqual([]);
});

test('an export goes on where the last one ended, also for chains without new events', async () => {
  const path = newDirectory();
  const directory = openExportDirectory(path);
  expect(await exportedUntil(directory, trail)).toBeUndefined();
  await write(path, [event('12:10'), event('12:11', { awsRegion: 'eu-west-1' })]);
  expect(await exportedUntil(directory, trail)).toBe(until);
  const later = until + 3_600_000;
  await write(path, [event('15:40'), event('16:10')], { from: until, until: later });
  expect(await exportedUntil(directory, trail)).toBe(later);
  expect(await verify(path)).toMatchObject({ problems: [], until: '2026-01-15T16:30:00Z' });
  // Two hours and the end twice here; once and the end there.
  expect(digestsBelow(path)).toHaveLength(4 + 3);
});

test('what a crash left unfinished is made good by the next export, and holds each record once', async () => {
  const path = newDirectory();
  const records = [event('12:10'), event('13:10'), event('13:11', { awsRegion: 'eu-west-1' })];
  await write(path, [event('11:30'), event('11:31', { awsRegion: 'eu-west-1' })], {
    from: from - 3_600_000,
    until: from,
  });
  // It ends after the first digest of one of the two chains.
  const writer = await createCloudTrailExport({
    directory: openExportDirectory(path),
    bucket: 'archive',
    privateKey,
    from,
    ...trail,
  });
  for (const record of records) await writer.add(record, Date.parse(record.eventTime));
  expect(await exportedUntil(openExportDirectory(path), trail)).toBe(from);
  await write(path, records);
  expect((await verify(path)).problems).toEqual([]);
  const ids = logsBelow(path).flatMap((file) =>
    (readJson(file) as { Records: CloudTrailRecord[] }).Records.map(({ eventID }) => eventID),
  );
  expect(ids.length).toBe(5);
  expect(new Set(ids).size).toBe(5);
});

test('a record that tells of an earlier time is exported where it stands in the trail', async () => {
  const path = newDirectory();
  await write(path, [event('12:10')]);
  const writer = await createCloudTrailExport({
    directory: openExportDirectory(path),
    bucket: 'archive',
    privateKey,
    from: until,
    ...trail,
  });
  await writer.add(event('15:40'), until + 600_000);
  await writer.add(event('12:11'), until + 600_001);
  await writer.finish(until + 3_600_000);
  expect((await verify(path)).problems).toEqual([]);
  const digests = digestsBelow(path).map((file) => readJson(file) as Digest);
  expect(digests.at(-2)).toMatchObject({
    digestStartTime: '2026-01-15T15:30:00Z',
    oldestEventTime: '2026-01-15T12:11:00Z',
    newestEventTime: '2026-01-15T15:40:00Z',
    logFiles: [{ oldestEventTime: '2026-01-15T12:11:00Z', newestEventTime: '2026-01-15T15:40:00Z' }],
  });
});

test('what is held back is bounded: a long hour becomes several files', async () => {
  const path = newDirectory();
  const records = Array.from({ length: 100 }, () => event('12:10'));
  const summary = await write(path, records, { heldBytes: 10_000 });
  expect(summary.records).toBe(100);
  expect(summary.logFiles).toBeGreaterThan(5);
  expect(await verify(path)).toMatchObject({ problems: [], logFiles: summary.logFiles });
});

test('the same records are the same files again', async () => {
  const records = [event('12:10'), event('14:05')];
  const [one, two] = [newDirectory(), newDirectory()];
  await write(one, records);
  await write(two, records);
  const contents = (path: string) =>
    filesBelow(path).map((file) => [file.slice(path.length), readFileSync(file, 'base64')]);
  expect(contents(one)).toEqual(contents(two));
});
