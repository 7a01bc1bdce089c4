import { accessPolicyArn, findAccessPolicy, listAccessPolicies } from '../../accesspolicies/catalogue.ts';
import { type AccessScope, compileScope } from '../../accesspolicies/scope.ts';
import { bitOfVerb, compileRules, findRule } from '../../authorizer/compiledrules.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import { foldPlaces, type PlaceDifference, placeOfPattern } from './diff.ts';
import { type PermissionPlace, type Permissions, sampleOf } from './permissions.ts';
import { rulesBeyond } from './rules.ts';

/** A resource of Kubernetes with the verbs it has: what policies are measured with. */
export interface KnownResource {
  readonly apiGroup: string;
  /** `pods` or `pods/log`. */
  readonly resource: string;
  readonly isNamespaced: boolean;
  readonly verbs: readonly string[];
}

/** How one of AWS's access policies compares with what somebody has. */
export interface PolicyFit {
  readonly policyArn: string;
  readonly policyName: string;
  readonly accessScope: AccessScope;
  /** Both differences are empty: it grants exactly this. */
  readonly isExact: boolean;
  /** What it does not grant, and what it grants besides. */
  readonly lacks: PolicyDifference;
  readonly adds: PolicyDifference;
}

export interface PolicyDifference {
  /** Pairs of a resource of Kubernetes and a verb, in any place. */
  readonly pairs: number;
  readonly places: readonly PlaceDifference[];
}

/**
 * The access policy of AWS, of those made for customers, that differs from the permissions in the fewest pairs; of equals the
 * one that adds less, then the one of the narrower scope. Undefined for whoever has nothing. `shared` is what everybody has
 * anyway: it counts on neither side.
 */
export function closestPolicy(
  own: Permissions,
  {
    shared,
    partition,
    universe,
  }: {
    readonly shared: Permissions;
    readonly partition: string;
    readonly universe: readonly KnownResource[];
  },
): PolicyFit | undefined {
  if (own.everywhere.length === 0 && own.places.length === 0) return undefined;
  const contexts = contextsOf(own, shared);
  const pairs = pairsOf(universe);
  const measured = contexts.map((context) => ({
    ...{ context, mine: heldPairs(context.rules, pairs) },
    common: heldPairs(context.shared, pairs),
  }));
  const heldByPolicy = new Map<string, bigint>();
  let best: { readonly candidate: Candidate; readonly score: readonly number[] } | undefined;
  for (const candidate of candidatesOf(own, partition)) {
    const { policyArn, rules, accessScope, holdsIn } = candidate;
    const held = heldByPolicy.get(policyArn) ?? heldPairs(rules, pairs);
    heldByPolicy.set(policyArn, held);
    let [lacks, adds] = [0n, 0n];
    for (const { context, mine, common } of measured) {
      const reaches = (how: 'every' | 'some'): bigint =>
        context.samples[how](holdsIn) ? common | held : common;
      lacks |= without(mine, reaches('every'));
      adds |= without(reaches('some'), mine);
    }
    const width = accessScope.type === 'cluster' ? 1_000 : accessScope.namespaces.length;
    const score = [countOf(lacks) + countOf(adds), countOf(adds), width, countOf(lacks)];
    if (best === undefined || isLess(score, best.score)) best = { candidate, score };
  }
  if (best === undefined) return undefined;
  const { candidate, score } = best;
  const places = contexts.map((context) => {
    return {
      namespaces: context.namespaces,
      lacks: rulesBeyond(context.rules, grantedIn(candidate, context, 'every')),
      adds: rulesBeyond(grantedIn(candidate, context, 'some'), context.rules),
    };
  });
  const side = (which: 'lacks' | 'adds', count: number): PolicyDifference => ({
    pairs: count,
    places: foldPlaces(places.map(({ namespaces, [which]: rules }) => ({ namespaces, rules }))),
  });
  const lacks = side('lacks', score[3] ?? 0);
  const adds = side('adds', score[1] ?? 0);
  return {
    policyArn: candidate.policyArn,
    policyName: candidate.policyName,
    accessScope: candidate.accessScope,
    isExact: lacks.places.length === 0 && adds.places.length === 0,
    lacks,
    adds,
  };
}

/** A place to compare in: no namespace at all, or one that stands for those of a place. */
interface Context {
  readonly namespaces: readonly string[];
  /** '' for everywhere. */
  readonly samples: readonly string[];
  readonly rules: readonly PolicyRule[];
  readonly shared: readonly PolicyRule[];
}

function contextsOf(own: Permissions, shared: Permissions): readonly Context[] {
  return [
    {
      namespaces: ['*'],
      samples: [''],
      rules: [...own.everywhere, ...shared.everywhere],
      shared: shared.everywhere,
    },
    ...own.places.map(({ namespaces, patterns, rules }) => {
      const samples = [...namespaces, ...patterns.map(sampleOf)];
      const common = shared.rulesIn(samples[0] ?? '');
      return {
        ...{ namespaces: [...namespaces, ...patterns.map(placeOfPattern)], samples, shared: common },
        rules: [...own.everywhere, ...rules, ...common],
      };
    }),
  ];
}

interface Candidate {
  readonly policyArn: string;
  readonly policyName: string;
  readonly accessScope: AccessScope;
  readonly rules: readonly PolicyRule[];
  readonly holdsIn: (namespace: string) => boolean;
}

function candidatesOf(own: Permissions, partition: string): readonly Candidate[] {
  const namesOf = ({ namespaces, patterns }: PermissionPlace): readonly string[] =>
    minimalNames([...patterns, ...namespaces]);
  const all = minimalNames(own.places.flatMap(({ namespaces, patterns }) => [...patterns, ...namespaces]));
  const lists = [all, ...(own.places.length > 1 ? own.places.map(namesOf) : [])].filter(
    (list) => list.length > 0,
  );
  const scopes: readonly AccessScope[] = [
    { type: 'cluster', namespaces: [] },
    ...lists.map((namespaces) => ({ type: 'namespace', namespaces }) as const),
  ];
  return listAccessPolicies(partition).flatMap(({ name }) => {
    const policyArn = accessPolicyArn(name, partition);
    const policy = findAccessPolicy(policyArn, partition);
    if (policy?.intendedFor !== 'customers' || policy.rules === undefined) return [];
    const rules = policy.rules.filter(({ namesUnpublished }) => namesUnpublished !== true);
    if (rules.length === 0) return [];
    return scopes.map((accessScope) => ({
      ...{ policyArn, policyName: name, accessScope, rules },
      holdsIn: compileScope(accessScope),
    }));
  });
}

/** Names that a pattern beside them fits are said with it. */
export function minimalNames(names: readonly string[]): readonly string[] {
  const unique = [...new Set(names)];
  const matchers = unique
    .filter((name) => name.includes('*'))
    .map((name) => ({ name, holdsIn: compileScope({ type: 'namespace', namespaces: [name] }) }));
  return unique.filter(
    (name) =>
      !matchers.some(
        (pattern) => pattern.name !== name && pattern.holdsIn(name.includes('*') ? sampleOf(name) : name),
      ),
  );
}

/** In all namespaces of a place, or in some: where a scope reaches into a place, it lacks the rest and adds that part. */
function grantedIn(
  candidate: Candidate,
  { samples, shared }: Context,
  how: 'every' | 'some',
): readonly PolicyRule[] {
  if (!samples[how]((namespace) => candidate.holdsIn(namespace))) return shared;
  const isScoped = candidate.accessScope.type === 'namespace';
  const rules = candidate.rules.map((rule) => (isScoped ? { ...rule, nonResourceURLs: [] } : rule));
  return [...rules, ...shared];
}

export interface Pair {
  readonly apiGroup: string;
  readonly resource: string;
  readonly verb: string;
}

export function pairsOf(universe: readonly KnownResource[]): readonly Pair[] {
  const pairs = universe.flatMap(({ apiGroup, resource, verbs }) =>
    verbs.map((verb) => ({ apiGroup, resource, verb })),
  );
  return [...new Map(pairs.map((pair) => [JSON.stringify(pair), pair])).values()];
}

/**
 * The pairs that the rules allow, of some object at least: a bit for each. Sets of pairs are compared for each policy, each
 * scope and each place, which takes minutes with anything slower.
 */
export function heldPairs(rules: readonly PolicyRule[], pairs: readonly Pair[]): bigint {
  const compiled = compileRules(rules.map((rule) => ({ ...rule, resourceNames: [] })));
  const bits = pairs.map(({ apiGroup, resource, verb }) => {
    const slash = resource.indexOf('/');
    const rule = findRule(compiled, {
      ...{ kind: 'resource', verb, verbBit: bitOfVerb(verb), group: apiGroup, target: resource, name: '' },
      anyOfSubresource: slash < 0 ? undefined : `*${resource.slice(slash)}`,
    });
    return rule === undefined ? '0' : '1';
  });
  return BigInt(`0b0${bits.join('')}`);
}

export function countOf(pairs: bigint): number {
  let count = 0;
  for (const bit of pairs.toString(2)) if (bit === '1') count++;
  return count;
}

function without(one: bigint, other: bigint): bigint {
  return one & ~other;
}

function isLess(one: readonly number[], other: readonly number[]): boolean {
  const at = one.findIndex((value, index) => value !== other[index]);
  return at >= 0 && (one[at] ?? 0) < (other[at] ?? 0);
}
