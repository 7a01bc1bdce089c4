import { asObject, asText, type JsonObject } from '../../../access/json.ts';
import { unknownAccount, unknownPartition, unknownRegion } from '../facts.ts';

/** What could not be told. */
export const unresolved = Symbol('unresolved');

/** Resolves values of a template. */
export interface Intrinsics {
  /** The value with its functions carried out; `unresolved` where one cannot be. */
  resolve(value: unknown): unknown;
  /** The same, with `unresolved:NAME` in place of texts that cannot be told: for documents of policies. */
  resolveDocument(value: unknown): unknown;
}

export interface IntrinsicsOptions {
  readonly parameters: JsonObject;
  readonly mappings: JsonObject;
  readonly conditions: JsonObject;
  /** Told the name of each parameter that is read as its default. */
  readonly usesDefault: (parameter: string) => void;
  /** What `Ref` and `Fn::GetAtt` give of a resource; `attribute` is absent for `Ref`. Undefined: not known. */
  readonly attributeOf: (logicalId: string, attribute: string | undefined) => string | undefined;
  /** Steps that are left for the whole template: each takes one. */
  readonly budget: { steps: number };
  /** Tells what could not be resolved, as it is written. */
  readonly report: (what: string) => void;
}

const pseudoParameters: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['AWS::AccountId', unknownAccount],
  ['AWS::Region', unknownRegion],
  ['AWS::Partition', unknownPartition],
  ['AWS::URLSuffix', 'amazonaws.com'],
  ['AWS::NoValue', undefined],
]);

const deepest = 60;
/** Characters of a text that functions make. */
const longestText = 100_000;

/** SECURITY: functions in functions, and names after names, double with each level: all of a template share one budget. */
export function createIntrinsics({
  parameters,
  mappings,
  conditions,
  usesDefault,
  attributeOf,
  budget,
  report,
}: IntrinsicsOptions): Intrinsics {
  const fail = (what: string): typeof unresolved => {
    report(what);
    return unresolved;
  };

  const reference = (name: string): unknown => {
    if (pseudoParameters.has(name)) return pseudoParameters.get(name);
    const parameter = Object.hasOwn(parameters, name) ? asObject(parameters[name]) : undefined;
    if (parameter !== undefined) {
      const { Default: value } = parameter;
      const type = asText(parameter.Type) ?? '';
      // Its default is where the value is kept, not the value.
      if (type.startsWith('AWS::SSM::')) return fail(`parameter \`${name}\`, which is kept in SSM`);
      if (value !== undefined) usesDefault(name);
      if (typeof value === 'string') return type.includes('List') ? value.split(',') : value;
      if (typeof value === 'number' || typeof value === 'boolean') return String(value);
      return fail(`parameter \`${name}\`, which has no default`);
    }
    return attributeOf(name, undefined) ?? fail(`\`${name}\``);
  };

  const attribute = (argument: unknown): unknown => {
    const parts = Array.isArray(argument) ? argument : splitOnce(asText(argument) ?? '');
    const [logicalId, name] = [asText(parts[0]), asText(parts[1])];
    if (logicalId === undefined || name === undefined) return fail('`Fn::GetAtt`');
    return attributeOf(logicalId, name) ?? fail(`\`${logicalId}.${name}\``);
  };

  const substitute = (argument: unknown, depth: number): unknown => {
    const [template, own] = Array.isArray(argument)
      ? [asText(argument[0]), asObject(argument[1])]
      : [asText(argument), undefined];
    if (template === undefined) return fail('`Fn::Sub`');
    let isKnown = true;
    const text = template.replaceAll(/\$\{(!?)([^}]*)\}/g, (_, literal: string, written: string) => {
      if (--budget.steps < 0) {
        isKnown = false;
        return '';
      }
      if (literal !== '') return `\${${written}}`;
      const name = written.trim();
      const value =
        own !== undefined && Object.hasOwn(own, name)
          ? resolve(own[name], depth + 1)
          : name.includes('.')
            ? attribute(name)
            : reference(name);
      if (typeof value === 'string') return value;
      isKnown = false;
      return '';
    });
    if (text.length > longestText) return fail('a text without end');
    return isKnown ? text : fail('`Fn::Sub`');
  };

  const join = (argument: unknown, depth: number): unknown => {
    const [delimiter, list] = Array.isArray(argument) ? argument : [];
    const parts = resolve(list, depth + 1);
    return typeof delimiter === 'string' &&
      Array.isArray(parts) &&
      parts.every((part) => typeof part === 'string')
      ? parts.join(delimiter)
      : fail('`Fn::Join`');
  };

  const select = (argument: unknown, depth: number): unknown => {
    const [index, list] = Array.isArray(argument) ? argument : [];
    const items = resolve(list, depth + 1);
    const item: unknown = Array.isArray(items) ? items[Number(index)] : undefined;
    return item === undefined ? fail('`Fn::Select`') : item;
  };

  const split = (argument: unknown, depth: number): unknown => {
    const [delimiter, written] = Array.isArray(argument) ? argument : [];
    const text = resolve(written, depth + 1);
    return typeof delimiter === 'string' && delimiter !== '' && typeof text === 'string'
      ? text.split(delimiter)
      : fail('`Fn::Split`');
  };

  const findInMap = (argument: unknown, depth: number): unknown => {
    const names = resolve(argument, depth + 1);
    let found: unknown = mappings;
    for (const name of Array.isArray(names) ? names : [undefined]) {
      const map = asObject(found);
      found =
        typeof name === 'string' && map !== undefined && Object.hasOwn(map, name) ? map[name] : undefined;
    }
    return typeof found === 'string' || Array.isArray(found) ? found : fail('`Fn::FindInMap`');
  };

  /** Undefined: it cannot be told. */
  const holds = (condition: unknown, depth: number): boolean | undefined => {
    if (depth > deepest || --budget.steps < 0) return undefined;
    const name = asText(condition);
    if (name !== undefined) {
      return Object.hasOwn(conditions, name) ? holds(conditions[name], depth + 1) : undefined;
    }
    const [[operator, operands] = [], ...others] = Object.entries(asObject(condition) ?? {});
    if (operator === undefined || others.length > 0) return undefined;
    if (operator === 'Condition') return holds(asText(operands), depth + 1);
    if (!Array.isArray(operands)) return undefined;
    if (operator === 'Fn::Equals') {
      const [one, other] = [resolve(operands[0], depth + 1), resolve(operands[1], depth + 1)];
      return typeof one === 'string' && typeof other === 'string' ? one === other : undefined;
    }
    const parts = operands.map((operand) => holds(operand, depth + 1));
    switch (operator) {
      case 'Fn::Not':
        return parts[0] === undefined ? undefined : !parts[0];
      case 'Fn::And':
        return parts.includes(false) ? false : parts.includes(undefined) ? undefined : true;
      case 'Fn::Or':
        return parts.includes(true) ? true : parts.includes(undefined) ? undefined : false;
      default:
        return undefined;
    }
  };

  const choose = (argument: unknown, depth: number): unknown => {
    const [condition, yes, no] = Array.isArray(argument) ? argument : [];
    const isMet = typeof condition === 'string' ? holds(condition, depth + 1) : undefined;
    if (isMet === undefined) return fail(`condition \`${String(asText(condition)).slice(0, 100)}\``);
    return resolve(isMet ? yes : no, depth + 1);
  };

  const call = (name: string, argument: unknown, depth: number): unknown => {
    switch (name) {
      case 'Ref':
        return typeof argument === 'string' ? reference(argument) : fail('`Ref`');
      case 'Fn::GetAtt':
        return attribute(argument);
      case 'Fn::Sub':
        return substitute(argument, depth);
      case 'Fn::Join':
        return join(argument, depth);
      case 'Fn::Select':
        return select(argument, depth);
      case 'Fn::Split':
        return split(argument, depth);
      case 'Fn::FindInMap':
        return findInMap(argument, depth);
      case 'Fn::If':
        return choose(argument, depth);
      default:
        return fail(`\`${name}\``);
    }
  };

  const resolve = (value: unknown, depth = 0): unknown => {
    if (depth > deepest || --budget.steps < 0) return fail('functions that go in a circle or without end');
    if (Array.isArray(value)) {
      const items = value.map((item) => resolve(item, depth + 1));
      return items.filter((item) => item !== undefined);
    }
    const object = asObject(value);
    if (object === undefined) return value;
    const [name, ...others] = Object.keys(object);
    if (name !== undefined && others.length === 0 && (name === 'Ref' || /^Fn::/.test(name))) {
      const found = call(name, object[name], depth);
      // What is long costs more than what is short, wherever it is put into something.
      if (typeof found === 'string') budget.steps -= found.length >> 6;
      return found;
    }
    return Object.fromEntries(
      Object.entries(object).flatMap(([member, written]) => {
        const resolved = resolve(written, depth + 1);
        return resolved === undefined ? [] : [[member, resolved] as const];
      }),
    );
  };

  return {
    resolve: (value) => resolve(value),
    resolveDocument: (value) => withTexts(resolve(value), 0),
  };
}

/** A text in place of what is not known, which nothing else is called. */
function withTexts(value: unknown, depth: number): unknown {
  if (value === unresolved) return 'unresolved:by-entryway';
  if (depth > deepest) return null;
  if (Array.isArray(value)) return value.map((item) => withTexts(item, depth + 1));
  const object = asObject(value);
  if (object === undefined) return value;
  return Object.fromEntries(
    Object.entries(object).map(([name, member]) => [name, withTexts(member, depth + 1)]),
  );
}

function splitOnce(text: string): readonly string[] {
  const dot = text.indexOf('.');
  return dot === -1 ? [text] : [text.slice(0, dot), text.slice(dot + 1)];
}
