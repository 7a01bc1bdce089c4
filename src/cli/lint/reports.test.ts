import { expect, test } from 'vitest';
import type { AccessLintAnswer } from '../../engine/analysis/accesslint/accesslint.ts';
import type { AccessFinding } from '../../engine/analysis/accesslint/rule.ts';
import { junitOf, sarifOf } from './reports.ts';

const clusterArn = 'arn:aws:eks:us-east-1:111122223333:cluster/prod';
const names = new Map([[clusterArn, 'prod']]);
const finding: AccessFinding = {
  ...{ id: 'EW-ACC-003', rule: 'administrator by binding', severity: 'warning' },
  ...{ subject: 'User eve', object: 'ClusterRoleBinding all', clusterArn, fingerprint: 'f1' },
  message: '`eve` may do everything',
};
const answer: AccessLintAnswer = {
  findings: [finding],
  suppressed: [
    {
      finding: { ...finding, id: 'EW-POL-502', rule: 'a whole service', severity: 'security' },
      ...{ reason: 'on call', until: '2027-01-31' },
    },
  ],
  cut: [],
  notLookedAt: [{ reason: 'rbac was refused: Forbidden', ids: ['EW-ACC-201', 'EW-ACC-003'], clusterArn }],
  incomplete: [],
};
const ran = ({ id }: { readonly id: string }) => ['EW-ACC-003', 'EW-ACC-201', 'EW-ACC-204'].includes(id);

test('a JUnit report fails what is found, skips what is suppressed or was not looked at, and passes the rest', () => {
  const cases = junitOf(answer, names, ran).match(/<testcase[^>]*>(?:\s*<[fs][^>]*>)?/g) ?? [];
  const short = cases.map((one) => one.replace(/\s+/g, ' ').replace(/ (?:classname|time)="[^"]*"/g, ''));
  expect(short).toEqual([
    '<testcase name="EW-ACC-003 administrator by binding: User eve, ClusterRoleBinding all, cluster prod"> <failure message="warning: `eve` may do everything" type="failed">',
    '<testcase name="EW-ACC-003 administrator by binding"> <skipped message="not looked at in cluster prod because rbac was refused: Forbidden"/>',
    '<testcase name="EW-ACC-201 binding to a role that does not exist"> <skipped message="not looked at in cluster prod because rbac was refused: Forbidden"/>',
    '<testcase name="EW-ACC-204 binding without subjects"/>',
    '<testcase name="EW-POL-502 a whole service: User eve, ClusterRoleBinding all, cluster prod"> <skipped message="suppressed until 2027-01-31: on call"/>',
  ]);
});

test('a SARIF log has every rule that a result names, suppressed ones too, and what was not looked at', () => {
  const artifact = { file: 'entryway-snapshot.json', description: 'a server' };
  const [run] = JSON.parse(sarifOf(answer, names, { version: '1', artifact })).runs;
  const ids = run.tool.driver.rules.map(({ id }: { id: string }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { ruleId, ruleIndex, locations } of run.results) {
    expect(ids[ruleIndex]).toBe(ruleId);
    expect(locations[0].physicalLocation.artifactLocation.uri).toBe('entryway-snapshot.json');
  }
  expect(run.results[1].suppressions[0].justification).toBe('on call (until 2027-01-31)');
  expect(run.invocations[0].toolExecutionNotifications[0].message.text).toContain('rbac was refused');
});
