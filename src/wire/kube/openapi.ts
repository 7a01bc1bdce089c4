import { createHash } from 'node:crypto';
import { messageLines } from './data/messages.ts';
import { resourceLines } from './data/resources.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { kindSummaries } from './kindsummaries.ts';
import { isScalar, type MessageField, messageNamed } from './messages.ts';
import { apiVersionOf, type ResourceDefinition, type ResourceTable } from './resources.ts';

const documentRevision = '1';

/** `api/v1` or `apis/apps/v1`: the key of the index and the path below `/openapi/v3/`. */
function pathOf(group: string, version: string): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}

let hash: string | undefined;

/** One hash for all documents: they change together, with the data. Also the ETag of each (D0.7). */
export function openApiHash(): string {
  hash ??= createHash('sha256')
    .update(`${documentRevision}\n${resourceLines}\n${messageLines}`)
    .digest('hex')
    .slice(0, 32)
    .toUpperCase();
  return hash;
}

/** The answer of `/openapi/v3` (D2.1). */
export function openApiIndex(table: ResourceTable): JsonObject {
  const paths = table.groupVersions.flatMap(({ group, versions }) =>
    versions.map((version) => {
      const path = pathOf(group, version);
      return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${openApiHash()}` }] as const;
    }),
  );
  return { paths: Object.fromEntries(paths) };
}

/** `core.v1.Pod` is `io.k8s.api.core.v1.Pod` in public schemas. */
function schemaName(message: string): string {
  const [pkg = ''] = message.split('.');
  if (pkg === 'meta') return `io.k8s.apimachinery.pkg.apis.${message}`;
  if (pkg === 'resource') return `io.k8s.apimachinery.pkg.api.${message}`;
  if (pkg === 'intstr') return `io.k8s.apimachinery.pkg.util.${message}`;
  if (pkg === 'runtime') return `io.k8s.apimachinery.pkg.${message}`;
  return `io.k8s.api.${message}`;
}

const scalarSchemas: Readonly<Record<string, JsonObject>> = {
  string: { type: 'string' },
  bytes: { type: 'string', format: 'byte' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
};

const specialSchemas: Readonly<Record<string, JsonObject>> = {
  'meta.v1.Time': { type: 'string', format: 'date-time' },
  'meta.v1.MicroTime': { type: 'string', format: 'date-time' },
  'meta.v1.Duration': { type: 'string' },
  'resource.Quantity': { oneOf: [{ type: 'string' }, { type: 'number' }] },
  'resource.QuantityValue': { oneOf: [{ type: 'string' }, { type: 'number' }] },
  'intstr.IntOrString': { oneOf: [{ type: 'integer' }, { type: 'string' }], format: 'int-or-string' },
  'runtime.RawExtension': { type: 'object' },
  'meta.v1.FieldsV1': { type: 'object' },
};

/** Schemas of one document, collected from the kinds down. */
class Schemas {
  readonly byName: Record<string, JsonValue> = {};

  type(type: string): JsonObject {
    if (isScalar(type)) return scalarSchemas[type] ?? {};
    this.add(type);
    return { $ref: `#/components/schemas/${schemaName(type)}` };
  }

  add(type: string, kind?: ResourceDefinition): void {
    const name = schemaName(type);
    if (Object.hasOwn(this.byName, name)) return;
    const special = Object.hasOwn(specialSchemas, type) ? specialSchemas[type] : undefined;
    if (special !== undefined) {
      this.byName[name] = special;
      return;
    }
    const message = messageNamed(type);
    if (message === undefined) return;
    // Set before the fields are visited: types refer to themselves.
    this.byName[name] = {};
    const typeMeta = kind === undefined ? {} : { apiVersion: { type: 'string' }, kind: { type: 'string' } };
    const properties = Object.fromEntries(
      [...message.byJsonName].map(([key, field]) => [key, this.#property(field)]),
    );
    this.byName[name] = {
      type: 'object',
      ...(kind && {
        description: kindSummaries[kind.kind] ?? `${kind.kind} of ${apiVersionOf(kind)}.`,
        'x-kubernetes-group-version-kind': [{ group: kind.group, version: kind.version, kind: kind.kind }],
      }),
      properties: { ...typeMeta, ...properties },
    };
  }

  #property(field: MessageField): JsonObject {
    const value = this.type(field.type);
    const extensions = {
      ...(field.mergeKey !== undefined && { 'x-kubernetes-patch-strategy': 'merge' }),
      ...(field.mergeKey && { 'x-kubernetes-patch-merge-key': field.mergeKey }),
      ...(field.topologyKeys.length > 0 && { 'x-kubernetes-list-map-keys': field.topologyKeys }),
    };
    if (field.shape === 'map') return { type: 'object', additionalProperties: value };
    if (field.shape === 'one') return '$ref' in value ? { allOf: [value] } : value;
    const listType = field.topology === undefined ? {} : { 'x-kubernetes-list-type': field.topology };
    return { type: 'array', items: value, ...extensions, ...listType };
  }
}

const patchParameters: readonly JsonObject[] = ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => ({
  name,
  in: 'query',
  schema: { type: 'string', uniqueItems: true },
}));

function itemPath(one: ResourceDefinition): string {
  const base = `/${pathOf(one.group, one.version)}`;
  return one.namespaced
    ? `${base}/namespaces/{namespace}/${one.resource}/{name}`
    : `${base}/${one.resource}/{name}`;
}

function operations(one: ResourceDefinition, schemas: Schemas): JsonObject {
  const target = {
    'x-kubernetes-group-version-kind': { group: one.group, version: one.version, kind: one.kind },
  };
  const answers = one.messageType === undefined ? {} : schemas.type(one.messageType);
  return {
    ...(one.verbs.includes('get') && {
      get: {
        'x-kubernetes-action': 'get',
        ...target,
        responses: { 200: { description: 'OK', content: { 'application/json': { schema: answers } } } },
      },
    }),
    // COMPAT: no requestBody (D2.5): with one, kubectl builds patches from the schema and takes every gap for a fact.
    ...(one.verbs.includes('patch') && {
      patch: {
        'x-kubernetes-action': 'patch',
        ...target,
        parameters: patchParameters,
        responses: { 200: { description: 'OK' } },
      },
    }),
    // Kinds that can only be created still have to be found by `explain`.
    ...(!one.verbs.includes('get') && {
      post: {
        'x-kubernetes-action': 'post',
        ...target,
        responses: { 201: { description: 'Created', content: { 'application/json': { schema: answers } } } },
      },
    }),
  };
}

/**
 * `/openapi/v3/<path>` for a group version (D2.3, D2.6): paths for the client's checks, schemas for `kubectl explain`.
 * Undefined when the group version is not served.
 */
export function openApiDocument(
  table: ResourceTable,
  group: string,
  version: string,
): JsonObject | undefined {
  const resources = table.of(group, version);
  if (resources.length === 0) return undefined;
  const schemas = new Schemas();
  for (const one of resources) if (one.messageType !== undefined) schemas.add(one.messageType, one);
  const paths = Object.fromEntries(resources.map((one) => [itemPath(one), operations(one, schemas)]));
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'unversioned' },
    paths,
    components: { schemas: schemas.byName },
  };
}
