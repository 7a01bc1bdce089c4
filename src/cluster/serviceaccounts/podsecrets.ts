import { quote } from '../../engine/rbac/quote.ts';
import { objectKey } from '../../storage/records/keys.ts';
import { isObject, type JsonObject, type JsonValue, own, printed } from '../../wire/kube/json.ts';
import { forbiddenWith } from '../../wire/kube/status.ts';
import type { ApiContext, ResourceRequest } from '../context.ts';
import type { KubeObject } from '../objects/object.ts';
import { getObject } from '../objects/store.ts';

type Asking = Pick<ResourceRequest, 'cluster' | 'namespace' | 'resource'>;

/**
 * The account a pod runs as; undefined for a mirror pod, which has none.
 * @throws KubeStatusError 403 when there is no such account
 */
export async function accountOf(
  { storage }: Pick<ApiContext, 'storage'>,
  request: Asking,
  pod: KubeObject,
): Promise<(KubeObject & { readonly metadata: { readonly name: string } }) | undefined> {
  if (isMirror(pod)) return undefined;
  const name = accountNameIn(pod.spec) ?? 'default';
  const { namespace } = request;
  const { clusterId } = request.cluster.cluster;
  // A name with a slash would spell another key; no account has one.
  const account = name.includes('/')
    ? undefined
    : await getObject(storage, objectKey(clusterId, '', 'serviceaccounts', namespace, name));
  if (account !== undefined) return { ...account, metadata: { ...account.metadata, name } };
  const message = `error looking up service account ${namespace}/${name}: serviceaccount ${quote(name)} not found`;
  throw refusal(request, pod, message);
}

/**
 * What the API server's ServiceAccount plugin has against a pod when all else has had its say, webhooks too: its account
 * must exist, and secrets are those the account names where it says so. `containers` are the ones to be looked at.
 * @throws KubeStatusError 403
 */
export async function checkPodAccount(
  context: Pick<ApiContext, 'storage'>,
  request: Asking,
  pod: KubeObject,
  containers: 'all' | 'ephemeral',
): Promise<void> {
  const spec = isObject(pod.spec) ? pod.spec : {};
  const account = await accountOf(context, request, pod);
  const against =
    account === undefined
      ? containers === 'all' && againstMirror(spec)
      : againstSecrets(account, spec, containers);
  if (typeof against === 'string') throw refusal(request, pod, against);
}

/** The account that a spec names, by its newer or its older field. */
function accountNameIn(spec: JsonValue | undefined): string | undefined {
  return ['serviceAccountName', 'serviceAccount']
    .map((field) => own(spec, field))
    .find((name) => typeof name === 'string' && name !== '') as string | undefined;
}

function refusal({ resource: { group, resource } }: Asking, pod: KubeObject, message: string): Error {
  return forbiddenWith({ group, resource, name: pod.metadata.name ?? '' }, message);
}

function isMirror({ metadata }: KubeObject): boolean {
  return Object.hasOwn(metadata.annotations ?? {}, 'kubernetes.io/config.mirror');
}

/** A kubelet's copy of a pod of its own has no account and reaches no secret. */
function againstMirror(spec: JsonObject): string | undefined {
  if (accountNameIn(spec) !== undefined) return 'a mirror pod may not reference service accounts';
  const volumes = items(spec.volumes);
  const sources = volumes.flatMap((volume) => items(own(own(volume, 'projected'), 'sources')));
  const hasSecret =
    volumes.some(volumeNamesSecret) ||
    sources.some((source) => isObject(own(source, 'secret'))) ||
    items(spec.imagePullSecrets).length > 0 ||
    secretReferences(spec, ['init container', 'container', 'ephemeral container']).length > 0;
  if (hasSecret) return 'a mirror pod may not reference secrets';
  return sources.some((source) => isObject(own(source, 'serviceAccountToken')))
    ? 'a mirror pod may not use ServiceAccountToken volume projections'
    : undefined;
}

/** Kinds of volumes that a secret opens, and the field that names it; of a `secret` itself it may be left out. */
const secretFields: Readonly<Record<string, string>> = {
  azureFile: 'secretName',
  cephfs: 'secretRef',
  cinder: 'secretRef',
  csi: 'nodePublishSecretRef',
  flexVolume: 'secretRef',
  iscsi: 'secretRef',
  rbd: 'secretRef',
  scaleIO: 'secretRef',
  storageos: 'secretRef',
};

function volumeNamesSecret(volume: JsonValue): boolean {
  const isNamed = ([kind, field]: readonly [string, string]): boolean =>
    ![undefined, null, ''].includes(own(own(volume, kind), field) as null);
  return isObject(own(volume, 'secret')) || Object.entries(secretFields).some(isNamed);
}

/** What an account with `kubernetes.io/enforce-mountable-secrets` has against the secrets of a pod. */
function againstSecrets(
  account: KubeObject & { readonly metadata: { readonly name: string } },
  spec: JsonObject,
  containers: 'all' | 'ephemeral',
): string | undefined {
  const { name, annotations } = account.metadata;
  const enforced = annotations?.['kubernetes.io/enforce-mountable-secrets'] ?? '';
  if (!/^(1|t|T|true|TRUE|True)$/.test(enforced)) return undefined;
  const mountable = namesIn(account.secrets);
  const because = `is not allowed because service account ${name} does not reference that`;
  const unnamed = (kinds: readonly ContainerKind[]): string | undefined => {
    const found = secretReferences(spec, kinds).find(({ secret }) => !mountable.includes(secret));
    return found && `${found.where} referencing secret.secretName="${found.secret}" ${because} secret`;
  };
  if (containers === 'ephemeral') return unnamed(['ephemeral container']);
  for (const volume of items(spec.volumes)) {
    const source = own(volume, 'secret');
    const secret = printed(own(source, 'secretName') ?? '');
    if (isObject(source) && !mountable.includes(secret)) {
      return `volume with secret.secretName="${secret}" ${because} secret`;
    }
  }
  const found = unnamed(['init container', 'container']);
  if (found !== undefined) return found;
  const pulled = namesIn(account.imagePullSecrets);
  for (const [index, reference] of items(spec.imagePullSecrets).entries()) {
    const secret = own(reference, 'name');
    if (typeof secret === 'string' && !pulled.includes(secret)) {
      return `imagePullSecrets[${index}].name="${secret}" ${because} imagePullSecret`;
    }
  }
  return undefined;
}

const membersOf = {
  'init container': 'initContainers',
  container: 'containers',
  'ephemeral container': 'ephemeralContainers',
} as const;
type ContainerKind = keyof typeof membersOf;

/** Secrets that the environment of containers is made from. */
function secretReferences(
  spec: JsonObject,
  kinds: readonly ContainerKind[],
): readonly { readonly where: string; readonly secret: string }[] {
  return kinds.flatMap((kind) =>
    items(spec[membersOf[kind]]).flatMap((container) => {
      const here = `${kind} ${printed(own(container, 'name') ?? '')}`;
      const variables = items(own(container, 'env')).map((variable) => ({
        where: `${here} with envVar ${printed(own(variable, 'name') ?? '')}`,
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

/** The names in a list of references. */
export const namesIn = (value: JsonValue | undefined): readonly string[] =>
  items(value)
    .map((one) => own(one, 'name'))
    .filter((name) => typeof name === 'string');
const items = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);
