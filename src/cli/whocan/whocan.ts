import { noCluster } from '../../engine/analysis/ask/onlycluster.ts';
import { createReach } from '../../engine/analysis/reach/reach.ts';
import type { Gap } from '../../engine/analysis/snapshot/snapshot.ts';
import type { WhoCanAnswer } from '../../engine/analysis/whocan/answer.ts';
import { gapsOfBecoming, type TransitiveRow, whoCanBecome } from '../../engine/analysis/whocan/transitive.ts';
import { whoCan } from '../../engine/analysis/whocan/whocan.ts';
import type { ClusterWorld } from '../../engine/analysis/world/cluster.ts';
import type { Question } from '../../engine/analysis/world/question.ts';
import type { World } from '../../engine/analysis/world/world.ts';
import { isAskedInNamespaces, parseQuestion, type QuestionOptions } from '../../wire/kube/question.ts';
import { noteMissingNamespace } from '../analysis/namespacenote.ts';
import type { OutputOptions, SourceOptions } from '../analysis/options.ts';
import { printAnswer } from '../analysis/print.ts';
import { openWorld } from '../analysis/source.ts';
import { CommandError, exitCodes } from '../failure.ts';
import { counted } from '../render/counted.ts';
import { printable } from '../render/printable.ts';
import { questionWords, renderRows, renderTransitive, unclearLines } from './text.ts';

export interface WhoCanOptions extends SourceOptions, OutputOptions, QuestionOptions {
  readonly anyNamespace?: true;
  readonly paths?: true;
  readonly transitive?: true;
}

/** Tells everybody who may, in each of the clusters that were read. */
export async function printWhoCan(
  verb: string | undefined,
  resource: string | undefined,
  options: WhoCanOptions,
): Promise<void> {
  if (verb === undefined || resource === undefined) {
    throw new CommandError(
      'misuse',
      `there is no ${verb === undefined ? 'verb' : 'resource'} to ask about`,
      'write it as who-can get pods; for calls of AWS as who-can --as-aws ACTION RESOURCE or --become ROLE-ARN',
    );
  }
  // What is asked is wrong or right whatever the source has.
  const question = parseQuestion(verb, resource, options);
  answerWhoCan(await openWorld(options), question, options);
}

interface ClusterAnswer extends WhoCanAnswer {
  /** With `--transitive`: who can become one of the rows. */
  readonly canBecome?: readonly TransitiveRow[];
}

/** The same of a world; sets the exit code. */
export function answerWhoCan(
  world: World,
  question: Question,
  options: Omit<WhoCanOptions, keyof SourceOptions>,
): void {
  const isNamespaced = isAskedInNamespaces(question);
  if (options.anyNamespace === true && isNamespaced === false) {
    throw new CommandError(
      'misuse',
      `${questionWords(question, 'asked')}: there is no namespace in it`,
      'leave out --any-namespace',
    );
  }
  if (world.clusters.length === 0) {
    throw noCluster();
  }
  noteMissingNamespace(world, options.namespace);
  const reach = options.transitive === true ? createReach(world) : undefined;
  const clusters = world.clusters.map((cluster): ClusterAnswer => {
    const namespaces = options.anyNamespace === true ? 'any' : 'asked';
    const answer = whoCan(world, cluster, question, { namespaces });
    return { ...answer, ...(reach && { canBecome: whoCanBecome(reach, cluster, answer) }) };
  });
  if (clusters.every((answer) => isNobody(answer))) process.exitCode = exitCodes.denied;
  const gaps = clusters.map(({ incomplete }) => incomplete);
  const all = { clusters, incomplete: unite(reach === undefined ? gaps : [...gaps, gapsOfBecoming(world)]) };
  const isAll = all.incomplete.length === 0;
  printAnswer(options, all, () => {
    const parts = clusters.map((answer, at) => {
      const cluster = world.clusters[at];
      return cluster === undefined ? '' : renderAnswer(answer, cluster, { ...options, isAll });
    });
    const mayAsk = options.anyNamespace === undefined && isNamespaced !== false;
    if (mayAsk && question.kind === 'resource' && question.namespace === '')
      hintAtNamespaces(world, question);
    return parts.join('\n');
  });
}

/**
 * Whether nobody may but the group that always may: whom it is given is seen by the principals that have it, but not those of
 * an identity provider that may put anybody into it.
 */
function isNobody({ rows }: WhoCanAnswer): boolean {
  return rows.every(({ key, issuedBy }) => key === 'Group:system:masters' && issuedBy === undefined);
}

function renderAnswer(
  answer: ClusterAnswer,
  { cluster: { accountId } }: ClusterWorld,
  { paths, isAll }: Pick<WhoCanOptions, 'paths'> & { readonly isAll: boolean },
): string {
  const { rows, unclear, canBecome, incomplete } = answer;
  const what = `${questionWords(answer.question, answer.namespaces)} on ${answer.cluster.name}`;
  const more = incomplete.length > 0 ? asKnown : '';
  const summary = isNobody(answer)
    ? `nobody but the group system:masters may ${what}${more}`
    : `${counted(rows.length, 'subject')} may ${what}${more}`;
  return [
    isNobody(answer) ? '' : `${renderRows(answer, { accountId, ...(paths && { paths }) })}\n`,
    `${printable(summary)}\n`,
    unclearLines(unclear),
    canBecome === undefined ? '' : renderBecoming(canBecome, { accountId, more: isAll ? '' : asKnown }),
  ].join('');
}

const asKnown = ', as far as it is known';

function renderBecoming(
  rows: readonly TransitiveRow[],
  { accountId, more }: { readonly accountId: string; readonly more: string },
): string {
  if (rows.length === 0) return `\nnobody else can become one of them, or permit it to themselves${more}\n`;
  return `\n${renderTransitive(rows, accountId)}\n${counted(rows.length, 'other')} can become one of them or an administrator, or permit it to themselves${more}\n`;
}

/** A gap that several clusters have is one gap. */
function unite(gaps: readonly (readonly Gap[])[]): readonly Gap[] {
  return [...new Set(gaps.flat())];
}

/** Standard error: in all namespaces at once hardly anybody may, and in one of them many. */
function hintAtNamespaces(world: World, question: Question): void {
  const more = world.clusters.reduce((sum, cluster) => {
    const everywhere = whoCan(world, cluster, question, { pathsPerRow: 1 }).rows.length;
    return (
      sum + whoCan(world, cluster, question, { pathsPerRow: 1, namespaces: 'any' }).rows.length - everywhere
    );
  }, 0);
  if (more === 0) return;
  process.stderr.write(
    'entryway: this is about all namespaces at once\n' +
      `hint: ${counted(more, 'other')} may in at least one: see where with --any-namespace, or ask about one with -n NAMESPACE\n`,
  );
}
