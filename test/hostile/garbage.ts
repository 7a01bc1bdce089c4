/** Requests that nobody means: each kind of thing a client may send, taken apart and put together wrongly. */

export interface GarbageRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

type Random = () => number;

const methods = [
  'GET',
  'GET',
  'GET',
  'POST',
  'POST',
  'PUT',
  'PATCH',
  'PATCH',
  'PATCH',
  'DELETE',
  'HEAD',
  'OPTIONS',
];

const collections = [
  '/api/v1/namespaces/default/configmaps',
  '/api/v1/namespaces/default/pods',
  '/api/v1/namespaces/default/services',
  '/api/v1/namespaces/default/serviceaccounts',
  '/api/v1/namespaces/default/secrets',
  '/api/v1/namespaces/default/events',
  '/api/v1/namespaces',
  '/api/v1/nodes',
  '/apis/apps/v1/namespaces/default/deployments',
  '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers',
  '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers',
  '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings',
  '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
  '/apis/coordination.k8s.io/v1/namespaces/default/leases',
  '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
  '/apis/authorization.k8s.io/v1/subjectaccessreviews',
  '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
  '/apis/authentication.k8s.io/v1/tokenreviews',
  '/apis/authentication.k8s.io/v1/selfsubjectreviews',
];
const others = [
  '/api',
  '/apis',
  '/apis/apps',
  '/apis/apps/v1',
  '/openapi/v2',
  '/openapi/v3',
  '/openapi/v3/api/v1',
  '/version',
  '/readyz',
  '/metrics',
  '/.well-known/openid-configuration',
  '/openid/v1/jwks',
  '/',
];
const subresources = [
  '',
  '',
  '',
  '',
  'status',
  'scale',
  'token',
  'finalize',
  'log',
  'eviction',
  'binding',
  'proxy/x',
  '%00',
];
const names = [
  'a',
  'b',
  'c',
  'default',
  'view',
  'A B',
  '..',
  'x'.repeat(300),
  '%2e%2e',
  '%ff',
  '\u{1f600}',
  'a/b/c/d',
  "';--",
];

const jsonTypes = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
  'text/plain; charset=x',
  'application/json;;;=',
  '',
];
const accepts = [
  'application/json',
  'application/yaml',
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
  'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json',
  'application/vnd.kubernetes.protobuf',
  '*/*;q=0.1, ,;;,application/json;q=zz',
  'application/json;as=Nothing;g=x;v=y,*/*',
];

const parameters: Readonly<Record<string, readonly string[]>> = {
  limit: ['0', '1', '500', '-1', '999999999999', 'x'],
  continue: ['x', 'AAAA', '%00', 'x'.repeat(5000)],
  resourceVersion: ['0', '1', '-1', '99999999', 'x', ''],
  resourceVersionMatch: ['Exact', 'NotOlderThan', 'x'],
  sendInitialEvents: ['true', 'false', 'x'],
  allowWatchBookmarks: ['true', '2'],
  watch: ['true', '1', 'x'],
  timeoutSeconds: ['1'],
  labelSelector: [
    'a=b',
    'a in (b,c)',
    '!a,b!=c',
    'a in ((',
    ',,,',
    'x>1',
    '(',
    'a=\u0000',
    Array(3000).fill('k=v').join(','),
  ],
  fieldSelector: [
    'metadata.name=a',
    'metadata.name!=a',
    'spec.x=1',
    '\\',
    'a=b=c',
    ',',
    'metadata.name=a,'.repeat(400),
  ],
  fieldManager: ['me', '', '\u0007', 'x'.repeat(200)],
  fieldValidation: ['Strict', 'Warn', 'Ignore', 'x'],
  dryRun: ['All', 'x', 'All&dryRun=All'],
  force: ['true', 'x'],
  pretty: ['true'],
  includeObject: ['None', 'Object', 'x'],
  propagationPolicy: ['Foreground', 'Background', 'Orphan', 'x'],
  gracePeriodSeconds: ['0', '-5', 'x'],
  x: ['%', '%zz', '&&&', '=', ';'],
};

const manifests: readonly unknown[] = [
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', labels: { a: 'b' } }, data: { k: 'v' } },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'b',
      annotations: { x: 'y' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: 'u' }],
    },
    spec: {
      replicas: 2,
      selector: { matchLabels: { a: 'b' } },
      template: {
        metadata: { labels: { a: 'b' } },
        spec: { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80 }] }] },
      },
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'p-', finalizers: ['example.com/x'] },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'c' },
    rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] },
  },
  {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'things.example.com' },
    spec: {
      group: 'example.com',
      names: { plural: 'things', kind: 'Thing', singular: 'thing' },
      scope: 'Namespaced',
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: { type: 'object', properties: { n: { type: 'integer', default: 1, maximum: 3 } } },
              },
            },
          },
        },
      ],
    },
  },
  {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user: 'u', groups: ['g'], resourceAttributes: { verb: 'get', resource: 'pods' } },
  },
  {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { audiences: ['a'], expirationSeconds: 600 },
  },
  { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'b' }, spec: { replicas: 3 } },
  { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Foreground', preconditions: { uid: 'x' } },
  [
    { op: 'add', path: '/metadata/labels/x', value: 'y' },
    { op: 'copy', from: '/data', path: '/data/x' },
    { op: 'remove', path: '/-' },
  ],
  {
    metadata: { labels: { a: null } },
    spec: {
      template: {
        spec: {
          containers: [{ name: 'c', $patch: 'delete' }, { $patch: 'replace' }],
          '$setElementOrder/containers': [{ name: 'x' }],
        },
      },
    },
  },
];

const pick = <T>(random: Random, values: readonly T[]): T =>
  values[Math.floor(random() * values.length)] as T;

/** JSON that no field expects. */
function odd(random: Random): unknown {
  switch (Math.floor(random() * 12)) {
    case 0:
      return null;
    case 1:
      return -1e308;
    case 2:
      return 2 ** 53 + 2;
    case 3:
      return '\ud800\u0000\u2028';
    case 4:
      return [];
    case 5:
      return {};
    case 6:
      return deep(Math.floor(random() * 300));
    case 7:
      return Array(200).fill({ name: 'x' });
    case 8:
      return JSON.parse(
        '{"__proto__":{"x":1},"constructor":{"prototype":{}},"toString":1,"hasOwnProperty":null}',
      );
    case 9:
      return 'x'.repeat(20_000);
    case 10:
      return true;
    default:
      return 0.1;
  }
}

function deep(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** The value with some of its parts replaced, left out or doubled. */
function mutated(random: Random, value: unknown): unknown {
  if (random() < 0.04) return odd(random);
  if (Array.isArray(value)) {
    const items = value.map((item) => mutated(random, item));
    return random() < 0.1 ? [...items, ...items] : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(() => random() > 0.03);
  if (random() < 0.05)
    members.push([pick(random, ['status', 'metadata', 'spec', 'x', 'data', 'managedFields']), odd(random)]);
  return Object.fromEntries(members.map(([key, member]) => [key, mutated(random, member)]));
}

function body(random: Random): Buffer | undefined {
  const text = JSON.stringify(mutated(random, pick(random, manifests)));
  const bytes = Buffer.from(text, 'utf8');
  switch (Math.floor(random() * 10)) {
    case 0:
      return undefined;
    case 1:
      return bytes.subarray(0, Math.floor(random() * bytes.length));
    case 2:
      return Buffer.from(
        Array.from({ length: 1 + Math.floor(random() * 200) }, () => Math.floor(random() * 256)),
      );
    case 3:
      return Buffer.concat([
        Buffer.from('k8s\0'),
        Buffer.from(Array.from({ length: Math.floor(random() * 80) }, () => Math.floor(random() * 256))),
      ]);
    case 4:
      return Buffer.from(
        `a: &x [*x, *x]\nb: !!js/function x\n? - : ${text.slice(0, 50)}\n---\n- - - -`,
        'utf8',
      );
    case 5: {
      const flipped = Buffer.from(bytes);
      for (let times = 0; times < 3; times += 1)
        flipped[Math.floor(random() * flipped.length)] = Math.floor(random() * 256);
      return flipped;
    }
    default:
      return bytes;
  }
}

/** Where a manifest belongs. */
const homes: Readonly<Record<string, string>> = {
  ConfigMap: '/api/v1/namespaces/default/configmaps',
  Deployment: '/apis/apps/v1/namespaces/default/deployments',
  Pod: '/api/v1/namespaces/default/pods',
  ClusterRole: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  CustomResourceDefinition: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  SubjectAccessReview: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
};

/** A write that would succeed, but for what was changed in its body. */
function nearlyRight(random: Random): GarbageRequest {
  const manifest = pick(random, manifests) as {
    readonly kind?: string;
    readonly metadata?: { readonly name?: string };
  };
  const home = homes[manifest.kind ?? ''] ?? '/api/v1/namespaces/default/configmaps';
  const name = manifest.metadata?.name ?? 'a';
  const method = pick(random, ['POST', 'POST', 'PUT', 'PATCH', 'PATCH', 'DELETE']);
  const patch = Array.isArray(manifest) ? 'application/json-patch+json' : pick(random, jsonTypes.slice(4, 7));
  const isApply = patch === 'application/apply-patch+yaml';
  return {
    method,
    path: `${home}${method === 'POST' ? '' : `/${name}`}${method === 'PATCH' && isApply ? '?fieldManager=me&force=true' : ''}`,
    headers: { accept: 'application/json', 'content-type': method === 'PATCH' ? patch : 'application/json' },
    body: Buffer.from(JSON.stringify(random() < 0.3 ? manifest : mutated(random, manifest)), 'utf8'),
  };
}

export function garbageRequest(random: Random): GarbageRequest {
  if (random() < 0.4) return nearlyRight(random);
  const isOther = random() < 0.08;
  let path = isOther ? pick(random, others) : pick(random, collections);
  if (!isOther && random() < 0.7) {
    const name = pick(random, names);
    path += `/${random() < 0.8 ? encodeURIComponent(name) : encodeURI(name)}`;
    const subresource = pick(random, subresources);
    if (subresource !== '') path += `/${subresource}`;
  }
  const query: string[] = [];
  while (random() < 0.5) {
    const name = pick(random, Object.keys(parameters));
    const value = pick(random, parameters[name] ?? []);
    query.push(`${name}=${random() < 0.8 ? encodeURIComponent(value) : encodeURI(value)}`);
  }
  // A watch has no end of its own.
  if (query.some((one) => one.startsWith('watch='))) query.push('timeoutSeconds=1');
  const method = pick(random, methods);
  return {
    method,
    path: query.length === 0 ? path : `${path}?${query.join('&')}`,
    headers: {
      accept: pick(random, accepts),
      ...(random() < 0.9 && { 'content-type': pick(random, jsonTypes) }),
      ...(random() < 0.03 && { 'impersonate-user': pick(random, ['bob', '', 'system:admin']) }),
      ...(random() < 0.02 && { 'content-encoding': 'gzip' }),
    },
    body: method === 'GET' || method === 'HEAD' ? undefined : body(random),
  };
}

/** Statuses that are answers; another one says that something went wrong on our side. */
export function isAnswer(status: number): boolean {
  return status < 500 || status === 501 || status === 504;
}
