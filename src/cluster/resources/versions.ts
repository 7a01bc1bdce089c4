import { isObject, type JsonObject, type JsonValue, own } from '../../wire/kube/json.ts';
import type { ResourceDefinition } from '../../wire/kube/resources.ts';
import { withoutNulls } from '../../wire/kube/unknownfields.ts';
import { fromStored, isCustom, readStored, toStored, toWritten } from '../customresources/conversion.ts';
import type { KubeObject } from '../objects/object.ts';
import { fromCoreEvent, isEventsGroup, toCoreEvent } from './events.ts';

/**
 * Resources served in two versions are stored in the preferred one. HorizontalPodAutoscaler is the only one beside Event:
 * its v1 knows a CPU target alone, where v2 has a list of metrics.
 *
 * COMPAT: upstream carries metrics v1 cannot say in annotations; here they stay as they are while v1 clients write.
 */
const storedVersion = 'autoscaling/v2';

function isOlder(resource: ResourceDefinition): boolean {
  return resource.group === 'autoscaling' && resource.version === 'v1';
}

/** Whether objects of the resource are stored in the version it is served in. */
export function isStoredVersion(resource: ResourceDefinition): boolean {
  return !isOlder(resource) && !isCustom(resource) && !isEventsGroup(resource);
}

/** An object of a request as it is stored; `old` is what is stored now. */
export function toStoredVersion(
  resource: ResourceDefinition,
  given: KubeObject,
  old: KubeObject | undefined,
): KubeObject {
  if (isCustom(resource)) return toStored(resource, given);
  const object = withoutNulls(resource.messageType, given);
  if (isEventsGroup(resource)) return toCoreEvent(object);
  if (!isOlder(resource)) return object;
  const { targetCPUUtilizationPercentage: target, ...spec } = objectAt(object, 'spec');
  const { currentCPUUtilizationPercentage: _, ...status } = objectAt(object, 'status');
  const before = objectAt(old, 'spec');
  const metrics = [
    ...(typeof target === 'number' ? [cpuMetric(target)] : []),
    ...metricsOf(before).filter((metric) => cpuTarget(metric) === undefined),
  ];
  return {
    ...object,
    apiVersion: storedVersion,
    spec: {
      ...spec,
      ...(metrics.length > 0 && { metrics }),
      ...(before.behavior !== undefined && { behavior: before.behavior }),
    },
    ...(object.status !== undefined && { status }),
  };
}

/** What is stored of an object that `toStoredVersion` made and that has been found valid. */
export function writtenVersion(resource: ResourceDefinition, object: KubeObject): KubeObject {
  return isCustom(resource) ? toWritten(resource, object) : object;
}

/** A stored object as it would be stored today, in the same version: schemas of custom resources change. */
export function refreshStored(resource: ResourceDefinition, object: KubeObject): KubeObject {
  return isCustom(resource) ? readStored(resource, object) : object;
}

/** A stored object as the version of the request shows it. */
export function fromStoredVersion(resource: ResourceDefinition, object: KubeObject): KubeObject {
  if (isCustom(resource)) return fromStored(resource, object);
  if (isEventsGroup(resource)) return fromCoreEvent(object);
  if (!isOlder(resource)) return object;
  const { metrics: _, behavior: __, ...spec } = objectAt(object, 'spec');
  const { currentMetrics: ___, conditions: ____, ...status } = objectAt(object, 'status');
  const target = metricsOf(objectAt(object, 'spec')).map(cpuTarget).find(Number.isInteger);
  return {
    ...object,
    apiVersion: 'autoscaling/v1',
    spec: { ...spec, ...(target !== undefined && { targetCPUUtilizationPercentage: target }) },
    ...(object.status !== undefined && { status }),
  };
}

function objectAt(object: KubeObject | undefined, member: string): JsonObject {
  const value = own(object, member);
  return isObject(value) ? value : {};
}

function metricsOf(spec: JsonObject): readonly JsonValue[] {
  return Array.isArray(spec.metrics) ? spec.metrics : [];
}

function cpuMetric(averageUtilization: number): JsonObject {
  return { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } };
}

function cpuTarget(metric: JsonValue): number | undefined {
  const resource = own(metric, 'resource');
  const value = own(own(resource, 'target'), 'averageUtilization');
  return own(resource, 'name') === 'cpu' && typeof value === 'number' ? value : undefined;
}
