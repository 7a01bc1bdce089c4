import type { UserInfo } from '../../authorizer/attributes.ts';
import { type Authorizer, createAuthorizer } from '../../authorizer/authorizer.ts';
import type { Decision } from '../../authorizer/decision.ts';
import type { Principal } from '../../iam/principal.ts';
import { createAwsAuthIndex } from '../../identity/awsauth.ts';
import { blockTargetsOf } from '../../identity/blocks.ts';
import { createEntryIndex } from '../../identity/entries.ts';
import { type MappedIdentity, resolveIdentity } from '../../identity/resolve.ts';
import { canonicalArnOf } from '../../identity/userinfo.ts';
import { subjectIdentity } from '../../rbac/subjects.ts';
import type { Gap, Snapshot, SnapshotAccessEntry, SnapshotCluster } from '../snapshot/snapshot.ts';
import { type Associations, associationsOf } from './associations.ts';
import { principalOf } from './callers.ts';
import { iamSubjectsOf } from './iamsubjects.ts';
import { mayHoldKey } from './keys.ts';
import { pinsOf } from './pins.ts';
import { createPrefixIndex } from './prefixes.ts';
import type { Principals } from './principals.ts';
import { attributesOf, type Question } from './question.ts';
import {
  anyInstance,
  anySession,
  dependsOnSession,
  dependsOnSessionName,
  type SessionWish,
  sessionWishes,
} from './sessions.ts';
import { type ClusterSubject, type IamSubject, type KubernetesSubject, subjectKey } from './subject.ts';

/** One cluster of a snapshot, ready to be asked. */
export interface ClusterWorld {
  readonly cluster: SnapshotCluster;
  /** The decider, with everything of the cluster in it: `roleRules` and the like. Ask, never apply. */
  readonly authorizer: Authorizer;
  /** `NAMESPACE/NAME` of the service accounts there are; undefined where these, or some of them, are not known. */
  readonly serviceAccounts: ReadonlySet<string> | undefined;
  readonly associations: Associations;
  /** Names that bindings name. */
  readonly bound: { readonly users: ReadonlySet<string>; readonly groups: ReadonlySet<string> };
  /**
   * Everybody about whom an answer can be given, each once: IAM principals of the snapshot and those named here, service
   * accounts, users and groups that bindings name.
   */
  subjects(): readonly ClusterSubject[];
  /** Whether all users and roles of the account were read: whoever is not among the subjects does not exist. */
  isRead(accountId: string): boolean;
  /** Who the subject is in this cluster. */
  identitiesOf(subject: ClusterSubject): SubjectIdentities;
  /** The sessions that `identitiesOf` looks at; one that stands for all where what the subject is does not depend on it. */
  sessionsOf(subject: IamSubject): readonly SessionWish[];
  /** Who the subject is in this very session; undefined for nobody. */
  identityIn(subject: IamSubject, session: SessionWish): SubjectIdentity | undefined;
  /** The same, with why it is nobody. */
  identitiesIn(subject: IamSubject, session: SessionWish): SubjectIdentities;
  /** The entry a principal is mapped by, whatever its type; undefined for no such entry. */
  entry(principalArn: string): SnapshotAccessEntry | undefined;
  /** Whether the subject may, as any of its identities; the first that may decides, else the first refusal. */
  can(subject: ClusterSubject, question: Question): SubjectDecision;
}

/**
 * The Kubernetes users a subject can be. A role whose mapping uses the session's name can be several; the first stands for
 * any session (`sessions.ts`). Empty: nobody, because of `refusal`.
 */
export interface SubjectIdentities {
  readonly identities: readonly SubjectIdentity[];
  readonly refusal?: { readonly code: string; readonly message: string; readonly hint?: string };
}

export interface SubjectIdentity {
  readonly user: UserInfo;
  /** How an IAM principal comes to be this user. */
  readonly mapped?: MappedIdentity;
  /** The session name it takes, where the mapping depends on it; `SESSION` for any. */
  readonly sessionName?: string;
  /** The key it signs with, where the mapping makes that part of a name that is bound. */
  readonly accessKeyId?: string;
}

export type SubjectDecision =
  | { readonly allowed: true; readonly identity: SubjectIdentity; readonly decision: Decision }
  | {
      readonly allowed: false;
      /** Absent: the subject is nobody here. */
      readonly identity?: SubjectIdentity;
      readonly decision?: Decision;
      readonly refusal?: SubjectIdentities['refusal'];
    };

/** As `resolveIdentity` answers, or that the subject is blocked. */
type Resolved =
  | MappedIdentity
  | { readonly ok: false; readonly code: string; readonly message: string; readonly hint?: string };

export function createClusterWorld(
  cluster: SnapshotCluster,
  {
    snapshot,
    now,
    principals,
  }: { readonly snapshot: Snapshot; readonly now: number; readonly principals: Principals },
): ClusterWorld {
  const authorizer = createAuthorizer({ partition: snapshot.partition, now: () => now });
  authorizer.useEntries(cluster.authenticationMode !== 'CONFIG_MAP');
  const entries = createEntryIndex();
  const entryByArn = new Map(cluster.accessEntries.map((entry) => [entry.principalArn, entry]));
  const pins = pinsOf(cluster, principals);
  for (const entry of cluster.accessEntries) {
    const principalId = pins.get(entry.principalArn) ?? '';
    entries.apply({ ...entry, principalId });
    authorizer.applyEntry({ ...entry, principalId });
  }
  for (const { arn, name, version, rules } of principals.account(cluster.accountId)?.accessPolicies ?? []) {
    authorizer.applyPolicy({ policyArn: arn, name, version, rules });
  }
  const bound = { users: new Set<string>(), groups: new Set<string>() };
  for (const object of cluster.rbac) {
    authorizer.applyObject(object);
    if (object.kind === 'ClusterRole' || object.kind === 'Role') continue;
    for (const subject of object.subjects) {
      const identity = subjectIdentity(subject, object.kind === 'RoleBinding' ? object.namespace : '');
      if (identity !== undefined) bound[identity.is === 'user' ? 'users' : 'groups'].add(identity.name);
    }
  }
  // Nobody needs to bind this one for it to count.
  const groupsThatCount = new Set([...bound.groups, 'system:masters']);
  const boundByPrefix = {
    users: createPrefixIndex(bound.users),
    groups: createPrefixIndex(groupsThatCount),
  };
  const awsAuth = createAwsAuthIndex(cluster.awsAuth ?? { roles: [], users: [], accounts: [] }, {
    ssoRoleMatch: cluster.ssoRoleMatch === true,
  });
  const blocks = new Set(
    snapshot.blocks
      .filter(({ until }) => until === undefined || now < until)
      .map(({ kind, target }) => `${kind} ${target}`),
  );
  const isBlocked = (principal: Principal, { sessionName, accessKeyId }: SessionWish): boolean =>
    blocks.size > 0 &&
    blockTargetsOf(principal).some(
      ({ kind, target }) =>
        // A block of one key leaves the principal its others, and one of a session other names; a federated user has one.
        (kind !== 'accessKey' || accessKeyId !== undefined) &&
        (kind !== 'session' || sessionName !== anySession || principal.kind === 'federatedUser') &&
        blocks.has(`${kind} ${target}`),
    );

  const resolve = (subject: IamSubject, wish: SessionWish): Resolved => {
    const principal = principalOf(subject, snapshot.partition, wish.sessionName, wish.accessKeyId);
    if (isBlocked(principal, wish)) {
      return {
        ok: false,
        code: 'blocked',
        message: `\`${subject.arn}\` is on the block list`,
        hint: 'take it off with `entryway block remove`',
      } as const;
    }
    return resolveIdentity(principal, {
      authenticationMode: cluster.authenticationMode,
      entries,
      awsAuth,
      hiddenAdminPrincipalId: cluster.hiddenAdminPrincipalId,
      breakGlass: cluster.breakGlass,
      privateDnsName: () => wish.privateDnsName,
    });
  };

  /** The templates that map the subject; undefined where what it is does not depend on the session. */
  const templatesOf = (subject: IamSubject, mappedBy: MappedIdentity['mappedBy'] | undefined) => {
    const entry = mappedBy?.source === 'accessEntry' ? entryByArn.get(mappedBy.arn) : undefined;
    const item =
      mappedBy?.source === 'awsAuth'
        ? awsAuth.find(canonicalArnOf(principalOf(subject, snapshot.partition, anySession)))
        : undefined;
    const templates =
      entry === undefined
        ? item && { username: item.username, groups: item.groups }
        : { username: entry.username, groups: entry.kubernetesGroups };
    if (templates === undefined || !dependsOnSession([templates.username, ...templates.groups]))
      return undefined;
    // What does not depend on the session is filled in, so that what is left can be compared with bound names.
    const filled = (template: string): string => template.replaceAll('{{AccountID}}', subject.accountId);
    return { username: filled(templates.username), groups: templates.groups.map(filled) };
  };

  /** An instance's name is a node's; any session of the form is as good as another to find the mapping. */
  const anyIdentity = (subject: IamSubject): { readonly first: Resolved; readonly in: SessionWish } => {
    const plain = { sessionName: anySession };
    const first = resolve(subject, plain);
    return first.ok || first.code !== 'noInstanceId'
      ? { first, in: plain }
      : { first: resolve(subject, anyInstance), in: anyInstance };
  };

  const iamIdentities = (subject: IamSubject): SubjectIdentities => {
    if (subject.standing === 'missing') return { identities: [], refusal: missing(subject) };
    const { first } = anyIdentity(subject);
    if (!first.ok) return { identities: [], refusal: refusalOf(first) };
    const wishes = wishesOf(subject, first);
    if (wishes === undefined) return { identities: [{ user: authenticated(first.user), mapped: first }] };
    const identities = distinct(wishes.flatMap((wish) => identityIn(subject, wish) ?? []));
    const templates = templatesOf(subject, first.mappedBy);
    // Where the key alone makes the difference, no name of a session does.
    return templates === undefined || dependsOnSessionName([templates.username, ...templates.groups])
      ? { identities }
      : { identities: identities.map(({ sessionName: _any, ...identity }) => identity) };
  };

  const sharedWishes = new Map<string, readonly SessionWish[]>();
  /** Undefined where what the subject is does not depend on its session. */
  const wishesOf = (subject: IamSubject, first: MappedIdentity): readonly SessionWish[] | undefined => {
    const templates = templatesOf(subject, first.mappedBy);
    if (templates === undefined) return undefined;
    const key = JSON.stringify(templates);
    const shared = sharedWishes.get(key);
    if (shared !== undefined) return shared;
    const wishes = sessionWishes(templates, boundByPrefix, mayHoldKey(subject, principals));
    // Whose a key can be is each one's own. All else is the same for all who have the templates, and may be much.
    if (wishes.length > 1 && !key.includes('{{AccessKeyID}}')) sharedWishes.set(key, wishes);
    return wishes;
  };

  const identitiesIn = (subject: IamSubject, session: SessionWish): SubjectIdentities => {
    if (subject.standing === 'missing') return { identities: [], refusal: missing(subject) };
    const mapped = resolve(subject, session);
    if (!mapped.ok) return { identities: [], refusal: refusalOf(mapped) };
    const { sessionName, accessKeyId } = session;
    const user = authenticated(mapped.user);
    return { identities: [{ user, mapped, sessionName, ...(accessKeyId !== undefined && { accessKeyId }) }] };
  };
  const identityIn = (subject: IamSubject, session: SessionWish): SubjectIdentity | undefined =>
    identitiesIn(subject, session).identities[0];

  // By the very value: keys of thousands of subjects cost more than who they are.
  const remembered = new WeakMap<ClusterSubject, SubjectIdentities>();
  // Most principals are nobody in most clusters, and to keep the reasons would fill the memory.
  const nobodies = new WeakSet<ClusterSubject>();
  const identitiesOf = (subject: ClusterSubject): SubjectIdentities => {
    if (subject.kind === 'iam' && nobodies.has(subject)) return nobody(() => iamIdentities(subject).refusal);
    let found = remembered.get(subject);
    if (found === undefined) {
      found = subject.kind === 'iam' ? iamIdentities(subject) : { identities: [{ user: userOf(subject) }] };
      if (found.identities.length > 0) remembered.set(subject, found);
      else nobodies.add(subject);
    }
    return found;
  };

  let subjects: readonly ClusterSubject[] | undefined;
  return {
    cluster,
    serviceAccounts: allServiceAccounts(cluster, snapshot.gaps),
    associations: associationsOf(cluster, snapshot.gaps),
    authorizer,
    bound,
    subjects() {
      subjects ??= [
        ...iamSubjectsOf({
          ...{ cluster, principals, pins },
          ...{ partition: snapshot.partition, boundUsers: bound.users },
        }),
        ...kubernetesSubjectsOf(cluster, bound),
      ];
      return subjects;
    },
    isRead: principals.isRead,
    identitiesOf,
    sessionsOf(subject) {
      const { first, in: session } = anyIdentity(subject);
      return (first.ok ? wishesOf(subject, first) : undefined) ?? [session];
    },
    identityIn,
    identitiesIn,
    entry: (principalArn) => entryByArn.get(principalArn),
    can(subject, question) {
      const { identities, refusal } = identitiesOf(subject);
      let refused: { readonly identity: SubjectIdentity; readonly decision: Decision } | undefined;
      for (const identity of identities) {
        const decision = authorizer.authorize(attributesOf(question, identity.user));
        if (decision.decision === 'allow') return { allowed: true, identity, decision };
        refused ??= { identity, decision };
      }
      return { allowed: false, ...refused, ...(refusal && { refusal }) };
    },
  };
}

/** Why is only found out when it is asked. */
function nobody(why: () => Refusal | undefined): SubjectIdentities {
  return Object.defineProperty({ identities: [] }, 'refusal', { get: why, enumerable: true });
}

type Refusal = NonNullable<SubjectIdentities['refusal']>;

function missing({ arn }: IamSubject): Refusal {
  return {
    code: 'missingPrincipal',
    message: `\`${arn}\` does not exist`,
    hint: 'look at the spelling; if it was deleted, delete what maps it too: whoever creates one of this name later is somebody else',
  };
}

function refusalOf({ code, message, hint }: Extract<Resolved, { readonly ok: false }>): Refusal {
  return { code, message, ...(hint !== undefined && { hint }) };
}

/** Names of sessions that come to the same user are one way to be it. */
function distinct(identities: readonly SubjectIdentity[]): readonly SubjectIdentity[] {
  if (identities.length < 2) return identities;
  const known = new Set<string>();
  return identities.filter(({ user: { username, groups } }) => {
    const key = JSON.stringify([username, groups]);
    return !known.has(key) && known.add(key);
  });
}

/** The group every request has that carries a credential (kubernetes-facts C). */
function authenticated(user: UserInfo): UserInfo {
  return { ...user, groups: [...user.groups, 'system:authenticated'] };
}

const serviceAccountName = /^system:serviceaccount:([^:]+):([^:]+)$/;

/**
 * The user a subject is. A group is one of whom nothing else is known: not even that it is authenticated, so that what
 * everybody may is not told of every group.
 */
function userOf(subject: KubernetesSubject): UserInfo {
  const plain = { uid: '', extra: {} };
  switch (subject.kind) {
    case 'Group':
      return { ...plain, username: '', groups: [subject.name] };
    case 'User':
      return {
        ...plain,
        username: subject.name,
        groups: [subject.name === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated'],
      };
    case 'ServiceAccount':
      return {
        ...plain,
        username: `system:serviceaccount:${subject.namespace}:${subject.name}`,
        groups: [
          'system:serviceaccounts',
          `system:serviceaccounts:${subject.namespace}`,
          'system:authenticated',
        ],
      };
    default:
      return subject.kind satisfies never;
  }
}

function allServiceAccounts(
  { arn, serviceAccounts }: SnapshotCluster,
  gaps: readonly Gap[],
): ReadonlySet<string> | undefined {
  const areSome = gaps.some(
    ({ area, clusterArn }) => area === 'serviceAccounts' && (clusterArn === undefined || clusterArn === arn),
  );
  return areSome
    ? undefined
    : serviceAccounts && new Set(serviceAccounts.map(({ namespace, name }) => `${namespace}/${name}`));
}

/** Service accounts that exist or are bound, then users, then groups. */
function kubernetesSubjectsOf(
  { serviceAccounts = [] }: SnapshotCluster,
  bound: ClusterWorld['bound'],
): readonly KubernetesSubject[] {
  const accounts = new Map<string, KubernetesSubject>();
  const users: KubernetesSubject[] = [];
  const addAccount = (namespace: string, name: string): void => {
    const subject = { kind: 'ServiceAccount', namespace, name } as const;
    accounts.set(subjectKey(subject), subject);
  };
  for (const { namespace, name } of serviceAccounts) addAccount(namespace, name);
  for (const name of bound.users) {
    const [, namespace, account] = serviceAccountName.exec(name) ?? [];
    if (namespace !== undefined && account !== undefined) addAccount(namespace, account);
    else users.push({ kind: 'User', namespace: '', name });
  }
  // Whoever sends no credential, and those two groups of everybody, are there without a binding.
  const groups = new Set([
    ...bound.groups,
    'system:masters',
    'system:authenticated',
    'system:unauthenticated',
  ]);
  if (!bound.users.has('system:anonymous'))
    users.push({ kind: 'User', namespace: '', name: 'system:anonymous' });
  return [
    ...accounts.values(),
    ...users,
    ...[...groups].map((name) => ({ kind: 'Group', namespace: '', name }) as const),
  ];
}
