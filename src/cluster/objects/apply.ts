import { objectKey } from '../../storage/records/keys.ts';
import { RevisionConflictError } from '../../storage/storage.ts';
import { parseYaml } from '../../wire/kube/body.ts';
import { isObject, type JsonObject, own as ownMember } from '../../wire/kube/json.ts';
import { shapeOfResource } from '../../wire/kube/managedfields/customshape.ts';
import { configurationErrors } from '../../wire/kube/managedfields/extract.ts';
import { apiVersionOf, findSubresource, type ResourceDefinition } from '../../wire/kube/resources.ts';
import { badRequest, conflict, modifiedDetail, notFound } from '../../wire/kube/status.ts';
import { isNameTaken } from '../admission/denial.ts';
import type { Answer, ApiContext, ResourceRequest } from '../context.ts';
import { checkFields } from '../request/fieldvalidation.ts';
import { writeOptions } from '../request/options.ts';
import { toStoredVersion } from '../resources/versions.ts';
import { viewObject } from '../resources/view.ts';
import { changeObject, storedNamespace } from './change.ts';
import { maximumAttempts, storeNew } from './create.ts';
import { type Ownership, ownershipOfApply } from './managers.ts';
import { checkAddress, toKubeObject } from './metadata.ts';
import type { KubeObject } from './object.ts';

/** The API version and kind of the address; the configuration must name the same. */
interface ExpectedKind {
  readonly apiVersion: string;
  readonly kind: string;
}

/**
 * Server-side apply of an object or its status: 200, or 201 when it was not there (kubernetes-facts D4.6, E13).
 *
 * SECURITY: what comes out goes the way of every other write: completion, admission against privilege escalation and
 * validation in `changeObject` and `storeNew`; and where the object is missing the caller must be allowed to create.
 */
export async function applyObject(
  context: ApiContext,
  request: ResourceRequest,
  part: '' | 'status',
): Promise<Answer> {
  const { resource, name } = request;
  const expected = { apiVersion: apiVersionOf(resource), kind: resource.kind };
  const { dryRun, force } = writeOptions(request.query, 'Apply');
  const config = await readConfiguration(request, expected, resource);
  const applied = ownershipOfApply(context, request, {
    shape: shapeOfResource(resource),
    config: scoped(request, part, config),
    force,
  });
  const key = objectKey(
    request.cluster.cluster.clusterId,
    resource.group,
    resource.resource,
    storedNamespace(request),
    name,
  );
  for (let attempt = 1; attempt <= maximumAttempts; attempt += 1) {
    if ((await context.storage.get(key)) !== undefined) {
      const options = { part, dryRun, isPut: false, own: applied.own };
      const object = await changeObject(context, request, options, (current) => {
        const live = scoped(request, part, current);
        const changed = applied.apply(live, current.metadata.managedFields);
        return toKubeObject(rejoin(part, current, changed), expected);
      });
      return { kind: 'object', status: 200, object, resource };
    }
    // The status belongs to an object; it cannot be there before it.
    if (part !== '') throw notFound(resource, name);
    authorizeCreate(request);
    const given = toKubeObject(applied.apply({}, undefined), expected);
    const created = await tryCreate(context, request, given, { dryRun, own: applied.own });
    if (created !== undefined) return { kind: 'object', status: 201, object: created, resource };
  }
  throw conflict(resource, name, modifiedDetail);
}

/**
 * The body of an apply, checked for what must hold whatever the live object is (kubernetes-facts E13).
 *
 * COMPAT: a field the kind does not have is refused under every fieldValidation, in upstream's words; upstream answers
 * 500, which its own issue 139253 calls a mistake, and here it is 400.
 */
export async function readConfiguration(
  request: ResourceRequest,
  expected: ExpectedKind,
  type: Pick<ResourceDefinition, 'messageType' | 'custom'>,
): Promise<JsonObject> {
  const body = await request.readBody();
  const config = body.length === 0 ? {} : parseYaml(body);
  if (!isObject(config)) throw badRequest('error decoding YAML: the configuration is not an object');
  const { apiVersion, kind } = config;
  if (apiVersion !== expected.apiVersion || kind !== expected.kind) {
    throw badRequest(`invalid object type: ${kindText(apiVersion, kind)}`);
  }
  const managedFields = ownMember(config.metadata, 'managedFields');
  if (managedFields !== undefined && managedFields !== null) {
    throw badRequest('metadata.managedFields must be nil');
  }
  const { metadata } = toKubeObject(config, expected);
  const { messageType, custom } = type;
  checkFields(config, { ...expected, messageType, custom, fieldValidation: 'Ignore' }, request.warn);
  const errors = configurationErrors(shapeOfResource(type), config);
  if (errors.length > 0) {
    const which = `${metadata.namespace ?? ''}/${metadata.name ?? ''}; ${kindText(apiVersion, kind)}`;
    const text = errors.length === 1 ? errors[0] : `errors:\n  ${errors.join('\n  ')}`;
    throw badRequest(`failed to create typed patch object (${which}): ${text}`);
  }
  return config;
}

/** Go's text of a GroupVersionKind: `apps/v1, Kind=Deployment`, `/v1, Kind=ConfigMap`. */
function kindText(apiVersion: unknown, kind: unknown): string {
  const version = typeof apiVersion === 'string' ? apiVersion : '';
  return `${version.includes('/') ? version : `/${version}`}, Kind=${typeof kind === 'string' ? kind : ''}`;
}

/**
 * What an apply through one address is about: the object without the status that has an address of its own, or the
 * status alone. Nothing else is compared, owned or taken over.
 */
function scoped(request: ResourceRequest, part: '' | 'status', object: JsonObject): JsonObject {
  const { status, metadata: given, ...others } = object;
  const { managedFields: _, ...metadata } = isObject(given) ? given : {};
  if (part === '') {
    const hasOwn = findSubresource(request.resource, 'status') !== undefined;
    return { ...others, metadata, ...(!hasOwn && status !== undefined && { status }) };
  }
  // Name, namespace, uid and resourceVersion are claims to be checked.
  const { name, namespace, uid, resourceVersion } = metadata;
  return {
    metadata: {
      ...(name !== undefined && { name }),
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    },
    ...(status !== undefined && { status }),
  };
}

function rejoin(part: '' | 'status', current: KubeObject, applied: JsonObject): JsonObject {
  if (part === '') {
    return {
      ...applied,
      ...(applied.status === undefined && current.status !== undefined && { status: current.status }),
    };
  }
  const { status: _, ...others } = current;
  const metadata = isObject(applied.metadata) ? applied.metadata : {};
  return {
    ...others,
    metadata: { ...current.metadata, ...metadata },
    ...(applied.status !== undefined && { status: applied.status }),
  };
}

/**
 * SECURITY: `patch` alone must not bring objects into being. As upstream does, the verb `create` is asked for with the
 * name of the object, so that a rule with resourceNames can allow it.
 */
function authorizeCreate(request: ResourceRequest): void {
  const { resource, name } = request;
  if (!resource.verbs.includes('create')) throw notFound(resource, name);
  request.authorizeAlso({
    kind: 'resource',
    user: request.user,
    verb: 'create',
    apiGroup: resource.group,
    apiVersion: resource.version,
    resource: resource.resource,
    subresource: '',
    namespace: request.namespace,
    name,
  });
}

/** Undefined when the object, or its namespace, changed meanwhile and all has to begin anew. */
async function tryCreate(
  context: ApiContext,
  request: ResourceRequest,
  given: KubeObject,
  options: { readonly dryRun: boolean; readonly own: Ownership },
): Promise<KubeObject | undefined> {
  const { resource, name } = request;
  const namespace = storedNamespace(request);
  const { name: givenName = '', uid = '', resourceVersion = '' } = given.metadata;
  if (givenName === '') {
    throw badRequest(
      `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
    );
  }
  checkAddress(given, { namespace, name });
  if (uid !== '') {
    const detail = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
    throw conflict(resource, name, detail);
  }
  if (resourceVersion !== '') {
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
  // `/api/v1/namespaces/x` names its namespace twice; the new object lies at cluster scope.
  const target = { ...request, namespace };
  try {
    const stored = toStoredVersion(resource, given, undefined);
    return viewObject(request, await storeNew(context, target, stored, { name, ...options }));
  } catch (error) {
    if (error instanceof RevisionConflictError || isNameTaken(error)) return undefined;
    throw error;
  }
}
