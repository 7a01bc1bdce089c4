import { policyDocument } from '../../clients/policydocuments.ts';

/** What `npm start` puts into an empty data directory, as data. Names are invented; nothing here decides anything. */

export const demoCluster = 'demo';
export const clusterRoleName = 'demo-cluster-role';

export interface DemoRole {
  readonly name: string;
  readonly description: string;
  /** IAM permissions: what the role may ask of the AWS side. */
  readonly permissions: Readonly<Record<string, string>>;
  readonly entry:
    | { readonly kind: 'policy'; readonly policy: string; readonly namespaces: readonly string[] }
    | { readonly kind: 'groups'; readonly groups: readonly string[] }
    | { readonly kind: 'none' };
}

const describeClusters = policyDocument(['eks:DescribeCluster', 'eks:ListClusters']);

export const demoRoles: readonly DemoRole[] = [
  {
    name: 'platform-admin',
    description: 'Runs the cluster: cluster admin through an access policy',
    permissions: { eks: policyDocument(['eks:*', 'entryway:*']) },
    entry: { kind: 'policy', policy: 'AmazonEKSClusterAdminPolicy', namespaces: [] },
  },
  {
    name: 'team-a-developer',
    description: 'Works in team-a: AmazonEKSEditPolicy, scoped to that namespace',
    permissions: { eks: describeClusters },
    entry: { kind: 'policy', policy: 'AmazonEKSEditPolicy', namespaces: ['team-a'] },
  },
  {
    name: 'auditor',
    description: 'Looks everywhere but into secrets: a group bound to the ClusterRole view',
    permissions: { eks: describeClusters },
    entry: { kind: 'groups', groups: ['auditors'] },
  },
  {
    name: 'contractor',
    description: 'Has no access entry: authenticated by IAM, unknown to the cluster',
    permissions: { eks: describeClusters },
    entry: { kind: 'none' },
  },
];

/** A user of the older way: mapped in aws-auth, allowed by a Role. */
export const legacyUser = {
  name: 'legacy-ci',
  kubernetesUsername: 'legacy-ci',
  group: 'ci-deployers',
} as const;

/** May assume every demo role: the identity to try `aws sts assume-role` with. */
export const demoUser = { name: 'alice' } as const;

export interface Manifest {
  /** Collection path below the cluster's endpoint. */
  readonly collection: string;
  readonly object: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: {
      readonly name: string;
      readonly namespace?: string;
      readonly [member: string]: unknown;
    };
    readonly [member: string]: unknown;
  };
}

/** In order: a namespace comes before what is in it, a role before its binding. */
export function demoManifests(accountId: string): readonly Manifest[] {
  return [
    ...['team-a', 'team-b'].map(namespace),
    node('node-1', 'eu-a'),
    node('node-2', 'eu-b'),
    deployment('team-a', 'shop', 2),
    pod('team-a', 'shop-7c9d5-x2v4p', 'node-1'),
    pod('team-a', 'shop-7c9d5-k8m2q', 'node-2'),
    configMap('team-a', 'shop-settings', { LOG_LEVEL: 'info', CURRENCY: 'EUR' }),
    secret('team-a', 'shop-database', { password: 'not-a-real-password' }),
    deployment('team-b', 'billing', 1),
    pod('team-b', 'billing-5f6b8-q9z7w', 'node-2'),
    configMap('team-b', 'billing-settings', { LOG_LEVEL: 'debug' }),
    {
      collection: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
      object: {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: 'auditors-view' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'auditors' }],
      },
    },
    {
      collection: '/apis/rbac.authorization.k8s.io/v1/namespaces/team-b/roles',
      object: {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'Role',
        metadata: { name: 'deployer', namespace: 'team-b' },
        rules: [
          {
            apiGroups: ['apps'],
            resources: ['deployments'],
            verbs: ['get', 'list', 'create', 'update', 'patch'],
          },
          { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'create', 'update', 'patch'] },
        ],
      },
    },
    {
      collection: '/apis/rbac.authorization.k8s.io/v1/namespaces/team-b/rolebindings',
      object: {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: 'ci-deploys', namespace: 'team-b' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'deployer' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: legacyUser.group }],
      },
    },
    configMap('kube-system', 'aws-auth', {
      mapUsers: `- userarn: arn:aws:iam::${accountId}:user/${legacyUser.name}\n  username: ${legacyUser.kubernetesUsername}\n  groups:\n    - ${legacyUser.group}\n`,
    }),
  ];
}

function namespace(name: string): Manifest {
  return {
    collection: '/api/v1/namespaces',
    object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
  };
}

function node(name: string, zone: string): Manifest {
  const resources = { cpu: '4', memory: '16Gi', pods: '110' };
  return {
    collection: '/api/v1/nodes',
    object: {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': zone } },
      spec: {},
      // Nobody runs here to report it: what a kubelet would say, so that `kubectl describe node` reads as usual.
      status: {
        capacity: resources,
        allocatable: resources,
        conditions: [
          { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'stored by the demo' },
        ],
        nodeInfo: {
          kubeletVersion: 'v1.35.0',
          osImage: 'none',
          architecture: 'amd64',
          operatingSystem: 'linux',
        },
      },
    },
  };
}

function deployment(inNamespace: string, name: string, replicas: number): Manifest {
  const labels = { app: name };
  return {
    collection: `/apis/apps/v1/namespaces/${inNamespace}/deployments`,
    object: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: inNamespace, labels },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name, image: `registry.example/${name}:1.0` }] },
        },
      },
    },
  };
}

function pod(inNamespace: string, name: string, nodeName: string): Manifest {
  const app = name.replace(/-.*/, '');
  return {
    collection: `/api/v1/namespaces/${inNamespace}/pods`,
    object: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: inNamespace, labels: { app } },
      spec: { nodeName, containers: [{ name: app, image: `registry.example/${app}:1.0` }] },
    },
  };
}

function configMap(inNamespace: string, name: string, data: Readonly<Record<string, string>>): Manifest {
  return {
    collection: `/api/v1/namespaces/${inNamespace}/configmaps`,
    object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: inNamespace }, data },
  };
}

function secret(inNamespace: string, name: string, stringData: Readonly<Record<string, string>>): Manifest {
  const data = Object.fromEntries(
    Object.entries(stringData).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  );
  return {
    collection: `/api/v1/namespaces/${inNamespace}/secrets`,
    object: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: inNamespace },
      type: 'Opaque',
      data,
    },
  };
}
