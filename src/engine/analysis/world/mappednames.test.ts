/** Who aws-auth and entries let in must be among the subjects, and as all that they can be. */
import { expect, test } from 'vitest';
import { testArn, testEntry, testRole, testWorld } from '../testworld.ts';

const other = 'arn:aws:iam::999900001111';

test('a role of an account nobody read is a subject, however aws-auth spells what stands before its name', () => {
  const { cluster } = testWorld({
    cluster: {
      awsAuth: {
        roles: [{ rolearn: 'ARN:aws:IAM::999900001111:Role/Ops', username: 'ops', groups: [] }],
        users: [],
        accounts: [],
      },
    },
  });
  const subject = cluster.subjects().find((one) => one.kind === 'iam' && one.arn === `${other}:role/Ops`);
  expect(subject && cluster.identitiesOf(subject).identities[0]?.user.username).toBe('ops');
});

test('an entry of a root is that account’s root’s', () => {
  const { cluster } = testWorld({ cluster: { accessEntries: [testEntry(testArn('root'))] } });
  const root = cluster.subjects().find((one) => one.kind === 'iam' && one.type === 'root');
  expect(root && cluster.identitiesOf(root).identities[0]?.mapped?.code).toBe('accessEntry');
});

test('a session that a template makes a member of system:masters is looked at, though nobody binds the group', () => {
  const { cluster } = testWorld({
    account: { roles: [testRole('odd')] },
    cluster: {
      awsAuth: {
        roles: [{ rolearn: testArn('role/odd'), username: 'odd', groups: ['{{SessionName}}:masters'] }],
        users: [],
        accounts: [],
      },
    },
  });
  const subject = cluster.subjects().find((one) => one.kind === 'iam' && one.type === 'role');
  if (subject?.kind !== 'iam') throw new Error('the role is a subject');
  expect(cluster.sessionsOf(subject).map(({ sessionName }) => sessionName)).toEqual(['SESSION', 'system']);
  expect(cluster.identityIn(subject, { sessionName: 'system' })?.user.groups).toContain('system:masters');
  expect(cluster.identityIn(subject, { sessionName: 'ada' })?.user.groups).toEqual([
    'ada:masters',
    'system:authenticated',
  ]);
});
