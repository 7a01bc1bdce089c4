import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
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
  // What our own operations do as EKS does, they do by permission of EKS's action of that name.
  const missing = Object.entries(services).flatMap(([service, { operationNames }]) =>
    operationNames
      .map((name) => `${service}:${name}`)
      .filter((name) => !known.has(name) && !known.has(name.replace('entryway:', 'eks:'))),
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
    expect(['entryway', ...servicePrefixes]).toContain(action.name.split(':')[0]);
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

const referenceFile = resolve(import.meta.dirname, '../../../../../shared/reference/eks-authorization.json');

interface Reference {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly actions: readonly {
          readonly name: string;
          readonly resourceTypes: readonly { readonly name: string }[];
          readonly conditionKeys: readonly string[];
        }[];
        readonly conditionKeys: readonly { readonly key: string; readonly type: string }[];
      }
    >
  >;
}

test.runIf(existsSync(referenceFile))('EKS is as the authorization reference has it', () => {
  const { services: reference } = JSON.parse(readFileSync(referenceFile, 'utf8')) as Reference;
  // Judged on a cluster's ARN although the reference lists no type.
  const better = new Set(['eks:CreateCluster', 'eks:RegisterCluster']);
  const family = (key: string): string => key.replace(/\$\{.*$/, '').toLowerCase();
  for (const [prefix, { actions, conditionKeys }] of Object.entries(reference)) {
    expect(actionsMatching(`${prefix}:*`)).toHaveLength(actions.length);
    for (const { name, resourceTypes, conditionKeys: keys } of actions) {
      const [action] = actionsMatching(`${prefix}:${name}`);
      expect([...(action?.keys ?? [])].sort(), name).toEqual(keys.map(family).sort());
      const types = action?.resourceTypes.map((type) => type.name).sort();
      if (!better.has(`${prefix}:${name}`))
        expect(types, name).toEqual(resourceTypes.map((type) => type.name).sort());
    }
    for (const { key, type } of conditionKeys) {
      const known = conditionKey(key);
      expect(`${known?.multiValued ? 'ArrayOf' : ''}${known?.type}`, key).toBe(type);
    }
  }
});
