import type { ExplainedRefusal } from '../../engine/analysis/explain/last.ts';
import { shortArn } from '../../server/evidence.ts';
import { explainLast } from '../../sources/refusals/refusals.ts';
import type { OutputOptions, SourceOptions } from '../analysis/options.ts';
import { printAnswer } from '../analysis/print.ts';
import { openWorld } from '../analysis/source.ts';
import { readConnection } from '../connection.ts';
import { CommandError } from '../failure.ts';
import { printable } from '../render/printable.ts';
import { openTrailClient } from '../trail/client.ts';
import { isServer } from './request.ts';
import { renderSteps } from './walk.ts';

export interface LastOptions extends SourceOptions, OutputOptions {
  readonly number: string;
}

/** Most that are shown, and records looked through for them: many fail for other reasons than permission. */
const mostShown = 100;
const lookedThrough = 1_000;

/** `entryway explain last`: the newest refusals of the trail, newest first, each held against what holds now. */
export async function explainLastRefusals(options: LastOptions): Promise<void> {
  const count = countOf(options.number);
  if (!isServer(options)) {
    throw new CommandError('misuse', 'only a running server has a trail', 'leave out --from and --live');
  }
  const client = openTrailClient(readConnection(options));
  const items = await client.newest({ errors: true, kubernetes: true }, {}, lookedThrough);
  const records = items.map((item) => (item.kind === 'aws' ? item.record : item.event)).reverse();
  // A cluster that was refused and is gone is told so, and does not stop the others.
  const { cluster: clusters, ...whole } = options;
  const world = await openWorld(whole);
  const answer = explainLast(world, records, { count, ...(clusters && { clusters }) });
  printAnswer(options, answer, () =>
    answer.refusals.length === 0
      ? `${nothingFound(records.length)}\n`
      : answer.refusals.map(renderRefusal).join('\n'),
  );
}

function nothingFound(failed: number): string {
  return failed < lookedThrough
    ? 'nothing was refused, as far as the trail goes back'
    : `nothing was refused among the last ${lookedThrough} calls that failed; older ones: entryway trail --errors`;
}

function countOf(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > mostShown) {
    throw new CommandError(
      'misuse',
      `-N \`${text}\` is no number from 1 to ${mostShown}`,
      'leave it out for 5',
    );
  }
  return count;
}

function renderRefusal({ at, who, what, why, authentication, unrepeatable, now }: ExplainedRefusal): string {
  const lines = [
    `${at}  ${printable(shortWho(who))}  ${printable(what)}`,
    `  then: ${printable(why)}`,
    ...(authentication === undefined ? [] : [`  next: ${printable(authentication.hint)}`]),
    ...(unrepeatable === undefined ? [] : [`  but: ${printable(unrepeatable)}`]),
  ];
  if (now.length === 0 && authentication === undefined)
    lines.push('  now: cannot be told: who it was, or the cluster, is not known here any more');
  const parts = now.map(({ verdict, steps, command }) => {
    const walk = renderSteps(steps).replace(/^(?=.)/gm, '    ');
    const more = command === undefined || verdict === 'allowed' ? '' : `  more: ${printable(command)}\n`;
    return `  now: ${nowText[verdict]}\n${walk}${more}`;
  });
  return `${lines.join('\n')}\n${parts.join('')}`;
}

/** `role/session`, `user/name`, as the trail is printed. */
function shortWho(who: string): string {
  return shortArn(who).replace(/^assumed-role\//, '');
}

const nowText = {
  allowed: 'it would be allowed',
  refused: 'it would be refused again',
  depends: 'it depends on what else the request has',
} as const;
