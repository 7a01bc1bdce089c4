import { compileScope } from '../../accesspolicies/scope.ts';
import { type PermissionPlace, type Permissions, sampleOf } from './permissions.ts';
import { type RuleDifference, rulesBeyond } from './rules.ts';

/** What one side has beyond the other in some place. */
export interface PlaceDifference {
  /**
   * `*`: of what is in no namespace, across namespaces, and in every namespace that no other difference names. A pattern
   * (`**` for a scope of `*`, which is not what is in no namespace): in every namespace it fits that no other difference names.
   */
  readonly namespaces: readonly string[];
  /** Empty in a place where nothing of what differs elsewhere does. */
  readonly rules: readonly RuleDifference[];
}

export interface PermissionsDiff {
  readonly onlyFirst: readonly PlaceDifference[];
  readonly onlySecond: readonly PlaceDifference[];
}

/** Rules by place, as far as a comparison needs them. */
export interface PlacedRules extends Pick<Permissions, 'rulesIn'> {
  readonly places: readonly Pick<PermissionPlace, 'namespaces' | 'patterns'>[];
}

/** What each may that the other may not, exactly, place by place. Both empty: they may the same. */
export function diffPermissions(first: PlacedRules, second: PlacedRules): PermissionsDiff {
  const named = [...first.places, ...second.places];
  const places = [
    { name: '*', sample: '' },
    ...[...new Set(named.flatMap(({ namespaces }) => namespaces))].map((name) => ({ name, sample: name })),
    ...[...new Set(named.flatMap(({ patterns }) => patterns))].map((pattern) => ({
      name: placeOfPattern(pattern),
      sample: sampleOf(pattern),
    })),
  ].map(({ name, sample }) => ({ name, first: first.rulesIn(sample), second: second.rulesIn(sample) }));
  const side = (one: 'first' | 'second', other: 'first' | 'second'): readonly PlaceDifference[] =>
    foldPlaces(
      places.map((place) => ({ namespaces: [place.name], rules: rulesBeyond(place[one], place[other]) })),
    );
  return { onlyFirst: side('first', 'second'), onlySecond: side('second', 'first') };
}

/** How a scope's pattern stands among places, where `*` is more. */
export function placeOfPattern(pattern: string): string {
  return pattern === '*' ? '**' : pattern;
}

/**
 * Places of equal differences become one. Those that differ as everywhere are told only where a pattern that is told would
 * say otherwise of them.
 */
export function foldPlaces(places: readonly PlaceDifference[]): readonly PlaceDifference[] {
  const keyOf = (rules: readonly RuleDifference[]): string => JSON.stringify(rules);
  const everywhere = places.find(({ namespaces }) => namespaces.includes('*'))?.rules ?? [];
  const asEverywhere = keyOf(everywhere);
  const others = places
    .filter(({ namespaces }) => !namespaces.includes('*'))
    .map(({ namespaces, rules }) => ({ namespaces, rules, key: keyOf(rules) }));
  const patterns = others
    .filter(({ key }) => key !== asEverywhere)
    .flatMap(({ namespaces }) => namespaces.filter((name) => name.includes('*')))
    .map((name) => compileScope({ type: 'namespace', namespaces: [name] }));
  const isMeantByOne = (name: string): boolean =>
    patterns.some((holdsIn) => holdsIn(name.includes('*') ? sampleOf(name) : name));
  const folded = new Map<
    string,
    { readonly namespaces: string[]; readonly rules: readonly RuleDifference[] }
  >();
  for (const { namespaces, rules, key } of others) {
    const told = key === asEverywhere ? namespaces.filter(isMeantByOne) : namespaces;
    if (told.length === 0) continue;
    const known = folded.get(key);
    if (known === undefined) folded.set(key, { namespaces: [...told], rules });
    else known.namespaces.push(...told);
  }
  return [...(everywhere.length === 0 ? [] : [{ namespaces: ['*'], rules: everywhere }]), ...folded.values()];
}
