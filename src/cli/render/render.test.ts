import { expect, test } from 'vitest';
import type { Decision } from '../../engine/authorizer/decision.ts';
import { describeDecision, shortArn } from '../../server/evidence.ts';
import { renderTable } from './table.ts';

test('a table is plain text: titles in capitals, columns aligned, no line ends in spaces', () => {
  const text = renderTable(
    [{ title: 'who' }, { title: 'may' }],
    [
      ['alice', 'yes'],
      ['bo', 'no'],
    ],
  );
  expect(text).toBe('WHO    MAY\nalice  yes\nbo     no\n');
});

test('a table without rows is its titles; a long cell wraps and loses nothing', () => {
  expect(renderTable([{ title: 'who' }], [])).toBe('WHO\n');
  const words = 'one two three four five';
  const text = renderTable([{ title: 'why', width: 12 }], [[words]]);
  expect(text.split('\n').length).toBeGreaterThan(3);
  expect(text.replace('WHY', '').trim().split(/\s+/).join(' ')).toBe(words);
});

test('an ARN is shortened to its resource, with all of its colons', () => {
  expect(shortArn('arn:aws:iam::111122223333:role/team/ops')).toBe('role/team/ops');
  expect(shortArn('arn:aws:x:y:z:a:b')).toBe('a:b');
  expect(shortArn('nothing')).toBe('nothing');
});

test('a decision is told in one line', () => {
  const masters: Decision = { decision: 'allow', evidence: { by: 'systemMasters' } } as Decision;
  expect(describeDecision(masters)).toBe('member of system:masters');
  const policy = {
    decision: 'allow',
    evidence: {
      by: 'accessPolicy',
      principalArn: 'arn:aws:iam::111122223333:role/ops',
      policyArn: 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy',
      accessScope: { type: 'namespace', namespaces: ['a', 'b'] },
    },
  } as unknown as Decision;
  expect(describeDecision(policy)).toBe('entry role/ops → AmazonEKSViewPolicy on a, b');
  const nothing = { decision: 'noOpinion', evidence: { by: 'nothing', misses: [] } } as unknown as Decision;
  expect(describeDecision(nothing)).toBe('no access policy and no role binding applies');
});
