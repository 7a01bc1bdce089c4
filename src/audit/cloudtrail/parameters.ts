import type { Protocol, Shape, Structure } from '../../wire/protocols/contract.ts';
import type { JsonRecord } from './record.ts';
import { hiddenText, type Vocabulary } from './vocabulary.ts';

/** CloudTrail leaves out parameters above 100 KB; single long texts are cut before that, with a visible mark. */
export const maximumParameters = 100 * 1024;
const maximumText = 8 * 1024;
const maximumItems = 200;

export interface Writing {
  /** Characters of all parameters together. */
  readonly longest: number;
  readonly vocabulary: Vocabulary;
  readonly protocol: Protocol;
  /** Under which name the cluster of a path is told. */
  readonly cluster: 'name' | 'clusterName';
  /** Texts that were not written: an error message must not repeat them. */
  readonly withheld: string[];
}

/** The members of a request or an answer that may be told, under the names CloudTrail gives them. */
export function writeParameters(
  structure: Structure | undefined,
  value: unknown,
  writing: Writing,
): JsonRecord | null {
  if (structure === undefined || !isRecord(value)) return null;
  const written = writeStructure(structure, value, writing);
  if (Object.keys(written).length === 0) return null;
  const size = JSON.stringify(written).length;
  return size <= writing.longest
    ? written
    : { omitted: true, originalSize: size, reason: `longer than ${writing.longest} characters` };
}

function writeStructure(structure: Structure, value: JsonRecord, writing: Writing): Record<string, unknown> {
  const { vocabulary, protocol } = writing;
  const written: Record<string, unknown> = {};
  for (const member of structure.members) {
    const given = Object.hasOwn(value, member.name) ? value[member.name] : undefined;
    if (given === undefined || given === null) continue;
    const isCluster = protocol === 'restJson1' && member.location === 'path' && member.name === 'clusterName';
    const name = isCluster ? writing.cluster : member.field;
    if (vocabulary.harmless.has(member.name)) {
      const told = writeValue(member.shape, given, writing);
      if (told !== undefined) written[name] = told;
    } else {
      withhold(given, writing.withheld);
      if (vocabulary.hidden.has(member.name)) written[name] = hiddenText;
    }
  }
  return written;
}

/** Undefined for what has another form than the contract says, and for bytes: nothing is written then. */
function writeValue(shape: Shape, value: unknown, writing: Writing): unknown {
  switch (shape.kind) {
    case 'string':
      return typeof value === 'string' ? cut(value) : undefined;
    case 'number':
      return typeof value === 'number' ? value : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'timestamp':
      return value instanceof Date ? writeTime(value, writing.protocol) : undefined;
    case 'blob':
    case 'document':
      return undefined;
    case 'list': {
      if (!Array.isArray(value)) return undefined;
      const items: unknown[] = value
        .slice(0, maximumItems)
        .map((item) => writeValue(shape.item, item, writing));
      if (value.length > maximumItems) items.push(`… (cut: ${value.length - maximumItems} more)`);
      return items;
    }
    case 'map': {
      if (!isRecord(value)) return undefined;
      const entries = Object.entries(value).slice(0, maximumItems);
      return Object.fromEntries(
        entries.map(([key, item]) => [cut(key), writeValue(shape.value, item, writing)]),
      );
    }
    case 'structure':
      return isRecord(value) ? writeStructure(shape, value, writing) : undefined;
    default:
      return shape satisfies never;
  }
}

/** COMPAT: REST services tell times in seconds, query services as Java prints them (CloudTrail samples of EKS, STS). */
function writeTime(time: Date, protocol: Protocol): unknown {
  const at = time.getTime();
  if (Number.isNaN(at)) return undefined;
  return protocol === 'awsQuery' ? javaText(at) : at / 1000;
}

/** Sessions end many to a second, and printing when costs more than printing the rest of the answer. */
function javaText(at: number): string {
  if (at !== printed.at) printed = { at, text: javaTime.format(at).replaceAll('\u202f', ' ') };
  return printed.text;
}

let printed: { readonly at: number; readonly text: string } = { at: Number.NaN, text: '' };

const javaTime = new Intl.DateTimeFormat('en-US', {
  dateStyle: 'medium',
  timeStyle: 'medium',
  timeZone: 'UTC',
});

/** A text of bounded length, whole characters, with a mark where it was cut. */
export function cut(text: string, maximum: number = maximumText): string {
  if (text.length <= maximum) return text.toWellFormed();
  return `${text.slice(0, maximum).toWellFormed()}… (cut: ${text.length - maximum} more characters)`;
}

function withhold(value: unknown, withheld: string[]): void {
  if (typeof value === 'string') withheld.push(value);
  else if (Array.isArray(value)) for (const item of value) withhold(item, withheld);
  else if (isRecord(value)) for (const item of Object.values(value)) withhold(item, withheld);
}

/** Characters that a secret and a text have in common before it counts as quoted. */
const quotedLength = 16;

/**
 * The text without what was withheld from the parameters, nor the beginning of it: validation errors quote long values
 * up to some length. Texts of less than four characters are no secrets and would garble it.
 */
export function withoutWithheld(text: string, withheld: readonly string[]): string {
  let told = text;
  for (const secret of withheld) {
    if (secret.length < 4) continue;
    told = told.replaceAll(secret, hiddenText);
    const start = secret.slice(0, quotedLength);
    if (start === secret) continue;
    for (let at = told.indexOf(start); at !== -1; at = told.indexOf(start, at + hiddenText.length)) {
      let end = at + quotedLength;
      while (end < told.length && told[end] === secret[end - at]) end++;
      told = `${told.slice(0, at)}${hiddenText}${told.slice(end)}`;
    }
  }
  return told;
}

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}
