import { stringify } from 'yaml';
import { commandLine } from '../../engine/analysis/explain/shell.ts';
import type { UsedAction } from '../../engine/analysis/leastprivilege/iam.ts';
import type { KubernetesNeeds, UsedRequest } from '../../engine/analysis/leastprivilege/kubernetes.ts';
import type { LeastPrivilege } from '../../engine/analysis/leastprivilege/leastprivilege.ts';
import type { Question } from '../../engine/analysis/world/question.ts';
import type { IamSubject } from '../../engine/analysis/world/subject.ts';
import { isMatcherArn } from '../../engine/identity/entries.ts';
import { rbacManifest } from '../../engine/rbac/manifest.ts';
import { counted } from '../render/counted.ts';
import { renderTable } from '../render/table.ts';
import { differenceLines, rulesYaml, subjectText } from '../whatcan/text.ts';

/** What to do when there is nothing to go by. */
export function nothingRecorded({ subject, since, until }: LeastPrivilege): string {
  return (
    `entryway: nothing was recorded of ${subjectText(subject)} from ${moment(since)} to ${moment(until)}\n` +
    'hint: look further back with --since, or name logs with --usage; whoever does nothing needs nothing\n'
  );
}

/** What was used, what would have been enough for it, and what is left over. */
export function renderLeastPrivilege(answer: LeastPrivilege): string {
  const { subject, cluster, since, until, recorded, kubernetes, iam } = answer;
  const parts = [
    `${subjectText(subject)} on ${cluster.name}, ${moment(since)} to ${moment(until)}: ${counted(recorded, 'use')}\n`,
    usedTable('used in the cluster', kubernetes.used.map(requestRow)),
    kubernetesProposal(answer),
    unusedText('granted in the cluster and never used', differenceLines(kubernetes.neverUsed)),
  ];
  if (iam !== undefined) {
    parts.push(usedTable('used of AWS', iam.used.map(actionRow)));
    if (iam.policy !== undefined) {
      parts.push(`IAM policy in place of its present ones\n\n${JSON.stringify(iam.policy, undefined, 2)}\n`);
    }
    if (iam.notes.length > 0) parts.push(`${iam.notes.map((note) => `note: ${note}`).join('\n')}\n`);
    if (iam.neverUsed.length > 0)
      parts.push(`allowed by IAM and never used: ${actionsText(iam.neverUsed)}\n`);
    if (iam.notJudged.length > 0) {
      parts.push(`whether these are used is not known: ${iam.notJudged.join(', ')}\n`);
    }
    parts.push(usedTable('allowed then, by no policy of its own now', iam.notByItsPolicies.map(actionRow)));
  }
  parts.push(
    usedTable(
      subject.kind === 'iam' || subject.kind === 'ServiceAccount'
        ? 'allowed then and not now, so not proposed'
        : 'allowed then, and not by what it has itself now (a group of it may have it), so not proposed',
      kubernetes.noLongerHeld.map(requestRow),
    ),
    usedTable('cannot be granted alone, so not proposed', kubernetes.cannotBeSaid.map(requestRow)),
    usedTable('refused', [...kubernetes.refused.map(requestRow), ...(iam?.refused ?? []).map(actionRow)]),
  );
  return parts.filter((part) => part !== '').join('\n');
}

function kubernetesProposal(answer: LeastPrivilege): string {
  const { subject, kubernetes, customPolicies, rbac, recordsSince } = answer;
  if (rbac.objects.length === 0) {
    const isKnown = recordsSince.kubernetes !== undefined;
    const isLeft = kubernetes.noLongerHeld.length + kubernetes.cannotBeSaid.length > 0;
    return isKnown
      ? `${isLeft ? 'no access to the cluster can be proposed' : 'no access to the cluster was needed'}${everybodys(kubernetes)}\n`
      : 'no requests to the cluster are recorded, of anybody, so what is needed there is not known\n';
  }
  const parts: string[] = subject.kind === 'iam' ? [...associationLines(answer, subject)] : [];
  if (customPolicies.isPossible) {
    for (const { rules, accessScope } of customPolicies.policies) {
      const where = accessScope.type === 'cluster' ? 'the cluster' : accessScope.namespaces.join(', ');
      parts.push(
        `exactly enough: an access policy of your own for ${where} (entryway policy create NAME -f FILE)`,
        '',
        rulesYaml(rules),
      );
    }
  } else if (subject.kind === 'iam')
    parts.push(`no access policy can be proposed: ${customPolicies.reason}`, '');
  const title = parts.length > 0 && customPolicies.isPossible ? 'the same in RBAC' : 'exactly enough in RBAC';
  parts.push(
    `${title}${subject.kind === 'iam' ? `, with group ${rbac.subject.name} ${groupPlace(answer, subject)}` : ''}`,
    '',
    rbac.objects.map((object) => stringify(rbacManifest(object), { lineWidth: 0 })).join('---\n'),
  );
  const notes = kubernetes.notes.map((note) => `note: ${note}\n`).join('');
  return `${parts.join('\n').trimEnd()}\n${notes === '' ? '' : `\n${notes}`}`;
}

function associationLines(
  { cluster, association, mappedBy }: LeastPrivilege,
  { arn }: IamSubject,
): readonly string[] {
  if (association === undefined) return [];
  const { policyArn, policyName, accessScope, pairs } = association;
  const scope =
    accessScope.type === 'cluster'
      ? 'type=cluster'
      : `type=namespace,namespaces=${accessScope.namespaces.join(',')}`;
  const entryArn = ownEntry(mappedBy);
  const whom = ['--cluster-name', cluster.name, '--principal-arn', entryArn ?? arn];
  return [
    `enough: access policy ${policyName}, of which ${pairs.used} of ${pairs.granted} pairs of resource and verb were used`,
    '',
    ...(entryArn === undefined ? [commandLine(['aws', 'eks', 'create-access-entry', ...whom])] : []),
    `${commandLine(['aws', 'eks', 'associate-access-policy', ...whom])} \\`,
    `  ${commandLine(['--policy-arn', policyArn, '--access-scope', scope])}`,
    '',
  ];
}

function groupPlace({ mappedBy, cluster }: LeastPrivilege, { arn }: IamSubject): string {
  if (ownEntry(mappedBy) !== undefined) return 'in its access entry';
  if (mappedBy?.source === 'awsAuth') return 'in place of its groups in aws-auth';
  const command = [
    'aws',
    'eks',
    'create-access-entry',
    '--cluster-name',
    cluster.name,
    '--principal-arn',
    arn,
  ];
  return `in an access entry of its own (${commandLine(command)})`;
}

/** Undefined also for an entry that stands for several. */
function ownEntry(mappedBy: LeastPrivilege['mappedBy']): string | undefined {
  return mappedBy?.source === 'accessEntry' && !isMatcherArn(mappedBy.arn) ? mappedBy.arn : undefined;
}

function everybodys({ everybodys: shared }: KubernetesNeeds): string {
  return shared.length === 0 ? '' : ', but what everybody has';
}

const linesTold = 12;

function unusedText(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return '';
  const more = lines.length - linesTold;
  const told = [...lines.slice(0, linesTold), ...(more > 0 ? [`and ${more} more (all with -o json)`] : [])];
  return `${title}\n\n${told.map((line) => `  ${line}`).join('\n')}\n`;
}

function usedTable(title: string, rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const columns = [
    { title: 'what', width: 60 },
    { title: 'where', width: 60 },
    { title: 'times' },
    { title: 'first' },
    { title: 'last' },
  ];
  return `${title}\n\n${renderTable(columns, rows)}`;
}

function requestRow({ question, names, count, firstAt, lastAt }: UsedRequest): readonly string[] {
  const named =
    names.length === 0 ? '' : ` (${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''})`;
  return [
    `${requestText(question)}${named}`,
    placeText(question),
    String(count),
    moment(firstAt),
    moment(lastAt),
  ];
}

function requestText(question: Question): string {
  if (question.kind === 'nonResource') return `${question.verb} ${question.path}`;
  const { verb, resource, subresource, apiGroup } = question;
  const group = apiGroup === '' ? '' : `.${apiGroup}`;
  return `${verb} ${resource}${group}${subresource === '' ? '' : `/${subresource}`}`;
}

function placeText(question: Question): string {
  return question.kind === 'nonResource' || question.namespace === '' ? 'the cluster' : question.namespace;
}

function actionRow({ action, resources, count, firstAt, lastAt }: UsedAction): readonly string[] {
  const [first = '', ...others] = resources;
  const where = others.length === 0 ? first : `${first} and ${others.length} more`;
  return [action, where, String(count), moment(firstAt), moment(lastAt)];
}

const actionsTold = 12;

function actionsText(actions: readonly string[]): string {
  const more = actions.length - actionsTold;
  return `${actions.slice(0, actionsTold).join(', ')}${more > 0 ? ` and ${more} more (all with -o json)` : ''}`;
}

/** `2026-11-21T10:00Z` */
function moment(time: number): string {
  return `${new Date(time).toISOString().slice(0, 16)}Z`;
}
