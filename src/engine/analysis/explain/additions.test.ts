import { expect, test } from 'vitest';
import { allow, allowUrls } from '../../rbac/allow.ts';
import type { RbacObject } from '../../rbac/objects.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { bindingSubject, testArn, testEntry, testGrant, testSnapshot } from '../testworld.ts';
import type { Question } from '../world/question.ts';
import type { ClusterSubject, KubernetesSubject } from '../world/subject.ts';
import type { Additions } from './proposedchange.ts';
import { explain, getSecrets, mapped, ops, people } from './testworld.ts';

function addsOf(
  snapshot: Snapshot,
  summary: RegExp,
  subject: ClusterSubject = ops,
  question: Question = getSecrets,
): Additions {
  const { changes } = explain(snapshot, subject, question);
  const change = changes.find((one) => summary.test(one.summary));
  if (change === undefined) throw new Error(changes.map((one) => one.summary).join('\n'));
  return change.adds;
}

const nothingElse = { everything: false, pairs: 0, also: [], otherCount: 0, othersKnown: true };

test('whoever comes to be in `system:masters` gains everything, though no rule says so', () => {
  const awsAuth = mapped(testArn('role/ops'), 'ops', ['system:masters']);
  const blocked = testSnapshot({
    ...{ account: people, cluster: { awsAuth } },
    blocks: [{ kind: 'principalArn', target: testArn('role/ops') }],
  });
  expect(addsOf(blocked, /off the block list/)).toMatchObject({ everything: true });
});

test('everything is said to be everything also to who asks for it', () => {
  const all: Question = { ...getSecrets, verb: '*', apiGroup: '*', resource: '*', namespace: '' };
  const snapshot = testSnapshot({
    account: people,
    cluster: { accessEntries: [testEntry(testArn('role/ops'))] },
  });
  expect(addsOf(snapshot, /AmazonEKSClusterAdminPolicy/, ops, all)).toMatchObject({ everything: true });
});

test('what all who are authenticated have is much for whoever is not', () => {
  const rules = [allow('get list', 'core', 'secrets')];
  const snapshot = testSnapshot({
    cluster: { rbac: testGrant('reader', 'Group:system:authenticated', rules) },
  });
  const anonymous: KubernetesSubject = { kind: 'User', name: 'system:anonymous', namespace: '' };
  const bind = /bind ClusterRole `reader`/;
  expect(addsOf(snapshot, bind, anonymous)).toMatchObject({
    pairs: 1,
    also: [{ namespace: 'prod', resource: 'secrets', verbs: ['list'] }],
  });
});

test('others who gain by a role that another one collects are told, wherever they are bound', () => {
  const base: RbacObject = {
    ...{ kind: 'ClusterRole', name: 'base', labels: { into: 'sum' } },
    rules: [allow('list', 'core', 'secrets')],
  };
  const sum: RbacObject = {
    ...{ kind: 'ClusterRole', name: 'sum', labels: {}, rules: [] },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { into: 'sum' }, matchExpressions: [] }] },
  };
  const bound = (name: string, namespace: string, to: string): RbacObject => ({
    ...{ kind: 'RoleBinding', name, namespace, roleRef: { kind: 'ClusterRole', name } },
    subjects: [bindingSubject(to)],
  });
  const rbac = [base, sum, bound('base', 'prod', 'Group:devs'), bound('sum', 'stage', 'Group:auditors')];
  const snapshot = testSnapshot({
    account: people,
    cluster: { awsAuth: mapped(testArn('role/ops')), rbac },
  });
  expect(addsOf(snapshot, /add verb `get` to rule 1 of ClusterRole `base`/)).toMatchObject({
    pairs: 0,
    others: ['Group:devs', 'Group:auditors'],
  });
});

test('the path of all paths is told as a path', () => {
  const rules = [allow('get', 'core', 'secrets'), allowUrls('get', '*')];
  const blocked = testSnapshot({
    account: people,
    cluster: { awsAuth: mapped(testArn('role/ops')), rbac: testGrant('reader', 'Group:devs', rules) },
    blocks: [{ kind: 'principalArn', target: testArn('role/ops') }],
  });
  expect(addsOf(blocked, /off the block list/, ops, { ...getSecrets, namespace: '' })).toMatchObject({
    also: [{ namespace: '', apiGroup: '', resource: '/*', verbs: ['get'] }],
  });
});

test('a new role has no name that waits in a binding of somebody else', () => {
  const [, binding] = testGrant('get-secrets', 'User:bob', [], 'prod');
  if (binding === undefined) throw new Error('a grant is a role and a binding');
  const ada: KubernetesSubject = { kind: 'User', name: 'ada', namespace: '' };
  expect(addsOf(testSnapshot({ cluster: { rbac: [binding] } }), /Role `get-secrets-2`/, ada)).toMatchObject(
    nothingElse,
  );
});

test.each<[string, Question]>([
  ['one object', { ...getSecrets, name: 'db' }],
  ['one verb of a subresource, of whatever has it', { ...getSecrets, resource: '*', subresource: 'scale' }],
  ['all verbs', { ...getSecrets, verb: '*' }],
  ['paths below one', { kind: 'nonResource', verb: 'get', path: '/api/*' }],
])('a role of its own for %s adds nothing else', (_, question) => {
  const snapshot = testSnapshot({
    cluster: { rbac: testGrant('some', 'User:bob', [allow('get', 'core', 'pods')]) },
  });
  const ada: KubernetesSubject = { kind: 'User', name: 'ada', namespace: '' };
  expect(addsOf(snapshot, /which allows this alone/, ada, question)).toMatchObject(nothingElse);
});
