import { expect, test } from 'vitest';
import { definitionErrors } from './definitionerrors.ts';

const versionOf = (more: object) => ({
  ...{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
  ...more,
});

const many = <Value>(value: Value): readonly Value[] => Array.from({ length: 200_000 }, () => value);

test.each<[string, object, object, object]>([
  ['spec.names.shortNames: Too many: 200000: must have at most 100 items', { shortNames: many('A') }, {}, {}],
  ['spec.names.categories: Too many: 200000: must have at most 100 items', { categories: many('A') }, {}, {}],
  [
    'spec.selectableFields: Too many: 200000: must have at most 8 items',
    {},
    { selectableFields: many({}) },
    {},
  ],
  [
    'status.storedVersions: Too many: 200000: must have at most 100 items',
    {},
    {},
    { storedVersions: many('x') },
  ],
])('%s', (expected, names, version, status) => {
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      ...{ group: 'example.com', scope: 'Namespaced', versions: [versionOf(version)] },
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList', ...names },
    },
    status: { storedVersions: ['v1'], ...status },
  };
  const errors = definitionErrors(definition as never, undefined);
  expect(errors.map(({ field, text }) => `${field}: ${text}`)).toEqual([expected]);
});
