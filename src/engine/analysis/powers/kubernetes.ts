import type { Power } from '../accesspolicylint/reach.ts';

const rbac = 'rbac.authorization.k8s.io';
const certificates = 'certificates.k8s.io';
const admission = 'admissionregistration.k8s.io';
const write = ['create', 'update', 'patch'];

/** Kinds whose objects run containers as a service account of their namespace. */
export const workloads: readonly { readonly group: string; readonly resources: readonly string[] }[] = [
  { group: '', resources: ['pods', 'replicationcontrollers'] },
  { group: 'apps', resources: ['deployments', 'daemonsets', 'replicasets', 'statefulsets'] },
  { group: 'batch', resources: ['jobs', 'cronjobs'] },
];

/** What leads from a few permissions to more (kubernetes-facts A13, B16; Kubernetes' RBAC good practices). */
export const kubernetesPowers = {
  escalateOrBind: [{ group: rbac, resources: ['roles', 'clusterroles'], verbs: ['escalate', 'bind'] }],
  writeRbac: [
    {
      group: rbac,
      resources: ['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings'],
      verbs: write,
    },
  ],
  impersonate: [
    { group: '', resources: ['users', 'groups', 'serviceaccounts'], verbs: ['impersonate'] },
    { group: 'authentication.k8s.io', resources: ['uids', 'userextras'], verbs: ['impersonate'] },
  ],
  readSecrets: [{ group: '', resources: ['secrets'], verbs: ['get', 'list', 'watch'] }],
  runInPods: [
    { group: '', resources: ['pods/exec', 'pods/attach', 'pods/portforward'], verbs: ['get', 'create'] },
    { group: '', resources: ['pods/ephemeralcontainers'], verbs: ['update', 'patch'] },
  ],
  kubelets: [
    { group: '', resources: ['nodes/proxy'], verbs: ['get', 'create', 'update', 'patch', 'delete'] },
  ],
  createTokens: [{ group: '', resources: ['serviceaccounts/token'], verbs: ['create'] }],
  certificates: [
    { group: certificates, resources: ['certificatesigningrequests/approval'], verbs: ['update', 'patch'] },
    { group: certificates, resources: ['signers'], verbs: ['approve', 'sign', 'attest'] },
  ],
  admission: [
    {
      group: admission,
      resources: [
        'mutatingwebhookconfigurations',
        'validatingwebhookconfigurations',
        'mutatingadmissionpolicies',
        'mutatingadmissionpolicybindings',
        'validatingadmissionpolicies',
        'validatingadmissionpolicybindings',
      ],
      verbs: [...write, 'delete', 'deletecollection'],
    },
    { group: 'apiregistration.k8s.io', resources: ['apiservices'], verbs: write },
  ],
  volumes: [{ group: '', resources: ['persistentvolumes'], verbs: ['create'] }],
  relabelNamespaces: [{ group: '', resources: ['namespaces'], verbs: ['update', 'patch'] }],
  workloads: workloads.map((kinds) => ({ ...kinds, verbs: write })),
} as const satisfies Readonly<Record<string, readonly Power[]>>;
