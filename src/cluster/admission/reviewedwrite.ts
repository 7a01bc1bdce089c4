import { selectorMatches } from '../../engine/rbac/aggregation.ts';
import type { JsonObject } from '../../wire/kube/json.ts';
import { apiVersionOf, findSubresource, type ResourceDefinition } from '../../wire/kube/resources.ts';
import { notFound } from '../../wire/kube/status.ts';
import type { ApiContext, ResourceRequest } from '../context.ts';
import type { KubeObject } from '../objects/object.ts';
import { getObject } from '../objects/store.ts';
import { namespaceKey } from '../resources/namespaces.ts';
import { fromStoredVersion, toStoredVersion } from '../resources/versions.ts';
import type { ReviewFacts } from './reviewrequest.ts';
import type { Operation } from './rules.ts';
import type { Webhook } from './webhook.ts';

/** A subresource that is another kind than its object: what webhooks see of it, and what becomes of their changes. */
export interface Lens {
  readonly get: (object: KubeObject) => KubeObject;
  readonly set: (shown: KubeObject, object: KubeObject) => KubeObject;
  readonly messageType: string;
}

/** A write on its way to the store, as admission sees it. */
export interface AdmittedWrite {
  readonly operation: Operation;
  /** As it would be stored; undefined for DELETE. */
  readonly object: KubeObject | undefined;
  /** As it is stored; undefined for CREATE. */
  readonly oldObject: KubeObject | undefined;
  readonly dryRun: boolean;
  /** The name was made here of `generateName`: mutating webhooks do not see it yet. */
  readonly nameIsGenerated?: boolean;
  readonly lens?: Lens;
  /** What the body of a DELETE says beside the query. */
  readonly options?: JsonObject;
}

/** What one webhook is told of a write, in the version it is asked in. `object` is the write's, as changed so far. */
export function factsOf(
  context: ApiContext,
  request: ResourceRequest,
  write: AdmittedWrite,
  asked: { readonly resource: ResourceDefinition; readonly mutating: boolean },
): ReviewFacts {
  const { resource, mutating } = asked;
  const unnamed = mutating && write.nameIsGenerated === true;
  const { object, oldObject } = write;
  const shown = object && shownObject(write, resource, object, mutating);
  const own = (object ?? oldObject)?.metadata.name ?? request.name;
  // Of a subresource that is made, like a token, the name is its parent's, in the address.
  const name = unnamed ? '' : request.subresource === '' ? own : request.name;
  return {
    uid: context.random.uuid(),
    kind: kindOf(resource, request.subresource),
    resource: resourceOf(resource),
    requestKind: kindOf(request.resource, request.subresource),
    requestResource: resourceOf(request.resource),
    subresource: request.subresource,
    name,
    namespace: isNamespace(request.resource) ? name : request.namespace,
    operation: write.operation,
    user: request.user,
    object: shown,
    oldObject: oldObject && shownObject(write, resource, oldObject, false),
    dryRun: write.dryRun,
    options: optionsOf(request, write),
  };
}

/**
 * The object as a webhook sees it. COMPAT: a new object has no managedFields yet, where upstream shows those it will
 * have; like upstream's it has no uid, no time and no generated name before mutating webhooks are through.
 */
export function shownObject(
  { lens, operation, nameIsGenerated }: AdmittedWrite,
  resource: ResourceDefinition,
  object: KubeObject,
  mutating: boolean,
): KubeObject {
  if (lens !== undefined) return lens.get(object);
  const shown = fromStoredVersion(resource, object);
  if (!mutating || operation !== 'CREATE') return shown;
  const { uid: _, creationTimestamp: __, generation: ___, ...metadata } = shown.metadata;
  const { name, ...unnamed } = metadata;
  return { ...shown, metadata: nameIsGenerated === true ? unnamed : metadata };
}

/** The object to be stored that a webhook's object means. */
export function meantObject(
  { lens }: AdmittedWrite,
  resource: ResourceDefinition,
  shown: KubeObject,
  object: KubeObject,
): KubeObject {
  return lens === undefined ? toStoredVersion(resource, shown, object) : lens.set(shown, object);
}

/** Whether the selectors of a webhook select a write. */
export async function isSelected(
  context: ApiContext,
  request: ResourceRequest,
  write: AdmittedWrite,
  { namespaceSelector, objectSelector }: Webhook,
): Promise<boolean> {
  const { object, oldObject } = write;
  const labelsOf = (one: KubeObject): Readonly<Record<string, string>> =>
    (write.lens?.get(one) ?? one).metadata?.labels ?? {};
  const isAny = (selector: Webhook['objectSelector']): boolean =>
    selector.matchExpressions.length === 0 && Object.keys(selector.matchLabels).length === 0;
  if (!isAny(objectSelector)) {
    const candidates = [object, oldObject].filter((one) => one !== undefined);
    if (!candidates.some((one) => selectorMatches(objectSelector, labelsOf(one)))) return false;
  }
  if (isAny(namespaceSelector)) return true;
  const isOfNamespace = isNamespace(request.resource);
  if (!request.resource.namespaced && !isOfNamespace) return true;
  // A namespace that is written is told by what it will be.
  if (isOfNamespace && request.subresource === '' && object !== undefined) {
    return selectorMatches(namespaceSelector, object.metadata.labels ?? {});
  }
  const name = isOfNamespace ? (oldObject?.metadata.name ?? request.name) : request.namespace;
  const { clusterId } = request.cluster.cluster;
  const namespace = await getObject(context.storage, namespaceKey(clusterId, name));
  if (namespace === undefined) throw notFound({ group: '', resource: 'namespaces' }, name);
  return selectorMatches(namespaceSelector, namespace.metadata.labels ?? {});
}

function isNamespace({ group, resource }: ResourceDefinition): boolean {
  return group === '' && resource === 'namespaces';
}

function kindOf(resource: ResourceDefinition, subresource: string): ReviewFacts['kind'] {
  const { group, version, kind } =
    (subresource === '' ? undefined : findSubresource(resource, subresource)) ?? resource;
  return { group, version, kind };
}

function resourceOf({ group, version, resource }: ResourceDefinition): ReviewFacts['resource'] {
  return { group, version, resource };
}

const optionKinds = {
  CREATE: 'CreateOptions',
  UPDATE: 'UpdateOptions',
  DELETE: 'DeleteOptions',
  CONNECT: '',
} as const;

/** The options of the request as the API server words them: a PATCH has those of an update, or of a create. */
function optionsOf({ query }: ResourceRequest, { operation, dryRun, options }: AdmittedWrite): JsonObject {
  const kind = optionKinds[operation];
  if (kind === '') return {};
  const manager = query.get('fieldManager') ?? '';
  const validation = query.get('fieldValidation') ?? '';
  return {
    kind,
    apiVersion: apiVersionOf({ group: 'meta.k8s.io', version: 'v1' }),
    ...(dryRun && { dryRun: ['All'] }),
    ...(operation !== 'DELETE' && manager !== '' && { fieldManager: manager }),
    ...(operation !== 'DELETE' && validation !== '' && { fieldValidation: validation }),
    ...options,
  };
}
