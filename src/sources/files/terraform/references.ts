import { asObject, asText, type JsonObject } from '../../../access/json.ts';
import { listOf, type TerraformResource } from './resources.ts';

/** A member of another resource that an expression names. */
export interface Reference {
  readonly resource: TerraformResource;
  readonly attribute: string;
}

export interface References {
  /** What the expression of a member refers to; undefined for whatever is no plain reference to one instance. */
  find(resource: TerraformResource, member: string): Reference | undefined;
  /** Whether the configuration gives the member: else the provider chooses it. True where the configuration is not known. */
  isWritten(resource: TerraformResource, member: string): boolean;
  /** The configuration of a provider that makes it, by its key; undefined where the configuration is not known. */
  providerOf(resource: TerraformResource): string | undefined;
}

/** References of references: beyond this they go in a circle. */
const longestChain = 20;

/**
 * References by the configuration that a plan carries: what is known only after apply may still be a resource of the same
 * plan.
 */
export function createReferences(
  configuration: unknown,
  resources: readonly TerraformResource[],
): References {
  const root = asObject(asObject(configuration)?.root_module) ?? {};
  const instances = Map.groupBy(resources, ({ module, type, name }) => `${module} ${type}.${name}`);

  const moduleAt = (path: readonly string[]): JsonObject | undefined => {
    let module: JsonObject | undefined = root;
    for (const name of path) {
      const calls: JsonObject | undefined = asObject(module?.module_calls);
      const call: JsonObject | undefined =
        calls && Object.hasOwn(calls, name) ? asObject(calls[name]) : undefined;
      module = asObject(call?.module);
    }
    return module;
  };

  const follow = (
    references: unknown,
    modulePath: string,
    { like, member }: { readonly like: TerraformResource; readonly member: string },
    left: number,
  ): Reference | undefined => {
    const [first] = listOf(references);
    const text = asText(first);
    if (text === undefined || left === 0) return undefined;
    const names = moduleNames(modulePath);
    const [head = '', second = '', third = ''] = text.split('.');
    if (head === 'var') {
      const parent = moduleAt(names.slice(0, -1));
      const call = asObject(asObject(parent?.module_calls)?.[names.at(-1) ?? '']);
      const expression = asObject(asObject(call?.expressions)?.[second]);
      return follow(expression?.references, parentOf(modulePath), { like, member }, left - 1);
    }
    if (head === 'module') {
      const name = second.replace(/\[.*$/, '');
      const output = asObject(asObject(moduleAt([...names, name])?.outputs)?.[third]);
      const path = `${modulePath === '' ? '' : `${modulePath}.`}module.${second}`;
      return follow(asObject(output?.expression)?.references, path, { like, member }, left - 1);
    }
    const [, type, name, index, written] =
      /^(?:data\.)?([a-z]\w*)\.([\w-]+)(?:\[([^\]]*)\])?(?:\.(\w+))?$/.exec(text) ?? [];
    if (type === undefined || name === undefined) return undefined;
    const found = instances.get(`${modulePath} ${type}.${name}`) ?? [];
    // COMPAT: of `this[each.key].arn` Terraform lists `this` and `each.key`, without what is taken of it.
    const isOfKey = listOf(references).some((one) => one === 'each.key' || one === 'count.index');
    const attribute = written ?? (isOfKey && found[0] ? likelyAttribute(found[0], member) : undefined);
    if (attribute === undefined) return undefined;
    // A key in quotes or a number is one instance; any other is the one with the same key as who asks.
    const isLiteral = index !== undefined && /^(?:"[^"]*"|\d+)$/.test(index);
    const wanted = isLiteral ? index.replace(/^"|"$/g, '') : like.index;
    const [only, ...others] = found;
    const resource =
      others.length === 0 && !isLiteral
        ? only
        : found.find((one) => one.index !== undefined && String(one.index) === String(wanted));
    return resource && { resource, attribute };
  };

  /** By module, so that a plan with many resources is not searched from its start for each. */
  const written = new Map<string, ReadonlyMap<string, JsonObject>>();
  const writtenIn = (path: string): ReadonlyMap<string, JsonObject> => {
    const key = moduleNames(path).join('.');
    const found = written.get(key);
    if (found !== undefined) return found;
    const made = new Map<string, JsonObject>();
    for (const element of listOf(moduleAt(moduleNames(path))?.resources)) {
      const config = asObject(element);
      const address = asText(config?.address);
      if (config !== undefined && address !== undefined) made.set(address, config);
    }
    written.set(key, made);
    return made;
  };
  const configOf = ({ module: path, type, name, part }: TerraformResource): JsonObject | undefined =>
    writtenIn(path).get(`${part.mode === 'data' ? 'data.' : ''}${type}.${name}`);
  const expressionsOf = (resource: TerraformResource): JsonObject | undefined =>
    asObject(configOf(resource)?.expressions);
  return {
    find(resource, member) {
      const expression = asObject(expressionsOf(resource)?.[member]);
      return follow(expression?.references, resource.module, { like: resource, member }, longestChain);
    },
    isWritten(resource, member) {
      const expressions = expressionsOf(resource);
      return expressions === undefined || Object.hasOwn(expressions, member);
    },
    providerOf: (resource) => asText(configOf(resource)?.provider_config_key),
  };
}

/** What a member most likely takes of a resource: what is called as it is, else its ARN or name. */
function likelyAttribute({ values, unknown }: TerraformResource, member: string): string {
  if (Object.hasOwn(values, member) || Object.hasOwn(unknown, member)) return member;
  return member.endsWith('_arn') ? 'arn' : 'name';
}

/** `module.a["x"].module.b` → `a`, `b`. */
function moduleNames(path: string): readonly string[] {
  return [...path.matchAll(/(?:^|\.)module\.([\w-]+)/g)].map(([, name = '']) => name);
}

function parentOf(path: string): string {
  const last = path.lastIndexOf('module.');
  return last <= 0 ? '' : path.slice(0, last - 1);
}
