import { resolve } from 'node:path';
import { openExportDirectory } from '../../audit/export/directory.ts';
import { timestamp } from '../../audit/export/names.ts';
import { createCloudTrailExport, ExportError, exportedUntil } from '../../audit/export/writer.ts';
import { timeOf } from '../../audit/store/position.ts';
import type { ReadyFile } from '../../server/readyfile.ts';
import type { TrailFilter } from '../../server/trail/filter.ts';
import { readOrCreateTrailKey } from '../../server/trail/signingkey.ts';
import { type ConnectionOptions, readConnection } from '../connection.ts';
import { CommandError } from '../failure.ts';
import { counted } from '../render/counted.ts';
import { openTrailClient, type TrailClient } from './client.ts';
import { writeJsonLines } from './jsonlines.ts';
import { parseRange, type Range, type RangeOptions } from './times.ts';

export interface ExportOptions extends ConnectionOptions, RangeOptions {
  readonly format: 'cloudtrail' | 'jsonl';
  readonly output: string;
  readonly bucket: string;
  readonly account?: string;
  readonly kubernetes?: true;
}

/** As the digests name it, and as it stands in the trail ARN that `aws cloudtrail validate-logs` is given. */
export const trailName = 'entryway';

/** Writes the running server's trail into files. */
export async function exportTrail(options: ExportOptions): Promise<void> {
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(options.bucket)) {
    throw new CommandError('misuse', `--bucket \`${options.bucket}\` is not the name of an S3 bucket`);
  }
  if (options.kubernetes && options.format === 'cloudtrail') {
    throw new CommandError(
      'misuse',
      'CloudTrail files hold AWS calls only and take no --kubernetes',
      'add --format jsonl',
    );
  }
  const range = parseRange(options, Date.now());
  const connection = readConnection(options);
  const client = openTrailClient(connection);
  const filter: TrailFilter = options.account === undefined ? {} : { accountId: options.account };
  // A record that came after the export below its end would be missing from it for good.
  const settled = await client.settledUntil();
  // Whole seconds, like the records' own times.
  const until = Math.floor(Math.min(range.to ?? settled, settled) / 1000) * 1000;
  if (options.format === 'cloudtrail')
    await exportCloudTrail(client, connection, filter, { ...range, until, settled }, options);
  else await exportJsonLines(client, filter, { ...range, until }, options);
}

type ExportRange = Range & { readonly until: number };

async function exportCloudTrail(
  client: TrailClient,
  connection: ReadyFile,
  filter: TrailFilter,
  range: ExportRange & { readonly settled: number },
  { output, bucket }: ExportOptions,
): Promise<void> {
  const directory = openExportDirectory(resolve(output));
  const trail = { trailName, homeRegion: connection.region };
  try {
    const done = await exportedUntil(directory, trail);
    if (done !== undefined && done > range.settled) {
      throw new CommandError(
        'failure',
        `the export in \`${output}\` goes up to ${timestamp(done)}, this trail is complete only up to ${timestamp(range.settled)}`,
        'it is the export of another trail, or this one was restored from a backup: export into another directory',
      );
    }
    const from = done ?? range.from ?? (await firstHour(client, filter));
    if (done !== undefined && range.from !== undefined && range.from !== done) {
      throw new CommandError(
        'misuse',
        `the export in \`${output}\` goes up to ${timestamp(done)}`,
        'leave out --since to go on there, or export into another directory',
      );
    }
    if (from === undefined || from >= range.until) return told(0, output, range.until, '');
    const begin = Math.floor(from / 1000) * 1000;
    const writer = await createCloudTrailExport({
      directory,
      bucket,
      ...trail,
      privateKey: readOrCreateTrailKey(connection.dataDir),
      from: begin,
    });
    for await (const items of client.read(filter, { from: begin, to: range.until - 1 })) {
      for (const item of items) if (item.kind === 'aws') await writer.add(item.record, timeOf(item.position));
    }
    const { records, logFiles, digests } = await writer.finish(range.until);
    told(
      records,
      output,
      range.until,
      `: ${counted(logFiles, 'log file')}, ${counted(digests, 'signed digest')}`,
    );
  } catch (error) {
    if (error instanceof ExportError) {
      throw new CommandError('failure', error.message, 'restore the file, or export into another directory');
    }
    throw error;
  }
}

/** Where the oldest record's hour begins; undefined when nothing is recorded. */
async function firstHour(client: TrailClient, filter: TrailFilter): Promise<number | undefined> {
  for await (const items of client.read(filter, {})) {
    const first = items.find((item) => item.kind === 'aws');
    if (first !== undefined) return Math.floor(timeOf(first.position) / 3_600_000) * 3_600_000;
  }
  return undefined;
}

async function exportJsonLines(
  client: TrailClient,
  filter: TrailFilter,
  { from, until }: ExportRange,
  { output, kubernetes }: ExportOptions,
): Promise<void> {
  const wanted: TrailFilter = kubernetes ? { ...filter, kubernetes } : filter;
  const pages = client.read(wanted, { ...(from === undefined ? {} : { from }), to: until - 1 });
  const { records, files } = await writeJsonLines(resolve(output), pages, { from, until });
  told(records, output, until, `: ${files.join(', ')}`);
}

function told(records: number, output: string, until: number, files: string): void {
  const what = records === 0 ? 'exported nothing' : `exported ${counted(records, 'record')}`;
  process.stdout.write(`${what} up to ${timestamp(until)} to ${output}${records === 0 ? '' : files}\n`);
}
