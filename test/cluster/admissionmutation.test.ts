import { describe, expect, test } from 'vitest';
import { configMaps, deployments, openAdmissionWorld } from './admissionworld.ts';
import { patch, type Review } from './webhookserver.ts';

const rbac = '/apis/rbac.authorization.k8s.io/v1';

const world = openAdmissionWorld();
const { hook, create, auditEvent, made } = world;

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
    await world.api.call('POST', `${rbac}/namespaces/default/roles`, {
      body: { metadata: { name: 'before' } },
    });
    const rules = [{ apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'], verbs: ['create'] }];
    await world.api.call('DELETE', path);
    await world.api.call('POST', `${rbac}/clusterroles`, { body: { metadata: { name: 'writer' }, rules } });
    await world.api.call('POST', `${rbac}/clusterrolebindings`, {
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
    const answer = await world.api.call('POST', `${rbac}/namespaces/default/roles`, {
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
    await world.api.call('POST', '/api/v1/namespaces/default/serviceaccounts', {
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
      expect(world.server.seen.at(-1)?.review.request.object.spec.volumes).toHaveLength(1);
      for (const path of made.splice(0)) await world.api.call('DELETE', path);
    }
  });

  test.each([
    ['name', 'name'],
    ['namespace', 'namespace'],
    ['uid', 'uid'],
  ])('not the %s', async (_, member) => {
    await create();
    const path = `${configMaps}/c${world.count}`;
    await hook(() => patch([{ op: 'add', path: `/metadata/${member}`, value: 'other' }]), {
      kind: 'mutating',
    });
    const text = `Internal error occurred: admission webhook "one.example.com" attempted to change metadata.${member}, which is not supported`;
    const merge = { 'content-type': 'application/merge-patch+json' };
    const answers = [
      await create(),
      await world.api.call('PATCH', path, { body: { data: { a: 'b' } }, headers: merge }),
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
    const token = await world.api.call('POST', '/api/v1/namespaces/default/serviceaccounts/default/token', {
      body: { spec: {} },
    });
    const event = await auditEvent(token);
    expect([token.status, world.server.seen.length]).toEqual([201, 1]);
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
    const path = `${deployments}/c${world.count}`;
    const merge = { 'content-type': 'application/merge-patch+json' };
    await world.api.call('PATCH', `${path}/scale`, { body: { spec: { replicas: 3 } }, headers: merge });
    const { spec } = (await world.api.call('GET', path)).body;
    expect([spec.replicas, spec.paused]).toEqual([7, undefined]);
  });

  test('nothing of what is deleted', async () => {
    await create();
    await hook(() => patch([{ op: 'add', path: '/data', value: {} }]), {
      kind: 'mutating',
      operations: ['DELETE'],
    });
    const { status, body } = await world.api.call('DELETE', `${configMaps}/c${world.count}`);
    expect([status, body.message]).toEqual([
      500,
      'Internal error occurred: admission webhook "one.example.com" attempted to modify the object, which is not supported for this operation',
    ]);
  });
});
