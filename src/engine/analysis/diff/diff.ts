import type { PolicyRule } from '../../rbac/rules.ts';
import type { Gap } from '../snapshot/snapshot.ts';
import { isForEverybody, type Permissions, permissionsOf, type RuleOrigin } from '../whatcan/permissions.ts';
import { type RuleDifference, rulesBeyond } from '../whatcan/rules.ts';
import { gapsOf } from '../whocan/gaps.ts';
import type { ClusterWorld, SubjectIdentities } from '../world/cluster.ts';
import { type ClusterSubject, subjectKey } from '../world/subject.ts';
import type { World } from '../world/world.ts';

/** Whose access changes from one snapshot to another. Plain data that JSON holds as it is. */
export interface AccessDiff {
  /** One for each subject of a cluster whose access changes, in the order of the clusters and their subjects. */
  readonly changes: readonly SubjectChange[];
  /** Clusters that only one side has: all access to them is gained or lost. */
  readonly clusters: readonly {
    readonly name: string;
    readonly arn: string;
    readonly in: 'before' | 'after';
  }[];
  /** What was not read and could hide a change; reasons begin with the side. */
  readonly incomplete: readonly Gap[];
}

export interface SubjectChange {
  readonly cluster: { readonly name: string; readonly arn: string };
  readonly subject: ClusterSubject;
  /** `subjectKey` of the subject. */
  readonly key: string;
  /** Who an IAM principal is in the cluster, where that changes. */
  readonly identity?: { readonly before: Identity; readonly after: Identity };
  /** Grants that came, went, or allow something else now. */
  readonly grants: readonly GrantChange[];
  /** What may be done that could not be; empty for a new name without new rights. */
  readonly gained: readonly PlacedRules[];
  readonly lost: readonly PlacedRules[];
}

export interface GrantChange {
  readonly change: 'added' | 'removed' | 'changed';
  readonly origin: RuleOrigin;
}

/** The Kubernetes users somebody can be, or why it is nobody. */
export type Identity =
  | { readonly users: readonly { readonly username: string; readonly groups: readonly string[] }[] }
  | { readonly users: readonly []; readonly refusal: string };

export interface PlacedRules {
  readonly where:
    | { readonly namespaces: readonly string[] }
    /** In all namespaces `but` some, where it is otherwise, and of what is in none. */
    | { readonly everywhere: true; readonly but: readonly string[] };
  readonly rules: readonly RuleDifference[];
}

/**
 * Compares who may do what, not what is written: an entry that replaces a mapping of aws-auth and gives the same is no change.
 * What everybody has (`system:authenticated`) is told of that group and not of everybody again.
 */
export function diffAccess(before: World, after: World): AccessDiff {
  const pairs = pairsOf(before, after);
  return {
    changes: pairs.flatMap((pair) => clusterChanges(pair)),
    clusters: pairs.flatMap(({ before: old, after: fresh }) => {
      if (old !== undefined && fresh !== undefined) return [];
      const one = old ?? fresh;
      if (one === undefined) return [];
      const { name, arn } = one.cluster;
      return [{ name, arn, in: old === undefined ? ('after' as const) : ('before' as const) }];
    }),
    incomplete: [...gapsOfSide(before, 'before'), ...gapsOfSide(after, 'after')],
  };
}

function gapsOfSide({ snapshot, clusters }: World, side: 'before' | 'after'): readonly Gap[] {
  const gaps = new Set(clusters.flatMap(({ cluster }) => gapsOf(snapshot, cluster)));
  return [...gaps].map((gap) => ({ ...gap, reason: `${side}: ${gap.reason}` }));
}

interface Pair {
  readonly before: ClusterWorld | undefined;
  readonly after: ClusterWorld | undefined;
}

/** The same cluster of both sides: by ARN, else by a name that is one's alone, because files may not know the ARN. */
function pairsOf({ clusters: before }: World, { clusters: after }: World): readonly Pair[] {
  const left = new Set(after);
  const take = (found: ClusterWorld | undefined): ClusterWorld | undefined => {
    if (found !== undefined) left.delete(found);
    return found;
  };
  const byArn = new Map(
    before.map((old) => [old, take(after.find(({ cluster }) => cluster.arn === old.cluster.arn))]),
  );
  const isOnly = (all: readonly ClusterWorld[], name: string): boolean =>
    all.filter(({ cluster }) => cluster.name === name).length === 1;
  const pairs = before.map((old): Pair => {
    const { name } = old.cluster;
    const fresh =
      byArn.get(old) ??
      (isOnly(before, name) && isOnly(after, name)
        ? take([...left].find(({ cluster }) => cluster.name === name))
        : undefined);
    return { before: old, after: fresh };
  });
  return [...pairs, ...[...left].map((fresh) => ({ before: undefined, after: fresh }))];
}

function clusterChanges({ before, after }: Pair): readonly SubjectChange[] {
  const subjects = new Map<string, { before?: ClusterSubject; after?: ClusterSubject }>();
  for (const subject of before?.subjects() ?? []) subjects.set(subjectKey(subject), { before: subject });
  for (const subject of after?.subjects() ?? []) {
    const key = subjectKey(subject);
    subjects.set(key, { ...subjects.get(key), after: subject });
  }
  const { name = '', arn = '' } = (after ?? before)?.cluster ?? {};
  const changes: SubjectChange[] = [];
  for (const [key, { before: old, after: fresh }] of subjects) {
    const subject = fresh ?? old;
    if (subject === undefined) continue;
    const of = everybody.has(key) ? 'all' : 'own';
    const change = subjectChange(sideOf(before, old ?? subject), sideOf(after, fresh ?? subject), of);
    if (change !== undefined) changes.push({ cluster: { name, arn }, subject, key, ...change });
  }
  return changes;
}

/** Those who are told what everybody has. */
const everybody: ReadonlySet<string> = new Set([
  'Group:system:authenticated',
  'Group:system:unauthenticated',
]);

interface Side {
  readonly world: ClusterWorld | undefined;
  readonly identities: SubjectIdentities;
}

const noCluster: SubjectIdentities = {
  identities: [],
  refusal: { code: 'noCluster', message: 'there is no such cluster' },
};

/** Somebody whom only the other side names may have access on this side, too: by a pattern, or as one of everybody. */
function sideOf(world: ClusterWorld | undefined, subject: ClusterSubject): Side {
  return { world, identities: world?.identitiesOf(subject) ?? noCluster };
}

function subjectChange(
  before: Side,
  after: Side,
  of: 'all' | 'own',
): Pick<SubjectChange, 'identity' | 'grants' | 'gained' | 'lost'> | undefined {
  const identities = { before: identityOf(before.identities), after: identityOf(after.identities) };
  const identity = sameUsers(identities.before, identities.after) ? undefined : identities;
  const grants = grantChanges(grantsOf(before, of), grantsOf(after, of));
  // Equal grants are equal rights: nothing needs to be compared rule by rule.
  if (grants.length === 0) {
    return identity === undefined ? undefined : { identity, grants, gained: [], lost: [] };
  }
  const held = { before: rightsIn(before, of), after: rightsIn(after, of) };
  const gained = beyond(held.after, held.before);
  const lost = beyond(held.before, held.after);
  if (identity === undefined && gained.length === 0 && lost.length === 0) return undefined;
  return { ...(identity !== undefined && { identity }), grants, gained, lost };
}

function identityOf({ identities, refusal }: SubjectIdentities): Identity {
  const users = identities.map(({ user: { username, groups } }) => ({
    username,
    groups: groups.filter((group) => group !== 'system:authenticated'),
  }));
  return users.length > 0 ? { users } : { users: [], refusal: refusal?.message ?? 'nobody' };
}

/** The same users, whatever the order of their groups; why somebody is nobody does not matter. */
function sameUsers({ users: one }: Identity, { users: other }: Identity): boolean {
  const text = (users: Identity['users']): string =>
    JSON.stringify(users.map(({ username, groups }) => [username, [...groups].sort()]).sort());
  return text(one) === text(other);
}

/** Rules as text by origin as text. */
type Grants = ReadonlyMap<string, { readonly origin: RuleOrigin; readonly rules: string }>;

function grantsOf({ world, identities: { identities } }: Side, of: 'all' | 'own'): Grants {
  const grants = new Map<string, { readonly origin: RuleOrigin; readonly rules: string }>();
  const add = (origin: RuleOrigin, rules: readonly PolicyRule[]): void => {
    if (of === 'own' && isForEverybody(origin)) return;
    grants.set(JSON.stringify(origin), { origin, rules: JSON.stringify(rules) });
  };
  for (const { user } of identities) {
    if (user.groups.includes('system:masters')) add({ by: 'systemMasters' }, []);
    for (const { origin, rules } of world?.authorizer.grantsFor(user) ?? []) add(origin, rules);
  }
  return grants;
}

function grantChanges(before: Grants, after: Grants): readonly GrantChange[] {
  const changes: GrantChange[] = [];
  for (const [key, { origin, rules }] of after) {
    const old = before.get(key);
    if (old === undefined) changes.push({ change: 'added', origin });
    else if (old.rules !== rules) changes.push({ change: 'changed', origin });
  }
  for (const [key, { origin }] of before) {
    if (!after.has(key)) changes.push({ change: 'removed', origin });
  }
  return changes;
}

/** What is compared of permissions. */
type Rights = Pick<Permissions, 'places' | 'rulesIn'>;

const nothing: Rights = { places: [], rulesIn: () => [] };

function rightsIn({ world, identities: { identities } }: Side, of: 'all' | 'own'): Rights {
  return world === undefined ? nothing : permissionsOf(world, identities, { of });
}

/** What one side has and the other has not. */
function beyond(owned: Rights, other: Rights): readonly PlacedRules[] {
  const everywhere = rulesBeyond(owned.rulesIn(''), other.rulesIn(''));
  const usual = JSON.stringify(everywhere);
  const but: string[] = [];
  const places = new Map<
    string,
    { readonly namespaces: string[]; readonly rules: readonly RuleDifference[] }
  >();
  for (const name of namedPlaces(owned, other)) {
    const rules = rulesBeyond(owned.rulesIn(name), other.rulesIn(name));
    const key = JSON.stringify(rules);
    if (key === usual) continue;
    but.push(name);
    if (rules.length === 0) continue;
    const place = places.get(key);
    if (place === undefined) places.set(key, { namespaces: [name], rules });
    else place.namespaces.push(name);
  }
  return [
    ...(everywhere.length === 0 ? [] : [{ where: { everywhere: true, but } as const, rules: everywhere }]),
    ...[...places.values()].map(({ namespaces, rules }) => ({ where: { namespaces }, rules })),
  ];
}

/** Namespaces, and patterns of scopes, in which either side has something of its own. */
function namedPlaces(...sides: readonly Rights[]): ReadonlySet<string> {
  return new Set(
    sides.flatMap(({ places }) => places.flatMap(({ namespaces, patterns }) => [...namespaces, ...patterns])),
  );
}
