import { expect, test } from 'vitest';
import type { SnapshotCluster, SnapshotPod, SnapshotRole } from '../../snapshot/snapshot.ts';
import { testArn, testEntry } from '../../testworld.ts';
import { lintAccess } from '../accesslint.ts';
import type { Example } from '../example.ts';
import { exampleWorld } from '../examples.ts';
import { exampleRole, trust } from '../testworld.ts';

/** `ID subject` of what is found about workloads and trusts. */
const found = (example: Example): readonly string[] =>
  lintAccess(exampleWorld(example), { served: new Map(), digest: (text) => text })
    .findings.filter(({ id }) => /^EW-(?:ACC-[68]|POL-6)/.test(id))
    .map(({ id, subject }) => `${id} ${subject.replace(/^.*role\//, '')}`);

const host = 'oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE';
const arn = `arn:aws:iam::111122223333:oidc-provider/${host}`;
const oidcProviders = [{ arn, url: host, clientIds: ['sts.amazonaws.com'] }];
const byToken = (condition: object): SnapshotRole =>
  exampleRole('api', {
    trustPolicy: trust({ Federated: arn }, condition, 'sts:AssumeRoleWithWebIdentity'),
  });
const sub = (value: string) => ({ StringEquals: { [`${host}:sub`]: value } });
const own = byToken(sub('system:serviceaccount:shop:api'));
const api = testArn('role/api');
const association = {
  ...{ associationId: 'a-1', namespace: 'shop', serviceAccount: 'api', roleArn: api },
  disableSessionTags: false,
};
const inCluster = (cluster: Partial<SnapshotCluster>, roles: readonly SnapshotRole[] = [own]): Example => ({
  account: { roles, oidcProviders },
  cluster: { issuer: `https://${host}`, namespaces: ['shop'], podIdentityAssociations: [], ...cluster },
});
const annotated = { namespace: 'shop', name: 'api', roleArn: api };

test('a trust without any subject is told once, and not as a wide one', () => {
  expect(found(inCluster({}, [byToken({ StringEquals: { [`${host}:aud`]: 'sts.amazonaws.com' } })]))).toEqual(
    ['EW-POL-603 api'],
  );
  expect(found(inCluster({}, [byToken({ StringLike: { [`${host}:sub`]: '*' } })]))).toEqual([
    'EW-POL-603 api',
  ]);
});

test('an audience by a pattern, or one of several, is one that the provider takes', () => {
  const aud = (operator: string, values: string | readonly string[]) =>
    byToken({ ...sub('system:serviceaccount:shop:api'), [operator]: { [`${host}:aud`]: values } });
  expect(found(inCluster({}, [aud('StringLike', 'sts.*')]))).toEqual([]);
  const both = byToken({
    StringEquals: {
      [`${host}:sub`]: 'system:serviceaccount:shop:api',
      [`${host}:aud`]: ['vault', 'sts.amazonaws.com'],
    },
  });
  expect(found(inCluster({}, [both]))).toEqual([]);
});

test('a provider is of a cluster that is gone only where all clusters that could have it were read', () => {
  const gone = `EW-ACC-804 ${arn}`;
  const other = 'https://oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE0C0FFEE33E53DE1B71EXAMPLE';
  const of = (cluster: Partial<SnapshotCluster>, more: Partial<Example> = {}): readonly string[] =>
    found({ account: { oidcProviders }, cluster, ...more });
  expect(of({ issuer: other })).toEqual([gone]);
  expect(of({ issuer: other, region: 'eu-west-1' })).toEqual([]);
  expect(of({ issuer: other, accountId: '444455556666' })).toEqual([]);
  expect(of({ issuer: other }, { otherClusters: [{ name: 'unknown' }] })).toEqual([]);
  const forge = { arn: arn.replace(host, 'token.example.com'), url: 'token.example.com', clientIds: ['x'] };
  expect(found({ account: { oidcProviders: [forge] }, cluster: { issuer: other } })).toEqual([]);
});

test('where there is an association the annotation is told of as one that does not count', () => {
  const other = { ...annotated, roleArn: testArn('role/nobody') };
  const podRole = exampleRole('api', {
    trustPolicy: JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          ...{ Effect: 'Allow', Principal: { Service: 'pods.eks.amazonaws.com' } },
          Action: ['sts:AssumeRole', 'sts:TagSession'],
        },
      ],
    }),
  });
  const cluster = { serviceAccounts: [other], podIdentityAssociations: [association] };
  expect(found(inCluster(cluster, [podRole, exampleRole('nobody')]))).toEqual([
    'EW-ACC-815 ServiceAccount shop/api',
  ]);
});

test('an association is dead for each reason once', () => {
  const dead = (change: object, roles: readonly SnapshotRole[]) =>
    found(
      inCluster(
        {
          serviceAccounts: [{ namespace: 'shop', name: 'api' }],
          podIdentityAssociations: [{ ...association, ...change }],
        },
        roles,
      ),
    );
  expect(dead({}, [])).toEqual(['EW-ACC-812 ServiceAccount shop/api']);
  expect(dead({}, [exampleRole('team/api')])).toEqual(['EW-ACC-812 ServiceAccount shop/api']);
  expect(dead({}, [exampleRole('api')])).toEqual(['EW-ACC-813 ServiceAccount shop/api']);
  const far = 'arn:aws:iam::444455556666:role/orders';
  const trusting = exampleRole('api', {
    trustPolicy: trust({ Service: 'pods.eks.amazonaws.com' }, undefined, 'sts:*'),
  });
  // The account of the target was not read, but that the role may not ask for it is certain.
  expect(dead({ targetRoleArn: far }, [trusting])).toEqual(['EW-ACC-814 ServiceAccount shop/api']);
});

test('the same namespace of two clusters is one place', () => {
  const both = { serviceAccounts: [annotated] };
  const shared = {
    ...inCluster(both),
    otherClusters: [{ name: 'test', ...both, issuer: `https://${host}` }],
  };
  expect(found(shared)).not.toContain('EW-ACC-821 api');
  const twice = { serviceAccounts: [annotated, { ...annotated, namespace: 'billing' }] };
  expect(found(inCluster(twice))).toContain('EW-ACC-821 api');
});

test.each<readonly [string, Partial<SnapshotPod>, boolean, boolean]>([
  ['from before an association', {}, true, true],
  ['from before an association, with a token', { injectedRoleArn: api }, true, true],
  ['told of its association', { injectedPodIdentity: true }, true, false],
  ['of a job that is done', { hasEnded: true }, true, false],
  ['on Fargate', { nodeName: 'fargate-ip-10-0-0-1' }, true, false],
  ['from before an annotation', {}, false, true],
  ['told of its annotation', { injectedRoleArn: api }, false, false],
  ['told of another role', { injectedRoleArn: testArn('role/other') }, false, true],
  ['of an association that is gone', { injectedPodIdentity: true }, false, true],
])('a pod %s', (_, change, isAssociated, isStale) => {
  const pod = {
    ...{ namespace: 'shop', name: 'p', serviceAccount: 'api', nodeName: 'n' },
    ...{ hostNetwork: false, injectedPodIdentity: false, ...change },
  };
  const serviceAccounts = [isAssociated ? { namespace: 'shop', name: 'api' } : annotated];
  const associations = isAssociated ? [association] : [];
  const ids = found(inCluster({ serviceAccounts, pods: [pod], podIdentityAssociations: associations }));
  expect(ids.filter((one) => one.startsWith('EW-ACC-83'))).toEqual(
    isStale ? ['EW-ACC-831 ServiceAccount shop/api'] : [],
  );
});

test('hundreds of pods from before are told of once', () => {
  const pods = Array.from({ length: 300 }, (_, at) => ({
    ...{ namespace: 'shop', name: `p-${at}`, serviceAccount: 'api', nodeName: 'n' },
    ...{ hostNetwork: false, injectedPodIdentity: false, injectedRoleArn: api },
  }));
  const serviceAccounts = [{ namespace: 'shop', name: 'api' }];
  expect(found(inCluster({ serviceAccounts, pods, podIdentityAssociations: [association] }))).toContain(
    'EW-ACC-831 ServiceAccount shop/api',
  );
});

test('trusts of Pod Identity as AWS writes them are one remark for all, and none where clusters share the role', () => {
  const podRole = (name: string): SnapshotRole =>
    exampleRole(name, { trustPolicy: trust({ Service: 'pods.eks.amazonaws.com' }, undefined, 'sts:*') });
  const given = (name: string) => ({ ...association, roleArn: testArn(`role/${name}`) });
  const wide = (...names: readonly string[]): readonly string[] =>
    found({
      ...inCluster({ podIdentityAssociations: [given('a')] }, names.map(podRole)),
      otherClusters: [{ name: 'test', podIdentityAssociations: [given('a')] }],
    }).filter((one) => one.startsWith('EW-ACC-822'));
  expect(wide('a')).toEqual([]);
  expect(wide('a', 'b', 'c')).toEqual([`EW-ACC-822 ${testArn('root')}`]);
});

test('a provider that an annotated service account lacks is told of once, with how to make it', () => {
  const without = inCluster({ serviceAccounts: [annotated] });
  const aud = { [`${host}:sub`]: 'system:serviceaccount:shop:api', [`${host}:aud`]: 'sts.amazonaws.com' };
  const roles = [byToken({ StringEquals: aud })];
  expect(found({ ...without, account: { roles, oidcProviders: [] } })).toEqual([
    'EW-ACC-806 ServiceAccount shop/api',
  ]);
  // Where Pod Identity gives the role nobody needs it.
  const associated = inCluster({ serviceAccounts: [annotated], podIdentityAssociations: [association] });
  expect(found({ ...associated, account: { roles, oidcProviders: [] } })).toContain('EW-ACC-603 api');
});

test('what AWS and eksctl write for the parts of every cluster is no finding', () => {
  const both = (name: string) => ({
    StringEquals: {
      [`${host}:aud`]: 'sts.amazonaws.com',
      [`${host}:sub`]: `system:serviceaccount:kube-system:${name}`,
    },
  });
  const names = ['aws-node', 'ebs-csi-controller-sa', 'external-dns'];
  const roles = names.map((name) => exampleRole(name, { trustPolicy: byToken(both(name)).trustPolicy }));
  const karpenter = exampleRole('karpenter', {
    trustPolicy: trust({ Service: 'pods.eks.amazonaws.com' }, undefined, 'sts:*'),
  });
  const serviceAccounts = names.map((name) => ({
    ...{ namespace: 'kube-system', name, roleArn: testArn(`role/${name}`) },
  }));
  const cluster = {
    ...{
      namespaces: ['kube-system'],
      serviceAccounts: [...serviceAccounts, { namespace: 'kube-system', name: 'karpenter' }],
    },
    podIdentityAssociations: [
      {
        ...{ associationId: 'a-1', namespace: 'kube-system', serviceAccount: 'karpenter' },
        ...{ roleArn: testArn('role/karpenter'), disableSessionTags: false },
      },
    ],
  };
  expect(found(inCluster(cluster, [...roles, karpenter]))).toEqual([]);
});

test('the role of Fargate is no role that pods get at, and one for everything of nodes is', () => {
  const all = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
  });
  const nodes = (type: string): readonly string[] =>
    found({
      account: { roles: [exampleRole('nodes', { inlinePolicies: { all } })] },
      cluster: { accessEntries: [testEntry(testArn('role/nodes'), {}, { type })] },
    });
  expect(nodes('EC2_LINUX')).toContain('EW-ACC-832 nodes');
  expect(nodes('FARGATE_LINUX')).not.toContain('EW-ACC-832 nodes');
});
