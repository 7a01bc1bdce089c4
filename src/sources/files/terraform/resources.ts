import { asObject, asText, type JsonObject } from '../../../access/json.ts';

/** One instance of a resource or data source, as a state or a plan tells it. */
export interface TerraformResource {
  /** Absolute: `module.eks["a"].aws_eks_access_entry.this["ops"]`. */
  readonly address: string;
  /** Of the module it is in; '' for the root. */
  readonly module: string;
  readonly type: string;
  readonly name: string;
  readonly index: string | number | undefined;
  readonly values: JsonObject;
  /** What is known only after apply: of a member `true`, or an object or list with such members. */
  readonly unknown: JsonObject;
  /** The object in the file. */
  readonly part: JsonObject;
}

/** Modules nest as deep as somebody writes them; beyond this nobody does. */
const deepest = 50;

/** All resources of a values representation, modules walked. */
export function* resourcesOf(
  values: unknown,
  unknownOf: (address: string) => JsonObject = () => ({}),
): Generator<TerraformResource> {
  const root = asObject(asObject(values)?.root_module);
  if (root !== undefined) yield* resourcesIn(root, '', unknownOf, 0);
}

function* resourcesIn(
  module: JsonObject,
  path: string,
  unknownOf: (address: string) => JsonObject,
  depth: number,
): Generator<TerraformResource> {
  for (const element of listOf(module.resources)) {
    const part = asObject(element);
    const [address, type, name] = [asText(part?.address), asText(part?.type), asText(part?.name)];
    if (part === undefined || address === undefined || type === undefined || name === undefined) continue;
    const index = typeof part.index === 'string' || typeof part.index === 'number' ? part.index : undefined;
    const values = asObject(part.values) ?? {};
    yield { address, module: path, type, name, index, values, unknown: unknownOf(address), part };
  }
  if (depth >= deepest) return;
  for (const element of listOf(module.child_modules)) {
    const child = asObject(element);
    if (child !== undefined) yield* resourcesIn(child, asText(child.address) ?? '', unknownOf, depth + 1);
  }
}

/** By address, what `resource_changes` says is known only after apply. */
export function unknownsOf(plan: JsonObject): (address: string) => JsonObject {
  const unknowns = new Map<string, JsonObject>();
  for (const element of listOf(plan.resource_changes)) {
    const change = asObject(element);
    const address = asText(change?.address);
    const unknown = asObject(asObject(change?.change)?.after_unknown);
    if (address !== undefined && unknown !== undefined) unknowns.set(address, unknown);
  }
  return (address) => unknowns.get(address) ?? {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
