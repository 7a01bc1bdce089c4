import { isObject, type JsonObject, type JsonValue } from '../../wire/kube/json.ts';
import type { KubeObject } from '../objects/object.ts';

/**
 * Fills the protocol of ports as the API server does: clients print `80/TCP` from what is stored, and would print
 * `80/` without it. Anything of another shape is left as it is.
 */
export function completePodPorts(pod: KubeObject): KubeObject {
  return isObject(pod.spec) ? { ...pod, spec: podSpec(pod.spec) } : pod;
}

/** The same for the pod template of a workload. */
export function completeTemplatePorts(workload: KubeObject): KubeObject {
  const { spec } = workload;
  return isObject(spec) ? { ...workload, spec: withTemplate(spec) } : workload;
}

/** The same for a cron job's template of jobs. */
export function completeJobTemplatePorts(cronJob: KubeObject): KubeObject {
  const { spec } = cronJob;
  if (!isObject(spec) || !isObject(spec.jobTemplate) || !isObject(spec.jobTemplate.spec)) return cronJob;
  const jobTemplate = { ...spec.jobTemplate, spec: withTemplate(spec.jobTemplate.spec) };
  return { ...cronJob, spec: { ...spec, jobTemplate } };
}

/** Ports of a service: the protocol, and the port itself where the target is not said. */
export function completeServicePorts(service: KubeObject): KubeObject {
  const { spec } = service;
  if (!isObject(spec) || !Array.isArray(spec.ports)) return service;
  const ports = spec.ports.map((port) => {
    if (!isObject(port)) return port;
    const target = typeof port.port === 'number' ? { targetPort: port.port } : {};
    return { protocol: 'TCP', ...target, ...port };
  });
  return { ...service, spec: { ...spec, ports } };
}

function withTemplate(spec: JsonObject): JsonObject {
  const { template } = spec;
  if (!isObject(template) || !isObject(template.spec)) return spec;
  return { ...spec, template: { ...template, spec: podSpec(template.spec) } };
}

function podSpec(spec: JsonObject): JsonObject {
  const lists = ['initContainers', 'containers']
    .filter((name) => Array.isArray(spec[name]))
    .map((name) => [name, (spec[name] as readonly JsonValue[]).map(container)] as const);
  return { ...spec, ...Object.fromEntries(lists) };
}

function container(value: JsonValue): JsonValue {
  if (!isObject(value) || !Array.isArray(value.ports)) return value;
  return {
    ...value,
    ports: value.ports.map((port) => (isObject(port) ? { protocol: 'TCP', ...port } : port)),
  };
}
