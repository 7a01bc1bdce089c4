import { KubeConfig } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { matchCondition } from './authorization.ts';
import { renderBundle } from './bundle.ts';
import { type BundleFile, type BundleInput, bundlePaths, type Distribution, distributions } from './input.ts';
import { installedFlags } from './installedflags.ts';
import { newestMinor, oldestMinor, parseKubernetesVersion } from './version.ts';

const key = '-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n';
const encodedKey = Buffer.from(key).toString('base64');
const minors = Array.from({ length: newestMinor - oldestMinor + 1 }, (_, i) => oldestMinor + i);

/** Every flag of kube-apiserver that concerns webhooks, 1.28 to 1.36 (kubernetes-facts C6, C11). */
const knownFlags = new Set([
  'authentication-token-webhook-config-file',
  'authentication-token-webhook-version',
  'authentication-token-webhook-cache-ttl',
  'authorization-mode',
  'authorization-config',
  'authorization-webhook-config-file',
  'authorization-webhook-version',
  'authorization-webhook-cache-authorized-ttl',
  'authorization-webhook-cache-unauthorized-ttl',
  'admission-control-config-file',
]);

const folders: Readonly<Record<Distribution, string>> = {
  kubeadm: '/etc/kubernetes/entryway',
  k3s: '/etc/rancher/k3s/entryway',
  rke2: '/etc/rancher/rke2/entryway',
  kind: '/etc/kubernetes/entryway',
  minikube: '/etc/ssl/certs/entryway',
  talos: '/var/entryway',
};

function input(distribution: Distribution, minor: number, change: Partial<BundleInput> = {}): BundleInput {
  return {
    distribution,
    version: { minor, text: `1.${minor}` },
    authorization: minor >= 30 ? 'configuration' : 'flags',
    clusterName: 'prod',
    authenticateUrl: 'https://203.0.113.7:4745/clusters/111122223333/us-east-1/prod/authenticate',
    authorizeUrl: 'https://203.0.113.7:4745/clusters/111122223333/us-east-1/prod/authorize',
    caPem: '-----BEGIN CERTIFICATE-----\nca\n-----END CERTIFICATE-----\n',
    certificatePem: '-----BEGIN CERTIFICATE-----\nclient\n-----END CERTIFICATE-----\n',
    keyPem: key,
    directory: '/home/me/bundle',
    serialNumber: '0a1b',
    expires: '2027-11-21',
    ...change,
  };
}

function fileOf(files: readonly BundleFile[], path: string): BundleFile {
  const file = files.find((one) => one.path === path);
  if (file === undefined) throw new Error(`no ${path} in ${files.map((one) => one.path)}`);
  return file;
}

const every = distributions.flatMap((distribution) => minors.map((minor) => ({ distribution, minor })));

/** The flags that the API server of a bundle gets, whatever file carries them. */
function flagsOf(files: readonly BundleFile[]): Readonly<Record<string, string>> {
  return installedFlags((path) => files.find((file) => file.path === path)?.content)?.flags ?? {};
}

describe.each(every)('$distribution, Kubernetes 1.$minor', ({ distribution, minor }) => {
  const files = renderBundle(input(distribution, minor));
  const flags = flagsOf(files);
  const folder = folders[distribution];

  test('the key stands in private files only, and every file with it is private', () => {
    for (const { path, mode, content } of files) {
      const holdsKey = content.includes(encodedKey) || content.includes(key);
      expect({ path, isPrivate: mode === 0o600 || !holdsKey }).toEqual({ path, isPrivate: true });
    }
  });

  test('every file is one that a newer bundle may be written over', () => {
    expect(files.map(({ path }) => path).filter((path) => !bundlePaths.includes(path))).toEqual([]);
  });

  test('the API server is never given the file and the flags of the authorizers together', () => {
    const authorization = Object.keys(flags).filter((name) => name.startsWith('authorization-'));
    const isFile = minor >= 30;
    if (isFile) expect(authorization).toEqual(distribution === 'talos' ? [] : ['authorization-config']);
    else expect(authorization).toContain('authorization-mode');
  });

  test('flags are those of kube-apiserver; versions are v1, because the default is v1beta1', () => {
    expect(Object.keys(flags).filter((name) => !knownFlags.has(name))).toEqual([]);
    expect(flags).toMatchObject({
      'authentication-token-webhook-config-file': `${folder}/authenticate.kubeconfig`,
      'authentication-token-webhook-version': 'v1',
      'authentication-token-webhook-cache-ttl': '30s',
    });
    if (minor < 30) {
      expect(flags).toMatchObject({
        'authorization-mode': 'Node,RBAC,Webhook',
        'authorization-webhook-config-file': `${folder}/authorize.kubeconfig`,
        'authorization-webhook-version': 'v1',
        'authorization-webhook-cache-authorized-ttl': '30s',
        'authorization-webhook-cache-unauthorized-ttl': '10s',
      });
    }
  });

  test('both kubeconfigs load in the Kubernetes client, with all data inline', () => {
    for (const webhook of ['authenticate', 'authorize']) {
      const config = new KubeConfig();
      config.loadFromString(fileOf(files, `entryway/${webhook}.kubeconfig`).content);
      expect(config.getCurrentCluster()).toMatchObject({
        server: `https://203.0.113.7:4745/clusters/111122223333/us-east-1/prod/${webhook}`,
        skipTLSVerify: false,
      });
      expect(config.getCurrentCluster()?.caData).toBeDefined();
      expect(config.getCurrentUser()).toMatchObject({ keyData: encodedKey });
    }
  });

  test('the page tells install, check, undo and the windows, and every file that the bundle has is named', () => {
    const page = fileOf(files, 'README.md').content;
    for (const part of [
      '## Install',
      '## Check',
      '## Undo',
      'entryway doctor --cluster prod',
      '40 seconds',
      '0a1b',
    ]) {
      expect(page).toContain(part);
    }
    for (const { path } of files.filter(
      (one) => !one.path.startsWith('entryway/') && one.path !== 'README.md',
    )) {
      expect(page).toContain(path);
    }
    expect(page).not.toContain('undefined');
  });
});

describe.each(every.filter(({ minor }) => minor >= 30))(
  '$distribution, Kubernetes 1.$minor',
  ({ distribution, minor }) => {
    test('authorizers: Node, RBAC, then us, for our users only, and no opinion on failure', () => {
      const folder = folders[distribution];
      const files = renderBundle(input(distribution, minor));
      const { authorizers, ...head } =
        distribution === 'talos'
          ? {
              authorizers: parse(fileOf(files, 'talos-patch.yaml').content).cluster.apiServer
                .authorizationConfig,
            }
          : parse(fileOf(files, 'entryway/authorization.yaml').content);
      if (distribution !== 'talos') {
        expect(head).toEqual({
          apiVersion: minor >= 32 ? 'apiserver.config.k8s.io/v1' : 'apiserver.config.k8s.io/v1beta1',
          kind: 'AuthorizationConfiguration',
        });
      }
      expect(authorizers).toEqual([
        { type: 'Node', name: 'node' },
        { type: 'RBAC', name: 'rbac' },
        {
          type: 'Webhook',
          name: 'entryway',
          webhook: {
            timeout: '3s',
            authorizedTTL: '30s',
            unauthorizedTTL: '10s',
            subjectAccessReviewVersion: 'v1',
            matchConditionSubjectAccessReviewVersion: 'v1',
            failurePolicy: 'NoOpinion',
            connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: `${folder}/authorize.kubeconfig` },
            matchConditions: [
              {
                expression:
                  "has(request.extra) && 'sigs.k8s.io/aws-iam-authenticator/principalId' in request.extra",
              },
            ],
          },
        },
      ]);
    });
  },
);

describe.each(distributions)('%s, with the webhook for pods', (distribution) => {
  const podsUrl = 'https://203.0.113.7:4745/clusters/111122223333/us-east-1/prod/pods';
  const files = renderBundle(input(distribution, 34, { podsUrl }));
  const without = renderBundle(input(distribution, 34));
  const folder = folders[distribution];

  test('the API server shows its certificate to this host and to no other', () => {
    const file = fileOf(files, 'entryway/admission.kubeconfig');
    expect(file.mode).toBe(0o600);
    expect(parse(file.content)).toMatchObject({
      users: [{ name: '203.0.113.7:4745', user: { 'client-key-data': encodedKey } }],
    });
  });

  test('it is told of the kubeconfig, but where it has a file of its own already', () => {
    const plugins = [
      {
        name: 'MutatingAdmissionWebhook',
        configuration: {
          apiVersion: 'apiserver.config.k8s.io/v1',
          kind: 'WebhookAdmissionConfiguration',
          kubeConfigFile: `${folder}/admission.kubeconfig`,
        },
      },
    ];
    const flag = flagsOf(files)['admission-control-config-file'];
    if (distribution === 'talos') {
      const { machine, cluster } = parse(fileOf(files, 'talos-patch.yaml').content);
      expect(cluster.apiServer.admissionControl).toEqual(plugins);
      expect(machine.files.map(({ path }: { path: string }) => path)).toContain(
        `${folder}/admission.kubeconfig`,
      );
      expect(flag).toBeUndefined();
      return;
    }
    expect(parse(fileOf(files, 'entryway/admission.yaml').content)).toEqual({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AdmissionConfiguration',
      plugins,
    });
    expect(flag).toBe(distribution === 'rke2' ? undefined : `${folder}/admission.yaml`);
    expect(fileOf(files, 'README.md').content).toContain(
      distribution === 'rke2' ? 'pod-security-admission-config-file' : 'Replacing the file would take away',
    );
  });

  test('the cluster is told what EKS’s is told, without a secret', () => {
    const { mode, content } = fileOf(files, 'pod-webhook.yaml');
    expect([mode, content.includes(encodedKey)]).toEqual([0o644, false]);
    expect(parse(content)).toEqual({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: 'pod-identity-webhook' },
      webhooks: [
        {
          name: 'iam-for-pods.amazonaws.com',
          clientConfig: { url: podsUrl, caBundle: expect.any(String) },
          rules: [
            { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], scope: '*' },
          ],
          objectSelector: {
            matchExpressions: [
              { key: 'eks.amazonaws.com/skip-pod-identity-webhook', operator: 'DoesNotExist' },
            ],
          },
          failurePolicy: 'Ignore',
          matchPolicy: 'Equivalent',
          reinvocationPolicy: 'IfNeeded',
          sideEffects: 'None',
          timeoutSeconds: 5,
          admissionReviewVersions: ['v1'],
        },
      ],
    });
  });

  test('files are known, and a bundle without it says nothing of it', () => {
    expect(files.map(({ path }) => path).filter((path) => !bundlePaths.includes(path))).toEqual([]);
    expect(fileOf(files, 'README.md').content).toContain('kubectl apply -f pod-webhook.yaml');
    expect(fileOf(files, 'README.md').content).not.toContain('undefined');
    expect(without.map(({ path }) => path)).not.toContain('pod-webhook.yaml');
    expect(fileOf(without, 'README.md').content).not.toContain('pod-webhook.yaml');
  });
});

test('kubeadm: extra arguments are a map in v1beta3 and a list in v1beta4', () => {
  const configuration = (minor: number) =>
    parse(fileOf(renderBundle(input('kubeadm', minor)), 'kubeadm-config.yaml').content);
  expect(configuration(30).apiVersion).toBe('kubeadm.k8s.io/v1beta3');
  expect(configuration(30).apiServer.extraArgs).toHaveProperty('authorization-config');
  expect(configuration(31).apiVersion).toBe('kubeadm.k8s.io/v1beta4');
  expect(configuration(31).apiServer.extraArgs).toContainEqual({
    name: 'authorization-config',
    value: '/etc/kubernetes/entryway/authorization.yaml',
  });
  for (const minor of minors) {
    expect(configuration(minor).apiServer.extraVolumes).toEqual([
      {
        name: 'entryway',
        hostPath: '/etc/kubernetes/entryway',
        mountPath: '/etc/kubernetes/entryway',
        readOnly: true,
        pathType: 'DirectoryOrCreate',
      },
    ]);
  }
});

test('rke2 mounts the folder into its static pod; k3s needs no mount', () => {
  const dropIn = (distribution: Distribution) =>
    parse(fileOf(renderBundle(input(distribution, 34)), '50-entryway.yaml').content);
  expect(dropIn('rke2')['kube-apiserver-extra-mount+']).toEqual([
    '/etc/rancher/rke2/entryway:/etc/rancher/rke2/entryway:ro',
  ]);
  expect(Object.keys(dropIn('k3s'))).toEqual(['kube-apiserver-arg+']);
});

test('k3s and rke2 say which patch release takes the file, and that there are the flags for older ones', () => {
  const page = (minor: number, change = {}) =>
    fileOf(renderBundle(input('k3s', minor, change)), 'README.md').content;
  expect(page(32)).toContain('v1.32.4 or newer');
  expect(page(33)).not.toContain('or newer: an older one sets');
  expect(page(32, { authorization: 'flags' })).not.toContain('v1.32.4 or newer');
});

test('kind mounts the folder from where the bundle is, and its patch fits both versions of kubeadm', () => {
  const cluster = parse(fileOf(renderBundle(input('kind', 36)), 'kind.yaml').content);
  expect(cluster.nodes[0].extraMounts).toEqual([
    { hostPath: '/home/me/bundle/entryway', containerPath: '/etc/kubernetes/entryway', readOnly: true },
  ]);
  expect(parse(cluster.kubeadmConfigPatches[0])).not.toHaveProperty('apiVersion');
});

test('Talos gets everything in one private patch, with modes that its unprivileged API server can read', () => {
  const file = fileOf(renderBundle(input('talos', 34)), 'talos-patch.yaml');
  expect(file.mode).toBe(0o600);
  expect(file.content).toContain('permissions: 0o444');
  const { machine, cluster } = parse(file.content);
  expect(machine.files.map(({ path }: { path: string }) => path)).toEqual([
    '/var/entryway/authenticate.kubeconfig',
    '/var/entryway/authorize.kubeconfig',
  ]);
  expect(cluster.apiServer.extraVolumes).toEqual([
    { hostPath: '/var/entryway', mountPath: '/var/entryway', readonly: true },
  ]);
});

test('a name for the server’s certificate goes into the kubeconfigs', () => {
  const files = renderBundle(input('kind', 34, { tlsServerName: 'localhost' }));
  const { clusters } = parse(fileOf(files, 'entryway/authorize.kubeconfig').content);
  expect(clusters[0].cluster['tls-server-name']).toBe('localhost');
});

test('the condition is one expression: an error in a second one would be a failure, not a refusal', () => {
  expect(matchCondition.split('&&')).toHaveLength(2);
});

test.each([
  ['1.34', 34],
  ['v1.34', 34],
  ['1.34.2', 34],
  ['v1.32.4+k3s1', 32],
  ['v1.33.1-rc.0', 33],
  ['1.27', undefined],
  ['1.37', undefined],
  ['2.34', undefined],
  ['1.3', undefined],
  ['1.34 ', undefined],
  ['latest', undefined],
  ['', undefined],
])('version %j is minor %s', (text, minor) => {
  expect(parseKubernetesVersion(text)?.minor).toBe(minor);
});
