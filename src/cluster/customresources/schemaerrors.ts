import { type FieldError, forbiddenField, invalidValue } from '../../wire/kube/fielderror.ts';
import { isObject, type JsonObject, type JsonValue, own } from '../../wire/kube/json.ts';
import { compilePattern } from '../../wire/kube/schema/pattern.ts';
import { textOf } from '../../wire/kube/schema/schema.ts';
import { defaultErrors } from '../../wire/kube/schema/schemadefaults.ts';
import { schemaErrors } from '../../wire/kube/schema/schemarules.ts';
import { isEmptyValue, structuralErrors } from '../../wire/kube/schema/structural.ts';

/**
 * Parts of one schema. COMPAT: ours; the largest definitions people install have some 30,000.
 *
 * SECURITY: every part costs memory as long as the definition is there and time with every object.
 */
const maximumParts = 100_000;

/** Of all different patterns of a definition, compiled. COMPAT: ours; those people install have some hundreds. */
const maximumInstructions = 20_000;

const rootWithStatus = [
  'Description',
  'Type',
  'Format',
  'Title',
  'Maximum',
  'ExclusiveMaximum',
  'Minimum',
  'ExclusiveMinimum',
  'MaxLength',
  'MinLength',
  'Pattern',
  'MaxItems',
  'MinItems',
  'UniqueItems',
  'MultipleOf',
  'Required',
  'Items',
  'Properties',
  'ExternalDocs',
  'Example',
  'XPreserveUnknownFields',
  'XValidations',
];

const allowedAtRoot: ReadonlySet<string> = new Set([
  ...rootWithStatus
    .filter((name) => !name.startsWith('X'))
    .map((name) => name.charAt(0).toLowerCase() + name.slice(1)),
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-validations',
]);

/** What is wrong with `schema` of a version, at `path`; nothing where there is no document. */
export function schemaDocumentErrors(
  schema: JsonObject,
  path: string,
  hasStatus: boolean,
  patterns = new PatternCount(),
): readonly FieldError[] {
  const document = own(schema, 'openAPIV3Schema');
  if (!isObject(document)) return [];
  const at = `${path}.openAPIV3Schema`;
  if (countParts(document) > maximumParts) {
    return [forbiddenField(at, `a schema has at most ${maximumParts} parts`)];
  }
  if (!patterns.takes(document)) {
    const detail = `the patterns of a definition have at most ${maximumInstructions} instructions in all`;
    return [forbiddenField(at, detail)];
  }
  const errors: FieldError[] = [];
  if (hasStatus) errors.push(...statusRootErrors(document, at));
  if (document.nullable === true)
    errors.push(forbiddenField(`${at}.nullable`, 'nullable cannot be true at the root'));
  const structural = structuralErrors(at, document);
  errors.push(...(structural.length > 0 ? structural : defaultErrors(at, document)));
  return [...errors, ...schemaErrors(at, document)];
}

/** The status of a resource is validated by `properties.status` alone, so nothing else may speak of it. */
function statusRootErrors(document: JsonObject, path: string): readonly FieldError[] {
  const type = textOf(document, 'type');
  if (type !== '' && type !== 'object') {
    const detail =
      'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
    return [invalidValue(`${path}.type`, type, detail)];
  }
  const other = Object.keys(document).find(
    (name) => !allowedAtRoot.has(name) && !isEmptyValue(document[name]),
  );
  if (other === undefined) return [];
  const detail = `only [${rootWithStatus.join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`;
  return [invalidValue(path, { [other]: '…' }, detail)];
}

/** What the different patterns of several schemas come to. Those that do not compile count one. */
export class PatternCount {
  readonly #counted = new Set<string>();
  #sum = 0;

  /** Whether there is room for the patterns of one more; it stops compiling when there is none. */
  takes(document: JsonObject): boolean {
    const waiting: JsonValue[] = [document];
    for (
      let one = waiting.pop();
      one !== undefined && this.#sum <= maximumInstructions;
      one = waiting.pop()
    ) {
      if (typeof one !== 'object' || one === null) continue;
      for (const inner of Object.values(one)) waiting.push(inner);
      const pattern = own(one, 'pattern');
      if (typeof pattern !== 'string' || this.#counted.has(pattern)) continue;
      this.#counted.add(pattern);
      this.#sum += sizeOf(pattern);
    }
    return this.#sum <= maximumInstructions;
  }
}

function sizeOf(pattern: string): number {
  try {
    return compilePattern(pattern).size;
  } catch {
    return 1;
  }
}

function countParts(document: JsonObject): number {
  let count = 0;
  const waiting: JsonValue[] = [document];
  for (let one = waiting.pop(); one !== undefined && count <= maximumParts; one = waiting.pop()) {
    count += 1;
    if (typeof one !== 'object' || one === null) continue;
    for (const inner of Object.values(one)) waiting.push(inner);
  }
  return count;
}
