import type { Member, OperationContract, ServiceContract, Shape, Structure } from './contract.ts';

type Schema = Readonly<Record<string, unknown>>;

/**
 * An OpenAPI 3.1 description of a REST service, from its contract: what a console or a generator of clients needs to know.
 * Requests are signed with SigV4 for the service's name, which OpenAPI has no word for; the description says so.
 */
export function openApiOf(
  contract: ServiceContract,
  info: { readonly title: string; readonly version: string },
): object {
  const schemas = new Map<string, Schema>();
  const errors = contract.errorNames.map((name) => [name, contract.error(name)] as const);
  const paths: Record<string, object> = {};
  for (const name of contract.operationNames) {
    const operation = contract.operation(name);
    if (operation === undefined) continue;
    paths[operation.path] = {
      ...(paths[operation.path] ?? {}),
      [operation.method.toLowerCase()]: {
        operationId: name,
        ...(operation.input !== undefined && {
          requestBody: content(schemaOf(operation.input, schemas), true),
        }),
        responses: responsesOf(operation, errors, schemas),
      },
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      ...info,
      description: `Every request is signed with AWS Signature Version 4 for the service \`${contract.service}\` and authorized by IAM actions \`${contract.service}:OPERATION\`. A member that is not described is refused. Times are seconds since 1970.`,
    },
    paths,
    components: {
      schemas: Object.fromEntries([...schemas].sort(([one], [other]) => (one < other ? -1 : 1))),
      securitySchemes: {
        sigv4: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: 'AWS Signature Version 4',
        },
      },
    },
    security: [{ sigv4: [] }],
  };
}

function responsesOf(
  { status, output }: OperationContract,
  errors: readonly (readonly [string, ReturnType<ServiceContract['error']>])[],
  schemas: Map<string, Schema>,
): Schema {
  const byStatus = new Map<number, string[]>();
  for (const [name, error] of errors) {
    if (error !== undefined) byStatus.set(error.status, [...(byStatus.get(error.status) ?? []), name]);
  }
  const error: Schema = {
    type: 'object',
    properties: { message: { type: 'string' } },
    required: ['message'],
  };
  return {
    [status]: {
      description: 'done',
      ...(output !== undefined && content(schemaOf(output, schemas), false)),
    },
    ...Object.fromEntries(
      [...byStatus].map(([code, names]) => [
        code,
        {
          description: `${names.join(', ')}: which one is in the header x-amzn-errortype`,
          ...content(error, false),
        },
      ]),
    ),
  };
}

function content(schema: Schema, required: boolean): Schema {
  return { ...(required && { required }), content: { 'application/json': { schema } } };
}

function schemaOf(shape: Shape, schemas: Map<string, Schema>): Schema {
  switch (shape.kind) {
    case 'string':
    case 'boolean':
    case 'number':
      return { type: shape.kind };
    case 'timestamp':
      return { type: 'number', description: 'seconds since 1970' };
    case 'blob':
      return { type: 'string', contentEncoding: 'base64' };
    case 'document':
      return { description: 'any JSON value' };
    case 'list':
      return { type: 'array', items: schemaOf(shape.item, schemas) };
    case 'map':
      return { type: 'object', additionalProperties: schemaOf(shape.value, schemas) };
    case 'structure':
      if (!schemas.has(shape.name)) {
        // Said before its members are: one may be of its own kind.
        schemas.set(shape.name, {});
        schemas.set(shape.name, objectSchema(shape, schemas));
      }
      return { $ref: `#/components/schemas/${shape.name}` };
    default:
      return shape satisfies never;
  }
}

function objectSchema({ members }: Structure, schemas: Map<string, Schema>): Schema {
  const required = members.filter((member: Member) => member.required).map(({ name }) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(members.map(({ name, shape }) => [name, schemaOf(shape, schemas)])),
    ...(required.length > 0 && { required }),
  };
}
