import { type FieldError, forbiddenField, invalidValue, required } from '../fielderror.ts';
import { isObject, type JsonObject, type JsonValue, own } from '../json.ts';
import { compilePattern } from './pattern.ts';
import { listOf, objectOf, textOf } from './schema.ts';

type Level = 'root' | 'item' | 'field';

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
  const errors = [...invariants(schema, 'root', path), ...completeness(schema, schema, path, path)];
  const text = (error: FieldError): string => `${error.field}: ${error.text}`;
  return errors.sort((left, right) => (text(left) < text(right) ? -1 : text(left) > text(right) ? 1 : 0));
}

function invariants(schema: JsonObject, level: Level, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const type = textOf(schema, 'type');
  const items = own(schema, 'items');
  const properties = objectOf(schema, 'properties');
  const additional = presentAdditional(schema);
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  const isIntOrString = schema['x-kubernetes-int-or-string'] === true;
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true;

  if (type === 'array' && (items ?? null) === null)
    errors.push(required(`${path}.items`, 'must be specified'));
  if (isObject(items)) errors.push(...invariants(items, 'item', `${path}.items`));
  for (const [name, one] of Object.entries(properties)) {
    if (isObject(one)) errors.push(...invariants(one, 'field', `${path}.properties[${name}]`));
  }
  if (additional !== undefined) {
    if (level === 'root')
      errors.push(forbiddenField(`${path}.additionalProperties`, 'must not be used at the root'));
    if (isObject(additional)) errors.push(...invariants(additional, 'field', `${path}.additionalProperties`));
  }
  if (isIntOrString && preserves) {
    const detail = 'must be false if x-kubernetes-int-or-string is true';
    errors.push(invalidValue(`${path}.x-kubernetes-preserve-unknown-fields`, true, detail));
  }
  if (isIntOrString && isEmbedded) {
    const detail = 'must be false if x-kubernetes-int-or-string is true';
    errors.push(invalidValue(`${path}.x-kubernetes-embedded-resource`, true, detail));
  }
  errors.push(
    ...valueRules(schema, path, {
      skipsAnyOf: isIntOrStringChoice(listOf(schema, 'anyOf')),
      skipsFirstAllOf: isIntOrStringChoice(anyOfOf(listOf(schema, 'allOf')[0])),
    }),
  );

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
  return errors;
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
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const nested = (list: string, isSkipped: (index: number) => boolean, skipsAnyOf: boolean): void => {
    for (const [index, one] of listOf(schema, list).entries()) {
      if (isSkipped(index) || !isObject(one)) continue;
      errors.push(...nestedRules(one, `${path}.${list}[${index}]`, skipsAnyOf && index === 0));
    }
  };
  nested('anyOf', () => skips.skipsAnyOf, false);
  nested('allOf', () => false, skips.skipsFirstAllOf);
  nested('oneOf', () => false, false);
  const not = own(schema, 'not');
  if (isObject(not)) errors.push(...nestedRules(not, `${path}.not`, false));
  const pattern = textOf(schema, 'pattern');
  if (pattern !== '') {
    try {
      compilePattern(pattern);
    } catch (error) {
      const detail = `must be a valid regular expression, but isn't: ${(error as Error).message}`;
      errors.push(invalidValue(`${path}.pattern`, pattern, detail));
    }
  }
  return errors;
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
function nestedRules(schema: JsonObject, path: string, skipsAnyOf: boolean): readonly FieldError[] {
  const errors: FieldError[] = [...valueRules(schema, path, { skipsAnyOf, skipsFirstAllOf: false })];
  const items = own(schema, 'items');
  if (isObject(items)) errors.push(...nestedRules(items, `${path}.items`, false));
  for (const [name, one] of Object.entries(objectOf(schema, 'properties'))) {
    if (isObject(one)) errors.push(...nestedRules(one, `${path}.properties[${name}]`, false));
  }
  for (const [member, word] of notInAlternatives) {
    const value = own(schema, member);
    const isUnset = member === 'default' ? value === undefined || value === null : isEmptyValue(value);
    if (!isUnset) errors.push(forbiddenField(`${path}.${member}`, `must be ${word} to be structural`));
  }
  if (own(objectOf(schema, 'properties'), 'metadata') !== undefined) {
    errors.push(forbiddenField(`${path}.properties[metadata]`, 'must not be specified in a nested context'));
  }
  return errors;
}

/** Every field an alternative speaks of is declared outside. */
function completeness(
  nested: JsonObject,
  schema: JsonObject | undefined,
  schemaPath: string,
  path: string,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const not = own(nested, 'not');
  if (isObject(not)) errors.push(...nestedCompleteness(not, schema, schemaPath, `${path}.not`));
  for (const list of ['allOf', 'anyOf', 'oneOf']) {
    for (const [index, one] of listOf(nested, list).entries()) {
      if (isObject(one))
        errors.push(...nestedCompleteness(one, schema, schemaPath, `${path}.${list}[${index}]`));
    }
  }
  return errors;
}

function nestedCompleteness(
  nested: JsonObject,
  schema: JsonObject | undefined,
  schemaPath: string,
  path: string,
): readonly FieldError[] {
  if (schema === undefined) return [required(schemaPath, `because it is defined in ${path}`)];
  const errors: FieldError[] = [...completeness(nested, schema, schemaPath, path)];
  const items = own(nested, 'items');
  if (isObject(items)) {
    const declared = own(schema, 'items');
    errors.push(
      ...nestedCompleteness(
        items,
        isObject(declared) ? declared : undefined,
        `${schemaPath}.items`,
        `${path}.items`,
      ),
    );
  }
  const declared = objectOf(schema, 'properties');
  for (const [name, one] of Object.entries(objectOf(nested, 'properties'))) {
    if (!isObject(one)) continue;
    const inner = own(declared, name);
    errors.push(
      ...nestedCompleteness(
        one,
        isObject(inner) ? inner : undefined,
        `${schemaPath}.properties[${name}]`,
        `${path}.properties[${name}]`,
      ),
    );
  }
  return errors;
}
