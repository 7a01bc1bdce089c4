import { type Permissions, permissionsOf } from '../whatcan/permissions.ts';
import { type RuleDifference, rulesBeyond } from '../whatcan/rules.ts';
import type { ClusterWorld, SubjectIdentity } from '../world/cluster.ts';

/** What somebody may in one place and could not before, or the other way round. */
export interface PermissionDifference extends RuleDifference {
  /**
   * Namespace, or a scope's pattern; '' for everywhere: all namespaces, those to come too, and what is in none. A namespace in
   * which it is no difference is not taken out of everywhere.
   */
  readonly where: string;
}

export interface Difference {
  readonly gained: readonly PermissionDifference[];
  readonly lost: readonly PermissionDifference[];
}

/** Somebody in a cluster as it is or would be; nobody without an identity. */
export interface Holder {
  readonly view: ClusterWorld;
  readonly identity: SubjectIdentity | undefined;
}

/** The difference between what two may: exact, by the meaning of rules and not by a sample of requests. */
export function differenceOf(before: Holder, after: Holder): Difference {
  const [had, has] = [permissionsOfHolder(before), permissionsOfHolder(after)];
  const places = new Set([...placesOf(had), ...placesOf(has)]);
  return { gained: beyond(has, had, places), lost: beyond(had, has, places) };
}

function permissionsOfHolder({ view, identity }: Holder): Permissions {
  return permissionsOf(view, identity === undefined ? [] : [identity]);
}

function placesOf({ places }: Permissions): readonly string[] {
  return places.flatMap(({ namespaces, patterns }) => [...namespaces, ...patterns]);
}

function beyond(
  one: Permissions,
  other: Permissions,
  places: ReadonlySet<string>,
): readonly PermissionDifference[] {
  const everywhere = one.rulesIn('');
  return [
    ...rulesBeyond(everywhere, other.rulesIn('')).map((difference) => ({ where: '', ...difference })),
    ...[...places].flatMap((where) => {
      // Stars filled with what no scope has: what holds there holds wherever the pattern does.
      const example = where.replace(/\*+/g, 'NOBODYS-NAMESPACE');
      // What differs everywhere is said once.
      const rest = [...other.rulesIn(example), ...everywhere];
      return rulesBeyond(one.rulesIn(example), rest).map((difference) => ({ where, ...difference }));
    }),
  ];
}
