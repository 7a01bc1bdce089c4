import { expect, test } from 'vitest';
import { testAccountId, testArn, testUser, testWorld } from '../testworld.ts';
import { createIamWorld } from './iamworld.ts';
import { ada, describeCluster, onlyIf, policyText, statement } from './testworld.ts';

const attached = 'arn:aws:iam::aws:policy/AdministratorAccess';
const cluster = `arn:aws:eks:us-east-1:${testAccountId}:cluster/prod`;

test('who may allow is found by exact and by wild resources', () => {
  const { world } = testWorld({
    account: {
      users: [
        testUser('exact', {
          inlinePolicies: {
            p: policyText(statement('Allow', 'sts:AssumeRole', { Resource: testArn('role/a') })),
          },
        }),
        testUser('wild', {
          inlinePolicies: { p: policyText(statement('Allow', 'sts:*', { Resource: testArn('role/*') })) },
        }),
        testUser('a', {
          inlinePolicies: {
            p: policyText(statement('Allow', 'sts:*', { Resource: testArn('role/${aws:username}') })),
          },
        }),
        testUser('other', {
          inlinePolicies: { p: policyText(statement('Allow', 'sts:*', { Resource: testArn('role/b') })) },
        }),
        testUser('unread', { attachedPolicyArns: [attached] }),
        testUser('nobody'),
      ],
    },
  });
  const found = createIamWorld(world).allowers.of('sts:AssumeRole', testArn('role/a'));
  expect([...found].map(({ record }) => record.name).sort()).toEqual(['a', 'exact', 'unread', 'wild']);
});

test('4,000 principals are asked one question in a fraction of a second', () => {
  const shared = testArn('policy/shared');
  const users = Array.from({ length: 4_000 }, (_, at) =>
    testUser(`u${at}`, {
      attachedPolicyArns: [shared],
      inlinePolicies: {
        own: policyText(
          statement('Allow', 's3:*'),
          describeCluster(onlyIf('IpAddress', 'aws:SourceIp', `10.0.${at % 250}.0/24`)),
        ),
      },
    }),
  );
  const { world } = testWorld({
    account: { users, managedPolicies: [{ arn: shared, document: policyText(statement('Allow', 'ec2:*')) }] },
  });
  const iam = createIamWorld(world);
  // The processor's time: the machine may have other things to do.
  const started = process.cpuUsage();
  for (const { arn, principalId } of users) {
    const { certainty } = iam.ask({
      subject: { ...ada, arn, principalId },
      ...{ action: 'eks:DescribeCluster', resource: cluster },
    });
    if (certainty !== 'sometimes') throw new Error(`${arn}: ${certainty}`);
  }
  const { user, system } = process.cpuUsage(started);
  expect((user + system) / 1e6).toBeLessThan(1.5);
});
