import { compileScope } from '../../accesspolicies/scope.ts';
import type { UserInfo } from '../../authorizer/attributes.ts';
import type { Grant, GrantOrigin } from '../../authorizer/grants.ts';
import { allow, allowUrls } from '../../rbac/allow.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import type { ClusterWorld, SubjectIdentity } from '../world/cluster.ts';
import { indexPieces, piecesOf, widest } from './pieces.ts';
import { joinPieces, minimalRules } from './rules.ts';

/** Where a rule comes from. */
export type RuleOrigin = GrantOrigin | { readonly by: 'systemMasters' };

export interface SourcedRule extends PolicyRule {
  /** Every grant that gives the rule or a part of it. */
  readonly from: readonly RuleOrigin[];
}

/** Namespaces in which the same holds besides what holds everywhere. */
export interface PermissionPlace {
  /** By name. */
  readonly namespaces: readonly string[];
  /** Scopes with a star, of namespaces there are and will be. One that fits several has what each of them gives. */
  readonly patterns: readonly string[];
  readonly rules: readonly SourcedRule[];
}

/** What somebody may, as minimal rules. */
export interface Permissions {
  /** In every namespace, also those to come, and of what is in none. */
  readonly everywhere: readonly SourcedRule[];
  /** What single namespaces add, by name; those with nothing to add are not here. */
  readonly places: readonly PermissionPlace[];
  /** What holds in one namespace, all together; '' for requests without one. */
  rulesIn(namespace: string): readonly PolicyRule[];
  /** The same with who gives it. */
  sourcedIn(namespace: string): readonly SourcedRule[];
}

/** The part of it that is cheap to have: what may be done in a place, and nothing about who gives it. */
export interface Rights extends Pick<Permissions, 'rulesIn'> {
  /** Namespaces by name, and patterns of scopes, in which there is something that does not hold everywhere. */
  readonly names: readonly string[];
}

/** Where a grant holds that does not hold everywhere. */
export interface GrantScope {
  /** By name, and of access policies as patterns. */
  readonly namespaces: readonly string[];
  readonly holdsIn: (namespace: string) => boolean;
}

interface HeldGrant {
  readonly origin: RuleOrigin;
  readonly rules: readonly PolicyRule[];
  /** Undefined: everywhere. */
  readonly scope: GrantScope | undefined;
}

/** Groups that whoever asks is in: what they give says nothing about anybody. */
const everybody = ['system:authenticated', 'system:unauthenticated'];

/** Whether a rule comes from what everybody has. */
export function isForEverybody(origin: RuleOrigin): boolean {
  return origin.by === 'rbac' && origin.subject.kind === 'Group' && everybody.includes(origin.subject.name);
}

/**
 * What identities may together, as `ClusterWorld.can` would answer for whoever can be any of them.
 *
 * `of` chooses grants: `own` leaves out what everybody has.
 */
export function permissionsOf(
  world: ClusterWorld,
  identities: readonly Pick<SubjectIdentity, 'user'>[],
  options: GrantChoice = {},
): Permissions {
  return permissionsFrom(heldGrants(world, identities, options), world.cluster.namespaces ?? []);
}

/** `permissionsOf` without what is dear: places that allow the same are not joined, and nobody is told who gives it. */
export function rightsOf(
  world: ClusterWorld,
  identities: readonly Pick<SubjectIdentity, 'user'>[],
  options: GrantChoice = {},
): Rights {
  const grants = heldGrants(world, identities, options);
  const { names, patterns } = placesOf(grants, world.cluster.namespaces ?? []);
  return {
    names: [...names, ...patterns].filter((name) => grants.some(({ scope }) => scope?.holdsIn(name))),
    rulesIn: rulesOfPlace(grants),
  };
}

interface GrantChoice {
  readonly of?: 'all' | 'own' | 'everybodys';
}

function heldGrants(
  { authorizer }: ClusterWorld,
  identities: readonly Pick<SubjectIdentity, 'user'>[],
  { of: wanted = 'all' }: GrantChoice,
): readonly HeldGrant[] {
  const grants = identities
    .flatMap(({ user }) => [...mastersGrant(user), ...authorizer.grantsFor(user).map(held)])
    .filter(({ origin }) => wanted === 'all' || isForEverybody(origin) === (wanted === 'everybodys'));
  return distinct(grants);
}

/** What `system:masters` may, for which nothing needs to be bound. */
export const mastersRules: readonly PolicyRule[] = [allow('*', '*', '*'), allowUrls('*', '*')];

function mastersGrant({ groups }: UserInfo): readonly HeldGrant[] {
  if (!groups.includes('system:masters')) return [];
  return [{ origin: { by: 'systemMasters' }, rules: mastersRules, scope: undefined }];
}

function held({ origin, rules }: Grant): HeldGrant {
  const scope = scopeOf(origin);
  // A path is asked for without a namespace (kubernetes-facts B7).
  const fitting = scope === undefined ? rules : rules.map((rule) => ({ ...rule, nonResourceURLs: [] }));
  return { origin, rules: fitting, scope };
}

/** Undefined: it holds everywhere. */
export function scopeOf(origin: RuleOrigin): GrantScope | undefined {
  switch (origin.by) {
    case 'systemMasters':
      return undefined;
    case 'rbac': {
      if (origin.binding.kind !== 'RoleBinding') return undefined;
      const { namespace } = origin.binding;
      // Of a binding a star is no pattern.
      return { namespaces: [namespace], holdsIn: (name) => name === namespace && name !== '' };
    }
    case 'accessPolicy': {
      const { type, namespaces } = origin.accessScope;
      return type === 'namespace' ? { namespaces, holdsIn: compileScope({ type, namespaces }) } : undefined;
    }
    default:
      return origin satisfies never;
  }
}

/** A role that can be several users has most of its grants as each of them. */
function distinct(grants: readonly HeldGrant[]): readonly HeldGrant[] {
  return [...new Map(grants.map((grant) => [JSON.stringify(grant.origin), grant])).values()];
}

function permissionsFrom(grants: readonly HeldGrant[], known: readonly string[]): Permissions {
  const wide = grants.filter(({ scope }) => scope === undefined);
  const scoped = grants.filter(({ scope }) => scope !== undefined);
  const everywhere = withOrigins(wide, []);
  const { names, patterns } = placesOf(grants, known);
  const places = new Map<
    string,
    {
      readonly namespaces: string[];
      readonly patterns: string[];
      readonly rules: readonly SourcedRule[];
      /** By rule. */
      readonly origins: readonly Map<string, RuleOrigin>[];
    }
  >();
  const addPlace = (list: 'namespaces' | 'patterns', name: string): void => {
    const here = scoped.filter(({ scope }) => scope?.holdsIn(list === 'patterns' ? sampleOf(name) : name));
    if (here.length === 0) return;
    const rules = withOrigins(here, wide);
    if (rules.length === 0) return;
    const key = JSON.stringify(rules.map(({ from: _, ...rule }) => rule));
    const place = places.get(key) ?? {
      ...{ namespaces: [], patterns: [], rules },
      origins: rules.map(() => new Map<string, RuleOrigin>()),
    };
    places.set(key, place);
    place[list].push(name);
    for (const [at, { from }] of rules.entries()) {
      for (const origin of from) place.origins[at]?.set(JSON.stringify(origin), origin);
    }
  };
  for (const name of names) addPlace('namespaces', name);
  for (const pattern of patterns) addPlace('patterns', pattern);
  return {
    everywhere,
    places: [...places.values()].map(({ origins, rules, ...names }) => ({
      ...names,
      rules: rules.map((rule, at) => ({ ...rule, from: [...(origins[at]?.values() ?? [])] })),
    })),
    rulesIn: rulesOfPlace(grants),
    sourcedIn: (namespace) => withOrigins(grantsIn(grants, namespace), []),
  };
}

function grantsIn(grants: readonly HeldGrant[], namespace: string): readonly HeldGrant[] {
  const wide = grants.filter(({ scope }) => scope === undefined);
  return [...wide, ...grants.filter(({ scope }) => scope?.holdsIn(namespace))];
}

function rulesOfPlace(grants: readonly HeldGrant[]): Permissions['rulesIn'] {
  return (namespace) => minimalRules(grantsIn(grants, namespace).flatMap(({ rules }) => rules));
}

/** Where it may be otherwise than everywhere: `known` namespaces and those that grants name, and patterns; both sorted. */
function placesOf(
  grants: readonly HeldGrant[],
  known: readonly string[],
): { readonly names: readonly string[]; readonly patterns: readonly string[] } {
  const patterns = new Set<string>();
  const names = new Set(known);
  for (const { origin, scope } of grants) {
    for (const name of scope?.namespaces ?? []) {
      if (origin.by === 'accessPolicy' && name.includes('*')) patterns.add(name);
      else if (name !== '') names.add(name);
    }
  }
  return { names: [...names].sort(byText), patterns: [...patterns].sort(byText) };
}

/**
 * A name that fits the pattern and no other pattern which does not cover it: its stars are filled with what no scope has.
 * Namespaces have no capital letters (RFC 1123), so nobody's scope means one.
 */
export function sampleOf(pattern: string): string {
  return pattern.replace(/\*+/g, 'NOBODYS-NAMESPACE');
}

/** What the grants give beyond `others`, minimal, each rule with who gives it. */
function withOrigins(grants: readonly HeldGrant[], others: readonly HeldGrant[]): readonly SourcedRule[] {
  const pieces = piecesOf(grants.flatMap(({ rules }) => rules));
  const base = piecesOf(others.flatMap(({ rules }) => rules));
  if (pieces === undefined || base === undefined) {
    return grants.flatMap(({ origin, rules }) => rules.map((rule) => ({ ...rule, from: [origin] })));
  }
  const covered = indexPieces(base);
  const rules = joinPieces(widest(pieces).filter((piece) => !covered.covers(piece)));
  const indexes = grants.map(({ origin, rules: own }) => ({
    origin,
    index: indexPieces(piecesOf(own) ?? []),
  }));
  return rules.map((rule) => {
    const parts = piecesOf([rule]) ?? [];
    const from = indexes.filter(({ index }) => parts.some((piece) => index.covers(piece)));
    return { ...rule, from: from.map(({ origin }) => origin) };
  });
}

function byText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
