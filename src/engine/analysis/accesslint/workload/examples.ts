import { podIdentityAudience } from '../../../podcredentials/names.ts';
import type {
  SnapshotCluster,
  SnapshotPod,
  SnapshotPodIdentityAssociation,
  SnapshotRole,
} from '../../snapshot/snapshot.ts';
import { testArn, testClusterArn, testEntry } from '../../testworld.ts';
import type { Example, Examples } from '../example.ts';
import { exampleRole, trust } from '../testworld.ts';

const host = 'oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE';
const otherHost = 'oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE0C0FFEE33E53DE1B71EXAMPLE';
const providerArn = (of: string): string => `arn:aws:iam::111122223333:oidc-provider/${of}`;
const providers = (...hosts: readonly string[]) =>
  hosts.map((url) => ({ arn: providerArn(url), url, clientIds: ['sts.amazonaws.com'] }));
const api = testArn('role/api');
const account = { namespace: 'shop', name: 'api' };
const issuer = `https://${host}`;
const places = { issuer, namespaces: ['default', 'shop'] };

const irsaRole = (sub: string, { aud = 'sts.amazonaws.com', of = host } = {}): SnapshotRole =>
  exampleRole('api', {
    trustPolicy: trust(
      { Federated: providerArn(of) },
      { StringEquals: { [`${of}:aud`]: aud }, StringLike: { [`${of}:sub`]: sub } },
      'sts:AssumeRoleWithWebIdentity',
    ),
  });
const trusting = (sub: string, aud?: string): Example => ({
  account: { roles: [irsaRole(sub, { ...(aud !== undefined && { aud }) })], oidcProviders: providers(host) },
  cluster: places,
});
const annotated = (sub: string, of = host): Example => ({
  account: { roles: [irsaRole(sub, { of })], oidcProviders: providers(of) },
  cluster: { ...places, serviceAccounts: [{ ...account, roleArn: api }] },
});
const itsSub = 'system:serviceaccount:shop:api';

/** A role for Pod Identity: of this cluster alone, since an account may have several. */
const podRole = (name: string, change: Partial<SnapshotRole> = {}): SnapshotRole =>
  exampleRole(name, {
    trustPolicy: podTrust(['sts:AssumeRole', 'sts:TagSession']),
    ...change,
  });
const podTrust = (actions: readonly string[], condition: object | 'none' = ofCluster): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        ...{ Effect: 'Allow', Principal: { Service: podIdentityAudience }, Action: actions },
        ...(condition !== 'none' && { Condition: condition }),
      },
    ],
  });
const ofCluster = { StringEquals: { 'aws:RequestTag/eks-cluster-arn': testClusterArn } };
const association = (
  change: Partial<SnapshotPodIdentityAssociation> = {},
): SnapshotPodIdentityAssociation => ({
  ...{ associationId: 'a-abcdefghijklmnop1', namespace: 'shop', serviceAccount: 'api', roleArn: api },
  disableSessionTags: false,
  ...change,
});
const associated = (
  roles: readonly SnapshotRole[],
  change: Partial<SnapshotPodIdentityAssociation> = {},
  cluster: Partial<SnapshotCluster> = {},
): Example => ({
  account: { roles },
  cluster: {
    ...places,
    serviceAccounts: [account],
    podIdentityAssociations: [association(change)],
    ...cluster,
  },
});

const partner = testArn('role/orders');
const mayAssume = {
  inlinePolicies: {
    chain: JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: ['sts:AssumeRole', 'sts:TagSession'], Resource: partner }],
    }),
  },
};
const target = (actions: readonly string[]): SnapshotRole =>
  exampleRole('orders', {
    trustPolicy: JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: api }, Action: actions }],
    }),
  });
const chained = (actions: readonly string[]): Example =>
  associated([podRole('api', mayAssume), target(actions)], { targetRoleArn: partner });

const byTag = {
  inlinePolicies: {
    bucket: JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          ...{ Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::orders/*' },
          Condition: { StringEquals: { 'aws:PrincipalTag/kubernetes-namespace': 'shop' } },
        },
      ],
    }),
  },
};
const untagged = podRole('api', { ...byTag, trustPolicy: podTrust(['sts:AssumeRole'], sourceOnly()) });

function sourceOnly(): object {
  return { StringEquals: { 'aws:SourceAccount': '111122223333' } };
}

const pod = (change: Partial<SnapshotPod>): SnapshotPod => ({
  ...{ namespace: 'shop', name: 'api-7d9', serviceAccount: 'api', nodeName: 'node-1' },
  ...{ hostNetwork: false, injectedPodIdentity: false },
  ...change,
});
const running = (change: Partial<SnapshotPod>): Example =>
  associated([podRole('api')], {}, { pods: [pod(change)] });

const twoPlaces = (...namespaces: readonly string[]): Example => ({
  account: { roles: [podRole('api')] },
  cluster: {
    ...{ issuer, namespaces: ['default', 'shop', 'billing'] },
    serviceAccounts: namespaces.map((namespace) => ({ namespace, name: 'api' })),
    podIdentityAssociations: namespaces.map((namespace, at) =>
      association({ namespace, associationId: `a-abcdefghijklmnop${at}` }),
    ),
  },
});

const nodes = (policies: SnapshotRole['inlinePolicies']): Example => ({
  account: { roles: [exampleRole('nodes', { inlinePolicies: policies })] },
  cluster: {
    accessEntries: [
      testEntry(
        testArn('role/nodes'),
        {},
        {
          type: 'EC2_LINUX',
          username: 'system:node:{{EC2PrivateDNSName}}',
          kubernetesGroups: ['system:nodes'],
        },
      ),
    ],
  },
});
const reading = (resource: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: resource }],
  });

export const workloadExamples: Readonly<Record<string, Examples>> = {
  'EW-ACC-801': { triggers: trusting('system:serviceaccount:*:api'), passes: trusting(itsSub) },
  'EW-ACC-802': { triggers: trusting('system:serviceaccount:shop:*'), passes: trusting(itsSub) },
  'EW-ACC-803': { triggers: trusting(itsSub, 'vault'), passes: trusting(itsSub) },
  'EW-ACC-804': {
    triggers: { account: { oidcProviders: providers(otherHost) }, cluster: places },
    passes: { account: { oidcProviders: providers(host) }, cluster: places },
  },
  'EW-ACC-805': {
    triggers: annotated('system:serviceaccount:shop:web'),
    passes: annotated(itsSub),
  },
  'EW-ACC-806': {
    triggers: {
      ...annotated(itsSub),
      account: { roles: [irsaRole(itsSub)], oidcProviders: providers(otherHost) },
    },
    passes: annotated(itsSub),
  },
  'EW-ACC-811': {
    triggers: associated([podRole('api')], {}, { serviceAccounts: [] }),
    passes: associated([podRole('api')]),
  },
  'EW-ACC-812': { triggers: associated([]), passes: associated([podRole('api')]) },
  'EW-ACC-813': {
    triggers: associated([podRole('api', { trustPolicy: podTrust(['sts:AssumeRole']) })]),
    passes: associated([podRole('api')]),
  },
  'EW-ACC-814': {
    triggers: chained(['sts:AssumeRole']),
    passes: chained(['sts:AssumeRole', 'sts:TagSession']),
  },
  'EW-ACC-815': {
    triggers: associated(
      [podRole('api')],
      {},
      { serviceAccounts: [{ ...account, roleArn: api }], issuer: 'https://oidc.example.com/id/A1' },
    ),
    passes: associated([podRole('api')]),
  },
  'EW-ACC-816': {
    triggers: associated([untagged], { disableSessionTags: true }),
    passes: associated([podRole('api', byTag)]),
  },
  'EW-ACC-821': { triggers: twoPlaces('shop', 'billing'), passes: twoPlaces('shop') },
  'EW-ACC-822': {
    triggers: {
      account: {
        roles: [exampleRole('api', { trustPolicy: podTrust(['sts:AssumeRole', 'sts:TagSession'], 'none') })],
      },
      otherClusters: [{ name: 'test' }],
    },
    passes: { account: { roles: [podRole('api')] }, otherClusters: [{ name: 'test' }] },
  },
  'EW-ACC-831': { triggers: running({}), passes: running({ injectedPodIdentity: true }) },
  'EW-ACC-832': {
    triggers: nodes({ reads: reading('*') }),
    passes: nodes({ reads: reading('arn:aws:s3:::node-images/*') }),
  },
};
