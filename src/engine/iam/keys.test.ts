// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written so.
import { expect, test } from 'vitest';
import { compileStoredPolicy } from './compile.ts';
import { referencedKeys } from './keys.ts';
import { missingContextKeys } from './missingkeys.ts';
import { parsePolicy } from './parse.ts';
import type { EvaluationRequest } from './request.ts';
import { ada, cluster, own } from './testworld.ts';

const text = (...Statement: object[]): string => JSON.stringify({ Version: '2012-10-17', Statement });
const statements = [
  {
    Effect: 'Allow',
    Action: 'eks:DescribeCluster',
    Resource: ['arn:aws:eks:*:*:cluster/${aws:username}', "arn:aws:eks:*:*:cluster/${*}${a:b, 'x'}"],
    Condition: {
      StringEquals: { 'aws:PrincipalTag/Team': '${aws:ResourceTag/team}' },
      NumericLessThan: { 'aws:MultiFactorAuthAge': '${ignored:here}' },
    },
  },
  {
    Effect: 'Deny',
    Action: 'iam:*',
    Resource: '*',
    Condition: { Bool: { 'AWS:UserName': 'true', c: 'true' } },
  },
];

test('the keys of conditions and variables are named once, as first written (J25)', () => {
  const parsed = parsePolicy(text(...statements), 'identity');
  expect(parsed.ok && referencedKeys(parsed.document)).toEqual([
    'aws:username',
    'a:b',
    'aws:PrincipalTag/Team',
    'aws:ResourceTag/team',
    'aws:MultiFactorAuthAge',
    'c',
  ]);
});

test('the older language has no variables (A4)', () => {
  const parsed = parsePolicy(JSON.stringify({ Statement: statements[0] }), 'identity');
  expect(parsed.ok && referencedKeys(parsed.document)).toEqual([
    'aws:PrincipalTag/Team',
    'aws:MultiFactorAuthAge',
  ]);
});

test('missing are the keys that statements about the action refer to and the request lacks (J24)', () => {
  const request: EvaluationRequest = {
    principal: ada,
    action: 'eks:DescribeCluster',
    resource: cluster,
    resourceAccountId: own,
    context: new Map<string, string | string[]>([
      ['aws:username', 'ada'],
      ['a:b', []],
    ]),
  };
  const identity = [compileStoredPolicy(text(...statements), 'identity', { type: 'inline', name: 'p' })];
  expect(missingContextKeys(request, { identity })).toEqual([
    'a:b',
    'aws:PrincipalTag/Team',
    'aws:ResourceTag/team',
    'aws:MultiFactorAuthAge',
  ]);
  expect(missingContextKeys({ ...request, action: 'iam:GetUser' }, { identity })).toEqual(['c']);
});
