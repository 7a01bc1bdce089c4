import { parseSubject } from '../../engine/analysis/ask/subject.ts';
import { anyCluster, explainAws } from '../../engine/analysis/explain/aws.ts';
import type { IamQuestion } from '../../engine/analysis/iamworld/answer.ts';
import { subjectKey } from '../../engine/analysis/world/subject.ts';
import type { OutputOptions, SourceOptions } from '../analysis/options.ts';
import { printAnswer } from '../analysis/print.ts';
import { openWorld } from '../analysis/source.ts';
import { CommandError, exitCodes } from '../failure.ts';
import { printable } from '../render/printable.ts';
import { parseCall } from './call.ts';
import { callChangesText, renderSteps } from './walk.ts';

export interface AwsOptions extends SourceOptions, OutputOptions {
  readonly as: string;
  readonly key?: readonly string[];
}

/** `entryway explain aws`: exit code 1 where it is refused, 3 where it depends on what is not known. */
export async function explainAwsCall(action: string, resource: string, options: AwsOptions): Promise<void> {
  const { context } = parseCall(action, resource, options.key);
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
    return `${renderSteps(explanation.steps)}${printable(`${verdict}: ${asked}`)}\n${callChangesText(explanation.changes)}`;
  });
  if (explanation.certainty === 'never') process.exitCode = exitCodes.denied;
  else if (explanation.certainty === 'sometimes') process.exitCode = exitCodes.failure;
}
