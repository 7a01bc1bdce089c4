import type { SnapshotAccount } from '../snapshot/snapshot.ts';
import { testAccountId, testArn, testUser, testWorld } from '../testworld.ts';
import type { IamSubject } from '../world/subject.ts';
import type { IamAnswer, IamQuestion } from './answer.ts';
import { createIamWorld } from './iamworld.ts';

/** Builders of policies, and of the one question most tests ask. */
export const statement = (Effect: string, Action: string | string[], more: object = {}): object => ({
  ...{ Effect, Action, Resource: '*' },
  ...more,
});
export const policyText = (...Statement: object[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement });
/** A trust policy. */
export const trusting = (Principal: object, more: object = {}): string =>
  policyText({ Effect: 'Allow', Principal, Action: 'sts:AssumeRole', ...more });
export const onlyIf = (operator: string, key: string, value: string | string[]) => ({
  Condition: { [operator]: { [key]: value } },
});

export const ada: IamSubject = {
  ...{ kind: 'iam', type: 'user', arn: testArn('user/ada'), accountId: testAccountId },
  ...{ principalId: 'AIDAADA', standing: 'exists' },
};
export const ops: IamSubject = { ...ada, type: 'role', arn: testArn('role/ops'), principalId: 'AROAOPS' };
const clusterArn = `arn:aws:eks:us-east-1:${testAccountId}:cluster/prod`;

/** May Ada describe the cluster, when nothing else is asked? */
export function ask(
  account: Partial<SnapshotAccount>,
  question: Partial<IamQuestion> = {},
  more: Parameters<typeof testWorld>[0] = {},
): IamAnswer {
  const { world } = testWorld({ account, ...more });
  return createIamWorld(world).ask({
    ...{ subject: ada, action: 'eks:DescribeCluster', resource: clusterArn },
    ...question,
  });
}

/** Ada, of team red, with a policy of her own. */
export const adaWith = (...statements: object[]): Partial<SnapshotAccount> => ({
  users: [
    testUser('ada', {
      // A policy without statements is none: IAM refuses it.
      inlinePolicies: statements.length === 0 ? {} : { own: policyText(...statements) },
      tags: { team: 'red' },
    }),
  ],
});
export const describeCluster = (more: object = {}) => statement('Allow', 'eks:DescribeCluster', more);
