import { expect, test } from 'vitest';
import { policyText as policy, statement } from '../iamworld/testworld.ts';
import { testArn, testRole, testUser } from '../testworld.ts';
import { firstStep } from './testworld.ts';

const guest = 'arn:aws:sts::111122223333:federated-user/guest';

test.for<readonly [string, string | undefined, string, object]>([
  ['a user who may', 'federate always', 'user/ada', statement('Allow', 'sts:GetFederationToken')],
  [
    'a user who may have another name',
    undefined,
    'user/ada',
    statement('Allow', 'sts:GetFederationToken', { Resource: guest.replace('guest', 'other') }),
  ],
  ['a user who may not', undefined, 'user/ada', statement('Allow', 's3:*')],
  [
    'a user who may give itself more',
    'administerIam always',
    'user/ada',
    statement('Allow', 'iam:PutUserPolicy'),
  ],
  ['a role', undefined, 'role/ops', statement('Allow', 'sts:GetFederationToken')],
  ['root', 'federate always', 'root', statement('Allow', 's3:*')],
])('to a federated user whom aws-auth names: %s: %s', ([, expected, from, statements]) => {
  const inlinePolicies = { own: policy(statements) };
  const what = {
    account: { users: [testUser('ada', { inlinePolicies })], roles: [testRole('ops', { inlinePolicies })] },
    cluster: {
      awsAuth: { roles: [], users: [{ userarn: guest, username: 'guest', groups: ['ops'] }], accounts: [] },
    },
  };
  expect(firstStep(`iam:${guest}`, `iam:${testArn(from)}`, what)).toBe(expected);
});
