import type { PolicyRule } from '../../rbac/rules.ts';
import {
  isForEverybody,
  mastersRules,
  type Rights,
  type RuleOrigin,
  scopeOf,
} from '../whatcan/permissions.ts';
import type { ClusterWorld, SubjectIdentity } from '../world/cluster.ts';

export interface GrantChange {
  readonly change: 'added' | 'removed' | 'changed';
  readonly origin: RuleOrigin;
}

export interface HeldGrant {
  readonly origin: RuleOrigin;
  readonly rules: readonly PolicyRule[];
}

/** All that is granted to the identities; of their `own` without what everybody has. One they share may be here twice. */
export function heldGrants(
  { authorizer }: ClusterWorld,
  identities: readonly SubjectIdentity[],
  of: 'all' | 'own',
): readonly HeldGrant[] {
  const grants = identities.flatMap(({ user }): readonly HeldGrant[] => [
    ...(user.groups.includes('system:masters') ? [masters] : []),
    ...authorizer.grantsFor(user),
  ]);
  return of === 'all' ? grants : grants.filter(({ origin }) => !isForEverybody(origin));
}

const masters: HeldGrant = { origin: { by: 'systemMasters' }, rules: mastersRules };

/** Which grants came, went, or allow something else now; each once. */
export function grantChanges(
  before: readonly HeldGrant[],
  after: readonly HeldGrant[],
): readonly GrantChange[] {
  // Most of a large cluster is as it was, and grants of a user come in one order.
  if (before.length === after.length && before.every((grant, at) => isSame(grant, after[at]))) return [];
  const [old, fresh] = [byOrigin(before), byOrigin(after)];
  const changes: GrantChange[] = [];
  for (const [key, { origin, rules }] of fresh) {
    const known = old.get(key);
    if (known === undefined) changes.push({ change: 'added', origin });
    else if (!isSame(known.rules, rules)) changes.push({ change: 'changed', origin });
  }
  for (const [key, { origin }] of old) {
    if (!fresh.has(key)) changes.push({ change: 'removed', origin });
  }
  return changes;
}

function byOrigin(grants: readonly HeldGrant[]): ReadonlyMap<string, HeldGrant> {
  return new Map(grants.map((grant) => [JSON.stringify(grant.origin), grant]));
}

/** Where both sides may differ: in some place that a changed grant is about, anywhere where one holds everywhere. */
export function changedPlaces(
  changes: readonly GrantChange[],
  ...sides: readonly Rights[]
): readonly string[] {
  const scopes = changes.map(({ origin }) => scopeOf(origin));
  const names = new Set(sides.flatMap((side) => side.names));
  return [...names].filter((name) => scopes.some((scope) => scope === undefined || scope.holdsIn(name)));
}

/** Whether two values of plain data are the same; members may stand in any order. */
function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one)) {
    return (
      Array.isArray(other) && one.length === other.length && one.every((item, at) => isSame(item, other[at]))
    );
  }
  const members = Object.keys(one);
  return (
    members.length === Object.keys(other).length &&
    members.every((name) => isSame(Reflect.get(one, name), Reflect.get(other, name)))
  );
}
