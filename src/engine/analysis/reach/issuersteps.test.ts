import { expect, test } from 'vitest';
import { policyText as policy, statement } from '../iamworld/testworld.ts';
import { testArn, testProvider, testRole, testUser, testWorld } from '../testworld.ts';
import { createReach } from './reach.ts';
import { firstStep } from './testworld.ts';

const host = 'kubernetes.example.com';
const role = testArn('role/app');
const clusterArn = 'arn:aws:eks:us-east-1:111122223333:cluster/prod';
const trusting = (of: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        ...{ Effect: 'Allow', Action: 'sts:AssumeRoleWithWebIdentity' },
        Principal: { Federated: testArn(`oidc-provider/${of}`) },
        Condition: { StringEquals: { [`${of}:sub`]: 'system:serviceaccount:payments:api' } },
      },
    ],
  });
const worldOf = (
  statements: object | readonly object[],
  issuer: string | undefined,
  trusted = host,
  { isProvided = true } = {},
) => ({
  account: {
    users: [testUser('ada', { inlinePolicies: { own: policy(...[statements].flat()) } })],
    roles: [testRole('app', { trustPolicy: trusting(trusted) })],
    oidcProviders: isProvided ? [testProvider(trusted)] : [],
  },
  cluster: { ...(issuer !== undefined && { issuer: `https://${issuer}` }) },
});
const may = statement('Allow', 'entryway:SetClusterIssuer');
const creates = statement('Allow', 'iam:CreateOpenIDConnectProvider');
const deletes = statement('Allow', 'iam:DeleteOpenIDConnectProvider');
const absent = { isProvided: false };
const eks = 'oidc.eks.us-east-1.amazonaws.com/id/ABCDEF0123';

test.for<readonly [string, string | undefined, ReturnType<typeof worldOf>]>([
  ['an issuer that somebody set', 'setClusterIssuer sometimes', worldOf(may, host)],
  ['a cluster whose issuer nobody told', undefined, worldOf(may, undefined)],
  ['an issuer of EKS, which nobody may set', undefined, worldOf(may, eks, eks)],
  ['a role that trusts another issuer', undefined, worldOf(may, host, 'other.example.com')],
  ['one that begins so', undefined, worldOf(may, host, `${host}.example.org`)],
  [
    'another cluster',
    undefined,
    worldOf(statement('Allow', 'entryway:SetClusterIssuer', { Resource: `${clusterArn}x` }), host),
  ],
  ['nothing of it', undefined, worldOf(statement('Allow', 'entryway:DescribeClusterIssuer'), host)],
  [
    'everything but that',
    undefined,
    worldOf([statement('Allow', 'entryway:*'), statement('Deny', 'entryway:SetClusterIssuer')], host),
  ],
  [
    'a provider that is not there, and that it may make',
    'setClusterIssuer sometimes',
    worldOf([may, creates], undefined, host, absent),
  ],
  ['one that it may not make', undefined, worldOf(may, undefined, host, absent)],
  ['one that it may make, and no keys', undefined, worldOf(creates, undefined, host, absent)],
  ['one that is there, and that it may make', undefined, worldOf([may, creates], undefined)],
  [
    'one that is there, and that it may make anew',
    'setClusterIssuer sometimes',
    worldOf([may, creates, deletes], 'other.example.com'),
  ],
  ['one of EKS that it may make', undefined, worldOf([may, creates], undefined, eks, absent)],
  ['one for a cluster of EKS', undefined, worldOf([may, creates], eks, host, absent)],
  [
    'one of a forge that it may make',
    undefined,
    worldOf([may, creates], undefined, 'token.actions.githubusercontent.com', absent),
  ],
])('from who may set the issuer to a role by a token of its own making: %s', ([, expected, what]) => {
  const ada = testArn('user/ada');
  expect(firstStep(`iam:${role}`, `iam:${ada}`, what)).toBe(expected);
  // The same from the other end.
  const { world, cluster } = testWorld(what);
  const chains = createReach(world).stepsFrom(
    {
      kind: 'iam',
      subject: {
        ...{ kind: 'iam', type: 'user', arn: ada, accountId: '111122223333' },
        ...{ principalId: testUser('ada').principalId, standing: 'exists' },
      },
    },
    { maxSteps: 1 },
  );
  const steps = chains
    .map(({ steps: [first] }) => first)
    .filter(({ to }) => to.kind === 'iam' && to.subject.arn === role);
  expect(steps.map(({ code, certainty }) => `${code} ${certainty}`)).toEqual(expected ? [expected] : []);
  expect(cluster.cluster.arn).toBe(clusterArn);
});
