import { describe, expect, test } from 'vitest';
import { isObject, type JsonObject, type JsonValue } from '../../wire/kube/json.ts';
import type { KubeObject } from '../objects/object.ts';
import {
  completeJobTemplatePorts,
  completePodPorts,
  completeServicePorts,
  completeTemplatePorts,
} from './ports.ts';

const object = (spec: JsonValue): KubeObject => ({ kind: 'X', apiVersion: 'v1', metadata: {}, spec });
const pod = (ports: JsonValue): JsonObject => ({ containers: [{ name: 'c', ports }] });

describe('ports without a protocol', () => {
  const given = [{ containerPort: 8080 }, { containerPort: 53, protocol: 'UDP' }];
  const completed = [
    { containerPort: 8080, protocol: 'TCP' },
    { containerPort: 53, protocol: 'UDP' },
  ];

  test.each([
    ['a pod', completePodPorts, pod(given), pod(completed)],
    [
      'init containers',
      completePodPorts,
      { initContainers: [{ ports: given }], containers: [{ name: 'none' }] },
      { initContainers: [{ ports: completed }], containers: [{ name: 'none' }] },
    ],
    [
      'a template',
      completeTemplatePorts,
      { replicas: 1, template: { spec: pod(given) } },
      { replicas: 1, template: { spec: pod(completed) } },
    ],
    [
      'a template of jobs',
      completeJobTemplatePorts,
      { jobTemplate: { spec: { template: { spec: pod(given) } } } },
      { jobTemplate: { spec: { template: { spec: pod(completed) } } } },
    ],
    [
      'a service',
      completeServicePorts,
      { ports: [{ port: 80 }, { port: 81, protocol: 'UDP', targetPort: 'dns' }] },
      {
        ports: [
          { port: 80, protocol: 'TCP', targetPort: 80 },
          { port: 81, protocol: 'UDP', targetPort: 'dns' },
        ],
      },
    ],
  ] as const)('are TCP in %s', (_, complete, spec, expected) => {
    expect(complete(object(spec as JsonValue)).spec).toEqual(expected);
  });

  test.each([
    null,
    'text',
    [],
    { containers: 'text', ports: 'text', template: null, jobTemplate: [] },
    { containers: ['text', { ports: 7 }, { ports: ['text'] }], ports: ['text', null] },
    { template: { spec: 'text' }, jobTemplate: { spec: { template: 'text' } } },
  ] as const)('of another shape stay as they are: %j', (spec) => {
    for (const complete of [
      completePodPorts,
      completeTemplatePorts,
      completeJobTemplatePorts,
      completeServicePorts,
    ]) {
      const result = complete(object(spec as unknown as JsonValue)).spec;
      expect(result).toEqual(spec);
      expect(isObject(result)).toBe(isObject(spec as unknown as JsonValue));
    }
  });
});
