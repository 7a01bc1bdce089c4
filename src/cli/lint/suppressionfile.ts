import { isMap, isScalar, isSeq, LineCounter, parseDocument, type YAMLMap } from 'yaml';
import type { Suppression } from '../../engine/analysis/accesslint/suppressions.ts';
import { CommandError } from '../failure.ts';
import { readText } from '../textfile.ts';

const members = ['id', 'fingerprint', 'subject', 'object', 'cluster', 'reason', 'until'] as const;
type Member = (typeof members)[number];

/** Longer is no list that somebody wrote; reading it takes too long. */
const longest = 1_048_576;

/** Reads a suppression file: a list of mappings. What is no such list is misuse; a suppression that lacks something is told of as a finding. */
export function readSuppressions(file: string): readonly Suppression[] {
  return parseSuppressions(readText(file), file === '-' ? 'stdin' : file);
}

export function parseSuppressions(text: string, file: string): readonly Suppression[] {
  const lines = new LineCounter();
  const refuse = (offset: number, message: string): never => {
    const { line, col } = lines.linePos(offset);
    throw new CommandError(
      'misuse',
      `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}: ${message}`,
      'write a list of `id`, `subject` or `fingerprint`, `reason` and `until`: docs/reference/access-lint.md',
    );
  };
  if (text.length > longest) refuse(0, `the file is longer than ${longest} characters`);
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'silent', schema: 'failsafe' });
  const [error] = document.errors;
  if (error !== undefined) refuse(error.pos[0], error.message.split('\n')[0] ?? 'broken YAML');
  const { contents } = document;
  if (contents === null) return [];
  if (!isSeq(contents)) return refuse(contents.range?.[0] ?? 0, 'the file is no list');
  return contents.items.map((item): Suppression => {
    if (!isMap(item)) return refuse(offsetOf(item), 'a suppression is a mapping');
    const values = readMembers(item, refuse);
    const { line, col } = lines.linePos(offsetOf(item));
    const { id, reason, until: _, ...others } = values;
    if (id === undefined) return refuse(offsetOf(item), 'a suppression needs the `id` of a rule');
    const until = untilOf(values.until, (message) => refuse(offsetOf(item), message));
    return {
      ...others,
      id,
      reason: reason ?? '',
      ...(until !== undefined && { until }),
      place: { file, line, column: col },
    };
  });
}

function readMembers(
  map: YAMLMap,
  refuse: (offset: number, message: string) => never,
): { readonly [Name in Member]?: string } {
  const values: { [Name in Member]?: string } = {};
  for (const { key, value } of map.items) {
    const name = isScalar(key) ? String(key.value) : '';
    const member = members.find((one) => one === name);
    // A misspelt `until` would otherwise be one that never ends, or one that does not count.
    if (member === undefined) return refuse(offsetOf(key), `\`${name}\` means nothing in a suppression`);
    if (!isScalar(value) || typeof value.value !== 'string' || value.value === '') {
      return refuse(offsetOf(value ?? key), `\`${name}\` is no text`);
    }
    values[member] = value.value;
  }
  return values;
}

/** The end of the day that is written: it counts to the last of it, in UTC. */
function untilOf(text: string | undefined, refuse: (message: string) => never): number | undefined {
  if (text === undefined) return undefined;
  const start = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  // `Date.parse` takes the 31st of February for a day in March.
  if (Number.isNaN(start) || new Date(start).toISOString().slice(0, 10) !== text) {
    return refuse(`\`until\` is \`${text}\`, which is no day: write it as 2027-01-31`);
  }
  return start + 86_400_000;
}

function offsetOf(node: unknown): number {
  const range = (node as { readonly range?: readonly number[] | null } | null)?.range;
  return range?.[0] ?? 0;
}
