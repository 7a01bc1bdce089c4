import { stsAudience } from '../../podcredentials/names.ts';
import { anyCluster, explainAws, notReached } from '../explain/aws.ts';
import type { ExplainStep } from '../explain/explanation.ts';
import { missText } from '../explain/iamtext.ts';
import type { Certainty, IamCondition, IamQuestion } from '../iamworld/answer.ts';
import { createIamWorld, type IamWorld } from '../iamworld/iamworld.ts';
import { openValue } from '../iamworld/opencontext.ts';
import type { ReachCondition } from '../reach/step.ts';
import type { WorkloadRole } from '../reach/workload.ts';
import { createWorkloadRoles, type WorkloadRoles } from '../reach/workloadroles.ts';
import { type Attempt, attemptAfter } from './attempt.ts';
import { type Credentials, credentialsOf } from './mechanism.ts';
import { knownValues, waySteps } from './waysteps.ts';
import { accountOf, associationOf, type Workload } from './workload.ts';

/** What a container calls. */
export interface Call {
  readonly action: string;
  /** An ARN, or `*`. */
  readonly resource: string;
  /** What else the request has; see `IamQuestion`. */
  readonly context?: NonNullable<IamQuestion['context']>;
}

/** The steps as far as they go, and what is needed to find what would change them. */
export interface Walk {
  readonly steps: readonly ExplainStep[];
  readonly certainty: Certainty;
  readonly conditions: readonly (ReachCondition | IamCondition)[];
  /** Why containers ask for nothing, where they do. */
  readonly stopped?: Credentials['stopped'];
  /** What they ask for. */
  readonly way?: WorkloadRole;
  /** What was asked at the end, and the step that refused it. */
  readonly decided?: { readonly question: IamQuestion; readonly step: string };
  readonly iam: IamWorld;
}

export function walkOf(at: Attempt, call: Call): Walk {
  const { world, cluster, workload } = at;
  const iam = createIamWorld(world);
  const { steps: first, asks, stopped, isCertain } = credentialsOf(cluster, world.snapshot, workload);
  const ended = (steps: readonly ExplainStep[], certainty: Certainty): Walk => ({
    ...{ steps: [...steps, notReached], certainty, conditions: [], iam },
    ...(stopped && { stopped }),
  });
  if (asks === undefined) return ended(first, isCertain ? 'never' : 'sometimes');
  const told = asTold(at, asks);
  const roles = createWorkloadRoles(told.world, told.world === world ? { iam } : {});
  const way = wayOf(told, asks, roles);
  if (way === undefined) return ended(first, 'sometimes');
  const own = waySteps(told.world, way);
  const until = [...first, ...own];
  if (way.certainty === 'never') return { ...ended(until, 'never'), way };
  const { podName } = podOf(workload);
  const question: IamQuestion = {
    ...{ subject: way.role, action: call.action, resource: call.resource },
    session: podName === undefined ? way.session : withPodName(way.session, podName),
    ...(call.context && { context: call.context }),
  };
  const explained = explainAws(world, anyCluster(world), question, iam, { limit: 0 });
  const [caller, decision = notReached] = explained.steps;
  const decided = decision.evidence?.kind === 'iam' ? decision.evidence.decision.step : 'caller';
  return {
    // That the role exists was said before; that it is blocked was not.
    steps: [...until, ...(caller?.outcome === 'failed' ? [caller] : []), forPods(decision, way)],
    certainty: leastOf([isCertain ? 'always' : 'sometimes', way.certainty, explained.certainty]),
    conditions: [...way.conditions, ...explained.conditions.map(({ condition }) => condition)],
    ...{ way, iam, decided: { question, step: decided } },
  };
}

function podOf({ pod }: Workload): { readonly podName?: string } {
  return pod === undefined ? {} : { podName: pod.name };
}

function withPodName(session: WorkloadRole['session'], podName: string): WorkloadRole['session'] {
  const { tags } = session;
  return tags['kubernetes-pod-name'] === openValue
    ? { ...session, tags: { ...tags, 'kubernetes-pod-name': podName } }
    : session;
}

/** The world in which the account has now what its pod was told when it was made. */
function asTold(at: Attempt, asks: NonNullable<Credentials['asks']>): Attempt {
  const { cluster, workload } = at;
  if (workload.pod === undefined || asks.mechanism === 'podIdentity') return at;
  const { namespace, serviceAccount: name } = workload;
  const known = accountOf(cluster, workload);
  const all = cluster.podIdentityAssociations;
  const others = all?.filter((one) => one.namespace !== namespace || one.serviceAccount !== name);
  if (known?.roleArn === asks.roleArn && others?.length === all?.length) return at;
  const told = { ...(known ?? { namespace, name }), roleArn: asks.roleArn };
  return attemptAfter(at, {
    cluster: {
      serviceAccounts: [...(cluster.serviceAccounts ?? []).filter((one) => one !== known), told],
      ...(others && { podIdentityAssociations: others }),
    },
  });
}

/** What the containers are told to ask for; undefined where nobody knows which role that is. */
function wayOf(
  { cluster, workload }: Attempt,
  asks: NonNullable<Credentials['asks']>,
  roles: WorkloadRoles,
): WorkloadRole | undefined {
  const { namespace, serviceAccount } = workload;
  const association = associationOf(cluster, workload);
  const roleArn =
    asks.mechanism === 'irsa' ? asks.roleArn : (association?.targetRoleArn ?? association?.roleArn);
  if (roleArn === undefined) return undefined;
  const ways = [
    ...roles.waysTo(
      roleArn,
      (one, account) =>
        one.cluster.arn === cluster.arn && account.namespace === namespace && account.name === serviceAccount,
    ),
  ];
  const delivered = ways.find(({ isDelivered }) => isDelivered);
  const annotated = ways.find(({ token }) => token?.isAnnotated);
  if (delivered !== undefined || annotated === undefined) return delivered;
  const given = accountOf(cluster, workload)?.audience ?? stsAudience;
  const message = `role \`${annotated.role.arn}\` takes tokens for \`${annotated.token?.audience ?? 'others'}\` alone, and its containers are given one for \`${given}\``;
  return { ...annotated, certainty: 'never', conditions: [], refusal: { code: 'otherAudience', message } };
}

/** With what the session has where a condition compares it, and what to do about a session policy of an association. */
function forPods(decision: ExplainStep, way: WorkloadRole): ExplainStep {
  const { evidence, outcome } = decision;
  if (outcome !== 'failed' || evidence?.kind !== 'iam') return decision;
  const known = knownValues(way);
  const told = { ...decision, misses: evidence.decision.misses.map((miss) => missText(miss, known)) };
  return evidence.decision.step === 'session' ? { ...told, hint: sessionHint } : told;
}

const sessionHint =
  'have the session policy of the association allow it: `aws eks update-pod-identity-association --policy`';

function leastOf(certainties: readonly Certainty[]): Certainty {
  if (certainties.includes('never')) return 'never';
  return certainties.includes('sometimes') ? 'sometimes' : 'always';
}
