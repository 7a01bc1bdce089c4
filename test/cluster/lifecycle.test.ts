import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startTestApi, type TestApi } from './fixture.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  for (const name of ['team-a', 'team-b']) {
    await api.call('POST', '/api/v1/namespaces', { body: { metadata: { name } } });
  }
});
afterAll(() => api.close());

const inTeam = (resource: string, namespace = 'team-a'): string =>
  `/api/v1/namespaces/${namespace}/${resource}`;
const configmaps = inTeam('configmaps');

interface Reference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly blockOwnerDeletion?: boolean;
}

interface Made {
  readonly path: string;
  readonly reference: Reference;
}

interface Extra {
  readonly ownerReferences?: readonly Reference[];
  readonly finalizers?: readonly string[];
}

async function make(
  collection: string,
  name: string,
  extra: Extra = {},
  members: object = {},
): Promise<Made> {
  const { status, body } = await api.call('POST', collection, {
    body: { ...members, metadata: { name, ...extra } },
  });
  if (status !== 201) throw new Error(JSON.stringify(body));
  const { apiVersion, kind, metadata } = body;
  return {
    path: `${collection}/${name}`,
    reference: { apiVersion, kind, name, uid: metadata.uid },
  };
}

const owned = (...owners: readonly Made[]): Extra => ({
  ownerReferences: owners.map(({ reference }) => reference),
});
const blocking = (...owners: readonly Made[]): Extra => ({
  ownerReferences: owners.map(({ reference }) => ({ ...reference, blockOwnerDeletion: true })),
});
const remove = (made: Made, body?: object) =>
  api.call('DELETE', made.path, body === undefined ? {} : { body });
const release = (made: Made) =>
  api.call('PATCH', made.path, {
    body: { metadata: { finalizers: null } },
    headers: { 'content-type': 'application/merge-patch+json' },
  });

/** Status of a GET after everything that was begun has been done. */
async function statusOf(made: Made): Promise<number> {
  await api.api.idle();
  return (await api.call('GET', made.path)).status;
}
async function read(made: Made) {
  await api.api.idle();
  return (await api.call('GET', made.path)).body;
}

describe('what is not collected', () => {
  test('an object that still has one of its owners; it only loses the reference to the other', async () => {
    const [gone, stays] = [await make(configmaps, 'k-gone'), await make(configmaps, 'k-stays')];
    const child = await make(configmaps, 'k-child', owned(gone, stays));
    await remove(gone);
    expect((await read(child)).metadata.ownerReferences).toEqual([stays.reference]);
  });

  test('an object whose owner is being deleted and held by somebody else', async () => {
    const owner = await make(configmaps, 'held-owner', { finalizers: ['acme.example/x'] });
    const child = await make(configmaps, 'held-child', owned(owner));
    await remove(owner);
    expect(await statusOf(child)).toBe(200);
    await release(owner);
    expect(await statusOf(child)).toBe(404);
  });

  test('an object whose owner is of a kind that nobody serves', async () => {
    const reference = { apiVersion: 'acme.example/v1', kind: 'Widget', name: 'w', uid: 'u' };
    const child = await make(configmaps, 'of-widget', { ownerReferences: [reference] });
    expect(await statusOf(child)).toBe(200);
  });

  test('a cluster-wide object with an owner in a namespace, of which an event tells', async () => {
    const owner = await make(configmaps, 'small');
    const child = await make('/apis/rbac.authorization.k8s.io/v1/clusterroles', ':Of:small:', owned(owner));
    await remove(owner);
    expect(await statusOf(child)).toBe(200);
    const { body } = await api.call('GET', '/api/v1/namespaces/default/events');
    expect(body.items).toMatchObject([
      {
        metadata: { name: expect.stringMatching(/^of-small\.[0-9a-f]{16}$/) },
        involvedObject: { kind: 'ClusterRole', name: ':Of:small:' },
        reason: 'OwnerRefInvalidNamespace',
        type: 'Warning',
        message: `ownerRef [v1/ConfigMap, namespace: , name: small, uid: ${owner.reference.uid}] does not exist in namespace ""`,
        source: { component: 'garbage-collector-controller' },
      },
    ]);
  });

  test('an object that names more owners than anybody would look for', async () => {
    const many = Array.from({ length: 1_001 }, (_, index) => ({
      ...{ apiVersion: 'v1', kind: 'ConfigMap', name: 'nobody', uid: `u${index}` },
    }));
    const child = await make(configmaps, 'of-many', { ownerReferences: many });
    expect(await statusOf(child)).toBe(200);
    const fewer = await make(configmaps, 'of-fewer', { ownerReferences: many.slice(1) });
    expect(await statusOf(fewer)).toBe(404);
  });

  test('a namespace that is protected', async () => {
    const owner = await make('/apis/rbac.authorization.k8s.io/v1/clusterroles', 'owns-system');
    await api.call('PATCH', '/api/v1/namespaces/kube-system', {
      body: { metadata: { ownerReferences: [owner.reference] } },
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    await remove(owner);
    const path = '/api/v1/namespaces/kube-system';
    expect((await read({ ...owner, path })).status.phase).toBe('Active');
    await api.call('PATCH', path, {
      body: { metadata: { ownerReferences: null } },
      headers: { 'content-type': 'application/merge-patch+json' },
    });
  });

  test('the pods of a job that is deleted without a word of them, as batch/v1 always did', async () => {
    const jobs = '/apis/batch/v1/namespaces/team-a/jobs';
    const spec = { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } };
    const job = await make(jobs, 'once', {}, { spec });
    const pod = await make(inTeam('pods'), 'of-once', owned(job), { spec: spec.template.spec });
    const answer = await remove(job);
    expect(answer.headers.warning).toBe(
      '299 - "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning"',
    );
    expect((await read(pod)).metadata.ownerReferences).toBeUndefined();
    expect(await statusOf(job)).toBe(404);
    const second = await make(jobs, 'twice', {}, { spec });
    const other = await make(inTeam('pods'), 'of-twice', owned(second), { spec: spec.template.spec });
    expect((await remove(second, { propagationPolicy: 'Background' })).headers.warning).toBeUndefined();
    expect(await statusOf(other)).toBe(404);
  });
});

describe('propagation', () => {
  test('background: the owner goes at once, its dependents and theirs soon after', async () => {
    const owner = await make(configmaps, 'b-owner');
    const child = await make(configmaps, 'b-child', owned(owner));
    const grandchild = await make(configmaps, 'b-grandchild', owned(child));
    expect((await remove(owner)).body).toMatchObject({ kind: 'Status', status: 'Success' });
    expect([await statusOf(child), await statusOf(grandchild)]).toEqual([404, 404]);
  });

  test('foreground: the owner stays until the dependents that block it are gone', async () => {
    const owner = await make(configmaps, 'f-owner');
    const child = await make(configmaps, 'f-child', blocking(owner));
    const slow = await make(configmaps, 'f-slow', {
      ...blocking(child),
      finalizers: ['acme.example/x'],
    });
    const answer = await remove(owner, { propagationPolicy: 'Foreground' });
    expect(answer.status).toBe(200);
    expect(answer.body.metadata).toMatchObject({
      finalizers: ['foregroundDeletion'],
      deletionTimestamp: expect.any(String),
      deletionGracePeriodSeconds: 0,
    });
    expect((await read(child)).metadata.finalizers).toEqual(['foregroundDeletion']);
    expect([await statusOf(owner), await statusOf(slow)]).toEqual([200, 200]);
    await release(slow);
    expect([await statusOf(owner), await statusOf(child), await statusOf(slow)]).toEqual([404, 404, 404]);
  });

  test('foreground: a dependent that somebody else keeps holds nobody up', async () => {
    const [owner, other] = [await make(configmaps, 'f2-owner'), await make(configmaps, 'f2-other')];
    const child = await make(configmaps, 'f2-child', blocking(owner, other));
    await remove(owner, { propagationPolicy: 'Foreground' });
    expect([await statusOf(owner), await statusOf(child)]).toEqual([404, 200]);
    expect((await read(child)).metadata.ownerReferences).toHaveLength(1);
  });

  test.each([
    ['in the body', { propagationPolicy: 'Orphan' }, ''],
    ['in the old way', { orphanDependents: true }, ''],
    ['in the query', undefined, '?propagationPolicy=Orphan'],
    ['in the query beside a body', {}, '?propagationPolicy=Orphan'],
  ])('orphan, said %s: the dependents stay and name the owner no longer', async (_, body, query) => {
    const owner = await make(configmaps, 'o-owner');
    const child = await make(configmaps, 'o-child', owned(owner));
    const answer = await api.call('DELETE', `${owner.path}${query}`, body === undefined ? {} : { body });
    expect(answer.body.metadata.finalizers).toEqual(['orphan']);
    const left = await read(child);
    expect(left.metadata.ownerReferences).toBeUndefined();
    const fields = JSON.stringify(left.metadata.managedFields);
    expect(fields).not.toContain('ownerReferences');
    expect(await statusOf(owner)).toBe(404);
    await remove(child);
  });

  test('dependents that come when their owner is gone, or replaced under its name, are collected', async () => {
    const owner = await make(configmaps, 'early');
    await remove(owner);
    await make(configmaps, 'early');
    const late = await make(configmaps, 'late', owned(owner));
    expect(await statusOf(late)).toBe(404);
    expect(await statusOf(owner)).toBe(200);
  });

  test('an owner in another namespace counts as absent, and an event says so', async () => {
    const owner = await make(inTeam('configmaps', 'team-b'), 'foreign');
    const child = await make(configmaps, 'abroad', owned(owner));
    expect([await statusOf(child), await statusOf(owner)]).toEqual([404, 200]);
    const { body } = await api.call('GET', inTeam('events'));
    expect(body.items).toMatchObject([
      { involvedObject: { name: 'abroad' }, reason: 'OwnerRefInvalidNamespace', type: 'Warning' },
    ]);
  });

  test('circles are deleted, whatever way they are deleted', async () => {
    for (const propagationPolicy of ['Background', 'Foreground']) {
      const names = ['c1', 'c2', 'c3'];
      const ring = [];
      for (const name of names) ring.push(await make(configmaps, name));
      for (const [index, made] of ring.entries()) {
        const [owner] = [ring[(index + 1) % 3] as Made];
        const { ownerReferences } = blocking(owner, made);
        await api.call('PATCH', made.path, {
          body: { metadata: { ownerReferences } },
          headers: { 'content-type': 'application/merge-patch+json' },
        });
      }
      for (const made of ring) expect(await statusOf(made)).toBe(200);
      await remove(ring[0] as Made, { propagationPolicy });
      for (const made of ring) {
        // An object that owns itself stays in the background: its owner is there.
        await remove(made, { propagationPolicy });
      }
      for (const made of ring) expect(await statusOf(made)).toBe(404);
    }
  });
});

describe('options of a delete', () => {
  test.each([
    [
      { propagationPolicy: 'Later' },
      422,
      'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "Later": supported values: "Foreground", "Background", "Orphan", "nil"',
    ],
    [
      { propagationPolicy: 'Orphan', orphanDependents: true },
      422,
      'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
    ],
    [{ orphanDependents: 'yes' }, 400, 'orphanDependents is not a boolean'],
    [{ gracePeriodSeconds: 'soon' }, 400, 'gracePeriodSeconds is not a number'],
    [
      { preconditions: { uid: 'other' } },
      409,
      'Operation cannot be fulfilled on ConfigMap "kept": the UID in the precondition (other) does not match the UID in record (UID). The object might have been deleted and then recreated',
    ],
    [
      { preconditions: { resourceVersion: '1' } },
      409,
      'Operation cannot be fulfilled on ConfigMap "kept": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (VERSION). The object might have been modified',
    ],
  ])('%j is refused', async (body, code, message) => {
    const kept = await make(configmaps, 'kept');
    const { metadata } = await read(kept);
    const answer = await remove(kept, body);
    expect(answer.status).toBe(code);
    const said = answer.body.message
      .replace(metadata.uid, 'UID')
      .replace(metadata.resourceVersion, 'VERSION');
    expect(said).toBe(message);
    await remove(kept);
  });

  test('a dry run deletes nothing, however it propagates', async () => {
    const owner = await make(configmaps, 'dry', { finalizers: ['acme.example/x'] });
    const child = await make(configmaps, 'dry-child', owned(owner));
    for (const propagationPolicy of ['Background', 'Foreground', 'Orphan']) {
      await remove(owner, { dryRun: ['All'], propagationPolicy });
      await api.call('DELETE', configmaps, { body: { dryRun: ['All'], propagationPolicy } });
    }
    const left = await read(owner);
    expect(left.metadata).not.toHaveProperty('deletionTimestamp');
    expect(left.metadata.finalizers).toEqual(['acme.example/x']);
    expect(await statusOf(child)).toBe(200);
  });

  test('a collection is deleted with its policy', async () => {
    const secrets = inTeam('secrets');
    const owner = await make(secrets, 's-owner');
    const child = await make(configmaps, 's-child', owned(owner));
    await api.call('DELETE', secrets, { body: { propagationPolicy: 'Orphan' } });
    expect([await statusOf(owner), await statusOf(child)]).toEqual([404, 200]);
  });

  test('a new object may say that it has no resourceVersion', async () => {
    const metadata = { name: 'version-zero', resourceVersion: '0' };
    expect((await api.call('POST', configmaps, { body: { metadata } })).status).toBe(201);
  });

  test('202 is for an object that is held and deleted in the old way alone', async () => {
    const held = await make(configmaps, 'old-way', { finalizers: ['acme.example/x'] });
    expect((await remove(held, { orphanDependents: false })).status).toBe(202);
    expect((await remove(held)).status).toBe(200);
    await release(held);
  });

  test('of a collection with a limit, that page alone is deleted', async () => {
    const secrets = inTeam('secrets');
    for (const name of ['p1', 'p2', 'p3']) await make(secrets, name);
    const { body } = await api.call('DELETE', `${secrets}?limit=2`);
    expect(body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toEqual([
      'p1',
      'p2',
    ]);
    expect((await api.call('GET', secrets)).body.items).toMatchObject([{ metadata: { name: 'p3' } }]);
    await api.call('DELETE', `${secrets}?limit=2&continue=${body.metadata.continue}`);
    expect((await api.call('GET', secrets)).body.items).toEqual([]);
  });

  test.each([
    [{ finalizers: ['no spaces'] }, 'metadata.finalizers: Invalid value: "no spaces"'],
    [
      { finalizers: ['orphan', 'foregroundDeletion'] },
      'finalizer orphan and foregroundDeletion cannot be both set',
    ],
    [
      { ownerReferences: [{ apiVersion: 'v1', kind: 'Event', name: 'e', uid: 'u' }] },
      '/v1, Kind=Event is disallowed from being an owner',
    ],
    [
      { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'e', uid: '' }] },
      'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
    ],
    [
      { finalizers: ['acme.example/x', 'mine'] },
      'metadata.finalizers[1]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
    ],
  ])('an object with %j is refused', async (metadata, part) => {
    const answer = await api.call('POST', configmaps, { body: { metadata: { name: 'wrong', ...metadata } } });
    expect(answer.status).toBe(422);
    expect(answer.body.message).toContain(part);
  });
});

describe('namespaces that are being deleted', () => {
  const finalize = (name: string, finalizers: readonly string[]) =>
    api.call('PUT', `/api/v1/namespaces/${name}/finalize`, {
      body: { metadata: { name }, spec: { finalizers } },
    });
  const namespace = async (name: string, spec: object = {}): Promise<Made> =>
    make('/api/v1/namespaces', name, {}, { spec });

  test('are those with a time of deletion, not those where such words stand', async () => {
    const made = await namespace('lives');
    const inside = await make(
      inTeam('configmaps', 'lives'),
      'stays',
      {},
      { data: { deletionTimestamp: 'x' } },
    );
    await api.call('PATCH', made.path, {
      body: { metadata: { annotations: { deletionTimestamp: '2026-01-01T00:00:00Z' } } },
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    expect([await statusOf(made), await statusOf(inside)]).toEqual([200, 200]);
  });

  test('tell what remains in them, word by word as Kubernetes does', async () => {
    const made = await namespace('remains');
    const inside = await make(inTeam('configmaps', 'remains'), 'a', {
      finalizers: ['acme.example/x', 'acme.example/y'],
    });
    await make(inTeam('secrets', 'remains'), 'b');
    const widgets = '/apis/apps/v1/namespaces/remains/controllerrevisions';
    const other = await make(widgets, 'c', { finalizers: ['acme.example/x'] }, { revision: 1 });
    const answer = await remove(made);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ kind: 'Namespace', status: { phase: 'Terminating' } });
    const { status, spec } = await read(made);
    expect(spec).toEqual({ finalizers: ['kubernetes'] });
    const conditions = status.conditions.map((one: Record<string, string>) => [
      one.type,
      one.status,
      one.reason,
      one.message,
    ]);
    expect(conditions).toEqual([
      [
        'NamespaceDeletionDiscoveryFailure',
        'False',
        'ResourcesDiscovered',
        'All resources successfully discovered',
      ],
      [
        'NamespaceDeletionGroupVersionParsingFailure',
        'False',
        'ParsedGroupVersions',
        'All legacy kube types successfully parsed',
      ],
      [
        'NamespaceDeletionContentFailure',
        'False',
        'ContentDeleted',
        'All content successfully deleted, may be waiting on finalization',
      ],
      [
        'NamespaceContentRemaining',
        'True',
        'SomeResourcesRemain',
        'Some resources are remaining: configmaps. has 1 resource instances, controllerrevisions.apps has 1 resource instances',
      ],
      [
        'NamespaceFinalizersRemaining',
        'True',
        'SomeFinalizersRemain',
        'Some content in the namespace has finalizers remaining: acme.example/x in 2 resource instances, acme.example/y in 1 resource instances',
      ],
    ]);
    await release(inside);
    expect((await read(made)).status.conditions[3].message).toBe(
      'Some resources are remaining: controllerrevisions.apps has 1 resource instances',
    );
    await release(other);
    expect(await statusOf(made)).toBe(404);
  });

  test('wait for finalizers of their own, which only finalize changes', async () => {
    const made = await namespace('own', { finalizers: ['acme.example/quota'] });
    const put = await api.call('PUT', made.path, { body: { metadata: { name: 'own' }, spec: {} } });
    expect(put.body.spec.finalizers).toEqual(['acme.example/quota', 'kubernetes']);
    expect((await finalize('own', ['nonsense'])).status).toBe(422);
    await make(inTeam('configmaps', 'own'), 'a');
    await remove(made);
    expect((await read(made)).spec.finalizers).toEqual(['acme.example/quota']);
    expect(await api.storage.count('object/c1//configmaps/own/')).toBe(0);
    expect((await remove(made)).body).toMatchObject({ kind: 'Namespace', status: { phase: 'Terminating' } });
    await finalize('own', []);
    expect(await statusOf(made)).toBe(404);
  });

  test('wait for the finalizers of their metadata as well', async () => {
    const made = await make('/api/v1/namespaces', 'meta', { finalizers: ['acme.example/x'] });
    await remove(made);
    expect((await read(made)).spec).toEqual({});
    await release(made);
    expect(await statusOf(made)).toBe(404);
  });

  test('are deleted with what owns them, and own things themselves', async () => {
    const owner = await make('/apis/rbac.authorization.k8s.io/v1/clusterroles', 'owns-namespace');
    const made = await make('/api/v1/namespaces', 'owned', owned(owner));
    const child = await make('/apis/rbac.authorization.k8s.io/v1/clusterroles', 'of-namespace', owned(made));
    await remove(owner);
    expect([await statusOf(made), await statusOf(child)]).toEqual([404, 404]);
  });
});

describe('pods', () => {
  const pods = inTeam('pods');
  const spec = { nodeName: 'node-1', containers: [{ name: 'c', image: 'i' }] };

  test('one that no node runs is gone at once, one that a node runs a moment later', async () => {
    const waiting = await make(pods, 'unbound', {}, { spec: { containers: spec.containers } });
    expect((await remove(waiting)).body).toMatchObject({ kind: 'Pod', metadata: { name: 'unbound' } });
    expect((await api.call('GET', waiting.path)).status).toBe(404);
    const running = await make(pods, 'bound', {}, { spec });
    const before = Date.now();
    const { body } = await remove(running);
    expect(body.metadata).toMatchObject({ deletionGracePeriodSeconds: 30, generation: 2 });
    const wait = Date.parse(body.metadata.deletionTimestamp) - before;
    expect(wait).toBeGreaterThan(28_000);
    expect(await statusOf(running)).toBe(404);
  });

  test.each([
    [{ ...spec, terminationGracePeriodSeconds: 5 }, undefined, 5],
    [{ ...spec, terminationGracePeriodSeconds: 5 }, { gracePeriodSeconds: 7 }, 7],
    [spec, { gracePeriodSeconds: -3 }, 1],
  ])('the grace of %j deleted with %j is %i', async (podSpec, body, grace) => {
    const pod = await make(pods, 'graceful', { finalizers: ['acme.example/x'] }, { spec: podSpec });
    const answer = await remove(pod, body);
    expect(answer.body.metadata.deletionGracePeriodSeconds).toBe(grace);
    // Nothing runs: what a kubelet would do is done, and the finalizer alone holds it.
    expect((await read(pod)).metadata.deletionGracePeriodSeconds).toBe(0);
    await release(pod);
    expect(await statusOf(pod)).toBe(404);
  });
});

describe('what every namespace has', () => {
  test('is made again when it is deleted, and the CA is put right when it is changed', async () => {
    const account = { path: inTeam('serviceaccounts/default') } as Made;
    const rootCa = { path: inTeam('configmaps/kube-root-ca.crt') } as Made;
    const before = (await read(account)).metadata.uid;
    await remove(account);
    expect((await read(account)).metadata.uid).not.toBe(before);
    await remove(rootCa);
    expect((await read(rootCa)).data).toEqual({ 'ca.crt': api.caPem });
    await api.call('PATCH', rootCa.path, {
      body: { data: { 'ca.crt': 'forged', more: 'x' } },
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    expect((await read(rootCa)).data).toEqual({ 'ca.crt': api.caPem });
  });
});

describe('aggregated roles', () => {
  const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles';
  const rule = { apiGroups: ['acme.example'], resources: ['widgets'], verbs: ['get'] };
  const sum = {
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { 'acme.example/part': 'true' } }] },
    rules: [],
  };

  test('are written by their controller when a role they select changes', async () => {
    const { path } = await make(roles, 'sum', {}, sum);
    const first = (await read({ path } as Made)).metadata.resourceVersion;
    const { lines } = await api.open(
      `${roles}?watch=true&fieldSelector=metadata.name%3Dsum&resourceVersion=${first}`,
    );
    await api.call('POST', roles, {
      body: { metadata: { name: 'part', labels: { 'acme.example/part': 'true' } }, rules: [rule] },
    });
    const { type, object } = await lines.next();
    expect([type, object.rules]).toEqual(['MODIFIED', [rule]]);
    const manager = object.metadata.managedFields.find(
      (one: { manager: string }) => one.manager === 'clusterrole-aggregation-controller',
    );
    expect(manager).toMatchObject({
      operation: 'Apply',
      apiVersion: 'rbac.authorization.k8s.io/v1',
      fieldsV1: { 'f:rules': {} },
    });
  });

  test('take no rules from anybody else, and are not written when nothing changes', async () => {
    const path = `${roles}/sum`;
    const before = await read({ path } as Made);
    const forged = { ...before, rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] };
    const answer = await api.call('PUT', path, { body: forged });
    expect(answer.body.rules).toEqual([rule]);
    await api.call('POST', roles, { body: { metadata: { name: 'unselected' }, rules: [rule] } });
    const after = await read({ path } as Made);
    expect([after.rules, after.metadata.resourceVersion]).toEqual([[rule], before.metadata.resourceVersion]);
  });
});

describe('events', () => {
  const core = inTeam('events', 'team-b');
  const events = '/apis/events.k8s.io/v1/namespaces/team-b/events';

  test('are the same in both groups, under the names each has', async () => {
    const regarding = { kind: 'Pod', namespace: 'team-b', name: 'p', uid: 'u', apiVersion: 'v1' };
    const times = {
      deprecatedFirstTimestamp: '2026-01-15T12:00:00Z',
      deprecatedLastTimestamp: '2026-01-15T12:00:01Z',
    };
    const created = await api.call('POST', events, {
      body: {
        metadata: { name: 'e' },
        ...{ regarding, note: 'said', reason: 'Told', type: 'Normal', action: 'Tell', deprecatedCount: 2 },
        ...{ deprecatedSource: { component: 'c' }, reportingController: 'acme.example/c', ...times },
      },
    });
    expect(created.body).toMatchObject({ apiVersion: 'events.k8s.io/v1', regarding, note: 'said' });
    const seen = await api.call('GET', `${core}/e`);
    expect(seen.body).toMatchObject({
      apiVersion: 'v1',
      involvedObject: regarding,
      message: 'said',
      count: 2,
      source: { component: 'c' },
      reportingComponent: 'acme.example/c',
      firstTimestamp: times.deprecatedFirstTimestamp,
      lastTimestamp: times.deprecatedLastTimestamp,
    });
    expect(seen.body).not.toHaveProperty('note');
    await api.call('PATCH', `${core}/e`, {
      body: { message: 'said again', count: 3 },
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    const list = await api.call('GET', `${events}?fieldSelector=regarding.name%3Dp%2Ctype%3DNormal`);
    expect(list.body.items).toMatchObject([
      { apiVersion: 'events.k8s.io/v1', note: 'said again', deprecatedCount: 3 },
    ]);
    const { lines } = await api.open(
      `${events}?watch=true&resourceVersion=${seen.body.metadata.resourceVersion}`,
    );
    const { type, object } = await lines.next();
    expect([type, object.note, object.message]).toEqual(['MODIFIED', 'said again', undefined]);
    const listed = await api.call('GET', `${core}?fieldSelector=involvedObject.name%3Dp`);
    expect(listed.body.items).toHaveLength(1);
    await api.call('DELETE', `${events}/e`);
    expect((await api.call('GET', `${core}/e`)).status).toBe(404);
  });
});

describe('generated names', () => {
  test('are made again when they are taken, and not for ever', async () => {
    const secrets = inTeam('secrets', 'team-b');
    const create = () => api.call('POST', secrets, { body: { metadata: { generateName: 'g-' } } });
    const spy = vi.spyOn(crypto, 'getRandomValues');
    const always = <T>(bytes: T): T => bytes;
    try {
      spy.mockImplementation(always);
      expect((await create()).body.metadata.name).toBe('g-bbbbb');
      expect((await create()).body).toMatchObject({
        code: 409,
        reason: 'AlreadyExists',
        message:
          'secrets "g-bbbbb" already exists, the server was not able to generate a unique name for the object',
      });
      spy.mockRestore();
      for (let count = 0; count < 5; count += 1)
        vi.spyOn(crypto, 'getRandomValues').mockImplementationOnce(always);
      const second = await create();
      expect([second.status, second.body.metadata.name === 'g-bbbbb']).toEqual([201, false]);
    } finally {
      vi.restoreAllMocks();
    }
  });
});

describe('custom resources', () => {
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const widgets = '/apis/acme.example/v1/namespaces/team-b/gadgets';
  const definition = {
    spec: {
      group: 'acme.example',
      scope: 'Namespaced',
      names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  };

  test('own things and are owned; with their definition they go, and so does what they own', async () => {
    const ofTeam = inTeam('configmaps', 'team-b');
    const early = { apiVersion: 'acme.example/v1', kind: 'Gadget', name: 'early', uid: 'never' };
    const waiting = await make(ofTeam, 'of-early', { ownerReferences: [early] });
    expect(await statusOf(waiting)).toBe(200);
    const crd = await make(definitions, 'gadgets.acme.example', {}, definition);
    // Now its owner can be looked for, and is not there.
    expect(await statusOf(waiting)).toBe(404);
    const owner = await make(ofTeam, 'of-nobody');
    const gadget = await make(widgets, 'g', owned(owner));
    const other = await make(widgets, 'other');
    const [first, second] = [
      await make(ofTeam, 'of-g', owned(gadget)),
      await make(ofTeam, 'of-other', owned(other)),
    ];
    await remove(owner);
    expect([await statusOf(gadget), await statusOf(first), await statusOf(second)]).toEqual([404, 404, 200]);
    await remove(crd);
    expect([await statusOf(crd), await statusOf(second)]).toEqual([404, 404]);
  });
});
