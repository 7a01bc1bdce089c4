import { expect, test } from 'vitest';
import { compileStoredPolicy } from './compile.ts';

const { allows } = compileStoredPolicy(
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Sid: 'Wild', Effect: 'Allow', Action: 'eks:Describe*', Resource: '*' },
      {
        Sid: 'Exact',
        Effect: 'Allow',
        Action: ['eks:DescribeCluster', 'EKS:describeCluster'],
        Resource: '*',
      },
      { Sid: 'Denied', Effect: 'Deny', Action: '*', Resource: '*' },
      { Sid: 'Other', Effect: 'Allow', Action: 'iam:GetUser', Resource: '*' },
      { Sid: 'Mixed', Effect: 'Allow', Action: ['iam:GetUser', 'eks:*'], Resource: '*' },
      { Sid: 'Not', Effect: 'Allow', NotAction: 'iam:*', Resource: '*' },
    ],
  }),
  'identity',
  { type: 'inline', name: 'p' },
);

const sidsFor = (action: string) => allows.forAction(action).map(({ ref }) => ref.sid);

test.each([
  ['eks:describecluster', ['Wild', 'Exact', 'Mixed', 'Not']],
  ['iam:getuser', ['Other', 'Mixed']],
  ['iam:listusers', []],
  ['s3:getobject', ['Not']],
])('about %s speak %j, in the order of the document', (action, sids) => {
  expect(sidsFor(action)).toEqual(sids);
  expect(sidsFor(action)).toEqual(sids);
});

test('the answer stays the same after more actions than are remembered', () => {
  for (let at = 0; at < 1_000; at++) expect(sidsFor(`iam:made-up-${at}`)).toEqual([]);
  expect(sidsFor('eks:describecluster')).toEqual(['Wild', 'Exact', 'Mixed', 'Not']);
});
