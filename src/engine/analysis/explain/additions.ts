import type { PolicyRule } from '../../rbac/rules.ts';
import { isEverything } from '../accesspolicylint/reach.ts';
import { rightsOf, sampleOf } from '../whatcan/permissions.ts';
import { rulesBeyond } from '../whatcan/rules.ts';
import type { ClusterWorld, SubjectIdentity } from '../world/cluster.ts';
import type { Question } from '../world/question.ts';
import { type ClusterSubject, type KubernetesSubject, subjectKey } from '../world/subject.ts';
import { gains, type PlacedRules, rulesThatCame } from './gains.ts';
import type { Additions } from './proposedchange.ts';
import { exactRule } from './questiontext.ts';

/** Subjects asked and resources told at most: an answer has a bound, too. */
const subjectsAsked = 5_000;
const told = 20;

/** Somebody whom nothing names: what they may, everybody may who has a credential. */
const nobody: KubernetesSubject = { kind: 'User', name: 'entryway:nobody', namespace: '' };

/** The same for every change of one cluster that is thought of: what was there is looked up once. */
export type AdditionsOf = (after: ClusterWorld, identity: SubjectIdentity) => Additions;

/**
 * What the subject, and who else, could do after a change and not before. `identity` is who of those the subject can be is
 * allowed the request then. What everybody may who has a credential is no addition for somebody who has one.
 *
 * INVARIANT: compared is what rules mean, not how they are written: where it names nothing, no request whatever is allowed
 * to anybody beside the one that was asked for.
 */
export function createAdditions(
  before: ClusterWorld,
  subject: ClusterSubject,
  question: Question,
): AdditionsOf {
  const key = subjectKey(subject);
  const identities = [
    ...before.identitiesOf(subject).identities,
    ...(withoutCredential.has(key) ? [] : before.identitiesOf(nobody).identities),
  ];
  const { rulesIn } = rightsOf(before, identities);
  const known = new Map<string, readonly PolicyRule[]>();
  const had = (namespace: string): readonly PolicyRule[] => {
    const rules = known.get(namespace) ?? rulesIn(namespace);
    known.set(namespace, rules);
    return rules;
  };
  return (after, identity) => {
    // Of a role whose name depends on its session: all it can be, not only the one that was looked for.
    const now = [identity, ...after.identitiesOf(subject).identities];
    const came = rulesThatCame({ world: before, identities }, { world: after, identities: now });
    const gained = gainedOf(came, had, question);
    const counted = gained.filter(({ rule }) => !isEverything(rule));
    const all = after.subjects();
    const gaining = all.slice(0, subjectsAsked).filter(
      (other) =>
        subjectKey(other) !== key &&
        // Its own user or group, by which it was bound.
        !(other.kind === 'User' && other.name === identity.user.username) &&
        !(other.kind === 'Group' && isOwnGroup(before, other.name)) &&
        gains(before, after, other),
    );
    const others = [...new Set([...gaining.map(subjectKey), ...awakened(before, after, key)])];
    return {
      everything: counted.length < gained.length,
      pairs: counted.reduce((sum, { rule }) => sum + pairsOf(rule), 0),
      also: counted
        .flatMap(linesOf)
        .sort((one, other) => rank(one.resource) - rank(other.resource))
        .slice(0, told),
      others: others.slice(0, told),
      otherCount: others.length,
      othersKnown: all.length <= subjectsAsked,
    };
  };
}

/** What everybody may who has a credential is much to give to whoever has none. */
const withoutCredential: ReadonlySet<string> = new Set([
  'User:system:anonymous',
  'Group:system:unauthenticated',
]);

/** A group nobody knew before: made for the subject. */
function isOwnGroup({ cluster, bound }: ClusterWorld, name: string): boolean {
  const { accessEntries, awsAuth } = cluster;
  return (
    !bound.groups.has(name) &&
    !accessEntries.some(({ kubernetesGroups }) => kubernetesGroups.includes(name)) &&
    !(
      awsAuth !== undefined &&
      [...awsAuth.roles, ...awsAuth.users].some(({ groups }) => groups.includes(name))
    )
  );
}

/** Entries that begin to count with the mode, whatever they give and to however many. */
function awakened(before: ClusterWorld, after: ClusterWorld, subjectsKey: string): readonly string[] {
  if (before.cluster.authenticationMode === after.cluster.authenticationMode) return [];
  return before.cluster.accessEntries
    .map(({ principalArn }) => `iam:${principalArn}`)
    .filter((key) => key !== subjectsKey);
}

/** A rule somebody has and had not, where it holds. */
interface Gained {
  readonly place: string;
  readonly rule: PolicyRule;
}

/** Place by place; what holds everywhere is told of no place again. */
function gainedOf(
  came: readonly PlacedRules[],
  had: (namespace: string) => readonly PolicyRule[],
  question: Question,
): readonly Gained[] {
  const asked = exactRule(question);
  const askedIn = question.kind === 'resource' ? question.namespace : '';
  const rulesOf = (place: string): readonly PolicyRule[] =>
    came.filter((one) => one.place === place).flatMap(({ rules }) => rules);
  return [...new Set(['', ...came.map(({ place }) => place)])].flatMap((place) => {
    // Who asks for everything is told that it is everything.
    const isAsked = (askedIn === '' || askedIn === place) && !isEverything(asked);
    const known = [
      ...had(sampleOf(place)),
      ...(isAsked ? [asked] : []),
      ...(place === '' ? [] : rulesOf('')),
    ];
    return rulesBeyond(rulesOf(place), known).map(({ rule }) => ({ place, rule }));
  });
}

/** Pairs of verb and resource, each object that is named for itself; a star counts as very many. */
function pairsOf({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule): number {
  const count = (list: readonly string[]): number =>
    list.reduce((sum, one) => sum + (one.includes('*') ? 1_000 : 1), 0);
  const objects = count(apiGroups) * count(resources) * Math.max(1, resourceNames.length);
  return count(verbs) * (objects + count(nonResourceURLs));
}

/** As `told` shows them, and no more than that of one rule, however many it names. */
function linesOf({ place: namespace, rule }: Gained): Additions['also'] {
  const { verbs, apiGroups, nonResourceURLs } = rule;
  const lines: Additions['also'][number][] = [];
  const add = (apiGroup: string, resource: string, resourceNames: readonly string[]): void => {
    if (lines.length < told) lines.push({ namespace, apiGroup, resource, verbs, resourceNames });
  };
  const resources = [...rule.resources].sort((one, other) => rank(one) - rank(other)).slice(0, told);
  const names =
    rule.resourceNames.length === 0 ? [[]] : rule.resourceNames.slice(0, told).map((name) => [name]);
  for (const resource of resources) {
    for (const group of apiGroups.slice(0, told)) for (const named of names) add(group, resource, named);
  }
  // Without its slash the path of all paths would be read as all resources.
  for (const url of nonResourceURLs.slice(0, told)) add('', url === '*' ? '/*' : url, []);
  return lines;
}

/** What a reader must not miss stands first. */
function rank(resource: string): number {
  const at = telling.indexOf(resource);
  return at < 0 ? telling.length : at;
}

const telling = [
  'secrets',
  'pods/exec',
  'serviceaccounts/token',
  'clusterrolebindings',
  'clusterroles',
  'rolebindings',
  'roles',
  'serviceaccounts',
  'nodes/proxy',
  'pods',
];
