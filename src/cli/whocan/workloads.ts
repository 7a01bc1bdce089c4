import { noCluster } from '../../engine/analysis/ask/onlycluster.ts';
import type { Gap } from '../../engine/analysis/snapshot/snapshot.ts';
import {
  type WhoCanCallAnswer,
  whoCanBecomeRole,
  whoCanCall,
} from '../../engine/analysis/workload/whocancall.ts';
import type { WorkloadRow } from '../../engine/analysis/workload/workloadrow.ts';
import type { World } from '../../engine/analysis/world/world.ts';
import { shortArn } from '../../server/evidence.ts';
import type { OutputOptions, SourceOptions } from '../analysis/options.ts';
import { printAnswer } from '../analysis/print.ts';
import { openWorld } from '../analysis/source.ts';
import { type AskedCall, parseAsAws } from '../explain/call.ts';
import { CommandError, exitCodes } from '../failure.ts';
import { counted } from '../render/counted.ts';
import { printable } from '../render/printable.ts';
import { renderTable } from '../render/table.ts';

export interface WorkloadsOptions extends SourceOptions, OutputOptions {
  readonly asAws?: readonly string[];
  readonly become?: string;
  readonly key?: readonly string[];
  /** Of the other form. */
  readonly namespace?: string;
  readonly allNamespaces?: true;
  readonly name?: string;
  readonly anyNamespace?: true;
  readonly paths?: true;
  readonly transitive?: true;
}

/** `who-can --as-aws` and `who-can --become`: exit code 1 where no service account may. */
export async function printWorkloads(
  words: readonly (string | undefined)[],
  options: WorkloadsOptions,
): Promise<void> {
  const asked = parseAsked(words, options);
  answerWorkloads(await openWorld(options), asked, options);
}

type Asked = { readonly call: AskedCall } | { readonly become: string };

function parseAsked(words: readonly (string | undefined)[], options: WorkloadsOptions): Asked {
  const { asAws, become, key } = options;
  const form = asAws === undefined ? '--become' : '--as-aws';
  const written = words.filter((word) => word !== undefined);
  if (asAws === undefined && key !== undefined)
    throw new CommandError('misuse', '--key goes with --as-aws', 'add --as-aws, or leave out --key');
  if (written.length > 0) {
    throw new CommandError(
      'misuse',
      `\`${written.join(' ')}\` is a verb and a resource of a cluster, and ${form} asks about AWS`,
      `leave one of them out: who-can ${written.join(' ')}, or who-can ${form} …`,
    );
  }
  const strays = ['namespace', 'allNamespaces', 'name', 'anyNamespace', 'paths', 'transitive'] as const;
  const stray = strays.find((name) => options[name] !== undefined);
  if (stray !== undefined) {
    const flag = stray.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new CommandError(
      'misuse',
      `--${flag} goes with a verb and a resource`,
      `leave it out, or leave out ${form}`,
    );
  }
  if (asAws !== undefined) return { call: parseAsAws(asAws, key) };
  return { become: become ?? '' };
}

/** The same of a world; sets the exit code. */
export function answerWorkloads(world: World, asked: Asked, options: OutputOptions): void {
  if (world.clusters.length === 0) throw noCluster();
  const found = 'call' in asked ? whoCanCall(world, asked.call) : whoCanBecomeRole(world, asked.become);
  if (found.rows.length === 0) process.exitCode = exitCodes.denied;
  const what =
    'call' in asked
      ? `call \`${asked.call.action}\` on \`${asked.call.resource}\``
      : `have role \`${asked.become}\``;
  const { rows, notes } = found;
  const answer = { ...('call' in asked ? asked.call : { roleArn: asked.become }), ...found };
  printAnswer(options, answer, () =>
    [
      rows.length === 0 ? '' : `${renderRows(world, rows)}\n`,
      `${printable(summary(found, what))}\n`,
      ...notes.map((note) => `note: ${printable(note)}\n`),
    ].join(''),
  );
}

function summary({ rows, incomplete }: WhoCanCallAnswer, what: string): string {
  const named = rows.filter(({ isPattern }) => isPattern !== true);
  const count = new Set(named.map(({ cluster, namespace, name }) => `${cluster} ${namespace}/${name}`)).size;
  const open = [...new Set(rows.filter((row) => !named.includes(row)).map(nameOf))];
  const known = asKnown(incomplete);
  const others =
    open.length === 0 ? '' : `, and of any that is called ${open.map((one) => `\`${one}\``).join(' or ')},`;
  if (count + open.length === 0) return `the pods of no service account may ${what}${known}`;
  const perhaps = rows.every(({ certainty }) => certainty === 'sometimes') ? 'perhaps ' : '';
  return `the pods of ${counted(count, 'service account')}${others} may ${perhaps}${what}${known}`;
}

function nameOf({ namespace, name }: WorkloadRow): string {
  return `${namespace}/${name}`;
}

function asKnown(gaps: readonly Gap[]): string {
  return gaps.length > 0 ? ', as far as it is known' : '';
}

/** A row for each way; the cluster where there are several. */
function renderRows(world: World, rows: readonly WorkloadRow[]): string {
  const clusters = new Map(world.clusters.map(({ cluster }) => [cluster.arn, cluster]));
  const several = clusters.size > 1;
  const titles = [...(several ? ['cluster'] : []), 'service account', 'mechanism', 'role', 'how'];
  const columns = titles.map((title) => ({ title }));
  const cells = rows.map((row) => {
    const cluster = clusters.get(row.cluster);
    const short = (arn: string): string => (arn.includes(`::${cluster?.accountId}:`) ? shortArn(arn) : arn);
    return [
      ...(several ? [cluster?.name ?? ''] : []),
      `${row.namespace}/${row.name}`,
      { irsa: 'IRSA', podIdentity: 'Pod Identity' }[row.mechanism],
      [...(row.viaRoleArn === undefined ? [] : [row.viaRoleArn]), row.roleArn, ...(row.assumes ?? [])]
        .map(short)
        .join(' → '),
      howText(row),
    ].map(printable);
  });
  return renderTable(columns, cells);
}

function howText(row: WorkloadRow): string {
  const { mechanism, isDelivered, isPattern, missing, associationId, conditions, certainty } = row;
  // Where no association is known the condition says that there may be one; that of a plan has no id yet.
  const association = associationId === undefined ? [] : [`association ${associationId}`.trimEnd()];
  const token = isDelivered ? 'annotation' : 'a token that a container has to ask for';
  const parts = [
    ...(isPattern === true ? ['any such name, once it is made'] : []),
    ...(missing === true ? ['does not exist yet'] : []),
    ...(mechanism === 'podIdentity' ? association : [token]),
    ...(row.assumes === undefined ? [] : ['then sts:AssumeRole']),
  ];
  if (certainty === 'always') return parts.join('; ');
  const [first, ...more] = conditions;
  const others = more.length > 0 ? ` (+${more.length} more)` : '';
  return `PERHAPS: ${[...parts, first?.message ?? 'it is not known'].join('; ')}${others}`;
}
