import { describe, expect, test } from 'vitest';
import { processorTimer } from '../../test/processortime.ts';
import type { ResourceAttributes, UserInfo } from '../engine/authorizer/attributes.ts';
import type { Principal } from '../engine/iam/principal.ts';
import { allow } from '../engine/rbac/allow.ts';
import { rbacManifest } from '../engine/rbac/manifest.ts';
import type { RbacObject } from '../engine/rbac/objects.ts';
import { createMemoryStorage } from '../storage/memory/memory.ts';
import type { AccessEntryRecord, ClusterRecord } from '../storage/records/eks.ts';
import { accessEntryKey, accessPolicyKey, clusterKey, objectKey } from '../storage/records/keys.ts';
import type { Storage } from '../storage/storage.ts';
import type { CredentialLookup } from '../wire/sigv4/credential.ts';
import { createToken } from '../wire/token/create.ts';
import type { ClusterAccess } from './access.ts';
import { createAccessRegistry } from './registry.ts';

const now = Date.UTC(2026, 0, 15, 12);
const account = '111122223333';
const region = 'eu-west-1';
const roleArn = `arn:aws:iam::${account}:role/team/Ops`;
const credentials = { accessKeyId: 'ASIAEXAMPLEEXAMPLE00', secretAccessKey: 'secret' };
const principal: Principal = {
  kind: 'assumedRole',
  accountId: account,
  partition: 'aws',
  arn: `arn:aws:sts::${account}:assumed-role/Ops/ada`,
  userId: 'AROAOPS:ada',
  principalId: 'AROAOPS',
  principalArn: roleArn,
  accessKeyId: credentials.accessKeyId,
  roleName: 'Ops',
  sessionName: 'ada',
};
const lookup: CredentialLookup = async (accessKeyId) =>
  accessKeyId === credentials.accessKeyId
    ? { status: 'known', credential: { secretAccessKey: credentials.secretAccessKey, principal } }
    : { status: 'unknown' };

const cluster = (change: Partial<ClusterRecord> = {}): ClusterRecord => ({
  clusterId: 'c1',
  accountId: account,
  region,
  name: 'prod',
  arn: `arn:aws:eks:${region}:${account}:cluster/prod`,
  createdAt: now,
  version: '1.35',
  roleArn,
  authenticationMode: 'API_AND_CONFIG_MAP',
  bootstrapClusterCreatorAdminPermissions: true,
  tags: {},
  kind: 'builtIn',
  echoed: {},
  ...change,
});
const entry = (change: Partial<AccessEntryRecord> = {}): AccessEntryRecord => ({
  clusterName: 'prod',
  principalArn: roleArn,
  principalId: 'AROAOPS',
  accessEntryArn: '',
  type: 'STANDARD',
  username: 'ops:{{SessionName}}',
  kubernetesGroups: [],
  tags: {},
  createdAt: now,
  modifiedAt: now,
  associatedPolicies: [
    {
      policyArn: 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy',
      accessScope: { type: 'namespace', namespaces: ['dev'] },
      associatedAt: now,
      modifiedAt: now,
    },
  ],
  ...change,
});
const resources = {
  ClusterRole: 'clusterroles',
  Role: 'roles',
  ClusterRoleBinding: 'clusterrolebindings',
  RoleBinding: 'rolebindings',
} as const;
const keyOfObject = (object: RbacObject): string =>
  objectKey(
    'c1',
    'rbac.authorization.k8s.io',
    resources[object.kind],
    'namespace' in object ? object.namespace : '',
    object.name,
  );
const awsAuthKey = objectKey('c1', '', 'configmaps', 'kube-system', 'aws-auth');
const prodKey = clusterKey(account, region, 'prod');

const put = (storage: Storage, key: string, value: unknown) =>
  storage.commit({
    changes: [{ type: 'put', key, value: typeof value === 'string' ? value : JSON.stringify(value) }],
  });
const remove = (storage: Storage, key: string) => storage.commit({ changes: [{ type: 'delete', key }] });

/** These tests are about IAM identities; serviceaccounts.test.ts is about the others. */
const noServiceAccounts = { authenticate: () => Promise.reject(new Error('not asked here')) };

const skippedKeys: string[] = [];
const open = (storage: Storage) =>
  createAccessRegistry({
    storage,
    lookup,
    partition: 'aws',
    ownEndpoints: () => [],
    serviceAccounts: noServiceAccounts,
    now: () => now,
    log: { warn: ({ key }) => void skippedKeys.push(String(key)) },
  });

async function opened(change: Partial<ClusterRecord> = {}) {
  const storage = createMemoryStorage();
  await put(storage, prodKey, cluster(change));
  await put(storage, accessEntryKey('c1', roleArn), entry());
  const registry = await open(storage);
  const access = registry.cluster('c1');
  if (access === undefined) throw new Error('the cluster is missing');
  return { storage, registry, access };
}

const token = (clusterName = 'prod', keys = credentials) =>
  createToken({ credentials: keys, region, clusterName, now });
const codeOf = async (access: ClusterAccess, text = token()) => {
  const { outcome, evidence } = await access.authenticate(text, now);
  return `${outcome}: ${evidence.step}: ${evidence.code}`;
};
const plain: UserInfo = { username: 'ada', uid: '', groups: [], extra: {} };
const getPod = (user: UserInfo, namespace = 'dev'): ResourceAttributes => ({
  kind: 'resource',
  user,
  verb: 'get',
  apiGroup: '',
  apiVersion: 'v1',
  resource: 'pods',
  subresource: '',
  namespace,
  name: 'p',
});

describe('authenticate', () => {
  test.each([
    ['garbage', 'x', 'refused: credential: badPrefix'],
    ['a token for another cluster', token('test'), 'refused: caller: badSignature'],
    [
      'an unknown key',
      token('prod', { ...credentials, accessKeyId: 'ASIAEXAMPLEEXAMPLE01' }),
      'refused: caller: unknownKey',
    ],
    [
      'another secret',
      token('prod', { ...credentials, secretAccessKey: 'x' }),
      'refused: caller: badSignature',
    ],
  ])('%s is refused', async (_, text, code) => {
    const { access } = await opened();
    expect(await codeOf(access, text)).toBe(code);
  });

  test('a token is a user with the access of its entry, in its scope and nowhere else', async () => {
    const { access } = await opened();
    const authentication = await access.authenticate(token(), now);
    if (authentication.outcome !== 'authenticated') throw new Error(authentication.evidence.message);
    expect(authentication.user.username).toBe('ops:ada');
    expect(authentication.evidence.mappedBy).toEqual({ source: 'accessEntry', arn: roleArn });
    expect(access.authorize(getPod(authentication.user)).decision).toBe('allow');
    expect(access.authorize(getPod(authentication.user, 'prod')).decision).toBe('noOpinion');
    expect(access.authorize(getPod({ ...authentication.user, username: 'bob' })).decision).toBe('noOpinion');
  });

  test('policies of the cluster’s own account decide as they are stored at the moment', async () => {
    const own = (name: string, accountId = account) =>
      `arn:aws:eks::${accountId}:cluster-access-policy/${name}`;
    const record = (verbs: readonly string[], accountId = account) => ({
      ...{
        accountId,
        name: 'readers',
        description: '',
        createdAt: now,
        modifiedAt: now,
        associationsMade: 1,
      },
      versions: [
        {
          version: 1,
          createdAt: now,
          rules: [{ apiGroups: [''], resources: ['pods'], verbs, resourceNames: [], nonResourceURLs: [] }],
        },
      ],
    });
    const associated = (policyArn: string, more: object = {}) =>
      entry({
        associatedPolicies: [
          {
            policyArn,
            accessScope: { type: 'cluster', namespaces: [] },
            associatedAt: now,
            modifiedAt: now,
            ...more,
          },
        ],
      });
    const storage = createMemoryStorage();
    await put(storage, prodKey, cluster());
    await put(storage, accessEntryKey('c1', roleArn), associated(own('readers')));
    await put(storage, accessPolicyKey(account, 'readers'), record(['get']));
    const registry = await open(storage);
    const access = registry.cluster('c1');
    if (access === undefined) throw new Error('no cluster');
    const authentication = await access.authenticate(token(), now);
    if (authentication.outcome !== 'authenticated') throw new Error(authentication.evidence.message);
    const outcome = (): string => access.authorize(getPod(authentication.user)).decision;
    expect(outcome()).toBe('allow');
    await put(storage, accessPolicyKey(account, 'readers'), record(['list']));
    expect(outcome()).toBe('noOpinion');
    await put(storage, accessPolicyKey(account, 'readers'), record(['get']));
    await put(storage, accessEntryKey('c1', roleArn), associated(own('readers'), { expiresAt: now }));
    expect(outcome()).toBe('noOpinion');
    await put(storage, accessEntryKey('c1', roleArn), associated(own('readers'), { expiresAt: now + 1 }));
    expect(outcome()).toBe('allow');
    await remove(storage, accessPolicyKey(account, 'readers'));
    expect(outcome()).toBe('noOpinion');
    const other = '444455556666';
    await put(storage, accessPolicyKey(other, 'readers'), record(['get'], other));
    expect(outcome()).toBe('noOpinion');
    await put(storage, accessEntryKey('c1', roleArn), associated(own('readers', other)));
    expect(outcome()).toBe('noOpinion');
  });

  test('a failing look-up is no verdict', async () => {
    const storage = createMemoryStorage();
    await put(storage, prodKey, cluster());
    const failing: CredentialLookup = () => Promise.reject(new Error('the store is closed'));
    const options = {
      storage,
      lookup: failing,
      partition: 'aws',
      ownEndpoints: () => [],
      serviceAccounts: noServiceAccounts,
      now: () => now,
    };
    const access = (await createAccessRegistry(options)).cluster('c1');
    expect(await access?.authenticate(token(), now)).toMatchObject({ outcome: 'unavailable' });
  });

  test('a token of a cluster next door is told from a forged one', async () => {
    const { storage, access } = await opened();
    await put(storage, clusterKey(account, region, 'test'), cluster({ clusterId: 'c2', name: 'test' }));
    expect(await codeOf(access, token('test'))).toBe('refused: caller: wrongCluster');
  });
});

describe('the store is followed', () => {
  test('entries come, change and go', async () => {
    const { storage, access } = await opened();
    const key = accessEntryKey('c1', roleArn);
    await put(storage, key, entry({ principalId: 'AROAOLD' }));
    expect(await codeOf(access)).toBe('refused: identity: recreatedPrincipal');
    await put(storage, key, entry());
    expect(await codeOf(access)).toBe('authenticated: identity: accessEntry');
    await remove(storage, key);
    expect(await codeOf(access)).toBe('refused: identity: noMapping');
  });

  test('the mode decides which sources count', async () => {
    const { storage, access } = await opened({ authenticationMode: 'CONFIG_MAP' });
    expect(await codeOf(access)).toBe('refused: identity: modeIgnoresEntries');
    await put(storage, prodKey, cluster({ authenticationMode: 'API' }));
    expect(await codeOf(access)).toBe('authenticated: identity: accessEntry');
    expect(access.cluster.authenticationMode).toBe('API');
  });

  test('of very many broken items of aws-auth the log is told a few', async () => {
    const { storage } = await opened({ authenticationMode: 'CONFIG_MAP' });
    skippedKeys.length = 0;
    await put(storage, awsAuthKey, { data: { mapRoles: '- x\n'.repeat(5000) } });
    // Twenty of them, that there are more, and what is served.
    expect(skippedKeys).toHaveLength(22);
  });

  test('aws-auth takes effect when written; broken or gone it maps nobody', async () => {
    const { storage, access } = await opened({ authenticationMode: 'CONFIG_MAP' });
    const mapRoles = `- rolearn: arn:aws:iam::${account}:role/Ops\n  username: ops\n  groups: [system:masters]`;
    await put(storage, awsAuthKey, { data: { mapRoles } });
    expect(await codeOf(access)).toBe('authenticated: identity: awsAuth');
    await put(storage, awsAuthKey, { data: { mapRoles: `${mapRoles}\n  - [` } });
    expect(await codeOf(access)).toBe('refused: identity: modeIgnoresEntries');
    await put(storage, awsAuthKey, { data: { mapRoles } });
    await remove(storage, awsAuthKey);
    expect(await codeOf(access)).toBe('refused: identity: modeIgnoresEntries');
  });

  const role: RbacObject = {
    kind: 'ClusterRole',
    name: 'r',
    labels: {},
    rules: [allow('get', 'core', 'pods')],
  };
  const binding: RbacObject = {
    kind: 'RoleBinding',
    name: 'b',
    namespace: 'dev',
    roleRef: { kind: 'ClusterRole', name: 'r' },
    subjects: [{ kind: 'User', name: 'ada', namespace: '' }],
  };

  test('RBAC objects come, change and go', async () => {
    const { storage, access } = await opened();
    await put(storage, keyOfObject(role), rbacManifest(role));
    await put(storage, keyOfObject(binding), rbacManifest(binding));
    expect(access.authorize(getPod(plain)).decision).toBe('allow');
    expect(access.roleRules('ClusterRole', '', 'r')).toEqual(role.rules);
    await remove(storage, keyOfObject(role));
    expect(access.authorize(getPod(plain)).reason).toMatch(/^RBAC: clusterrole.*not found$/);
  });

  test.each<[string, unknown]>([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['rules of the wrong type', { rules: 'all' }],
    ['verbs of the wrong type', { rules: [{ verbs: '*', apiGroups: ['*'], resources: ['*'] }] }],
    ['an aggregation of the wrong type', { rules: role.rules, aggregationRule: [] }],
    [
      'a selector with an unknown operator',
      {
        aggregationRule: {
          clusterRoleSelectors: [{ matchExpressions: [{ key: 'a', operator: 'Gt', values: [] }] }],
        },
      },
    ],
  ])('a role with %s is skipped, told, and what it said before is forgotten', async (_, value) => {
    const { storage, access } = await opened();
    await put(storage, keyOfObject(role), rbacManifest(role));
    await put(storage, keyOfObject(binding), rbacManifest(binding));
    skippedKeys.length = 0;
    await put(storage, keyOfObject(role), value);
    expect(access.authorize(getPod(plain)).decision).toBe('noOpinion');
    expect(skippedKeys).toEqual([keyOfObject(role)]);
  });

  test.each<[string, unknown]>([
    [
      'without scope type',
      entry({
        associatedPolicies: [{ ...entry().associatedPolicies[0], accessScope: { namespaces: [] } } as never],
      }),
    ],
    ['for another principal than its key', entry({ principalArn: `arn:aws:iam::${account}:role/Else` })],
    ['without principal id', { ...entry(), principalId: undefined }],
  ])('an access entry %s maps nobody', async (_, value) => {
    const { storage, access } = await opened();
    await put(storage, accessEntryKey('c1', roleArn), value);
    expect(await codeOf(access)).toBe('refused: identity: noMapping');
  });

  test('a record of a cluster that cannot be read hides it until it can', async () => {
    const { storage, registry, access } = await opened();
    await put(storage, prodKey, cluster({ authenticationMode: 'ANY' as never }));
    expect(registry.cluster('c1')).toBeUndefined();
    expect(await codeOf(access)).toBe('unavailable: identity: clusterUnreadable');
    await put(storage, prodKey, cluster());
    expect(await codeOf(access)).toBe('authenticated: identity: accessEntry');
  });

  test('a cluster re-created under its name starts empty', async () => {
    const { storage, registry } = await opened();
    await remove(storage, prodKey);
    expect(registry.clusterByName(account, region, 'prod')).toBeUndefined();
    await put(storage, prodKey, cluster({ clusterId: 'c9' }));
    const access = registry.clusterByName(account, region, 'prod');
    if (access === undefined) throw new Error('the cluster is missing');
    expect(await codeOf(access)).toBe('refused: identity: noMapping');
    expect([...registry.clusters()]).toHaveLength(1);
    expect(registry.cluster('c1')).toBeUndefined();
  });

  test('what is written while the store is read is not lost', async () => {
    const storage = createMemoryStorage();
    await put(storage, prodKey, cluster());
    await put(storage, accessEntryKey('c1', roleArn), entry());
    const opening = open(storage);
    await remove(storage, accessEntryKey('c1', roleArn));
    await put(storage, clusterKey(account, region, 'test'), cluster({ clusterId: 'c2', name: 'test' }));
    await put(storage, accessEntryKey('c2', roleArn), entry());
    const registry = await opening;
    const [prod, next] = [registry.cluster('c1'), registry.cluster('c2')];
    if (prod === undefined || next === undefined) throw new Error('a cluster is missing');
    expect(await codeOf(prod)).toBe('refused: identity: noMapping');
    expect(await codeOf(next, token('test'))).toBe('authenticated: identity: accessEntry');
    registry.close();
    await remove(storage, accessEntryKey('c2', roleArn));
    expect(await codeOf(next, token('test'))).toBe('authenticated: identity: accessEntry');
  });
});

test('ten thousand entries are loaded well under a second', async () => {
  const storage = createMemoryStorage();
  await put(storage, prodKey, cluster());
  const changes = Array.from({ length: 10_000 }, (_, at) => {
    const principalArn = `arn:aws:iam::${account}:role/r${at}`;
    const value = JSON.stringify(entry({ principalArn, principalId: `AROA${at}` }));
    return { type: 'put', key: accessEntryKey('c1', principalArn), value } as const;
  });
  await storage.commit({ changes });
  const spent = processorTimer();
  await open(storage);
  expect(spent()).toBeLessThan(1_000);
});
