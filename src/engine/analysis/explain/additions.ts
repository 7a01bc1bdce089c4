import { findAccessPolicy } from '../../accesspolicies/catalogue.ts';
import { compileScope } from '../../accesspolicies/scope.ts';
import type { ClusterRole, Role } from '../../rbac/objects.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import { subjectIdentity } from '../../rbac/subjects.ts';
import { isEverything } from '../accesspolicylint/reach.ts';
import type { ClusterWorld, SubjectIdentity } from '../world/cluster.ts';
import type { Principals } from '../world/principals.ts';
import type { Question } from '../world/question.ts';
import { type ClusterSubject, type KubernetesSubject, subjectKey } from '../world/subject.ts';
import type { Edit } from './edits.ts';
import type { Additions } from './proposedchange.ts';
import { breadth, exactRule } from './questiontext.ts';

/** A cluster with the accounts its policies are of. */
export interface Asked {
  readonly cluster: ClusterWorld;
  readonly principals: Principals;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Namespaces looked into, subjects asked and resources told at most: an answer has a bound, too. */
const namespacesLooked = 200;
const subjectsAsked = 5_000;
const identitiesLooked = 50;
const told = 20;

/** Somebody whom nothing names: what they may, everybody may. */
const nobody: KubernetesSubject = { kind: 'User', name: 'entryway:nobody', namespace: '' };

/**
 * What the subject, and who else, could do after a change and not before. The rules of the subject are taken apart into
 * pairs of verb and resource, and each is asked of the cluster as it was; others are asked the question
 * itself, and what a role that they may have comes to give.
 */
export function additionsOf(
  before: Asked,
  after: Asked,
  subject: ClusterSubject,
  question: Question,
  identity: SubjectIdentity,
  edits: readonly Edit[],
): Additions {
  const questions = questionsOf(after, edits, question);
  const gained = gainedPieces(before, after, subject, question, identity);
  const pairs = gained.pieces.reduce((sum, { size }) => sum + size, 0);
  const all = after.cluster.subjects();
  const gaining = all.slice(0, subjectsAsked).filter(
    (other) =>
      subjectKey(other) !== subjectKey(subject) &&
      // Its own user or group, by which it was bound.
      !(other.kind === 'User' && other.name === identity.user.username) &&
      !(other.kind === 'Group' && isOwnGroup(before, other.name)) &&
      gains(before.cluster, after.cluster, other, questions),
  );
  const others = [
    ...new Set([...gaining.map(subjectKey), ...awakened(before.cluster, after.cluster, subject)]),
  ];
  return {
    everything: gained.everything,
    pairs,
    also: joined(gained.pieces).slice(0, told),
    others: others.slice(0, told),
    otherCount: others.length,
    othersKnown: all.length <= subjectsAsked,
  };
}

/** A group nobody knew before: made for the subject. */
function isOwnGroup({ cluster }: Asked, name: string): boolean {
  const { accessEntries, awsAuth } = cluster.cluster;
  return (
    !cluster.bound.groups.has(name) &&
    !accessEntries.some(({ kubernetesGroups }) => kubernetesGroups.includes(name)) &&
    !(
      awsAuth !== undefined &&
      [...awsAuth.roles, ...awsAuth.users].some(({ groups }) => groups.includes(name))
    )
  );
}

/** Whether somebody may one of these, or is somebody, who was not before. */
function gains(
  before: ClusterWorld,
  after: ClusterWorld,
  other: ClusterSubject,
  questions: readonly Question[],
): boolean {
  if (questions.some((one) => after.can(other, one).allowed && !before.can(other, one).allowed)) return true;
  return (
    after.identitiesOf(other).identities.length > 0 && before.identitiesOf(other).identities.length === 0
  );
}

/** Entries that begin to count with the mode, whatever they give and to however many. */
function awakened(before: ClusterWorld, after: ClusterWorld, subject: ClusterSubject): readonly string[] {
  if (before.cluster.authenticationMode === after.cluster.authenticationMode) return [];
  return before.cluster.accessEntries
    .map(({ principalArn }) => `iam:${principalArn}`)
    .filter((key) => key !== subjectKey(subject));
}

/** Requests asked of everybody at most. */
const questionsAsked = 50;

/** The request itself, and what a changed or missing role gives wherever it is bound: others may be bound to it. */
function questionsOf({ cluster }: Asked, edits: readonly Edit[], question: Question): readonly Question[] {
  const found = edits.flatMap((edit): readonly Question[] => {
    const role = editedRole(edit, cluster);
    if (role === undefined) return [];
    const namespaces = cluster.cluster.rbac.flatMap((object) => {
      if (object.kind !== 'RoleBinding' && object.kind !== 'ClusterRoleBinding') return [];
      const namespace = object.kind === 'RoleBinding' ? object.namespace : '';
      const isBound =
        object.roleRef.kind === role.kind &&
        object.roleRef.name === role.name &&
        (role.kind === 'ClusterRole' || namespace === role.namespace);
      return isBound ? [namespace] : [];
    });
    const pieces = role.rules.flatMap(breakDown);
    return [...new Set(namespaces)].flatMap((namespace) =>
      pieces.flatMap((piece) => literalQuestion(piece, namespace) ?? []),
    );
  });
  return [question, ...found].slice(0, questionsAsked);
}

interface EditedRole {
  readonly kind: 'Role' | 'ClusterRole';
  readonly namespace: string;
  readonly name: string;
  readonly rules: readonly PolicyRule[];
}

/** A role with what an edit puts into it. */
function editedRole(edit: Edit, { cluster }: ClusterWorld): EditedRole | undefined {
  if (edit.edit === 'createRole') {
    const { role } = edit;
    return {
      kind: role.kind,
      namespace: role.kind === 'Role' ? role.namespace : '',
      name: role.name,
      rules: role.rules,
    };
  }
  if (edit.edit !== 'addToRule') return undefined;
  const { kind, namespace, name, member, value } = edit;
  const role = cluster.rbac.find(
    (object): object is Role | ClusterRole =>
      object.kind === kind &&
      object.name === name &&
      (object.kind !== 'Role' || object.namespace === namespace),
  );
  const rule = role?.rules[edit.rule];
  return rule && { kind, namespace, name, rules: [{ ...rule, [member]: [value] }] };
}

interface Piece {
  readonly namespace: string;
  readonly rule: PolicyRule;
  /** 1, or more for one with stars. */
  readonly size: number;
}

function gainedPieces(
  before: Asked,
  after: Asked,
  subject: ClusterSubject,
  question: Question,
  identity: SubjectIdentity,
): { readonly everything: boolean; readonly pieces: readonly Piece[] } {
  const asked = pieceKey(exactRule(question));
  const askedIn = question.kind === 'resource' ? question.namespace : '';
  const everywhere = new Set<string>();
  const pieces: Piece[] = [];
  let everything = false;
  // Of a role whose name depends on its session: all it can be, not only the one that was looked for.
  const identities = [identity, ...after.cluster.identitiesOf(subject).identities.slice(0, identitiesLooked)];
  for (const namespace of namespacesOf(after, identities, askedIn)) {
    const known = [
      ...before.cluster.identitiesOf(subject).identities,
      ...before.cluster.identitiesOf(nobody).identities,
    ];
    const had = new Set(rulesIn(before, known, namespace).flatMap(keysOf));
    const seen = new Set<string>();
    for (const rule of rulesIn(after, identities, namespace)) {
      if (isEverything(rule)) {
        everything ||= !had.has(pieceKey(rule));
        continue;
      }
      for (const piece of breakDown(rule)) {
        const key = pieceKey(piece);
        if (seen.has(key) || had.has(key) || everywhere.has(key)) continue;
        seen.add(key);
        if (namespace === '') everywhere.add(key);
        if (key === asked && namespace === askedIn) continue;
        const concrete = questionOf(piece, namespace);
        const isKnown =
          concrete !== undefined &&
          (before.cluster.can(subject, concrete).allowed || before.cluster.can(nobody, concrete).allowed);
        if (!isKnown) pieces.push({ namespace, rule: piece, size: Math.ceil(breadth([piece])) });
      }
    }
  }
  return { everything, pieces };
}

/** '' first; then where the request is, and wherever else the subject has something. */
function namespacesOf(
  { cluster }: Asked,
  identities: readonly SubjectIdentity[],
  askedIn: string,
): readonly string[] {
  const names = new Set(['', askedIn]);
  const groups = new Set(identities.flatMap(({ user }) => user.groups));
  const users = new Set(identities.map(({ user }) => user.username));
  for (const { mapped } of identities) {
    const entry = mapped?.mappedBy.source === 'accessEntry' ? cluster.entry(mapped.mappedBy.arn) : undefined;
    // A pattern fits itself, and stands for those it fits.
    for (const { accessScope } of entry?.associatedPolicies ?? []) {
      for (const namespace of accessScope.namespaces) names.add(namespace);
    }
  }
  for (const object of cluster.cluster.rbac) {
    if (names.size >= namespacesLooked) break;
    if (object.kind !== 'RoleBinding') continue;
    const isOwn = object.subjects.some((subject) => {
      const bound = subjectIdentity(subject, object.namespace);
      return bound !== undefined && (bound.is === 'user' ? users : groups).has(bound.name);
    });
    if (isOwn) names.add(object.namespace);
  }
  return [...names];
}

/** What its bindings and its policies give there. */
function rulesIn(
  { cluster, principals, now }: Asked,
  identities: readonly SubjectIdentity[],
  namespace: string,
): readonly PolicyRule[] {
  return identities.flatMap(({ user, mapped }) => {
    const rules = [...cluster.authorizer.rbacRulesFor(user, namespace).rules];
    if (mapped?.mappedBy.source !== 'accessEntry' || cluster.cluster.authenticationMode === 'CONFIG_MAP')
      return rules;
    const account = principals.account(cluster.cluster.accountId);
    for (const { policyArn, accessScope, expiresAt } of cluster.entry(mapped.mappedBy.arn)
      ?.associatedPolicies ?? []) {
      if (!compileScope(accessScope)(namespace) || (expiresAt !== undefined && !(now < expiresAt))) continue;
      const partition = cluster.cluster.arn.split(':')[1] ?? 'aws';
      const stock = findAccessPolicy(policyArn, partition)?.rules?.filter(
        ({ namesUnpublished }) => !namesUnpublished,
      );
      rules.push(...(stock ?? account?.accessPolicies.find(({ arn }) => arn === policyArn)?.rules ?? []));
    }
    return rules;
  });
}

function breakDown(rule: PolicyRule): readonly PolicyRule[] {
  const none = { apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] };
  const names = rule.resourceNames.length === 0 ? [[]] : rule.resourceNames.map((name) => [name]);
  return [
    ...rule.apiGroups.flatMap((group) =>
      rule.resources.flatMap((resource) =>
        rule.verbs.flatMap((verb) =>
          names.map((resourceNames) => ({
            ...none,
            ...{ verbs: [verb], apiGroups: [group], resources: [resource], resourceNames },
          })),
        ),
      ),
    ),
    ...rule.nonResourceURLs.flatMap((url) =>
      rule.verbs.map((verb) => ({ ...none, verbs: [verb], nonResourceURLs: [url] })),
    ),
  ];
}

function keysOf(rule: PolicyRule): readonly string[] {
  return isEverything(rule) ? [pieceKey(rule)] : breakDown(rule).map(pieceKey);
}

function pieceKey({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule): string {
  return JSON.stringify([verbs, apiGroups, resources, resourceNames, nonResourceURLs]);
}

/** The one request a piece allows; undefined where it is more than one. */
function questionOf(piece: PolicyRule, namespace: string): Question | undefined {
  const { verbs, apiGroups, resources, nonResourceURLs } = piece;
  const isOne = ![...verbs, ...apiGroups, ...resources, ...nonResourceURLs].some((text) =>
    text.includes('*'),
  );
  return isOne ? literalQuestion(piece, namespace) : undefined;
}

/** The request a piece spells, whose stars only stars allow. */
function literalQuestion(
  {
    verbs: [verb = ''],
    apiGroups: [apiGroup],
    resources: [target],
    resourceNames,
    nonResourceURLs: [path],
  }: PolicyRule,
  namespace: string,
): Question | undefined {
  if (path !== undefined) return { kind: 'nonResource', verb, path };
  if (apiGroup === undefined || target === undefined) return undefined;
  const [resource = '', subresource = ''] = target.split('/');
  const [name = ''] = resourceNames;
  return { kind: 'resource', verb, apiGroup, resource, subresource, namespace, name };
}

/** Pieces that differ in the verb alone, as one. */
function joined(pieces: readonly Piece[]): Additions['also'] {
  const found = new Map<string, { readonly first: Piece; readonly verbs: string[] }>();
  for (const piece of pieces) {
    const key = JSON.stringify([piece.namespace, pieceKey({ ...piece.rule, verbs: [] })]);
    const known = found.get(key);
    if (known === undefined) found.set(key, { first: piece, verbs: [...piece.rule.verbs] });
    else known.verbs.push(...piece.rule.verbs);
  }
  const first = [...found.values()].sort((one, other) => rank(one.first.rule) - rank(other.first.rule));
  return first.map(({ first: { namespace, rule }, verbs }) => ({
    namespace,
    apiGroup: rule.apiGroups[0] ?? '',
    resource: rule.resources[0] ?? rule.nonResourceURLs[0] ?? '',
    verbs,
    resourceNames: rule.resourceNames,
  }));
}

/** What a reader must not miss stands first. */
function rank({ resources: [resource = ''] }: PolicyRule): number {
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
