import type { JsonObject } from '../../../src/wire/kube/json.ts';
import type { CustomVersion, ResourceDefinition } from '../../../src/wire/kube/resources.ts';

/** `widgets.example.com`, as a CustomResourceDefinition with that schema would have it served. */
export function widgets(schema: JsonObject, more: Partial<CustomVersion> = {}): ResourceDefinition {
  const own = { group: 'example.com', version: 'v1' };
  const verbs = ['get', 'patch', 'update'];
  return {
    ...own,
    ...{ resource: 'widgets', kind: 'Widget', singular: 'widget', namespaced: true },
    ...{ shortNames: [], categories: [], messageType: undefined },
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { ...own, name: 'status', kind: 'Widget', verbs },
      { name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs },
    ],
    custom: {
      ...{ schema, printerColumns: [], listKind: 'WidgetList', storedVersion: 'v1', schemas: new Map() },
      ...{ selectableFields: [], scale: undefined, deprecation: undefined },
      ...more,
    },
  };
}
