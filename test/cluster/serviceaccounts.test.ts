import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { oidcIssuerOf } from '../../src/storage/records/issuer.ts';
import { signingKeysKey } from '../../src/storage/records/keys.ts';
import { clusterId, clusterPath, clusterRecord, startTestApi, type TestApi } from './fixture.ts';

const apiAudience = 'https://kubernetes.default.svc';
const path = '/api/v1/namespaces/team/serviceaccounts/bot/token';
const core = '/api/v1/namespaces/team';
const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/team';

let api: TestApi;
const create = async (url: string, body: object): Promise<string> => {
  const answer = await api.call('POST', url, { body });
  expect(answer.status, answer.text).toBe(201);
  return answer.body.metadata.uid;
};
const podOf = (name: string, serviceAccountName: string, nodeName?: string) => ({
  metadata: { name },
  spec: { serviceAccountName, containers: [{ name: 'c', image: 'i' }], ...(nodeName && { nodeName }) },
});
beforeAll(async () => {
  api = await startTestApi();
  await create('/api/v1/namespaces', { metadata: { name: 'team' } });
  for (const name of ['bot', 'other']) await create(`${core}/serviceaccounts`, { metadata: { name } });
  await create('/api/v1/nodes', { metadata: { name: 'node-1' } });
  await create(`${core}/pods`, podOf('bot-1', 'bot', 'node-1'));
  await create(`${core}/pods`, podOf('other-1', 'other'));
  await create(`${core}/secrets`, { metadata: { name: 'tied' } });
  await create(`${core}/configmaps`, { metadata: { name: 'config' } });
});
afterAll(() => api.close());

const ask = (spec: object = {}, token = 'admin') => api.call('POST', path, { body: { spec }, token });
const tokenFor = async (spec: object = {}): Promise<string> => {
  const answer = await ask(spec);
  expect(answer.status, answer.text).toBe(201);
  return answer.body.status.token;
};
const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));

describe('who may make a token', () => {
  test('nobody without `create` on serviceaccounts/token, however much else they may do', async () => {
    const rule = (resources: string[], verbs: string[]) => ({ apiGroups: [''], resources, verbs });
    await create(`${rbac}/roles`, {
      metadata: { name: 'nearly' },
      rules: [rule(['serviceaccounts', 'pods', 'secrets'], ['*']), rule(['serviceaccounts/token'], ['get'])],
    });
    await create(`${rbac}/rolebindings`, {
      metadata: { name: 'nearly' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'nearly' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'bob' }],
    });
    const answer = await ask({}, 'bob');
    expect(answer.status).toBe(403);
    expect(answer.body.message).toBe(
      'serviceaccounts "bot" is forbidden: User "bob" cannot create resource "serviceaccounts/token" in API group "" in the namespace "team"',
    );
  });

  test('a role for one account is no role for another', async () => {
    await create(`${rbac}/roles`, {
      metadata: { name: 'one-token' },
      rules: [
        { apiGroups: [''], resources: ['serviceaccounts/token'], resourceNames: ['bot'], verbs: ['create'] },
      ],
    });
    await create(`${rbac}/rolebindings`, {
      metadata: { name: 'one-token' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'one-token' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'operators' }],
    });
    expect((await ask({}, 'operator')).status).toBe(201);
    const other = path.replace('/bot/', '/other/');
    expect((await api.call('POST', other, { body: {}, token: 'operator' })).status).toBe(403);
  });

  test.each(['GET', 'PUT', 'PATCH', 'DELETE'])('%s of a token is not allowed', async (method) => {
    expect((await api.call(method, path, { body: {} })).status).toBe(405);
  });
});

describe('TokenRequest (kubernetes-facts F1)', () => {
  test('answers a token for the API server that lives an hour', async () => {
    const answer = await ask();
    expect(answer.body).toMatchObject({
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { name: 'bot', namespace: 'team' },
      spec: { audiences: [apiAudience], expirationSeconds: 3600, boundObjectRef: null },
    });
    expect(answer.headers['cache-control']).toBe('no-cache, private');
    const { iss, sub, aud, exp, iat, nbf, jti } = claimsOf(answer.body.status.token);
    expect({ iss, sub, aud }).toEqual({
      iss: oidcIssuerOf(clusterRecord),
      sub: 'system:serviceaccount:team:bot',
      aud: [apiAudience],
    });
    expect([exp - iat, nbf - iat, typeof jti]).toEqual([3600, 0, 'string']);
    expect(Date.parse(answer.body.status.expirationTimestamp)).toBe(exp * 1000);
  });

  test.each([
    [599, 'may not specify a duration less than 10 minutes'],
    [0, 'may not specify a duration less than 10 minutes'],
    [2 ** 32 + 1, 'may not specify a duration larger than 2^32 seconds'],
  ])('%d seconds are refused', async (expirationSeconds, detail) => {
    const answer = await ask({ expirationSeconds });
    expect(answer.status).toBe(422);
    expect(answer.body.message).toBe(
      `TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: ${expirationSeconds}: ${detail}`,
    );
  });

  test.each([600, 86_400])('%d seconds are given as asked', async (expirationSeconds) => {
    const answer = await ask({ expirationSeconds });
    expect(answer.headers.warning).toBeUndefined();
    const { exp, iat } = claimsOf(answer.body.status.token);
    expect(exp - iat).toBe(expirationSeconds);
  });

  test('more than a day is cut to a day, with a warning', async () => {
    const answer = await ask({ expirationSeconds: 2 ** 32 });
    expect(answer.headers.warning).toBe(
      '299 - "requested expiration of 4294967296 seconds shortened to 86400 seconds"',
    );
    expect(answer.body.spec.expirationSeconds).toBe(86_400);
    const { exp, iat } = claimsOf(answer.body.status.token);
    expect(exp - iat).toBe(86_400);
  });

  const bound = { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'bot-1' } };
  test.each<[string, object, number, boolean]>([
    ['not of a token bound to nothing', { expirationSeconds: 3607 }, 3607, false],
    ['not of another audience', { ...bound, audiences: ['vault'], expirationSeconds: 3607 }, 3607, false],
    ['not of another life', { ...bound, expirationSeconds: 3606 }, 3606, false],
    ['of what a kubelet asks for, to 90 days', { ...bound, expirationSeconds: 3607 }, 90 * 86_400, true],
  ])('life is stretched: %s', async (_, spec, life, warns) => {
    const answer = await ask(spec);
    const { exp, iat, 'kubernetes.io': claims } = claimsOf(answer.body.status.token);
    expect([exp - iat, claims.warnafter]).toEqual([life, warns ? iat + 3607 : undefined]);
    // Kubelets fetch the next one by what they are told.
    const told = Date.parse(answer.body.status.expirationTimestamp) / 1000 - iat;
    expect(told).toBe(answer.body.spec.expirationSeconds);
  });

  test('an account of another uid than the request names is refused', async () => {
    const call = (uid: string) => api.call('POST', path, { body: { metadata: { uid }, spec: {} } });
    const { status, body } = await call('u-other');
    expect([status, body.message]).toEqual([
      409,
      expect.stringContaining(
        'the UID in the token request (u-other) does not match the UID of the service account (',
      ),
    ]);
    const { uid } = (await ask()).body.metadata;
    expect((await call(uid)).status).toBe(201);
  });

  test('a pod runs as the account its older field names', async () => {
    const spec = { serviceAccount: 'bot', containers: [{ name: 'c', image: 'i' }] };
    const { body } = await api.call('POST', `${core}/pods`, { body: { metadata: { name: 'older' }, spec } });
    expect([body.spec.serviceAccountName, body.spec.serviceAccount]).toEqual(['bot', 'bot']);
  });

  test('a pod’s node is told by its name when there is no such node', async () => {
    await create(`${core}/pods`, podOf('bot-lost', 'bot', 'lost'));
    const token = await tokenFor({ boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'bot-lost' } });
    expect(claimsOf(token)['kubernetes.io'].node).toEqual({ name: 'lost' });
    const review = { body: { spec: { token } } };
    const { extra } = (await api.call('POST', '/apis/authentication.k8s.io/v1/tokenreviews', review)).body
      .status.user;
    expect(extra['authentication.kubernetes.io/node-name']).toEqual(['lost']);
    expect(extra).not.toHaveProperty('authentication.kubernetes.io/node-uid');
  });

  test.each<[string, object, number, string]>([
    ['pods "nope" not found', { kind: 'Pod', name: 'nope' }, 404, 'pods "nope" not found'],
    ['a name that spells another key', { kind: 'Pod', name: '../team/bot-1' }, 404, 'not found'],
    ['no name', { kind: 'Secret' }, 404, 'not found'],
    [
      'another account’s pod',
      { kind: 'Pod', name: 'other-1' },
      400,
      'cannot bind token for serviceaccount "bot" to pod running with different serviceaccount name.',
    ],
    [
      'another kind',
      { kind: 'ConfigMap', name: 'config' },
      400,
      'cannot bind token to object of type /v1, Kind=ConfigMap',
    ],
    [
      'another group',
      { apiVersion: 'apps/v1', kind: 'Pod', name: 'bot-1' },
      400,
      'cannot bind token to object of type apps/v1, Kind=Pod',
    ],
    [
      'another uid',
      { kind: 'Pod', name: 'bot-1', uid: 'x' },
      409,
      'the UID in the bound object reference (x) does not match the UID in record',
    ],
    ['an empty reference', { apiVersion: '' }, 400, 'cannot bind token to object of type'],
  ])('is bound to nothing it cannot be bound to: %s', async (_, reference, status, message) => {
    const answer = await ask({ boundObjectRef: { apiVersion: 'v1', ...reference } });
    expect(answer.status).toBe(status);
    expect(answer.body.message).toContain(message);
    expect(answer.text).not.toContain('eyJ');
  });

  test.each<[object, number]>([
    [{ audiences: [''] }, 422],
    [{ audiences: Array.from({ length: 33 }, (_, i) => `a${i}`) }, 422],
    [{ audiences: ['x'.repeat(1025)] }, 422],
    [{ audiences: Array.from({ length: 32 }, (_, i) => `${i}`.padEnd(1024, 'x')) }, 422],
    [{ audiences: 'x' }, 400],
    [{ boundObjectRef: 'bot-1' }, 400],
    [{ boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 7 } }, 400],
    [{ expirationSeconds: '600' }, 400],
    [{ expirationSeconds: 600.5 }, 400],
  ])('is refused for %j', async (spec, status) => {
    expect((await ask(spec)).status).toBe(status);
  });

  test.each([
    [
      'another name',
      { metadata: { name: 'other' } },
      422,
      /metadata.name: Invalid value: "other": must match the service account name if specified$/,
    ],
    ['another namespace', { metadata: { namespace: 'default' } }, 400, /does not match the namespace/],
    ['another kind', { kind: 'TokenReview' }, 400, /./],
  ])('a body that says %s than the URL is refused', async (_, body, status, text) => {
    const answer = await api.call('POST', path, { body });
    expect([answer.status, answer.body.message]).toEqual([status, expect.stringMatching(text)]);
  });

  test('an account that is not there is a 404', async () => {
    const answer = await api.call('POST', path.replace('/bot/', '/nobody/'), { body: {} });
    expect(answer.body.message).toBe('serviceaccounts "nobody" not found');
  });
});

describe('with its token a service account', () => {
  test('is who it is', async () => {
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: 'bot-1' };
    const token = await tokenFor({ boundObjectRef });
    const answer = await api.call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      token,
      body: {},
    });
    expect(answer.body.status.userInfo).toMatchObject({
      username: 'system:serviceaccount:team:bot',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:team', 'system:authenticated'],
      extra: {
        'authentication.kubernetes.io/node-name': ['node-1'],
        'authentication.kubernetes.io/pod-name': ['bot-1'],
      },
    });
  });

  test('may do what is bound to it and nothing more', async () => {
    const token = await tokenFor();
    expect((await api.call('GET', `${core}/pods`, { token })).status).toBe(403);
    await create(`${rbac}/roles`, {
      metadata: { name: 'reader' },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }],
    });
    await create(`${rbac}/rolebindings`, {
      metadata: { name: 'reader' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
      subjects: [{ kind: 'ServiceAccount', name: 'bot', namespace: 'team' }],
    });
    expect((await api.call('GET', `${core}/pods`, { token })).status).toBe(200);
    expect((await api.call('GET', `${core}/secrets`, { token })).status).toBe(403);
    expect((await api.call('GET', '/api/v1/namespaces/default/pods', { token })).status).toBe(403);
    expect((await ask({}, token)).status).toBe(403);
  });

  test('is refused with a token for somebody else', async () => {
    const token = await tokenFor({ audiences: ['vault'] });
    const answer = await api.call('GET', '/version', { token });
    expect([answer.status, answer.body.message]).toEqual([401, 'Unauthorized']);
    expect(api.outcomes.at(-1)?.authentication?.evidence).toEqual({
      step: 'caller',
      code: 'wrongAudience',
      message: 'service account token is not for the asked audience',
    });
  });

  test('is refused once its pod or the account is deleted, also when both come back', async () => {
    const pod = podOf('brief', 'brief');
    await create(`${core}/serviceaccounts`, { metadata: { name: 'brief' } });
    await create(`${core}/pods`, pod);
    const request = async (spec: object) => {
      const url = path.replace('/bot/', '/brief/');
      return (await api.call('POST', url, { body: { spec } })).body.status.token as string;
    };
    const loose = await request({});
    const bound = await request({ boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'brief' } });
    const statuses = async () => {
      const answers = [loose, bound].map((token) => api.call('GET', '/api', { token }));
      return (await Promise.all(answers)).map(({ status }) => status);
    };
    expect(await statuses()).toEqual([200, 200]);
    await api.call('DELETE', `${core}/pods/brief`);
    expect(await statuses()).toEqual([200, 401]);
    await create(`${core}/pods`, pod);
    expect(await statuses()).toEqual([200, 401]);
    await api.call('DELETE', `${core}/serviceaccounts/brief`);
    expect(await statuses()).toEqual([401, 401]);
    await create(`${core}/serviceaccounts`, { metadata: { name: 'brief' } });
    expect(await statuses()).toEqual([401, 401]);
  });

  test('cannot be pretended to be without the permission', async () => {
    const headers = { 'impersonate-user': 'system:serviceaccount:team:bot' };
    expect((await api.call('GET', '/api', { token: 'alice', headers })).status).toBe(403);
  });
});

test('watches of service accounts end when all tokens are revoked, and go on when a key is only announced', async () => {
  const token = await tokenFor();
  await create(`${rbac}/rolebindings`, {
    metadata: { name: 'watcher' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'ServiceAccount', name: 'bot', namespace: 'team' }],
  });
  const watched = `${core}/configmaps?watch=true&fieldSelector=metadata.name=config`;
  const [theirs, ours] = await Promise.all([api.open(watched, { token }), api.open(watched)]);
  await Promise.all([theirs.lines.next(), ours.lines.next()]);
  const key = signingKeysKey(clusterId);
  const before = (await api.storage.get(key))?.value ?? '';
  const [signing] = JSON.parse(before).keys;
  const store = (...keys: object[]) =>
    api.storage.commit({ changes: [{ type: 'put', key, value: JSON.stringify({ keys }) }] });
  const label = async (value: string) => {
    const headers = { 'content-type': 'application/merge-patch+json' };
    await api.call('PATCH', `${core}/configmaps/config`, { headers, body: { data: { value } } });
    return { object: { data: { value } } };
  };
  const other = { ...signing, keyId: 'other', signsFrom: Date.now() + 1_000_000 };
  await store(signing, other);
  const announced = await label('announced');
  expect(await theirs.lines.next()).toMatchObject(announced);
  await store({ ...other, keyId: 'another' });
  await label('revoked');
  expect(await theirs.lines.next().catch(() => undefined)).toBeUndefined();
  expect((await api.call('GET', core, { token })).status).toBe(401);
  await ours.lines.next();
  expect(await ours.lines.next()).toMatchObject({ object: { data: { value: 'revoked' } } });
  ours.response.destroy();
  await api.storage.commit({ changes: [{ type: 'put', key, value: before }] });
});

describe('TokenReview (kubernetes-facts C5)', () => {
  const review = async (token: string, audiences?: unknown) => {
    const body = { spec: { token, ...(audiences !== undefined && { audiences }) } };
    return api.call('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { body });
  };

  test.each<[string, string[], string[] | undefined, string[] | undefined]>([
    ['the API server, asked by nobody', [apiAudience], undefined, [apiAudience]],
    ['the API server, asked by name', [apiAudience], [apiAudience, 'x'], [apiAudience]],
    ['the API server, asked for another', [apiAudience], ['x'], undefined],
    ['vault, asked by nobody', ['vault'], undefined, undefined],
    ['vault, asked by an empty list', ['vault'], [], undefined],
    ['vault, asked by name', ['vault', 'x'], ['y', 'vault'], ['vault']],
  ])('a token for %s', async (_, made, asked, expected) => {
    const { status } = (await review(await tokenFor({ audiences: made }), asked)).body;
    expect(status.authenticated).toBe(expected !== undefined);
    expect(status.audiences).toEqual(expected);
    if (expected !== undefined) expect(status.user.username).toBe('system:serviceaccount:team:bot');
    else expect(status.user).toBeUndefined();
  });

  test('audiences that cannot be read are refused', async () => {
    expect((await review(await tokenFor(), 'vault')).status).toBe(400);
    expect((await review(await tokenFor(), [7])).status).toBe(400);
  });
});

describe('the issuer’s documents (kubernetes-facts F4)', () => {
  const documents = ['/.well-known/openid-configuration', '/openid/v1/jwks'];

  test.each(documents)('%s is for service accounts alone', async (document) => {
    expect((await api.call('GET', document, { token: '' })).status).toBe(401);
    expect((await api.call('GET', document, { token: 'bob' })).status).toBe(403);
    const token = await tokenFor();
    for (const url of [document, `${document}/`]) {
      const answer = await api.call('GET', url, { token });
      expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'public, max-age=3600']);
    }
  });

  test('name issuer and keys', async () => {
    const token = await tokenFor();
    const configuration = await api.call('GET', '/.well-known/openid-configuration', { token });
    expect(configuration.headers['content-type']).toBe('application/json');
    expect(configuration.body).toEqual({
      issuer: oidcIssuerOf(clusterRecord),
      jwks_uri: `https://127.0.0.1${clusterPath}/openid/v1/jwks`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    });
    const jwks = await api.call('GET', '/openid/v1/jwks', { token });
    expect(jwks.headers['content-type']).toBe('application/jwk-set+json');
    const { kid } = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString('utf8'));
    expect(jwks.body.keys).toEqual([
      { use: 'sig', kty: 'RSA', kid, alg: 'RS256', n: expect.any(String), e: 'AQAB' },
    ]);
  });
});
