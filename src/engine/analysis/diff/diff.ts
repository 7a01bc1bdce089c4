import type { PolicyRule } from '../../rbac/rules.ts';
import type { Gap } from '../snapshot/snapshot.ts';
import { type Rights, rightsOf } from '../whatcan/permissions.ts';
import { type RuleDifference, rulesBeyond } from '../whatcan/rules.ts';
import { gapsOf } from '../whocan/gaps.ts';
import type { ClusterWorld, SubjectIdentities } from '../world/cluster.ts';
import { type ClusterSubject, subjectKey } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import { changedPlaces, type GrantChange, grantChanges, type HeldGrant, heldGrants } from './grantchanges.ts';
import { type WorkloadChange, workloadChanges, sideOf as workloadsOf } from './workloadchanges.ts';

/** Whose access changes from one snapshot to another. Plain data that JSON holds as it is. */
export interface AccessDiff {
  /** One for each subject of a cluster whose access changes, in the order of the clusters and their subjects. */
  readonly changes: readonly SubjectChange[];
  /** One for each service account whose pods get other roles of AWS, in the order of the clusters. */
  readonly workloads: readonly WorkloadChange[];
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
  const [old, fresh] = [workloadsOf(before), workloadsOf(after)];
  return {
    changes: pairs.flatMap((pair) => clusterChanges(pair)),
    workloads: pairs.flatMap((pair) => workloadChanges(old(pair.before), fresh(pair.after))),
    clusters: pairs.flatMap(({ before: old, after: fresh }) => {
      if (old !== undefined && fresh !== undefined) return [];
      const one = old ?? fresh;
      if (one === undefined) return [];
      const { name, arn } = one.cluster;
      return [{ name, arn, in: old === undefined ? ('after' as const) : ('before' as const) }];
    }),
    incomplete: incompleteOf(gapsOfSide(before), gapsOfSide(after)),
  };
}

/** One without clusters may be so because of its gaps. */
function gapsOfSide({ snapshot, clusters }: World): readonly Gap[] {
  if (clusters.length === 0) return snapshot.gaps;
  const isAssociated = ({ area }: Gap): boolean => area === 'podIdentity';
  return [
    ...new Set([
      ...clusters.flatMap(({ cluster }) => gapsOf(snapshot, cluster)),
      ...snapshot.gaps.filter(isAssociated),
    ]),
  ];
}

/** What neither side knows is told once. */
function incompleteOf(before: readonly Gap[], after: readonly Gap[]): readonly Gap[] {
  const textOf = (gap: Gap): string => JSON.stringify(gap);
  const [old, fresh] = [new Set(before.map(textOf)), new Set(after.map(textOf))];
  const told = (gaps: readonly Gap[], side: string): readonly Gap[] =>
    gaps.map((gap) => ({ ...gap, reason: `${side}: ${gap.reason}` }));
  const isIn = (side: ReadonlySet<string>) => (gap: Gap) => side.has(textOf(gap));
  return [
    ...told(before.filter(isIn(fresh)), 'before and after'),
    ...told(
      before.filter((gap) => !isIn(fresh)(gap)),
      'before',
    ),
    ...told(
      after.filter((gap) => !isIn(old)(gap)),
      'after',
    ),
  ];
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
  const grants = grantChanges(grantsIn(before, of), grantsIn(after, of));
  // Equal grants are equal rights: nothing needs to be compared rule by rule.
  if (grants.length === 0) {
    return identity === undefined ? undefined : { identity, grants, gained: [], lost: [] };
  }
  const held = { before: rightsIn(before, of), after: rightsIn(after, of) };
  const names = changedPlaces(grants, held.before, held.after);
  const gained = beyond(held.after, held.before, names);
  const lost = beyond(held.before, held.after, names);
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

function grantsIn({ world, identities: { identities } }: Side, of: 'all' | 'own'): readonly HeldGrant[] {
  return world === undefined ? [] : heldGrants(world, identities, of);
}

const nothing: Rights = { names: [], rulesIn: () => [] };

function rightsIn({ world, identities: { identities } }: Side, of: 'all' | 'own'): Rights {
  if (world === undefined) return nothing;
  const { names, rulesIn } = rightsOf(world, identities, { of });
  // Asked twice: for what is gained and for what is lost.
  const known = new Map<string, readonly PolicyRule[]>();
  return {
    names,
    rulesIn(name) {
      const rules = known.get(name) ?? rulesIn(name);
      known.set(name, rules);
      return rules;
    },
  };
}

/** What one side has in these places and the other has not. */
function beyond(owned: Rights, other: Rights, names: readonly string[]): readonly PlacedRules[] {
  const everywhere = rulesBeyond(owned.rulesIn(''), other.rulesIn(''));
  const usual = JSON.stringify(everywhere);
  const but: string[] = [];
  const places = new Map<
    string,
    { readonly namespaces: string[]; readonly rules: readonly RuleDifference[] }
  >();
  for (const name of names) {
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
