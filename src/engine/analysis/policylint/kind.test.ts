import { expect, test } from 'vitest';
import { likelyKind } from './kind.ts';

const principal = { AWS: '111122223333' };

test.each([
  ['identity', { Action: 'eks:*', Resource: '*' }],
  ['identity', 'no statement'],
  ['trust', { Principal: principal, Action: 'sts:AssumeRole' }],
  ['trust', { Principal: principal, Action: ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession'] }],
  ['resource', { Principal: principal, Action: 's3:GetObject', Resource: '*' }],
  ['resource', { Principal: principal, Action: 'sts:AssumeRole', Resource: '*' }],
  ['resource', { NotPrincipal: principal, Action: 's3:*', Resource: '*' }],
])('%s: %j', (kind, statement) => {
  expect(likelyKind(JSON.stringify({ Version: '2012-10-17', Statement: [statement] }))).toBe(kind);
  expect(likelyKind(JSON.stringify({ Version: '2012-10-17', Statement: statement }))).toBe(kind);
});

test('what cannot be read is taken for an identity policy', () => {
  expect(likelyKind('{')).toBe('identity');
});
