import { type FieldError, forbiddenField, invalidValue, required } from '../fielderror.ts';
import { isObject, type JsonObject, type JsonValue, own } from '../json.ts';
import { compilePattern } from './pattern.ts';
import { listOf, objectOf, textOf } from './schema.ts';

type Level = 'root' | 'item' | 'field';

/**
 * Errors after which a schema is not looked at any further. SECURITY: each names its place, and a place deep inside a schema
 * of megabytes has a name of megabytes.
 */
export const maximumErrors = 200;

const emptyType: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

/**
 * What keeps a schema from being structural, in the API server's words and order: every part of it has a type of its own,
 * and alternatives only narrow what is declared outside of them. The document's types have been checked.
 */
export function structuralErrors(path: string, schema: JsonObject): readonly FieldError[] {
  const errors: FieldError[] = [];
  invariants(schema, 'root', path, errors);
  completeness({ nested: schema, path }, { schema, path }, errors);
  const text = (error: FieldError): string => `${error.field}: ${error.text}`;
  return errors.sort((left, right) => (text(left) < text(right) ? -1 : text(left) > text(right) ? 1 : 0));
}

function invariants(schema: JsonObject, level: Level, path: string, errors: FieldError[]): void {
  if (errors.length >= maximumErrors) return;
  const type = textOf(schema, 'type');
  const items = own(schema, 'items');
  const properties = objectOf(schema, 'properties');
  const additional = presentAdditional(schema);
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  const isIntOrString = schema['x-kubernetes-int-or-string'] === true;
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true;

  if (type === 'array' && (items ?? null) === null)
    errors.push(required(`${path}.items`, 'must be specified'));
  if (isObject(items)) invariants(items, 'item', `${path}.items`, errors);
  for (const [name, one] of Object.entries(properties)) {
    if (isObject(one)) invariants(one, 'field', `${path}.properties[${name}]`, errors);
  }
  if (additional !== undefined) {
    if (level === 'root')
      errors.push(forbiddenField(`${path}.additionalProperties`, 'must not be used at the root'));
    if (isObject(additional)) invariants(additional, 'field', `${path}.additionalProperties`, errors);
  }
  if (isIntOrString && preserves) {
    const detail = 'must be false if x-kubernetes-int-or-string is true';
    errors.push(invalidValue(`${path}.x-kubernetes-preserve-unknown-fields`, true, detail));
  }
  if (isIntOrString && isEmbedded) {
    const detail = 'must be false if x-kubernetes-int-or-string is true';
    errors.push(invalidValue(`${path}.x-kubernetes-embedded-resource`, true, detail));
  }
  const skipsAnyOf = isIntOrStringChoice(listOf(schema, 'anyOf'));
  const skipsFirstAllOf = isIntOrStringChoice(anyOfOf(listOf(schema, 'allOf')[0]));
  valueRules(schema, path, { skipsAnyOf, skipsFirstAllOf }, errors);

  if (isEmbedded && type !== 'object') {
    const detail = 'must be object if x-kubernetes-embedded-resource is true';
    errors.push(type === '' ? required(`${path}.type`, detail) : invalidValue(`${path}.type`, type, detail));
  } else if (type === '' && !isIntOrString && !preserves) {
    errors.push(required(`${path}.type`, emptyType[level]));
  }
  if (isEmbedded && additional !== undefined) {
    const detail = 'must not be used if x-kubernetes-embedded-resource is set';
    errors.push(forbiddenField(`${path}.additionalProperties`, detail));
  }
  if (level === 'root' && type !== '' && type !== 'object') {
    errors.push(invalidValue(`${path}.type`, type, 'must be object at the root'));
  }
  errors.push(...metadataRules(schema, level, path, isEmbedded));
  if (isEmbedded && !preserves && Object.keys(properties).length === 0) {
    errors.push(
      required(
        `${path}.properties`,
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      ),
    );
  }
}

function metadataRules(
  schema: JsonObject,
  level: Level,
  path: string,
  isEmbedded: boolean,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const isResource = level === 'root' || isEmbedded;
  const properties = objectOf(schema, 'properties');
  for (const name of ['kind', 'apiVersion']) {
    const one = own(properties, name);
    if (!isResource || !isObject(one) || one.type === 'string') continue;
    errors.push(invalidValue(`${path}.properties[${name}].type`, textOf(one, 'type'), 'must be string'));
  }
  const metadata = own(properties, 'metadata');
  if (!isObject(metadata)) return errors;
  const at = `${path}.properties[metadata]`;
  if (isResource && metadata.type !== 'object') {
    errors.push(invalidValue(`${at}.type`, textOf(metadata, 'type'), 'must be object'));
  }
  if (level === 'root' && saysMoreThanNames(metadata)) {
    const detail =
      'must not specify anything other than name and generateName, but metadata is implicitly specified';
    errors.push(forbiddenField(at, detail));
  }
  return errors;
}

/** Whether the schema of the root's metadata restricts more than the two names. */
function saysMoreThanNames(metadata: JsonObject): boolean {
  const { type: _, default: __, properties: ___, ...rest } = metadata;
  if (Object.values(rest).some((value) => !isEmptyValue(value))) return true;
  return Object.keys(objectOf(metadata, 'properties')).some(
    (name) => name !== 'name' && name !== 'generateName',
  );
}

/** What Go writes as nothing. */
export function isEmptyValue(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === false || value === '' || value === 0) return true;
  return Array.isArray(value) && value.length === 0;
}

function presentAdditional(schema: JsonObject): JsonValue | undefined {
  const additional = own(schema, 'additionalProperties');
  return additional === null ? undefined : additional;
}

function anyOfOf(schema: JsonValue | undefined): readonly JsonValue[] {
  return isObject(schema) ? listOf(schema, 'anyOf') : [];
}

/** `anyOf: [{type: integer}, {type: string}]`, which may say types although it is an alternative. */
function isIntOrStringChoice(alternatives: readonly JsonValue[]): boolean {
  const types = ['integer', 'string'];
  return (
    alternatives.length === 2 &&
    alternatives.every((one, index) => {
      if (!isObject(one)) return false;
      const { type, ...rest } = one;
      return type === types[index] && Object.values(rest).every(isEmptyValue);
    })
  );
}

function valueRules(
  schema: JsonObject,
  path: string,
  skips: { readonly skipsAnyOf: boolean; readonly skipsFirstAllOf: boolean },
  errors: FieldError[],
): void {
  const nested = (list: string, isSkipped: (index: number) => boolean, skipsAnyOf: boolean): void => {
    for (const [index, one] of listOf(schema, list).entries()) {
      if (isSkipped(index) || !isObject(one)) continue;
      nestedRules(one, `${path}.${list}[${index}]`, skipsAnyOf && index === 0, errors);
    }
  };
  nested('anyOf', () => skips.skipsAnyOf, false);
  nested('allOf', () => false, skips.skipsFirstAllOf);
  nested('oneOf', () => false, false);
  const not = own(schema, 'not');
  if (isObject(not)) nestedRules(not, `${path}.not`, false, errors);
  const pattern = textOf(schema, 'pattern');
  if (pattern !== '') {
    try {
      compilePattern(pattern);
    } catch (error) {
      const detail = `must be a valid regular expression, but isn't: ${(error as Error).message}`;
      errors.push(invalidValue(`${path}.pattern`, pattern, detail));
    }
  }
}

const notInAlternatives: readonly (readonly [member: string, word: string])[] = [
  ['type', 'empty'],
  ['additionalProperties', 'undefined'],
  ['default', 'undefined'],
  ['title', 'empty'],
  ['description', 'empty'],
  ['nullable', 'false'],
  ['x-kubernetes-preserve-unknown-fields', 'false'],
  ['x-kubernetes-embedded-resource', 'false'],
  ['x-kubernetes-int-or-string', 'false'],
  ['x-kubernetes-list-map-keys', 'empty'],
  ['x-kubernetes-list-type', 'undefined'],
  ['x-kubernetes-map-type', 'undefined'],
  ['x-kubernetes-validations', 'empty'],
];

/** Below allOf, anyOf, oneOf and not, values may be restricted and nothing may be declared. */
function nestedRules(schema: JsonObject, path: string, skipsAnyOf: boolean, errors: FieldError[]): void {
  if (errors.length >= maximumErrors) return;
  valueRules(schema, path, { skipsAnyOf, skipsFirstAllOf: false }, errors);
  const items = own(schema, 'items');
  if (isObject(items)) nestedRules(items, `${path}.items`, false, errors);
  for (const [name, one] of Object.entries(objectOf(schema, 'properties'))) {
    if (isObject(one)) nestedRules(one, `${path}.properties[${name}]`, false, errors);
  }
  for (const [member, word] of notInAlternatives) {
    const value = own(schema, member);
    const isUnset = member === 'default' ? value === undefined || value === null : isEmptyValue(value);
    if (!isUnset) errors.push(forbiddenField(`${path}.${member}`, `must be ${word} to be structural`));
  }
  if (own(objectOf(schema, 'properties'), 'metadata') !== undefined) {
    errors.push(forbiddenField(`${path}.properties[metadata]`, 'must not be specified in a nested context'));
  }
}

/** What an alternative says, and what is declared at the same place; each with its path. */
interface Alternative {
  readonly nested: JsonObject;
  readonly path: string;
}

interface Declared {
  readonly schema: JsonObject | undefined;
  readonly path: string;
}

/** Every field an alternative speaks of is declared outside. */
function completeness({ nested, path }: Alternative, declared: Declared, errors: FieldError[]): void {
  const not = own(nested, 'not');
  if (isObject(not)) nestedCompleteness({ nested: not, path: `${path}.not` }, declared, errors);
  for (const list of ['allOf', 'anyOf', 'oneOf']) {
    for (const [index, one] of listOf(nested, list).entries()) {
      if (isObject(one))
        nestedCompleteness({ nested: one, path: `${path}.${list}[${index}]` }, declared, errors);
    }
  }
}

function nestedCompleteness(alternative: Alternative, declared: Declared, errors: FieldError[]): void {
  if (errors.length >= maximumErrors) return;
  const { nested, path } = alternative;
  const { schema } = declared;
  if (schema === undefined) {
    errors.push(required(declared.path, `because it is defined in ${path}`));
    return;
  }
  completeness(alternative, declared, errors);
  const below = (member: JsonValue | undefined, inner: JsonValue, step: string): void => {
    if (!isObject(inner)) return;
    const there = { schema: isObject(member) ? member : undefined, path: `${declared.path}.${step}` };
    nestedCompleteness({ nested: inner, path: `${path}.${step}` }, there, errors);
  };
  below(own(schema, 'items'), own(nested, 'items') ?? null, 'items');
  const properties = objectOf(schema, 'properties');
  for (const [name, one] of Object.entries(objectOf(nested, 'properties'))) {
    below(own(properties, name), one, `properties[${name}]`);
  }
}
