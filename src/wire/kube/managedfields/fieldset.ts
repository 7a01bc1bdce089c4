/**
 * A set of field paths as a tree. Keys are path elements in the words of fieldsV1: `f:<field>`, `k:<json object>`,
 * `v:<json>`, `i:<index>`; each is written in one way only, so that equal elements are equal strings.
 *
 * INVARIANT: a node is a member or has children; there are no empty branches.
 */
export type FieldSet = ReadonlyMap<string, FieldNode>;

export interface FieldNode {
  /** Whether the path that ends here is in the set. */
  readonly member: boolean;
  readonly children: FieldSet;
}

export const noFields: FieldSet = new Map();
/** A path that ends here and goes no deeper. */
export const leafNode: FieldNode = { member: true, children: noFields };

export function isMember(set: FieldSet, path: readonly string[]): boolean {
  let here: FieldSet = set;
  let node: FieldNode | undefined;
  for (const element of path) {
    node = here.get(element);
    if (node === undefined) return false;
    here = node.children;
  }
  return node?.member === true;
}

export function fieldSetOfPaths(paths: Iterable<readonly string[]>): FieldSet {
  let set = noFields;
  for (const path of paths) {
    const one = path.reduceRight<FieldSet>(
      (children, element, index) => new Map([[element, { member: index === path.length - 1, children }]]),
      noFields,
    );
    set = union(set, one);
  }
  return set;
}

/** Every path of the set; the members of one level come before what lies deeper, each in the order of `compareElements`. */
export function* pathsOf(set: FieldSet, prefix: readonly string[] = []): Generator<readonly string[]> {
  const sorted = [...set].sort(([left], [right]) => compareElements(left, right));
  for (const [element, node] of sorted) if (node.member) yield [...prefix, element];
  for (const [element, node] of sorted) yield* pathsOf(node.children, [...prefix, element]);
}

const kinds = 'fkvi';

/** Fields, then keyed elements, then values, then indexes; each by its text. */
export function compareElements(left: string, right: string): number {
  if (left[0] !== right[0]) return kinds.indexOf(left.charAt(0)) - kinds.indexOf(right.charAt(0));
  return left < right ? -1 : left > right ? 1 : 0;
}

export function union(left: FieldSet, right: FieldSet): FieldSet {
  if (left.size === 0 || left === right) return right;
  if (right.size === 0) return left;
  const result = new Map(left);
  for (const [element, node] of right) {
    const other = result.get(element);
    result.set(
      element,
      other === undefined
        ? node
        : { member: other.member || node.member, children: union(other.children, node.children) },
    );
  }
  return result;
}

/** The union of many sets, in time linear in all of them: `union` one by one would copy the largest again and again. */
export function unionOf(sets: readonly FieldSet[]): FieldSet {
  const [first, ...others] = sets.filter((set) => set.size > 0);
  if (first === undefined) return noFields;
  if (others.length === 0) return first;
  const nodes = new Map<string, FieldNode[]>();
  for (const set of [first, ...others]) {
    for (const [element, node] of set) {
      const known = nodes.get(element);
      if (known === undefined) nodes.set(element, [node]);
      else known.push(node);
    }
  }
  const result = new Map<string, FieldNode>();
  for (const [element, list] of nodes) {
    result.set(element, {
      member: list.some(({ member }) => member),
      children: unionOf(list.map(({ children }) => children)),
    });
  }
  return result;
}

/** The paths of `left` that are not in `right`; a path does not stand for what lies below it. */
export function difference(left: FieldSet, right: FieldSet): FieldSet {
  if (right.size === 0) return left;
  const result = new Map<string, FieldNode>();
  for (const [element, node] of left) {
    const other = right.get(element);
    if (other === undefined) result.set(element, node);
    else add(result, element, node.member && !other.member, difference(node.children, other.children));
  }
  return result;
}

export function intersection(left: FieldSet, right: FieldSet): FieldSet {
  const result = new Map<string, FieldNode>();
  for (const [element, node] of left) {
    const other = right.get(element);
    if (other === undefined) continue;
    add(result, element, node.member && other.member, intersection(node.children, other.children));
  }
  return result;
}

function add(target: Map<string, FieldNode>, element: string, member: boolean, children: FieldSet): void {
  if (member || children.size > 0) target.set(element, { member, children });
}

export function sameFields(left: FieldSet, right: FieldSet): boolean {
  if (left === right) return true;
  if (left.size !== right.size) return false;
  for (const [element, node] of left) {
    const other = right.get(element);
    if (other === undefined || other.member !== node.member) return false;
    if (!sameFields(node.children, other.children)) return false;
  }
  return true;
}
