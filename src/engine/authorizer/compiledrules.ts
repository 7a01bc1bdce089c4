import { type PolicyRule, withoutFinalStars } from '../rbac/rules.ts';
import type { Attributes } from './attributes.ts';

/**
 * Rules arranged so that a request looks at the few that name its group and resource, however many there are. Answers
 * exactly what trying rule after rule would (kubernetes-facts B1 to B4); of several allowing rules it finds the first.
 */
export interface CompiledRules {
  readonly rules: readonly PolicyRule[];
  /** Group, then resource as the rule writes it (`pods`, `pods/log`, `*`, a star before `/scale`). */
  readonly byGroup: ReadonlyMap<string, ReadonlyMap<string, readonly Grant[]>>;
  /** Rules that name too many pairs of group and resource to write each pair down. */
  readonly wide: readonly (Grant & {
    readonly groups: ReadonlySet<string>;
    readonly resources: ReadonlySet<string>;
  })[];
  readonly byUrl: ReadonlyMap<string, readonly Grant[]>;
  /** Entries that end in `*`, without their stars. */
  readonly byUrlPrefix: readonly (Grant & { readonly prefix: string })[];
}

interface Grant {
  /** Place of the rule in `rules`. */
  readonly index: number;
  /** The verbs that have a bit; -1 for all verbs there are. */
  readonly verbBits: number;
  /** The verbs that have none. */
  readonly otherVerbs: ReadonlySet<string> | undefined;
  /** Undefined where the rule holds for every name. */
  readonly names: ReadonlySet<string> | undefined;
}

const verbsWithBit = [
  'get',
  'list',
  'watch',
  'create',
  'update',
  'patch',
  'delete',
  'deletecollection',
  'impersonate',
  'escalate',
  'bind',
  'approve',
  'sign',
  'attest',
  'use',
  'proxy',
];
const bitByVerb: ReadonlyMap<string, number> = new Map(verbsWithBit.map((verb, place) => [verb, 1 << place]));
const everyVerb = -1;

/** 0 for a verb that has none. */
export function bitOfVerb(verb: string): number {
  return bitByVerb.get(verb) ?? 0;
}

/** A request, read once for all the rules it is compared with. */
export type CompiledRequest =
  | {
      readonly kind: 'resource';
      readonly verb: string;
      readonly verbBit: number;
      readonly group: string;
      /** `resource` or `resource/subresource`. */
      readonly target: string;
      /** A star before the subresource; undefined without one. */
      readonly anyOfSubresource: string | undefined;
      readonly name: string;
    }
  | { readonly kind: 'nonResource'; readonly verb: string; readonly verbBit: number; readonly path: string };

export function compileRequest(attributes: Attributes): CompiledRequest {
  const { verb } = attributes;
  const verbBit = bitOfVerb(verb);
  if (attributes.kind === 'nonResource') return { kind: 'nonResource', verb, verbBit, path: attributes.path };
  const { subresource } = attributes;
  return {
    kind: 'resource',
    verb,
    verbBit,
    group: attributes.apiGroup,
    target: subresource === '' ? attributes.resource : `${attributes.resource}/${subresource}`,
    anyOfSubresource: subresource === '' ? undefined : `*/${subresource}`,
    name: attributes.name,
  };
}

function compileVerbs(verbs: readonly string[]): Pick<Grant, 'verbBits' | 'otherVerbs'> {
  if (verbs.includes('*')) return { verbBits: everyVerb, otherVerbs: undefined };
  let verbBits = 0;
  let otherVerbs: Set<string> | undefined;
  for (const verb of verbs) {
    const bit = bitByVerb.get(verb);
    if (bit !== undefined) verbBits |= bit;
    else if (otherVerbs === undefined) otherVerbs = new Set([verb]);
    else otherVerbs.add(verb);
  }
  return { verbBits, otherVerbs };
}

function distinct(texts: readonly string[]): readonly string[] {
  return texts.length < 2 ? texts : [...new Set(texts)];
}

/**
 * SECURITY: a rule of a few megabytes can name a hundred thousand groups and as many resources; their pairs would fill
 * the memory of the process, which serves other clusters as well.
 */
const maximumPairs = 4_096;
/** Of all rules of a role together: thousands of rules with as many pairs each would fill it, too. */
const maximumPairsTogether = 65_536;
/** A rule of so few pairs is small itself, so that there cannot be too many of them. */
const fewPairs = 16;

/** Compiles rules; those `without` holds for keep their place and grant nothing. */
export function compileRules<Rule extends PolicyRule>(
  rules: readonly Rule[],
  without: (rule: Rule) => boolean = () => false,
): CompiledRules {
  const byGroup = new Map<string, Map<string, Grant[]>>();
  const wide: CompiledRules['wide'][number][] = [];
  const byUrl = new Map<string, Grant[]>();
  const byUrlPrefix: (Grant & { prefix: string })[] = [];
  let pairsTogether = 0;
  for (const [index, rule] of rules.entries()) {
    if (without(rule)) continue;
    const { verbBits, otherVerbs } = compileVerbs(rule.verbs);
    const anyName: Grant = { index, verbBits, otherVerbs, names: undefined };
    const grant: Grant =
      rule.resourceNames.length > 0
        ? { index, verbBits, otherVerbs, names: new Set(rule.resourceNames) }
        : anyName;
    const groups = distinct(rule.apiGroups);
    const resources = distinct(rule.resources);
    const pairs = groups.length * resources.length;
    if (pairs > maximumPairs || (pairs > fewPairs && pairsTogether + pairs > maximumPairsTogether)) {
      wide.push({ ...grant, groups: new Set(groups), resources: new Set(resources) });
    } else {
      pairsTogether += pairs;
      for (const group of groups) {
        const byResource = getOrAdd(byGroup, group, () => new Map<string, Grant[]>());
        for (const resource of resources) getOrAdd(byResource, resource, () => []).push(grant);
      }
    }
    for (const url of new Set(rule.nonResourceURLs)) {
      if (url.endsWith('*')) byUrlPrefix.push({ ...anyName, prefix: withoutFinalStars(url) });
      getOrAdd(byUrl, url, () => []).push(anyName);
    }
  }
  return { rules, byGroup, wide, byUrl, byUrlPrefix };
}

function getOrAdd<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

const noGrant = Number.POSITIVE_INFINITY;

/** The first rule that allows the request, or undefined. */
export function findRule(compiled: CompiledRules, request: CompiledRequest): PolicyRule | undefined {
  const index =
    request.kind === 'resource' ? findForResource(compiled, request) : findForPath(compiled, request);
  return index === noGrant ? undefined : compiled.rules[index];
}

function findForResource(
  compiled: CompiledRules,
  request: Extract<CompiledRequest, { kind: 'resource' }>,
): number {
  let first = firstInGroup(compiled.byGroup.get(request.group), request);
  if (request.group !== '*') first = Math.min(first, firstInGroup(compiled.byGroup.get('*'), request));
  for (const grant of compiled.wide) {
    if (grant.index >= first) break;
    if (namesBoth(grant, request) && allowsName(grant, request.name) && allowsVerb(grant, request)) {
      first = grant.index;
    }
  }
  return first;
}

function namesBoth(
  { groups, resources }: CompiledRules['wide'][number],
  { group, target, anyOfSubresource }: Extract<CompiledRequest, { kind: 'resource' }>,
): boolean {
  return (
    (groups.has(group) || groups.has('*')) &&
    (resources.has(target) ||
      resources.has('*') ||
      (anyOfSubresource !== undefined && resources.has(anyOfSubresource)))
  );
}

function firstInGroup(
  byResource: ReadonlyMap<string, readonly Grant[]> | undefined,
  request: Extract<CompiledRequest, { kind: 'resource' }>,
): number {
  if (byResource === undefined) return noGrant;
  let first = firstGrant(byResource.get(request.target), request, request.name);
  first = Math.min(first, firstGrant(byResource.get('*'), request, request.name));
  if (request.anyOfSubresource === undefined) return first;
  return Math.min(first, firstGrant(byResource.get(request.anyOfSubresource), request, request.name));
}

function findForPath(
  compiled: CompiledRules,
  request: Extract<CompiledRequest, { kind: 'nonResource' }>,
): number {
  let first = firstGrant(compiled.byUrl.get(request.path), request, '');
  for (const grant of compiled.byUrlPrefix) {
    if (grant.index >= first) break;
    if (request.path.startsWith(grant.prefix) && allowsVerb(grant, request)) first = grant.index;
  }
  return first;
}

/** Grants stand in the order of their rules, so the first that fits is the first rule that allows. */
function firstGrant(grants: readonly Grant[] | undefined, request: CompiledRequest, name: string): number {
  if (grants === undefined) return noGrant;
  for (const grant of grants) {
    if (allowsVerb(grant, request) && allowsName(grant, name)) return grant.index;
  }
  return noGrant;
}

/** A rule with names never allows a request without one (B3), not even where '' is listed. */
function allowsName(grant: Grant, name: string): boolean {
  return grant.names === undefined || (name !== '' && grant.names.has(name));
}

function allowsVerb(grant: Grant, request: CompiledRequest): boolean {
  return (
    (grant.verbBits & request.verbBit) !== 0 ||
    grant.verbBits === everyVerb ||
    (grant.otherVerbs !== undefined && request.verbBit === 0 && grant.otherVerbs.has(request.verb))
  );
}
