import { judgeCase } from '../../engine/analysis/accesscases/accesscases.ts';
import { lintAccess } from '../../engine/analysis/accesslint/accesslint.ts';
import { accessRuleIds } from '../../engine/analysis/accesslint/rules.ts';
import { suppressionsOf } from '../../engine/analysis/accesslint/suppressionlist.ts';
import type { Usage } from '../../engine/analysis/accesslint/usage.ts';
import { Misasked } from '../../engine/analysis/ask/misasked.ts';
import { onlyCluster } from '../../engine/analysis/ask/onlycluster.ts';
import { parseSubject } from '../../engine/analysis/ask/subject.ts';
import { diffAccess } from '../../engine/analysis/diff/diff.ts';
import { anyCluster, explainAws } from '../../engine/analysis/explain/aws.ts';
import { explainRequest } from '../../engine/analysis/explain/request.ts';
import { sessionNameIn } from '../../engine/analysis/explain/session.ts';
import { leastPrivilege } from '../../engine/analysis/leastprivilege/leastprivilege.ts';
import { planMigration } from '../../engine/analysis/migrate/create.ts';
import { proveMigration } from '../../engine/analysis/migrate/proof.ts';
import { type Severity, severities } from '../../engine/analysis/policylint/severity.ts';
import { createReach } from '../../engine/analysis/reach/reach.ts';
import type { Gap, Snapshot } from '../../engine/analysis/snapshot/snapshot.ts';
import type { UsageLedger } from '../../engine/analysis/usage/ledger.ts';
import { diffPermissions } from '../../engine/analysis/whatcan/diff.ts';
import { fitOf } from '../../engine/analysis/whatcan/fit.ts';
import { permissionsOf } from '../../engine/analysis/whatcan/permissions.ts';
import { whatCan } from '../../engine/analysis/whatcan/whatcan.ts';
import { whoCanBecome } from '../../engine/analysis/whocan/transitive.ts';
import { whoCan } from '../../engine/analysis/whocan/whocan.ts';
import { explainPod } from '../../engine/analysis/workload/explainpod.ts';
import { whoCanBecomeRole, whoCanCall } from '../../engine/analysis/workload/whocancall.ts';
import { parseWorkload } from '../../engine/analysis/workload/workload.ts';
import type { ClusterWorld } from '../../engine/analysis/world/cluster.ts';
import type { Question } from '../../engine/analysis/world/question.ts';
import { subjectKey } from '../../engine/analysis/world/subject.ts';
import { createWorld, type World } from '../../engine/analysis/world/world.ts';
import { casesOf } from '../../sources/cases/casefile.ts';
import { applyPlan } from '../../sources/files/terraform/apply/applyplan.ts';
import { parsePlan } from '../../sources/files/terraform/plan.ts';
import { lintInputs } from '../../sources/lintinputs.ts';
import { explainLast } from '../../sources/refusals/refusals.ts';
import { readSnapshot } from '../../sources/saved/saved.ts';
import { isAskedInNamespaces, parseQuestion } from '../../wire/kube/question.ts';
import { knownResources } from '../../wire/kube/resourceuniverse.ts';

/** What is asked, as `wire/protocols/entryway.ts` has it, and the answer as data; throws Misasked. */
type Analysis<Input> = (world: World, input: Input) => object;

interface ClusterInput {
  readonly clusterName: string;
}

interface QuestionInput {
  readonly verb: string;
  /** As on the command line: `pods`, `deployments.apps`, `pods/log`, `/metrics`. */
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
}

interface CallInput {
  readonly action: string;
  readonly resource: string;
  /** Condition keys of the request. */
  readonly context?: unknown;
}

interface PrincipalInput {
  /** As on the command line: an ARN, `role/NAME`, `User:NAME`, … */
  readonly principal: string;
}

/** By the operation's name. The same functions that the commands call. */
export const analyses = {
  WhoCan: ((world, { clusterName, anyNamespace = false, transitive = false, ...asked }) => {
    const question = questionOf(asked);
    if (anyNamespace && isAskedInNamespaces(question) === false)
      throw new Misasked('there is no namespace in the question', 'leave out `anyNamespace`');
    const cluster = clusterOf(world, clusterName);
    const answer = whoCan(world, cluster, question, { namespaces: anyNamespace ? 'any' : 'asked' });
    return {
      ...answer,
      ...(transitive && { canBecome: whoCanBecome(createReach(world), cluster, answer) }),
    };
  }) satisfies Analysis<
    ClusterInput & QuestionInput & { readonly anyNamespace?: boolean; readonly transitive?: boolean }
  >,

  WhatCan: ((world, { clusterName, principal, namespace, comparedWith, closestPolicy }) => {
    const cluster = clusterOf(world, clusterName);
    const subject = parseSubject(principal, cluster);
    const answer = whatCan(cluster, world.snapshot, subject, { namespace });
    const other = comparedWith === undefined ? undefined : parseSubject(comparedWith, cluster);
    const rightsOf = (one: typeof subject) => permissionsOf(cluster, cluster.identitiesOf(one).identities);
    return {
      ...answer,
      ...(other !== undefined && { comparison: diffPermissions(rightsOf(subject), rightsOf(other)) }),
      ...(closestPolicy === true &&
        answer.identities.length > 0 &&
        fitOf(cluster, world.snapshot.partition, subject, knownResources())),
    };
  }) satisfies Analysis<
    ClusterInput &
      PrincipalInput & {
        readonly namespace?: string;
        readonly comparedWith?: string;
        readonly closestPolicy?: boolean;
      }
  >,

  ExplainRequest: ((world, { clusterName, principal, ...asked }) => {
    const cluster = clusterOf(world, clusterName);
    const subject = parseSubject(principal, cluster);
    const question = questionOf(asked);
    // SECURITY: permission for one cluster tells nothing of another, not even that there is one.
    const alone = { ...world, clusters: [cluster] };
    const sessionName = sessionNameIn(principal);
    const explanation = explainRequest(alone, cluster, subject, question, {
      extensions: true,
      ...(sessionName !== undefined && { sessionName }),
    });
    return { subject: subjectKey(subject), question, ...explanation };
  }) satisfies Analysis<ClusterInput & QuestionInput & PrincipalInput>,

  ExplainAwsRequest: ((world, { principal, ...asked }) => {
    const call = callOf(asked);
    const cluster = anyCluster(world);
    const subject = parseSubject(principal, cluster);
    if (subject.kind !== 'iam')
      throw new Misasked(`\`${principal}\` is nobody of IAM`, 'write an ARN, role/NAME or user/NAME');
    return {
      ...{ subject: subjectKey(subject), ...call },
      ...explainAws(world, cluster, { subject, ...call }),
    };
  }) satisfies Analysis<PrincipalInput & CallInput>,

  ExplainPod: ((world, { clusterName, pod: name, serviceAccount: isAccount = false, ...asked }) => {
    const call = callOf(asked);
    const { cluster } = clusterOf(world, clusterName);
    const workload = parseWorkload(name, { cluster, snapshot: world.snapshot }, { isAccount });
    const { pod, namespace, serviceAccount } = workload;
    return {
      ...{ cluster: cluster.arn, namespace, serviceAccount, ...(pod && { pod: pod.name }), ...call },
      ...explainPod(world, cluster, workload, call),
    };
  }) satisfies Analysis<
    ClusterInput & CallInput & { readonly pod: string; readonly serviceAccount?: boolean }
  >,

  WhoCanCallAws: ((world, { clusterName, ...asked }) => {
    const call = callOf(asked);
    return { ...call, ...whoCanCall(onlyIn(world, clusterName), call) };
  }) satisfies Analysis<CallInput & Partial<ClusterInput>>,

  WhoCanBecomeRole: ((world, { clusterName, roleArn }) => ({
    roleArn,
    ...whoCanBecomeRole(onlyIn(world, clusterName), roleArn),
  })) satisfies Analysis<Partial<ClusterInput> & { readonly roleArn: string }>,

  ExplainLast: ((world, { count = 5, clusters, records, gaps }) => {
    if (count < 1 || count > 100) throw new Misasked(`\`count\` is ${count}`, 'ask for 1 to 100');
    const answer = explainLast(world, records, { count, ...(clusters !== undefined && { clusters }) });
    return { ...answer, incomplete: [...answer.incomplete, ...gaps] };
  }) satisfies Analysis<{
    readonly count?: number;
    readonly clusters?: readonly string[];
    /** Of the trail. */
    readonly records: readonly unknown[];
    readonly gaps: readonly Gap[];
  }>,

  LintAccess: ((world, { minSeverity = 'suggestion', rules, skipRules, suppressions, usage }) => {
    if (!isSeverity(minSeverity))
      throw new Misasked(`\`${minSeverity}\` is no severity`, `there is ${severities.join(', ')}`);
    return lintAccess(world, {
      minSeverity,
      ...(rules !== undefined && { only: ruleIds(rules) }),
      ...(skipRules !== undefined && { skip: ruleIds(skipRules) }),
      ...(suppressions !== undefined && { suppressions: suppressionsOf(suppressions) }),
      ...(usage !== undefined && { usage }),
      ...lintInputs(),
    });
  }) satisfies Analysis<{
    readonly minSeverity?: string;
    readonly rules?: readonly string[];
    readonly skipRules?: readonly string[];
    readonly suppressions?: unknown;
    /** Of the trail. */
    readonly usage?: Usage;
  }>,

  LeastPrivilege: ((world, { clusterName, principal, usage, gaps, roundUp, names }) => {
    if (usage.since > usage.until)
      throw new Misasked('`since` is after `until`', 'give the earlier moment as `since`');
    const cluster = clusterOf(world, clusterName);
    const subject = parseSubject(principal, cluster);
    const universe = knownResources();
    return leastPrivilege(world, cluster, { subject, usage, gaps, universe, roundUp, names });
  }) satisfies Analysis<
    ClusterInput &
      PrincipalInput & {
        readonly roundUp?: true;
        readonly names?: true;
        /** Of the trail. */
        readonly usage: UsageLedger;
        readonly gaps: readonly Gap[];
      }
  >,

  PlanAwsAuthMigration: ((world, { clusterName }) => {
    const cluster = clusterOf(world, clusterName);
    const plan = planMigration(world, cluster);
    return { ...plan, proof: proveMigration(world, cluster, plan) };
  }) satisfies Analysis<ClusterInput>,

  DiffAccess: ((world, { after, plan, clusterName }) => {
    if ((after === undefined) === (plan === undefined))
      throw new Misasked(
        'there must be `after` or `plan`, and not both',
        'give a snapshot as `after`, or what `terraform show -json PLAN` prints as `plan`',
      );
    if (plan === undefined && clusterName !== undefined)
      throw new Misasked(
        '`clusterName` says whose the resources of a plan are, and there is no `plan`',
        'leave it out',
      );
    const later = plan === undefined ? readSnapshot(after) : withPlan(world, plan, clusterName);
    return diffAccess(world, createWorld(later, { now: world.now }));
  }) satisfies Analysis<{
    readonly after?: unknown;
    /** Of Terraform, which is applied to what there is. */
    readonly plan?: unknown;
    /** The one cluster that the plan is applied to: its resources of Kubernetes name none. Those of other clusters are left out. */
    readonly clusterName?: string;
  }>,

  TestAccess: ((world, { cases, assumeComplete = false }) => {
    const place = { file: 'cases', line: 1, column: 1 };
    const results = casesOf({ value: { cases }, placeOf: () => place }, world).map((one) =>
      judgeCase(world, one, { assumeComplete }),
    );
    return { cases: results };
  }) satisfies Analysis<{ readonly cases: unknown; readonly assumeComplete?: boolean }>,
};

export type AnalysisName = keyof typeof analyses;

function clusterOf(world: World, clusterName: string): ClusterWorld {
  const clusters = world.clusters.filter(
    ({ cluster: { name, arn } }) => name === clusterName || arn === clusterName,
  );
  if (clusters.length === 0)
    throw new Misasked(`there is no cluster \`${clusterName}\``, 'name one of your clusters');
  return onlyCluster({ clusters });
}

/** With this cluster alone, where one is named. */
function onlyIn(world: World, clusterName: string | undefined): World {
  if (clusterName === undefined) return world;
  const cluster = clusterOf(world, clusterName);
  return {
    ...world,
    clusters: [cluster],
    snapshot: { ...world.snapshot, clusters: [cluster.cluster] },
  };
}

function callOf({ action, resource, context }: CallInput) {
  if (!/^[a-z0-9-]+:[A-Za-z0-9]+$/.test(action))
    throw new Misasked(`\`${action}\` is no action`, 'write it as eks:DescribeCluster');
  if (resource !== '*' && !resource.startsWith('arn:'))
    throw new Misasked(`\`${resource}\` is no ARN`, 'write the whole ARN of the resource, or *');
  return { action, resource, context: context === undefined ? {} : keysOf(context) };
}

/** Places are lines of the plan as `jq .` prints it: how it was written is not known. */
function withPlan(world: World, plan: unknown, clusterName: string | undefined): Snapshot {
  const asked = clusterName === undefined ? {} : { clusters: [clusterOf(world, clusterName).cluster.arn] };
  return applyPlan(world.snapshot, parsePlan(JSON.stringify(plan, undefined, 2), 'plan'), asked);
}

function questionOf({ verb, resource, namespace, name }: QuestionInput): Question {
  return parseQuestion(verb, resource, {
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
  });
}

function ruleIds(ids: readonly string[]): ReadonlySet<string> {
  const unknown = ids.find((id) => !accessRuleIds.has(id));
  if (unknown !== undefined)
    throw new Misasked(`there is no rule \`${unknown}\``, 'docs/reference/access-lint.md has all');
  return new Set(ids);
}

/** Condition keys of a request: a text, or several; an empty list says that the request does not have the key. */
function keysOf(context: unknown): Readonly<Record<string, string | readonly string[]>> {
  const isTexts = (value: unknown): boolean =>
    typeof value === 'string' || (Array.isArray(value) && value.every((one) => typeof one === 'string'));
  if (typeof context !== 'object' || context === null || Array.isArray(context))
    throw new Misasked('`context` is no object', 'write it as {"aws:SourceIp": "10.0.0.1"}');
  for (const [key, value] of Object.entries(context)) {
    if (!isTexts(value))
      throw new Misasked(
        `\`${key}\` of \`context\` is no text, and no list of texts`,
        'write values as texts',
      );
  }
  return context as Readonly<Record<string, string | readonly string[]>>;
}

function isSeverity(text: string): text is Severity {
  return severities.some((severity) => severity === text);
}
