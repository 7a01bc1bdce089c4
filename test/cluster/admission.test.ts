import { request as httpsRequest } from 'node:https';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { openBlockList } from '../../src/access/blocklist.ts';
import type { KubernetesAuditEvent } from '../../src/audit/kubernetes/event.ts';
import { createMemoryStorage } from '../../src/storage/memory/memory.ts';
import { blockKey } from '../../src/storage/records/keys.ts';
import { clusterPath, startTestApi, type TestAnswer, type TestApi } from './fixture.ts';
import {
  allow,
  deny,
  type HookAnswer,
  patch,
  type Review,
  startWebhookServer,
  type WebhookServer,
} from './webhookserver.ts';

const registration = '/apis/admissionregistration.k8s.io/v1';
const configMaps = '/api/v1/namespaces/default/configmaps';
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const rbac = '/apis/rbac.authorization.k8s.io/v1';

let api: TestApi;
const blocked = createMemoryStorage();
let server: WebhookServer;
/** Milliseconds asked for, and what the test makes of them. */
let deadline: (milliseconds: number) => AbortSignal = AbortSignal.timeout;
const asked: number[] = [];

beforeAll(async () => {
  server = await startWebhookServer();
  api = await startTestApi({
    blocks: await openBlockList({ storage: blocked }),
    admissionWebhooks: {
      deadline(milliseconds) {
        asked.push(milliseconds);
        return deadline(milliseconds);
      },
    },
  });
  await api.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'hooks' } } });
});
afterAll(async () => {
  await api.close();
  await server.close();
});

const made: string[] = [];
afterEach(async () => {
  for (const path of made.splice(0)) await api.call('DELETE', path);
  server.seen.splice(0);
  server.hooks.clear();
  asked.splice(0);
  deadline = AbortSignal.timeout;
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

interface Hook {
  readonly kind?: 'mutating' | 'validating';
  readonly name?: string;
  /** Members of the webhook beside its defaults. */
  readonly webhook?: Record<string, unknown>;
  readonly resources?: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly operations?: readonly string[];
}

/** Configures one webhook and says what it answers. */
async function hook(
  answer: (request: Review) => HookAnswer | Promise<HookAnswer>,
  { kind = 'validating', name = 'one', webhook, resources, apiGroups, operations }: Hook = {},
): Promise<TestAnswer> {
  server.hooks.set(`/${name}`, answer);
  const collection = `${registration}/${kind}webhookconfigurations`;
  const configured = await api.call('POST', collection, {
    body: {
      metadata: { name },
      webhooks: [
        {
          name: `${name}.example.com`,
          clientConfig: { url: `https://127.0.0.1:${server.port}/${name}`, caBundle: server.caBundle },
          rules: [
            {
              operations: operations ?? ['*'],
              apiGroups: apiGroups ?? [''],
              apiVersions: ['v1'],
              resources: resources ?? ['configmaps'],
            },
          ],
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
          ...webhook,
        },
      ],
    },
  });
  expect(configured.status, configured.text).toBe(201);
  made.push(`${collection}/${name}`);
  return configured;
}

let count = 0;
const create = (object: object = {}, options: { readonly path?: string; readonly query?: string } = {}) => {
  count += 1;
  const { path = configMaps, query = '' } = options;
  return api.call('POST', path + query, { body: { metadata: { name: `c${count}` }, ...object } });
};
/** What is recorded of an answered request. */
async function auditEvent({ headers }: TestAnswer): Promise<KubernetesAuditEvent | undefined> {
  const { items } = await api.trail.read({ limit: 5 });
  return items
    .flatMap((item) => (item.kind === 'kubernetes' ? [item.event] : []))
    .find(({ auditID }) => auditID === headers['audit-id']);
}
const exists = async (name: string) => (await api.call('GET', `${configMaps}/${name}`)).status === 200;

describe('what a webhook refuses', () => {
  test.each<[Record<string, unknown> | undefined, number, string, string | undefined]>([
    [undefined, 400, 'without explanation', undefined],
    [{ message: 'no' }, 400, ': no', undefined],
    [{ reason: 'Because' }, 400, ': Because', 'Because'],
    [{ code: 403, message: 'no', reason: 'Forbidden' }, 403, ': no', 'Forbidden'],
    [{ code: 200, status: 'Success', message: 'no' }, 400, ': no', undefined],
    [{ code: 9000, message: 'no' }, 400, ': no', undefined],
  ])('%j is told with %i and not stored', async (status, code, text, reason) => {
    await hook(() => deny(status));
    const answer = await create();
    const separator = text.startsWith(':') ? '' : ' ';
    expect(answer.body).toMatchObject({
      kind: 'Status',
      status: 'Failure',
      code,
      message: `admission webhook "one.example.com" denied the request${separator}${text}`,
    });
    expect([answer.status, answer.body.reason]).toEqual([code, reason]);
    expect(await exists(`c${count}`)).toBe(false);
  });

  test('a reason of Kubernetes’ own is told as the webhook’s, and what else it says is not recorded', async () => {
    await hook(() => deny({ code: 409, reason: 'AlreadyExists', message: 'taken' }));
    const apply = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'taken' } };
    const headers = { 'content-type': 'application/apply-patch+yaml' };
    const answers = [
      await create({ metadata: { generateName: 'taken-' } }),
      await api.call('PATCH', `${configMaps}/taken?fieldManager=t`, { body: apply, headers }),
    ];
    for (const { status, body } of answers) {
      expect([status, body.message]).toEqual([
        409,
        'admission webhook "one.example.com" denied the request: taken',
      ]);
    }
    expect(server.seen).toHaveLength(2);
    server.hooks.set('/one', () => deny({ code: 403, reason: 'not hunter2', message: 'not hunter2' }));
    const event = await auditEvent(await create());
    expect(event?.responseStatus).toEqual({ metadata: {}, status: 'Failure', code: 403 });
  });

  test('an update, a patch, an apply and a delete stay undone', async () => {
    await create({ data: { a: '1' } });
    const path = `${configMaps}/c${count}`;
    await hook(() => deny({ message: 'no' }));
    const body = { metadata: { name: `c${count}` }, data: { a: '2' } };
    const types = { 'content-type': 'application/merge-patch+json' };
    const apply = { apiVersion: 'v1', kind: 'ConfigMap', ...body };
    const answers = [
      await api.call('PUT', path, { body }),
      await api.call('PATCH', path, { body, headers: types }),
      await api.call('PATCH', `${path}?fieldManager=t&force=true`, {
        body: apply,
        headers: { 'content-type': 'application/apply-patch+yaml' },
      }),
      await api.call('DELETE', path),
      await api.call('DELETE', configMaps),
      await api.call('PUT', `${path}?dryRun=All`, { body }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 400]);
    expect((await api.call('GET', path)).body.data).toEqual({ a: '1' });
    expect(server.seen.map(({ review }) => review.request.operation)).toEqual([
      'UPDATE',
      'UPDATE',
      'UPDATE',
      'DELETE',
      'DELETE',
      'UPDATE',
    ]);
  });

  test('the first of two that refuse is told, whichever is faster', async () => {
    await hook(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return deny({ message: 'first' });
    });
    await hook(() => deny({ message: 'second' }), { name: 'two' });
    expect((await create()).body.message).toContain('"one.example.com" denied the request: first');
    expect(server.seen).toHaveLength(2);
  });
});

describe('a webhook that cannot be asked', () => {
  const reject: [string, () => HookAnswer, string][] = [
    [
      'a redirect, which is not followed',
      () => ({ status: 307, headers: { location: `https://127.0.0.1:${server.port}/other` }, raw: '' }),
      'failed to call webhook: the server responded with the status code 307 but did not return more information',
    ],
    [
      'a 404',
      () => ({ status: 404, raw: '' }),
      'failed to call webhook: the server could not find the requested resource',
    ],
    [
      'a 500, of which nothing is repeated',
      () => ({ status: 500, raw: 'secret' }),
      'failed to call webhook: an error on the server ("unknown") has prevented the request from succeeding',
    ],
    ['no JSON', () => ({ raw: '<html>' }), 'failed to call webhook: the answer is not an AdmissionReview'],
    ['no response', () => ({ raw: '{}' }), 'received invalid webhook response: webhook response was absent'],
    [
      'an answer to another question',
      () => ({ response: { uid: 'other', allowed: true } }),
      '', // told below: it names the uid
    ],
    ['an answer of another version', () => ({ raw: '' }), ''],
    [
      'a patch of a validating webhook',
      () => patch([]),
      'received invalid webhook response: validating webhook may not return response.patch',
    ],
    [
      'a truthy text for `allowed`',
      () => ({ response: { allowed: 'true' } }),
      'failed to call webhook: the answer is not an AdmissionReview',
    ],
    [
      'a change of protocol',
      () => ({ bytes: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n' }),
      `failed to call webhook: Post "URL?timeout=10s": the server wants to speak another protocol`,
    ],
    [
      'an answer without end',
      () => ({ raw: ' '.repeat(6 * 1024 * 1024) }),
      `failed to call webhook: Post "URL?timeout=10s": the answer is longer than 5242880 bytes`,
    ],
  ];

  test.each(reject)('%s refuses the write', async (what, answer, text) => {
    await hook(({ uid }) =>
      what.includes('version')
        ? {
            raw: JSON.stringify({
              apiVersion: 'admission.k8s.io/v2',
              kind: 'AdmissionReview',
              response: { uid, allowed: true },
            }),
          }
        : answer(),
    );
    const { status, body } = await create();
    const reason =
      text ||
      (what.includes('version')
        ? 'received invalid webhook response: expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got admission.k8s.io/v2, Kind=AdmissionReview'
        : `received invalid webhook response: expected response.uid="${server.seen[0]?.review.request.uid}", got "other"`);
    const url = `https://127.0.0.1:${server.port}/one`;
    const said = `failed calling webhook "one.example.com": ${reason.replace('URL', url)}`;
    expect(body).toMatchObject({ reason: 'InternalError', message: `Internal error occurred: ${said}` });
    expect([status, body.details.causes]).toEqual([500, [{ message: said }]]);
    expect(server.seen.map(({ path }) => path)).toEqual(['/one?timeout=10s']);
  });

  test('silence ends with its time, which the webhook is told', async () => {
    deadline = (milliseconds) =>
      milliseconds === 3000 ? AbortSignal.timeout(30) : new AbortController().signal;
    await hook(() => 'silence', { webhook: { timeoutSeconds: 3 } });
    const { status, body } = await create();
    expect([status, body.message]).toEqual([
      500,
      `Internal error occurred: failed calling webhook "one.example.com": failed to call webhook: Post "https://127.0.0.1:${server.port}/one?timeout=3s": context deadline exceeded`,
    ]);
    expect(asked).toEqual([34_000, 3000]);
  });

  test('the request’s own time ends all of them, also those that may fail', async () => {
    deadline = (milliseconds) =>
      milliseconds === 34_000 ? AbortSignal.timeout(30) : new AbortController().signal;
    await hook(() => 'silence', { webhook: { failurePolicy: 'Ignore' } });
    const { status, body } = await create();
    expect([status, body.message]).toEqual([
      504,
      'Timeout: request did not complete within requested timeout',
    ]);
  });

  test('a block made while it was asked counts', async () => {
    await hook(async () => {
      const key = blockKey('principalId', 'AROAMALLORY0000000000');
      await blocked.commit({ changes: [{ type: 'put', key, value: '{}' }] });
      return allow;
    });
    const body = { metadata: { name: 'of-mallory' } };
    expect((await api.call('POST', configMaps, { token: 'mallory', body })).status).toBe(401);
    expect([server.seen.length, await exists('of-mallory')]).toEqual([1, false]);
  });

  test('a client that hangs up ends it', async () => {
    let began = (): void => undefined;
    const begun = new Promise<void>((resolve) => {
      began = resolve;
    });
    await hook(() => {
      began();
      return 'silence';
    });
    const before = api.outcomes.length;
    const body = JSON.stringify({ metadata: { name: 'hung-up' } });
    const request = httpsRequest({
      host: '127.0.0.1',
      port: api.port,
      path: clusterPath + configMaps,
      method: 'POST',
      ca: api.caPem,
      agent: false,
      headers: {
        authorization: 'Bearer admin',
        'content-type': 'application/json',
        'content-length': body.length,
      },
    });
    request.on('error', () => undefined);
    request.end(body);
    await begun;
    request.destroy();
    await expect.poll(() => api.outcomes.length).toBe(before + 1);
    expect(api.outcomes.at(-1)?.status).toBe(500);
  });

  test.each([
    [
      'nobody’s certificate',
      { caBundle: 'CA' },
      'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    ],
    [
      'a CA that is none',
      { caBundle: Buffer.from('x').toString('base64') },
      'certificate signed by unknown authority|unable to load root certificates',
    ],
    [
      'another host',
      { url: 'https://127.0.0.2:PORT/one' },
      'certificate is not valid for 127.0.0.2|connection refused',
    ],
    [
      'a closed port',
      { url: 'https://127.0.0.1:1/one' },
      'dial tcp 127.0.0.1:1: connect: connection refused',
    ],
    [
      'another machine',
      { url: 'https://192.0.2.1/one' },
      'dial tcp: 192.0.2.1 is not this machine: the server.s operator allows it with --admission-webhook-host',
    ],
    [
      'a name that somebody resolves',
      { url: 'https://metadata.example/one' },
      'dial tcp: metadata.example is not this machine',
    ],
  ])('%s is not trusted', async (_, client, text) => {
    const clientConfig = {
      url: `https://127.0.0.1:${server.port}/one`,
      caBundle: server.caBundle,
      ...client,
    };
    clientConfig.url = clientConfig.url.replace('PORT', String(server.port));
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    vi.spyOn(process, 'emitWarning').mockReturnValue();
    if (clientConfig.caBundle === 'CA') clientConfig.caBundle = Buffer.from(api.caPem).toString('base64');
    await hook(() => allow, { webhook: { clientConfig } });
    const { status, body } = await create();
    expect([status, body.message]).toEqual([500, expect.stringMatching(text)]);
    expect(server.seen).toEqual([]);
  });

  test('is passed over when its configuration says so', async () => {
    await hook(() => ({ status: 500, raw: '' }), { webhook: { failurePolicy: 'Ignore' } });
    expect((await create()).status).toBe(201);
    expect(server.seen).toHaveLength(1);
  });

  test('can always be taken away again', async () => {
    await hook(() => deny(), { resources: ['*/*'], apiGroups: ['*'] });
    expect((await create()).status).toBe(400);
    const [path = ''] = made.splice(0);
    expect((await api.call('DELETE', path)).status).toBe(200);
    expect((await create()).status).toBe(201);
  });
});

describe('what a webhook is told', () => {
  test('of a new object: everything but what only the server says', async () => {
    await hook(() => allow, { kind: 'mutating' });
    await hook(() => allow, { name: 'two' });
    await api.call('POST', `${configMaps}?fieldManager=me&fieldValidation=Strict&dryRun=All`, {
      token: 'alice',
      headers: { 'impersonate-user': 'x' },
      body: {},
    });
    expect(server.seen).toEqual([]);
    await create(
      { metadata: { generateName: 'made-', labels: { a: 'b' } }, data: { k: 'v' } },
      { query: '?fieldManager=me&dryRun=All' },
    );
    const [mutating, validating] = server.seen;
    const kind = { group: '', version: 'v1', kind: 'ConfigMap' };
    const resource = { group: '', version: 'v1', resource: 'configmaps' };
    expect(mutating?.review).toEqual({
      kind: 'AdmissionReview',
      apiVersion: 'admission.k8s.io/v1',
      request: {
        uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
        kind,
        resource,
        requestKind: kind,
        requestResource: resource,
        namespace: 'default',
        operation: 'CREATE',
        userInfo: { username: 'admin', uid: 'uid-admin', groups: expect.arrayContaining(['system:masters']) },
        object: {
          kind: 'ConfigMap',
          apiVersion: 'v1',
          metadata: { generateName: 'made-', namespace: 'default', labels: { a: 'b' } },
          data: { k: 'v' },
        },
        oldObject: null,
        dryRun: true,
        options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', dryRun: ['All'], fieldManager: 'me' },
      },
    });
    const { name, object } = validating?.review.request ?? {};
    expect(name).toMatch(/^made-\w{5}$/);
    expect(object.metadata).toMatchObject({
      name,
      uid: expect.any(String),
      creationTimestamp: expect.any(String),
    });
    expect(mutating?.headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': 'kube-apiserver-admission',
    });
    expect(mutating?.headers.authorization).toBeUndefined();
  });

  test('of subresources by their own rules, with their own kinds', async () => {
    await create(
      {
        spec: {
          replicas: 1,
          selector: { matchLabels: { a: 'b' } },
          template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
        },
      },
      { path: deployments },
    );
    const path = `${deployments}/c${count}`;
    await hook(() => allow, {
      kind: 'mutating',
      apiGroups: ['apps', ''],
      resources: ['deployments/scale', '*/status', 'pods/exec', 'serviceaccounts/token'],
    });
    const merge = { 'content-type': 'application/merge-patch+json' };
    await api.call('PATCH', `${path}/scale`, { body: { spec: { replicas: 3 } }, headers: merge });
    await api.call('PATCH', `${path}/status`, { body: { status: { replicas: 3 } }, headers: merge });
    await api.call('PATCH', path, { body: { metadata: { labels: { x: 'y' } } }, headers: merge });
    await api.call(
      'POST',
      '/api/v1/namespaces/default/pods/p/exec?command=ls&command=-l&container=c&stdout=true',
    );
    await api.call('POST', '/api/v1/namespaces/default/serviceaccounts/default/token', {
      body: { spec: {} },
    });
    const told = server.seen.map(({ review: { request } }) => [
      `${request.operation} ${request.resource.resource}/${request.subResource} ${request.name}`,
      `${request.kind.group}/${request.kind.version} ${request.kind.kind}`,
      request.object.kind,
      request.object.spec ?? request.object.status ?? request.object,
      request.oldObject?.kind,
    ]);
    expect(told).toEqual([
      [`UPDATE deployments/scale c${count}`, 'autoscaling/v1 Scale', 'Scale', { replicas: 3 }, 'Scale'],
      [
        `UPDATE deployments/status c${count}`,
        'apps/v1 Deployment',
        'Deployment',
        expect.objectContaining({ replicas: 3 }),
        'Deployment',
      ],
      [
        'CONNECT pods/exec p',
        '/v1 PodExecOptions',
        'PodExecOptions',
        { kind: 'PodExecOptions', apiVersion: 'v1', stdout: true, container: 'c', command: ['ls', '-l'] },
        undefined,
      ],
      [
        'CREATE serviceaccounts/token default',
        'authentication.k8s.io/v1 TokenRequest',
        'TokenRequest',
        {},
        undefined,
      ],
    ]);
  });

  test('selectors look at the namespace, and at the object before or after', async () => {
    await hook(() => deny(), {
      webhook: {
        namespaceSelector: {
          matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['hooks'] }],
        },
        objectSelector: { matchLabels: { watched: 'yes' } },
      },
    });
    const labels = { watched: 'yes' };
    expect((await create()).status).toBe(201);
    const path = `${configMaps}/c${count}`;
    const merge = { 'content-type': 'application/merge-patch+json' };
    expect((await api.call('PATCH', path, { body: { metadata: { labels } }, headers: merge })).status).toBe(
      400,
    );
    expect((await create({ metadata: { name: 'labelled', labels } })).status).toBe(400);
    const elsewhere = { path: '/api/v1/namespaces/hooks/configmaps' };
    expect((await create({ metadata: { name: 'labelled', labels } }, elsewhere)).status).toBe(201);
  });

  test('how something is deleted', async () => {
    await create();
    await hook(() => allow, { operations: ['DELETE'] });
    const options = { gracePeriodSeconds: 0, propagationPolicy: 'Background', dryRun: ['All'] };
    await api.call('DELETE', `${configMaps}/c${count}`, { body: { kind: 'DeleteOptions', ...options } });
    const { request } = server.seen[0]?.review ?? {};
    expect([request.object, request.oldObject.metadata.name, request.dryRun, request.options]).toEqual([
      null,
      `c${count}`,
      true,
      { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1', ...options },
    ]);
  });

  test('custom resources, in the version of the rule', async () => {
    const group = 'shop.example.com';
    const version = (name: string, storage: boolean) => ({
      name,
      served: true,
      storage,
      schema: {
        openAPIV3Schema: {
          type: 'object',
          properties: { spec: { type: 'object', properties: { size: { type: 'integer', maximum: 5 } } } },
        },
      },
    });
    const definition = await api.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      body: {
        metadata: { name: `hats.${group}` },
        spec: {
          group,
          scope: 'Namespaced',
          names: { plural: 'hats', singular: 'hat', kind: 'Hat' },
          versions: [version('v1', true), version('v2', false)],
        },
      },
    });
    expect(definition.status, definition.text).toBe(201);
    const path = `/apis/${group}/v1/namespaces/default/hats`;
    await expect.poll(async () => (await api.call('GET', path)).status).toBe(200);
    const rules = [{ operations: ['*'], apiGroups: [group], apiVersions: ['v2'], resources: ['*'] }];
    await hook(
      ({ object }) =>
        patch([
          { op: 'replace', path: '/spec', value: { size: object.spec.size + 1, unknown: true } },
          { op: 'add', path: '/metadata/labels', value: { seen: object.apiVersion.split('/')[1] } },
        ]),
      { kind: 'mutating', webhook: { rules } },
    );
    const created = await create({ spec: { size: 2 } }, { path });
    expect([
      created.status,
      created.body.apiVersion,
      created.body.metadata.labels,
      created.body.spec,
    ]).toEqual([201, `${group}/v1`, { seen: 'v2' }, { size: 3 }]);
    expect((await create({ spec: { size: 5 } }, { path })).status).toBe(422);
  });

  test('in v1beta1 what understands no other version, which is then believed without an uid', async () => {
    await hook(() => ({ raw: JSON.stringify({ response: { allowed: true } }) }), {
      webhook: { admissionReviewVersions: ['v1beta1'] },
    });
    expect((await create()).status).toBe(201);
    expect(server.seen[0]?.review.apiVersion).toBe('admission.k8s.io/v1beta1');
  });

  test('an event of either group, in the group of the rule', async () => {
    await hook(() => allow, { resources: ['events'], webhook: { namespaceSelector: {} } });
    const path = '/apis/events.k8s.io/v1/namespaces/default/events';
    const created = await create(
      {
        ...{ eventTime: '2026-01-01T00:00:00.000000Z', action: 'a', reason: 'r', type: 'Normal' },
        ...{ reportingController: 'a.b/c', reportingInstance: 'x', note: 'n' },
        regarding: { kind: 'Pod', namespace: 'default', name: 'p' },
      },
      { path },
    );
    expect(created.status, created.text).toBe(201);
    const { resource, requestResource, object } = server.seen[0]?.review.request ?? {};
    expect([resource.group, requestResource.group, object.apiVersion, object.message]).toEqual([
      '',
      'events.k8s.io',
      'v1',
      'n',
    ]);
  });

  test('a write in another version reaches who takes equivalents, in their version', async () => {
    const v1 = '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers';
    const body = {
      spec: {
        maxReplicas: 2,
        scaleTargetRef: { kind: 'Deployment', name: 'x' },
        targetCPUUtilizationPercentage: 50,
      },
    };
    const rules = [
      { operations: ['CREATE'], apiGroups: ['autoscaling'], apiVersions: ['v2'], resources: ['*'] },
    ];
    await hook(
      ({ object }) =>
        patch([{ op: 'replace', path: '/spec/maxReplicas', value: object.spec.maxReplicas + 1 }]),
      {
        kind: 'mutating',
        webhook: { rules },
      },
    );
    await hook(() => deny(), { name: 'exact', webhook: { rules, matchPolicy: 'Exact' } });
    const created = await create(body, { path: v1 });
    expect([created.status, created.body.apiVersion, created.body.spec]).toMatchObject([
      201,
      'autoscaling/v1',
      { maxReplicas: 3, targetCPUUtilizationPercentage: 50 },
    ]);
    const { request } = server.seen[0]?.review ?? {};
    expect([request.resource.version, request.requestResource.version, request.object.apiVersion]).toEqual([
      'v2',
      'v1',
      'autoscaling/v2',
    ]);
  });
});

describe('what a mutating webhook changes', () => {
  test('escalates nothing: the rules it adds are the writer’s to hold', async () => {
    await hook(
      () =>
        patch([
          { op: 'replace', path: '/rules', value: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] },
        ]),
      {
        kind: 'mutating',
        apiGroups: ['rbac.authorization.k8s.io'],
        resources: ['roles'],
      },
    );
    const [path = ''] = made;
    await api.call('POST', `${rbac}/namespaces/default/roles`, { body: { metadata: { name: 'before' } } });
    const rules = [{ apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'], verbs: ['create'] }];
    await api.call('DELETE', path);
    await api.call('POST', `${rbac}/clusterroles`, { body: { metadata: { name: 'writer' }, rules } });
    await api.call('POST', `${rbac}/clusterrolebindings`, {
      body: {
        metadata: { name: 'writer' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'writer' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'bob' }],
      },
    });
    made.splice(0);
    await hook(
      () =>
        patch([{ op: 'add', path: '/rules', value: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] }]),
      {
        kind: 'mutating',
        apiGroups: ['rbac.authorization.k8s.io'],
        resources: ['roles'],
      },
    );
    const answer = await api.call('POST', `${rbac}/namespaces/default/roles`, {
      token: 'bob',
      body: { metadata: { name: 'mine' }, rules },
    });
    expect([answer.status, answer.body.message]).toEqual([
      403,
      expect.stringContaining('attempting to grant RBAC permissions not currently held'),
    ]);
  });

  test('gives a pod no account that is not there, and no secret its account does not name', async () => {
    const annotations = { 'kubernetes.io/enforce-mountable-secrets': 'true' };
    await api.call('POST', '/api/v1/namespaces/default/serviceaccounts', {
      body: { metadata: { name: 'strict', annotations } },
    });
    const pods = '/api/v1/namespaces/default/pods';
    const volume = { name: 'v', secret: { secretName: 's' } };
    for (const [operation, text] of [
      [
        { op: 'replace', path: '/spec/serviceAccountName', value: 'nobody' },
        'serviceaccount "nobody" not found',
      ],
      [{ op: 'add', path: '/spec/volumes/-', value: volume }, 'strict does not reference that secret'],
    ] as const) {
      await hook(() => patch([operation]), { kind: 'mutating', resources: ['pods'] });
      const spec = { serviceAccountName: 'strict', containers: [{ name: 'c', image: 'i' }] };
      const { status, body } = await create({ spec }, { path: pods });
      expect([status, body.message]).toEqual([403, expect.stringContaining(text)]);
      expect(server.seen.at(-1)?.review.request.object.spec.volumes).toHaveLength(1);
      for (const path of made.splice(0)) await api.call('DELETE', path);
    }
  });

  test.each([
    ['name', 'name'],
    ['namespace', 'namespace'],
    ['uid', 'uid'],
  ])('not the %s', async (_, member) => {
    await create();
    const path = `${configMaps}/c${count}`;
    await hook(() => patch([{ op: 'add', path: `/metadata/${member}`, value: 'other' }]), {
      kind: 'mutating',
    });
    const text = `Internal error occurred: admission webhook "one.example.com" attempted to change metadata.${member}, which is not supported`;
    const merge = { 'content-type': 'application/merge-patch+json' };
    const answers = [
      await create(),
      await api.call('PATCH', path, { body: { data: { a: 'b' } }, headers: merge }),
    ];
    expect(answers.map(({ status, body }) => [status, body.message])).toEqual([
      [500, text],
      [500, text],
    ]);
  });

  test('not what only the server says', async () => {
    await hook(
      () =>
        patch([
          { op: 'add', path: '/metadata/creationTimestamp', value: '2001-01-01T00:00:00Z' },
          { op: 'add', path: '/metadata/resourceVersion', value: '7' },
          { op: 'add', path: '/metadata/deletionTimestamp', value: '2001-01-01T00:00:00Z' },
          { op: 'add', path: '/metadata/managedFields', value: [] },
          { op: 'add', path: '/status', value: { readyReplicas: 9 } },
        ]),
      { kind: 'mutating', apiGroups: ['apps'], resources: ['deployments'] },
    );
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const { body } = await create(
      { spec: { selector: { matchLabels: { a: 'b' } }, template } },
      { path: deployments },
    );
    expect(body.metadata.creationTimestamp).not.toMatch(/^2001/);
    expect([body.metadata.resourceVersion === '7', body.metadata.deletionTimestamp, body.status]).toEqual([
      false,
      undefined,
      undefined,
    ]);
    expect(body.metadata.managedFields).toHaveLength(1);
  });

  test.each<[string, () => unknown[], RegExp]>([
    [
      'nests without end',
      () =>
        Array.from({ length: 300 }, (_, depth) => ({
          op: 'add',
          path: '/data'.concat('/a'.repeat(depth)),
          value: {},
        })),
      /nests too deeply/,
    ],
    [
      'doubles what is there',
      () => [
        { op: 'add', path: '/data', value: { a: 'x'.repeat(200_000) } },
        ...Array.from({ length: 40 }, (_, index) => ({ op: 'copy', from: '/data', path: `/data/c${index}` })),
      ],
      /copies too much/,
    ],
    ['does not apply', () => [{ op: 'test', path: '/data', value: 1 }], /rejected our request/],
    [
      'makes labels of numbers',
      () => [{ op: 'add', path: '/metadata/labels', value: { a: 1 } }],
      /labels is not a map of strings/,
    ],
    [
      'makes data of numbers',
      () => [{ op: 'add', path: '/data', value: { a: 1 } }],
      /expected string, got number/,
    ],
    [
      'makes another kind',
      () => [{ op: 'replace', path: '/kind', value: 'Secret' }],
      /does not match the kind/,
    ],
  ])('nothing when it %s', async (_, operations, text) => {
    await hook(() => patch(operations()), { kind: 'mutating' });
    const { status, body } = await create();
    expect([status, body.message]).toEqual([500, expect.stringMatching(text)]);
    expect(body.message).toMatch(/^Internal error occurred: /);
  });

  test('is validated like what a client writes', async () => {
    await hook(() => patch([{ op: 'add', path: '/data', value: { 'no key': 'x' } }]), { kind: 'mutating' });
    expect((await create()).status).toBe(422);
  });

  test('goes from one to the next by their names, and again to who asks for it', async () => {
    const order: string[] = [];
    const add = (name: string) => (request: Review) => {
      order.push(name);
      const seen = request.object.data?.seen ?? '';
      return patch([{ op: 'add', path: '/data', value: { seen: `${seen}${name}` } }]);
    };
    await hook(add('b'), { kind: 'mutating', name: 'b' });
    await hook(add('c'), { kind: 'mutating', name: 'c', webhook: { reinvocationPolicy: 'IfNeeded' } });
    await hook(add('a'), { kind: 'mutating', name: 'a', webhook: { reinvocationPolicy: 'IfNeeded' } });
    const { body } = await create();
    // `c` came last: nothing it has not seen came after it, but for what `a` added in the second round.
    expect([order.join(''), body.data.seen]).toEqual(['abcac', 'abcac']);
  });

  test('warns, and is remembered in the audit record', async () => {
    await hook(
      () =>
        patch([{ op: 'add', path: '/data', value: { a: 'b' } }], {
          warnings: ['careful'],
          auditAnnotations: { why: 'because' },
        }),
      { kind: 'mutating' },
    );
    const created = await create();
    expect(created.headers.warning).toBe('299 - "careful"');
    const event = await auditEvent(created);
    expect(event?.annotations).toMatchObject({
      'one.example.com/why': 'because',
      'mutation.webhook.admission.k8s.io/round_0_index_0':
        '{"configuration":"one","webhook":"one.example.com","mutated":true}',
      'authorization.k8s.io/decision': 'allow',
    });
  });

  test('what the server itself says of a request is not the webhook’s to say', async () => {
    await hook(
      () => ({ response: { allowed: true, auditAnnotations: { 'issued-credential-id': 'forged' } } }),
      {
        resources: ['serviceaccounts/token'],
        webhook: { name: 'authentication.kubernetes.io' },
      },
    );
    const token = await api.call('POST', '/api/v1/namespaces/default/serviceaccounts/default/token', {
      body: { spec: {} },
    });
    const event = await auditEvent(token);
    expect([token.status, server.seen.length]).toEqual([201, 1]);
    expect(event?.annotations['authentication.kubernetes.io/issued-credential-id']).toMatch(/^JTI=/);
  });

  test('replicas of a scale, but nothing else of the object', async () => {
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    await create({ spec: { selector: { matchLabels: { a: 'b' } }, template } }, { path: deployments });
    await hook(() => patch([{ op: 'replace', path: '/spec', value: { replicas: 7, paused: true } }]), {
      kind: 'mutating',
      apiGroups: ['apps'],
      resources: ['deployments/scale'],
    });
    const path = `${deployments}/c${count}`;
    const merge = { 'content-type': 'application/merge-patch+json' };
    await api.call('PATCH', `${path}/scale`, { body: { spec: { replicas: 3 } }, headers: merge });
    const { spec } = (await api.call('GET', path)).body;
    expect([spec.replicas, spec.paused]).toEqual([7, undefined]);
  });

  test('nothing of what is deleted', async () => {
    await create();
    await hook(() => patch([{ op: 'add', path: '/data', value: {} }]), {
      kind: 'mutating',
      operations: ['DELETE'],
    });
    const { status, body } = await api.call('DELETE', `${configMaps}/c${count}`);
    expect([status, body.message]).toEqual([
      500,
      'Internal error occurred: admission webhook "one.example.com" attempted to modify the object, which is not supported for this operation',
    ]);
  });
});

test('a webhook may write while it is asked', async () => {
  await hook(async ({ object }) => {
    if (object.metadata.name === 'inner') return allow;
    const inner = await api.call('POST', configMaps, { body: { metadata: { name: 'inner' } } });
    return inner.status === 201 ? allow : deny();
  });
  expect((await create()).status).toBe(201);
  expect(await exists('inner')).toBe(true);
});

test('a webhook behind a service is reached where its endpoints say, under the service’s name', async () => {
  const service = { namespace: 'hooks', name: 'hook', path: '/one' };
  const clientConfig = { service, caBundle: server.caBundle };
  await hook(() => allow, { webhook: { clientConfig } });
  const texts: string[] = [];
  const tell = async () => texts.push((await create()).body.message ?? 'created');
  const post = async (path: string, body: object) =>
    expect((await api.call('POST', path, { body })).status).toBe(201);
  await tell();
  await post('/api/v1/namespaces/hooks/services', {
    metadata: { name: 'hook' },
    spec: { ports: [{ port: 443 }] },
  });
  await tell();
  await post('/apis/discovery.k8s.io/v1/namespaces/hooks/endpointslices', {
    metadata: { name: 'hook-1', labels: { 'kubernetes.io/service-name': 'hook' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['127.0.0.1'] }],
    ports: [{ name: '', port: server.port }],
  });
  await tell();
  const failed =
    'Internal error occurred: failed calling webhook "one.example.com": failed to call webhook: Post "https://hook.hooks.svc:443/one?timeout=10s": ';
  expect(texts).toEqual([
    `${failed}service "hook" not found`,
    `${failed}no endpoints available for service "hook"`,
    'created',
  ]);
  expect(server.seen[0]?.headers.host).toBe('hook.hooks.svc:443');
});

test('a CA bundle, or a value of a Secret, that is no base64 is not stored', async () => {
  const clientConfig = { url: 'https://127.0.0.1/', caBundle: '!!!' };
  const webhooks = [
    { name: 'a.example.com', clientConfig, sideEffects: 'None', admissionReviewVersions: ['v1'] },
  ];
  const answers = [
    await create({ webhooks }, { path: `${registration}/validatingwebhookconfigurations` }),
    await create({ data: { a: 'aGVs-' } }, { path: '/api/v1/namespaces/default/secrets' }),
  ];
  expect(answers.map(({ status, body }) => [status, body.message])).toEqual([
    [
      400,
      'ValidatingWebhookConfiguration in version "v1" cannot be handled as a ValidatingWebhookConfiguration: illegal base64 data at input byte 0',
    ],
    [400, 'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 4'],
  ]);
});

test('a configuration tells its writer what is read otherwise here', async () => {
  const conditions = await hook(() => allow, {
    webhook: { matchConditions: [{ name: 'c', expression: 'false' }] },
  });
  expect(conditions.headers.warning).toBe(
    '299 - "webhook one.example.com: matchConditions are not evaluated; it is called whenever its rules and selectors match"',
  );
  await create();
  expect(server.seen).toHaveLength(1);
  const clientConfig = { url: 'https://hook.example.com/' };
  const far = await hook(() => allow, { name: 'far', webhook: { clientConfig } });
  expect(far.headers.warning).toContain('hook.example.com is not this machine and will not be called');
});

test('who makes a policy of expressions is told that nothing comes of it', async () => {
  const path = `${registration}/validatingadmissionpolicies`;
  expect((await create({ spec: {} }, { path })).headers.warning).toBe(
    '299 - "ValidatingAdmissionPolicy is stored but not enforced here: it refuses nothing"',
  );
});

test('a webhook with side effects is not asked of a dry run', async () => {
  // Only a configuration from before they were forbidden can have them.
  await hook(() => allow);
  const key = 'object/c1/admissionregistration.k8s.io/validatingwebhookconfigurations//one';
  const { value = '' } = (await api.storage.get(key)) ?? {};
  await api.storage.commit({ changes: [{ type: 'put', key, value: value.replace('"None"', '"Some"') }] });
  const { status, body } = await create({}, { query: '?dryRun=All' });
  expect([status, body.message]).toEqual([
    400,
    'admission webhook "one.example.com" does not support dry run',
  ]);
  expect((await create()).status).toBe(201);
});

test('of two definitions of one kind that a webhook holds up at the same moment, one gets the name', async () => {
  let bothAreAsked = (): void => undefined;
  const both = new Promise<void>((done) => {
    bothAreAsked = done;
  });
  let calls = 0;
  await hook(
    async () => {
      calls += 1;
      if (calls === 2) bothAreAsked();
      await both;
      return allow;
    },
    { resources: ['customresourcedefinitions'], apiGroups: ['apiextensions.k8s.io'], operations: ['CREATE'] },
  );
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const schema = { openAPIV3Schema: { type: 'object' } };
  const answers = await Promise.all(
    ['boats', 'ships'].map((plural) => {
      made.push(`${definitions}/${plural}.harbour.example.com`);
      return api.call('POST', definitions, {
        body: {
          metadata: { name: `${plural}.harbour.example.com` },
          spec: {
            group: 'harbour.example.com',
            scope: 'Namespaced',
            names: { plural, kind: 'Vessel' },
            versions: [{ name: 'v1', served: true, storage: true, schema }],
          },
        },
      });
    }),
  );
  const accepted = answers.map(
    ({ body }) =>
      body.status.conditions.find(({ type }: { type: string }) => type === 'NamesAccepted').status,
  );
  expect(accepted.sort()).toEqual(['False', 'True']);
});
