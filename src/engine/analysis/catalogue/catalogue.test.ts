import { expect, test } from 'vitest';
import { services } from '../../../wire/protocols/services.ts';
import {
  actionsMatching,
  carriesKey,
  conditionKey,
  isProviderKey,
  knownActions,
  knownConditionKeys,
} from './catalogue.ts';
import { servicePrefixes } from './prefixes.ts';

test('every operation of our services is an action of the catalogue', () => {
  const known = new Set(knownActions.map(({ name }) => name));
  const missing = Object.entries(services).flatMap(([service, { operationNames }]) =>
    operationNames.map((name) => `${service}:${name}`).filter((name) => !known.has(name)),
  );
  expect(missing).toEqual([]);
});

test('every resource type and key that an action names is declared', () => {
  const keys = new Set(knownConditionKeys().map(({ name }) => name.toLowerCase()));
  for (const action of knownActions) {
    for (const key of [...action.keys, ...action.resourceTypes.flatMap((type) => [...type.keys])]) {
      expect(keys, `${action.name} ${key}`).toContain(key);
    }
    for (const { arn } of action.resourceTypes) expect(arn).toMatch(/^arn:\*:[a-z]+:/);
    expect(servicePrefixes).toContain(action.name.split(':')[0]);
  }
});

test.each([
  ['eks:CREATEaccessentry', 1],
  ['eks:*AccessEntr*', 5],
  ['eks:Nothing*', 0],
  ['nosuchservice:*', 0],
  ['eks', 0],
])('%s covers %d actions', (pattern, count) => {
  expect(actionsMatching(pattern)).toHaveLength(count);
});

test('a lone star covers every action', () => {
  expect(actionsMatching('*')).toHaveLength(knownActions.length);
});

test.each([
  ['eks:AssociateAccessPolicy', 'eks:policyarn', true],
  ['eks:AssociateAccessPolicy', 'eks:kubernetesGroups', true],
  ['eks:UpdateAccessEntry', 'eks:policyArn', false],
  ['eks:ListClusters', 'aws:ResourceTag/team', false],
  ['eks:ListClusters', 'aws:PrincipalTag/team', true],
  ['eks:DescribeCluster', 'aws:ResourceTag/team', true],
  ['sts:AssumeRoleWithWebIdentity', 'oidc.eks.us-east-1.amazonaws.com/id/ABC:sub', true],
  ['sts:GetCallerIdentity', 'oidc.eks.us-east-1.amazonaws.com/id/ABC:sub', false],
])('%s with %s: %s', (name, key, carried) => {
  const [action] = actionsMatching(name);
  expect(action && carriesKey(action, key)).toBe(carried);
});

test('keys know their type; names of tags do not matter', () => {
  expect(conditionKey('EKS:policyarn')).toMatchObject({
    name: 'eks:policyArn',
    type: 'ARN',
    multiValued: false,
  });
  expect(conditionKey('aws:PrincipalTag/a/b')).toMatchObject({ name: 'aws:PrincipalTag/', global: true });
  expect(conditionKey('eks:namespaces')?.multiValued).toBe(true);
  expect(conditionKey('eks:noSuchKey')).toBeUndefined();
  expect(isProviderKey('eks:policyArn')).toBe(false);
});
