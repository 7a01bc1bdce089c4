import { beforeEach, describe, expect, test } from 'vitest';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import { objectKey } from '../../storage/records/keys.ts';
import type { Storage } from '../../storage/storage.ts';
import type { JsonObject } from '../../wire/kube/json.ts';
import { builtInResources } from '../../wire/kube/resources.ts';
import type { ResourceRequest } from '../context.ts';
import { completePodAccount } from './podaccount.ts';
import { checkPodAccount } from './podsecrets.ts';

let storage: Storage;
const account = (name: string, more: JsonObject = {}) =>
  storage.commit({
    changes: [
      {
        type: 'put',
        key: objectKey('c', '', 'serviceaccounts', 'team', name),
        value: JSON.stringify({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name }, ...more }),
      },
    ],
  });
beforeEach(async () => {
  storage = createMemoryStorage();
  await account('default');
});

const container = (more: JsonObject = {}): JsonObject => ({ name: 'c', image: 'i', ...more });
// biome-ignore lint/suspicious/noExplicitAny: the test looks into specs of every form
async function admit(spec: JsonObject, annotations: Record<string, string> = {}): Promise<any> {
  const context = {
    storage,
    random: { bytes: (length: number) => new Uint8Array(length), uuid: () => 'u' },
  };
  const request = {
    cluster: { cluster: { clusterId: 'c' } },
    namespace: 'team',
    resource: builtInResources.find('', 'v1', 'pods'),
  } as ResourceRequest;
  const metadata = { name: 'p', annotations };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [container()], ...spec } };
  const completed = await completePodAccount(context, request, pod);
  await checkPodAccount(context, request, completed, 'all');
  await checkPodAccount(context, request, completed, 'ephemeral');
  return completed.spec;
}

describe('a pod that is refused', () => {
  const from = (kind: string): JsonObject => ({
    containers: [container({ [kind]: [{ secretRef: { name: 's' } }] })],
  });
  const enforced = {
    metadata: { name: 'strict', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } },
  };
  const mirror = { 'kubernetes.io/config.mirror': 'x' };

  test.each<[string, JsonObject, string, Record<string, string>?]>([
    [
      'whose account is missing',
      { serviceAccountName: 'nobody' },
      'error looking up service account team/nobody: serviceaccount "nobody" not found',
    ],
    [
      'whose account spells another key',
      { serviceAccountName: '../other/x' },
      'error looking up service account team/../other/x: serviceaccount "../other/x" not found',
    ],
    [
      'with a volume of a secret its account does not name',
      { serviceAccountName: 'strict', volumes: [{ name: 'v', secret: { secretName: 's' } }] },
      'volume with secret.secretName="s" is not allowed because service account strict does not reference that secret',
    ],
    [
      'with an environment of such a secret',
      { serviceAccountName: 'strict', ...from('envFrom') },
      'container c with envFrom referencing secret.secretName="s" is not allowed because service account strict does not reference that secret',
    ],
    [
      'with an ephemeral container that reads such a secret',
      {
        serviceAccountName: 'strict',
        ephemeralContainers: [
          container({ env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] }),
        ],
      },
      'ephemeral container c with envVar E referencing secret.secretName="s" is not allowed because service account strict does not reference that secret',
    ],
    [
      'with such a pull secret',
      { serviceAccountName: 'strict', imagePullSecrets: [{ name: 's' }] },
      'imagePullSecrets[0].name="s" is not allowed because service account strict does not reference that imagePullSecret',
    ],
    [
      'a mirror pod with an account',
      { serviceAccountName: 'strict' },
      'a mirror pod may not reference service accounts',
      mirror,
    ],
    [
      'a mirror pod with the account everybody has, by its older name',
      { serviceAccount: 'default' },
      'a mirror pod may not reference service accounts',
      mirror,
    ],
    [
      'a mirror pod with a volume that a secret opens',
      { volumes: [{ name: 'v', csi: { driver: 'd', nodePublishSecretRef: { name: 's' } } }] },
      'a mirror pod may not reference secrets',
      mirror,
    ],
    [
      'with a volume of a secret that has no name',
      { serviceAccountName: 'strict', volumes: [{ name: 'v', secret: {} }] },
      'volume with secret.secretName="" is not allowed because service account strict does not reference that secret',
    ],
    ['a mirror pod with a secret', { ...from('envFrom') }, 'a mirror pod may not reference secrets', mirror],
    [
      'a mirror pod with a token',
      { volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }] },
      'a mirror pod may not use ServiceAccountToken volume projections',
      mirror,
    ],
  ])('%s', async (_, spec, message, annotations) => {
    await account('strict', enforced);
    await expect(admit(spec, annotations)).rejects.toMatchObject({
      status: { code: 403, reason: 'Forbidden', message: `pods "p" is forbidden: ${message}` },
    });
  });
});

test('every container finds token, CA and namespace of the default account', async () => {
  const spec = await admit({ initContainers: [container({ name: 'init' })] });
  const volume = spec.volumes[0].name;
  const mounts = [
    { name: volume, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
  ];
  expect(volume).toMatch(/^kube-api-access-\w{5}$/);
  expect(spec).toEqual({
    serviceAccountName: 'default',
    serviceAccount: 'default',
    initContainers: [container({ name: 'init', volumeMounts: mounts })],
    containers: [container({ volumeMounts: mounts })],
    volumes: [
      {
        name: volume,
        projected: {
          defaultMode: 420,
          sources: [
            { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
            { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
            {
              downwardAPI: {
                items: [
                  { path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } },
                ],
              },
            },
          ],
        },
      },
    ],
  });
  // As when webhooks changed the pod and everything is looked at again.
  expect(await admit(spec)).toEqual(spec);
});

test.each<[string, JsonObject, JsonObject, boolean]>([
  ['nobody says anything', {}, {}, true],
  ['the account says no', { automountServiceAccountToken: false }, {}, false],
  ['the pod says no', {}, { automountServiceAccountToken: false }, false],
  [
    'the pod says yes to an account that says no',
    { automountServiceAccountToken: false },
    { automountServiceAccountToken: true },
    true,
  ],
])('a token is mounted when %s', async (_, of, spec, isMounted) => {
  await account('bot', of);
  const admitted = await admit({ serviceAccountName: 'bot', ...spec });
  expect(admitted.volumes !== undefined).toBe(isMounted);
});

test('a mirror pod stays as its kubelet wrote it', async () => {
  const containers = [container()];
  expect(await admit({}, { 'kubernetes.io/config.mirror': 'x' })).toEqual({ containers });
});

test('what is mounted there already stays, and no volume is added for it', async () => {
  const volumeMounts = [{ name: 'mine', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }];
  const containers = [container({ volumeMounts })];
  expect(await admit({ containers })).toMatchObject({ containers });
  expect((await admit({ containers })).volumes).toBeUndefined();
});

test('pull secrets are the account’s, unless the pod has its own', async () => {
  await account('bot', { imagePullSecrets: [{ name: 'registry' }] });
  const bot = { serviceAccountName: 'bot' };
  expect((await admit(bot)).imagePullSecrets).toEqual([{ name: 'registry' }]);
  const own = [{ name: 'own' }];
  expect((await admit({ ...bot, imagePullSecrets: own })).imagePullSecrets).toEqual(own);
});
