import type { ClusterAccess } from '../../../access/access.ts';
import { objectKey, resourcePrefix } from '../../../storage/records/keys.ts';
import type { Expectation, StoredEntry } from '../../../storage/storage.ts';
import type { ResourceDefinition } from '../../../wire/kube/resources.ts';
import { foregroundFinalizer } from '../../objects/deletion.ts';
import type { KubeObject } from '../../objects/object.ts';
import type { ControllerContext } from '../controller.ts';
import { recordEvent } from '../eventrecord.ts';
import type { OwnerIndex } from './ownerindex.ts';
import type { OwnerReference } from './ownerreferences.ts';

/**
 * `present`: it keeps its dependents. `absent`: it is not there. `unknown`: that cannot be said. With an expectation: it is
 * being deleted and waits for its dependents to go first, as long as that holds.
 */
export type OwnerState = 'present' | 'absent' | 'unknown' | Expectation;

export interface OwnerLookup {
  stateOf(
    key: string,
    cluster: ClusterAccess,
    dependent: KubeObject,
    reference: OwnerReference,
  ): Promise<OwnerState>;
  /** An object was seen to leave the store. Its uid never comes back. */
  saw(gone: KubeObject): void;
  /** There is no dependent with this key any more. */
  forget(key: string): void;
  /** Keys of dependents with an owner of a kind that was not served, and may be by now. */
  unresolved(): readonly string[];
}

/** How much is searched for an owner in another namespace, and how often in a second. */
const pageSize = 100;
const searchedPages = 20;
const searchedCharacters = 8 * 2 ** 20;
const searchesPerSecond = 10;
const searchesOfOne = 3;
const maximumOwnersKept = 5_000;
const component = 'garbage-collector-controller';

interface Owner {
  readonly revision: number;
  readonly uid: string | undefined;
  readonly isWaiting: boolean;
}

/**
 * Looks for owners as upstream does: by kind and name, in the dependent's own namespace or at cluster scope.
 *
 * COMPAT: a namespaced owner in another namespace counts as absent and a warning event says so (Kubernetes' documentation,
 * "Garbage Collection"); of a cluster-wide dependent with a namespaced owner nothing can be known, and it stays.
 */
export function createOwnerLookup(
  context: ControllerContext,
  clusterId: string,
  index: OwnerIndex,
): OwnerLookup {
  const { storage } = context;
  /** Owners that are gone and still named, by their uid. */
  const gone = new Map<
    string,
    Pick<OwnerReference, 'apiVersion' | 'kind' | 'name'> & { readonly namespace: string }
  >();
  const unresolved = new Set<string>();
  // SECURITY: anybody who may write may name owners that do not exist, as many as fit.
  const searches = createAllowance(searchesPerSecond, context.now);

  /** Owners as they were last read: one with many dependents is looked at for each of them. */
  const owners = new Map<string, Owner>();
  const read = ({ key, revision, value }: StoredEntry): Owner => {
    const known = owners.get(key);
    if (known?.revision === revision) return known;
    const { uid, deletionTimestamp, finalizers = [] } = (JSON.parse(value) as KubeObject).metadata;
    const isWaiting = deletionTimestamp !== undefined && finalizers.includes(foregroundFinalizer);
    const owner = { revision, uid, isWaiting };
    owners.set(key, owner);
    if (owners.size > maximumOwnersKept) {
      const [oldest = key] = owners.keys();
      owners.delete(oldest);
    }
    return owner;
  };

  const warn = (dependent: KubeObject, reference: OwnerReference): Promise<void> => {
    const { namespace = '' } = dependent.metadata;
    const { apiVersion, kind, name, uid } = reference;
    const owner = `[${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}]`;
    return recordEvent(context, clusterId, dependent, {
      reason: 'OwnerRefInvalidNamespace',
      message: `ownerRef ${owner} does not exist in namespace ${JSON.stringify(namespace)}`,
      component,
      once: uid,
    });
  };

  /** Whether an object with this uid is in another namespace. For a warning only, so it is looked for within bounds. */
  const isElsewhere = async (
    dependent: string,
    resource: ResourceDefinition,
    uid: string,
    namespace: string,
  ): Promise<boolean> => {
    if (!searches.take(dependent)) return false;
    const prefix = resourcePrefix(clusterId, resource.group, resource.resource);
    const own = `${prefix}${namespace}/`;
    let after = prefix;
    let characters = 0;
    for (let pages = searchedPages; pages > 0 && characters < searchedCharacters; pages -= 1) {
      const { entries, more } = await storage.list({ prefix, after, limit: pageSize });
      for (const { key, value } of entries) {
        after = key;
        characters += value.length;
        if (!key.startsWith(own) && uidOf(value, uid) === uid) return true;
      }
      if (!more) return false;
    }
    return false;
  };

  return {
    async stateOf(key, cluster, dependent, reference) {
      const { namespace = '' } = dependent.metadata;
      const { apiVersion, kind, name, uid } = reference;
      const slash = apiVersion.indexOf('/');
      const group = slash < 0 ? '' : apiVersion.slice(0, slash);
      const table = context.served(cluster.cluster);
      const resource = table.findKind(group, apiVersion.slice(slash + 1), kind);
      unresolved.delete(key);
      const seen = gone.get(uid);
      if (resource === undefined) {
        // The kind went with its last objects, and this one was seen to go.
        const wasThere =
          seen?.apiVersion === apiVersion &&
          seen.kind === kind &&
          seen.name === name &&
          [namespace, ''].includes(seen.namespace);
        if (!wasThere) unresolved.add(key);
        return wasThere ? 'absent' : 'unknown';
      }
      if (resource.namespaced && namespace === '') {
        await warn(dependent, reference);
        return 'unknown';
      }
      const inNamespace = resource.namespaced ? namespace : '';
      // A name with a slash would be another object's key.
      const entry = name.includes('/')
        ? undefined
        : await storage.get(objectKey(clusterId, resource.group, resource.resource, inNamespace, name));
      const owner = entry === undefined ? undefined : read(entry);
      if (entry === undefined || owner?.uid !== uid) {
        const wasHere = seen?.namespace === inNamespace;
        if (resource.namespaced && !wasHere && (await isElsewhere(key, resource, uid, namespace))) {
          await warn(dependent, reference);
        }
        return 'absent';
      }
      return owner.isWaiting ? { key: entry.key, revision: entry.revision } : 'present';
    },
    saw({ apiVersion, kind, metadata }) {
      const { uid = '', name = '', namespace = '' } = metadata;
      // Two old ones are looked at for each new one, in turn: what nobody names any more goes.
      for (const [one, known] of [...gone.entries().take(2)]) {
        gone.delete(one);
        if (index.hasDependents(one)) gone.set(one, known);
      }
      if (index.hasDependents(uid)) gone.set(uid, { apiVersion, kind, name, namespace });
    },
    forget: (key) => void unresolved.delete(key),
    unresolved: () => [...unresolved],
  };
}

/** The uid of a stored object, when the text holds the wanted one at all. */
function uidOf(value: string, wanted: string): string | undefined {
  return value.includes(wanted) ? (JSON.parse(value) as KubeObject).metadata.uid : undefined;
}

/** So many times in each second, of which one dependent gets only some. */
function createAllowance(perSecond: number, now: () => number): { take(dependent: string): boolean } {
  let second = Number.NaN;
  let left = 0;
  const taken = new Map<string, number>();
  return {
    take(dependent) {
      const current = Math.floor(now() / 1000);
      if (current !== second) {
        second = current;
        left = perSecond;
        taken.clear();
      }
      const count = taken.get(dependent) ?? 0;
      if (left === 0 || count >= searchesOfOne) return false;
      taken.set(dependent, count + 1);
      left -= 1;
      return true;
    },
  };
}
