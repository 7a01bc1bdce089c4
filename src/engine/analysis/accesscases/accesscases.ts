import type { NearMiss } from '../../authorizer/decision.ts';
import { decideIn, identitiesAs } from '../explain/session.ts';
import type { Gap, Place } from '../snapshot/snapshot.ts';
import { gapsOf } from '../whocan/gaps.ts';
import { whoCan } from '../whocan/whocan.ts';
import type { ClusterWorld, SubjectDecision } from '../world/cluster.ts';
import type { Question } from '../world/question.ts';
import { type ClusterSubject, subjectKey } from '../world/subject.ts';
import type { World } from '../world/world.ts';

/**
 * One assertion about one cluster. Where the question names no namespace although its resource is in them
 * (`anyNamespace`), it is read so that it is the harder to meet: who can, can in all of them at once; who cannot, can in none.
 */
export type AccessCase = {
  readonly name: string;
  readonly cluster: ClusterWorld;
  readonly place?: Place;
} & (
  | {
      readonly kind: 'can' | 'cannot';
      readonly subject: ClusterSubject;
      /** Of a role: this session of it, else any. */
      readonly sessionName?: string;
      readonly question: Question;
      readonly anyNamespace: boolean;
    }
  | {
      readonly kind: 'whoCan';
      readonly question: Question;
      readonly anyNamespace: boolean;
      /** `exactly` these and nobody else; these `include`d; none of these (`exclude`). Any of the three. */
      readonly exactly?: readonly ClusterSubject[];
      readonly include?: readonly ClusterSubject[];
      readonly exclude?: readonly ClusterSubject[];
    }
  | {
      readonly kind: 'identity';
      readonly subject: ClusterSubject;
      readonly sessionName?: string;
      readonly wanted: WantedIdentity;
    }
);

export type WantedIdentity =
  | { readonly is: 'nobody' }
  | { readonly is: 'user'; readonly username?: string; readonly groups?: readonly string[] };

export interface CaseResult {
  readonly name: string;
  /** Name of the cluster. */
  readonly cluster: string;
  readonly place?: Place;
  /** `undecided`: it would pass if the snapshot were known to be whole, and `incomplete` says why it is not. */
  readonly outcome: 'passed' | 'failed' | 'undecided';
  /** What was found, in our message style. */
  readonly message: string;
  readonly incomplete: readonly Gap[];
}

/**
 * Judges a case. A refusal that was asked for is only as good as what was read: with gaps it is `undecided`, unless
 * `assumeComplete`. An allow that was found stands whatever was not read, because nothing in Kubernetes takes it away.
 */
export function judgeCase(
  world: World,
  one: AccessCase,
  { assumeComplete }: { readonly assumeComplete: boolean },
): CaseResult {
  const { passed, message, reliesOnNo, doubts = [] } = judge(world, one);
  const { name, cluster, place } = one;
  const gaps = gapsOf(world.snapshot, cluster.cluster).filter(
    ({ area }) => one.kind !== 'identity' || tellingIdentity.has(area),
  );
  const incomplete = passed && reliesOnNo && !assumeComplete ? [...doubts, ...gaps] : [];
  const outcome = passed ? (incomplete.length > 0 ? 'undecided' : 'passed') : 'failed';
  return {
    ...{ name, cluster: cluster.cluster.name, outcome, message, incomplete },
    ...(place !== undefined && { place }),
  };
}

/** What is not read there may be another mapping, one that goes before, or a block. */
const tellingIdentity: ReadonlySet<Gap['area']> = new Set([
  ...(['iam', 'cluster', 'accessEntries', 'awsAuth', 'blocks', 'file'] as const),
]);

interface Judgement {
  readonly passed: boolean;
  readonly message: string;
  /** Whether it says that somebody may not, or is this user and no other: what was not read could disprove it. */
  readonly reliesOnNo: boolean;
  /** What is there and cannot be known. */
  readonly doubts?: readonly Gap[];
}

function judge(world: World, one: AccessCase): Judgement {
  switch (one.kind) {
    case 'can':
    case 'cannot':
      return judgeDecision(one);
    case 'whoCan':
      return judgeWhoCan(world, one);
    case 'identity':
      return judgeIdentity(one);
    default:
      return one satisfies never;
  }
}

/** Misses that are no refusal, because nobody publishes what the policy allows. */
const unclearMisses: ReadonlySet<string> = new Set([
  'unpublishedPolicy',
  'namesUnpublished',
  'unknownPolicy',
]);

function judgeDecision({
  kind,
  cluster,
  subject,
  sessionName,
  question,
  anyNamespace,
}: Extract<AccessCase, { readonly kind: 'can' | 'cannot' }>): Judgement {
  const decide = (asked: Question): SubjectDecision => decideIn(cluster, subject, asked, sessionName);
  const found = decide(question);
  if (kind === 'can' || found.allowed || !anyNamespace || question.kind === 'nonResource')
    return decisionJudgement(cluster, kind, found);
  const doubts: Gap[] = [];
  for (const namespace of namespacesOf(cluster)) {
    const there = decide({ ...question, namespace });
    if (there.allowed) return decisionJudgement(cluster, kind, there, ` in namespace \`${namespace}\``);
    doubts.push(...doubtsOf(cluster, there));
  }
  const judgement = decisionJudgement(cluster, kind, found);
  const all = [...(judgement.doubts ?? []), ...doubts];
  return { ...judgement, doubts: [...new Map(all.map((doubt) => [doubt.reason, doubt])).values()] };
}

function decisionJudgement(
  cluster: ClusterWorld,
  kind: 'can' | 'cannot',
  found: SubjectDecision,
  where = '',
): Judgement {
  const [miss] = missesOf(found);
  const message = found.allowed
    ? `it can${where}: ${found.decision.reason === '' ? 'member of system:masters' : found.decision.reason}`
    : `it cannot: ${found.refusal?.message ?? miss?.message ?? 'nothing allows it'}`;
  return {
    passed: found.allowed === (kind === 'can'),
    message,
    reliesOnNo: kind === 'cannot',
    doubts: doubtsOf(cluster, found),
  };
}

function missesOf({ decision }: SubjectDecision): readonly NearMiss[] {
  return decision?.evidence.by === 'nothing' ? decision.evidence.misses : [];
}

function doubtsOf({ cluster }: ClusterWorld, found: SubjectDecision): readonly Gap[] {
  return missesOf(found)
    .filter(({ code }) => unclearMisses.has(code))
    .map(({ message }) => ({ area: 'accessPolicies', clusterArn: cluster.arn, reason: message }));
}

const namespaces = new WeakMap<ClusterWorld, readonly string[]>();

/** Those there are, and where anything is granted; a pattern of a scope fits itself, and stands for those it fits. */
function namespacesOf(world: ClusterWorld): readonly string[] {
  let found = namespaces.get(world);
  if (found === undefined) {
    const { namespaces: known = [], rbac, accessEntries } = world.cluster;
    found = [
      ...new Set([
        ...known,
        ...rbac.flatMap((object) => (object.kind === 'RoleBinding' ? [object.namespace] : [])),
        ...accessEntries.flatMap(({ associatedPolicies }) =>
          associatedPolicies.flatMap(({ accessScope }) => accessScope.namespaces),
        ),
      ]),
    ];
    namespaces.set(world, found);
  }
  return found;
}

function judgeWhoCan(
  world: World,
  {
    cluster,
    question,
    anyNamespace,
    exactly,
    include = [],
    exclude = [],
  }: Extract<AccessCase, { readonly kind: 'whoCan' }>,
): Judgement {
  const answer = whoCan(world, cluster, question, { namespaces: anyNamespace ? 'any' : 'asked' });
  const found = new Set(answer.rows.map(({ key }) => key));
  const everywhere = anyNamespace
    ? new Set(whoCan(world, cluster, question).rows.map(({ key }) => key))
    : found;
  const keysOf = (subjects: readonly ClusterSubject[]): readonly string[] => subjects.map(subjectKey);
  const wanted = keysOf(exactly ?? []);
  const lacking = [
    ...new Set([
      ...wanted.filter((key) => !found.has(key)),
      ...keysOf(include).filter((key) => !everywhere.has(key)),
    ]),
  ];
  const excluded = new Set(keysOf(exclude));
  const unwanted = [...found].filter(
    (key) => excluded.has(key) || (exactly !== undefined && !wanted.includes(key)),
  );
  const parts = [
    ...(unwanted.length > 0 ? [`these can and should not: ${listed(unwanted.map(asWritten))}`] : []),
    ...(lacking.length > 0 ? [`these should and cannot: ${listed(lacking.map(asWritten))}`] : []),
  ];
  return {
    passed: parts.length === 0,
    message: parts.length === 0 ? `${found.size} can` : parts.join('; '),
    reliesOnNo: exactly !== undefined || exclude.length > 0,
    doubts: answer.unclear.map(({ principalArn, policyArn }) => ({
      area: 'accessPolicies',
      clusterArn: cluster.cluster.arn,
      reason: `nobody publishes what \`${policyArn}\` of \`${principalArn}\` allows`,
    })),
  };
}

/** As a case may name it. */
function asWritten(key: string): string {
  return key.replace(/^iam:/, '');
}

function judgeIdentity({
  cluster,
  subject,
  sessionName,
  wanted,
}: Extract<AccessCase, { readonly kind: 'identity' }>): Judgement {
  const { identities, refusal } = identitiesAs(cluster, subject, sessionName);
  const users = identities.map(({ user }) => ({
    username: user.username,
    groups: user.groups.filter((group) => group !== 'system:authenticated'),
  }));
  const told =
    users.length === 0
      ? `it is nobody: ${refusal?.message ?? 'nothing maps it'}`
      : `it is ${users.map(({ username, groups }) => `\`${username}\` (${groups.join(', ') || 'no groups'})`).join(' or ')}`;
  if (wanted.is === 'nobody') return { passed: users.length === 0, message: told, reliesOnNo: true };
  const { username } = wanted;
  // Everybody who came in is in that group; to write it or not is the same.
  const groups = wanted.groups?.filter((group) => group !== 'system:authenticated');
  const passed = users.some(
    (user) =>
      (username === undefined || user.username === username) &&
      (groups === undefined || sameMembers(user.groups, groups)),
  );
  return { passed, message: told, reliesOnNo: true };
}

function sameMembers(one: readonly string[], other: readonly string[]): boolean {
  return new Set(one).symmetricDifference(new Set(other)).size === 0;
}

/** As many names as a person reads. */
function listed(names: readonly string[]): string {
  const most = 20;
  const shown = names.slice(0, most).map((name) => `\`${name}\``);
  return `${shown.join(', ')}${names.length > most ? ` and ${names.length - most} more` : ''}`;
}
