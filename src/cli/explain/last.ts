import { parseSubject } from '../../engine/analysis/ask/subject.ts';
import { explainAws } from '../../engine/analysis/explain/aws.ts';
import type { ExplainStep } from '../../engine/analysis/explain/explanation.ts';
import { identitySteps } from '../../engine/analysis/explain/identitystep.ts';
import { explainRequest } from '../../engine/analysis/explain/request.ts';
import { shellWord } from '../../engine/analysis/explain/shell.ts';
import { createIamWorld, type IamWorld } from '../../engine/analysis/iamworld/iamworld.ts';
import type { AccessUse } from '../../engine/analysis/usage/use.ts';
import type { ClusterWorld } from '../../engine/analysis/world/cluster.ts';
import type { Question } from '../../engine/analysis/world/question.ts';
import type { ClusterSubject } from '../../engine/analysis/world/subject.ts';
import type { World } from '../../engine/analysis/world/world.ts';
import type { OutputOptions, SourceOptions } from '../analysis/options.ts';
import { printAnswer } from '../analysis/print.ts';
import { openWorld } from '../analysis/source.ts';
import { readConnection } from '../connection.ts';
import { CommandError } from '../failure.ts';
import { printable } from '../render/printable.ts';
import { openTrailClient } from '../trail/client.ts';
import { anyCluster } from './aws.ts';
import { type Refusal, refusalOf } from './refusals.ts';
import { isServer } from './request.ts';
import { renderSteps } from './walk.ts';

export interface LastOptions extends SourceOptions, OutputOptions {
  readonly number: string;
}

/** What the present snapshot says of something that was refused then. */
interface Now {
  readonly verdict: 'allowed' | 'refused' | 'depends';
  readonly steps: readonly ExplainStep[];
  /** That tells more: what would allow it. */
  readonly command?: string;
}

type Explained = Refusal & { readonly now: readonly Now[] };

/** Most that are shown, and records looked through for them: many fail for other reasons than permission. */
const mostShown = 100;
const lookedThrough = 1_000;

/** `entryway explain last`: the newest refusals of the trail, newest first, each held against what holds now. */
export async function explainLast(options: LastOptions): Promise<void> {
  const count = countOf(options.number);
  if (!isServer(options)) {
    throw new CommandError('misuse', 'only a running server has a trail', 'leave out --from and --live');
  }
  const client = openTrailClient(readConnection(options));
  const items = await client.newest({ errors: true, kubernetes: true }, {}, lookedThrough);
  const found = items
    .flatMap((item) => refusalOf(item) ?? [])
    .filter(({ cluster }) => isAsked(cluster, options.cluster))
    .slice(-count)
    .reverse();
  // A cluster that was refused and is gone is told so, and does not stop the others.
  const { cluster: _named, ...whole } = options;
  const world = await openWorld(whole);
  const iam = createIamWorld(world);
  const refusals = found.map((refusal): Explained => ({ ...refusal, now: nowOf(refusal, world, iam) }));
  const answer = { refusals, incomplete: world.snapshot.gaps };
  printAnswer(options, answer, () =>
    refusals.length === 0
      ? 'nothing was refused, as far as the trail goes back\n'
      : refusals.map(renderRefusal).join('\n'),
  );
}

function isAsked(arn: string | undefined, wanted: readonly string[] | undefined): boolean {
  return (
    wanted === undefined || wanted.some((one) => arn === one || arn?.endsWith(`:cluster/${one}`) === true)
  );
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

function nowOf({ uses, authentication, cluster: arn }: Refusal, world: World, iam: IamWorld): readonly Now[] {
  if (authentication?.principalArn !== undefined) {
    const cluster = clusterOf(world, arn);
    const subject = cluster && subjectOf(authentication.principalArn, cluster);
    if (cluster === undefined || subject === undefined) return [];
    // Any question finds out who it is.
    const steps = identitySteps(world, cluster, subject, cluster.can(subject, anyQuestion));
    const isKnown = steps.every(({ outcome }) => outcome !== 'failed');
    return [{ verdict: isKnown ? 'allowed' : 'refused', steps }];
  }
  return uses.flatMap((use) => explainUse(use, world, iam) ?? []);
}

const anyQuestion: Question = { kind: 'nonResource', verb: 'get', path: '/version' };

function explainUse({ who, did }: AccessUse, world: World, iam: IamWorld): Now | undefined {
  if (did.kind === 'aws') {
    const cluster = anyCluster(world);
    const subject = who.principalArn === undefined ? undefined : subjectOf(who.principalArn, cluster);
    if (subject?.kind !== 'iam') return undefined;
    const resource = did.resources[0] ?? '*';
    const { certainty, steps } = explainAws(world, cluster, { subject, action: did.action, resource }, iam);
    return {
      verdict: ({ always: 'allowed', sometimes: 'depends', never: 'refused' } as const)[certainty],
      steps,
      command: `entryway explain aws ${shellWord(did.action)} ${shellWord(resource)} --as ${shellWord(subject.arn)}`,
    };
  }
  const cluster = clusterOf(world, did.cluster);
  const name = who.principalArn ?? (who.username === undefined ? undefined : `User:${who.username}`);
  const subject = cluster && name !== undefined ? subjectOf(name, cluster) : undefined;
  if (cluster === undefined || subject === undefined || name === undefined) return undefined;
  const { allowed, steps } = explainRequest(world, cluster, subject, did.question, {
    extensions: true,
    limit: 0,
  });
  return {
    verdict: allowed ? 'allowed' : 'refused',
    steps,
    command: `entryway explain request ${questionWords(did.question)} --cluster ${shellWord(cluster.cluster.arn)} --as ${shellWord(name)}`,
  };
}

function clusterOf({ clusters }: World, arn: string | undefined): ClusterWorld | undefined {
  return clusters.find(({ cluster }) => cluster.arn === arn);
}

/** Undefined for whoever is nobody now: the record says who it was. */
function subjectOf(name: string, cluster: ClusterWorld): ClusterSubject | undefined {
  try {
    return parseSubject(name, cluster);
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}

function questionWords(question: Question): string {
  if (question.kind === 'nonResource') return `${shellWord(question.verb)} ${shellWord(question.path)}`;
  const { verb, apiGroup, resource, subresource, namespace, name } = question;
  const words = [
    ...[verb, `${resource}${apiGroup === '' ? '' : `.${apiGroup}`}`],
    ...(subresource === '' ? [] : ['--subresource', subresource]),
    ...(namespace === '' ? [] : ['-n', namespace]),
    ...(name === '' ? [] : ['--name', name]),
  ];
  return words.map(shellWord).join(' ');
}

function renderRefusal({ at, who, what, why, authentication, now }: Explained): string {
  const lines = [`${at}  ${printable(who)}  ${printable(what)}`, `  then: ${printable(why)}`];
  if (authentication !== undefined) lines.push(`  next: ${printable(authentication.hint)}`);
  if (now.length === 0 && authentication === undefined)
    lines.push('  now: cannot be told: who it was is not known here any more');
  const parts = now.map(({ verdict, steps, command }) => {
    const walk = renderSteps(steps).replace(/^(?=.)/gm, '    ');
    const more = command === undefined || verdict === 'allowed' ? '' : `  more: ${printable(command)}\n`;
    return `  now: ${nowText[verdict]}\n${walk}${more}`;
  });
  return `${lines.join('\n')}\n${parts.join('')}`;
}

const nowText = {
  allowed: 'it would be allowed',
  refused: 'it would be refused again',
  depends: 'it depends on what else the request has',
} as const;
