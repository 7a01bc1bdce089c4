import { describe, expect, test } from 'vitest';
import { awsManagedPolicies, awsManagedPolicy } from './managedpolicies.ts';

describe('AWS-managed policies', () => {
  test.each([
    ['arn:aws:iam::aws:policy/NoSuchPolicy'],
    ['arn:aws:iam::aws:policy/administratoraccess'],
    ['arn:aws:iam::111122223333:policy/AdministratorAccess'],
    ['arn:aws:iam::aws:policy/service-role/AdministratorAccess'],
    ['arn:aws-nowhere:iam::aws:policy/AdministratorAccess'],
    ['arn:aws:iam::aws:policy/constructor'],
    ['AdministratorAccess'],
  ])('%s is none of them', (arn) => {
    expect(awsManagedPolicy(arn)).toBeUndefined();
  });

  test('a policy is found in the partition its ARN names', () => {
    expect(awsManagedPolicy('arn:aws-cn:iam::aws:policy/AmazonEKSClusterPolicy')?.arn).toBe(
      'arn:aws-cn:iam::aws:policy/AmazonEKSClusterPolicy',
    );
  });

  test('AdministratorAccess allows everything', () => {
    const policy = awsManagedPolicy('arn:aws:iam::aws:policy/AdministratorAccess');
    expect(JSON.parse(policy?.document ?? '')).toEqual({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
    });
    expect(policy?.policyId).toBe('ANPAIWMBCKSKIEE64ZLYK');
  });

  test('every policy has an id of its own, a version, sane times and allow statements only', () => {
    const policies = awsManagedPolicies();
    expect(new Set(policies.map((policy) => policy.policyId)).size).toBe(policies.length);
    for (const policy of policies) {
      expect(policy.policyId).toMatch(/^ANPA[A-Z2-7]{17}$/);
      expect(policy.defaultVersionId).toMatch(/^v[1-9]\d*$/);
      expect(policy.createdAt).toBeLessThanOrEqual(policy.updatedAt);
      expect(awsManagedPolicy(policy.arn)).toBe(policy);
      const { Statement } = JSON.parse(policy.document) as { Statement: { Effect: string }[] };
      expect(Statement.map((statement) => statement.Effect)).toEqual(Statement.map(() => 'Allow'));
    }
  });
});
