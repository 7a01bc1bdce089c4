import { onlyCluster } from '../../engine/analysis/ask/onlycluster.ts';
import { parseSubject } from '../../engine/analysis/ask/subject.ts';
import { questionText } from '../../engine/analysis/explain/questiontext.ts';
import { explainRequest } from '../../engine/analysis/explain/request.ts';
import { sessionNameIn } from '../../engine/analysis/explain/session.ts';
import { subjectKey } from '../../engine/analysis/world/subject.ts';
import { parseQuestion, type QuestionOptions } from '../../wire/kube/question.ts';
import { noteMissingNamespace } from '../analysis/namespacenote.ts';
import type { OutputOptions, SourceOptions } from '../analysis/options.ts';
import { printAnswer } from '../analysis/print.ts';
import { openWorld } from '../analysis/source.ts';
import { exitCodes } from '../failure.ts';
import { renderExplanation } from './walk.ts';

export interface RequestOptions extends SourceOptions, OutputOptions, QuestionOptions {
  readonly as: string;
  readonly subresource?: string;
}

/** `entryway explain request`: exit code 1 where it is refused. */
export async function explainOneRequest(
  verb: string,
  resource: string,
  options: RequestOptions,
): Promise<void> {
  const { subresource } = options;
  const written = subresource === undefined ? resource : `${resource}/${subresource}`;
  // Read first: whoever mistypes a resource need not wait for a cluster.
  const question = parseQuestion(verb, written, options);
  const world = await openWorld(options);
  const cluster = onlyCluster(world);
  const subject = parseSubject(options.as, cluster);
  noteMissingNamespace(world, options.namespace);
  const sessionName = sessionNameIn(options.as);
  const explanation = explainRequest(world, cluster, subject, question, {
    extensions: isServer(options),
    ...(sessionName !== undefined && { sessionName }),
  });
  const who = sessionName === undefined ? subjectKey(subject).replace(/^iam:/, '') : options.as;
  const session = sessionName !== undefined && { sessionName };
  const answer = {
    subject: subjectKey(subject),
    ...session,
    cluster: cluster.cluster.arn,
    question,
    ...explanation,
  };
  const asked = `${questionText(question)} in cluster \`${cluster.cluster.name}\` as \`${who}\``;
  printAnswer(options, answer, () => renderExplanation(explanation, asked));
  if (!explanation.allowed) process.exitCode = exitCodes.denied;
}

/** Whether it was read from a server of ours, and not from files or AWS. */
export function isServer({ from, live }: Pick<SourceOptions, 'from' | 'live'>): boolean {
  return from === undefined && live === undefined;
}
