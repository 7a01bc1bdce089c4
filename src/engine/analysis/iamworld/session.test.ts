import { expect, test } from 'vitest';
import { testRole } from '../testworld.ts';
import type { RoleSession } from './answer.ts';
import { openValue } from './opencontext.ts';
import { ask, describeCluster, onlyIf, ops, policyText, statement, trusting } from './testworld.ts';

/** A role of team red, which may describe clusters on a condition; its trust policy lets sessions have tags. */
const certaintyOf = (condition: object, session?: RoleSession): string =>
  ask(
    {
      roles: [
        testRole('ops', {
          tags: { team: 'red' },
          inlinePolicies: { own: policyText(describeCluster(condition)) },
          trustPolicy: trusting({ Service: 'pods.eks.amazonaws.com' }, { Action: ['sts:*'] }),
        }),
      ],
    },
    { subject: ops, ...(session && { session }) },
  ).certainty;
const tagged = (tag: string, value: string) => onlyIf('StringEquals', `aws:PrincipalTag/${tag}`, value);
const inDev: RoleSession = { tags: { 'kubernetes-namespace': 'dev', 'kubernetes-pod-uid': openValue } };
const narrowedTo = (...statements: object[]): RoleSession => ({
  tags: {},
  policy: policyText(...statements),
});

test.for<[string, string, object, RoleSession?]>([
  ['a tag of another value', 'never', tagged('kubernetes-namespace', 'prod'), inDev],
  ['a tag it was not given', 'never', tagged('stage', 'x'), inDev],
  [
    'a tag of the role that the session has otherwise',
    'never',
    tagged('team', 'red'),
    { tags: { Team: 'blue' } },
  ],
  ['a policy that does not speak of it', 'never', {}, narrowedTo(statement('Allow', 's3:*'))],
  ['a policy that denies it', 'never', {}, narrowedTo(statement('Allow', '*'), statement('Deny', 'eks:*'))],
  ['a policy that cannot be read', 'never', {}, { tags: {}, policy: '{' }],
  [
    'another provider',
    'never',
    onlyIf('StringEquals', 'aws:FederatedProvider', 'a'),
    { tags: {}, provider: 'b' },
  ],
  ['no provider', 'never', onlyIf('StringLike', 'aws:FederatedProvider', '*'), inDev],
  ['a tag of the value', 'always', tagged('kubernetes-namespace', 'dev'), inDev],
  ['a tag of the role', 'always', tagged('team', 'red'), inDev],
  ['a policy that allows it', 'always', {}, narrowedTo(statement('Allow', 'eks:*'))],
  ['a tag whose value nobody knows', 'sometimes', tagged('kubernetes-pod-uid', 'x'), inDev],
  ['any session', 'sometimes', tagged('kubernetes-namespace', 'prod')],
])('a session asks: %s: %s', ([, expected, condition, session]) => {
  expect(certaintyOf(condition, session)).toBe(expected);
});
