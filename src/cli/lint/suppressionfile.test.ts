import { expect, test } from 'vitest';
import { Misasked } from '../../engine/analysis/ask/misasked.ts';
import { parseSuppressions } from './suppressionfile.ts';

test('a suppression is read with its place, and counts to the end of its last day', () => {
  const text = `# decided in the review of November
- id: EW-ACC-001
  subject: arn:aws:iam::111122223333:role/ops
  cluster: prod
  reason: runs the cluster
  until: 2027-01-31
`;
  expect(parseSuppressions(text, 'lint.yaml')).toEqual([
    {
      id: 'EW-ACC-001',
      subject: 'arn:aws:iam::111122223333:role/ops',
      cluster: 'prod',
      reason: 'runs the cluster',
      until: Date.UTC(2027, 1, 1),
      place: { file: 'lint.yaml', line: 2, column: 3 },
    },
  ]);
});

test('one without a reason or an end is read: that it does not count is a finding', () => {
  expect(parseSuppressions('- {id: EW-ACC-001, subject: a}', 'f')).toMatchObject([{ reason: '' }]);
});

test.each([
  ['id: EW-ACC-001', 'f:1:1: a list of suppressions is expected'],
  ['- EW-ACC-001', 'f:1:3: a suppression is a mapping'],
  ['- subject: a', 'f:1:3: a suppression needs the `id` of a rule'],
  ['- id: a\n  untill: 2027-01-31', 'f:2:3: `untill` means nothing in a suppression'],
  ['- id: a\n  until: 2027-02-31', 'f:2:3: `until` is `2027-02-31`, which is no day'],
  ['- id: a\n  subject: &x [b]\n- id: a\n  subject: *x', 'f:2:15: `subject` is no text'],
  ['- id: a\n  subject: {b: c}', 'f:2:12: `subject` is no text'],
  ['- id: a\n  reason:', 'f:2:'],
  ['[id: a, subject: b', 'f:1:'],
  ['- id: a\n  __proto__: b', 'means nothing in a suppression'],
  ['- id: a\n  until: forever', 'no day'],
  ['- id: a\n  reason: [x]', 'f:2:11: `reason` is no text'],
  ['- id: "a', 'f:1:'],
  ['- id: a\n  id: b', 'f:2:3:'],
])('%j is misuse, told with its place', (text, message) => {
  expect(() => parseSuppressions(text, 'f')).toThrow(Misasked);
  expect(() => parseSuppressions(text, 'f')).toThrow(message);
});
