import { isObject, type JsonObject, type JsonValue, own } from '../../wire/kube/json.ts';
import { generateName } from '../../wire/kube/names.ts';
import type { ApiContext, ResourceRequest } from '../context.ts';
import type { KubeObject } from '../objects/object.ts';
import { accountOf, namesIn } from './podsecrets.ts';

/** Where containers find their token. */
const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const volumePrefix = 'kube-api-access-';
/** The life that a kubelet asks for: by the odd seconds the API server knows these tokens when it makes them. */
export const projectedSeconds = 3607;

/**
 * What the API server's ServiceAccount plugin makes of a new pod: it runs as an account, and unless pod or account say no,
 * every container finds a token of it, the cluster's CA and its namespace. Whether the pod may be is told later, by
 * `checkPodAccount`.
 * @throws KubeStatusError 403 when there is no such account
 */
export async function completePodAccount(
  context: Pick<ApiContext, 'storage' | 'random'>,
  request: Pick<ResourceRequest, 'cluster' | 'namespace' | 'resource'>,
  pod: KubeObject,
): Promise<KubeObject> {
  const account = await accountOf(context, request, pod);
  // A kubelet does not know its own pod again when anything is added to it.
  if (account === undefined) return pod;
  const { name } = account.metadata;
  const spec = isObject(pod.spec) ? pod.spec : {};
  // `serviceAccount` is the older name of the same field; clients read either.
  const running: JsonObject = { ...spec, serviceAccountName: name, serviceAccount: name };
  const automount = [spec.automountServiceAccountToken, account.automountServiceAccountToken].find(
    (wish) => typeof wish === 'boolean',
  );
  const mounted = automount === false ? running : mountToken(running, context);
  const pullSecrets = items(mounted.imagePullSecrets).length > 0 ? undefined : pullSecretsOf(account);
  return {
    ...pod,
    spec: { ...mounted, ...(pullSecrets !== undefined && { imagePullSecrets: pullSecrets }) },
  };
}

function mountToken(spec: JsonObject, context: Pick<ApiContext, 'random'>): JsonObject {
  const volumes = items(spec.volumes);
  const known = volumes
    .map((volume) => own(volume, 'name'))
    .find((name) => typeof name === 'string' && name.startsWith(volumePrefix));
  const name = known ?? generateName(volumePrefix, () => context.random.bytes(1)[0] ?? 0);
  let isNeeded = false as boolean;
  const mount = (containers: JsonValue | undefined): readonly JsonValue[] =>
    items(containers).map((container) => {
      if (!isObject(container)) return container;
      const mounts = items(container.volumeMounts);
      if (mounts.some((one) => own(one, 'mountPath') === mountPath)) return container;
      isNeeded = true;
      return { ...container, volumeMounts: [...mounts, { name, readOnly: true, mountPath }] };
    });
  const initContainers = mount(spec.initContainers);
  const containers = mount(spec.containers);
  return {
    ...spec,
    ...(initContainers.length > 0 && { initContainers }),
    ...(containers.length > 0 && { containers }),
    ...(known === undefined && isNeeded && { volumes: [...volumes, { name, projected: tokenVolume }] }),
  };
}

const tokenVolume: JsonObject = {
  defaultMode: 0o644,
  sources: [
    { serviceAccountToken: { expirationSeconds: projectedSeconds, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    {
      downwardAPI: {
        items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
      },
    },
  ],
};

function pullSecretsOf(account: KubeObject): readonly JsonObject[] | undefined {
  const names = namesIn(account.imagePullSecrets);
  return names.length === 0 ? undefined : names.map((name) => ({ name }));
}

const items = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);
