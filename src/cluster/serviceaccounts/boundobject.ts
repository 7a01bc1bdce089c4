import type { NamedObject, TokenSubject } from '../../access/serviceaccounttoken.ts';
import { quote } from '../../engine/rbac/quote.ts';
import { objectKey } from '../../storage/records/keys.ts';
import type { Storage } from '../../storage/storage.ts';
import { at, type JsonObject } from '../../wire/kube/json.ts';
import { badRequest, conflict, notFound } from '../../wire/kube/status.ts';
import type { KubeObject } from '../objects/object.ts';
import { getObject } from '../objects/store.ts';

/** `boundObjectRef` of a TokenRequest; '' for what was not said. */
export interface BoundObject {
  readonly kind: string;
  readonly apiVersion: string;
  readonly name: string;
  readonly uid: string;
}

/** What a token lives and dies with: as its claims say it, and as the answer tells it. */
export interface Binding {
  readonly claims: Pick<TokenSubject, 'pod' | 'secret' | 'node'>;
  readonly reference: JsonObject;
}

/**
 * Looks the object up and checks that the account may be bound to it (kubernetes-facts F1); undefined for none.
 *
 * SECURITY: who may make tokens may not be allowed to read pods: like upstream's since 1.34, the refusals tell neither
 * another pod's account nor the uid of what is there.
 */
export async function readBoundObject(
  storage: Storage,
  clusterId: string,
  reference: BoundObject | undefined,
  account: { readonly namespace: string; readonly name: string },
): Promise<Binding | undefined> {
  if (reference === undefined) return undefined;
  const { kind, apiVersion, name, uid } = reference;
  const isCore = apiVersion === 'v1';
  const find = async (
    resource: string,
    namespace: string,
  ): Promise<KubeObject & { metadata: NamedObject }> => {
    // A name with a slash would spell another key; no object has one.
    const object =
      name === '' || name.includes('/')
        ? undefined
        : await getObject(storage, objectKey(clusterId, '', resource, namespace, name));
    // One that is being deleted would give a token that is refused.
    if (object?.metadata.uid === undefined || object.metadata.deletionTimestamp !== undefined) {
      throw notFound({ group: '', resource }, name);
    }
    const found = object.metadata.uid;
    if (uid !== '' && uid !== found) {
      throw conflict(
        { group: '', resource: kind },
        name,
        `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
      );
    }
    return { ...object, metadata: { ...object.metadata, name, uid: found } };
  };
  const bound = (claims: Binding['claims'], object: { metadata: NamedObject }): Binding => ({
    claims,
    reference: { kind, apiVersion, name, uid: object.metadata.uid },
  });
  if (isCore && kind === 'Pod') {
    const pod = await find('pods', account.namespace);
    const runsAs = at(pod, 'spec', 'serviceAccountName');
    if (runsAs !== account.name) {
      throw badRequest(
        `cannot bind token for serviceaccount ${quote(account.name)} to pod running with different serviceaccount name.`,
      );
    }
    const node = await nodeOf(storage, clusterId, pod);
    return bound({ pod: pod.metadata, ...(node && { node }) }, pod);
  }
  if (isCore && kind === 'Secret') {
    const secret = await find('secrets', account.namespace);
    return bound({ secret: secret.metadata }, secret);
  }
  if (isCore && kind === 'Node') {
    const node = await find('nodes', '');
    return bound({ node: node.metadata }, node);
  }
  const slash = apiVersion.lastIndexOf('/');
  const shown = slash < 0 ? `/${apiVersion}` : apiVersion;
  throw badRequest(`cannot bind token to object of type ${shown}, Kind=${kind}`);
}

/** The node a pod is on, when there is one: told in the token, not checked later. */
async function nodeOf(
  storage: Storage,
  clusterId: string,
  pod: KubeObject,
): Promise<NamedObject | undefined> {
  const name = at(pod, 'spec', 'nodeName');
  if (typeof name !== 'string' || name === '' || name.includes('/')) return undefined;
  const node = await getObject(storage, objectKey(clusterId, '', 'nodes', '', name));
  const uid = node?.metadata.uid;
  return { name, uid: uid ?? '' };
}
