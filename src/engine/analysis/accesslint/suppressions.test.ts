import { expect, test } from 'vitest';
import { testArn, testTakenAt } from '../testworld.ts';
import { lintAccess } from './accesslint.ts';
import { examples, exampleWorld } from './examples.ts';
import type { Suppression } from './suppressions.ts';

const day = 86_400_000;
const lint = (suppressions: readonly Suppression[], only?: readonly string[]) =>
  lintAccess(exampleWorld(examples['EW-ACC-001']?.triggers ?? {}), {
    ...{ suppressions, served: new Map(), digest: (text: string) => text },
    ...(only && { only: new Set(only) }),
  });
const base = { id: 'EW-ACC-001', reason: 'runs the cluster', until: testTakenAt + day };
const ids = (suppressions: readonly Suppression[]) => lint(suppressions).findings.map(({ id }) => id);

test('what is suppressed is told apart with its reason, not as a finding', () => {
  const [finding] = lint([]).findings;
  const by: readonly Partial<Suppression>[] = [
    { subject: testArn('role/ops') },
    { object: 'AmazonEKSClusterAdminPolicy', cluster: 'prod' },
    { fingerprint: finding?.fingerprint ?? '' },
  ];
  for (const what of by) {
    const { findings, suppressed } = lint([{ ...base, ...what }]);
    expect(findings).toEqual([]);
    expect(suppressed).toEqual([{ finding, reason: 'runs the cluster', until: '2026-11-22' }]);
  }
});

test.each<[string, Partial<Suppression>]>([
  ['another subject', { subject: testArn('role/op') }],
  ['a wildcard', { subject: '*' }],
  ['another case', { subject: testArn('role/OPS') }],
  ['another rule', { id: 'EW-ACC-002', subject: testArn('role/ops') }],
  ['another cluster', { subject: testArn('role/ops'), cluster: 'test' }],
  ['another object', { subject: testArn('role/ops'), object: 'AmazonEKSViewPolicy' }],
  ['an end that has come', { subject: testArn('role/ops'), until: testTakenAt }],
  ['no reason', { subject: testArn('role/ops'), reason: '  ' }],
  ['nothing that says of whom', {}],
])('%s hides nothing', (_, change) => {
  expect(ids([{ ...base, ...change }])).toContain('EW-ACC-001');
});

test('a suppression of what was not looked at is not called useless', () => {
  const suppression = { ...base, subject: testArn('role/gone') };
  expect(ids([suppression])).toContain('EW-ACC-902');
  expect(lint([suppression], ['EW-ACC-003', 'EW-ACC-902']).findings).toEqual([]);
  expect(ids([{ ...suppression, cluster: 'not-read' }])).not.toContain('EW-ACC-902');
});

test('who writes a star is told that it is none', () => {
  const { findings } = lint([{ ...base, subject: testArn('role/*') }]);
  expect(findings.find(({ id }) => id === 'EW-ACC-902')?.message).toContain('`*` stands for itself');
});

test('a remark on suppressions cannot be suppressed', () => {
  const useless = { ...base, subject: testArn('role/gone') };
  const hiding = { ...base, id: 'EW-ACC-902', subject: testArn('role/gone') };
  expect(ids([useless, hiding])).toEqual(expect.arrayContaining(['EW-ACC-902', 'EW-ACC-904']));
});

test('of a rule that was skipped, or that is below the least severity, nothing is known', () => {
  for (const id of ['EW-AUTH-071', 'EW-POL-502', 'EW-ACC-003']) {
    const suppression = { ...base, id, subject: 'nobody' };
    const severities = { served: new Map(), digest: (text: string) => text, suppressions: [suppression] };
    const told = (more: object) =>
      lintAccess(exampleWorld({}), { ...severities, ...more }).findings.map((one) => one.id);
    expect(told({})).toEqual(['EW-ACC-902']);
    expect(told({ skip: new Set([id]) })).toEqual([]);
    expect(told({ minSeverity: 'error', only: new Set([id, 'EW-ACC-902']) })).toEqual([]);
  }
});

test('a suppression for somebody of an account that was not read is not called useless', () => {
  const other = { ...base, subject: 'arn:aws:iam::444455556666:role/ops' };
  expect(ids([other])).not.toContain('EW-ACC-902');
});

test('a suppression has the same fingerprint wherever it stands in its file', () => {
  const at = (line: number) => ({ file: 'lint.yaml', line, column: 1 });
  const [one, other] = [at(1), at(9)].map((place) => {
    const { findings } = lint([{ ...base, subject: testArn('role/gone'), place }]);
    return findings.find(({ id }) => id === 'EW-ACC-902');
  });
  expect(one?.fingerprint).toBe(other?.fingerprint);
  expect(other?.place).toEqual(at(9));
});
