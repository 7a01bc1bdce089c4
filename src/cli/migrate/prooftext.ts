import type { PermissionDifference } from '../../engine/analysis/migrate/difference.ts';
import {
  type MigrationProof,
  nodeNameOf,
  type PrincipalProof,
  type SessionProof,
  type Verdict,
  type Who,
} from '../../engine/analysis/migrate/proof.ts';
import { counted } from '../render/counted.ts';
import { printable } from '../render/printable.ts';
import { ruleText } from '../render/rules.ts';

const order: readonly Verdict[] = ['gainsAndLoses', 'gains', 'loses', 'unproven', 'renamed', 'same'];
const words: Readonly<Record<Verdict, string>> = {
  gainsAndLoses: 'GAINS AND LOSES',
  gains: 'GAINS',
  loses: 'LOSES',
  unproven: 'NOT PROVEN, since not all bindings were read',
  renamed: 'may do the same, as somebody of another name',
  same: 'unchanged',
};
/** Differences of one session that are printed; `--output json` has all. */
const mostLines = 8;

/** Who is somebody else afterwards or may do something else, whoever gains first. */
export function proofText({ principals, unchanged, unread, isSafe }: MigrationProof): string {
  const total = principals.length + unchanged;
  const sorted = principals.toSorted(
    (one, other) => order.indexOf(one.verdict) - order.indexOf(other.verdict),
  );
  const changed = changedCount(principals);
  const head = isSafe
    ? `of ${counted(total, 'principal')} nobody gains and nobody loses anything.`
    : changed > 0
      ? `ACCESS CHANGES for ${changed} of ${counted(total, 'principal')}.`
      : 'none, since aws-auth was not read whole. Mend what stands here, and ask again.';
  return [
    `Proof: ${head}\n`,
    ...unread.map(
      (reason) => `  ${printable(`NOT PROVEN of whomever else aws-auth may let in: ${reason}`)}\n`,
    ),
    ...sorted.map(principalText),
  ].join('');
}

function changedCount(principals: readonly PrincipalProof[]): number {
  return principals.filter(({ verdict }) => verdict !== 'renamed').length;
}

function principalText({ principalArn, type, verdict, sessions }: PrincipalProof): string {
  const who = type === 'account' ? `anybody of ${principalArn}` : principalArn;
  return `  ${printable(who)}: ${words[verdict]}\n${sessions.map(sessionText).join('')}`;
}

function sessionText({ sessionName, before, after, gained, lost }: SessionProof): string {
  const isOne = sessionName === 'SESSION' || sessionName === '';
  const lines = [
    `${isOne ? '' : `session ${sessionName}: `}${whoText(before)} -> ${whoText(after)}`,
    ...nodeLines(before, after),
    ...differenceLines('gains', gained),
    ...differenceLines('loses', lost),
  ];
  return lines.map((line) => `      ${printable(line)}\n`).join('');
}

function nodeLines(before: Who | undefined, after: Who | undefined): readonly string[] {
  const [was, is] = [nodeNameOf(before), nodeNameOf(after)];
  if (was === is) return [];
  return [
    ...(is === '' ? [] : [`gains what Kubernetes gives to node ${is}`]),
    ...(was === '' ? [] : [`loses what Kubernetes gives to node ${was}`]),
  ];
}

function differenceLines(word: string, differences: readonly PermissionDifference[]): readonly string[] {
  const lines = differences.map(({ where, rule, except }) => {
    const but = except.length === 0 ? '' : `, but for ${except.map(ruleText).join('; ')}`;
    return `${word} ${where === '' ? 'everywhere' : `in ${where}`}: ${ruleText(rule)}${but}`;
  });
  const left = lines.length - mostLines;
  return left > 0 ? [...lines.slice(0, mostLines), `and ${left} more: --output json has them`] : lines;
}

function whoText(who: Who | undefined): string {
  if (who === undefined) return 'nobody';
  return `${who.username}${who.groups.length > 0 ? ` in ${who.groups.join(', ')}` : ''}`;
}
