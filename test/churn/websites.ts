/** The custom resource the controller is for, and the stock client's calls for it with their types. */
import {
  CustomObjectsApi,
  type KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
  PatchStrategy,
  setHeaderOptions,
} from '@kubernetes/client-node';

export interface Website extends KubernetesObject {
  readonly spec: { readonly host: string; readonly replicas: number };
  readonly status?: { readonly ready?: number };
}

export const websiteDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'websites.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { kind: 'Website', plural: 'websites', singular: 'website' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                required: ['host'],
                properties: {
                  host: { type: 'string' },
                  replicas: { type: 'integer', minimum: 0, default: 1 },
                },
              },
              status: { type: 'object', properties: { ready: { type: 'integer' } } },
            },
          },
        },
      },
    ],
  },
} as const;

/** Those with this label are the controller's. */
export const websiteLabel = 'example.com/managed';

export interface Websites {
  /** Path of the collection. */
  readonly path: string;
  list(): Promise<KubernetesListObject<Website>>;
  create(body: Website): Promise<Website>;
  replace(body: Website): Promise<Website>;
  /** By a merge patch. */
  patch(name: string, body: object): Promise<Website>;
  patchStatus(name: string, body: object): Promise<Website>;
  delete(name: string): Promise<void>;
}

const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

export function websitesIn(config: KubeConfig, namespace: string): Websites {
  const api = config.makeApiClient(CustomObjectsApi);
  const at = { group: 'example.com', version: 'v1', namespace, plural: 'websites' };
  return {
    path: `/apis/${at.group}/${at.version}/namespaces/${namespace}/${at.plural}`,
    list: () => api.listNamespacedCustomObject({ ...at, labelSelector: websiteLabel }),
    create: (body) => api.createNamespacedCustomObject({ ...at, body }),
    replace: (body) => api.replaceNamespacedCustomObject({ ...at, name: body.metadata?.name ?? '', body }),
    patch: (name, body) => api.patchNamespacedCustomObject({ ...at, name, body }, merge),
    patchStatus: (name, body) => api.patchNamespacedCustomObjectStatus({ ...at, name, body }, merge),
    async delete(name) {
      await api.deleteNamespacedCustomObject({ ...at, name });
    },
  };
}
