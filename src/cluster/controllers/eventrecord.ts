import { createHash } from 'node:crypto';
import { objectKey } from '../../storage/records/keys.ts';
import { RevisionConflictError } from '../../storage/storage.ts';
import { KubeStatusError } from '../../wire/kube/status.ts';
import { type KubeObject, kubernetesTime } from '../objects/object.ts';
import { writeObject } from '../objects/store.ts';
import { expectActiveNamespace } from '../resources/namespaces.ts';
import type { ControllerContext } from './controller.ts';

/**
 * Tells users of an object what a controller found, as a warning event beside it; events of cluster-wide objects stand in
 * `default`. The same is told once for one object and one `once`, also by later processes.
 */
export async function recordEvent(
  { storage, now, random }: ControllerContext,
  clusterId: string,
  object: KubeObject,
  event: {
    readonly reason: string;
    readonly message: string;
    readonly component: string;
    readonly once: string;
  },
): Promise<void> {
  const { name = '', namespace, uid = '' } = object.metadata;
  const inNamespace = namespace ?? 'default';
  const digest = createHash('sha256')
    .update(JSON.stringify([uid, event.reason, event.once]))
    .digest('hex');
  const eventName = `${eventNameBase(name)}.${digest.slice(0, 16)}`;
  const key = objectKey(clusterId, '', 'events', inNamespace, eventName);
  if ((await storage.get(key)) !== undefined) return;
  const time = kubernetesTime(now());
  const written: KubeObject = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: eventName, namespace: inNamespace, uid: random.uuid(), creationTimestamp: time },
    involvedObject: {
      kind: object.kind,
      ...(namespace !== undefined && { namespace }),
      name,
      uid,
      apiVersion: object.apiVersion,
      resourceVersion: object.metadata.resourceVersion ?? '',
    },
    reason: event.reason,
    message: event.message,
    source: { component: event.component },
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
    type: 'Warning',
    eventTime: null,
    reportingComponent: event.component,
    reportingInstance: '',
  };
  try {
    const subject = { group: '', resource: 'events', name: eventName };
    const active = await expectActiveNamespace(storage, clusterId, inNamespace, subject);
    await storage.commit({ expect: [active, { key, revision: 0 }], changes: [writeObject(key, written)] });
  } catch (error) {
    // Its namespace is going or changed this moment, or somebody told the same: an event is not worth more.
    if (!(error instanceof KubeStatusError) && !(error instanceof RevisionConflictError)) throw error;
  }
}

/** The name of the object as far as an event can be called so: names of roles may hold more. */
function eventNameBase(name: string): string {
  const parts = name
    .toLowerCase()
    .slice(0, 230)
    .split(/[^a-z0-9]+/);
  return parts.filter((part) => part !== '').join('-') || 'object';
}
