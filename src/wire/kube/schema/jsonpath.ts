import { isObject, type JsonValue, own, sameJson } from '../json.ts';

/** Finds values below one; empty when nothing is there or a step does not fit. */
export type JsonPath = (root: JsonValue) => readonly JsonValue[];

type Step = (values: readonly JsonValue[], budget: Budget) => readonly JsonValue[];

/** Values one question may visit: `..` and filters of filters multiply. */
const maximumVisits = 10_000;
const maximumLength = 1_024;

class Budget {
  #left = maximumVisits;
  visit(count: number): void {
    this.#left -= count;
    if (this.#left < 0) throw new NoResult();
  }
}

/** The path does not fit the value; kubectl shows nothing then. */
class NoResult extends Error {}

/** What is wrong with a path, for whoever wrote it. */
export class JsonPathError extends Error {}

/**
 * A path as printer columns have it (`.status.conditions[?(@.type=="Ready")].status`): fields, `\.` within names, `['name']`,
 * `[*]`, indexes, slices, unions, filters and `..` of client-go's dialect.
 *
 * @throws JsonPathError
 */
export function parseJsonPath(text: string): JsonPath {
  if (text.length > maximumLength) throw new JsonPathError(`a path has at most ${maximumLength} characters`);
  const steps = new Parser(text).steps();
  return (root) => {
    try {
      return run(steps, [root], new Budget());
    } catch (error) {
      if (error instanceof NoResult) return [];
      throw error;
    }
  };
}

function run(steps: readonly Step[], values: readonly JsonValue[], budget: Budget): readonly JsonValue[] {
  let here = values;
  for (const step of steps) {
    here = step(here, budget);
    budget.visit(here.length);
  }
  return here;
}

/** SECURITY: paid for before it is copied, because there may be a million of them and a path for each column. */
function children(value: JsonValue, budget: Budget): readonly JsonValue[] {
  const below = Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [];
  budget.visit(below.length);
  return below;
}

const field =
  (name: string): Step =>
  (values) =>
    values.flatMap((value) => {
      const found = own(value, name);
      return found === undefined ? [] : [found];
    });

const wildcard: Step = (values, budget) => values.flatMap((value) => children(value, budget));

const descend: Step = (values, budget) =>
  values.flatMap((value) => {
    const below = children(value, budget);
    return below.length === 0 ? [] : [value, ...descend(below, budget)];
  });

function slice(text: string): Step {
  const match = /^(-?\d{0,9})(?::(-?\d{0,9}))?(?::(-?\d{0,9}))?$/.exec(text);
  if (match === null || text === '') throw new JsonPathError(`invalid array index ${text}`);
  const [, first = '', last, steps = ''] = match;
  const step = steps === '' ? 1 : Number(steps);
  return (values, budget) =>
    values.flatMap((value) => {
      if (value === null) return [];
      if (!Array.isArray(value)) throw new NoResult();
      const start = fromEnd(first === '' ? 0 : Number(first), value.length);
      const end =
        last === undefined ? start + 1 : last === '' ? value.length : fromEnd(Number(last), value.length);
      if (start === end) return [];
      if (start < 0 || start >= value.length || end > value.length || end < start || step < 1)
        throw new NoResult();
      budget.visit(end - start);
      return value.slice(start, end).filter((_, index) => index % step === 0);
    });
}

function fromEnd(index: number, length: number): number {
  return index < 0 ? index + length : index;
}

const operators: Readonly<Record<string, (left: JsonValue, right: JsonValue) => boolean>> = {
  '==': (left, right) => sameJson(left, right),
  '!=': (left, right) => !sameJson(left, right),
  '<': (left, right) => order(left, right) < 0,
  '<=': (left, right) => order(left, right) <= 0,
  '>': (left, right) => order(left, right) > 0,
  '>=': (left, right) => order(left, right) >= 0,
};

/** NaN, which no comparison holds for, where there is no order. */
function order(left: JsonValue, right: JsonValue): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  if (typeof left !== 'string' || typeof right !== 'string') return Number.NaN;
  return left < right ? -1 : left > right ? 1 : 0;
}

function filter(text: string): Step {
  const match = /^([^!<>=]+)([!<>=]+)(.+)$/s.exec(text);
  const left = new Parser(match?.[1] ?? text).steps();
  const compare =
    match === null ? undefined : Object.hasOwn(operators, match[2] ?? '') ? operators[match[2] ?? ''] : null;
  if (compare === null) throw new JsonPathError(`unrecognized filter operator ${match?.[2]}`);
  const right = match === null ? [] : new Parser(match[3] ?? '').steps();
  return (values, budget) =>
    values.flatMap((value) => {
      if (!Array.isArray(value)) throw new NoResult();
      return value.filter((element: JsonValue) => {
        budget.visit(1);
        const lefts = run(left, [element], budget);
        if (compare === undefined) return lefts.length > 0;
        const rights = run(right, [element], budget);
        if (lefts.length > 1 || rights.length > 1) throw new NoResult();
        const [one, other] = [lefts[0], rights[0]];
        return one !== undefined && other !== undefined && compare(one, other);
      });
    });
}

const constant =
  (value: JsonValue): Step =>
  (values) =>
    values.map(() => value);

class Parser {
  readonly #text: string;
  #at = 0;
  constructor(text: string) {
    this.#text = text;
  }

  steps(): readonly Step[] {
    const steps: Step[] = [];
    while (this.#at < this.#text.length) {
      const step = this.#step();
      if (step !== undefined) steps.push(step);
    }
    return steps;
  }

  #step(): Step | undefined {
    const rest = this.#text.slice(this.#at);
    if (rest.startsWith('..')) {
      this.#at += 2;
      if (/^[\w*]/.test(this.#text.slice(this.#at))) this.#at -= 1;
      return descend;
    }
    const char = rest.charAt(0);
    if (char === '$' || char === '@' || /\s/.test(char)) {
      this.#at += 1;
      return undefined;
    }
    if (char === '.') {
      this.#at += 1;
      return this.#field();
    }
    if (rest.startsWith('[?(')) return filter(this.#until(/\)\]/, 3, 'unterminated filter'));
    if (char === '[') return this.#array(this.#until(/\]/, 1, 'unterminated array'));
    if (char === '"' || char === "'") return this.#quoted(char);
    return this.#literal(rest);
  }

  /** A name up to the next special character; `\` takes the next one as it is. */
  #field(): Step | undefined {
    const match = /^(?:\\.|[^\\\s.,[\]$@{}])*/s.exec(this.#text.slice(this.#at))?.[0] ?? '';
    this.#at += match.length;
    if (match === '') return undefined;
    return match === '*' ? wildcard : field(match.replaceAll('\\', ''));
  }

  /** The text up to an end outside of quotes. */
  #until(end: RegExp, skip: number, message: string): string {
    const from = this.#at + skip;
    let quoted = '';
    for (let index = from; index < this.#text.length; index += 1) {
      const char = this.#text.charAt(index);
      if (quoted !== '') {
        if (char === quoted && this.#text.charAt(index - 1) !== '\\') quoted = '';
        continue;
      }
      if (char === '"' || char === "'") quoted = char;
      const match = end.exec(this.#text.slice(index, index + 2));
      if (match?.index !== 0) continue;
      this.#at = index + match[0].length;
      return this.#text.slice(from, index);
    }
    throw new JsonPathError(message);
  }

  #array(inner: string): Step {
    if (inner === '*') return slice(':');
    const parts = inner.split(',').map((part) => part.trim());
    if (parts.length > 1) {
      const steps = parts.map((part) => this.#array(part));
      return (values, budget) => steps.flatMap((step) => step(values, budget));
    }
    const name = /^'([^']*)'$/.exec(inner)?.[1];
    return name === undefined ? slice(inner) : field(name.replaceAll('\\', ''));
  }

  #quoted(quote: string): Step {
    const rest = this.#text.slice(this.#at);
    const match = (quote === '"' ? /^"((?:\\.|[^"\\])*)"/s : /^'((?:\\.|[^'\\])*)'/s).exec(rest);
    if (match === null) throw new JsonPathError('unterminated quoted string');
    this.#at += match[0].length;
    return constant((match[1] ?? '').replace(/\\(.)/gs, '$1'));
  }

  #literal(rest: string): Step {
    const match = /^(true|false|[-+]?\d+(?:\.\d+)?)(?![\w.])/.exec(rest)?.[0];
    if (match === undefined)
      throw new JsonPathError(`unrecognized character in action: ${rest.slice(0, 32)}`);
    this.#at += match.length;
    return constant(match === 'true' ? true : match === 'false' ? false : Number(match));
  }
}
