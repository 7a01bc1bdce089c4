import { expect, test } from 'vitest';
import { createIamWorld } from '../iamworld/iamworld.ts';
import { testArn, testProvider, testRole, testSnapshot } from '../testworld.ts';
import { createWorld } from '../world/world.ts';
import { trustedSubjects } from './trustednames.ts';
import { createWorkloadRoles } from './workloadroles.ts';

const host = 'oidc.eks.us-east-1.amazonaws.com/id/A1';
const elsewhere = 'oidc.eks.us-east-1.amazonaws.com/id/B2';
const of = (...names: readonly string[]): readonly string[] =>
  names.map((name) => `system:serviceaccount:${name}`);

const statement = (Condition: object, hosts: readonly string[] = [host], Effect = 'Allow') => ({
  Effect,
  Principal: { Federated: hosts.map((one) => testArn(`oidc-provider/${one}`)) },
  Action: 'sts:AssumeRoleWithWebIdentity',
  Condition,
});
const open = (...Statement: readonly object[]) => {
  const trustPolicy = JSON.stringify({ Version: '2012-10-17', Statement });
  return createWorld(
    testSnapshot({
      account: { roles: [testRole('app', { trustPolicy })], oidcProviders: [testProvider(host)] },
      cluster: { issuer: `https://${host}`, serviceAccounts: [], podIdentityAssociations: [] },
    }),
  );
};
const subjects = (condition: object, hosts?: readonly string[]): readonly string[] => {
  const world = open(statement(condition, hosts));
  const role = world.principals.named(testArn('role/app'));
  if (role?.kind !== 'role') throw new Error('there is no role');
  return trustedSubjects(createIamWorld(world), role);
};
const sub = (operator: string, value: string | readonly string[], provider = host) => ({
  [operator]: { [`${provider}:sub`]: value },
});

test.for<[string, object, readonly string[], (readonly string[])?]>([
  ['nothing', {}, ['*']],
  ['who is not meant', sub('StringNotLike', of('a:x')), ['*']],
  ['one', sub('StringEquals', of('a:x')), of('a:x')],
  ['a star that is none', sub('StringEquals', of('a:*')), []],
  ['in any case', sub('StringEqualsIgnoreCase', of('A:X')), of('a:x')],
  ['if there is one', sub('StringLikeIfExists', of('a:*')), of('a:*')],
  ['all of them', sub('ForAllValues:StringLike', of('a:*')), of('a:*')],
  [
    'who is meant beside who is not',
    { ...sub('StringNotLike', of('a:x')), ...sub('ForAllValues:StringLike', of('a:*')) },
    of('a:*'),
  ],
  [
    'a part by each comparison',
    { ...sub('StringLike', of('a:*')), ...sub('ForAnyValue:StringLike', of('*:x')) },
    of('*:*', '*:x', 'a:*', 'a:x'),
  ],
  // A token of the one has nothing of the other, which is good enough for these.
  [
    'what another provider says, if it does',
    sub('StringLikeIfExists', of('a:*'), elsewhere),
    ['*', ...of('a:*')],
  ],
  [
    'what one of two providers says, if it does',
    sub('StringLikeIfExists', of('a:*')),
    ['*', ...of('a:*')],
    [host, elsewhere],
  ],
  ['what another provider says', sub('StringLike', of('a:*'), elsewhere), of('a:*')],
])('whose tokens a trust policy may mean that compares %s', ([, condition, expected, hosts]) => {
  expect(subjects(condition, hosts).toSorted()).toEqual(expected);
});

test.for<[string, readonly string[], readonly object[]]>([
  ['anybody', ['* *'], [statement({})]],
  ['anybody, and some of them', ['* *'], [statement({}), statement(sub('StringLike', of('a:*')))]],
  [
    'anybody but of other namespaces',
    ['a *'],
    [statement({}), statement(sub('StringNotLike', of('a:*')), [host], 'Deny')],
  ],
  [
    'a namespace, by what is no comparison of texts and by one',
    ['a *'],
    [statement(sub('ArnLike', of('a:x'))), statement(sub('StringLike', of('a:*')))],
  ],
])('names that nobody has yet, of a role that trusts %s', ([, expected, statements]) => {
  const { patterns } = createWorkloadRoles(open(...statements)).accountsOf(testArn('role/app'));
  expect(patterns.map(({ namespace, name }) => `${namespace} ${name}`)).toEqual(expected);
});

test('a name that nobody has yet, and that a trust policy has beside a pattern of anybody', () => {
  const world = open(statement({ ...sub('StringLike', '*'), ...sub('StringEqualsIfExists', of('a:x')) }));
  const { ways, patterns } = createWorkloadRoles(world).accountsOf(testArn('role/app'));
  expect([ways.map(({ account }) => account), patterns]).toEqual([[{ namespace: 'a', name: 'x' }], []]);
});

test('a name that only a guardrail spares is one that may have the role', () => {
  const rcp = {
    Effect: 'Deny',
    ...{ Principal: '*', Action: 'sts:*', Resource: '*' },
    Condition: sub('StringNotEquals', of('a:x')),
  };
  const resourceControl = [[JSON.stringify({ Version: '2012-10-17', Statement: rcp })]];
  const { snapshot } = open(statement({}));
  const world = createWorld({ ...snapshot, guardrails: { serviceControl: [], resourceControl } });
  const { ways, patterns } = createWorkloadRoles(world).accountsOf(testArn('role/app'));
  expect([ways.map(({ account }) => account), patterns]).toEqual([[{ namespace: 'a', name: 'x' }], []]);
});

test('of thousands of names in the tags of a trust policy one pattern stands for all', () => {
  const many = (letter: string): readonly string[] =>
    Array.from({ length: 1001 }, (_, at) => `${letter}${at}`);
  const { snapshot } = open({
    ...{ Effect: 'Allow', Principal: { Service: 'pods.eks.amazonaws.com' }, Action: 'sts:*' },
    Condition: {
      StringEquals: {
        'aws:RequestTag/kubernetes-namespace': 'n',
        'aws:RequestTag/kubernetes-service-account': many('s'),
      },
    },
  });
  const clusters = snapshot.clusters.map(({ podIdentityAssociations: _, ...others }) => others);
  const { patterns } = createWorkloadRoles(createWorld({ ...snapshot, clusters })).accountsOf(
    testArn('role/app'),
  );
  expect(patterns.map(({ namespace, name }) => `${namespace} ${name}`)).toEqual(['* *']);
});
