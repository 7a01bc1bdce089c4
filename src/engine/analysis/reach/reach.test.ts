import { expect, test } from 'vitest';
import { subjectOf } from '../iamworld/allowers.ts';
import { policyText as policy, statement, trusting } from '../iamworld/testworld.ts';
import {
  stockRbac,
  testAccountId,
  testArn,
  testEntry,
  testProvider,
  testRole,
  testUser,
  testWorld,
} from '../testworld.ts';
import { clusterAdminKey } from './node.ts';
import { createReach } from './reach.ts';

const app = testArn('role/app');
const provider = `arn:aws:iam::${testAccountId}:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/ABCDEF0123`;
const irsa = (sub: string) =>
  policy({
    ...{ Effect: 'Allow', Principal: { Federated: provider }, Action: 'sts:AssumeRoleWithWebIdentity' },
    Condition: { StringEquals: { 'oidc.eks.us-east-1.amazonaws.com/id/ABCDEF0123:sub': sub } },
  });
const associate = statement('Allow', 'eks:AssociateAccessPolicy');
const create = statement('Allow', 'eks:CreateAccessEntry');

test('a path goes through IAM and Kubernetes, each step from where the one before led', () => {
  const trustPolicy = irsa('system:serviceaccount:payments:api');
  const { world, cluster } = testWorld({
    account: {
      users: [testUser('dev')],
      roles: [testRole('app', { trustPolicy, inlinePolicies: { own: policy(create, associate) } })],
      oidcProviders: [testProvider('oidc.eks.us-east-1.amazonaws.com/id/ABCDEF0123')],
    },
    cluster: {
      issuer: 'https://oidc.eks.us-east-1.amazonaws.com/id/ABCDEF0123',
      serviceAccounts: [{ namespace: 'payments', name: 'api', roleArn: app }],
      accessEntries: [testEntry(testArn('user/dev'), { AmazonEKSEditPolicy: ['payments'] })],
    },
  });
  const reach = createReach(world).inCluster(cluster);
  const chain = reach.stepsTo([clusterAdminKey]).of(`iam:${testArn('user/dev')}`);
  expect(chain?.steps.map(({ code }) => code)).toEqual(['impersonate', 'webIdentity', 'createAccessEntry']);
  expect(chain?.certainty).toBe('always');
  expect(reach.stepsTo([clusterAdminKey], { maxSteps: 2 }).of(`iam:${testArn('user/dev')}`)).toBe(undefined);
  const dev = cluster
    .subjects()
    .find((subject) => subject.kind === 'iam' && subject.arn === testArn('user/dev'));
  if (dev === undefined) throw new Error('dev is there');
  const last = reach.stepsFrom(dev).map(({ steps }) => steps.at(-1)?.to.kind);
  expect(last).toContain('clusterAdmin');
});

test('who may do everything is an administrator, and is not told to become one', () => {
  const { world, cluster } = testWorld({
    account: { roles: [testRole('boss')] },
    cluster: {
      rbac: stockRbac,
      accessEntries: [testEntry(testArn('role/boss'), { AmazonEKSClusterAdminPolicy: [] })],
    },
  });
  const reach = createReach(world).inCluster(cluster);
  const names = reach.clusterAdmins().map((subject) => (subject.kind === 'iam' ? subject.arn : subject.name));
  expect(names.sort()).toEqual([testArn('role/boss'), 'system:masters'].sort());
  expect(reach.stepsTo([clusterAdminKey]).of(`iam:${testArn('role/boss')}`)).toBe(undefined);
});

test('a chain is found however long it is', () => {
  const count = 40;
  const arnOf = (at: number) => testArn(`role/r${at}`);
  const roles = Array.from({ length: count }, (_, at) =>
    testRole(`r${at}`, { trustPolicy: trusting({ AWS: arnOf(at + 1) }) }),
  );
  const { world } = testWorld({ account: { roles: [...roles, testRole(`r${count}`)] } });
  const nodeOfRole = (at: number) => {
    const known = world.principals.named(arnOf(at));
    if (known === undefined) throw new Error('the role is there');
    return { kind: 'iam', subject: subjectOf(known) } as const;
  };
  const lengths = createReach(world)
    .stepsTo([nodeOfRole(0)])
    .map(({ steps }) => steps.length);
  expect(Math.max(...lengths)).toBe(count);
});

test('system:masters is administrator without any binding', () => {
  const { world, cluster } = testWorld({ cluster: { rbac: [] } });
  const admins = createReach(world).inCluster(cluster).clusterAdmins();
  expect(admins).toMatchObject([{ kind: 'Group', name: 'system:masters' }]);
});
