import { quote } from '../../engine/rbac/quote.ts';
import { objectKey } from '../../storage/records/keys.ts';
import { isObject, type JsonObject, type JsonValue, own } from '../../wire/kube/json.ts';
import { generateName } from '../../wire/kube/names.ts';
import { forbiddenWith } from '../../wire/kube/status.ts';
import type { ApiContext, ResourceRequest } from '../context.ts';
import type { KubeObject } from '../objects/object.ts';
import { getObject } from '../objects/store.ts';

/** Where containers find their token. */
const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const volumePrefix = 'kube-api-access-';
/** The life that a kubelet asks for: by the odd seconds the API server knows these tokens when it makes them. */
export const projectedSeconds = 3607;

/**
 * What the API server's ServiceAccount plugin makes of a new pod: the account it runs as must exist, and unless pod or
 * account say no, every container finds a token of it, the cluster's CA and its namespace.
 * @throws KubeStatusError 403
 */
export async function admitPodAccount(
  context: Pick<ApiContext, 'storage' | 'random'>,
  request: Pick<ResourceRequest, 'cluster' | 'namespace' | 'resource'>,
  pod: KubeObject,
): Promise<KubeObject> {
  const spec = isObject(pod.spec) ? pod.spec : {};
  const refuse = (message: string): Error => {
    const { group, resource } = request.resource;
    return forbiddenWith({ group, resource, name: pod.metadata.name ?? '' }, message);
  };
  if (Object.hasOwn(pod.metadata.annotations ?? {}, 'kubernetes.io/config.mirror')) {
    checkMirror(spec, refuse);
    return pod;
  }
  const given = spec.serviceAccountName;
  const name = typeof given === 'string' && given !== '' ? given : 'default';
  const { namespace } = request;
  const { clusterId } = request.cluster.cluster;
  // A name with a slash would spell another key; no account has one.
  const account = name.includes('/')
    ? undefined
    : await getObject(context.storage, objectKey(clusterId, '', 'serviceaccounts', namespace, name));
  if (account === undefined) {
    throw refuse(
      `error looking up service account ${namespace}/${name}: serviceaccount ${quote(name)} not found`,
    );
  }
  // `serviceAccount` is the older name of the same field; clients read either.
  const running: JsonObject = { ...spec, serviceAccountName: name, serviceAccount: name };
  const automount = [spec.automountServiceAccountToken, account.automountServiceAccountToken].find(
    (wish) => typeof wish === 'boolean',
  );
  const mounted = automount === false ? running : mountToken(running, context);
  const pullSecrets = items(mounted.imagePullSecrets).length > 0 ? undefined : pullSecretsOf(account);
  const admitted = { ...mounted, ...(pullSecrets !== undefined && { imagePullSecrets: pullSecrets }) };
  const refusal = secretRefusal(account, name, admitted);
  if (refusal !== undefined) throw refuse(refusal);
  return { ...pod, spec: admitted };
}

/** A kubelet's copy of a pod of its own has no account and reaches no secret. */
function checkMirror(spec: JsonObject, refuse: (message: string) => Error): void {
  // What is filled in for every pod is nobody's reference.
  const account = spec.serviceAccountName;
  if (typeof account === 'string' && account !== '' && account !== 'default') {
    throw refuse('a mirror pod may not reference service accounts');
  }
  const volumes = items(spec.volumes);
  const sources = volumes.flatMap((volume) => items(own(own(volume, 'projected'), 'sources')));
  const isSecret = (one: JsonValue): boolean => isObject(own(one, 'secret'));
  const hasSecret =
    volumes.some(isSecret) ||
    sources.some(isSecret) ||
    items(spec.imagePullSecrets).length > 0 ||
    secretReferences(spec).length > 0;
  if (hasSecret) throw refuse('a mirror pod may not reference secrets');
  if (sources.some((source) => isObject(own(source, 'serviceAccountToken')))) {
    throw refuse('a mirror pod may not use ServiceAccountToken volume projections');
  }
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

/** What an account with `kubernetes.io/enforce-mountable-secrets` has against the secrets of a pod. */
function secretRefusal(account: KubeObject, name: string, spec: JsonObject): string | undefined {
  const enforced = account.metadata.annotations?.['kubernetes.io/enforce-mountable-secrets'] ?? '';
  if (!/^(1|t|T|true|TRUE|True)$/.test(enforced)) return undefined;
  const mountable = namesIn(account.secrets);
  const because = `is not allowed because service account ${name} does not reference that`;
  for (const volume of items(spec.volumes)) {
    const secret = own(own(volume, 'secret'), 'secretName');
    if (typeof secret === 'string' && !mountable.includes(secret)) {
      return `volume with secret.secretName="${secret}" ${because} secret`;
    }
  }
  const found = secretReferences(spec).find(({ secret }) => !mountable.includes(secret));
  if (found !== undefined)
    return `${found.where} referencing secret.secretName="${found.secret}" ${because} secret`;
  const pulled = namesIn(account.imagePullSecrets);
  for (const [index, reference] of items(spec.imagePullSecrets).entries()) {
    const secret = own(reference, 'name');
    if (typeof secret === 'string' && !pulled.includes(secret)) {
      return `imagePullSecrets[${index}].name="${secret}" ${because} imagePullSecret`;
    }
  }
  return undefined;
}

/** Secrets that the environment of containers is made from. */
function secretReferences(spec: JsonObject): readonly { readonly where: string; readonly secret: string }[] {
  const kinds = [
    ['initContainers', 'init container'],
    ['containers', 'container'],
  ] as const;
  return kinds.flatMap(([member, what]) =>
    items(spec[member]).flatMap((container) => {
      const here = `${what} ${String(own(container, 'name') ?? '')}`;
      const variables = items(own(container, 'env')).map((variable) => ({
        where: `${here} with envVar ${String(own(variable, 'name') ?? '')}`,
        secret: own(own(own(variable, 'valueFrom'), 'secretKeyRef'), 'name'),
      }));
      const whole = items(own(container, 'envFrom')).map((source) => ({
        where: `${here} with envFrom`,
        secret: own(own(source, 'secretRef'), 'name'),
      }));
      return [...variables, ...whole].flatMap(({ where, secret }) =>
        typeof secret === 'string' ? [{ where, secret }] : [],
      );
    }),
  );
}

const namesIn = (value: JsonValue | undefined): readonly string[] =>
  items(value)
    .map((one) => own(one, 'name'))
    .filter((name) => typeof name === 'string');
const items = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);
