import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BlockList, openBlockList } from '../../src/access/blocklist.ts';
import { createMemoryStorage } from '../../src/storage/memory/memory.ts';
import { blockKey } from '../../src/storage/records/keys.ts';
import { clusterPath, startTestApi, type TestApi } from './fixture.ts';

/** Of mallory, whom this registry, unlike the real one, lets in: as if the block came right after. */
const blockedId = 'AROAMALLORY0000000000';

let api: TestApi;
let blocks: BlockList;
beforeAll(async () => {
  const storage = createMemoryStorage();
  await storage.commit({
    changes: [{ type: 'put', key: blockKey('principalId', blockedId), value: '{}' }],
  });
  blocks = await openBlockList({ storage });
  api = await startTestApi({ blocks });
  await api.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'team-a' } } });
  await grant('bob', 'team-a', [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'create'] }]);
});
afterAll(async () => {
  await api.close();
  blocks.close();
});

async function grant(user: string, namespace: string, rules: readonly unknown[]): Promise<void> {
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
  const name = `for-${user}`;
  await api.call('POST', `${rbac}/roles`, { body: { metadata: { name }, rules } });
  const subjects = [{ kind: 'User', name: user }];
  const { status } = await api.call('POST', `${rbac}/rolebindings`, {
    body: { metadata: { name }, roleRef: { kind: 'Role', name }, subjects },
  });
  expect(status).toBe(201);
}

describe('who is refused before anything is served', () => {
  test.each([
    ['no credential', '/api/v1/namespaces', {}],
    ['no credential on discovery', '/api', {}],
    ['no credential on metrics', '/metrics', {}],
    ['an unknown token', '/version', { authorization: 'Bearer forged' }],
    ['an empty token', '/version', { authorization: 'Bearer ' }],
    ['another scheme', '/healthz', { authorization: 'Basic YTpi' }],
  ])('%s is a 401 Status without details', async (_, path, headers) => {
    const answer = await api.call('GET', path, { token: '', headers });
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'Unauthorized',
      reason: 'Unauthorized',
      code: 401,
    });
  });

  test.each(['/healthz', '/livez', '/readyz', '/version'])('%s needs no credential', async (path) => {
    expect((await api.call('GET', path, { token: '' })).status).toBe(200);
  });

  test('a token that cannot be judged is a 503, neither a refusal nor an identity', async () => {
    expect((await api.call('GET', '/version', { token: 'broken-store' })).status).toBe(503);
  });

  test.each([
    `!/clusters/111122223333/eu-central-1/other/api`,
    `!/clusters/111122223333/us-east-1/demo/api`,
    `!/clusters/999999999999/eu-central-1/demo/api`,
    '!/api/v1/namespaces',
    '!/',
  ])('%s is no cluster of ours', async (path) => {
    expect((await api.call('GET', path)).status).toBe(404);
  });

  test('a WebSocket may carry its token as a subprotocol, and is refused without it', async () => {
    const headers = (token: string) => ({
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-version': '13',
      'sec-websocket-protocol': `v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString('base64url')}`,
    });
    const path = '/api/v1/namespaces/team-a/pods/p/exec?command=ls';
    expect((await api.call('GET', path, { token: '', headers: headers('forged') })).status).toBe(401);
    const answer = await api.call('GET', path, { token: '', headers: headers('admin') });
    expect(answer.status).toBe(501);
    expect(answer.body.message).toContain('pods/exec is not available in a built-in cluster');
  });
});

describe('403 in Kubernetes’ own words (kubernetes-facts B29, B30)', () => {
  test.each([
    [
      'GET',
      '/api/v1/namespaces/default/pods',
      'pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "default"',
    ],
    [
      'POST',
      '/api/v1/namespaces/default/pods/p1/exec',
      'pods "p1" is forbidden: User "bob" cannot create resource "pods/exec" in API group "" in the namespace "default"',
    ],
    [
      'GET',
      '/apis/apps/v1/namespaces/x/deployments/d',
      'deployments.apps "d" is forbidden: User "bob" cannot get resource "deployments" in API group "apps" in the namespace "x"',
    ],
    [
      'GET',
      '/api/v1/nodes',
      'nodes is forbidden: User "bob" cannot list resource "nodes" in API group "" at the cluster scope',
    ],
    ['GET', '/metrics', 'forbidden: User "bob" cannot get path "/metrics"'],
    [
      'DELETE',
      '/api/v1/namespaces/team-a/pods',
      'pods is forbidden: User "bob" cannot deletecollection resource "pods" in API group "" in the namespace "team-a"',
    ],
    [
      'PATCH',
      '/api/v1/namespaces/team-a/pods/p/status',
      'pods "p" is forbidden: User "bob" cannot patch resource "pods/status" in API group "" in the namespace "team-a"',
    ],
    [
      'GET',
      '/api/v1/namespaces/team-a/pods?watch=1',
      'pods is forbidden: User "bob" cannot watch resource "pods" in API group "" in the namespace "team-a"',
    ],
    [
      'GET',
      '/apis/unknown.example/v1/things',
      'things.unknown.example is forbidden: User "bob" cannot list resource "things" in API group "unknown.example" at the cluster scope',
    ],
  ])('%s %s', async (method, path, message) => {
    const answer = await api.call(method, path, { token: 'bob' });
    expect(answer.body).toMatchObject({ status: 'Failure', reason: 'Forbidden', code: 403, message });
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    const outcome = api.outcomes.find(({ auditId }) => auditId === answer.headers['audit-id']);
    expect(outcome?.decision?.decision).toBe('noOpinion');
  });

  test('a subresource is not covered by its resource', async () => {
    for (const subresource of ['log', 'exec', 'status', 'eviction', 'proxy']) {
      const answer = await api.call('GET', `/api/v1/namespaces/team-a/pods/p/${subresource}`, {
        token: 'bob',
      });
      expect(answer.status).toBe(403);
    }
  });
});

describe('what is authorized is what is served', () => {
  test.each([
    ['GET', '/api/v1/namespaces/team-a/nodes'],
    ['GET', '/api/v1/namespaces/team-a/namespaces'],
    ['GET', '/api/v1/namespaces/team-a/namespaces/default'],
    ['GET', '/api/v1/pods/p1'],
    ['GET', '/api/v1/watch/namespaces/team-a/pods'],
    ['GET', '/api/v1/proxy/namespaces/team-a/pods/p1'],
    ['GET', '/api/v1/namespaces/team-a/pods/p1/log/extra'],
    ['GET', '/api/v1/namespaces/team-a/pods/p1/unknown'],
    ['GET', '/api/v1/namespaces/team-a/unknown'],
    ['GET', '/apis/apps/v2/deployments'],
    ['POST', '/api/v1/pods'],
    ['DELETE', '/api/v1/pods'],
    ['POST', '/api/v1/namespaces/team-a/pods/p1'],
    ['PUT', '/api/v1/namespaces/team-a/pods'],
    ['PATCH', '/api/v1/namespaces/team-a/pods'],
    ['DELETE', '/api/v1/namespaces'],
    ['GET', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'],
    ['DELETE', '/api/v1/namespaces/team-a/pods/p1/status'],
    ['POST', '/api/v1/namespaces/team-a/pods/p1/status'],
    ['OPTIONS', '/api/v1/namespaces/team-a/pods'],
  ])('%s %s is served to nobody', async (method, path) => {
    expect([404, 405]).toContain((await api.call(method, path)).status);
  });

  test.each([
    '/api/v1/namespaces/a%2fb/pods',
    '/api/v1/namespaces/../pods',
    '/api//v1/pods',
    '/api/v1/namespaces/%2e%2e/pods',
  ])('%s can be read in two ways and is refused', async (path) => {
    expect((await api.call('GET', path)).status).toBe(400);
  });

  test('a list that is allowed for one name shows that name alone', async () => {
    for (const name of ['mine', 'other']) {
      await api.call('POST', '/api/v1/namespaces/default/configmaps', { body: { metadata: { name } } });
    }
    await grant('operator', 'default', [
      { apiGroups: [''], resources: ['configmaps'], resourceNames: ['mine'], verbs: ['list', 'watch'] },
    ]);
    const list = (query: string) =>
      api.call('GET', `/api/v1/namespaces/default/configmaps${query}`, { token: 'operator' });
    expect((await list('')).status).toBe(403);
    expect((await list('?fieldSelector=metadata.name!%3Dmine')).status).toBe(403);
    expect((await list('?fieldSelector=metadata.name%3Dother')).status).toBe(403);
    expect((await list('?fieldSelector=metadata.name%3Dother,metadata.name%3Dmine')).status).toBe(403);
    const mine = await list('?fieldSelector=metadata.name%3Dmine,metadata.name%3Dother');
    expect(mine.body.items).toEqual([]);
    const own = await list('?fieldSelector=metadata.name%3Dmine');
    expect(own.body.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual([
      'mine',
    ]);
    const removal = await api.call(
      'DELETE',
      '/api/v1/namespaces/default/configmaps?fieldSelector=metadata.name%3Dmine',
      { token: 'operator' },
    );
    expect(removal.status).toBe(403);
  });
});

describe('impersonation', () => {
  test('needs a permission for each value, of the real user', async () => {
    const answer = await api.call('GET', '/api/v1/namespaces/team-a/pods', {
      token: 'bob',
      headers: { 'Impersonate-User': 'admin' },
    });
    expect(answer.body).toMatchObject({
      code: 403,
      message:
        'users "admin" is forbidden: User "bob" cannot impersonate resource "users" in API group "" at the cluster scope',
    });
    const masters = await api.call('GET', '/api/v1/nodes', {
      token: 'bob',
      headers: { 'Impersonate-User': 'bob', 'Impersonate-Group': ['system:masters'] },
    });
    expect(masters.status).toBe(403);
  });

  test('the request is then made as somebody else, with each group header read on its own', async () => {
    const headers = { 'Impersonate-User': 'bob', 'Impersonate-Group': ['one', 'two, three'] };
    const refused = await api.call('GET', '/api/v1/nodes', { headers });
    expect(refused.body.message).toContain('User "bob" cannot list resource "nodes"');
    const whoami = await api.call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      headers,
      body: {},
    });
    expect(whoami.body.status.userInfo).toEqual({
      username: 'bob',
      groups: ['one', 'two, three', 'system:authenticated'],
    });
  });

  test('a group without a user is a 400', async () => {
    const answer = await api.call('GET', '/api', { headers: { 'Impersonate-Group': ['g'] } });
    expect(answer.body).toMatchObject({ code: 400, reason: 'BadRequest' });
  });
});

test('what was on its way when its sender was blocked is not written', async () => {
  const body = { metadata: { name: 'too-late' } };
  expect((await api.call('POST', '/api/v1/namespaces', { token: 'mallory', body })).status).toBe(401);
  expect((await api.call('GET', '/api/v1/namespaces/too-late')).status).toBe(404);
});

describe('reviews', () => {
  const post = (path: string, token: string, body: unknown) => api.call('POST', path, { token, body });
  const authorization = '/apis/authorization.k8s.io/v1';

  test('SubjectAccessReview needs its own permission; a local one answers for its namespace only', async () => {
    const spec = { user: 'bob', resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'team-a' } };
    expect((await post(`${authorization}/subjectaccessreviews`, 'bob', { spec })).status).toBe(403);
    expect((await post(`${authorization}/subjectaccessreviews`, 'admin', { spec })).body.status.allowed).toBe(
      true,
    );
    const local = `${authorization}/namespaces/default/localsubjectaccessreviews`;
    expect((await post(local, 'admin', { spec })).status).toBe(422);
    const nonResource = { user: 'bob', nonResourceAttributes: { verb: 'get', path: '/metrics' } };
    expect((await post(local, 'admin', { spec: nonResource })).status).toBe(422);
    const inTeam = `${authorization}/namespaces/team-a/localsubjectaccessreviews`;
    expect((await post(inTeam, 'admin', { spec })).body.status.allowed).toBe(true);
  });

  test('of who is blocked the answer is no, whatever its groups', async () => {
    const local = `${authorization}/namespaces/team-a/localsubjectaccessreviews`;
    const ask = async (path: string, id: string) => {
      const spec = {
        user: 'bob',
        groups: ['system:masters'],
        extra: { principalId: [id] },
        resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'team-a' },
      };
      return (await post(path, 'admin', { spec })).body.status;
    };
    for (const path of [`${authorization}/subjectaccessreviews`, local]) {
      expect(await ask(path, blockedId)).toEqual({
        allowed: false,
        denied: true,
        reason: 'the principal is blocked on this server',
      });
      expect(await ask(path, 'AROAOTHER000000000000')).toMatchObject({ allowed: true });
    }
  });

  test.each([
    ['neither block', {}],
    [
      'both blocks',
      { resourceAttributes: { verb: 'get' }, nonResourceAttributes: { verb: 'get', path: '/' } },
    ],
  ])('%s is invalid', async (_, spec) => {
    const { status } = await post(`${authorization}/selfsubjectaccessreviews`, 'bob', { spec });
    expect(status).toBe(422);
  });

  test('SelfSubjectAccessReview and -RulesReview tell what RBAC says', async () => {
    const ask = async (verb: string) => {
      const resourceAttributes = { verb, resource: 'pods', namespace: 'team-a' };
      const { body } = await post(`${authorization}/selfsubjectaccessreviews`, 'bob', {
        spec: { resourceAttributes },
      });
      return body.status;
    };
    expect(await ask('delete')).toEqual({ allowed: false });
    expect(await ask('list')).toMatchObject({
      allowed: true,
      reason: expect.stringMatching(/^RBAC: allowed by/),
    });
    const rules = await post(`${authorization}/selfsubjectrulesreviews`, 'bob', {
      spec: { namespace: 'team-a' },
    });
    expect(rules.body.status.resourceRules).toContainEqual({
      verbs: ['get', 'list', 'create'],
      apiGroups: [''],
      resources: ['pods'],
    });
    expect((await post(`${authorization}/selfsubjectrulesreviews`, 'bob', { spec: {} })).body).toMatchObject({
      code: 400,
      message: 'no namespace on request',
    });
  });

  test('TokenReview says who a token is and never sends it back', async () => {
    const path = '/apis/authentication.k8s.io/v1/tokenreviews';
    expect((await post(path, 'bob', { spec: { token: 'alice' } })).status).toBe(403);
    const good = await post(path, 'admin', { spec: { token: 'alice' } });
    expect(good.body.status).toMatchObject({ authenticated: true, user: { username: 'alice' } });
    const bad = await post(path, 'admin', { spec: { token: 'forged-secret' } });
    expect(bad.body.status.authenticated).toBe(false);
    expect(bad.text).not.toContain('forged-secret');
  });
});

test('every answer has an audit id, and the path below a cluster keeps its prefix', async () => {
  const answer = await api.call('GET', `!${clusterPath}/api/v1/namespaces/team-a`);
  expect(answer.body.metadata.name).toBe('team-a');
  expect(answer.headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/);
});
