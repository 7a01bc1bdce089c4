import { createHash } from 'node:crypto';
import { commonFields, fieldSummaries } from '../data/fieldsummaries.ts';
import { groupMessageLines } from '../data/groupmessages.ts';
import { messageLines } from '../data/messages.ts';
import type { JsonObject } from '../json.ts';
import { kindSummaries } from '../kindsummaries.ts';
import type { ResourceDefinition, ResourceTable } from '../resources.ts';
import { collectSchemas, rootTypes } from './collected.ts';
import { customSchemas } from './customschemas.ts';
import { groupPath, type Operation, operationsOf, parameterTypes } from './operations.ts';
import { reference } from './schemas.ts';

/** Raised when the documents change though the data did not. */
const documentRevision = '2';

let dataHash: string | undefined;

function hashOfData(): string {
  dataHash ??= createHash('sha256')
    .update(`${documentRevision}\n${messageLines}\n${groupMessageLines}`)
    .update(JSON.stringify([fieldSummaries, commonFields, kindSummaries]))
    .digest('hex');
  return dataHash;
}

/** What is kept of one group version; the text is written when somebody asks for it. */
interface GroupVersion {
  readonly definitions: readonly ResourceDefinition[];
  readonly hash: string;
  text?: string;
}

/**
 * By the first definition, so that clusters which serve the same share one text, and what a cluster no longer serves goes
 * with its table.
 */
const known = new WeakMap<ResourceDefinition, GroupVersion>();

function groupVersion(table: ResourceTable, group: string, version: string): GroupVersion | undefined {
  const definitions = table.of(group, version);
  const [first] = definitions;
  if (first === undefined) return undefined;
  const kept = known.get(first);
  const isSame =
    kept?.definitions.length === definitions.length &&
    definitions.every((one, index) => one === kept.definitions[index]);
  if (kept !== undefined && isSame) return kept;
  const hash = createHash('sha256').update(hashOfData()).update(JSON.stringify(definitions)).digest('hex');
  const made = { definitions, hash: hash.slice(0, 32).toUpperCase() };
  known.set(first, made);
  return made;
}

/** The hash of one document, which changes with its group version alone: part of its URL, and its ETag (D0.7). */
export function openApiHash(table: ResourceTable, group: string, version: string): string | undefined {
  return groupVersion(table, group, version)?.hash;
}

/** The answer of `/openapi/v3` (D2.1). */
export function openApiIndex(table: ResourceTable): JsonObject {
  const paths = table.groupVersions.flatMap(({ group, versions }) =>
    versions.map((version) => {
      const path = groupPath(group, version);
      const hash = openApiHash(table, group, version) ?? '';
      return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }] as const;
    }),
  );
  return { paths: Object.fromEntries(paths) };
}

/**
 * The text of `/openapi/v3/<path>` for a group version (D2.3, D2.5, D2.6). Undefined when it is not served.
 */
export function openApiText(table: ResourceTable, group: string, version: string): string | undefined {
  const found = groupVersion(table, group, version);
  if (found === undefined) return undefined;
  found.text ??= JSON.stringify(document(found.definitions));
  return found.text;
}

function document(definitions: readonly ResourceDefinition[]): JsonObject {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of definitions.flatMap(operationsOf)) {
    const { path, method } = operation;
    const item = paths[path] ?? { parameters: pathParameters(path) };
    paths[path] = item;
    item[method] = rendered(operation);
  }
  const custom = definitions.flatMap((one) => customSchemas(one, 'v3'));
  const types = [...rootTypes(definitions), ...custom.flatMap((one) => one.types)];
  const schemas = [...collectSchemas(types, 'v3'), ...custom].map(
    ({ name, schema }) => [name, schema] as const,
  );
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'unversioned' },
    paths: paths as Record<string, JsonObject>,
    components: { schemas: Object.fromEntries(schemas.sort(([left], [right]) => (left < right ? -1 : 1))) },
  };
}

const written = { type: 'string', uniqueItems: true };

function pathParameters(path: string): readonly JsonObject[] {
  const inPath = ['name', 'namespace'].filter((name) => path.includes(`{${name}}`));
  return [
    ...inPath.map((name) => ({ name, in: 'path', required: true, schema: written })),
    { name: 'pretty', in: 'query', schema: written },
  ];
}

function rendered(operation: Operation): JsonObject {
  const { action, id, kind, parameters, body, answer, answers } = operation;
  const schema = (name: string): JsonObject => ({ schema: reference(name, 'v3') });
  const content: JsonObject =
    answer === undefined
      ? { '*/*': { schema: { type: 'string' } } }
      : { 'application/json': schema(answer), 'application/yaml': schema(answer) };
  return {
    operationId: id,
    parameters: parameters.map((name) => ({
      name,
      in: 'query',
      schema: { type: parameterTypes[name] ?? 'string', uniqueItems: true },
    })),
    ...(body !== undefined && {
      requestBody: {
        content: Object.fromEntries(body.types.map((type) => [type, schema(body.schema)])),
        ...(!body.isOptional && { required: true }),
      },
    }),
    responses: {
      ...Object.fromEntries(answers.map((code) => [code, { description: meanings[code], content }])),
      401: { description: 'Unauthorized' },
    },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kind,
  };
}

const meanings = { 200: 'OK', 201: 'Created', 202: 'Accepted' } as const;
