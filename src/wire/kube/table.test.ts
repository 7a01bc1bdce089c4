import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from './json.ts';
import { at } from './json.ts';
import { resourceDefinitions } from './resources.ts';
import { age, humanDuration } from './table/age.ts';
import { columnsOf } from './table/columns.ts';
import { parseIncludeObject, partialObjectMetadataList, toTable } from './table.ts';

const now = new Date('2026-11-21T03:10:49Z');
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

test.each([
  [-5_000, '<invalid>'],
  [0, '0s'],
  [119_000, '119s'],
  [2 * minute, '2m'],
  [5 * minute + 12_000, '5m12s'],
  [10 * minute + 12_000, '10m'],
  [179 * minute, '179m'],
  [3 * hour, '3h'],
  [7 * hour + 5 * minute, '7h5m'],
  [8 * hour + 5 * minute, '8h'],
  [47 * hour, '47h'],
  [2 * day, '2d'],
  [3 * day + 4 * hour, '3d4h'],
  [8 * day + 4 * hour, '8d'],
  [729 * day, '729d'],
  [730 * day, '2y'],
  [800 * day, '2y70d'],
  [9 * 365 * day, '9y'],
])('%i ms print as %s', (milliseconds, text) => {
  expect(humanDuration(milliseconds)).toBe(text);
});

test.each([
  [undefined, '<unknown>'],
  [null, '<unknown>'],
  ['soon', '<unknown>'],
  ['2026-11-21T03:05:49Z', '5m'],
])('the age of %s is %s', (since, text) => {
  expect(age(since, now)).toBe(text);
});

/** Column names by resource; those in brackets only with -o wide (E18). */
test.each([
  ['', 'pods', 'Name, Ready, Status, Restarts, Age, [IP, Node, Nominated Node, Readiness Gates]'],
  ['', 'namespaces', 'Name, Status, Age'],
  [
    '',
    'nodes',
    'Name, Status, Roles, Age, Version, [Internal-IP, External-IP, OS-Image, Kernel-Version, Container-Runtime]',
  ],
  ['', 'configmaps', 'Name, Data, Age'],
  ['', 'secrets', 'Name, Type, Data, Age'],
  ['', 'serviceaccounts', 'Name, Secrets, Age'],
  ['', 'services', 'Name, Type, Cluster-IP, External-IP, Port(s), Age, [Selector]'],
  ['', 'events', 'Last Seen, Type, Reason, Object, [Subobject, Source], Message, [First Seen, Count, Name]'],
  ['apps', 'deployments', 'Name, Ready, Up-to-date, Available, Age, [Containers, Images, Selector]'],
  ['apps', 'replicasets', 'Name, Desired, Current, Ready, Age, [Containers, Images, Selector]'],
  ['apps', 'statefulsets', 'Name, Ready, Age, [Containers, Images]'],
  [
    'apps',
    'daemonsets',
    'Name, Desired, Current, Ready, Up-to-date, Available, Node Selector, Age, [Containers, Images, Selector]',
  ],
  ['batch', 'jobs', 'Name, Status, Completions, Duration, Age, [Containers, Images, Selector]'],
  [
    'batch',
    'cronjobs',
    'Name, Schedule, Timezone, Suspend, Active, Last Schedule, Age, [Containers, Images]',
  ],
  ['rbac.authorization.k8s.io', 'roles', 'Name, Created At'],
  ['rbac.authorization.k8s.io', 'clusterroles', 'Name, Created At'],
  ['rbac.authorization.k8s.io', 'rolebindings', 'Name, Role, Age, [Users, Groups, ServiceAccounts]'],
  ['rbac.authorization.k8s.io', 'clusterrolebindings', 'Name, Role, Age, [Users, Groups, ServiceAccounts]'],
  [
    'certificates.k8s.io',
    'certificatesigningrequests',
    'Name, Age, SignerName, Requestor, RequestedDuration, Condition',
  ],
  ['coordination.k8s.io', 'leases', 'Name, Holder, Age'],
  ['storage.k8s.io', 'csinodes', 'Name, Age'],
])('columns of %s %s (E18)', (group, resource, expected) => {
  const text = columnsOf({ group, resource })
    .map(({ name, priority }) => (priority === 1 ? `[${name}]` : name))
    .join(', ');
  expect(text.replaceAll('], [', ', ')).toBe(expected);
});

const created = '2026-11-21T03:05:49Z';

function cells(group: string, resource: string, object: JsonObject): JsonValue {
  const metadata = { name: 'x', creationTimestamp: created };
  const table = toTable({ group, resource }, [{ metadata, ...object }], {
    includeObject: 'None',
    now,
    listMeta: {},
  });
  const [row] = table.rows as readonly unknown[];
  return at(row, 'cells') ?? null;
}

test.each<[string, string, JsonObject, JsonValue]>([
  ['', 'namespaces', { status: { phase: 'Active' } }, ['x', 'Active', '5m']],
  ['', 'configmaps', { data: { a: '1' }, binaryData: { b: '2' } }, ['x', 2, '5m']],
  ['', 'secrets', { type: 'Opaque', data: { a: 'x' } }, ['x', 'Opaque', 1, '5m']],
  ['', 'serviceaccounts', {}, ['x', 0, '5m']],
  [
    '',
    'services',
    {
      spec: {
        type: 'NodePort',
        clusterIP: '10.0.0.1',
        ports: [{ port: 80, nodePort: 30080, protocol: 'TCP' }],
        selector: { b: '2', a: '1' },
      },
    },
    ['x', 'NodePort', '10.0.0.1', '<none>', '80:30080/TCP', '5m', 'a=1,b=2'],
  ],
  [
    '',
    'services',
    { spec: { type: 'LoadBalancer' } },
    ['x', 'LoadBalancer', '<none>', '<pending>', '<none>', '5m', '<none>'],
  ],
  [
    '',
    'pods',
    {
      spec: { containers: [{}, {}], nodeName: 'n' },
      status: {
        phase: 'Running',
        containerStatuses: [
          { ready: true, restartCount: 2 },
          { state: { waiting: { reason: 'CrashLoopBackOff' } } },
        ],
      },
    },
    ['x', '1/2', 'CrashLoopBackOff', '2', '5m', '<none>', 'n', '<none>', '<none>'],
  ],
  [
    '',
    'pods',
    {
      metadata: { name: 'x', deletionTimestamp: created },
      spec: { containers: [{}] },
      status: { phase: 'Running' },
    },
    ['x', '0/1', 'Terminating', '0', '<unknown>', '<none>', '<none>', '<none>', '<none>'],
  ],
  [
    '',
    'nodes',
    {
      metadata: { name: 'x', labels: { 'node-role.kubernetes.io/worker': '' } },
      spec: { unschedulable: true },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    },
    [
      'x',
      'Ready,SchedulingDisabled',
      'worker',
      '<unknown>',
      '',
      '<none>',
      '<none>',
      '<unknown>',
      '<unknown>',
      '<unknown>',
    ],
  ],
  [
    'apps',
    'deployments',
    {
      spec: {
        replicas: 3,
        selector: { matchLabels: { a: 'b' } },
        template: { spec: { containers: [{ name: 'c', image: 'i:1' }] } },
      },
      status: { readyReplicas: 1, updatedReplicas: 2 },
    },
    ['x', '1/3', 2, 0, '5m', 'c', 'i:1', 'a=b'],
  ],
  ['rbac.authorization.k8s.io', 'roles', {}, ['x', created]],
  [
    'rbac.authorization.k8s.io',
    'rolebindings',
    {
      roleRef: { kind: 'ClusterRole', name: 'view' },
      subjects: [
        { kind: 'User', name: 'alice' },
        { kind: 'Group', name: 'devs' },
        { kind: 'ServiceAccount', namespace: 'a', name: 'bot' },
        { kind: 'User', name: 'bob' },
      ],
    },
    ['x', 'ClusterRole/view', '5m', 'alice,bob', 'devs', 'a/bot'],
  ],
  [
    'certificates.k8s.io',
    'certificatesigningrequests',
    {
      spec: { signerName: 's', username: 'u', expirationSeconds: 86_400 },
      status: { conditions: [{ type: 'Approved' }], certificate: 'Y' },
    },
    ['x', '5m', 's', 'u', '24h', 'Approved,Issued'],
  ],
  [
    'batch',
    'cronjobs',
    { spec: { schedule: '* * * * *', suspend: true } },
    ['x', '* * * * *', '<none>', 'True', 0, '<none>', '5m', '', ''],
  ],
  [
    '',
    'events',
    {
      type: 'Normal',
      reason: 'R',
      message: 'm\n',
      involvedObject: { kind: 'Pod', name: 'p' },
      lastTimestamp: created,
    },
    ['5m', 'Normal', 'R', 'pod/p', '', '', 'm', '<unknown>', 1, 'x'],
  ],
])('a row of %s %s: %j', (group, resource, object, expected) => {
  expect(cells(group, resource, object)).toEqual(expected);
});

describe('objects of any shape', () => {
  const shapes: readonly JsonValue[] = ['x', 1, null, [], [1, null, 'x'], {}, { a: [{ b: null }] }, true];
  test('print without an error for every resource', () => {
    for (const definition of resourceDefinitions) {
      for (const shape of shapes) {
        const object = {
          metadata: shape,
          spec: shape,
          status: shape,
          subjects: shape,
          roleRef: shape,
          data: shape,
        };
        const nested = {
          metadata: {},
          spec: {
            containers: shape,
            template: { spec: { containers: shape } },
            ports: shape,
            rules: shape,
            selector: shape,
          },
          status: { conditions: shape, containerStatuses: shape, loadBalancer: { ingress: shape } },
        };
        for (const one of [object, nested]) {
          const table = toTable(definition, [one], { includeObject: 'None', now, listMeta: {} });
          const [row] = table.rows as readonly { cells: readonly unknown[] }[];
          expect(row?.cells.every((cell) => ['string', 'number', 'boolean'].includes(typeof cell))).toBe(
            true,
          );
        }
      }
    }
  });
});

const pods = { group: '', resource: 'pods' };
const secretPod = {
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: { name: 'p', namespace: 'a' },
  spec: { nodeName: 'n' },
};

test('a table carries metadata only, unless the whole object is asked for (D3.1)', () => {
  const table = (includeObject: 'None' | 'Metadata' | 'Object'): unknown =>
    toTable(pods, [secretPod], { includeObject, now, listMeta: { resourceVersion: '7' } });
  const object = (value: unknown): unknown => at((at(value, 'rows') as readonly unknown[])[0], 'object');
  expect(table('Metadata')).toMatchObject({
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion: '7' },
  });
  expect(object(table('Metadata'))).toEqual({
    kind: 'PartialObjectMetadata',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { name: 'p', namespace: 'a' },
  });
  expect(object(table('Object'))).toEqual(secretPod);
  expect(object(table('None'))).toBeNull();
});

test('every column has the members kubectl reads, the name is marked, and cells fit the columns', () => {
  const table = toTable(pods, [secretPod], { includeObject: 'None', now, listMeta: {} });
  const columns = table.columnDefinitions as readonly JsonObject[];
  expect(columns[0]).toEqual({ name: 'Name', type: 'string', format: 'name', description: '', priority: 0 });
  expect(at((table.rows as readonly unknown[])[0], 'cells')).toHaveLength(columns.length);
});

test('a later watch event may leave the columns out (D3.3)', () => {
  const table = toTable(pods, [], {
    includeObject: 'None',
    now,
    listMeta: {},
    withoutColumns: true,
    version: 'v1beta1',
  });
  expect(table).toMatchObject({ columnDefinitions: null, apiVersion: 'meta.k8s.io/v1beta1' });
});

test('includeObject is one of three words', () => {
  expect([null, '', 'None', 'Metadata', 'Object'].map(parseIncludeObject)).toEqual([
    'Metadata',
    'Metadata',
    'None',
    'Metadata',
    'Object',
  ]);
  expect(() => parseIncludeObject('all')).toThrow('unrecognized includeObject value');
});

test('a list of metadata holds nothing else', () => {
  expect(partialObjectMetadataList([secretPod], { resourceVersion: '1' })).toEqual({
    kind: 'PartialObjectMetadataList',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion: '1' },
    items: [
      {
        kind: 'PartialObjectMetadata',
        apiVersion: 'meta.k8s.io/v1',
        metadata: { name: 'p', namespace: 'a' },
      },
    ],
  });
});
