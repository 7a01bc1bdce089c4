import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tooMany,
} from '../fielderror.ts';
import { isObject, type JsonObject, type JsonValue, own, printed } from '../json.ts';
import { listOf, maximumMapKeys, objectOf, textOf, textsOf } from './schema.ts';
import { maximumErrors } from './structural.ts';

/** Where a schema stands: what surrounds it forbids defaults, with the reason, or belongs to a resource's metadata. */
interface Place {
  readonly noDefaults: string | undefined;
  readonly isMetadata: boolean;
  readonly isRoot: boolean;
}

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const metaFields: readonly string[] = ['metadata', 'kind', 'apiVersion'];

/** What Kubernetes does not take from OpenAPI, and how each is shown. */
const unsupported: readonly string[] = [
  'id',
  'additionalItems',
  'patternProperties',
  'definitions',
  'dependencies',
  '$ref',
];

/**
 * What a CustomResourceDefinition's schema may not say, beside being structural (`structural.ts`), in the API server's
 * words. The document's types have been checked.
 */
export function schemaErrors(path: string, schema: JsonObject): readonly FieldError[] {
  const errors: FieldError[] = [];
  check(schema, path, { noDefaults: undefined, isMetadata: false, isRoot: true }, errors);
  return errors;
}

function check(schema: JsonValue | undefined, path: string, place: Place, errors: FieldError[]): void {
  if (!isObject(schema) || errors.length >= maximumErrors) return;
  const inner = { ...place, isRoot: false };
  errors.push(...keywordErrors(schema, path, place));
  if (schema.uniqueItems === true) {
    const detail = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic';
    errors.push(forbiddenField(`${path}.uniqueItems`, detail));
  }
  const additional = own(schema, 'additionalProperties') ?? undefined;
  const properties = objectOf(schema, 'properties');
  if (additional !== undefined && additional !== null) {
    if (Object.keys(properties).length > 0 && additional !== true) {
      const detail = 'additionalProperties and properties are mutual exclusive';
      errors.push(forbiddenField(`${path}.additionalProperties`, detail));
    }
    const reason = 'inside additionalProperties applying to object metadata';
    const below = place.isMetadata ? { ...inner, noDefaults: reason } : inner;
    check(additional, `${path}.additionalProperties`, below, errors);
  }
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  for (const [name, one] of Object.entries(properties)) {
    const isMetadata = (place.isRoot || isEmbedded) && metaFields.includes(name);
    const below = {
      ...inner,
      isMetadata: place.isMetadata || isMetadata,
      ...(isMetadata && place.isRoot && { noDefaults: `in top-level ${name}` }),
    };
    check(one, `${path}.properties[${name}]`, below, errors);
  }
  check(own(schema, 'not'), `${path}.not`, inner, errors);
  for (const list of ['allOf', 'oneOf', 'anyOf']) {
    for (const [index, one] of listOf(schema, list).entries())
      check(one, `${path}.${list}[${index}]`, inner, errors);
  }
  check(own(schema, 'items'), `${path}.items`, inner, errors);
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    const detail = 'must be true or undefined';
    errors.push(invalidValue(`${path}.x-kubernetes-preserve-unknown-fields`, false, detail));
  }
  errors.push(...topologyErrors(schema, path), ...keyErrors(schema, path), ...ruleErrors(schema, path));
}

function isPresent(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === '') return false;
  return !isObject(value) || Object.keys(value).length > 0;
}

function keywordErrors(schema: JsonObject, path: string, place: Place): readonly FieldError[] {
  const errors: FieldError[] = [];
  const type = textOf(schema, 'type');
  if (type !== '' && !types.includes(type)) errors.push(notSupported(`${path}.type`, type, types));
  if (place.noDefaults !== undefined && (own(schema, 'default') ?? null) !== null) {
    errors.push(forbiddenField(`${path}.default`, `must not be set ${place.noDefaults}`));
  }
  for (const keyword of unsupported) {
    if (isPresent(own(schema, keyword))) {
      errors.push(forbiddenField(`${path}.${keyword}`, `${keyword} is not supported`));
    }
  }
  if (type === 'null') {
    const detail = 'type cannot be set to null, use nullable as an alternative';
    errors.push(forbiddenField(`${path}.type`, detail));
  }
  if (listOf(schema, 'items').length > 0) {
    errors.push(forbiddenField(`${path}.items`, 'items must be a schema object and not an array'));
  }
  if (place.isMetadata && schema['x-kubernetes-embedded-resource'] === true) {
    const detail = 'must not be used inside of resource meta';
    errors.push(forbiddenField(`${path}.x-kubernetes-embedded-resource`, detail));
  }
  return errors;
}

function needsType(schema: JsonObject, path: string, wanted: string, keyword: string): readonly FieldError[] {
  const type = textOf(schema, 'type');
  if (type === wanted) return [];
  const detail = `must be ${wanted} if ${keyword} is specified`;
  return [type === '' ? required(`${path}.type`, detail) : invalidValue(`${path}.type`, type, detail)];
}

/** `x-kubernetes-map-type` and `x-kubernetes-list-type`. */
function topologyErrors(schema: JsonObject, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const mapType = own(schema, 'x-kubernetes-map-type') ?? undefined;
  const listType = own(schema, 'x-kubernetes-list-type') ?? undefined;
  if (mapType !== undefined) {
    errors.push(...needsType(schema, path, 'object', 'x-kubernetes-map-type'));
    if (mapType !== 'atomic' && mapType !== 'granular') {
      errors.push(notSupported(`${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']));
    }
  }
  if (listType === undefined) return errors;
  const ofType = needsType(schema, path, 'array', 'x-kubernetes-list-type');
  errors.push(...ofType);
  const items = own(schema, 'items');
  if (ofType.length === 0 && listType === 'set' && isObject(items)) {
    const detail = 'must be atomic as item of a list with x-kubernetes-list-type=set';
    const itemList = own(items, 'x-kubernetes-list-type') ?? undefined;
    const itemMap = own(items, 'x-kubernetes-map-type') ?? undefined;
    if (items.type === 'array' && itemList !== undefined && itemList !== 'atomic') {
      errors.push(invalidValue(`${path}.items.x-kubernetes-list-type`, itemList, detail));
    } else if (items.type === 'object' && itemMap !== 'atomic') {
      // Upstream shows the list type here, which is nothing.
      errors.push(invalidValue(`${path}.items.x-kubernetes-map-type`, itemList, detail));
    }
  }
  if (!['atomic', 'set', 'map'].includes(printed(listType))) {
    errors.push(notSupported(`${path}.x-kubernetes-list-type`, listType, ['atomic', 'set', 'map']));
  }
  return errors;
}

/** Keys of lists whose elements have names. */
function keyErrors(schema: JsonObject, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const listType = own(schema, 'x-kubernetes-list-type') ?? undefined;
  const keys = textsOf(schema, 'x-kubernetes-list-map-keys');
  const keysPath = `${path}.x-kubernetes-list-map-keys`;
  const given = own(schema, 'items') ?? undefined;
  const items = isObject(given) ? given : undefined;
  if (keys.length > maximumMapKeys) return [tooMany(keysPath, keys.length, maximumMapKeys)];
  if (keys.length > 0 && listType !== 'map') {
    const detail = 'must be map if x-kubernetes-list-map-keys is non-empty';
    const at = `${path}.x-kubernetes-list-type`;
    errors.push(listType === undefined ? required(at, detail) : invalidValue(at, listType, detail));
  }
  if (listType === 'map') {
    if (keys.length === 0)
      errors.push(required(keysPath, 'must not be empty if x-kubernetes-list-type is map'));
    if (given === undefined) {
      errors.push(required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map'));
    }
    if (items !== undefined && items.type !== 'object') {
      const detail = "must be object if parent array's x-kubernetes-list-type is map";
      errors.push(invalidValue(`${path}.items.type`, textOf(items, 'type'), detail));
    }
    if (items?.type === 'object') {
      const properties = objectOf(items, 'properties');
      for (const [index, key] of keys.entries()) {
        const property = own(properties, key);
        if (property === undefined) {
          errors.push(invalidValue(keysPath, keys, 'entries must all be names of item properties'));
        } else if (isObject(property) && (property.type === 'array' || property.type === 'object')) {
          const detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
          errors.push(invalidValue(`${path}.items.properties[${key}].type`, 'object', detail));
        }
        if (keys.indexOf(key) < index)
          errors.push(invalidValue(keysPath, keys, 'must not contain duplicate entries'));
      }
    }
  }
  if (items === undefined || (listType !== 'set' && listType !== 'map')) return errors;
  if (items.nullable === true) {
    const detail = `cannot be nullable when x-kubernetes-list-type is ${listType}`;
    errors.push(forbiddenField(`${path}.items.nullable`, detail));
  }
  const requiredNames = textsOf(items, 'required');
  for (const key of listType === 'map' ? keys : []) {
    const property = own(objectOf(items, 'properties'), key);
    if (!isObject(property)) continue;
    const at = `${path}.items.properties[${key}]`;
    if (!requiredNames.includes(key) && (own(property, 'default') ?? null) === null) {
      const detail =
        'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property';
      errors.push(required(`${at}.default`, detail));
    }
    if (property.nullable === true) {
      const detail = 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable';
      errors.push(forbiddenField(`${at}.nullable`, detail));
    }
  }
  return errors;
}

/** The form of CEL rules; what they say is not understood here. */
function ruleErrors(schema: JsonObject, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, rule] of listOf(schema, 'x-kubernetes-validations').entries()) {
    if (!isObject(rule)) continue;
    const at = `${path}.x-kubernetes-validations[${index}]`;
    const [text, message] = [textOf(rule, 'rule').trim(), textOf(rule, 'message')];
    if (text === '') errors.push(required(`${at}.rule`, 'rule is not specified'));
    else if (message !== '' && message.trim() === '') {
      errors.push(invalidValue(`${at}.message`, message, 'must be non-empty if specified'));
    } else if (/[\r\n]/.test(message.trim())) {
      errors.push(invalidValue(`${at}.message`, message, 'must not contain line breaks'));
    } else if (/[\r\n]/.test(text) && message.trim() === '') {
      errors.push(required(`${at}.message`, 'message must be specified if rule contains line breaks'));
    }
  }
  return errors;
}
