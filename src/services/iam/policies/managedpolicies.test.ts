import { describe, expect, test } from 'vitest';
import { validatePolicy } from '../../../engine/iam/validate.ts';
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

  test('those of service roles are found with their path only', () => {
    const name = 'AmazonEKSServiceRolePolicy';
    expect(awsManagedPolicy(`arn:aws:iam::aws:policy/${name}`)).toBeUndefined();
    expect(awsManagedPolicy(`arn:aws:iam::aws:policy/aws-service-role/${name}`)).toMatchObject({
      name,
      path: '/aws-service-role/',
      defaultVersionId: 'v27',
    });
  });

  test('every policy has a name and id of its own, a version, sane times and a document IAM would store', () => {
    const policies = awsManagedPolicies();
    const ids = policies.map(({ policyId }) => policyId).filter((id) => id !== undefined);
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(policies.map(({ name }) => name)).size).toBe(policies.length);
    for (const id of ids) expect(id).toMatch(/^ANPA[A-Z2-7]{17}$/);
    for (const policy of policies) {
      expect(policy.defaultVersionId).toMatch(/^v[1-9]\d*$/);
      expect(policy.createdAt).toBeLessThanOrEqual(policy.updatedAt);
      expect(awsManagedPolicy(policy.arn)).toBe(policy);
      expect({ name: policy.name, ...validatePolicy(policy.document, 'identity') }).toMatchObject({
        ok: true,
      });
    }
  });

  test('only AWSDenyAll denies', () => {
    const denying = awsManagedPolicies().filter(({ document }) => document.includes('"Effect":"Deny"'));
    expect(denying.map(({ name }) => name)).toEqual(['AWSDenyAll']);
  });
});
