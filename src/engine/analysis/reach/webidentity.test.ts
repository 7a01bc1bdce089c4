import { expect, test } from 'vitest';
import { policyText as policy } from '../iamworld/testworld.ts';
import type { SnapshotCluster } from '../snapshot/snapshot.ts';
import { testAccountId, testArn, testRole } from '../testworld.ts';
import { api, apiAccount, firstStep } from './testworld.ts';

const provider = `arn:aws:iam::${testAccountId}:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/ABCDEF0123`;
const irsa = (sub: string | undefined, operator = 'StringEquals') =>
  policy({
    ...{ Effect: 'Allow', Principal: { Federated: provider }, Action: 'sts:AssumeRoleWithWebIdentity' },
    ...(sub !== undefined && {
      Condition: { [operator]: { 'oidc.eks.us-east-1.amazonaws.com/id/ABCDEF0123:sub': sub } },
    }),
  });
const app = testArn('role/app');

test.for<readonly [string, string | undefined, string, Partial<SnapshotCluster>?]>([
  [
    'annotated',
    'webIdentity always',
    irsa('system:serviceaccount:payments:api'),
    { serviceAccounts: [{ ...apiAccount, roleArn: app }] },
  ],
  ['not annotated', 'webIdentity sometimes', irsa('system:serviceaccount:payments:api')],
  ['by pattern', 'webIdentity sometimes', irsa('system:serviceaccount:payments:*', 'StringLike')],
  ['any of the provider', 'webIdentity sometimes', irsa(undefined)],
  ['one of another namespace', undefined, irsa('system:serviceaccount:other:api')],
  ['a star that is no pattern', undefined, irsa('system:serviceaccount:payments:*')],
  ['in another region', undefined, irsa('system:serviceaccount:payments:api'), { region: 'eu-west-1' }],
  [
    'a forge',
    undefined,
    irsa('system:serviceaccount:payments:api').replaceAll(
      'oidc.eks.us-east-1.amazonaws.com/id/ABCDEF0123',
      'token.forge.example.com',
    ),
  ],
])('to a role by a token: %s: %s', ([, expected, trustPolicy, cluster]) => {
  const what = {
    account: { roles: [testRole('app', { trustPolicy })] },
    cluster: { serviceAccounts: [apiAccount], ...cluster },
  };
  expect(firstStep(`iam:${app}`, api, what)).toBe(expected);
});
