import { parseSubject } from '../../engine/analysis/ask/subject.ts';
import { actionsMatching, isKnownService, knownActions } from '../../engine/analysis/catalogue/catalogue.ts';
import { anyCluster, explainAws } from '../../engine/analysis/explain/aws.ts';
import type { IamChange } from '../../engine/analysis/explain/iamchange.ts';
import type { IamQuestion } from '../../engine/analysis/iamworld/answer.ts';
import { nearest } from '../../engine/analysis/policylint/patterns.ts';
import { subjectKey } from '../../engine/analysis/world/subject.ts';
import type { OutputOptions, SourceOptions } from '../analysis/options.ts';
import { printAnswer } from '../analysis/print.ts';
import { openWorld } from '../analysis/source.ts';
import { CommandError, exitCodes } from '../failure.ts';
import { printable } from '../render/printable.ts';
import { renderSteps } from './walk.ts';

export interface AwsOptions extends SourceOptions, OutputOptions {
  readonly as: string;
  readonly key?: readonly string[];
}

/** `entryway explain aws`: exit code 1 where it is refused, 3 where it depends on what is not known. */
export async function explainAwsCall(action: string, resource: string, options: AwsOptions): Promise<void> {
  refuseUnknownAction(action);
  if (resource !== '*' && !/^arn:(?:[^:]*:){4}./.test(resource)) {
    throw new CommandError(
      'misuse',
      `\`${resource}\` is no ARN`,
      'write the whole of it, as arn:aws:eks:REGION:ACCOUNT:cluster/NAME, or leave it out for *',
    );
  }
  const context = parseContext(options.key ?? []);
  const world = await openWorld(options);
  const cluster = anyCluster(world);
  const subject = parseSubject(options.as, cluster);
  if (subject.kind !== 'iam') {
    throw new CommandError(
      'misuse',
      `\`${options.as}\` is nobody of IAM`,
      'write an ARN, role/NAME or user/NAME',
    );
  }
  const question: IamQuestion = { subject, action, resource, context };
  const explanation = explainAws(world, cluster, question);
  const answer = { subject: subjectKey(subject), action, resource, context, ...explanation };
  printAnswer(options, answer, () => {
    const verdict = { always: 'allowed', sometimes: 'depends', never: 'refused' }[explanation.certainty];
    const asked = `\`${action}\` on \`${resource}\` as \`${subject.arn}\``;
    return `${renderSteps(explanation.steps)}${printable(`${verdict}: ${asked}`)}\n${changesText(explanation.changes)}`;
  });
  if (explanation.certainty === 'never') process.exitCode = exitCodes.denied;
  else if (explanation.certainty === 'sometimes') process.exitCode = exitCodes.failure;
}

function changesText(changes: readonly IamChange[]): string {
  const parts = changes.map(({ summary, commands, certain }) =>
    [
      printable(summary),
      certain ? '' : '(then it depends on what else the request has: ask again with the statement in place)',
      ...commands.map(printable),
    ]
      .filter((line) => line !== '')
      .join('\n'),
  );
  return parts.length === 0 ? '' : `\nWhat would allow it:\n\n${parts.join('\n\n')}\n`;
}

/** Of services we know all actions of, one that is not there is a slip of the pen. */
function refuseUnknownAction(action: string): void {
  const [, service = '', name = ''] = /^([a-z0-9-]+):([A-Za-z0-9]+)$/i.exec(action) ?? [];
  if (name === '') {
    throw new CommandError('misuse', `\`${action}\` is no action`, 'write it as eks:DescribeCluster');
  }
  if (!isKnownService(service) || actionsMatching(action).length > 0) return;
  const near = nearest(
    action,
    knownActions.map((one) => one.name),
  );
  throw new CommandError(
    'misuse',
    `\`${action}\` is no action of \`${service}\``,
    near === undefined ? 'look it up in the service authorization reference' : `did you mean \`${near}\`?`,
  );
}

/** `KEY=VALUE`; a key given several times has several values, `KEY=` says that the request does not have it. */
function parseContext(pairs: readonly string[]): Readonly<Record<string, string | readonly string[]>> {
  const context = new Map<string, string[]>();
  for (const pair of pairs) {
    const [, key, value = ''] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
    if (key === undefined) {
      throw new CommandError('misuse', `\`${pair}\` is no KEY=VALUE`, 'write it as aws:SourceIp=10.0.0.1');
    }
    const values = context.get(key) ?? [];
    if (value !== '') values.push(value);
    context.set(key, values);
  }
  return Object.fromEntries(
    [...context].map(([key, values]) => [key, values.length === 1 ? (values[0] ?? '') : values]),
  );
}
