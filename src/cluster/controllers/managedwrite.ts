import type { ClusterAccess } from '../../access/access.ts';
import { compareFields } from '../../wire/kube/managedfields/compare.ts';
import { shapeOfResource } from '../../wire/kube/managedfields/customshape.ts';
import { encodeManagers, readManagers } from '../../wire/kube/managedfields/entries.ts';
import { updateManagers } from '../../wire/kube/managedfields/ownership.ts';
import { deduced } from '../../wire/kube/managedfields/shape.ts';
import { type KubeObject, kubernetesTime } from '../objects/object.ts';
import { type ControllerContext, objectAddress } from './controller.ts';

/** Who upstream's controllers say they are when they update. */
const manager = 'kube-controller-manager';

/** The object a controller is about to write, with its managedFields told of the change; none stay none. */
export function withUpdatedManagers(
  { served, now }: Pick<ControllerContext, 'served' | 'now'>,
  { cluster }: ClusterAccess,
  key: string,
  before: KubeObject,
  after: KubeObject,
): KubeObject {
  const { managedFields } = before.metadata;
  if (!Array.isArray(managedFields) || managedFields.length === 0) return after;
  const { group, resource } = objectAddress(key);
  const definition = served(cluster).definitions.find(
    (one) => one.group === group && one.resource === resource,
  );
  const changes = compareFields(
    definition === undefined ? deduced : shapeOfResource(definition),
    before,
    after,
  );
  const writer = { manager, apiVersion: after.apiVersion, subresource: '', time: kubernetesTime(now()) };
  const managers = encodeManagers(updateManagers(readManagers(managedFields), writer, changes));
  return { ...after, metadata: { ...after.metadata, managedFields: managers } };
}
