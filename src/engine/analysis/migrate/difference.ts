import { changedPlaces, grantChanges, type HeldGrant, heldGrants } from '../diff/grantchanges.ts';
import { type Rights, rightsOf, sampleOf } from '../whatcan/permissions.ts';
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
  const changes = grantChanges(grantsOf(before), grantsOf(after));
  // Equal grants are equal rights.
  if (changes.length === 0) return { gained: [], lost: [] };
  const [had, has] = [rightsOfHolder(before), rightsOfHolder(after)];
  const places = changedPlaces(changes, had, has);
  return { gained: beyond(has, had, places), lost: beyond(had, has, places) };
}

function grantsOf({ view, identity }: Holder): readonly HeldGrant[] {
  return heldGrants(view, identity === undefined ? [] : [identity], 'all');
}

function rightsOfHolder({ view, identity }: Holder): Rights {
  return rightsOf(view, identity === undefined ? [] : [identity]);
}

function beyond(one: Rights, other: Rights, places: readonly string[]): readonly PermissionDifference[] {
  const everywhere = one.rulesIn('');
  return [
    ...rulesBeyond(everywhere, other.rulesIn('')).map((difference) => ({ where: '', ...difference })),
    ...places.flatMap((where) => {
      // What holds for the sample holds wherever the pattern does.
      const example = sampleOf(where);
      // What differs everywhere is said once.
      const rest = [...other.rulesIn(example), ...everywhere];
      return rulesBeyond(one.rulesIn(example), rest).map((difference) => ({ where, ...difference }));
    }),
  ];
}
