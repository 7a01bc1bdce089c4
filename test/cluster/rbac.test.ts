import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from './fixture.ts';

let api: TestApi;
const rbac = '/apis/rbac.authorization.k8s.io/v1';
const inTeam = `${rbac}/namespaces/team-a`;
const merge = { 'content-type': 'application/merge-patch+json' };
const pods = (...verbs: string[]) => [{ apiGroups: [''], resources: ['pods'], verbs }];
const clusterRef = (name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name });
const bob = [{ kind: 'User', name: 'bob', apiGroup: 'rbac.authorization.k8s.io' }];

beforeAll(async () => {
  api = await startTestApi();
  await api.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'team-a' } } });
  // bob may write RBAC objects of team-a and read pods there; nothing else.
  await make(`${inTeam}/roles`, {
    metadata: { name: 'rbac-writer' },
    rules: [
      {
        apiGroups: ['rbac.authorization.k8s.io'],
        resources: ['roles', 'rolebindings'],
        verbs: ['get', 'list', 'create', 'update', 'patch', 'delete'],
      },
      ...pods('get', 'list'),
    ],
  });
  await make(`${inTeam}/rolebindings`, {
    metadata: { name: 'rbac-writer' },
    roleRef: { kind: 'Role', name: 'rbac-writer' },
    subjects: bob,
  });
  // operator may write cluster-wide RBAC objects, and read pods everywhere.
  await make(`${rbac}/clusterroles`, {
    metadata: { name: 'cluster-writer' },
    rules: [
      {
        apiGroups: ['rbac.authorization.k8s.io'],
        resources: ['clusterroles', 'clusterrolebindings'],
        verbs: ['get', 'create', 'update', 'patch'],
      },
      ...pods('get', 'list'),
    ],
  });
  await make(`${rbac}/clusterrolebindings`, {
    metadata: { name: 'cluster-writer' },
    roleRef: clusterRef('cluster-writer'),
    subjects: [{ kind: 'Group', name: 'operators' }],
  });
});
afterAll(() => api.close());

async function make(path: string, body: unknown): Promise<void> {
  const answer = await api.call('POST', path, { body });
  expect(answer.status, answer.text).toBe(201);
}

const asBob = (method: string, path: string, body: unknown, headers = {}) =>
  api.call(method, path, { token: 'bob', body, headers });
const asOperator = (method: string, path: string, body: unknown, headers = {}) =>
  api.call(method, path, { token: 'operator', body, headers });

describe('nobody grants what they do not hold (kubernetes-facts B16 to B19)', () => {
  test('a role with one verb more is refused, and the refusal names it', async () => {
    const answer = await asBob('POST', `${inTeam}/roles`, {
      metadata: { name: 'more' },
      rules: pods('get', 'delete', 'list'),
    });
    expect(answer.body).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message:
        'roles.rbac.authorization.k8s.io "more" is forbidden: user "bob" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}',
    });
    expect((await api.call('GET', `${inTeam}/roles/more`)).status).toBe(404);
    const nameless = await asBob('POST', `${inTeam}/roles`, {
      metadata: { generateName: 'more-' },
      rules: pods('delete'),
    });
    expect(nameless.body.message).toMatch(/^roles.rbac.authorization.k8s.io is forbidden: user "bob"/);
    const named = await asBob('POST', `${inTeam}/roles`, {
      metadata: { name: 'more-1', generateName: 'more-' },
      rules: pods('delete'),
    });
    expect(named.body.message).toMatch(/^roles.rbac.authorization.k8s.io "more-1" is forbidden: user "bob"/);
  });

  test.each([
    ['every verb', [{ apiGroups: [''], resources: ['pods'], verbs: ['*'] }]],
    ['every group', [{ apiGroups: ['*'], resources: ['pods'], verbs: ['get'] }]],
    ['every resource', [{ apiGroups: [''], resources: ['*'], verbs: ['get'] }]],
    ['a subresource', [{ apiGroups: [''], resources: ['pods/log'], verbs: ['get'] }]],
    ['impersonation', [{ apiGroups: [''], resources: ['users'], verbs: ['impersonate'] }]],
    [
      'too many combinations to compare',
      [{ apiGroups: Array(300).fill(''), resources: Array(300).fill('pods'), verbs: ['get'] }],
    ],
  ])('%s is more', async (_, rules) => {
    expect((await asBob('POST', `${inTeam}/roles`, { metadata: { name: 'x' }, rules })).status).toBe(403);
  });

  test('what is held may be granted', async () => {
    const answer = await asBob('POST', `${inTeam}/roles`, { metadata: { name: 'held' }, rules: pods('get') });
    expect(answer.status).toBe(201);
  });

  test('update and patch are checked like create, dry runs too', async () => {
    await make(`${inTeam}/roles`, { metadata: { name: 'grows' }, rules: pods('get') });
    const path = `${inTeam}/roles/grows`;
    const more = { metadata: { name: 'grows' }, rules: pods('delete') };
    expect((await asBob('PUT', path, more)).status).toBe(403);
    expect((await asBob('PATCH', path, { rules: pods('delete') }, merge)).status).toBe(403);
    expect((await asBob('PUT', `${path}?dryRun=All`, more)).status).toBe(403);
    const json = [{ op: 'add', path: '/rules/0/verbs/-', value: 'delete' }];
    expect((await asBob('PATCH', path, json, { 'content-type': 'application/json-patch+json' })).status).toBe(
      403,
    );
    expect((await asBob('PATCH', path, { metadata: { labels: { a: 'b' } } }, merge)).status).toBe(200);
  });

  test('a role that grants more than its writer holds cannot be touched, except for its owners and finalizers', async () => {
    await make(`${inTeam}/roles`, { metadata: { name: 'strong' }, rules: pods('delete') });
    const path = `${inTeam}/roles/strong`;
    expect((await asBob('PATCH', path, { metadata: { labels: { a: 'b' } } }, merge)).status).toBe(403);
    const finalizers = { metadata: { finalizers: ['acme.example/x'] } };
    expect((await asBob('PATCH', path, finalizers, merge)).status).toBe(200);
  });

  test('a binding needs the rules of its role, or bind on it', async () => {
    const bind = (name: string) =>
      asBob('POST', `${inTeam}/rolebindings`, {
        metadata: { name: `to-${name}` },
        roleRef: clusterRef(name),
        subjects: bob,
      });
    const refused = await bind('view');
    expect(refused.body.code).toBe(403);
    expect(refused.body.message).toMatch(
      /^rolebindings.rbac.authorization.k8s.io "to-view" is forbidden: user "bob"/,
    );
    expect((await bind('cluster-admin')).status).toBe(403);
    const missing = await bind('missing');
    expect(missing.body).toMatchObject({
      code: 404,
      message: 'clusterroles.rbac.authorization.k8s.io "missing" not found',
    });
    await make(`${inTeam}/roles`, {
      metadata: { name: 'binder' },
      rules: [
        {
          apiGroups: ['rbac.authorization.k8s.io'],
          resources: ['clusterroles'],
          resourceNames: ['view', 'later'],
          verbs: ['bind'],
        },
      ],
    });
    await make(`${inTeam}/rolebindings`, {
      metadata: { name: 'binder' },
      roleRef: { kind: 'Role', name: 'binder' },
      subjects: bob,
    });
    expect((await bind('view')).status).toBe(201);
    expect((await bind('later')).status).toBe(201);
    expect((await bind('edit')).status).toBe(403);
  });

  test('subjects cannot be added to a binding of a stronger role', async () => {
    await make(`${inTeam}/rolebindings`, {
      metadata: { name: 'admins' },
      roleRef: clusterRef('admin'),
      subjects: [],
    });
    const answer = await asBob('PATCH', `${inTeam}/rolebindings/admins`, { subjects: bob }, merge);
    expect(answer.status).toBe(403);
  });

  test('an aggregationRule needs full authority, also to take it away', async () => {
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { 'acme.example/all': 'true' } }] };
    const created = await asOperator('POST', `${rbac}/clusterroles`, {
      metadata: { name: 'gather' },
      aggregationRule,
      rules: [],
    });
    expect(created.body.message).toContain('must have cluster-admin privileges to use the aggregationRule');
    await make(`${rbac}/clusterroles`, { metadata: { name: 'gather' }, aggregationRule });
    const removed = await asOperator(
      'PATCH',
      `${rbac}/clusterroles/gather`,
      { aggregationRule: null },
      merge,
    );
    expect(removed.status).toBe(403);
  });

  test('an aggregationRule without selectors gathers nothing, and is no valid one', async () => {
    const empty = await asOperator('POST', `${rbac}/clusterroles`, {
      metadata: { name: 'gathers-nothing' },
      aggregationRule: { clusterRoleSelectors: [] },
    });
    expect(empty.body).toMatchObject({ code: 422, reason: 'Invalid' });
    const unreadable = await api.call('POST', `${rbac}/clusterroles`, {
      body: {
        metadata: { name: 'unreadable' },
        aggregationRule: {
          clusterRoleSelectors: [
            { matchLabels: { ok: 'yes' } },
            { matchLabels: { 'a b': 'c' }, matchExpressions: [{ key: 'k', operator: 'In' }] },
            { matchExpressions: [{ key: 'k', operator: 'Like', values: ['x'] }] },
          ],
        },
      },
    });
    const at = 'aggregationRule.clusterRoleSelectors';
    expect(unreadable.body.details.causes).toMatchObject([
      { field: `${at}[1].matchLabels`, message: expect.stringContaining('Invalid value: "a b": name part') },
      {
        field: `${at}[1].matchExpressions[0].values`,
        message: "Required value: must be specified when `operator` is 'In' or 'NotIn'",
      },
      { field: `${at}[1]`, message: 'Invalid value: null: invalid label selector.' },
      {
        field: `${at}[2].matchExpressions[0].operator`,
        message: 'Invalid value: "Like": not a valid selector operator',
      },
      { field: `${at}[2]`, message: 'Invalid value: null: invalid label selector.' },
    ]);
  });

  test('`escalate` on a name allows changing that role, and creating none (B16)', async () => {
    await make(`${inTeam}/roles`, { metadata: { name: 'climbing' }, rules: pods('get') });
    await make(`${inTeam}/roles`, { metadata: { name: 'not-climbing' }, rules: pods('get') });
    await make(`${inTeam}/roles`, {
      metadata: { name: 'escalator' },
      rules: [
        {
          apiGroups: ['rbac.authorization.k8s.io'],
          resources: ['roles'],
          resourceNames: ['climbing', 'climbing-new'],
          verbs: ['escalate'],
        },
      ],
    });
    await make(`${inTeam}/rolebindings`, {
      metadata: { name: 'escalator' },
      roleRef: { kind: 'Role', name: 'escalator' },
      subjects: bob,
    });
    const more = pods('delete');
    const created = await asBob('POST', `${inTeam}/roles`, {
      metadata: { name: 'climbing-new' },
      rules: more,
    });
    expect(created.status).toBe(403);
    expect((await asBob('PATCH', `${inTeam}/roles/not-climbing`, { rules: more }, merge)).status).toBe(403);
    expect((await asBob('PATCH', `${inTeam}/roles/climbing`, { rules: more }, merge)).status).toBe(200);
    // An apply names its object in the address, and so does the question.
    const apply = { 'content-type': 'application/apply-patch+yaml' };
    const applied = await asBob(
      'PATCH',
      `${inTeam}/roles/climbing-new?fieldManager=m`,
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'Role',
        metadata: { name: 'climbing-new' },
        rules: more,
      },
      apply,
    );
    expect(applied.status).toBe(201);
  });

  test('an apply is checked like every other write, when it creates and when it changes, dry runs too', async () => {
    const apply = { 'content-type': 'application/apply-patch+yaml' };
    const config = (rules: unknown) => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'applied' },
      rules,
    });
    const path = `${inTeam}/roles/applied?fieldManager=m&force=true`;
    expect((await asBob('PATCH', path, config(pods('delete')), apply)).status).toBe(403);
    expect((await asBob('PATCH', `${path}&dryRun=All`, config(pods('delete')), apply)).status).toBe(403);
    expect((await asBob('PATCH', path, config(pods('get')), apply)).status).toBe(201);
    expect((await asBob('PATCH', path, config(pods('get', 'delete')), apply)).status).toBe(403);
  });

  test('rules do not come along with finalizers or owners, whatever the kind of patch', async () => {
    await make(`${inTeam}/roles`, { metadata: { name: 'smuggled' }, rules: pods('get') });
    const path = `${inTeam}/roles/smuggled`;
    const both = { metadata: { finalizers: ['acme.example/x'] }, rules: pods('delete') };
    for (const type of ['application/merge-patch+json', 'application/strategic-merge-patch+json']) {
      expect((await asBob('PATCH', path, both, { 'content-type': type })).status, type).toBe(403);
    }
    const put = await asBob('PUT', path, {
      metadata: { name: 'smuggled', finalizers: ['acme.example/x'] },
      rules: pods('*'),
    });
    expect(put.status).toBe(403);
  });

  test('a label that adds a stronger role to an aggregation is a change of that role', async () => {
    await make(`${rbac}/clusterroles`, { metadata: { name: 'stronger' }, rules: pods('delete') });
    const labels = { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' };
    const labelled = await asOperator(
      'PATCH',
      `${rbac}/clusterroles/stronger`,
      { metadata: { labels } },
      merge,
    );
    expect(labelled.status).toBe(403);
    // As upstream: what its writer holds may be given to everybody who views.
    const own = await asOperator('POST', `${rbac}/clusterroles`, {
      metadata: { name: 'own-part', labels },
      rules: pods('get'),
    });
    expect(own.status).toBe(201);
  });

  test('roles that could not be found are told beside what is missing (B19)', async () => {
    await make(`${inTeam}/rolebindings`, {
      metadata: { name: 'dangling' },
      roleRef: clusterRef('nowhere'),
      subjects: [{ kind: 'User', name: 'alice' }],
    });
    await make(`${inTeam}/rolebindings`, {
      metadata: { name: 'role-writer' },
      roleRef: { kind: 'Role', name: 'rbac-writer' },
      subjects: [{ kind: 'User', name: 'alice' }],
    });
    const write = () =>
      api.call('POST', `${inTeam}/roles`, {
        token: 'alice',
        body: { metadata: { name: 'more' }, rules: pods('delete') },
      });
    expect((await write()).body.message).toMatch(
      /Verbs:\["delete"\]\}; resolution errors: \[clusterroles.rbac.authorization.k8s.io "nowhere" not found\]$/,
    );
    await make(`${inTeam}/rolebindings`, {
      metadata: { name: 'dangling-too' },
      roleRef: { kind: 'Role', name: 'gone' },
      subjects: [{ kind: 'User', name: 'alice' }],
    });
    expect((await write()).body.message).toMatch(
      /resolution errors: \[\[clusterroles.rbac.authorization.k8s.io "nowhere" not found, roles.rbac.authorization.k8s.io "gone" not found\]\]$/,
    );
  });

  test('a binding to a role that is not there is warned of, whoever writes it and however', async () => {
    const path = `${inTeam}/rolebindings`;
    const warned = await api.call('POST', path, {
      body: { metadata: { name: 'early' }, roleRef: { kind: 'Role', name: 'not-yet' }, subjects: bob },
    });
    expect(warned.status).toBe(201);
    expect(warned.headers.warning).toBe(
      '299 - "Role \\"not-yet\\" does not exist: the binding grants nothing until it does"',
    );
    const patched = await api.call('PATCH', `${path}/early?dryRun=All`, {
      body: { subjects: [] },
      headers: merge,
    });
    expect(patched.headers.warning).toContain('does not exist');
    await make(`${inTeam}/roles`, { metadata: { name: 'not-yet' }, rules: [] });
    const fine = await api.call('PATCH', `${path}/early`, { body: { subjects: [] }, headers: merge });
    expect(fine.headers.warning).toBeUndefined();
  });

  test('a cluster role cannot reach paths its writer cannot', async () => {
    const rules = [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }];
    expect(
      (await asOperator('POST', `${rbac}/clusterroles`, { metadata: { name: 'urls' }, rules })).status,
    ).toBe(403);
  });
});

describe('validation (kubernetes-facts B12 to B14)', () => {
  const role = (rules: unknown) => ['roles', { metadata: { name: 'v' }, rules }] as const;
  const binding = (body: object) => ['rolebindings', { metadata: { name: 'v' }, ...body }] as const;
  test.each([
    [
      'no verbs',
      ...role([{ apiGroups: [''], resources: ['pods'], verbs: [] }]),
      422,
      'rules[0].verbs: Required value: verbs must contain at least one value',
    ],
    [
      'URLs in a Role',
      ...role([{ nonResourceURLs: ['/x'], verbs: ['get'] }]),
      422,
      'namespaced rules cannot apply to non-resource URLs',
    ],
    [
      'no groups',
      ...role([{ resources: ['pods'], verbs: ['get'] }]),
      422,
      'resource rules must supply at least one api group',
    ],
    ['rules that are no list', ...role({}), 400, 'cannot be handled as a Role'],
    [
      'names that are no list',
      ...role([{ apiGroups: [''], resources: ['pods'], resourceNames: 'a', verbs: ['get'] }]),
      400,
      'cannot be handled as a Role',
    ],
    ['no roleRef', ...binding({}), 422, 'roleRef.kind: Unsupported value: ""'],
    [
      'another kind of role',
      ...binding({ roleRef: { kind: 'User', name: 'a' } }),
      422,
      'supported values: "Role", "ClusterRole"',
    ],
    [
      'another group',
      ...binding({ roleRef: { kind: 'Role', name: 'a', apiGroup: 'x' } }),
      422,
      'roleRef.apiGroup: Unsupported value: "x"',
    ],
    [
      'a nameless subject',
      ...binding({ roleRef: { kind: 'Role', name: 'a' }, subjects: [{ kind: 'User' }] }),
      422,
      'subjects[0].name: Required value',
    ],
    [
      'an unknown subject',
      ...binding({ roleRef: { kind: 'Role', name: 'a' }, subjects: [{ kind: 'Robot', name: 'r' }] }),
      422,
      'supported values: "ServiceAccount", "User", "Group"',
    ],
  ] as const)('%s', async (_, resource, body, status, message) => {
    const path = `${inTeam}/${resource}`;
    if (resource === 'rolebindings')
      await api.call('POST', `${inTeam}/roles`, { body: { metadata: { name: 'a' }, rules: [] } });
    const answer = await api.call('POST', path, { body });
    expect(answer.status, answer.text).toBe(status);
    expect(answer.body.message).toContain(message);
  });

  test('a service account in a ClusterRoleBinding needs its namespace', async () => {
    const body = {
      metadata: { name: 'sa' },
      roleRef: clusterRef('view'),
      subjects: [{ kind: 'ServiceAccount', name: 'x' }],
    };
    const answer = await api.call('POST', `${rbac}/clusterrolebindings`, { body });
    expect(answer.body.message).toContain('subjects[0].namespace: Required value');
  });

  test('roleRef cannot be changed', async () => {
    await make(`${inTeam}/rolebindings`, {
      metadata: { name: 'pinned' },
      roleRef: clusterRef('view'),
      subjects: [],
    });
    const answer = await api.call('PATCH', `${inTeam}/rolebindings/pinned`, {
      body: { roleRef: { name: 'admin' } },
      headers: merge,
    });
    expect(answer.body).toMatchObject({ code: 422, reason: 'Invalid' });
    expect(answer.body.message).toMatch(
      /^RoleBinding.rbac.authorization.k8s.io "pinned" is invalid: roleRef: Invalid value: \{"APIGroup":"rbac.authorization.k8s.io","Kind":"ClusterRole","Name":"admin"\}: cannot change roleRef$/,
    );
  });

  test('API groups are filled in', async () => {
    const { body } = await api.call('GET', `${inTeam}/rolebindings/rbac-writer`);
    expect(body.roleRef.apiGroup).toBe('rbac.authorization.k8s.io');
    expect(body.subjects).toEqual(bob);
  });
});

describe('aggregated roles (kubernetes-facts B15)', () => {
  test('are read with the rules they gather, and a new part shows at once', async () => {
    const rule = { apiGroups: ['acme.example'], resources: ['widgets'], verbs: ['get'] };
    await make(`${rbac}/clusterroles`, {
      metadata: { name: 'widget-viewer', labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } },
      rules: [rule],
    });
    for (const name of ['view', 'edit', 'admin']) {
      expect((await api.call('GET', `${rbac}/clusterroles/${name}`)).body.rules).toContainEqual(rule);
    }
    const list = await api.call('GET', `${rbac}/clusterroles`);
    const view = list.body.items.find(
      (item: { metadata: { name: string } }) => item.metadata.name === 'view',
    );
    expect(view.rules).toContainEqual(rule);
  });

  test('rules written into one are overwritten', async () => {
    const everything = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];
    const answer = await api.call('PATCH', `${rbac}/clusterroles/view`, {
      body: { rules: everything },
      headers: merge,
    });
    expect(answer.status).toBe(200);
    expect(answer.body.rules).not.toContainEqual(everything[0]);
    const stored = await api.storage.get('object/c1/rbac.authorization.k8s.io/clusterroles//view');
    expect(JSON.parse(stored?.value ?? '').rules).not.toContainEqual(everything[0]);
  });
});
