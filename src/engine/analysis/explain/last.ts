import { parsePrincipalArn } from '../../arn/principalarn.ts';
import { Misasked } from '../ask/misasked.ts';
import { parseSubject } from '../ask/subject.ts';
import type { Certainty } from '../iamworld/answer.ts';
import { createIamWorld, type IamWorld } from '../iamworld/iamworld.ts';
import { decidesInClusters } from '../snapshot/gapareas.ts';
import type { Gap } from '../snapshot/snapshot.ts';
import type { AccessUse } from '../usage/use.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { Question } from '../world/question.ts';
import type { ClusterSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import { anyCluster, explainAws } from './aws.ts';
import type { ExplainStep } from './explanation.ts';
import { identityHints, identitySteps } from './identitystep.ts';
import { explainRequest } from './request.ts';
import { decideIn } from './session.ts';
import { commandLine } from './shell.ts';

/** A call or request that was refused, as a trail has it. */
export interface Refusal {
  /** Unique: of the record. */
  readonly id: string;
  /** ISO 8601. */
  readonly at: string;
  /** ARN (of a session, its own), user name or access key. */
  readonly who: string;
  /** `eks:DescribeCluster arn:…`, `k8s:get secrets cluster/prod shop/db` */
  readonly what: string;
  /** What the server answered, and why in its own words. */
  readonly why: string;
  /** What it takes, where the trail tells; what was impersonated beside it is another use. */
  readonly uses: readonly AccessUse[];
  /** What the caller's session was called. */
  readonly sessionName?: string;
  /** Of a credential that was not taken: in one stable word why, what to do, and whose it was where that was known. */
  readonly authentication?: { readonly code: string; readonly hint: string; readonly principalArn?: string };
  /** ARN of the cluster. */
  readonly cluster?: string;
  /** Refused for something no snapshot has, so that nobody can say whether it would be again: in our message style. */
  readonly unrepeatable?: string;
}

/** What the snapshot says now of something that was refused then. */
export interface RefusalNow {
  readonly verdict: 'allowed' | 'refused' | 'depends';
  readonly steps: readonly ExplainStep[];
  /** That tells more: what would allow it. */
  readonly command?: string;
}

export interface ExplainedRefusal extends Refusal {
  /** Empty where it cannot be told: who it was is not known here any more, or a credential was not taken. */
  readonly now: readonly RefusalNow[];
}

export interface ExplainedRefusals {
  /** In the order given. */
  readonly refusals: readonly ExplainedRefusal[];
  readonly incomplete: readonly Gap[];
}

/** Holds each refusal against what holds now, with the deciders that `explain request` and `explain aws` ask. */
export function explainRefusals(world: World, refusals: readonly Refusal[]): ExplainedRefusals {
  const iam = createIamWorld(world);
  return {
    refusals: refusals.map((refusal) => ({ ...refusal, now: nowOf(refusal, world, iam) })),
    incomplete: world.snapshot.gaps.filter(decidesInClusters),
  };
}

function nowOf(refusal: Refusal, world: World, iam: IamWorld): readonly RefusalNow[] {
  const { uses, authentication, cluster: arn, sessionName } = refusal;
  if (authentication !== undefined) {
    // Of whoever was not believed nothing can be said; a mapping may have come since.
    const { code, principalArn } = authentication;
    if (principalArn === undefined || !Object.hasOwn(identityHints, code)) return [];
    const cluster = clusterOf(world, arn);
    const subject = cluster && subjectOf(principalArn, cluster);
    if (cluster === undefined || subject === undefined) return [];
    // Any question finds out who it is.
    const steps = identitySteps(
      world,
      cluster,
      subject,
      decideIn(cluster, subject, anyQuestion, sessionName),
    );
    const isKnown = steps.every(({ outcome }) => outcome !== 'failed');
    return [{ verdict: isKnown ? 'allowed' : 'refused', steps }];
  }
  const found = uses.flatMap((use) => explainUse(use, refusal, world, iam) ?? []);
  return refusal.unrepeatable === undefined
    ? found
    : found.map((one) => (one.verdict === 'allowed' ? { ...one, verdict: 'depends' } : one));
}

const anyQuestion: Question = { kind: 'nonResource', verb: 'get', path: '/version' };

function explainUse(
  { who, did }: AccessUse,
  { sessionName }: Refusal,
  world: World,
  iam: IamWorld,
): RefusalNow | undefined {
  if (did.kind === 'aws') return explainCall(who, did, world, iam);
  const cluster = clusterOf(world, did.cluster);
  const name = who.principalArn ?? (who.username === undefined ? undefined : `User:${who.username}`);
  const subject = cluster && name !== undefined ? subjectOf(name, cluster) : undefined;
  if (cluster === undefined || subject === undefined || name === undefined) return undefined;
  // Whoever was impersonated has no session.
  const ofSession = who.principalArn === undefined ? undefined : sessionName;
  const { allowed, steps } = explainRequest(world, cluster, subject, did.question, {
    ...{ extensions: true, limit: 0 },
    ...(ofSession !== undefined && { sessionName: ofSession }),
  });
  const session =
    ofSession === undefined || subject.kind !== 'iam' || subject.type !== 'role'
      ? undefined
      : sessionArn(subject.arn, ofSession);
  const words = [
    ...['entryway', 'explain', 'request', ...questionWords(did.question)],
    ...['--cluster', cluster.cluster.arn, '--as', session ?? name],
  ];
  return { verdict: allowed ? 'allowed' : 'refused', steps, command: commandLine(words) };
}

function explainCall(
  { principalArn }: AccessUse['who'],
  { action, resources }: Extract<AccessUse['did'], { readonly kind: 'aws' }>,
  world: World,
  iam: IamWorld,
): RefusalNow | undefined {
  const cluster = anyCluster(world);
  const subject = principalArn === undefined ? undefined : subjectOf(principalArn, cluster);
  if (subject?.kind !== 'iam') return undefined;
  // A call is allowed where it is on each resource it is about.
  const answers = (resources.length === 0 ? ['*'] : resources).map((resource) => ({
    resource,
    answer: explainAws(world, cluster, { subject, action, resource }, iam, { limit: 0 }),
  }));
  const worst = answers.reduce((one, other) =>
    weight[other.answer.certainty] > weight[one.answer.certainty] ? other : one,
  );
  return {
    verdict: verdicts[worst.answer.certainty],
    steps: worst.answer.steps,
    command: commandLine(['entryway', 'explain', 'aws', action, worst.resource, '--as', subject.arn]),
  };
}

const verdicts = { always: 'allowed', sometimes: 'depends', never: 'refused' } as const;
const weight: Readonly<Record<Certainty, number>> = { always: 0, sometimes: 1, never: 2 };

function clusterOf({ clusters }: World, arn: string | undefined): ClusterWorld | undefined {
  return clusters.find(({ cluster }) => cluster.arn === arn);
}

/** Undefined for whoever is nobody now: the record says who it was. */
function subjectOf(name: string, cluster: ClusterWorld): ClusterSubject | undefined {
  try {
    return parseSubject(name, cluster);
  } catch (error) {
    if (error instanceof Misasked) return undefined;
    throw error;
  }
}

function sessionArn(roleArn: string, sessionName: string): string | undefined {
  const role = parsePrincipalArn(roleArn);
  return role?.kind === 'role'
    ? `arn:${role.partition}:sts::${role.accountId}:assumed-role/${role.name}/${sessionName}`
    : undefined;
}

function questionWords(question: Question): readonly string[] {
  if (question.kind === 'nonResource') return [question.verb, question.path];
  const { verb, apiGroup, resource, subresource, namespace, name } = question;
  return [
    ...[verb, `${resource}${apiGroup === '' ? '' : `.${apiGroup}`}`],
    ...(subresource === '' ? [] : ['--subresource', subresource]),
    ...(namespace === '' ? [] : ['-n', namespace]),
    ...(name === '' ? [] : ['--name', name]),
  ];
}
