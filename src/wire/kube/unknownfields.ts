import { base64Fault } from './base64.ts';
import { isObject, type JsonObject, type JsonValue, put } from './json.ts';
import { isScalar, isStringList, type Message, type MessageField, messageNamed } from './messages.ts';

/** What the type data says against an object. Paths look like `spec.containers[0].foo`. */
export interface ObjectFindings {
  /** Paths our types do not have: an error under fieldValidation=Strict, a warning under Warn (D2.7). */
  readonly unknownFields: readonly string[];
  /** Values of the wrong JSON type: always a 400, whatever fieldValidation says. */
  readonly wrongTypes: readonly string[];
  /** What is said of the first value that should be base64 and is not: always a 400, too. */
  readonly illegalBase64: string | undefined;
}

const maxFindings = 100;
/** A key can be as long as a body; what is said about it cannot. */
const maxPathLength = 1_000;

function shortened(path: string): string {
  return path.length > maxPathLength ? `${path.slice(0, maxPathLength)}...` : path;
}

const emptyFindings: ObjectFindings = { unknownFields: [], wrongTypes: [], illegalBase64: undefined };

/** JSON types of the messages whose JSON is not an object. */
const specialTypes: Readonly<Record<string, readonly string[]>> = {
  'meta.v1.Time': ['string'],
  'meta.v1.MicroTime': ['string'],
  'meta.v1.Duration': ['string'],
  'resource.Quantity': ['string', 'number'],
  'resource.QuantityValue': ['string', 'number'],
  'intstr.IntOrString': ['string', 'number'],
  'runtime.RawExtension': ['object'],
  'meta.v1.FieldsV1': ['object'],
  'apiextensions.v1.JSON': ['object', 'array', 'string', 'number', 'boolean'],
};

const schema = 'apiextensions.v1.JSONSchemaProps';

/** What may stand in the place of a JSON schema, by its JSON type, and the type of its elements. */
const alternatives: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'apiextensions.v1.JSONSchemaPropsOrArray': { array: schema },
  'apiextensions.v1.JSONSchemaPropsOrBool': { boolean: 'bool' },
  'apiextensions.v1.JSONSchemaPropsOrStringArray': { array: 'string' },
};

const scalarTypes: Readonly<Record<string, string>> = {
  string: 'string',
  bytes: 'string',
  bool: 'boolean',
  int32: 'number',
  int64: 'number',
  double: 'number',
};

function jsonType(value: JsonValue): string {
  return Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
}

class Checker {
  readonly unknownFields: string[] = [];
  readonly wrongTypes: string[] = [];
  illegalBase64: string | undefined;

  #wrong(path: string, expected: string, value: JsonValue): void {
    if (this.wrongTypes.length < maxFindings)
      this.wrongTypes.push(`${shortened(path)}: expected ${expected}, got ${jsonType(value)}`);
  }

  message(message: Message, value: JsonValue, path: string, ignored: ReadonlySet<string>): void {
    if (!isObject(value)) {
      this.#wrong(path, 'object', value);
      return;
    }
    for (const [key, item] of Object.entries(value)) {
      if (ignored.has(key)) continue;
      const field = message.byJsonName.get(key);
      const at = path === '' ? key : `${path}.${key}`;
      if (field === undefined) {
        if (this.unknownFields.length < maxFindings) this.unknownFields.push(shortened(at));
      } else if (item !== null) this.#field(field, item, at);
    }
  }

  #field(field: MessageField, value: JsonValue, path: string): void {
    if (field.shape === 'list') {
      if (!Array.isArray(value)) this.#wrong(path, 'array', value);
      else for (const [index, item] of value.entries()) this.#value(field.type, item, `${path}[${index}]`);
    } else if (field.shape === 'map') {
      if (!isObject(value)) this.#wrong(path, 'object', value);
      else for (const [key, item] of Object.entries(value)) this.#value(field.type, item, `${path}.${key}`);
    } else this.#value(field.type, value, path);
  }

  #bytes(text: string): void {
    const fault = this.illegalBase64 === undefined ? base64Fault(text) : undefined;
    if (fault !== undefined) this.illegalBase64 = `illegal base64 data at input byte ${fault}`;
  }

  #value(type: string, value: JsonValue, path: string): void {
    if (isScalar(type)) {
      const expected = scalarTypes[type] ?? 'string';
      // Go reads null as the zero value, in lists and maps too.
      if (value !== null && typeof value !== expected) this.#wrong(path, expected, value);
      else if (type.startsWith('int') && value !== null && !Number.isSafeInteger(value))
        this.#wrong(path, 'integer', value);
      else if (type === 'bytes' && typeof value === 'string') this.#bytes(value);
      return;
    }
    const special = Object.hasOwn(specialTypes, type) ? specialTypes[type] : undefined;
    if (special !== undefined) {
      if (value !== null && !special.includes(jsonType(value)))
        this.#wrong(path, special.join(' or '), value);
      return;
    }
    const other = Object.hasOwn(alternatives, type) ? alternatives[type]?.[jsonType(value)] : undefined;
    if (other !== undefined) {
      for (const [index, item] of (Array.isArray(value) ? value : []).entries())
        this.#value(other, item, `${path}[${index}]`);
      return;
    }
    const message = messageNamed(Object.hasOwn(alternatives, type) ? schema : type);
    if (message === undefined) return;
    const [only] = message.fields;
    if (only !== undefined && isStringList(message)) {
      if (value !== null) this.#field(only, value, path);
    } else if (value !== null) this.message(message, value, path, none);
  }
}

const typeMeta: ReadonlySet<string> = new Set(['apiVersion', 'kind']);

/**
 * Compares an object with the type data of its kind. `messageType` is the kind's message (`rbac.v1.Role`); without one
 * nothing is known and nothing is found. At most 100 findings of each sort.
 */
export function checkObject(messageType: string | undefined, object: JsonValue): ObjectFindings {
  const message = messageType === undefined ? undefined : messageNamed(messageType);
  if (message === undefined) return emptyFindings;
  const checker = new Checker();
  checker.message(message, object, '', typeMeta);
  const { unknownFields, wrongTypes, illegalBase64 } = checker;
  return { unknownFields, wrongTypes, illegalBase64 };
}

/**
 * The object without what its kind does not have, which is all that reading it into the kind's type would leave; the same
 * object where nothing is known of the kind. `object` has passed `checkObject` without wrong types.
 */
export function withoutUnknownFields(messageType: string | undefined, object: JsonObject): JsonObject {
  const message = messageType === undefined ? undefined : messageNamed(messageType);
  return message === undefined ? object : knownMembers(message, object, typeMeta);
}

/**
 * The object as reading it into its kind's type leaves it where it says null: a member without a value is not there, an
 * element without one is empty. Values whose type is not ours to know stay as they are.
 */
export function withoutNulls<T extends JsonObject>(messageType: string | undefined, object: T): T {
  return hasNull(object) ? (withoutUnknownFields(messageType, object) as T) : object;
}

function hasNull(value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null) return value === null;
  return Array.isArray(value) ? value.some(hasNull) : Object.values(value).some(hasNull);
}

function knownMembers(message: Message, object: JsonObject, ignored: ReadonlySet<string>): JsonObject {
  const known: Record<string, JsonValue> = {};
  for (const [key, item] of Object.entries(object)) {
    const field = message.byJsonName.get(key);
    if (ignored.has(key)) put(known, key, item);
    else if (field !== undefined && item !== null) put(known, key, knownField(field, item));
  }
  return known;
}

function knownField({ shape, type }: MessageField, value: JsonValue): JsonValue {
  if (shape === 'one') return knownValue(type, value);
  if (Array.isArray(value)) return value.map((item: JsonValue) => knownValue(type, item));
  if (!isObject(value)) return value;
  const known: Record<string, JsonValue> = {};
  for (const [key, item] of Object.entries(value)) put(known, key, knownValue(type, item));
  return known;
}

const zeros: Readonly<Record<string, JsonValue>> = { string: '', boolean: false, number: 0 };

function knownValue(type: string, value: JsonValue): JsonValue {
  if (isScalar(type)) return value ?? zeros[scalarTypes[type] ?? 'string'] ?? '';
  if (Object.hasOwn(specialTypes, type)) return value;
  const isAlternative = Object.hasOwn(alternatives, type);
  if (isAlternative && Array.isArray(value)) return value.map((item: JsonValue) => knownValue(schema, item));
  const message = messageNamed(isAlternative ? schema : type);
  if (message === undefined) return value;
  if (value === null) return isAlternative || isStringList(message) ? value : {};
  return isObject(value) ? knownMembers(message, value, none) : value;
}

const none: ReadonlySet<string> = new Set();

/** Paths of `object` that the kind does not have (D2.7). */
export function unknownFields(messageType: string | undefined, object: JsonValue): readonly string[] {
  return checkObject(messageType, object).unknownFields;
}

/** What is said of fields the kind does not have, by their paths. */
export function unknownFieldTexts(paths: readonly string[]): readonly string[] {
  return paths.map((path) => `unknown field "${path}"`);
}

/** What fieldValidation=Strict says: each text is what fieldValidation=Warn would warn of. At least one. */
export function strictDecodingError(texts: readonly string[]): string {
  return `strict decoding error: ${texts.join(', ')}`;
}

/** What is said about values of the wrong type. */
export function wrongTypeError(findings: readonly string[]): string {
  return `json: cannot decode ${findings.join(', ')}`;
}

/** The 400 message for an object that does not decode (D2.7). */
export function decodingMessage(kind: string, version: string, error: string): string {
  return `${kind} in version "${version}" cannot be handled as a ${kind}: ${error}`;
}
