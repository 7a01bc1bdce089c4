import type { Expectation, Put } from '../../storage/storage.ts';
import { isObject, sameJson } from '../../wire/kube/json.ts';
import type { KubeObject } from '../objects/object.ts';
import { readObject, writeObject } from '../objects/store.ts';
import {
  type ContentOptions,
  defaultAccount,
  defaultAccountKey,
  namespaceKey,
  rootCaDescription,
  rootCaKey,
  rootCaMap,
  rootCaName,
} from '../resources/namespaces.ts';
import type { Controller, CreateController } from './controller.ts';

/**
 * Keeps what every namespace has (kubernetes-facts E10): the account `default` and the ConfigMap kube-root-ca.crt are made
 * again when they were deleted, and the CA is put right when it was changed, here or by a server with another one. Its keys
 * are names of namespaces.
 */
export const createNamespaceContentController: CreateController = (context, clusterId) => {
  const { storage, now, random, caPem } = context;
  return {
    name: 'namespace content',
    keysOf({ group, resource, namespace, name, value }) {
      if (group !== '') return [];
      switch (resource) {
        case 'namespaces':
          return value === undefined ? [] : [name];
        case 'configmaps':
          return name === rootCaName ? [namespace] : [];
        case 'serviceaccounts':
          return name === 'default' && value === undefined ? [namespace] : [];
        default:
          return [];
      }
    },
    async sync(name) {
      const [ofNamespace, account, rootCa] = await storage.getMany([
        namespaceKey(clusterId, name),
        defaultAccountKey(clusterId, name),
        rootCaKey(clusterId, name),
      ]);
      if (ofNamespace === undefined) return undefined;
      if (readObject(ofNamespace).metadata.deletionTimestamp !== undefined) return undefined;
      const options: ContentOptions = { now: now(), uuid: () => random.uuid(), caPem };
      // INVARIANT: with the namespace as it was read, so that nothing is made in one that is being deleted.
      const expect: Expectation[] = [{ key: ofNamespace.key, revision: ofNamespace.revision }];
      const changes: Put[] = [];
      const write = (key: string, revision: number, object: KubeObject): void => {
        expect.push({ key, revision });
        changes.push(writeObject(key, object));
      };
      if (account === undefined) {
        write(defaultAccountKey(clusterId, name), 0, defaultAccount(name, options));
      }
      if (caPem !== '' && rootCa === undefined) {
        write(rootCaKey(clusterId, name), 0, rootCaMap(name, options));
      }
      if (caPem !== '' && rootCa !== undefined) {
        const stored = readObject(rootCa);
        const next = restored(stored, caPem);
        if (next !== undefined) write(rootCa.key, rootCa.revision, next);
      }
      if (changes.length > 0) await storage.commit({ expect, changes });
      return undefined;
    },
  } satisfies Controller;
};

/** The ConfigMap with its data and description put right; undefined when they are, or when it is being deleted. */
function restored(stored: KubeObject, caPem: string): KubeObject | undefined {
  if (stored.metadata.deletionTimestamp !== undefined) return undefined;
  const data = { 'ca.crt': caPem };
  const { annotations = {} } = stored.metadata;
  const [[key]] = Object.entries(rootCaDescription) as [[string, string]];
  const isRight = isObject(stored.data) && sameJson(stored.data, data) && (annotations[key] ?? '') !== '';
  if (isRight) return undefined;
  const metadata = { ...stored.metadata, annotations: { ...annotations, ...rootCaDescription } };
  return { ...stored, metadata, data };
}
