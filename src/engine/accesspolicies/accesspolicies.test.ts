import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { accessPolicyArn, findAccessPolicy, knownAccessPolicies, listAccessPolicies } from './catalogue.ts';
import { compileScope } from './scope.ts';

const view = 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy';

describe('findAccessPolicy', () => {
  test.each([
    ['another partition (C15)', 'arn:aws-cn:eks::aws:cluster-access-policy/AmazonEKSViewPolicy'],
    ['another case', 'arn:aws:eks::aws:cluster-access-policy/amazoneksviewpolicy'],
    ['a tail', `${view}/x`],
    ['an inherited property name', 'arn:aws:eks::aws:cluster-access-policy/constructor'],
    ['no name', 'arn:aws:eks::aws:cluster-access-policy/'],
    ['an IAM policy', 'arn:aws:iam::aws:policy/AdministratorAccess'],
    ['nothing', ''],
  ])('%s finds nothing', (_, arn) => expect(findAccessPolicy(arn, 'aws')).toBeUndefined());

  test('a policy is found in the partition it is asked for', () => {
    expect(findAccessPolicy(view, 'aws')?.name).toBe('AmazonEKSViewPolicy');
    expect(findAccessPolicy(accessPolicyArn('AmazonEKSViewPolicy', 'aws-cn'), 'aws-cn')?.name).toBe(
      'AmazonEKSViewPolicy',
    );
  });
});

describe('the catalogue', () => {
  test('the stock list has 33 names in byte order (C16)', () => {
    const names = listAccessPolicies('aws').map(({ name }) => name);
    expect(names).toHaveLength(33);
    expect(names).toEqual([...names].sort());
    expect(names[0]).toBe('AIDevOpsAgentAccessPolicy');
  });

  test.each([
    ['AmazonEKSAdminPolicy', 22],
    ['AmazonEKSEditPolicy', 20],
    ['AmazonEKSViewPolicy', 10],
    ['AmazonEKSClusterAdminPolicy', 2],
    ['AmazonEKSAdminViewPolicy', 1],
    ['AmazonEKSHybridPolicy', 1],
  ])('%s has %i rules (C2)', (name, count) =>
    expect(findAccessPolicy(accessPolicyArn(name, 'aws'), 'aws')?.rules).toHaveLength(count),
  );

  test.each([
    ['AmazonEKSAdminPolicy', 389],
    ['AmazonEKSEditPolicy', 372],
    ['AmazonEKSViewPolicy', 168],
  ])('%s expands to %i triples (C2a)', (name, count) => {
    const rules = findAccessPolicy(accessPolicyArn(name, 'aws'), 'aws')?.rules ?? [];
    const triples = rules.flatMap((rule) =>
      rule.apiGroups.flatMap((group) =>
        rule.resources.flatMap((resource) => rule.verbs.map((verb) => `${group}/${resource}/${verb}`)),
      ),
    );
    expect(new Set(triples).size).toBe(count);
  });

  test('a rule is about resources or about URLs, never about nothing', () => {
    for (const rule of knownAccessPolicies().flatMap((policy) => policy.rules ?? [])) {
      expect(rule.verbs.length).toBeGreaterThan(0);
      expect(rule.nonResourceURLs.length > 0).toBe(rule.apiGroups.length === 0);
      expect(rule.nonResourceURLs.length > 0).toBe(rule.resources.length === 0);
    }
  });
});

describe('compileScope', () => {
  test.each([
    [['dev'], '', false],
    [['*'], '', false],
    [['**'], '', false],
    [['dev'], 'dev2', false],
    [['dev-*'], 'dev', false],
    [['dev-*'], 'Dev-a', false],
    [['dev-?'], 'dev-a', false],
    [['dev.*'], 'devx', false],
    [['*-dev'], 'team-dev-2', false],
    [['a*b*c'], 'acb', false],
    [['ab*ba'], 'aba', false],
    [['a*bc*c'], 'abc', false],
    [[], 'dev', false],
    [['dev'], 'dev', true],
    [['dev-*'], 'dev-', true],
    [['dev-*'], 'dev-a', true],
    [['*'], 'anything', true],
    [['*-dev-*', 'x'], 'team-dev-2', true],
    [['a*b*c'], 'aXbYc', true],
    [['a*bc*c'], 'abcc', true],
  ] as const)('namespaces %j hold for %j: %s', (namespaces, namespace, holds) =>
    expect(compileScope({ type: 'namespace', namespaces })(namespace)).toBe(holds),
  );

  test('a cluster scope holds with and without a namespace', () => {
    const matches = compileScope({ type: 'cluster', namespaces: [] });
    expect([matches(''), matches('dev')]).toEqual([true, true]);
  });
});

const published = resolve(import.meta.dirname, '../../../../shared/reference/eks-access-policies.json');

interface PublishedPolicy {
  readonly name: string;
  readonly customerAssociable: boolean | null;
  readonly serviceLinkedRoleOnly: boolean | null;
  readonly inLiveListApr2026: boolean;
  readonly rules:
    | null
    | {
        readonly verbs: string[];
        readonly apiGroups: string[];
        readonly resources: string[];
        readonly resourceNames?: string[] | null;
        readonly nonResourceURLs?: string[];
        readonly resourceNamesUnpublished?: boolean;
      }[];
}

test.skipIf(!existsSync(published))('the catalogue agrees with the collected data', () => {
  const { policies } = JSON.parse(readFileSync(published, 'utf8')) as { policies: PublishedPolicy[] };
  expect(knownAccessPolicies()).toEqual(
    policies.map((policy) => ({
      name: policy.name,
      intendedFor:
        policy.customerAssociable === true
          ? 'customers'
          : policy.serviceLinkedRoleOnly === true
            ? 'serviceLinkedRoles'
            : 'unstated',
      inStockList: policy.inLiveListApr2026,
      rules: policy.rules?.map((rule) => ({
        verbs: rule.verbs,
        apiGroups: rule.apiGroups,
        resources: rule.resources,
        resourceNames: rule.resourceNames ?? [],
        nonResourceURLs: rule.nonResourceURLs ?? [],
        ...(rule.resourceNamesUnpublished ? { namesUnpublished: true } : {}),
      })),
    })),
  );
});
