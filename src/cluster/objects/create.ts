import { objectKey } from '../../storage/records/keys.ts';
import { type Expectation, RevisionConflictError } from '../../storage/storage.ts';
import { required } from '../../wire/kube/fielderror.ts';
import { generateName as generateNameOf } from '../../wire/kube/names.ts';
import { apiVersionOf, findSubresource } from '../../wire/kube/resources.ts';
import {
  alreadyExists,
  badRequest,
  conflict,
  invalid,
  modifiedDetail,
  noUniqueName,
} from '../../wire/kube/status.ts';
import { mutate, review } from '../admission/admission.ts';
import { isNameTaken } from '../admission/denial.ts';
import type { Answer, ApiContext, ResourceRequest } from '../context.ts';
import { expectDefinition } from '../customresources/existence.ts';
import { decodeBody } from '../request/decode.ts';
import { writeOptions } from '../request/options.ts';
import { kindRules } from '../resources/kinds.ts';
import { expectActiveNamespace } from '../resources/namespaces.ts';
import { toStoredVersion, writtenVersion } from '../resources/versions.ts';
import { viewObject } from '../resources/view.ts';
import { minorVersion } from '../version.ts';
import { checkedSize, type Ownership, ownershipOfUpdate, withManagedFields } from './managers.ts';
import { checkAddress, newMetadata, toKubeObject } from './metadata.ts';
import { type KubeObject, kubernetesTime } from './object.ts';
import { writeObject } from './store.ts';
import { takeTurn } from './turn.ts';
import { validateObject } from './validate.ts';

/** How often a write is tried again when another one came between reading and writing. */
export const maximumAttempts = 10;
/** How many names are made for one object, as upstream does (RetryGenerateName). */
const maximumNames = 8;

/** POST of a collection: 201 with the object as stored. */
export async function createObject(context: ApiContext, request: ResourceRequest): Promise<Answer> {
  const { resource, namespace } = request;
  const expected = { apiVersion: apiVersionOf(resource), kind: resource.kind };
  const options = writeOptions(request.query, 'Create');
  const body = await decodeBody(request, {
    ...expected,
    messageType: resource.messageType,
    custom: resource.custom,
    fieldValidation: options.fieldValidation,
  });
  const given = toStoredVersion(resource, toKubeObject(body, expected), undefined);
  checkAddress(given, { namespace, name: undefined });
  // '0' is what a client writes that has none.
  if ((given.metadata.resourceVersion || '0') !== '0') {
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
  const { name = '', generateName = '' } = given.metadata;
  if (name === '' && generateName === '') {
    throw invalid(resource, '', [required('metadata.name', 'name or generateName is required')]);
  }
  const own = ownershipOfUpdate(context, request);
  for (let attempt = 1; ; attempt += 1) {
    const generated =
      name === '' ? generateNameOf(generateName, () => context.random.bytes(1)[0] ?? 0) : name;
    try {
      const object = await storeNew(context, request, given, {
        name: generated,
        dryRun: options.dryRun,
        own,
      });
      return { kind: 'object', status: 201, object: viewObject(request, object), resource };
    } catch (error) {
      // A name that was made here and is taken is made anew; one that was asked for is an answer.
      if (isNameTaken(error) && name === '') {
        if (attempt >= maximumNames) throw noUniqueName(resource, generated);
        continue;
      }
      if (!(error instanceof RevisionConflictError)) throw error;
      // A taken name answers itself on the next round; otherwise the namespace changed meanwhile.
      if (attempt >= maximumAttempts) throw conflict(resource, generated, modifiedDetail);
    }
  }
}

/**
 * Completes, admits, validates and stores a new object: the one way in, for POST and for apply.
 * @throws RevisionConflictError when its namespace changed or its name was taken meanwhile
 */
export async function storeNew(
  context: ApiContext,
  request: ResourceRequest,
  given: KubeObject,
  options: { readonly name: string; readonly dryRun: boolean; readonly own: Ownership },
): Promise<KubeObject> {
  const { resource, namespace } = request;
  const { name, dryRun } = options;
  const { clusterId } = request.cluster.cluster;
  const rules = kindRules(resource);
  const turn = await takeTurn(context.storage, rules, clusterId);
  const expect: Expectation[] = [...turn.expect];
  if (resource.namespaced) {
    const subject = { group: resource.group, resource: resource.resource, name };
    expect.push(await expectActiveNamespace(context.storage, clusterId, namespace, subject));
  }
  if (resource.custom !== undefined) {
    expect.push(await expectDefinition(context.storage, clusterId, resource, name));
  }
  const keepsStatus = rules.keepsStatus === true || findSubresource(resource, 'status') === undefined;
  const server = {
    name,
    namespace,
    uid: context.random.uuid(),
    creationTimestamp: kubernetesTime(context.now()),
    generation: rules.counted === true ? 1 : undefined,
  };
  const settle = ({ status, ...members }: KubeObject): KubeObject => {
    const begun: KubeObject = {
      ...(members as KubeObject),
      metadata: newMetadata(members.metadata as KubeObject['metadata'], server),
      ...(keepsStatus && status !== undefined ? { status } : {}),
    };
    return rules.complete?.(begun, undefined, { context, request }) ?? begun;
  };
  const nameIsGenerated = given.metadata.name !== name;
  const write = { operation: 'CREATE', oldObject: undefined, dryRun, nameIsGenerated } as const;
  const offered = settle(given);
  // What begins the status is the server's, as upstream: whoever made the object has no part of it.
  const { status: _, ...withoutStatus } = offered;
  const owned = keepsStatus ? offered : withoutStatus;
  const completed = await mutate(context, request, { ...write, object: offered }, settle);
  rules.admit?.(context, request, completed, undefined);
  const errors = validateObject(resource, completed, undefined, minorVersion(request.cluster.cluster));
  if (errors.length > 0) throw invalid(resource, name, errors);
  await review(context, request, { ...write, object: completed });

  // The name that is validated is the name of the key: it holds no `/`.
  const key = objectKey(clusterId, resource.group, resource.resource, namespace, name);
  if ((await context.storage.get(key)) !== undefined) throw alreadyExists(resource, name);
  const object = withManagedFields(
    writtenVersion(resource, completed),
    options.own({ before: undefined, offered: owned, given }).managers,
  );
  if (dryRun) return object;
  expect.push({ key, revision: 0 });
  const changes = [
    checkedSize(writeObject(key, object), object),
    ...(rules.accompany?.(context, clusterId, object) ?? []),
    ...turn.changes,
  ];
  const revision = await context.storage.commit({ expect, changes });
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}
