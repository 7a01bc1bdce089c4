import { describe, expect, test } from 'vitest';
import { configMaps, deployments, openAdmissionWorld, registration } from './admissionworld.ts';
import { allow, deny, patch } from './webhookserver.ts';

const world = openAdmissionWorld();
const { hook, create, exists, made } = world;

describe('what a webhook is told', () => {
  test('of a new object: everything but what only the server says', async () => {
    await hook(() => allow, { kind: 'mutating' });
    await hook(() => allow, { name: 'two' });
    await world.api.call('POST', `${configMaps}?fieldManager=me&fieldValidation=Strict&dryRun=All`, {
      token: 'alice',
      headers: { 'impersonate-user': 'x' },
      body: {},
    });
    expect(world.server.seen).toEqual([]);
    await create(
      { metadata: { generateName: 'made-', labels: { a: 'b' } }, data: { k: 'v' } },
      { query: '?fieldManager=me&dryRun=All' },
    );
    const [mutating, validating] = world.server.seen;
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
    const path = `${deployments}/c${world.count}`;
    await hook(() => allow, {
      kind: 'mutating',
      apiGroups: ['apps', ''],
      resources: ['deployments/scale', '*/status', 'pods/exec', 'serviceaccounts/token'],
    });
    const merge = { 'content-type': 'application/merge-patch+json' };
    await world.api.call('PATCH', `${path}/scale`, { body: { spec: { replicas: 3 } }, headers: merge });
    await world.api.call('PATCH', `${path}/status`, { body: { status: { replicas: 3 } }, headers: merge });
    await world.api.call('PATCH', path, { body: { metadata: { labels: { x: 'y' } } }, headers: merge });
    await world.api.call(
      'POST',
      '/api/v1/namespaces/default/pods/p/exec?command=ls&command=-l&container=c&stdout=true',
    );
    await world.api.call('POST', '/api/v1/namespaces/default/serviceaccounts/default/token', {
      body: { spec: {} },
    });
    const told = world.server.seen.map(({ review: { request } }) => [
      `${request.operation} ${request.resource.resource}/${request.subResource} ${request.name}`,
      `${request.kind.group}/${request.kind.version} ${request.kind.kind}`,
      request.object.kind,
      request.object.spec ?? request.object.status ?? request.object,
      request.oldObject?.kind,
    ]);
    expect(told).toEqual([
      [`UPDATE deployments/scale c${world.count}`, 'autoscaling/v1 Scale', 'Scale', { replicas: 3 }, 'Scale'],
      [
        `UPDATE deployments/status c${world.count}`,
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
    const path = `${configMaps}/c${world.count}`;
    const merge = { 'content-type': 'application/merge-patch+json' };
    expect(
      (await world.api.call('PATCH', path, { body: { metadata: { labels } }, headers: merge })).status,
    ).toBe(400);
    expect((await create({ metadata: { name: 'labelled', labels } })).status).toBe(400);
    const elsewhere = { path: '/api/v1/namespaces/hooks/configmaps' };
    expect((await create({ metadata: { name: 'labelled', labels } }, elsewhere)).status).toBe(201);
  });

  test('how something is deleted', async () => {
    await create();
    await hook(() => allow, { operations: ['DELETE'] });
    const options = { gracePeriodSeconds: 0, propagationPolicy: 'Background', dryRun: ['All'] };
    await world.api.call('DELETE', `${configMaps}/c${world.count}`, {
      body: { kind: 'DeleteOptions', ...options },
    });
    const { request } = world.server.seen[0]?.review ?? {};
    expect([request.object, request.oldObject.metadata.name, request.dryRun, request.options]).toEqual([
      null,
      `c${world.count}`,
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
    const definition = await world.api.call(
      'POST',
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      {
        body: {
          metadata: { name: `hats.${group}` },
          spec: {
            group,
            scope: 'Namespaced',
            names: { plural: 'hats', singular: 'hat', kind: 'Hat' },
            versions: [version('v1', true), version('v2', false)],
          },
        },
      },
    );
    expect(definition.status, definition.text).toBe(201);
    const path = `/apis/${group}/v1/namespaces/default/hats`;
    await expect.poll(async () => (await world.api.call('GET', path)).status).toBe(200);
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
    expect(world.server.seen[0]?.review.apiVersion).toBe('admission.k8s.io/v1beta1');
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
    const { resource, requestResource, object } = world.server.seen[0]?.review.request ?? {};
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
    const { request } = world.server.seen[0]?.review ?? {};
    expect([request.resource.version, request.requestResource.version, request.object.apiVersion]).toEqual([
      'v2',
      'v1',
      'autoscaling/v2',
    ]);
  });
});

test('a webhook may write while it is asked', async () => {
  await hook(async ({ object }) => {
    if (object.metadata.name === 'inner') return allow;
    const inner = await world.api.call('POST', configMaps, { body: { metadata: { name: 'inner' } } });
    return inner.status === 201 ? allow : deny();
  });
  expect((await create()).status).toBe(201);
  expect(await exists('inner')).toBe(true);
});

test('a webhook behind a service is reached where its endpoints say, under the service’s name', async () => {
  const service = { namespace: 'hooks', name: 'hook', path: '/one' };
  const clientConfig = { service, caBundle: world.server.caBundle };
  await hook(() => allow, { webhook: { clientConfig } });
  const texts: string[] = [];
  const tell = async () => texts.push((await create()).body.message ?? 'created');
  const post = async (path: string, body: object) =>
    expect((await world.api.call('POST', path, { body })).status).toBe(201);
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
    ports: [{ name: '', port: world.server.port }],
  });
  await tell();
  const failed =
    'Internal error occurred: failed calling webhook "one.example.com": failed to call webhook: Post "https://hook.hooks.svc:443/one?timeout=10s": ';
  expect(texts).toEqual([
    `${failed}service "hook" not found`,
    `${failed}no endpoints available for service "hook"`,
    'created',
  ]);
  expect(world.server.seen[0]?.headers.host).toBe('hook.hooks.svc:443');
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
  expect(world.server.seen).toHaveLength(1);
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
  const { value = '' } = (await world.api.storage.get(key)) ?? {};
  await world.api.storage.commit({
    changes: [{ type: 'put', key, value: value.replace('"None"', '"Some"') }],
  });
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
      return world.api.call('POST', definitions, {
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
