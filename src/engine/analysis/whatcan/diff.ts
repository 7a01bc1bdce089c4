import { type PermissionPlace, type Permissions, sampleOf } from './permissions.ts';
import { type RuleDifference, rulesBeyond } from './rules.ts';

/** What one side has beyond the other in some place. */
export interface PlaceDifference {
  /** `*`: of what is in no namespace, across namespaces, and in every namespace that no other difference names. */
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
    ...[...new Set(named.flatMap(({ patterns }) => patterns))].map((name) => ({
      name,
      sample: sampleOf(name),
    })),
  ].map(({ name, sample }) => ({ name, first: first.rulesIn(sample), second: second.rulesIn(sample) }));
  const side = (one: 'first' | 'second', other: 'first' | 'second'): readonly PlaceDifference[] =>
    foldPlaces(
      places.map((place) => ({ namespaces: [place.name], rules: rulesBeyond(place[one], place[other]) })),
    );
  return { onlyFirst: side('first', 'second'), onlySecond: side('second', 'first') };
}

/** Places of equal differences become one, and those that differ as everywhere are not told again. */
export function foldPlaces(places: readonly PlaceDifference[]): readonly PlaceDifference[] {
  const folded = new Map<string, PlaceDifference>();
  for (const { namespaces, rules } of places) {
    const key = JSON.stringify(rules);
    folded.set(key, { namespaces: [...(folded.get(key)?.namespaces ?? []), ...namespaces], rules });
  }
  const found = [...folded.values()];
  const everywhere = found.find(({ namespaces }) => namespaces.includes('*'));
  const differs = found.filter((place) => place !== everywhere);
  const isNothing = everywhere === undefined || everywhere.rules.length === 0;
  return [
    ...(isNothing ? [] : [{ namespaces: ['*'], rules: everywhere.rules }]),
    ...differs.filter(({ rules }) => rules.length > 0 || !isNothing),
  ];
}
