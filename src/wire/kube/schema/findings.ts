import { quote } from '../../../engine/rbac/quote.ts';
import {
  type FieldError,
  invalidValue,
  notSupported,
  required,
  tooLong,
  tooMany,
  typeInvalid,
} from '../fielderror.ts';
import { isObject, type JsonValue } from '../json.ts';
import { KubeStatusError } from '../status.ts';

/** What validation found at one place, as the API server's validator words it. */
export interface Finding {
  /** The whole text; of two findings with one text, one is reported. */
  readonly text: string;
  /** Most findings are about alternatives that do not matter in the end, and are never shown. */
  readonly error: () => FieldError;
}

/** Findings in the order they were made, and how much of the schema fitted: the better of two alternatives has more. */
export class Findings {
  /** Made with the first finding: nearly all values have none. */
  #byText: Map<string, Finding> | undefined;
  matches = 0;

  get isEmpty(): boolean {
    return this.#byText === undefined;
  }

  /** At most as many as are ever told. */
  add(finding: Finding): void {
    this.#byText ??= new Map();
    if (this.#byText.size < maximumFindings && !this.#byText.has(finding.text)) {
      this.#byText.set(finding.text, finding);
    }
  }

  merge(other: Findings): void {
    for (const finding of other.#byText?.values() ?? []) this.add(finding);
    this.matches += other.matches;
  }

  errors(): readonly FieldError[] {
    return fittingErrors([...(this.#byText?.values() ?? [])].map(({ error }) => error));
  }
}

/** As many errors as fit into one answer, and one in any case. */
export function fittingErrors(errors: Iterable<FieldError | (() => FieldError)>): readonly FieldError[] {
  const fitting: FieldError[] = [];
  let left = maximumCharacters;
  for (const error of errors) {
    const one = typeof error === 'function' ? error() : error;
    left -= one.field.length + one.text.length;
    if (left < 0 && fitting.length > 0) break;
    fitting.push(one);
  }
  return fitting;
}

const maximumFindings = 200;
/** SECURITY: each error shows the value it is about, and one value of megabytes may be wrong in a hundred ways. */
const maximumCharacters = 256 * 1024;

/** A finding about the value at `path`; the message names it `<path> in body`. */
export function invalidAt(path: string, value: JsonValue, rule: string): Finding {
  return invalidWith(path, value, `${path} in body ${rule}`);
}

/** The same with a sentence of its own. */
export function invalidWith(path: string, value: JsonValue, text: string): Finding {
  return { text, error: () => invalidValue(fieldOf(path), value, text) };
}

/** Alternatives that do not fit have no field of their own: upstream prints Go's nil. */
export function alternativeAt(text: string): Finding {
  return { text, error: () => invalidValue('<nil>', '', text) };
}

/** A value of another type than `expected`; `actual` is what is shown of it. */
export function wrongTypeAt(path: string, expected: string, actual: string): Finding {
  const text = `${path} in body must be of type ${expected}: ${quote(actual)}`;
  return { text, error: () => typeInvalid(fieldOf(path), actual, text) };
}

export function missingAt(path: string): Finding {
  return { text: `${path} in body is required`, error: () => required(fieldOf(path)) };
}

export function notListedAt(path: string, value: JsonValue, values: readonly JsonValue[]): Finding {
  const listed = listedTexts(values);
  return {
    text: `${path} in body should be one of [${listed.join(' ')}]`,
    error: () => notSupported(fieldOf(path), sorted(value), listed),
  };
}

const texts = new WeakMap<readonly JsonValue[], readonly string[]>();

/** COMPAT: of very long lists not everything is shown. */
function listedTexts(values: readonly JsonValue[]): readonly string[] {
  const known = texts.get(values);
  if (known !== undefined) return known;
  const listed: string[] = [];
  let left = 4_096;
  for (const value of values) {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    left -= text.length;
    if (left < 0) break;
    listed.push(text);
  }
  texts.set(values, listed);
  return listed;
}

export function tooLongAt(path: string, maximum: number): Finding {
  return {
    text: `${path} in body should be at most ${maximum} chars long`,
    error: () => tooLong(fieldOf(path), maximum),
  };
}

export function tooManyAt(
  path: string,
  what: 'items' | 'properties',
  actual: number,
  maximum: number,
): Finding {
  return {
    text: `${path} in body should have at most ${maximum} ${what}`,
    error: () => tooMany(fieldOf(path), actual, maximum),
  };
}

/** Go shows the members of a map in their order. */
function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const members = Object.keys(value).sort();
  return Object.fromEntries(members.map((name) => [name, sorted(value[name] as JsonValue)]));
}

/** Errors at the root have no name of their own. */
function fieldOf(path: string): string {
  return path === '' || path === '.' ? '<nil>' : path.replace(/^\./, '');
}

/** A number as Go's `%v` prints a float64, which is not how JavaScript prints very small ones. */
export function goNumber(value: number): string {
  if (value !== 0 && Math.abs(value) < 1e-4) {
    return value.toExponential().replace(/e-(\d)$/, 'e-0$1');
  }
  return String(value);
}

/**
 * Steps one validation may take.
 *
 * SECURITY: alternatives are tried one after the other on every value they stand at, and patterns on every text: a schema
 * and an object of a few hundred kilobytes each could keep the process busy for hours.
 */
export class Budget {
  #left: number;
  constructor(steps: number) {
    this.#left = steps;
  }
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw tooExpensive();
  }
}

function tooExpensive(): KubeStatusError {
  return new KubeStatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'the object is too large to be checked against the schema of its CustomResourceDefinition',
    reason: 'RequestEntityTooLarge',
    code: 413,
  });
}
