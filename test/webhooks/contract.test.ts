/** kubernetes-facts C, row by row as far as it concerns a webhook, asked by the stand-in API server. */
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { principalIdExtraKey } from '../../src/engine/authorizer/attributes.ts';
import type { ClusterRecord } from '../../src/storage/records/eks.ts';
import { accessEntryKey, clusterKey, webhookCredentialKey } from '../../src/storage/records/keys.ts';
import { voucherKey } from '../../src/webhooks/vouchers.ts';
import { type ApiServer, type ApiServerOptions, createApiServer, type User } from './apiserver.ts';
import {
  account,
  type ClientCertificate,
  connected,
  entryOf,
  openWorld,
  principalId,
  region,
  roleArn,
  type World,
} from './world.ts';

let world: World;
let certificate: ClientCertificate;
/** Authenticated by the webhook. */
let opsUser: User;
const opened: ApiServer[] = [];

beforeAll(async () => {
  world = await openWorld();
  certificate = await world.issue(connected());
  opsUser = await authenticated(apiServer(), world.token());
});
afterAll(async () => {
  for (const server of opened) server.close();
  await world.close();
});

interface Caller {
  readonly cluster?: ClusterRecord;
  readonly certificate?: ClientCertificate | 'none';
}

const apiServer = (
  options: Partial<ApiServerOptions> = {},
  { cluster = connected(), certificate: own = certificate }: Caller = {},
): ApiServer => {
  const server = createApiServer({
    authentication: world.kubeconfig(cluster, 'authenticate', own),
    authorization: world.kubeconfig(cluster, 'authorize', own),
    retryDelay: 1,
    ...options,
  });
  opened.push(server);
  return server;
};
async function authenticated(server: ApiServer, token: string): Promise<User> {
  const answer = await server.authenticate(token);
  if (answer.outcome !== 'user') throw new Error(JSON.stringify(answer));
  const { user } = answer;
  return { ...user, groups: [...(user.groups ?? []), 'system:authenticated'] };
}
const statusOf = ({ text }: { readonly text: string }) => JSON.parse(text).status;
const getPods = { verb: 'get', resource: 'pods', namespace: 'dev', name: 'p' };
/** As the webhooks report it, but for the voucher. */
const bareOpsUser: User = {
  username: 'ops:s',
  uid: `aws-iam-authenticator:${account}:${principalId('ops')}`,
  groups: ['team', 'system:authenticated'],
  extra: {
    accessKeyId: ['ASIAOPS0000000000000'],
    arn: [`arn:aws:sts::${account}:assumed-role/ops/s`],
    canonicalArn: [roleArn('ops')],
    principalId: [principalId('ops')],
    sessionName: ['s'],
    [principalIdExtraKey]: [principalId('ops')],
  },
};

describe('the shape of the exchange', () => {
  test.each([
    ['v1', 34, 'h2'],
    ['v1', 33, 'h2'],
    ['v1beta1', 34, 'h2'],
    ['v1beta1', 33, 'http/1.1'],
    ['v1', 34, 'http/1.1'],
  ] as const)(
    'C1, C4, C6: %s of Kubernetes 1.%d over %s is answered in its own version',
    async (version, minor, protocol) => {
      const server = apiServer({ version, minor, protocol });
      const review = await server.post('authenticate', server.tokenReview(world.token()));
      expect([review.status, review.headers['content-type']]).toEqual([200, 'application/json']);
      expect(JSON.parse(review.text)).toMatchObject({
        kind: 'TokenReview',
        apiVersion: `authentication.k8s.io/${version}`,
        spec: {},
        status: { authenticated: true },
      });
      const access = await server.post('authorize', server.accessReview(opsUser, getPods));
      expect(JSON.parse(access.text)).toMatchObject({
        kind: 'SubjectAccessReview',
        apiVersion: `authorization.k8s.io/${version}`,
        status: { allowed: true },
      });
      expect(await server.request(world.token(), getPods)).toMatchObject({ status: 200 });
    },
  );

  test('C5: who is authenticated comes with username, uid, groups and extra keys in their exact spelling', async () => {
    const server = apiServer();
    const { user } = statusOf(await server.post('authenticate', server.tokenReview(world.token())));
    // The API server itself adds system:authenticated (B10).
    const { [voucherKey]: voucher, ...extra } = user.extra;
    expect({ ...user, extra }).toEqual({ ...bareOpsUser, groups: ['team'] });
    expect(voucher).toEqual([expect.stringMatching(/^\d+\.[\w-]{43}$/)]);
  });

  test.each([
    ['refused', 'k8s-aws-v1.aHR0cHM6Ly8'],
    ['of nobody', 'sekrit-token-of-somebody-else'],
  ])('C5: a token that is %s is a verdict with one line, and never repeated', async (_, token) => {
    const server = apiServer();
    const answer = await server.post('authenticate', server.tokenReview(token));
    const { authenticated, error } = statusOf(answer);
    expect([answer.status, authenticated, typeof error, error.includes('\n')]).toEqual([
      200,
      false,
      'string',
      false,
    ]);
    expect(answer.text).not.toContain(token.slice(0, 15));
    expect(await server.request(token, getPods)).toMatchObject({ status: 401 });
  });

  test('C5: an API server whose audiences are known gets answers for these alone', async () => {
    const [own, also] = ['https://kubernetes.default.svc', 'edge'];
    const known = connected({ name: 'known', apiAudiences: [own, also] });
    await world.put(clusterKey(account, region, 'known'), known);
    await world.put(
      accessEntryKey(known.clusterId, roleArn('ops')),
      entryOf('ops', { clusterName: 'known' }),
    );
    const server = apiServer({ audiences: [own] }, { cluster: known, certificate: await world.issue(known) });
    const token = world.token({ clusterName: 'known' });
    const ask = async (asked?: readonly string[]) => {
      const body = JSON.parse(server.tokenReview(token));
      body.spec.audiences = asked;
      return statusOf(await server.post('authenticate', JSON.stringify(body)));
    };
    const forOthers = { authenticated: false, user: {}, error: 'token is for other audiences' };
    const before = world.lookups.count;
    expect(await ask(['vault'])).toEqual(forOthers);
    expect(await ask(['', `${own}/`, own.toUpperCase()])).toEqual(forOthers);
    expect(world.lookups.count).toBe(before);
    expect(await server.authenticate(token, ['vault'])).toMatchObject({ outcome: 'refused' });

    // What was refused for others is not remembered for the API server, nor the other way round.
    expect(await ask([own])).toMatchObject({ authenticated: true, audiences: [own] });
    expect(await ask(['vault'])).toEqual(forOthers);
    expect(await ask(['vault', also, also])).toMatchObject({ authenticated: true, audiences: [also] });
    for (const none of [undefined, []]) {
      expect(await ask(none)).toMatchObject({ authenticated: true, audiences: [own, also] });
    }
    expect(await server.authenticate(token)).toMatchObject({ outcome: 'user', audiences: [own] });
    expect(await server.authenticate(token, ['vault', own])).toMatchObject({ audiences: [own] });

    // A setting that cannot be read lets nobody in; one that was taken away leaves audiences to the API server.
    await world.put(clusterKey(account, region, 'known'), { ...known, apiAudiences: [] });
    const { status } = await server.post('authenticate', server.tokenReview(token));
    expect(status).toBe(404);
    await world.put(clusterKey(account, region, 'known'), connected({ name: 'known' }));
    expect(await ask(['vault'])).not.toHaveProperty('audiences');
    expect(await server.authenticate(token, ['vault', 'x'])).toMatchObject({ outcome: 'refused' });
  });

  test('C5: the answer names no audiences while the API server’s are not known, so that it counts for the API server’s own alone', async () => {
    const own = 'https://kubernetes.default.svc.cluster.local';
    const server = apiServer({ audiences: [own] });
    const answer = await server.post('authenticate', server.tokenReview(world.token()));
    expect(statusOf(answer)).not.toHaveProperty('audiences');
    expect(await server.authenticate(world.token())).toMatchObject({ outcome: 'user' });
    expect(await server.authenticate(world.token(), ['vault'])).toMatchObject({ outcome: 'refused' });
  });

  test('C7: tokens of others are refused by their form, without a look at any key', async () => {
    const server = apiServer();
    const before = world.lookups.count;
    for (const token of ['x', 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln', `bootstrap.${'x'.repeat(20_000)}`]) {
      expect(await server.request(token, getPods)).toMatchObject({ status: 401 });
    }
    expect(world.lookups.count).toBe(before);
  });

  test('C8, C9: what no policy allows gets no opinion with the nearest miss, and is never denied', async () => {
    const server = apiServer();
    for (const [attributes, reason] of [
      [{ ...getPods, namespace: 'prod' }, /in `dev` only, not in `prod`/],
      [{ ...getPods, verb: 'delete' }, /no access policy allows this/],
    ] as const) {
      const { status, text } = await server.post('authorize', server.accessReview(opsUser, attributes));
      expect([status, JSON.parse(text).status.allowed]).toEqual([200, false]);
      expect(JSON.parse(text).status).not.toHaveProperty('denied');
      expect(JSON.parse(text).status.reason).toMatch(reason);
    }
  });

  test('C8: questions about urls are read as well', async () => {
    const server = apiServer();
    const body = JSON.parse(server.accessReview(opsUser, getPods));
    body.spec = {
      ...body.spec,
      resourceAttributes: undefined,
      nonResourceAttributes: { path: '/metrics', verb: 'get' },
    };
    expect(statusOf(await server.post('authorize', JSON.stringify(body)))).toMatchObject({ allowed: false });
  });

  test('C13, C16: selectors, statuses and members of newer versions are tolerated', async () => {
    const server = apiServer();
    const body = JSON.parse(server.accessReview(opsUser, getPods));
    body.spec.resourceAttributes.fieldSelector = {
      requirements: [{ key: 'spec.nodeName', operator: 'In', values: ['n1'] }],
    };
    body.spec.resourceAttributes.labelSelector = { requirements: [{ key: 'a', operator: 'Exists' }] };
    body.spec.conditionalAuthorization = { mode: 'x' };
    body.status = { conditionSetChain: [] };
    body.metadata = { creationTimestamp: null, managedFields: [] };
    expect(statusOf(await server.post('authorize', JSON.stringify(body)))).toMatchObject({ allowed: true });
  });

  test('C2: the query of client-go changes nothing, another path is none of ours', async () => {
    const server = apiServer();
    // `post` sends `?timeout=30s`.
    expect((await server.post('authenticate', server.tokenReview('x'))).status).toBe(200);
    const config = world.kubeconfig(connected(), 'authenticate', certificate);
    for (const path of ['authenticate/', 'authenticate/x', 'Authenticate', '%61uthenticate']) {
      const other = apiServer({ authentication: config.replace('/authenticate', `/${path}`) });
      expect((await other.post('authenticate', other.tokenReview('x'))).status).toBe(404);
    }
  });
});

describe('what is malformed is 400 and not tried again (C2)', () => {
  const token = { kind: 'TokenReview', apiVersion: 'authentication.k8s.io/v1', spec: { token: 'x' } };
  const access = {
    kind: 'SubjectAccessReview',
    apiVersion: 'authorization.k8s.io/v1',
    spec: { user: 'u', resourceAttributes: { verb: 'get', resource: 'pods' } },
  };
  test.each<readonly ['authenticate' | 'authorize', string, unknown]>([
    ['authenticate', 'no body', ''],
    ['authenticate', 'no JSON', '{"spec":'],
    ['authenticate', 'no object', '[]'],
    ['authenticate', 'another kind', { ...token, kind: 'SubjectAccessReview' }],
    ['authenticate', 'another version', { ...token, apiVersion: 'authentication.k8s.io/v2' }],
    ['authenticate', 'another group', { ...token, apiVersion: 'authorization.k8s.io/v1' }],
    ['authenticate', 'no spec', { ...token, spec: null }],
    ['authenticate', 'no token', { ...token, spec: {} }],
    ['authenticate', 'an empty token', { ...token, spec: { token: '' } }],
    ['authenticate', 'a token that is a list', { ...token, spec: { token: ['x'] } }],
    ['authenticate', 'audiences that are a text', { ...token, spec: { token: 'x', audiences: 'a' } }],
    ['authorize', 'another kind', { ...access, kind: 'TokenReview' }],
    ['authorize', 'nobody', { ...access, spec: { resourceAttributes: { verb: 'get' } } }],
    ['authorize', 'no attributes', { ...access, spec: { user: 'u' } }],
    [
      'authorize',
      'both attributes',
      { ...access, spec: { ...access.spec, nonResourceAttributes: { path: '/', verb: 'get' } } },
    ],
    [
      'authorize',
      'a verb that is a number',
      { ...access, spec: { user: 'u', resourceAttributes: { verb: 1 } } },
    ],
    [
      'authorize',
      'groups that are a text',
      { ...access, spec: { ...access.spec, groups: 'system:masters' } },
    ],
    ['authorize', 'extra that is a list', { ...access, spec: { ...access.spec, extra: [] } }],
  ])('%s: %s', async (webhook, _, body) => {
    const server = apiServer();
    const answer = await server.post(webhook, typeof body === 'string' ? body : JSON.stringify(body));
    expect([answer.status, answer.headers['content-type']]).toEqual([400, 'text/plain; charset=utf-8']);
    expect(answer.text.trimEnd()).not.toContain('\n');
  });

  test('groups of v1beta1 stand in `group`: the name of the other version is not read', async () => {
    const server = apiServer();
    const body = { ...access, apiVersion: 'authorization.k8s.io/v1beta1' };
    const { user: _, ...spec } = body.spec;
    const groups = await server.post(
      'authorize',
      JSON.stringify({ ...body, spec: { ...spec, groups: ['g'] } }),
    );
    const group = await server.post(
      'authorize',
      JSON.stringify({ ...body, spec: { ...spec, group: ['g'] } }),
    );
    expect([groups.status, group.status]).toEqual([400, 200]);
  });

  test.each([
    ['text/plain', 415],
    ['application/vnd.kubernetes.protobuf', 415],
    ['application/json; charset=utf-8', 200],
  ])('content type %s is %d', async (type, status) => {
    const server = apiServer();
    const answer = await server.post('authenticate', server.tokenReview('x'), { 'content-type': type });
    expect(answer.status).toBe(status);
  });

  test.each(['h2', 'http/1.1'] as const)(
    'a body over the bound is 413 over %s, whatever it holds',
    async (protocol) => {
      const server = apiServer({ protocol });
      const answer = await server.post('authenticate', server.tokenReview('x'.repeat(64 * 1024)));
      expect(answer.status).toBe(413);
      const groups = Array.from({ length: 5_000 }, (_, at) => `group-number-${at}`);
      const many = await server.post('authorize', server.accessReview({ username: 'u', groups }, getPods));
      expect(many.status).toBe(200);
    },
  );
});

describe('impersonation', () => {
  test('C8, A14: whoever impersonates the user with its extra keys has none of its policies', async () => {
    const server = apiServer({ rbac: (_, { verb }) => verb === 'impersonate' });
    expect(await server.request(world.token(), getPods)).toMatchObject({ status: 200 });
    expect(await server.request(world.token(), getPods, opsUser)).toMatchObject({ status: 403 });
  });

  test('C8, A14: nor has who spells the upper-case letters of the keys with a percent sign', async () => {
    const server = apiServer({ rbac: (_, { verb }) => verb === 'impersonate' });
    const { extra = {}, ...user } = bareOpsUser;
    const spelled = Object.entries(extra).map(([key, values]) => [
      key.replace(/[A-Z]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
      values,
    ]);
    const asked = await server.request(world.token(), getPods, {
      ...user,
      groups: ['team'],
      extra: Object.fromEntries(spelled),
    });
    // Nothing of it was lost on the way.
    expect(asked).toMatchObject({ status: 403, user: bareOpsUser });
    expect(asked).toMatchObject({ reason: expect.stringContaining('under impersonation') });
  });

  test.each<readonly [string, (user: User) => Partial<User>]>([
    ['username', () => ({ username: 'dev:s' })],
    ['access key', ({ extra }) => ({ extra: { ...extra, accessKeyId: ['ASIAOTHER'] } })],
    ['role', ({ extra }) => ({ extra: { ...extra, canonicalArn: [roleArn('dev')] } })],
    ['session', ({ extra }) => ({ extra: { ...extra, sessionName: [] } })],
    ['voucher', ({ extra }) => ({ extra: { ...extra, [voucherKey]: ['1.x'] } })],
    [
      'second voucher',
      ({ extra }) => ({ extra: { ...extra, [voucherKey]: Array(2).fill(extra?.[voucherKey]?.[0]) } }),
    ],
    [
      'end',
      ({ extra }) => ({
        extra: {
          ...extra,
          [voucherKey]: [String(extra?.[voucherKey]?.[0]).replace(/^\d+/, '9999999999999')],
        },
      }),
    ],
  ])('a voucher is for its user as authenticated: no other %s', async (_, change) => {
    const server = apiServer();
    expect(await server.authorize(opsUser, getPods)).toMatchObject({ decision: 'allow' });
    expect(await server.authorize({ ...opsUser, ...change(opsUser) }, getPods)).toMatchObject({
      decision: 'noOpinion',
    });
  });

  test('a voucher counts for what an API server adds, for its own cluster, and a quarter of an hour longer than its token', async () => {
    const server = apiServer({ authorizedTtl: 0 });
    const user = { ...opsUser, extra: { ...opsUser.extra, 'example.com/seen-by': ['proxy'] }, groups: ['x'] };
    expect(await server.authorize(user, getPods)).toMatchObject({ decision: 'allow' });

    const twin = connected({ name: 'twin' });
    await world.put(clusterKey(account, region, 'twin'), twin);
    await world.put(accessEntryKey(twin.clusterId, roleArn('ops')), entryOf('ops', { clusterName: 'twin' }));
    const other = apiServer({}, { cluster: twin, certificate: await world.issue(twin) });
    expect(await other.authorize(opsUser, getPods)).toMatchObject({ decision: 'noOpinion' });
    const own = await authenticated(other, world.token({ clusterName: 'twin' }));
    expect(await other.authorize(own, getPods)).toMatchObject({ decision: 'allow' });

    const minute = 60_000;
    try {
      world.clock.offset = 29 * minute;
      expect(await server.authorize(opsUser, getPods)).toMatchObject({ decision: 'allow' });
      world.clock.offset = 31 * minute;
      expect(await server.authorize(opsUser, getPods)).toMatchObject({ decision: 'noOpinion' });
    } finally {
      world.clock.offset = 0;
    }
  });

  test('a principal id beside another uid, under another key or twice grants nothing', async () => {
    const server = apiServer();
    for (const change of [
      { uid: 'aws-iam-authenticator:111122223333:AROAOTHER' },
      { extra: { ...opsUser.extra, [principalIdExtraKey]: [principalId('ops'), 'x'] } },
      { extra: { [principalIdExtraKey.toLowerCase()]: [principalId('ops')] } },
    ]) {
      expect(await server.authorize({ ...opsUser, ...change }, getPods)).toMatchObject({
        decision: 'noOpinion',
      });
    }
  });
});

describe('the chain', () => {
  test('RBAC is asked first, and B11: system:masters never reaches the webhook', async () => {
    const server = apiServer({ rbac: (user) => user.groups?.includes('team') === true });
    await server.request(world.token(), getPods);
    expect(server.calls).toBe(1);
  });

  test('C6: verdicts are kept by the API server for its own time, errors are not', async () => {
    const clock = { at: 0 };
    const server = apiServer({ now: () => clock.at, cacheTtl: 1_000 });
    const token = world.token();
    await server.authenticate(token);
    await server.authenticate(token);
    expect(server.calls).toBe(1);
    clock.at = 2_000;
    await server.authenticate(token);
    expect(server.calls).toBe(2);
  });

  test('C10: a webhook that fails is no opinion, or a denial where the policy says so', async () => {
    const stranger = await world.certify(connected(), { selfMade: true });
    for (const failurePolicy of ['NoOpinion', 'Deny'] as const) {
      const server = apiServer({ failurePolicy }, { certificate: stranger });
      expect(await server.authorize(opsUser, getPods)).toMatchObject({
        decision: failurePolicy === 'Deny' ? 'deny' : 'noOpinion',
        error: expect.stringContaining('401'),
      });
    }
  });
});

describe('who may ask', () => {
  const answered = async (own: ClientCertificate | 'none', cluster = connected()): Promise<string> => {
    const server = apiServer({}, { certificate: own, cluster });
    const { status, text } = await server.post('authenticate', server.tokenReview(world.token()));
    const access = await server.post('authorize', server.accessReview(opsUser, getPods));
    expect(access.status).toBe(status);
    return `${status} ${text.trim()}`;
  };

  test('nobody without a certificate', async () => {
    expect(await answered('none')).toMatch(/^401 a client certificate is needed/);
  });

  test('nobody with a certificate of another authority of the same name', async () => {
    expect(await answered(await world.certify(connected(), { selfMade: true }))).toMatch(
      /^401 .*not issued by this server/,
    );
  });

  test('nobody with a certificate of our authority that was never recorded', async () => {
    expect(await answered(await world.certify(connected()))).toMatch(/^401 .*not known here/);
  });

  test('not the API server of another cluster, and it does not learn which clusters there are', async () => {
    await world.put(clusterKey(account, region, 'other'), connected({ name: 'other' }));
    const other = await world.issue(connected({ name: 'other' }));
    const refused = await answered(other);
    expect(refused).toMatch(/^403 .*of another cluster/);
    expect(await answered(other, connected({ name: 'missing' }))).toBe(refused);
    expect(await answered(other, connected({ name: 'other' }))).toMatch(/^200/);
  });

  test('not for a built-in cluster', async () => {
    const builtIn = connected({ name: 'inside', kind: 'builtIn' });
    await world.put(clusterKey(account, region, 'inside'), builtIn);
    expect(await answered(await world.issue(builtIn), builtIn)).toMatch(/^404/);
  });

  test('not after the cluster was deregistered, on connections that are open', async () => {
    const leaving = connected({ name: 'leaving' });
    await world.put(clusterKey(account, region, 'leaving'), leaving);
    const own = await world.issue(leaving);
    const server = apiServer({}, { certificate: own, cluster: leaving });
    expect((await server.post('authenticate', server.tokenReview('x'))).status).toBe(200);
    await world.remove(clusterKey(account, region, 'leaving'));
    expect((await server.post('authenticate', server.tokenReview('x'))).status).toBe(404);
    // A cluster of the same name is another one.
    await world.put(clusterKey(account, region, 'leaving'), connected({ name: 'leaving', clusterId: 'new' }));
    expect((await server.post('authenticate', server.tokenReview('x'))).status).toBe(404);
  });

  test('nobody in plain HTTP', async () => {
    const { port, hostname } = new URL(world.listener.endpoint);
    const socket = connectTcp(Number(port), hostname);
    const closed = new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
      });
      socket.on('error', () => resolve(text));
      socket.on('close', () => resolve(text));
    });
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await closed).not.toContain('200');
  });

  test('nobody with TLS 1.1', async () => {
    const { port, hostname } = new URL(world.listener.endpoint);
    const refused = await new Promise<string>((resolve) => {
      const socket = connectTls({
        host: hostname,
        port: Number(port),
        ca: world.ca,
        minVersion: 'TLSv1.1',
        maxVersion: 'TLSv1.1',
        ciphers: 'DEFAULT@SECLEVEL=0',
      });
      socket.on('secureConnect', () => resolve('connected'));
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    });
    expect(refused).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  });

  test('anybody may ask whether it is there', async () => {
    const server = apiServer(
      {
        authentication: world
          .kubeconfig(connected(), 'authenticate', 'none')
          .replace(/\/clusters.*/, '/healthz'),
      },
      { certificate: 'none' },
    );
    expect((await server.post('authenticate', '')).status).toBe(200);
  });

  test('a record that was damaged lets nobody in', async () => {
    const own = await world.issue(connected());
    const key = webhookCredentialKey(connected().clusterId, own.serialNumber);
    await world.put(key, { serialNumber: own.serialNumber, clusterId: connected().clusterId });
    expect(await answered(own)).toMatch(/^401 .*not known here/);
  });
});

test('an entry that changes counts for the next question, whatever was remembered', async () => {
  const server = apiServer({ cacheTtl: 1 });
  const token = world.token({ name: 'dev' });
  expect(await server.authenticate(token)).toMatchObject({ outcome: 'refused' });
  const key = accessEntryKey(connected().clusterId, roleArn('dev'));
  const ask = async () => statusOf(await server.post('authenticate', server.tokenReview(token)));
  await world.put(key, entryOf('dev'));
  expect((await ask()).user.groups).toEqual(['team']);
  await world.put(key, entryOf('dev', { kubernetesGroups: ['other'] }));
  expect((await ask()).user.groups).toEqual(['other']);
  await world.remove(key);
  expect(await ask()).toMatchObject({ authenticated: false });
});
