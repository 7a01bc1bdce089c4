import { judgeCase } from '../../engine/analysis/accesscases/accesscases.ts';
import { lintAccess } from '../../engine/analysis/accesslint/accesslint.ts';
import { accessRuleIds } from '../../engine/analysis/accesslint/rules.ts';
import { Misasked } from '../../engine/analysis/ask/misasked.ts';
import { onlyCluster } from '../../engine/analysis/ask/onlycluster.ts';
import { parseSubject } from '../../engine/analysis/ask/subject.ts';
import { diffAccess } from '../../engine/analysis/diff/diff.ts';
import { explainAws } from '../../engine/analysis/explain/aws.ts';
import { explainRequest } from '../../engine/analysis/explain/request.ts';
import { planMigration } from '../../engine/analysis/migrate/create.ts';
import { proveMigration } from '../../engine/analysis/migrate/proof.ts';
import { type Severity, severities } from '../../engine/analysis/policylint/severity.ts';
import { diffPermissions } from '../../engine/analysis/whatcan/diff.ts';
import { fitOf } from '../../engine/analysis/whatcan/fit.ts';
import { permissionsOf } from '../../engine/analysis/whatcan/permissions.ts';
import { whatCan } from '../../engine/analysis/whatcan/whatcan.ts';
import { whoCan } from '../../engine/analysis/whocan/whocan.ts';
import type { ClusterWorld } from '../../engine/analysis/world/cluster.ts';
import type { Question } from '../../engine/analysis/world/question.ts';
import { subjectKey } from '../../engine/analysis/world/subject.ts';
import { createWorld, type World } from '../../engine/analysis/world/world.ts';
import { readAwsAuth } from '../../sources/awsauth/manifest.ts';
import { casesOf } from '../../sources/cases/casefile.ts';
import { readSnapshot } from '../../sources/saved/saved.ts';
import { parseQuestion } from '../../wire/kube/question.ts';
import { knownResources } from '../../wire/kube/resourceuniverse.ts';
import { servedResources } from '../../wire/kube/served.ts';
import { sha256Hex } from '../../wire/sigv4/canonical.ts';

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

interface PrincipalInput {
  /** As on the command line: an ARN, `role/NAME`, `User:NAME`, … */
  readonly principal: string;
}

/** By the operation's name. The same functions that the commands call. */
export const analyses = {
  WhoCan: ((world, { clusterName, anyNamespace, ...asked }) => {
    const namespaces = anyNamespace === true ? 'any' : 'asked';
    return whoCan(world, clusterOf(world, clusterName), questionOf(asked), { namespaces });
  }) satisfies Analysis<ClusterInput & QuestionInput & { readonly anyNamespace?: boolean }>,

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
    const explanation = explainRequest(world, cluster, subject, question, { extensions: true });
    return { subject: subjectKey(subject), question, ...explanation };
  }) satisfies Analysis<ClusterInput & QuestionInput & PrincipalInput>,

  ExplainAwsRequest: ((world, { clusterName, principal, action, resource }) => {
    const cluster = clusterOf(world, clusterName);
    const subject = parseSubject(principal, cluster);
    if (subject.kind !== 'iam')
      throw new Misasked(`\`${principal}\` is nobody of IAM`, 'write an ARN, role/NAME or user/NAME');
    return { subject: subjectKey(subject), ...explainAws(world, cluster, { subject, action, resource }) };
  }) satisfies Analysis<
    ClusterInput & PrincipalInput & { readonly action: string; readonly resource: string }
  >,

  LintAccess: ((world, { minSeverity = 'suggestion', rules }) => {
    if (!isSeverity(minSeverity))
      throw new Misasked(`\`${minSeverity}\` is no severity`, `there is ${severities.join(', ')}`);
    const unknown = rules?.find((id) => !accessRuleIds.has(id));
    if (unknown !== undefined)
      throw new Misasked(`there is no rule \`${unknown}\``, 'docs/reference/access-lint.md has all');
    return lintAccess(world, {
      minSeverity,
      ...(rules !== undefined && { only: new Set(rules) }),
      served: servedResources(),
      digest: (text) => sha256Hex(text).slice(0, 32),
      readAwsAuth: (data) => readAwsAuth(JSON.stringify(data)).source,
    });
  }) satisfies Analysis<{ readonly minSeverity?: string; readonly rules?: readonly string[] }>,

  PlanAwsAuthMigration: ((world, { clusterName }) => {
    const cluster = clusterOf(world, clusterName);
    const plan = planMigration(world, cluster);
    return { ...plan, proof: proveMigration(world, cluster, plan) };
  }) satisfies Analysis<ClusterInput>,

  DiffAccess: ((world, { after }) =>
    diffAccess(world, createWorld(readSnapshot(after), { now: world.now }))) satisfies Analysis<{
    readonly after: unknown;
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

function questionOf({ verb, resource, namespace, name }: QuestionInput): Question {
  return parseQuestion(verb, resource, {
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
  });
}

function isSeverity(text: string): text is Severity {
  return severities.some((severity) => severity === text);
}
