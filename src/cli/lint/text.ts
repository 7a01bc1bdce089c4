import type { AccessLintAnswer, NotLookedAt } from '../../engine/analysis/accesslint/accesslint.ts';
import type { AccessFinding } from '../../engine/analysis/accesslint/rule.ts';
import { counted } from '../render/counted.ts';
import { bold, coloured, severityCounts } from '../render/findings.ts';
import { printable } from '../render/printable.ts';

/** For people: the gravest first; rule, place, what is wrong, what to do. `clusterNames`: by ARN. */
export function asText(
  { findings, suppressed, cut, notLookedAt }: AccessLintAnswer,
  clusterNames: ReadonlyMap<string, string>,
): string {
  const lines = findings.flatMap((finding) => findingLines(finding, clusterNames));
  for (const { id, found, told } of cut) {
    lines.push(
      `${id}: ${found - told} more; \`--rule ${id} -o json\` prints as many, narrow with --cluster`,
      '',
    );
  }
  const counts =
    findings.length === 0
      ? 'nothing found'
      : `${counted(findings.length, 'finding')}: ${severityCounts(findings)}`;
  const hidden = suppressed.length === 0 ? '' : `; ${suppressed.length} suppressed`;
  const unlooked = notLookedAt.length === 0 ? '' : '; not everything was looked at';
  return `${[...lines, `${counts}${hidden}${unlooked}`].join('\n')}\n`;
}

function findingLines(
  { id, rule, severity, clusterArn, place, message, fix }: AccessFinding,
  clusterNames: ReadonlyMap<string, string>,
): readonly string[] {
  const where =
    clusterArn === undefined ? '' : `, cluster ${printable(clusterNames.get(clusterArn) ?? clusterArn)}`;
  return [
    `${coloured(severity)} ${bold(id)} ${rule}${where}`,
    ...(place === undefined ? [] : [`  at ${printable(`${place.file}:${place.line}:${place.column}`)}`]),
    `  ${printable(message)}`,
    ...(fix === undefined ? [] : [`  fix: ${printable(fix)}`]),
    '',
  ];
}

/** One line for each reason. */
export function unlookedLines(
  notLookedAt: readonly NotLookedAt[],
  clusterNames: ReadonlyMap<string, string>,
): readonly string[] {
  return notLookedAt.map((one) => `${unlookedText(one, clusterNames)}: ${one.ids.join(', ')}`);
}

/** Where and why something was not looked at. */
export function unlookedText(
  { reason, clusterArn, accountId }: NotLookedAt,
  clusterNames: ReadonlyMap<string, string>,
): string {
  const where =
    clusterArn !== undefined
      ? ` in cluster ${clusterNames.get(clusterArn) ?? clusterArn}`
      : accountId !== undefined
        ? ` in account ${accountId}`
        : '';
  return `not looked at${where} because ${reason}`;
}
