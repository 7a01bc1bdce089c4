import { expect, test } from 'vitest';
import { parsePolicy } from '../../../iam/parse.ts';
import { subjectBreadth } from './breadth.ts';

const host = 'oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE';

function breadthOf(condition: object, isCluster = true): string | undefined {
  const text = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        ...{ Effect: 'Allow', Action: 'sts:AssumeRoleWithWebIdentity', Condition: condition },
        Principal: { Federated: `arn:aws:iam::111122223333:oidc-provider/${host}` },
      },
    ],
  });
  const parsed = parsePolicy(text, 'trust');
  const statement = parsed.ok ? parsed.document.statements[0] : undefined;
  if (statement === undefined) throw new Error('the policy is not right');
  return subjectBreadth(statement, host, isCluster)?.breadth;
}

const like = (...subjects: readonly string[]) => ({ StringLike: { [`${host}:sub`]: subjects } });

test.each<readonly [string, string | undefined]>([
  ['system:serviceaccount:*:api', 'everyNamespace'],
  ['system:serviceaccount:*', 'everyNamespace'],
  ['system:serviceaccount:?*:*', 'everyNamespace'],
  ['system:*', 'everyNamespace'],
  ['*:api', 'everyNamespace'],
  ['system:serviceaccount:${aws:PrincipalTag/team}:api', 'everyNamespace'],
  ['system:serviceaccount:prod-*:api', 'someNamespaces'],
  ['system:serviceaccount:shop*', 'someNamespaces'],
  ['system:serviceaccount:sho?:api', 'someNamespaces'],
  ['system:serviceaccount:shop:*', 'wholeNamespace'],
  ['system:serviceaccount:shop:**', 'wholeNamespace'],
  ['system:serviceaccount:shop:api-*', 'named'],
  ['system:serviceaccount:shop:api', 'named'],
  ['*:shop:api', 'named'],
  // Of everybody another rule tells; these are no service accounts.
  ['*', undefined],
  ['repo:example/infra:*', undefined],
])('%s means %s', (subject, breadth) => {
  expect(breadthOf(like(subject))).toBe(breadth);
});

test('one wide value is enough, and one narrow condition', () => {
  expect(breadthOf(like('system:serviceaccount:shop:api', 'system:serviceaccount:*'))).toBe('everyNamespace');
  const both = {
    ...like('system:serviceaccount:*'),
    StringEquals: { [`${host}:sub`]: 'system:serviceaccount:a:b' },
  };
  expect(breadthOf(both)).toBe('named');
});

test('a star is a star only where patterns are compared, and a condition that may be absent limits nobody', () => {
  expect(breadthOf({ StringEquals: { [`${host}:sub`]: 'system:serviceaccount:*' } })).toBe('named');
  expect(breadthOf({ StringLikeIfExists: { [`${host}:sub`]: 'system:serviceaccount:*' } })).toBeUndefined();
  expect(breadthOf({ StringLike: { 'other.example:sub': 'system:serviceaccount:*' } })).toBeUndefined();
});

test('a pattern without a beginning is about service accounts only of a cluster', () => {
  expect(breadthOf(like('*:main'), false)).toBeUndefined();
  expect(breadthOf(like('system:serviceaccount:*'), false)).toBe('everyNamespace');
});
