import { describe, expect, test } from 'vitest';
import type { AwsAuthState } from '../../access/awsauthstate.ts';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import {
  accessEntryKey,
  accessKeyKey,
  accountKey,
  awsAuthGoodKey,
  blockKey,
  clusterConnectionKey,
  clusterKey,
  objectKey,
  podIdentityKey,
  roleKey,
  userKey,
} from '../../storage/records/keys.ts';
import { type StoreSnapshotOptions, snapshotOfStore } from './store.ts';

const account = '111122223333';
const other = '444455556666';
const secret = 'SEALED-SECRET';
const clusterId = 'c1';

const principal = (accountId: string, name: string, principalId: string) => ({
  ...{ accountId, name, path: '/team/', principalId, createdAt: 1000, tags: [{ Key: 'team', Value: 'a' }] },
  inlinePolicies: { p: '{"Version":"2012-10-17","Statement":[]}' },
  attachedPolicyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'],
});
const cluster = {
  ...{ clusterId, accountId: account, region: 'us-east-1', name: 'main', createdAt: 5, version: '1.35' },
  arn: `arn:aws:eks:us-east-1:${account}:cluster/main`,
  ...{
    roleArn: 'x',
    authenticationMode: 'API_AND_CONFIG_MAP',
    kind: 'builtIn',
    tags: {},
    echoed: { token: secret },
  },
  bootstrapClusterCreatorAdminPermissions: false,
};
const entry = {
  ...{ clusterName: 'main', principalArn: `arn:aws:iam::${account}:role/team/dev`, principalId: 'AROADEV' },
  ...{ accessEntryArn: 'x', type: 'STANDARD', username: 'dev', kubernetesGroups: ['devs'], tags: {} },
  ...{ createdAt: 7, modifiedAt: 8, clientRequestToken: secret },
  associatedPolicies: [
    {
      policyArn: 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy',
      accessScope: { type: 'namespace', namespaces: ['a'] },
      ...{ associatedAt: 7, modifiedAt: 7, reason: secret },
    },
  ],
};
const binding = {
  metadata: { name: 'b', namespace: 'a', annotations: { note: secret } },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
  subjects: [{ kind: 'Group', name: 'devs', apiGroup: 'rbac.authorization.k8s.io' }],
};
const records: Readonly<Record<string, unknown>> = {
  [accountKey(account)]: { accountId: account, createdAt: 1, accessKeyIds: ['AKIAROOT'] },
  [accountKey(other)]: { accountId: other, createdAt: 1, accessKeyIds: [] },
  [userKey(account, 'alice')]: {
    ...principal(account, 'alice', 'AIDAALICE'),
    ...{ accessKeyIds: ['AKIAALICE'], mfaSerialNumbers: ['m'] },
  },
  [accessKeyKey('AKIAALICE')]: {
    ...{ accessKeyId: 'AKIAALICE', accountId: account, status: 'Active', createdAt: 3, sealedSecret: secret },
  },
  [roleKey(account, 'dev')]: {
    ...principal(account, 'dev', 'AROADEV'),
    ...{ maxSessionDuration: 3600, trustPolicy: '{}', trustedPrincipalIds: {} },
  },
  [roleKey(other, 'theirs')]: {
    ...principal(other, 'theirs', 'AROATHEIRS'),
    ...{ maxSessionDuration: 3600, trustPolicy: '{}', trustedPrincipalIds: {} },
  },
  [clusterKey(account, 'us-east-1', 'main')]: cluster,
  [accessEntryKey(clusterId, entry.principalArn)]: entry,
  [clusterConnectionKey(clusterId)]: { sealedCredential: secret },
  [objectKey(clusterId, 'rbac.authorization.k8s.io', 'rolebindings', 'a', 'b')]: binding,
  [objectKey(clusterId, '', 'namespaces', '', 'a')]: { metadata: { name: 'a' } },
  [objectKey(clusterId, '', 'secrets', 'a', 'db')]: { data: { password: secret } },
  [objectKey(clusterId, '', 'configmaps', 'a', 'settings')]: { data: { token: secret } },
  [objectKey(clusterId, '', 'configmaps', 'kube-system', 'aws-auth')]: {
    metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': secret } },
    data: { mapAccounts: `["${other}"]`, mapRoles: '{broken' },
  },
  [objectKey(clusterId, '', 'serviceaccounts', 'a', 'builder')]: {
    metadata: { annotations: { 'eks.amazonaws.com/role-arn': 'arn:r', note: secret } },
    secrets: [{ name: secret }],
  },
  [blockKey('principalArn', `arn:aws:iam::${account}:user/mallory`)]: {
    ...{ blockId: 'x', createdAt: 1, createdBy: 'y', reason: secret },
  },
  [blockKey('principalId', 'AROATHEIRS')]: {
    ...{ blockId: 'y', createdAt: 1, createdBy: 'y', reason: secret, until: 9 },
  },
};

async function read(
  options: Partial<StoreSnapshotOptions> = {},
  changed: Readonly<Record<string, string>> = {},
) {
  const storage = createMemoryStorage();
  const values = Object.entries(records).map(([key, value]) => [key, JSON.stringify(value)] as const);
  const changes = [...new Map([...values, ...Object.entries(changed)])].map(
    ([key, value]) => ({ type: 'put', key, value }) as const,
  );
  await storage.commit({ expect: [], changes });
  return await snapshotOfStore({
    ...{ storage, partition: 'aws', now: 10, accounts: [account], ssoRoleMatch: false },
    awsAuthState: () => undefined,
    notFollowed: () => undefined,
    awsManagedPolicy: () => '{}',
    lastUsed: async (id) => (id === 'AKIAALICE' ? 4 : undefined),
    ...options,
  });
}

describe('a snapshot of the store', () => {
  test('holds no secret and nothing of objects that do not grant', async () => {
    const text = JSON.stringify(await read({ accounts: 'all' }));
    expect(text).not.toContain(secret);
    expect(text).not.toContain('settings');
  });

  test('holds who there is and what grants', async () => {
    const { accounts, clusters, gaps } = await read();
    expect(accounts[0]).toMatchObject({
      users: [{ name: 'alice', accessKeys: [{ accessKeyId: 'AKIAALICE', lastUsedAt: 4 }], mfaDevices: 1 }],
      roles: [{ arn: `arn:aws:iam::${account}:role/team/dev`, principalId: 'AROADEV', tags: { team: 'a' } }],
      managedPolicies: [{ arn: 'arn:aws:iam::aws:policy/ReadOnlyAccess', document: '{}' }],
      root: { accessKeys: 1, mfa: false },
    });
    expect(clusters[0]).toMatchObject({
      name: 'main',
      accessEntries: [
        {
          principalId: 'AROADEV',
          createdAt: 7,
          associatedPolicies: [{ accessScope: { namespaces: ['a'] }, associatedAt: 7 }],
        },
      ],
      awsAuth: { roles: [], users: [], accounts: [other] },
      rbac: [{ kind: 'RoleBinding', name: 'b', namespace: 'a' }],
      namespaces: ['a'],
      serviceAccounts: [{ namespace: 'a', name: 'builder', roleArn: 'arn:r' }],
    });
    expect(gaps.map(({ area }) => area)).toEqual(['awsAuth']);
  });

  test('tells an account nothing of another', async () => {
    const theirs = JSON.stringify(await read({ accounts: [other] }));
    expect(theirs).not.toContain(account);
    expect(JSON.parse(theirs)).toMatchObject({ blocks: [{ target: 'AROATHEIRS', until: 9 }], clusters: [] });
    expect((await read()).blocks).toEqual([
      { kind: 'principalArn', target: `arn:aws:iam::${account}:user/mallory` },
    ]);
    expect((await read({ accounts: 'all' })).blocks).toHaveLength(2);
  });

  test('tells what cannot be read instead of leaving it out', async () => {
    const { gaps } = await read(
      { notFollowed: () => 'nobody follows it' },
      {
        [userKey(account, 'broken')]: '{',
        [accessEntryKey(clusterId, 'arn:aws:iam::111122223333:role/broken')]: '{}',
        [objectKey(clusterId, 'rbac.authorization.k8s.io', 'clusterroles', '', 'broken')]: '{"rules":1}',
        [clusterKey(account, 'us-east-1', 'other')]: '{}',
        [clusterKey(account, 'us-east-1', 'far')]: JSON.stringify({
          ...{ ...cluster, name: 'far', clusterId: 'c2', kind: 'connected', version: '' },
        }),
      },
    );
    expect(gaps.map(({ reason }) => reason)).toEqual([
      'a stored user cannot be read',
      'nobody follows it',
      'service accounts of `far`: nobody follows it',
      'pods of cluster `far` are not followed: `--live` with its kubeconfig reads them',
      'aws-auth: mapRoles is not valid YAML',
      'the stored access entry `arn:aws:iam::111122223333:role/broken` cannot be read',
      'clusterroles `broken` cannot be read and grants nothing',
      'the stored cluster `eks/111122223333/us-east-1/cluster/other` cannot be read',
    ]);
  });

  describe('of workload identity', () => {
    const association = {
      ...{ associationId: 'a-1', namespace: 'a', serviceAccount: 'builder', roleArn: 'arn:r' },
      ...{ disableSessionTags: true, targetRoleArn: 'arn:t', externalId: 'x', policy: '{}' },
    };
    const pod = (env: object[], more: object = {}) =>
      JSON.stringify({
        spec: {
          ...{ serviceAccountName: 'builder', nodeName: 'n', ...more },
          containers: [{ name: 'side' }, { name: 'app', env }],
        },
      });
    const put = (clusterKind: object, name: string): Readonly<Record<string, string>> => ({
      [clusterKey(account, 'us-east-1', name)]: JSON.stringify({ ...cluster, ...clusterKind, name }),
    });
    const ofCluster = (changed: Readonly<Record<string, string>>, options = {}) =>
      read(options, changed).then(({ clusters, gaps }) => ({
        cluster: clusters.find(({ name }) => name === 'this'),
        gaps: gaps.filter(({ area }) => area !== 'awsAuth').map(({ area }) => area),
      }));

    test('holds associations, annotations, the issuer and what pods were told, and nothing else of them', async () => {
      const { cluster: found, gaps } = await ofCluster({
        ...put({ clusterId: 'c1' }, 'this'),
        [podIdentityKey(clusterId, 'a', 'builder')]: JSON.stringify({
          ...{
            ...association,
            tags: { note: secret },
            clientRequestToken: secret,
            createdAt: 1,
            modifiedAt: 1,
          },
        }),
        [objectKey(clusterId, '', 'serviceaccounts', 'a', 'builder')]: JSON.stringify({
          metadata: {
            annotations: { 'eks.amazonaws.com/role-arn': 'arn:r', 'eks.amazonaws.com/audience': 'vault' },
          },
        }),
        [objectKey(clusterId, '', 'pods', 'a', 'irsa')]: pod([
          { name: 'PASSWORD', value: secret },
          { name: 'AWS_ROLE_ARN', value: 'arn:r' },
        ]),
        [objectKey(clusterId, '', 'pods', 'a', 'host')]: pod(
          [{ name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', value: secret }],
          { hostNetwork: true, nodeName: undefined, serviceAccountName: '' },
        ),
        [objectKey(clusterId, '', 'pods', 'a', 'odd')]: '{"spec":{"containers":[7,{"env":{}}]}}',
      });
      expect(found).toMatchObject({
        serviceAccounts: [{ namespace: 'a', name: 'builder', roleArn: 'arn:r', audience: 'vault' }],
        issuer: expect.stringMatching(/^https:\/\/oidc\.eks\.us-east-1\.amazonaws\.com\/id\/[0-9A-F]{32}$/),
      });
      expect(found?.podIdentityAssociations).toEqual([association]);
      const plain = { namespace: 'a', nodeName: '', hostNetwork: false, injectedPodIdentity: false };
      expect(found?.pods).toEqual([
        { ...plain, name: 'host', serviceAccount: 'default', hostNetwork: true, injectedPodIdentity: true },
        { ...plain, name: 'irsa', serviceAccount: 'builder', nodeName: 'n', injectedRoleArn: 'arn:r' },
        { ...plain, name: 'odd', serviceAccount: 'default' },
      ]);
      expect(JSON.stringify(found)).not.toContain(secret);
      expect(gaps).toEqual([]);
    });

    test.for<[string, object, string | undefined, readonly string[]]>([
      [
        'a connected cluster whose issuer is told',
        { tokenIssuer: { url: 'https://k.example.com', keys: [{ kty: 'RSA' }] } },
        'https://k.example.com',
        ['serviceAccounts', 'pods'],
      ],
      ['a connected cluster of which nothing is told', {}, undefined, ['serviceAccounts', 'pods']],
    ])('%s', async ([, told, issuer, areas]) => {
      const { cluster: found, gaps } = await ofCluster(
        put({ clusterId: 'c3', kind: 'connected', ...told }, 'this'),
      );
      expect(found).toMatchObject({ podIdentityAssociations: [] });
      expect(found?.issuer).toBe(issuer);
      expect([found?.serviceAccounts, found?.pods]).toEqual([undefined, undefined]);
      expect(gaps).toEqual(areas);
    });

    test('an association that cannot be read is told', async () => {
      const { cluster: found, gaps } = await ofCluster({
        ...put({}, 'this'),
        [podIdentityKey(clusterId, 'a', 'builder')]: '{}',
      });
      expect(found?.podIdentityAssociations).toEqual([]);
      expect(gaps).toContain('podIdentity');
    });
  });

  describe('holds what is served of aws-auth, and names what is not', () => {
    const item = (name: string): string =>
      `{rolearn: "arn:aws:iam::111122223333:role/${name}", username: ${name}}`;
    const good = {
      [awsAuthGoodKey(clusterId)]: JSON.stringify({ revision: 1, mapRoles: `[${item('kept')}]` }),
    };
    const written = (mapRoles: string) => ({
      [objectKey(clusterId, '', 'configmaps', 'kube-system', 'aws-auth')]: JSON.stringify({
        data: { mapRoles, mapAccounts: `["${other}"]` },
      }),
    });
    const partly = written(`[${item('fine')}, 7]`);
    const error = 'mapRoles[1] is not an item';

    test.each<[string, AwsAuthState, Readonly<Record<string, string>>, readonly string[], readonly RegExp[]]>(
      [
        [
          'strict: what was good last',
          { mode: 'strict', keys: [{ key: 'mapRoles', status: 'keptLastGood', errors: [error] }] },
          { ...partly, ...good },
          ['kept'],
          [
            /^aws-auth: mapRoles is bad as it is written, and what was good last is served \(strict\): mapRoles\[1\]/,
          ],
        ],
        [
          'strict: what was good last, which is not stored yet',
          { mode: 'strict', keys: [{ key: 'mapRoles', status: 'keptLastGood', errors: [error] }] },
          partly,
          [],
          [/what was good last is served, and cannot be read here/],
        ],
        [
          'strict: nothing, also of what could be read',
          { mode: 'strict', keys: [{ key: 'mapRoles', status: 'dropped', errors: [error] }] },
          partly,
          [],
          [/and nothing of it is served/],
        ],
        [
          'compatible: what could be read',
          { mode: 'compatible', keys: [{ key: 'mapRoles', status: 'partlyDropped', errors: [error] }] },
          partly,
          ['fine'],
          [/^aws-auth: mapRoles\[1\]/],
        ],
        [
          'compatible: nothing of a broken key',
          { mode: 'compatible', keys: [{ key: 'mapRoles', status: 'dropped', errors: [error] }] },
          { ...written('{broken'), ...good },
          [],
          [/^aws-auth: mapRoles is not valid YAML/],
        ],
      ],
    )('%s', async (_, state, changed, usernames, reasons) => {
      const { clusters, gaps } = await read({ awsAuthState: () => state }, changed);
      expect(clusters[0]?.awsAuth?.roles.map(({ username }) => username)).toEqual(usernames);
      expect(clusters[0]?.awsAuth?.accounts).toEqual([other]);
      const told = gaps.filter(({ area }) => area === 'awsAuth');
      expect(told.map(({ reason }) => reason)).toEqual(
        reasons.map((reason) => expect.stringMatching(reason)),
      );
      expect(told.every(({ clusterArn }) => clusterArn === cluster.arn)).toBe(true);
    });
  });
});
