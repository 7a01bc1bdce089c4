import type { AccessLintAnswer } from '../../engine/analysis/accesslint/accesslint.ts';
import type { AccessFinding } from '../../engine/analysis/accesslint/rule.ts';
import { accessRules } from '../../engine/analysis/accesslint/rules.ts';
import type { Suppressed } from '../../engine/analysis/accesslint/suppressions.ts';
import type { Severity } from '../../engine/analysis/policylint/severity.ts';
import { gapLines } from '../analysis/source.ts';
import { type JunitCase, junitXml } from '../report/junit.ts';
import { type SarifReport, type SarifResult, type SarifRule, sarifLog } from '../report/sarif.ts';
import { unlookedLines, unlookedText } from './text.ts';

type Names = ReadonlyMap<string, string>;

/** What a report says of the rules that may have been carried out: ours, and those of others that found something. */
function rulesOf({ findings, suppressed }: AccessLintAnswer): readonly SarifRule[] {
  const rules = new Map<string, SarifRule>(accessRules.map((rule) => [rule.id, rule]));
  for (const { id, rule, severity } of [...findings, ...suppressed.map(({ finding }) => finding)]) {
    if (!rules.has(id)) rules.set(id, { id, name: rule, severity, why: otherPages(id) });
  }
  return [...rules.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
}

function otherPages(id: string): string {
  const page = id.startsWith('EW-POL')
    ? 'policy-lint'
    : id.startsWith('EW-AUTH')
      ? 'aws-auth-lint'
      : 'access-policy-lint';
  return `docs/reference/${page}.md says why it matters.`;
}

export function sarifOf(
  answer: AccessLintAnswer,
  names: Names,
  { version, artifact }: Pick<SarifReport, 'version' | 'artifact'>,
): string {
  const result = (finding: AccessFinding, suppressedBecause?: string): SarifResult => ({
    ...finding,
    ruleId: finding.id,
    subject: [...(finding.clusterArn === undefined ? [] : [finding.clusterArn]), finding.subject].join(' '),
    ...(suppressedBecause !== undefined && { suppressedBecause }),
  });
  return sarifLog({
    ...{ version, artifact },
    rules: rulesOf(answer),
    results: [
      ...answer.findings.map((finding) => result(finding)),
      ...answer.suppressed.map(({ finding, reason, until }) => result(finding, `${reason} (until ${until})`)),
    ],
    warnings: warningsOf(answer, names),
  });
}

/**
 * One case for each finding, one that was skipped for each suppressed, and for each rule without a finding one: passed, or
 * skipped where it could not look everywhere.
 */
export function junitOf(
  answer: AccessLintAnswer,
  names: Names,
  ran: (rule: { readonly id: string; readonly severity: Severity }) => boolean,
): string {
  const findings = Map.groupBy(answer.findings, ({ id }) => id);
  const suppressed = Map.groupBy(answer.suppressed, ({ finding }) => finding.id);
  const unlooked = Map.groupBy(
    answer.notLookedAt.flatMap((one) => {
      const where = unlookedText(one, names);
      return one.ids.map((id) => ({ id, where }));
    }),
    ({ id }) => id,
  );
  const rules = rulesOf(answer).filter(
    (rule) => ran(rule) || findings.has(rule.id) || suppressed.has(rule.id),
  );
  const cases = rules.flatMap((rule): readonly JunitCase[] => {
    const name = `${rule.id} ${rule.name}`;
    const found = (findings.get(rule.id) ?? []).map((finding) => failed(name, finding, names));
    const hidden = (suppressed.get(rule.id) ?? []).map((one) => skipped(name, one, names));
    const missed = (unlooked.get(rule.id) ?? []).map(
      ({ where }): JunitCase => ({
        ...{ name, classname: rule.id },
        outcome: { is: 'skipped', message: where },
      }),
    );
    const told = [...found, ...hidden, ...missed];
    return told.length > 0 ? told : [{ name, classname: rule.id, outcome: { is: 'passed' } }];
  });
  return junitXml([{ name: 'entryway lint', cases }]);
}

function caseName(name: string, { subject, object, clusterArn }: AccessFinding, names: Names): string {
  const cluster = clusterArn === undefined ? '' : `, cluster ${names.get(clusterArn) ?? clusterArn}`;
  return `${name}: ${subject}${object === undefined ? '' : `, ${object}`}${cluster}`;
}

function skipped(name: string, { finding, reason, until }: Suppressed, names: Names): JunitCase {
  return {
    ...{ name: caseName(name, finding, names), classname: finding.id },
    ...(finding.place !== undefined && { place: finding.place }),
    outcome: { is: 'skipped', message: `suppressed until ${until}: ${reason}` },
  };
}

function failed(name: string, finding: AccessFinding, names: Names): JunitCase {
  const { id, severity, message, fix, place } = finding;
  return {
    name: caseName(name, finding, names),
    classname: id,
    ...(place !== undefined && { place }),
    outcome: {
      is: 'failed',
      message: `${severity}: ${message}`,
      text: fix === undefined ? message : `${message}\nfix: ${fix}`,
    },
  };
}

/** What keeps the report from being the whole truth. */
export function warningsOf(
  { notLookedAt, cut, incomplete }: AccessLintAnswer,
  names: Names,
): readonly string[] {
  return [
    ...gapLines(incomplete),
    ...unlookedLines(notLookedAt, names),
    ...cut.map(({ id, found, told }) => `${id} found ${found}, of which ${told} are told`),
  ];
}
