import { expect, test } from 'vitest';
import { allow } from '../../rbac/allow.ts';
import { testArn, testEntry, testGrant, testRole, testWorld } from '../testworld.ts';
import type { Question } from '../world/question.ts';
import type { IamSubject } from '../world/subject.ts';
import { explainRequest } from './request.ts';
import { sessionNameIn } from './session.ts';

const getSecrets: Question = {
  ...{ kind: 'resource', verb: 'get', apiGroup: '', resource: 'secrets', subresource: '' },
  ...{ namespace: 'prod', name: '' },
};
const { world, cluster } = testWorld({
  account: { roles: [testRole('ops')] },
  cluster: {
    accessEntries: [testEntry(testArn('role/ops'), {}, { username: 'ops:{{SessionName}}' })],
    rbac: testGrant('alice', 'User:ops:alice', [allow('get', 'core', 'secrets')], 'prod'),
  },
  blocks: [{ kind: 'session', target: 'AROAOPS:eve' }],
});
const ops = cluster.subjects().find((one): one is IamSubject => one.kind === 'iam') as IamSubject;
const explain = (sessionName?: string) =>
  explainRequest(world, cluster, ops, getSecrets, {
    ...{ extensions: false, ...(sessionName !== undefined && { sessionName }) },
  });

test('what one session of a role may, another may not, and asking for that one says so', () => {
  const bob = explain('bob');
  expect(bob.allowed).toBe(false);
  expect(bob.steps.at(-1)?.outcome).toBe('failed');
  expect(bob.changes.length).toBeGreaterThan(0);
  expect(explain('alice').allowed).toBe(true);
  // Without a session: whether anybody may who becomes the role.
  expect(explain()).toMatchObject({ allowed: true });
  expect(explain().steps.at(-1)?.message).toContain('for a session named `alice` alone');
});

test('a session that is blocked is told so, though the role is not', () => {
  expect(explain('eve').steps.find(({ outcome }) => outcome === 'failed')).toMatchObject({ code: 'blocked' });
});

test('a name that the mapping does not use changes nothing', () => {
  const { world: plain, cluster: one } = testWorld({
    account: { roles: [testRole('ops')] },
    cluster: {
      accessEntries: [testEntry(testArn('role/ops'), {}, { username: 'ops' })],
      rbac: testGrant('ops', 'User:ops', [allow('get', 'core', 'secrets')], 'prod'),
    },
  });
  const [subject] = one.subjects();
  if (subject === undefined) throw new Error('there is one');
  const { allowed, steps } = explainRequest(plain, one, subject, getSecrets, {
    ...{ extensions: false, sessionName: 'bob' },
  });
  expect(allowed).toBe(true);
  expect(steps.at(-1)?.message).not.toContain('for a session named');
});

test.each([
  ['arn:aws:sts::111122223333:assumed-role/ops/bob', 'bob'],
  ['iam:arn:aws:sts::111122223333:assumed-role/ops/bob', 'bob'],
  ['arn:aws:iam::111122223333:role/ops', undefined],
  ['role/ops', undefined],
])('the session in %s is %s', (text, name) => expect(sessionNameIn(text)).toBe(name));
