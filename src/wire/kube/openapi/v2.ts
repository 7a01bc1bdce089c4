import { createHash } from 'node:crypto';
import type { JsonObject } from '../json.ts';
import type { ResourceTable } from '../resources.ts';
import { collectSchemas, rootTypes } from './collected.ts';
import { customSchemas } from './customschemas.ts';
import { type Operation, operationsOf, parameterTypes } from './operations.ts';
import { type NamedSchema, reference } from './schemas.ts';
import { encodeDocument } from './v2protobuf.ts';

/** The one media type kubectl asks `/openapi/v2` for (kubernetes-facts D2.4). */
const askedType = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
/** The same where it is answered: `@` is no character of a media type, and kubectl refuses to read one that has it. */
const answeredType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/** One form of the document, and what changes when it does. */
export interface Encoded {
  readonly contentType: string;
  readonly body: string | Uint8Array;
  readonly hash: string;
}

interface Forms {
  json?: Promise<Encoded>;
  protobuf?: Promise<Encoded>;
}

/** Lets others have their turn while a document is written, when it is time to. */
export type Pause = () => Promise<void> | undefined;

/** By table and by the version it calls itself; gone with the table. */
const known = new WeakMap<ResourceTable, Map<string, Forms>>();

/**
 * The answer of `/openapi/v2`: one document for everything a cluster serves, in protobuf for those who ask for it. It is
 * written once, between turns of others, because it takes longer than anybody should wait.
 */
export function openApiV2(
  table: ResourceTable,
  version: string,
  accept: string | undefined,
  pause: Pause,
): Promise<Encoded> {
  const versions = known.get(table) ?? new Map<string, Forms>();
  known.set(table, versions);
  const forms = versions.get(version) ?? {};
  versions.set(version, forms);
  if (accept?.includes(askedType)) {
    forms.protobuf ??= document(table, version, pause).then((made) =>
      encoded(answeredType, encodeDocument(made)),
    );
    return forms.protobuf;
  }
  forms.json ??= document(table, version, pause).then((made) =>
    encoded('application/json', JSON.stringify(made)),
  );
  return forms.json;
}

function encoded(contentType: string, body: string | Uint8Array): Encoded {
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 32).toUpperCase();
  return { contentType, body, hash };
}

async function document(table: ResourceTable, version: string, pause: Pause): Promise<JsonObject> {
  const paths: Record<string, Record<string, unknown>> = {};
  const builtIn = new Map<string, NamedSchema>();
  const custom: NamedSchema[] = [];
  for (const one of table.definitions) {
    for (const operation of operationsOf(one)) {
      const { path, method } = operation;
      const item = paths[path] ?? { parameters: pathParameters(path) };
      paths[path] = item;
      item[method] = rendered(operation);
    }
    const added = customSchemas(one, 'v2');
    custom.push(...added);
    collectSchemas([...rootTypes([one]), ...added.flatMap(({ types }) => types)], 'v2', builtIn);
    await pause();
  }
  const schemas = [...builtIn.values(), ...custom].map(({ name, schema }) => [name, schema] as const);
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version },
    paths: paths as Record<string, JsonObject>,
    definitions: Object.fromEntries(schemas.sort(([left], [right]) => (left < right ? -1 : 1))),
  };
}

function pathParameters(path: string): readonly JsonObject[] {
  const inPath = ['name', 'namespace'].filter((name) => path.includes(`{${name}}`));
  return [
    ...inPath.map((name) => ({ name, in: 'path', required: true, type: 'string', uniqueItems: true })),
    { name: 'pretty', in: 'query', type: 'string', uniqueItems: true },
  ];
}

function rendered(operation: Operation): JsonObject {
  const { action, id, kind, parameters, body, answer, answers } = operation;
  const schema = answer === undefined ? { type: 'string' } : reference(answer, 'v2');
  return {
    operationId: id,
    consumes: body?.types ?? ['*/*'],
    produces: answer === undefined ? ['*/*'] : ['application/json', 'application/yaml'],
    parameters: [
      ...(body === undefined
        ? []
        : [
            {
              name: 'body',
              in: 'body',
              ...(!body.isOptional && { required: true }),
              schema: reference(body.schema, 'v2'),
            },
          ]),
      ...parameters.map((name) => ({
        ...{ name, in: 'query', type: parameterTypes[name] ?? 'string', uniqueItems: true },
      })),
    ],
    responses: {
      ...Object.fromEntries(answers.map((code) => [code, { description: meanings[code], schema }])),
      401: { description: 'Unauthorized' },
    },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kind,
  };
}

const meanings = { 200: 'OK', 201: 'Created', 202: 'Accepted' } as const;
