import { type JsonValue, sameJson } from '../json.ts';
import { type FieldNode, type FieldSet, leafNode, noFields } from './fieldset.ts';
import { impliedValue, type Part, partsOf, type Shape } from './shape.ts';

/** What a write did to an object, as paths. */
export interface FieldChanges {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

type Kind = keyof FieldChanges;
type Found = Partial<Record<Kind, FieldNode>>;

/** Compares two objects of one shape. `{}` is the object before it was created. */
export function compareFields(shape: Shape, before: JsonValue, after: JsonValue): FieldChanges {
  const { added, modified, removed } = compareValues(shape, before, after);
  return {
    added: added?.children ?? noFields,
    modified: modified?.children ?? noFields,
    removed: removed?.children ?? noFields,
  };
}

/** Every path of a value that stands alone, its containers among them. */
function whole(shape: Shape, value: JsonValue): FieldNode {
  const parts = partsOf(shape, value);
  if (parts === undefined || parts.length === 0) return leafNode;
  const children = new Map<string, FieldNode>();
  for (const part of parts) {
    // Two elements of one name are one thing: nobody owns a part of either.
    children.set(part.element, children.has(part.element) ? leafNode : whole(part.shape, part.value));
  }
  return { member: true, children };
}

function compareValues(shape: Shape, before: JsonValue, after: JsonValue): Found {
  // Most of an object stays as it is, and to see that is far cheaper than to take it apart.
  if (sameJson(before, after)) return {};
  const old = partsOf(shape, before);
  const next = partsOf(shape, after);
  if (old === undefined || next === undefined || old.length + next.length === 0) {
    return { modified: leafNode };
  }
  const collect = new Collector();
  const oldParts = byElement(old);
  const nextParts = byElement(next);
  for (const [element, parts] of nextParts) {
    comparePart(collect, element, oldParts.get(element), parts);
  }
  for (const [element, parts] of oldParts) {
    if (!nextParts.has(element)) comparePart(collect, element, parts, undefined);
  }
  return collect.found();
}

function byElement(parts: readonly Part[]): ReadonlyMap<string, readonly [Part, ...Part[]]> {
  const result = new Map<string, [Part, ...Part[]]>();
  for (const part of parts) {
    const known = result.get(part.element);
    if (known === undefined) result.set(part.element, [part]);
    else known.push(part);
  }
  return result;
}

function comparePart(
  collect: Collector,
  element: string,
  before: readonly [Part, ...Part[]] | undefined,
  after: readonly [Part, ...Part[]] | undefined,
): void {
  if ((before?.length ?? 0) > 1 || (after?.length ?? 0) > 1) {
    const values = (parts: readonly Part[] | undefined) => (parts ?? []).map(({ value }) => value);
    if (sameJson(values(before), values(after))) return;
    const kind = before === undefined ? 'added' : after === undefined ? 'removed' : 'modified';
    collect.add(kind, element, leafNode);
    return;
  }
  const old = before?.[0];
  const next = after?.[0];
  if (old !== undefined && next !== undefined) {
    collect.addAll(element, compareValues(next.shape, old.value, next.value));
  } else if (next !== undefined) {
    if (next.isImplied) collect.addAll(element, compareValues(next.shape, impliedValue, next.value));
    else collect.add('added', element, whole(next.shape, next.value));
  } else if (old !== undefined) {
    if (old.isImplied) collect.addAll(element, compareValues(old.shape, old.value, impliedValue));
    else collect.add('removed', element, whole(old.shape, old.value));
  }
}

class Collector {
  readonly #children: Partial<Record<Kind, Map<string, FieldNode>>> = {};

  add(kind: Kind, element: string, node: FieldNode): void {
    this.#children[kind] ??= new Map();
    this.#children[kind].set(element, node);
  }

  addAll(element: string, found: Found): void {
    if (found.added !== undefined) this.add('added', element, found.added);
    if (found.modified !== undefined) this.add('modified', element, found.modified);
    if (found.removed !== undefined) this.add('removed', element, found.removed);
  }

  found(): Found {
    const node = (kind: Kind): Found => {
      const children = this.#children[kind];
      return children === undefined ? {} : { [kind]: { member: false, children } };
    };
    return { ...node('added'), ...node('modified'), ...node('removed') };
  }
}
