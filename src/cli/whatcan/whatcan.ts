import { onlyCluster } from '../../engine/analysis/ask/onlycluster.ts';
import { parseSubject, unboundHint } from '../../engine/analysis/ask/subject.ts';
import { diffPermissions } from '../../engine/analysis/whatcan/diff.ts';
import { type Fit, fitOf } from '../../engine/analysis/whatcan/fit.ts';
import { permissionsOf } from '../../engine/analysis/whatcan/permissions.ts';
import { type WhatCan, whatCan } from '../../engine/analysis/whatcan/whatcan.ts';
import type { ClusterWorld } from '../../engine/analysis/world/cluster.ts';
import type { ClusterSubject } from '../../engine/analysis/world/subject.ts';
import type { World } from '../../engine/analysis/world/world.ts';
import { knownResources } from '../../wire/kube/resourceuniverse.ts';
import { noteMissingNamespace } from '../analysis/namespacenote.ts';
import type { OutputOptions, SourceOptions } from '../analysis/options.ts';
import { printAnswer } from '../analysis/print.ts';
import { openWorld } from '../analysis/source.ts';
import { exitCodes } from '../failure.ts';
import { counted } from '../render/counted.ts';
import { printable } from '../render/printable.ts';
import {
  differenceLines,
  identityText,
  printableLines,
  renderWhatCan,
  rulesYaml,
  subjectText,
} from './text.ts';

export interface WhatCanOptions extends SourceOptions, OutputOptions {
  readonly namespace?: string;
  readonly rules?: true;
  readonly diff?: string;
  readonly closestPolicy?: true;
}

/** Tells what a principal may in the one cluster that was read. */
export async function printWhatCan(principal: string, options: WhatCanOptions): Promise<void> {
  answerWhatCan(await openWorld(options), principal, options);
}

/** The same of a world; sets the exit code. */
export function answerWhatCan(
  world: World,
  principal: string,
  options: Omit<WhatCanOptions, keyof SourceOptions>,
): void {
  const cluster = onlyCluster(world);
  const { snapshot } = world;
  const subject = parseSubject(principal, cluster);
  if (options.diff !== undefined) {
    answerDiff(cluster, world, subject, options.diff, options);
    return;
  }
  noteMissingNamespace(world, options.namespace);
  const answer = whatCan(cluster, snapshot, subject, { namespace: options.namespace });
  if (answer.identities.length === 0) process.exitCode = exitCodes.denied;
  const fit =
    options.closestPolicy && answer.identities.length > 0
      ? fitOf(cluster, snapshot.partition, subject, knownResources())
      : undefined;
  printAnswer(options, { ...answer, ...fit }, () => {
    tellNobody(answer);
    const hint = unboundHint(subject, cluster);
    if (hint !== undefined) process.stderr.write(`entryway: ${printable(hint)}\n`);
    return printableLines(renderWhatCan(answer, options) + (fit === undefined ? '' : `\n${renderFit(fit)}`));
  });
}

/** Standard error: the answer itself is that there is nothing to print. */
function tellNobody({ identities, refusal, subject, cluster, incomplete }: WhatCan): void {
  if (identities.length > 0) return;
  const message = refusal?.message ?? 'nothing maps it';
  // What maps principals may be just what was not read.
  const isOpen = incomplete.some(({ area }) => ['cluster', 'accessEntries', 'awsAuth'].includes(area));
  const told = isOpen ? `nobody on ${cluster.name}, as far as was read` : `nobody on ${cluster.name}`;
  const hint = isOpen
    ? 'not all that maps principals was read (see below), so it may be somebody all the same: read the rest, then ask again'
    : refusal?.hint;
  process.stderr.write(printableLines(`entryway: ${subjectText(subject)} is ${told}: ${message}\n`));
  if (hint !== undefined) process.stderr.write(printableLines(`hint: ${hint}\n`));
}

function renderFit({ closestPolicy: fit, customPolicies }: Fit): string {
  if (fit === undefined) return 'it has nothing of its own, so no access policy is needed\n';
  const { policyName, accessScope, isExact, lacks, adds } = fit;
  const scope = accessScope.type === 'cluster' ? 'the cluster' : accessScope.namespaces.join(', ');
  const lines = [`closest access policy of AWS: ${policyName} for ${scope}`];
  if (isExact) lines.push('it grants exactly this');
  for (const [title, side] of [
    ['it lacks', lacks],
    ['it adds', adds],
  ] as const) {
    if (isExact) continue;
    lines.push(
      `${title} ${side.places.length === 0 ? 'nothing' : `${counted(side.pairs, 'pair')} of resource and verb`}`,
    );
    lines.push(...differenceLines(side.places).map((line) => `  ${line}`));
  }
  lines.push('');
  if (!customPolicies.isPossible)
    return `${lines.join('\n')}no policy of your own can grant exactly this: ${customPolicies.reason}\n`;
  const many = customPolicies.policies.length;
  lines.push(
    many === 1
      ? 'the smallest policy of your own (entryway policy create NAME -f FILE)'
      : `the smallest policies of your own, ${many} of them (entryway policy create NAME -f FILE)`,
  );
  for (const { rules, accessScope: own } of customPolicies.policies) {
    lines.push(`# associate it for ${own.type === 'cluster' ? 'the cluster' : own.namespaces.join(', ')}`);
    lines.push(rulesYaml(rules).trimEnd());
  }
  return `${lines.join('\n')}\n`;
}

function answerDiff(
  cluster: ClusterWorld,
  world: World,
  subject: ClusterSubject,
  otherText: string,
  options: OutputOptions,
): void {
  const other = parseSubject(otherText, cluster);
  const [first, second] = [subject, other].map((one) => whatCan(cluster, world.snapshot, one));
  if (first === undefined || second === undefined) return;
  const [mine, theirs] = [subject, other].map((one) =>
    permissionsOf(cluster, cluster.identitiesOf(one).identities),
  );
  if (mine === undefined || theirs === undefined) return;
  const diff = diffPermissions(mine, theirs);
  const isSame = diff.onlyFirst.length === 0 && diff.onlySecond.length === 0;
  if (!isSame) process.exitCode = exitCodes.denied;
  const answer = { first, second, ...diff, isSame, incomplete: first.incomplete };
  printAnswer(options, answer, () => {
    const who = [first, second].map((one) => {
      const [identity, ...more] = one.identities;
      tellNobody(one);
      return identity === undefined ? '' : identityText(one, identity, more.length);
    });
    const sides = [
      [subject, diff.onlyFirst],
      [other, diff.onlySecond],
    ] as const;
    const lines = isSame
      ? ['both may the same']
      : sides.flatMap(([one, places]) => [
          `only ${subjectText(one)} may${places.length === 0 ? ': nothing' : ''}`,
          ...differenceLines(places).map((line) => `  ${line}`),
        ]);
    return printableLines(`${[...who.filter((text) => text !== ''), lines.join('\n')].join('\n')}\n`);
  });
}
