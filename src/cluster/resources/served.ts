import type { ClusterRecord } from '../../storage/records/eks.ts';
import { resourcePrefix } from '../../storage/records/keys.ts';
import type { Change, Storage, StoredEntry, Watch } from '../../storage/storage.ts';
import { builtInResourcesOf } from '../../wire/kube/builtin.ts';
import { own, sameJson } from '../../wire/kube/json.ts';
import type { ResourceDefinition, ResourceTable } from '../../wire/kube/resources.ts';
import { serviceUnavailable } from '../../wire/kube/status.ts';
import { type Definition, definitionKind, readDefinition } from '../customresources/definition.ts';
import { definitionKey } from '../customresources/existence.ts';
import { withCustomResources } from '../customresources/table.ts';
import { readObject } from '../objects/store.ts';
import { minorVersion } from '../version.ts';

type Cluster = Pick<ClusterRecord, 'clusterId' | 'version'>;

/** What each cluster serves: Kubernetes' own resources, and those its CustomResourceDefinitions add. */
export interface ServedResources {
  /**
   * At this moment: an acknowledged write of a definition is seen.
   * @throws KubeStatusError 503 for a cluster that has not been loaded; to answer without its own resources would hide them
   */
  of(cluster: Cluster): ResourceTable;
  /** Reads the definitions of a cluster, once; `of` answers for it from then on. */
  load(cluster: Cluster): Promise<void>;
  /**
   * Calls the listener when a custom resource is no longer what it was: its definition is gone, or says something else.
   * Answers how to stop that.
   */
  onChange(cluster: Cluster, resource: ResourceDefinition, listener: () => void): () => void;
  close(): void;
}

interface Followed {
  readonly entries: Map<string, FollowedEntry>;
  readonly watch: Watch;
  readonly loaded: Promise<void>;
  /** By the key of the definition. */
  readonly listeners: Map<string, Set<() => void>>;
  isLoaded: boolean;
  /** Undefined when a definition changed since it was made. */
  table: { readonly version: string; readonly resources: ResourceTable } | undefined;
}

interface FollowedEntry {
  readonly entry: Pick<StoredEntry, 'value' | 'revision'>;
  definition: Definition | undefined;
}

/** `isKnown` tells whether there still is a cluster of that id; what is kept of others is given up. */
export function createServedResources(
  storage: Storage,
  isKnown: (clusterId: string) => boolean = () => true,
): ServedResources {
  const clusters = new Map<string, Followed>();

  const forgetOthers = (): void => {
    for (const [clusterId, { watch }] of clusters) {
      if (isKnown(clusterId)) continue;
      watch.close();
      clusters.delete(clusterId);
    }
  };

  const follow = (clusterId: string): Followed => {
    forgetOthers();
    const prefix = resourcePrefix(clusterId, definitionKind.group, definitionKind.resource);
    const entries = new Map<string, FollowedEntry>();
    // What changes while the list is read is newer than what is read.
    const touched = new Set<string>();
    const watch = storage.watch({ prefix }, (changes) => {
      for (const change of changes) {
        if (!followed.isLoaded) touched.add(change.key);
        take(change);
      }
      followed.table = undefined;
    });
    const take = ({ key, value, revision, previous }: Change): void => {
      const listeners = followed.listeners.get(key);
      if (listeners !== undefined && saysOtherwise(previous?.value, value)) {
        for (const listener of [...listeners]) listener();
      }
      if (value === undefined) entries.delete(key);
      else entries.set(key, { entry: { value, revision }, definition: undefined });
    };
    const read = async (): Promise<void> => {
      const { entries: found } = await storage.list({ prefix });
      for (const entry of found) {
        if (!touched.has(entry.key)) entries.set(entry.key, { entry, definition: undefined });
      }
      followed.isLoaded = true;
    };
    const loaded = read().catch((error: unknown) => {
      watch.close();
      clusters.delete(clusterId);
      throw error;
    });
    // Whoever waits for it is told; whoever does not must not end the process.
    loaded.catch(() => undefined);
    const followed: Followed = {
      entries,
      watch,
      loaded,
      listeners: new Map(),
      isLoaded: false,
      table: undefined,
    };
    clusters.set(clusterId, followed);
    return followed;
  };

  return {
    of(cluster) {
      const followed = clusters.get(cluster.clusterId) ?? follow(cluster.clusterId);
      if (!followed.isLoaded) throw serviceUnavailable('the resources of the cluster are still being read');
      if (followed.table?.version === cluster.version) return followed.table.resources;
      const resources = withCustomResources(
        builtInResourcesOf(minorVersion(cluster)),
        [...followed.entries.values()].map(definitionOf),
      );
      followed.table = { version: cluster.version, resources };
      return resources;
    },
    async load({ clusterId }) {
      const followed = clusters.get(clusterId) ?? follow(clusterId);
      if (!followed.isLoaded) await followed.loaded;
    },
    onChange({ clusterId }, resource, listener) {
      const { listeners } = clusters.get(clusterId) ?? follow(clusterId);
      const key = definitionKey(clusterId, resource);
      const known = listeners.get(key) ?? new Set();
      listeners.set(key, known.add(listener));
      return () => {
        known.delete(listener);
        if (known.size === 0 && listeners.get(key) === known) listeners.delete(key);
      };
    },
    close() {
      for (const { watch } of clusters.values()) watch.close();
      clusters.clear();
    },
  };
}

/** Whether two stored forms of a definition describe different resources: more than their status differs. */
function saysOtherwise(before: string | undefined, after: string | undefined): boolean {
  if (before === undefined || after === undefined) return true;
  const specOf = (text: string) => own(JSON.parse(text), 'spec') ?? null;
  return !sameJson(specOf(before), specOf(after));
}

/** Read once for each revision: compiled schemas hang on what is read. */
function definitionOf(followed: FollowedEntry): Definition {
  followed.definition ??= readDefinition(readObject(followed.entry));
  return followed.definition;
}

/**
 * One definition for each resource whose objects are stored, whatever the number of versions it is served in: what is
 * gone through when everything of a namespace or a cluster is meant.
 */
export function storedResources(table: ResourceTable): readonly ResourceDefinition[] {
  const stored = new Map<string, ResourceDefinition>();
  for (const one of table.definitions) {
    const key = `${one.group}/${one.resource}`;
    if (one.verbs.includes('delete') && !stored.has(key)) stored.set(key, one);
  }
  return [...stored.values()];
}
