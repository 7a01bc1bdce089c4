import { isObject, type JsonObject, type JsonValue, own } from '../json.ts';
import { checkObject, type ObjectFindings } from '../unknownfields.ts';

/** The JSON type of one member of a CustomResourceDefinition. */
type Type =
  | 'string'
  | 'boolean'
  | 'integer'
  | 'number'
  | 'any'
  | { readonly list: Type }
  | { readonly map: Type }
  | { readonly either: readonly [Type, Type] }
  /** By name, so that a schema can hold schemas. */
  | { readonly struct: string };

const texts: Type = { list: 'string' };
const schema: Type = { struct: 'schema' };
const schemas: Type = { list: schema };
const named: Type = { map: schema };
const names: Type = { struct: 'names' };

const structs: Readonly<Record<string, Readonly<Record<string, Type>>>> = {
  definition: {
    apiVersion: 'string',
    kind: 'string',
    metadata: 'any',
    spec: { struct: 'spec' },
    status: { struct: 'status' },
  },
  spec: {
    group: 'string',
    names,
    scope: 'string',
    versions: { list: { struct: 'version' } },
    conversion: { struct: 'conversion' },
    preserveUnknownFields: 'boolean',
  },
  names: {
    plural: 'string',
    singular: 'string',
    shortNames: texts,
    kind: 'string',
    listKind: 'string',
    categories: texts,
  },
  version: {
    name: 'string',
    served: 'boolean',
    storage: 'boolean',
    deprecated: 'boolean',
    deprecationWarning: 'string',
    schema: { struct: 'validation' },
    subresources: { struct: 'subresources' },
    additionalPrinterColumns: { list: { struct: 'column' } },
    selectableFields: { list: { struct: 'selectable' } },
  },
  validation: { openAPIV3Schema: schema },
  subresources: { status: { map: 'any' }, scale: { struct: 'scale' } },
  scale: { specReplicasPath: 'string', statusReplicasPath: 'string', labelSelectorPath: 'string' },
  column: {
    name: 'string',
    type: 'string',
    format: 'string',
    description: 'string',
    priority: 'integer',
    jsonPath: 'string',
  },
  selectable: { jsonPath: 'string' },
  conversion: { strategy: 'string', webhook: { struct: 'webhook' } },
  webhook: { clientConfig: { struct: 'client' }, conversionReviewVersions: texts },
  client: { url: 'string', service: { struct: 'service' }, caBundle: 'string' },
  service: { namespace: 'string', name: 'string', path: 'string', port: 'integer' },
  status: {
    conditions: { list: { struct: 'condition' } },
    acceptedNames: names,
    storedVersions: texts,
    observedGeneration: 'integer',
  },
  condition: {
    type: 'string',
    status: 'string',
    lastTransitionTime: 'string',
    reason: 'string',
    message: 'string',
    observedGeneration: 'integer',
  },
  schema: {
    id: 'string',
    $schema: 'string',
    $ref: 'string',
    description: 'string',
    type: 'string',
    format: 'string',
    title: 'string',
    default: 'any',
    maximum: 'number',
    exclusiveMaximum: 'boolean',
    minimum: 'number',
    exclusiveMinimum: 'boolean',
    maxLength: 'integer',
    minLength: 'integer',
    pattern: 'string',
    maxItems: 'integer',
    minItems: 'integer',
    uniqueItems: 'boolean',
    multipleOf: 'number',
    enum: { list: 'any' },
    maxProperties: 'integer',
    minProperties: 'integer',
    required: texts,
    items: { either: [schema, schemas] },
    allOf: schemas,
    oneOf: schemas,
    anyOf: schemas,
    not: schema,
    properties: named,
    additionalProperties: { either: ['boolean', schema] },
    patternProperties: named,
    dependencies: { map: { either: [schema, texts] } },
    additionalItems: { either: ['boolean', schema] },
    definitions: named,
    externalDocs: { struct: 'documentation' },
    example: 'any',
    nullable: 'boolean',
    'x-kubernetes-preserve-unknown-fields': 'boolean',
    'x-kubernetes-embedded-resource': 'boolean',
    'x-kubernetes-int-or-string': 'boolean',
    'x-kubernetes-list-map-keys': texts,
    'x-kubernetes-list-type': 'string',
    'x-kubernetes-map-type': 'string',
    'x-kubernetes-validations': { list: { struct: 'rule' } },
  },
  documentation: { description: 'string', url: 'string' },
  rule: {
    rule: 'string',
    message: 'string',
    messageExpression: 'string',
    reason: 'string',
    fieldPath: 'string',
    optionalOldSelf: 'boolean',
  },
};

const maximumFindings = 100;

/** Compares a CustomResourceDefinition with its kind, as `checkObject` does for the kinds whose types we carry. */
export function checkDefinition(definition: JsonObject): ObjectFindings {
  const checker = new Checker();
  checker.check({ struct: 'definition' }, definition, '');
  const metadata = own(definition, 'metadata');
  const ofMetadata = checkObject('meta.v1.ObjectMeta', metadata ?? {});
  const below = (path: string): string => `metadata.${path}`;
  return {
    unknownFields: [...ofMetadata.unknownFields.map(below), ...checker.unknown],
    wrongTypes: [...ofMetadata.wrongTypes.map(below), ...checker.wrong],
  };
}

class Checker {
  readonly unknown: string[] = [];
  readonly wrong: string[] = [];

  check(type: Type, value: JsonValue, path: string): void {
    // Go reads null as the zero value.
    if (value === null || type === 'any') return;
    if (typeof type === 'string') {
      const fits =
        type === 'integer'
          ? Number.isSafeInteger(value)
          : typeof value === (type === 'number' ? 'number' : type);
      if (!fits) this.#refuse(path, type, value);
    } else if ('either' in type) {
      const [first, second] = type.either;
      this.check(fitsOutside(first, value) ? first : second, value, path);
    } else if ('list' in type) {
      if (!Array.isArray(value)) this.#refuse(path, 'array', value);
      else for (const [index, one] of value.entries()) this.check(type.list, one, `${path}[${index}]`);
    } else if (!isObject(value)) this.#refuse(path, 'object', value);
    else {
      const fields = 'struct' in type ? structs[type.struct] : undefined;
      for (const [name, member] of Object.entries(value)) {
        const at = path === '' ? name : `${path}.${name}`;
        if ('map' in type) this.check(type.map, member, at);
        else if (fields !== undefined && Object.hasOwn(fields, name))
          this.check(fields[name] ?? 'any', member, at);
        else if (this.unknown.length < maximumFindings) this.unknown.push(at);
      }
    }
  }

  #refuse(path: string, expected: string, value: JsonValue): void {
    if (this.wrong.length >= maximumFindings) return;
    const actual = Array.isArray(value) ? 'array' : typeof value;
    this.wrong.push(`${path}: expected ${expected}, got ${actual}`);
  }
}

/** Whether the outermost JSON type is the one a type asks for. */
function fitsOutside(type: Type, value: JsonValue): boolean {
  if (typeof type === 'string') return typeof value === type;
  return 'list' in type ? Array.isArray(value) : isObject(value);
}
