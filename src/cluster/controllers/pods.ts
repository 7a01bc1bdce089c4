import { objectKey } from '../../storage/records/keys.ts';
import { deletionStep } from '../objects/deletion.ts';
import { readObject, writeObject } from '../objects/store.ts';
import type { Controller, CreateController } from './controller.ts';

const pods = { group: '', resource: 'pods' } as const;

/**
 * What a kubelet does when its pod is deleted and there is nothing to stop: it deletes the pod with no grace left. Its keys
 * are `namespace/name`.
 *
 * COMPAT: nothing runs here, so no grace period is waited for: a pod bound to a node is marked, and gone a moment later.
 */
export const createPodController: CreateController = ({ storage, now }, clusterId) =>
  ({
    name: 'pod',
    keysOf({ group, resource, namespace, name, value }) {
      if (resource !== 'pods' || group !== '') return [];
      return value?.includes('"deletionTimestamp"') === true ? [`${namespace}/${name}`] : [];
    },
    async sync(key) {
      const slash = key.indexOf('/');
      const storageKey = objectKey(clusterId, '', 'pods', key.slice(0, slash), key.slice(slash + 1));
      const entry = await storage.get(storageKey);
      if (entry === undefined) return undefined;
      const pod = readObject(entry);
      const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = pod.metadata;
      if (deletionTimestamp === undefined) return undefined;
      // Without grace only its finalizers hold it, and they are for others to remove.
      if (deletionGracePeriodSeconds === 0 && finalizers.length > 0) return undefined;
      const { outcome, object } = deletionStep(pods, pod, { gracePeriod: 0 }, now());
      await storage.commit({
        expect: [{ key: storageKey, revision: entry.revision }],
        changes: [outcome === 'gone' ? { type: 'delete', key: storageKey } : writeObject(storageKey, object)],
      });
      return undefined;
    },
  }) satisfies Controller;
