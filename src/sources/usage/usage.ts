import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import type { Gap, Place } from '../../engine/analysis/snapshot/snapshot.ts';
import type { AccessUse } from '../../engine/analysis/usage/use.ts';
import { SourceError } from '../sourceerror.ts';
import { cloudTrailUses, isCloudTrailRecord, type RecordUses } from './cloudtrail.ts';
import { type Fields, fieldsAt, isFields, listAt, textAt } from './fields.ts';
import { auditEventUses, isAuditEvent } from './kubernetes.ts';
import { listMembers, splitLog } from './split.ts';

/** Takes records of any kind, as they come, and tells what they say. */
export interface UsageReader {
  /** `place` stands in the gap of a record that cannot be understood. */
  record(record: unknown, place?: Place): void;
  gap(reason: string, place?: Place): void;
  /** Each reason once, with its first place and how often it came. */
  gaps(): readonly Gap[];
}

/** Gaps that are told: a log of another kind has one for each of its lines. */
const gapsTold = 100;
/** Requests in flight whose second stage is known as the same. */
const requestsRemembered = 10_000;

export function createUsageReader(onUse: (use: AccessUse) => void): UsageReader {
  const found = new Map<string, { readonly place: Place | undefined; count: number }>();
  let untold = 0;
  const seen = new Set<string>();

  const gap = (reason: string, place?: Place): void => {
    const known = found.get(reason);
    if (known !== undefined) known.count++;
    else if (found.size < gapsTold) found.set(reason, { place, count: 1 });
    else untold++;
  };
  /** A long request is told when it begins and when it ends; files may overlap. */
  const isRepeated = (id: string | undefined): boolean => {
    if (id === undefined) return false;
    if (seen.has(id)) return true;
    seen.add(id);
    const [oldest] = seen;
    if (seen.size > requestsRemembered && oldest !== undefined) seen.delete(oldest);
    return false;
  };

  const one = (record: Fields, place: Place | undefined): void => {
    const read = understood(record);
    if ('gap' in read) gap(read.gap, place);
    else if (read.uses.length > 0 && !isRepeated(idOf(record))) {
      if (read.doubt !== undefined) gap(read.doubt, place);
      for (const use of read.uses) onUse(use);
    }
  };
  const each = (value: unknown, place: Place | undefined, lists: number): void => {
    const record = isFields(value) ? unwrapped(value) : undefined;
    const list =
      record !== undefined && lists > 0 && isWrapper(record)
        ? listMembers.find((name) => Array.isArray(record[name]))
        : undefined;
    if (record === undefined) gap('a record is no object', place);
    else if (list === undefined) one(record, place);
    else for (const inner of listAt(record, list)) each(inner, place, lists - 1);
  };

  return {
    // What audit webhooks are sent, and CloudTrail's files one to a line, are lists; lists in them are none.
    record: (value, place) => each(value, place, 1),
    gap,
    gaps: () => [
      ...[...found].map(([reason, { place, count }]): Gap => {
        const often =
          count === 1
            ? ''
            : place === undefined
              ? ` (${count} times)`
              : ` (${count} times, the first one here)`;
        return { area: 'usage', reason: `${reason}${often}`, ...(place !== undefined && { place }) };
      }),
      ...(untold === 0
        ? []
        : [{ area: 'usage', reason: `${untold} more records could not be understood` } as const]),
    ],
  };
}

function understood(record: Fields): RecordUses {
  if (isAuditEvent(record)) return auditEventUses(record);
  return isCloudTrailRecord(record)
    ? cloudTrailUses(record)
    : { gap: 'a record is neither of CloudTrail nor an audit.k8s.io event' };
}

/**
 * What is equal of the stages of one request, and of a record that stands in two files; undefined where that is not told.
 *
 * SECURITY: a client can choose the audit id (header `Audit-ID`): alone it would hide what is sent under the id of another
 * request. Long ones are remembered by their digest.
 */
function idOf(record: Fields): string | undefined {
  const isEvent = isAuditEvent(record);
  const id = textAt(record, isEvent ? 'auditID' : 'eventID');
  if (id === undefined) return undefined;
  const told = isEvent ? ['requestReceivedTimestamp', 'verb', 'requestURI'] : ['eventTime', 'eventName'];
  const text = JSON.stringify([id, ...told.map((name) => textAt(record, name))]);
  return text.length <= 512 ? text : createHash('sha256').update(text).digest('base64');
}

/** Of `aws cloudtrail lookup-events` and of CloudWatch: the record is text in a member. */
function unwrapped(record: Fields): Fields | undefined {
  const text =
    textAt(record, 'CloudTrailEvent') ?? (isWrapper(record) ? textAt(record, 'message') : undefined);
  if (text === undefined) return record;
  try {
    const inner: unknown = JSON.parse(text);
    return isFields(inner) ? inner : undefined;
  } catch {
    return undefined;
  }
}

function isWrapper(record: Fields): boolean {
  return fieldsAt(record, 'userIdentity') === undefined && textAt(record, 'kind') !== 'Event';
}

/**
 * Reads logs: CloudTrail's files, audit logs, exports of the trail, one record to a line or in a list, also gzipped. Whatever
 * cannot be understood is a gap with its place. Throws SourceError for a file that cannot be opened.
 *
 * SECURITY: logs hold what strangers sent. No more than one record is held; a compressed file costs time, no memory.
 */
export async function readUsageFiles(files: readonly string[], reader: UsageReader): Promise<void> {
  for (const file of files) {
    const isStandardInput = file === '-';
    const isCompressed = !isStandardInput && (await isGzip(file));
    const text = decoded(isStandardInput ? process.stdin : createReadStream(file), isCompressed);
    const name = isStandardInput ? 'standard input' : file;
    try {
      for await (const piece of splitLog(text)) {
        const place = { file: name, line: piece.line, column: piece.column };
        if ('fault' in piece) reader.gap(piece.fault, place);
        else readText(piece.text, place, reader);
      }
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException;
      if (!code.startsWith('Z_') && code !== 'ERR_ENCODING_INVALID_ENCODED_DATA') throw error;
      reader.gap(`the file could be read only in part: ${message}`, { file: name, line: 1, column: 1 });
    }
  }
}

function readText(text: string, place: Place, reader: UsageReader): void {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    reader.gap('a line is no JSON', place);
    return;
  }
  reader.record(record, place);
}

async function isGzip(file: string): Promise<boolean> {
  try {
    const handle = await open(file);
    try {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0);
      return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
    } finally {
      await handle.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const [message, hint] = unopened(file, code);
    throw new SourceError('misuse', message, hint, { cause: error });
  }
}

/** What is said of a file that cannot be opened, and what to do then. */
function unopened(file: string, code: string | undefined): readonly [message: string, hint: string] {
  switch (code) {
    case 'ENOENT':
      return [`there is no file \`${file}\``, 'look at the spelling'];
    case 'EISDIR':
      return [`\`${file}\` is a directory`, 'name the files in it, for example with DIRECTORY/*.json.gz'];
    default:
      return [`\`${file}\` cannot be read: ${code ?? 'unknown error'}`, 'look at who may read it'];
  }
}

async function* decoded(stream: NodeJS.ReadableStream, isCompressed: boolean): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const bytes = isCompressed ? unzipped(stream) : stream;
  for await (const chunk of bytes) yield decoder.decode(chunk as Uint8Array, { stream: true });
  yield decoder.decode();
}

function unzipped(stream: NodeJS.ReadableStream): NodeJS.ReadableStream {
  const unzip = createGunzip();
  stream.once('error', (error) => unzip.destroy(error));
  return stream.pipe(unzip);
}
