import { quote } from '../../../engine/rbac/quote.ts';
import type { FieldError } from '../fielderror.ts';
import { isObject, type JsonObject, type JsonValue, own, sameJson } from '../json.ts';
import {
  alternativeAt,
  Budget,
  Findings,
  goNumber,
  invalidAt,
  invalidWith,
  missingAt,
  notListedAt,
  tooLongAt,
  tooManyAt,
  wrongTypeAt,
} from './findings.ts';
import { formatCheck } from './formats.ts';
import type { Schema } from './schema.ts';
import { memberSchema } from './walk.ts';

/** Somewhat more than a second of work at its worst; each value of the longest body takes one step or a few. */
const maximumSteps = 4_000_000;
/** What telling of a value costs, and passing that on. */
const stepsOfFailure = 8;
/** Instructions of a pattern that cost as much as looking at one value. */
const instructionsInStep = 4;

/** Characters of a path that cost as much: they stand in every sentence. */
const charactersInStep = 64;

/** Characters of a text that cost as much where its length or its format is looked at. */
const textInStep = 16;

/** Parts of two values that cost as much to compare. */
const comparedInStep = 4;

/** What stood at the same place before an update. */
interface Before {
  readonly value: JsonValue;
}

/**
 * Everything that a value has against its schema, worded as the API server words it. With `before` the value replaces
 * another: what is wrong with a part that did not change is not told (kubernetes: ratcheting validation).
 *
 * @throws KubeStatusError 413 when it would take too long
 */
export function validateValue(
  schema: Schema,
  value: JsonValue,
  before?: JsonValue,
  budget = createBudget(),
): readonly FieldError[] {
  const validator = new Validator(budget);
  const old = before === undefined ? undefined : { value: before };
  return validator.ratcheted(schema, value, '', old).errors();
}

/** What one request may spend on validation; several values may share it. */
export function createBudget(): Budget {
  return new Budget(maximumSteps);
}

class Validator {
  readonly #budget: Budget;
  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** One place of the object: findings about a value that stayed as it was are dropped. */
  ratcheted(schema: Schema, value: JsonValue, path: string, before: Before | undefined): Findings {
    const findings = this.#validate(schema, value, path, before);
    if (findings.isEmpty || before === undefined || !this.#isUnchanged(schema, value, before.value))
      return findings;
    const nothing = new Findings();
    nothing.matches = findings.matches;
    return nothing;
  }

  #validate(schema: Schema, value: JsonValue, path: string, before: Before | undefined): Findings {
    this.#budget.spend(1 + path.length / charactersInStep);
    const findings = new Findings();
    if (value === null) {
      if (schema.types.length > 0 && !schema.nullable) {
        findings.add(wrongTypeAt(path, schema.types.join(','), 'null'));
      } else findings.matches += 1;
      if (schema.enum.length > 0) findings.add(notListedAt(path, value, schema.enum));
      return findings;
    }
    const check = formatCheck(schema.format);
    if (schema.types.length > 0 || check !== undefined) {
      checkType(findings, schema, value, path, check !== undefined);
      findings.matches += 1;
    }
    this.#alternatives(findings, schema, value, path, before);
    findings.matches += 1;
    if (typeof value === 'string') {
      this.#text(findings, schema, value, path);
      findings.matches += 1;
      if (check !== undefined) {
        this.#budget.spend(value.length / textInStep);
        if (!check(value)) findings.add(wrongTypeAt(path, schema.format, value));
        findings.matches += 1;
      }
    } else if (typeof value === 'number') {
      checkNumber(findings, schema, value, path);
      findings.matches += 2;
    } else if (Array.isArray(value)) {
      this.#list(findings, schema, value, path, before);
      findings.matches += 2;
    }
    this.#enum(findings, schema, value, path);
    findings.matches += 1;
    if (isObject(value)) {
      this.#object(findings, schema, value, path, before);
      findings.matches += 1;
    }
    findings.matches += 1;
    if (!findings.isEmpty) this.#budget.spend(stepsOfFailure);
    return findings;
  }

  #alternatives(
    findings: Findings,
    schema: Schema,
    value: JsonValue,
    path: string,
    before: Before | undefined,
  ): void {
    const results = (all: readonly Schema[]): readonly Findings[] =>
      all.map((one) => this.#validate(one, value, path, before));
    if (schema.anyOf.length > 0) {
      const tried: Findings[] = [];
      let fitting: Findings | undefined;
      for (const one of schema.anyOf) {
        const result = this.#validate(one, value, path, before);
        tried.push(result);
        if (!result.isEmpty) continue;
        fitting = result;
        break;
      }
      if (fitting === undefined) {
        findings.add(alternativeAt(`${quote(path)} must validate at least one schema (anyOf)`));
      }
      findings.merge(fitting ?? closest(tried));
    }
    if (schema.oneOf.length > 0) {
      const tried = results(schema.oneOf);
      const fitting = tried.filter(({ isEmpty }) => isEmpty);
      const [only] = fitting;
      if (only === undefined || fitting.length > 1) {
        const found = only === undefined ? 'Found none valid' : `Found ${fitting.length} valid alternatives`;
        findings.add(alternativeAt(`${quote(path)} must validate one and only one schema (oneOf). ${found}`));
        if (only === undefined) findings.merge(closest(tried));
      } else findings.merge(only);
    }
    if (schema.allOf.length > 0) {
      const tried = results(schema.allOf);
      const fitting = tried.filter(({ isEmpty }) => isEmpty).length;
      for (const one of tried) findings.merge(one);
      if (fitting < tried.length) {
        const none = fitting === 0 ? '. None validated' : '';
        findings.add(alternativeAt(`${quote(path)} must validate all the schemas (allOf)${none}`));
      }
    }
    if (schema.not !== undefined && this.#validate(schema.not, value, path, before).isEmpty) {
      findings.add(alternativeAt(`${quote(path)} must not validate the schema (not)`));
    }
  }

  /** The first thing that is wrong with a text. */
  #text(findings: Findings, schema: Schema, text: string, path: string): void {
    const { maxLength, minLength, pattern } = schema;
    if (maxLength !== undefined || minLength !== undefined) {
      this.#budget.spend(text.length / textInStep);
      const length = characters(text);
      if (maxLength !== undefined && length > maxLength) {
        findings.add(tooLongAt(path, maxLength));
        return;
      }
      if (minLength !== undefined && length < minLength) {
        findings.add(invalidAt(path, text, `should be at least ${minLength} chars long`));
        return;
      }
    }
    if (pattern === undefined) return;
    this.#budget.spend(Math.ceil((text.length * pattern.size) / instructionsInStep));
    if (!pattern.matches(text)) findings.add(invalidAt(path, text, `should match '${pattern.source}'`));
  }

  #enum(findings: Findings, schema: Schema, value: JsonValue, path: string): void {
    if (schema.enum.length === 0) return;
    this.#budget.spend(schema.enum.length);
    if (!schema.enum.some((one) => this.#isListed(value, one))) {
      findings.add(notListedAt(path, value, schema.enum));
    }
  }

  #list(
    findings: Findings,
    schema: Schema,
    list: readonly JsonValue[],
    path: string,
    before: Before | undefined,
  ): void {
    const { items, minItems, maxItems } = schema;
    if (items !== undefined) {
      const earlier = earlierElements(schema, list, before);
      for (const [index, element] of list.entries()) {
        findings.merge(this.ratcheted(items, element, `${path}[${index}]`, earlier(element)));
      }
    }
    if (minItems !== undefined && list.length < minItems) {
      findings.add(invalidAt(path, list.length, `should have at least ${minItems} items`));
    }
    if (maxItems !== undefined && list.length > maxItems) {
      findings.add(tooManyAt(path, 'items', list.length, maxItems));
    }
  }

  #object(
    findings: Findings,
    schema: Schema,
    object: JsonObject,
    path: string,
    before: Before | undefined,
  ): void {
    const { minProperties, maxProperties, additionalProperties } = schema;
    const names = Object.keys(object);
    const size = names.length;
    this.#budget.spend(size + schema.required.length);
    if (minProperties !== undefined && size < minProperties) {
      findings.add(invalidAt(path, size, `should have at least ${minProperties} properties`));
    }
    if (maxProperties !== undefined && size > maxProperties) {
      findings.add(tooManyAt(path, 'properties', size, maxProperties));
    }
    const isOpen = additionalProperties === undefined || additionalProperties === true;
    // Most alternatives speak of no member at all.
    for (const name of isOpen && schema.properties.size === 0 ? [] : names) {
      const member = object[name] as JsonValue;
      const declared = schema.properties.get(name);
      if (declared !== undefined) {
        const at = path === '' ? name : `${path}.${name}`;
        const isTypeMeta = path === '' && (name === 'kind' || name === 'apiVersion');
        const old = isTypeMeta ? undefined : earlierMember(before, name);
        findings.merge(this.ratcheted(declared, member, at, old));
      } else if (additionalProperties === false) {
        const text = `${path}.${name} in body is a forbidden property`;
        findings.add(invalidWith(path, name, text));
      } else if (typeof additionalProperties === 'object') {
        findings.merge(
          this.ratcheted(additionalProperties, member, `${path}.${name}`, earlierMember(before, name)),
        );
      }
    }
    for (const name of schema.required) {
      if (!Object.hasOwn(object, name)) findings.add(missingAt(`${path}.${name}`));
    }
  }

  /** COMPAT: upstream converts the value to the type of each listed one, so that 1.5 is in a list of 1. */
  #isListed(value: JsonValue, listed: JsonValue): boolean {
    if (typeof value === 'number' && Number.isInteger(listed)) return Math.trunc(value) === listed;
    return listed !== null && this.#isSame(listed, value);
  }

  /** Equal wherever the schema looks; below members it does not know nothing can be compared, as upstream has it. */
  #isUnchanged(schema: Schema, value: JsonValue, before: JsonValue): boolean {
    if (!isObject(value) || !isObject(before) || schema.additionalProperties === true)
      return this.#isSame(value, before);
    const names = Object.keys(value);
    this.#budget.spend(names.length);
    return (
      names.length === Object.keys(before).length &&
      names.every((name) => {
        const inner = memberSchema(schema, name);
        const old = own(before, name);
        return (
          inner !== undefined && old !== undefined && this.#isUnchanged(inner, value[name] as JsonValue, old)
        );
      })
    );
  }

  #isSame(left: JsonValue, right: JsonValue): boolean {
    if (typeof left !== 'object' || left === null) return left === right;
    this.#budget.spend((Array.isArray(left) ? left.length : Object.keys(left).length) / comparedInStep);
    return sameJson(left, right, (one, other) => this.#isSame(one, other));
  }
}

/** Of alternatives that all fail: the first of those that fit best. */
function closest(tried: readonly Findings[]): Findings {
  let best = new Findings();
  for (const [index, one] of tried.entries()) if (index === 0 || one.matches > best.matches) best = one;
  return best;
}

function characters(text: string): number {
  let count = text.length;
  // Go counts code points.
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit >= 0xdc00 && unit <= 0xdfff) count -= 1;
  }
  return count;
}

function typeOf(value: JsonValue): { readonly type: string; readonly format: string } {
  switch (typeof value) {
    case 'boolean':
      return { type: 'boolean', format: '' };
    case 'string':
      return { type: 'string', format: '' };
    case 'number':
      return Number.isInteger(value)
        ? { type: 'integer', format: 'int64' }
        : { type: 'number', format: 'float64' };
    default:
      return { type: Array.isArray(value) ? 'array' : 'object', format: '' };
  }
}

function checkType(
  findings: Findings,
  schema: Schema,
  value: JsonValue,
  path: string,
  hasFormat: boolean,
): void {
  const { types, format } = schema;
  const actual = typeOf(value);
  const fits = types.includes(actual.type) || (actual.type === 'integer' && types.includes('number'));
  const isTextual = actual.type === 'string' || actual.type === 'array';
  if (hasFormat && !isTextual && !fits) {
    findings.add(wrongTypeAt(path, format, actual.format));
    return;
  }
  // A format speaks for itself, whatever the type says of a text.
  if (hasFormat && isTextual && !types.includes('number') && !types.includes('integer')) return;
  if (!fits) findings.add(wrongTypeAt(path, types.join(','), actual.type));
}

function checkNumber(findings: Findings, schema: Schema, value: number, path: string): void {
  const { multipleOf, minimum, maximum, isMinimumExclusive, isMaximumExclusive } = schema;
  // Bounds of whole numbers are compared and shown as whole numbers.
  const bound = (limit: number): number => (Number.isInteger(value) ? Math.trunc(limit) : limit);
  if (multipleOf !== undefined) {
    const factor = bound(multipleOf);
    if (factor <= 0) {
      const text = `factor MultipleOf declared for ${path} must be positive: ${goNumber(factor)}`;
      findings.add(invalidWith(path, factor, text));
    } else {
      const times = factor < 1 ? (1 / factor) * value : value / factor;
      const isWhole = Number.isInteger(value)
        ? value % factor === 0
        : Math.abs(times - Math.round(times)) < 1e-9;
      if (!isWhole) findings.add(invalidAt(path, value, `should be a multiple of ${goNumber(factor)}`));
    }
  }
  if (minimum !== undefined) {
    const limit = bound(minimum);
    if (isMinimumExclusive ? value <= limit : value < limit) {
      const rule = isMinimumExclusive ? 'greater than' : 'greater than or equal to';
      findings.add(invalidAt(path, value, `should be ${rule} ${goNumber(limit)}`));
    }
  }
  if (maximum !== undefined) {
    const limit = bound(maximum);
    if (isMaximumExclusive ? value >= limit : value > limit) {
      const rule = isMaximumExclusive ? 'less than' : 'less than or equal to';
      findings.add(invalidAt(path, value, `should be ${rule} ${goNumber(limit)}`));
    }
  }
}

function earlierMember(before: Before | undefined, name: string): Before | undefined {
  const value = before === undefined ? undefined : own(before.value, name);
  return value === undefined ? undefined : { value };
}

/** Which element stood for another before: known only where elements have keys. */
function earlierElements(
  schema: Schema,
  list: readonly JsonValue[],
  before: Before | undefined,
): (element: JsonValue) => Before | undefined {
  if (before === undefined || schema.listType !== 'map' || !Array.isArray(before.value))
    return () => undefined;
  if (list.length === 0) return () => undefined;
  const byKey = new Map<string, JsonValue>();
  for (const element of before.value as readonly JsonValue[]) byKey.set(keyOf(schema, element), element);
  return (element) => {
    const value = byKey.get(keyOf(schema, element));
    return value === undefined ? undefined : { value };
  };
}

function keyOf(schema: Schema, element: JsonValue): string {
  return JSON.stringify(schema.mapKeys.map((key) => own(element, key) ?? null));
}
