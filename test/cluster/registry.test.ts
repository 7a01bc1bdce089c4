import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAccessRegistry } from '../../src/access/registry.ts';
import type { Principal } from '../../src/engine/iam/principal.ts';
import type { AccessEntryRecord } from '../../src/storage/records/eks.ts';
import { accessEntryKey, clusterKey } from '../../src/storage/records/keys.ts';
import type { CredentialLookup } from '../../src/wire/sigv4/credential.ts';
import { createToken } from '../../src/wire/token/create.ts';
import { clusterId, clusterRecord, startTestApi, type TestApi } from './fixture.ts';

const { accountId, region, name } = clusterRecord;

/** A role's session; its access key id is told from the role's name. */
function session(roleName: string): Principal {
  return {
    kind: 'assumedRole',
    accountId,
    partition: 'aws',
    arn: `arn:aws:sts::${accountId}:assumed-role/${roleName}/me`,
    userId: `AROA${roleName.toUpperCase()}:me`,
    principalId: `AROA${roleName.toUpperCase()}`,
    principalArn: `arn:aws:iam::${accountId}:role/${roleName}`,
    accessKeyId: `ASIA${roleName.toUpperCase()}`.padEnd(20, '0'),
    roleName,
    sessionName: 'me',
  };
}
const sessions = ['viewer', 'admin', 'root', 'legacy'].map(session);
const lookup: CredentialLookup = async (accessKeyId) => {
  const principal = sessions.find((one) => one.accessKeyId === accessKeyId);
  return principal
    ? { status: 'known', credential: { secretAccessKey: 'secret', principal } }
    : { status: 'unknown' };
};
const tokenOf = (roleName: string, clusterName = name): string =>
  createToken({
    credentials: { accessKeyId: session(roleName).accessKeyId, secretAccessKey: 'secret' },
    region,
    clusterName,
    now: Date.now(),
  });

const entry = (roleName: string, policy: string, namespaces: readonly string[]): AccessEntryRecord => ({
  clusterName: name,
  principalArn: session(roleName).principalArn,
  principalId: session(roleName).principalId,
  accessEntryArn: '',
  type: 'STANDARD',
  username: session(roleName).arn,
  kubernetesGroups: [],
  tags: {},
  createdAt: 0,
  modifiedAt: 0,
  associatedPolicies: [
    {
      policyArn: `arn:aws:eks::aws:cluster-access-policy/${policy}`,
      accessScope: { type: namespaces.length > 0 ? 'namespace' : 'cluster', namespaces },
      associatedAt: 0,
      modifiedAt: 0,
    },
  ],
});

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({
    access: async (storage, serviceAccounts) => {
      const entries = [
        entry('viewer', 'AmazonEKSViewPolicy', ['default']),
        entry('admin', 'AmazonEKSAdminPolicy', []),
        entry('root', 'AmazonEKSClusterAdminPolicy', []),
      ];
      const record = { ...clusterRecord, authenticationMode: 'API_AND_CONFIG_MAP' as const };
      await storage.commit({
        changes: [
          { type: 'put', key: clusterKey(accountId, region, name), value: JSON.stringify(record) },
          ...entries.map((one) => ({
            type: 'put' as const,
            key: accessEntryKey(clusterId, one.principalArn),
            value: JSON.stringify(one),
          })),
        ],
      });
      return createAccessRegistry({
        storage,
        lookup,
        partition: 'aws',
        ownEndpoints: () => [],
        serviceAccounts,
        now: Date.now,
      });
    },
  });
});
afterAll(() => api.close());

describe('with the real registry', () => {
  test.each([
    ['a forged signature', () => tokenOf('viewer').replace(/.{4}$/, 'AAAA')],
    ['another cluster', () => tokenOf('viewer', 'other')],
    ['a key nobody holds', () => tokenOf('nobody')],
    ['a principal without an entry', () => tokenOf('legacy')],
  ])('%s is a 401', async (_, token) => {
    expect((await api.call('GET', '/api/v1/namespaces/default/pods', { token: token() })).status).toBe(401);
  });

  test('an access policy allows in its namespace and nowhere else', async () => {
    const list = (namespace: string) =>
      api.call('GET', `/api/v1/namespaces/${namespace}/pods`, { token: tokenOf('viewer') });
    expect((await list('kube-system')).status).toBe(403);
    expect((await list('default')).status).toBe(200);
    expect((await api.call('GET', '/api/v1/pods', { token: tokenOf('viewer') })).status).toBe(403);
  });

  test('the audit event names the access policy that allowed (kubernetes-facts B28, eks-access-facts C11)', async () => {
    const answer = await api.call('GET', '/api/v1/namespaces/default/pods', { token: tokenOf('viewer') });
    const { items } = await api.trail.read({ limit: 50 });
    const event = items.find(
      (item) => item.kind === 'kubernetes' && item.event.auditID === answer.headers['audit-id'],
    );
    const binding = `${session('viewer').principalArn}+arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy/default`;
    expect(event).toMatchObject({
      event: {
        user: { username: session('viewer').arn },
        annotations: {
          'authorization.k8s.io/decision': 'allow',
          'authorization.k8s.io/reason': `EKS Access Policy: allowed by RoleBinding "${binding}" of ClusterRole "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy" to User "AROAVIEWER"`,
        },
      },
    });
  });

  test('rules of access policies cannot be listed, and the review says so (kubernetes-facts B22)', async () => {
    const review = async (token: string, headers = {}) =>
      (
        await api.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
          token,
          headers,
          body: { spec: { namespace: 'default' } },
        })
      ).body;
    expect(await review(tokenOf('viewer'))).toMatchObject({
      metadata: {},
      spec: {},
      status: {
        incomplete: true,
        evaluationError: 'webhook authorizer does not support user rule resolution',
        resourceRules: expect.any(Array),
        nonResourceRules: expect.any(Array),
      },
    });
    const as = await review(tokenOf('root'), { 'Impersonate-User': 'somebody' });
    expect(as.status).toMatchObject({ incomplete: false });
    expect(as.status).not.toHaveProperty('evaluationError');
  });

  test('access policies are off under impersonation, even of oneself (eks-access-facts C10)', async () => {
    const { arn, principalId } = session('root');
    const whoami = await api.call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      token: tokenOf('root'),
      body: {},
    });
    const { uid } = whoami.body.status.userInfo;
    const headers = {
      'Impersonate-User': arn,
      'Impersonate-Uid': uid,
      'Impersonate-Extra-sigs.k8s.io%2Faws-iam-authenticator%2FprincipalId': principalId,
      'Impersonate-Extra-canonicalArn': session('root').principalArn,
    };
    const path = '/api/v1/namespaces/default/secrets';
    expect((await api.call('GET', path, { token: tokenOf('root') })).status).toBe(200);
    expect((await api.call('GET', path, { token: tokenOf('root'), headers })).status).toBe(403);
  });

  test('what comes from an access policy does not count for the escalation check (eks-access-facts C14)', async () => {
    const role = (token: string) =>
      api.call('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles', {
        token,
        body: {
          metadata: { generateName: 'r-' },
          rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
        },
      });
    expect((await role(tokenOf('admin'))).body.message).toContain(
      'is attempting to grant RBAC permissions not currently held',
    );
    expect((await role(tokenOf('root'))).status).toBe(201);
  });

  test('`bind` is asked of the whole chain, access policies included (kubernetes-facts B18)', async () => {
    const bind = (token: string, name: string) =>
      api.call('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', {
        token,
        body: {
          metadata: { generateName: 'b-' },
          roleRef: { kind: 'ClusterRole', name },
          subjects: [{ kind: 'User', name: 'somebody' }],
        },
      });
    // AmazonEKSAdminPolicy may write bindings and has no verb `bind`.
    expect((await bind(tokenOf('admin'), 'view')).body.message).toContain(
      'is attempting to grant RBAC permissions not currently held',
    );
    expect((await bind(tokenOf('admin'), 'not-there')).status).toBe(404);
    expect((await bind(tokenOf('root'), 'cluster-admin')).status).toBe(201);
    expect((await bind(tokenOf('root'), 'not-there')).status).toBe(201);
  });

  test('aws-auth takes effect with the write that makes it', async () => {
    const mapRoles = `- rolearn: ${session('legacy').principalArn}\n  username: legacy\n  groups: [system:masters]\n`;
    const created = await api.call('POST', '/api/v1/namespaces/kube-system/configmaps', {
      token: tokenOf('root'),
      body: { metadata: { name: 'aws-auth' }, data: { mapRoles } },
    });
    expect(created.status).toBe(201);
    expect((await api.call('GET', '/api/v1/nodes', { token: tokenOf('legacy') })).status).toBe(200);
    await api.call('DELETE', '/api/v1/namespaces/kube-system/configmaps/aws-auth', {
      token: tokenOf('root'),
    });
    expect((await api.call('GET', '/api/v1/nodes', { token: tokenOf('legacy') })).status).toBe(401);
  });

  describe('a write of aws-auth that takes its writer’s own way in', () => {
    const path = '/api/v1/namespaces/kube-system/configmaps';
    const one = `${path}/aws-auth`;
    const merge = { 'content-type': 'application/merge-patch+json' };
    const item = (roleName: string, username: string, group: string) =>
      `- rolearn: ${session(roleName).principalArn}\n  username: ${username}\n  groups: [${group}]\n`;
    const patch = (token: string, mapRoles: string, query = '') =>
      api.call('PATCH', `${one}${query}`, { token, headers: merge, body: { data: { mapRoles } } });
    const lockedOut = `299 - "this locks you out of the cluster: nothing maps principal \`${session('legacy').principalArn}\` to a Kubernetes user"`;

    beforeAll(async () => {
      const mapRoles = item('legacy', 'legacy', 'system:masters');
      const body = { metadata: { name: 'aws-auth' }, data: { mapRoles } };
      const created = await api.call('POST', path, { token: tokenOf('root'), body });
      expect(created.headers.warning).toBeUndefined();
    });
    afterAll(() => api.call('DELETE', one, { token: tokenOf('root') }));

    test('is warned of, before it is made (a dry run) and when it is', async () => {
      const others = item('somebody', 'somebody', 'system:masters');
      expect((await patch(tokenOf('legacy'), others, '?dryRun=All')).headers.warning).toBe(lockedOut);
      const broken = await patch(tokenOf('legacy'), '- rolearn: [', '?dryRun=All');
      expect(broken.headers.warning).toBe(lockedOut);
      const removed = await api.call('DELETE', `${one}?dryRun=All`, { token: tokenOf('legacy') });
      expect(removed.headers.warning).toBe(lockedOut);
      const replaced = await api.call('PUT', `${one}?dryRun=All`, {
        token: tokenOf('legacy'),
        body: { metadata: { name: 'aws-auth' } },
      });
      expect(replaced.headers.warning).toBe(lockedOut);
      const collection = await api.call(
        'DELETE',
        `${path}?dryRun=All&fieldSelector=metadata.name%3Daws-auth`,
        {
          token: tokenOf('legacy'),
        },
      );
      expect(collection.headers.warning).toBe(lockedOut);
    });

    test('also where the writer stays in and could not undo it', async () => {
      const answer = await patch(tokenOf('legacy'), item('legacy', 'small', 'viewers'), '?dryRun=All');
      expect(answer.headers.warning).toBe(
        '299 - "this makes you user \\"small\\", who may not update aws-auth to undo it"',
      );
    });

    test('and nothing else is', async () => {
      const kept = await patch(
        tokenOf('legacy'),
        `${item('legacy', 'other-name', 'system:masters')}${item('somebody', 'x', 'y')}`,
        '?dryRun=All',
      );
      expect(kept.headers.warning).toBeUndefined();
      // Whoever has an access entry does not depend on aws-auth.
      expect((await patch(tokenOf('root'), '', '?dryRun=All')).headers.warning).toBeUndefined();
      const elsewhere = await api.call('POST', '/api/v1/namespaces/default/configmaps?dryRun=All', {
        token: tokenOf('legacy'),
        body: { metadata: { name: 'aws-auth' } },
      });
      expect(elsewhere.headers.warning).toBeUndefined();
      const other = await api.call('POST', `${path}?dryRun=All`, {
        token: tokenOf('legacy'),
        body: { metadata: { name: 'aws-auth-copy' } },
      });
      expect(other.headers.warning).toBeUndefined();
    });
  });
});
