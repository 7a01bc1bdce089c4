import { isObject, type JsonObject, type JsonValue } from '../json.ts';
import { type FieldNode, type FieldSet, noFields, union } from './fieldset.ts';
import { fieldElement, pathText } from './fieldsv1.ts';
import { itemElement, partsOf, type Shape, type Struct, shapeBelow } from './shape.ts';

/**
 * The fields a configuration sets: what its applier owns. Fields of structs count through what is in them; keys of maps,
 * elements of lists, scalars, atomic values, nulls and empty structs or maps count themselves.
 */
export function fieldSetOf(shape: Shape, value: JsonValue): FieldSet {
  return fieldsOfContainer(shape, value) ?? noFields;
}

/** Undefined when the value is one piece. */
function fieldsOfContainer(shape: Shape, value: JsonValue): FieldSet | undefined {
  const parts = partsOf(shape, value);
  if (parts === undefined) return undefined;
  const set = new Map<string, FieldNode>();
  for (const part of parts) {
    const inner = fieldsOfContainer(part.shape, part.value);
    const children = inner ?? noFields;
    const isPiece = inner === undefined;
    const isEmpty = part.value === null || (isObject(part.value) && Object.keys(part.value).length === 0);
    const member = !part.isDeclared || isPiece || isEmpty;
    if (!member && children.size === 0) continue;
    const other = set.get(part.element);
    set.set(part.element, {
      member: member || other?.member === true,
      children: other === undefined ? children : union(other.children, children),
    });
  }
  return set;
}

/** The set in which a declared field is a member when anything below it is. */
export function withNamedFields(shape: Shape, set: FieldSet): FieldSet {
  if (set.size === 0) return set;
  const result = new Map<string, FieldNode>();
  for (const [element, node] of set) {
    const below = shapeBelow(shape, element);
    result.set(element, {
      member: node.member || below.isDeclared,
      children: withNamedFields(below.shape, node.children),
    });
  }
  return result;
}

const maximumFindings = 20;

/**
 * What an applied configuration must not hold, in upstream's words: fields the kind does not have, and list elements
 * that cannot be told apart. Types of values are checked elsewhere.
 */
export function configurationErrors(shape: Shape, value: JsonValue): readonly string[] {
  const errors: string[] = [];
  collectErrors(shape, value, [], errors);
  return errors;
}

function collectErrors(shape: Shape, value: JsonValue, path: readonly string[], errors: string[]): void {
  if (errors.length >= maximumFindings) return;
  if (shape.kind === 'struct' && !shape.isOpen && isObject(value))
    undeclaredFields(shape, value, path, errors);
  if ((shape.kind === 'keyed' || shape.kind === 'set') && Array.isArray(value)) {
    elementErrors(shape, value, path, errors);
  }
  for (const part of partsOf(shape, value) ?? []) {
    collectErrors(part.shape, part.value, [...path, part.element], errors);
  }
}

function undeclaredFields(shape: Struct, value: JsonObject, path: readonly string[], errors: string[]): void {
  for (const name of Object.keys(value)) {
    if (shape.field(name) !== undefined || (path.length === 0 && (name === 'apiVersion' || name === 'kind')))
      continue;
    if (errors.length >= maximumFindings) return;
    errors.push(`${pathText([...path, fieldElement(name)])}: field not declared in schema`);
  }
}

function elementErrors(
  shape: Extract<Shape, { kind: 'keyed' | 'set' }>,
  items: readonly JsonValue[],
  path: readonly string[],
  errors: string[],
): void {
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    if (errors.length >= maximumFindings) return;
    const element = itemElement(shape, item);
    if (element === undefined) {
      errors.push(
        `${pathText(path)}: element ${index}: ${
          shape.kind === 'set'
            ? 'a set may hold scalars only'
            : `associative list with keys has an element that omits key field ${shape.keys
                .map((key) => JSON.stringify(key))
                .join(' or ')} (and doesn't have default value)`
        }`,
      );
    } else if (seen.has(element)) {
      errors.push(`${pathText(path)}: duplicate entries for key ${pathText([element])}`);
    } else seen.add(element);
  }
}
