import type { Gap, Place } from '../snapshot/snapshot.ts';
import { gapsOf } from '../whocan/gaps.ts';
import { whoCan } from '../whocan/whocan.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { Question } from '../world/question.ts';
import { type ClusterSubject, subjectKey } from '../world/subject.ts';
import type { World } from '../world/world.ts';

/** One assertion about one cluster. `text` is the question as it was written. */
export type AccessCase = {
  readonly name: string;
  readonly cluster: ClusterWorld;
  readonly place?: Place;
} & (
  | {
      readonly kind: 'can' | 'cannot';
      readonly subject: ClusterSubject;
      readonly question: Question;
    }
  | {
      readonly kind: 'whoCan';
      readonly question: Question;
      /** `exactly` these and nobody else; these `include`d; none of these (`exclude`). Any of the three. */
      readonly exactly?: readonly ClusterSubject[];
      readonly include?: readonly ClusterSubject[];
      readonly exclude?: readonly ClusterSubject[];
    }
  | {
      readonly kind: 'identity';
      readonly subject: ClusterSubject;
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
  const incomplete =
    passed && reliesOnNo && !assumeComplete ? [...doubts, ...gapsOf(world.snapshot, cluster.cluster)] : [];
  const outcome = passed ? (incomplete.length > 0 ? 'undecided' : 'passed') : 'failed';
  return {
    ...{ name, cluster: cluster.cluster.name, outcome, message, incomplete },
    ...(place !== undefined && { place }),
  };
}

interface Judgement {
  readonly passed: boolean;
  readonly message: string;
  /** Whether it says that somebody may not or is nobody, which what was not read could disprove. */
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
  question,
}: Extract<AccessCase, { readonly kind: 'can' | 'cannot' }>): Judgement {
  const found = cluster.can(subject, question);
  const misses = found.decision?.evidence.by === 'nothing' ? found.decision.evidence.misses : [];
  const message = found.allowed
    ? `it can: ${found.decision.reason === '' ? 'member of system:masters' : found.decision.reason}`
    : `it cannot: ${found.refusal?.message ?? misses[0]?.message ?? 'nothing allows it'}`;
  return {
    passed: found.allowed === (kind === 'can'),
    message,
    reliesOnNo: kind === 'cannot',
    doubts: misses
      .filter(({ code }) => unclearMisses.has(code))
      .map((miss) => ({ area: 'accessPolicies', clusterArn: cluster.cluster.arn, reason: miss.message })),
  };
}

function judgeWhoCan(
  world: World,
  {
    cluster,
    question,
    exactly,
    include = [],
    exclude = [],
  }: Extract<AccessCase, { readonly kind: 'whoCan' }>,
): Judgement {
  const answer = whoCan(world, cluster, question);
  const found = new Set(answer.rows.map(({ key }) => key));
  const keysOf = (subjects: readonly ClusterSubject[]): readonly string[] => subjects.map(subjectKey);
  const lacking = keysOf([...(exactly ?? []), ...include]).filter((key) => !found.has(key));
  const wanted = new Set(keysOf(exactly ?? []));
  const unwanted =
    exactly === undefined
      ? keysOf(exclude).filter((key) => found.has(key))
      : [...found].filter((key) => !wanted.has(key));
  const parts = [
    ...(unwanted.length > 0 ? [`these can and should not: ${listed(unwanted)}`] : []),
    ...(lacking.length > 0 ? [`these should and cannot: ${listed(lacking)}`] : []),
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

function judgeIdentity({
  cluster,
  subject,
  wanted,
}: Extract<AccessCase, { readonly kind: 'identity' }>): Judgement {
  const { identities, refusal } = cluster.identitiesOf(subject);
  const users = identities.map(({ user }) => ({
    username: user.username,
    groups: user.groups.filter((group) => group !== 'system:authenticated'),
  }));
  const told =
    users.length === 0
      ? `it is nobody: ${refusal?.message ?? 'nothing maps it'}`
      : `it is ${users.map(({ username, groups }) => `\`${username}\` (${groups.join(', ') || 'no groups'})`).join(' or ')}`;
  if (wanted.is === 'nobody') return { passed: users.length === 0, message: told, reliesOnNo: true };
  const { username, groups } = wanted;
  const passed = users.some(
    (user) =>
      (username === undefined || user.username === username) &&
      (groups === undefined || sameMembers(user.groups, groups)),
  );
  return { passed, message: told, reliesOnNo: false };
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
