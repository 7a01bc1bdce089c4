import { describe, expect, test } from 'vitest';
import { resourceDefinitions } from '../../../wire/kube/resources.ts';
import { allow, allowUrls } from '../../rbac/allow.ts';
import type { RbacObject } from '../../rbac/objects.ts';
import { stockRbac, testArn, testEntry, testGrant, testRole, testWorld } from '../testworld.ts';
import type { IamSubject } from '../world/subject.ts';
import { closestPolicy, type KnownResource } from './closest.ts';
import { customPoliciesFor } from './custompolicies.ts';
import { diffPermissions } from './diff.ts';
import { permissionsOf } from './permissions.ts';
import { whatCan } from './whatcan.ts';

const universe: readonly KnownResource[] = resourceDefinitions.flatMap(
  ({ group, resource, verbs, namespaced, subresources }) => [
    { apiGroup: group, resource, verbs, isNamespaced: namespaced },
    ...subresources.map(({ name, verbs: own }) => ({
      apiGroup: group,
      resource: `${resource}/${name}`,
      verbs: own,
      isNamespaced: namespaced,
    })),
  ],
);
const inApi = { universe, authenticationMode: 'API' } as const;
const role = (name: string): IamSubject => ({
  kind: 'iam',
  type: 'role',
  arn: testArn(`role/${name}`),
  accountId: '111122223333',
  principalId: `AROA${name.toUpperCase()}`,
  standing: 'exists',
});
const ops = role('ops');

function permissions(
  policies: Readonly<Record<string, readonly string[]>>,
  rbac: readonly RbacObject[] = [],
) {
  const { cluster, world } = testWorld({
    account: { roles: [testRole('ops')] },
    cluster: {
      accessEntries: [testEntry(ops.arn, policies, { kubernetesGroups: ['ops'] })],
      rbac: [...stockRbac, ...rbac],
    },
  });
  const { identities } = cluster.identitiesOf(ops);
  const own = permissionsOf(cluster, identities, { of: 'own' });
  const shared = permissionsOf(cluster, identities, { of: 'everybodys' });
  return { cluster, world, own, fit: closestPolicy(own, { shared, partition: 'aws', universe }) };
}

describe('the closest access policy', () => {
  test('who has nothing has none', () => expect(permissions({}).fit).toBeUndefined());

  test.each([
    ['AmazonEKSViewPolicy', []],
    ['AmazonEKSViewPolicy', ['dev']],
    ['AmazonEKSEditPolicy', ['dev', 'shop-*']],
    ['AmazonEKSAdminPolicy', ['*']],
    ['AmazonEKSClusterAdminPolicy', []],
    ['AmazonEKSSecretReaderPolicy', ['dev']],
    ['AmazonEKSAdminViewPolicy', []],
  ])('what %s grants in %j is found to be it', (policyName, namespaces) => {
    const { fit } = permissions({ [policyName]: namespaces });
    expect(fit).toMatchObject({ policyName, isExact: true, lacks: { pairs: 0 }, adds: { pairs: 0 } });
    expect(new Set(fit?.accessScope.namespaces)).toEqual(new Set(namespaces));
  });

  test('upstream’s view is close to AWS’s, and the difference is told', () => {
    const { fit } = permissions({}, [
      {
        ...{
          kind: 'RoleBinding',
          name: 'b',
          namespace: 'dev',
          roleRef: { kind: 'ClusterRole', name: 'view' },
        },
        subjects: [{ kind: 'Group', name: 'ops', namespace: '' }],
      },
    ]);
    expect(fit).toMatchObject({
      policyName: 'AmazonEKSViewPolicy',
      accessScope: { type: 'namespace', namespaces: ['dev'] },
      isExact: false,
    });
    expect(fit?.lacks.places[0]?.namespaces).toEqual(['dev']);
    expect(fit?.lacks.pairs).toBeGreaterThanOrEqual(0);
  });
});

describe('policies of one’s own', () => {
  test('one for everywhere, one for each place with more', () => {
    const { own } = permissions({ AmazonEKSSecretReaderPolicy: ['dev'] }, [
      ...testGrant('nodes', 'Group:ops', [allow('get', 'core', 'nodes'), allowUrls('get', '/metrics')]),
      ...testGrant('more', 'Group:ops', [allow('delete', 'core', 'pods')], 'prod'),
    ]);
    expect(customPoliciesFor(own, ops, inApi)).toEqual({
      isPossible: true,
      policies: [
        {
          rules: [allow('get', 'core', 'nodes'), allowUrls('get', '/metrics')],
          accessScope: { type: 'cluster', namespaces: [] },
        },
        {
          rules: [allow('get list watch', 'core', 'secrets')],
          accessScope: { type: 'namespace', namespaces: ['dev'] },
        },
        {
          rules: [allow('delete', 'core', 'pods')],
          accessScope: { type: 'namespace', namespaces: ['prod'] },
        },
      ],
    });
  });

  test('nobody of IAM has none', () => {
    const user = { kind: 'User', name: 'ada', namespace: '' } as const;
    expect(customPoliciesFor({ everywhere: [], places: [] }, user, inApi)).toMatchObject({
      isPossible: false,
    });
  });

  test('where entries count for nobody, none is proposed', () => {
    const { own } = permissions({ AmazonEKSViewPolicy: [] });
    const mode = { universe, authenticationMode: 'CONFIG_MAP' } as const;
    expect(customPoliciesFor(own, ops, mode)).toMatchObject({
      isPossible: false,
      reason: expect.stringContaining('CONFIG_MAP'),
    });
  });

  test('more rules than a policy can have', () => {
    const rules = Array.from({ length: 60 }, (_, i) => allow(`verb${i}`, 'core', `r${i}`));
    const { own } = permissions({}, testGrant('many', 'Group:ops', rules));
    expect(customPoliciesFor(own, ops, inApi)).toMatchObject({
      isPossible: false,
      reason: expect.stringContaining('at most 50'),
    });
  });
});

describe('two subjects', () => {
  test('what differs in one namespace is told there', () => {
    const viewer = permissions({ AmazonEKSSecretReaderPolicy: [] }).own;
    const scoped = permissions({ AmazonEKSSecretReaderPolicy: ['dev'] }).own;
    const rule = allow('get list watch', 'core', 'secrets');
    expect(diffPermissions(viewer, scoped)).toEqual({
      onlyFirst: [
        { namespaces: ['*'], rules: [{ rule, except: [] }] },
        { namespaces: ['dev'], rules: [] },
      ],
      onlySecond: [],
    });
    expect(diffPermissions(scoped, scoped)).toEqual({ onlyFirst: [], onlySecond: [] });
  });

  const rule = allow('get list watch', 'core', 'secrets');
  const reader = (...namespaces: string[]) => permissions({ AmazonEKSSecretReaderPolicy: namespaces }).own;

  test.each<[string, string[], string[], unknown]>([
    [
      'a namespace of a pattern in which nothing differs is told',
      ['dev-*'],
      ['dev-a'],
      [
        { namespaces: ['dev-a'], rules: [] },
        { namespaces: ['dev-*'], rules: [{ rule, except: [] }] },
      ],
    ],
    [
      'so is a narrower pattern',
      ['dev-*'],
      ['dev-a-*'],
      [
        { namespaces: ['dev-*'], rules: [{ rule, except: [] }] },
        { namespaces: ['dev-a-*'], rules: [] },
      ],
    ],
    [
      'every namespace is not what is in none',
      ['*'],
      ['dev'],
      [
        { namespaces: ['default', 'kube-system', '**'], rules: [{ rule, except: [] }] },
        { namespaces: ['dev'], rules: [] },
      ],
    ],
  ])('%s', (_, first, second, onlyFirst) =>
    expect(diffPermissions(reader(...first), reader(...second))).toEqual({ onlyFirst, onlySecond: [] }),
  );

  test('whoever has it in the whole cluster has it beyond every namespace', () => {
    expect(diffPermissions(reader(), reader('*')).onlyFirst).toEqual([
      { namespaces: ['*'], rules: [{ rule, except: [] }] },
      { namespaces: ['default', 'kube-system', '**'], rules: [] },
    ]);
  });
});

describe('what one can', () => {
  test('nobody is told why', () => {
    const { cluster, world } = testWorld({ account: { roles: [testRole('ops')] } });
    expect(whatCan(cluster, world.snapshot, ops)).toMatchObject({
      identities: [],
      refusal: { code: 'noMapping' },
    });
  });

  test('a role that can be several users is each of them', () => {
    const { cluster, world } = testWorld({
      account: { roles: [testRole('ops')] },
      cluster: {
        accessEntries: [testEntry(ops.arn, {}, { username: 'ops:{{SessionName}}' })],
        rbac: testGrant('alices', 'User:ops:alice', [allow('get', 'core', 'pods')]),
      },
    });
    expect(whatCan(cluster, world.snapshot, ops).identities).toMatchObject([
      { sessionName: 'SESSION', everywhere: [] },
      { sessionName: 'alice', username: 'ops:alice', everywhere: [allow('get', 'core', 'pods')] },
    ]);
  });
});
