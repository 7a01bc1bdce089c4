import type { Member, OperationContract, ServiceContract, Shape, Structure } from './contract.ts';

type Schema = Readonly<Record<string, unknown>>;

/**
 * An OpenAPI 3.1 description of a REST service, from its contract: what a console or a generator of clients needs to know.
 * Requests are signed with SigV4 for the service's name, which OpenAPI has no word for; the description says so.
 */
export function openApiOf(
  contract: ServiceContract,
  info: { readonly title: string; readonly version: string },
  /** An input of each operation, by its name. */
  examples: Readonly<Record<string, object>> = {},
): object {
  const schemas = new Map<string, Schema>();
  // Inputs first: what they are made of is closed, also where answers are made of the same.
  const inputs = new Map(
    contract.operationNames.map((name) => {
      const input = contract.operation(name)?.input;
      return [name, input && schemaOf(input, schemas, { isInput: true })] as const;
    }),
  );
  const errors = contract.errorNames.map((name) => [name, contract.error(name)] as const);
  const paths: Record<string, object> = {};
  for (const name of contract.operationNames) {
    const operation = contract.operation(name);
    if (operation === undefined) continue;
    const input = inputs.get(name);
    paths[operation.path] = {
      ...(paths[operation.path] ?? {}),
      [operation.method.toLowerCase()]: {
        operationId: name,
        description: `Authorized by the IAM action \`${contract.service}:${name}\`, unless EKS has the same operation: then by its own.`,
        ...(input !== undefined && {
          requestBody: content(input, { required: true, example: examples[name] }),
        }),
        responses: responsesOf(operation, errors, schemas),
      },
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      ...info,
      description: `Every request is signed with AWS Signature Version 4 for the service \`${contract.service}\` and authorized by IAM. A member that is not described is refused. Times are seconds since 1970.`,
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
    properties: { message: { type: 'string' }, __type: { type: 'string' } },
    required: ['message'],
  };
  return {
    [status]: {
      description: 'done',
      ...(output !== undefined && content(schemaOf(output, schemas, { isInput: false }))),
    },
    ...Object.fromEntries(
      [...byStatus].map(([code, names]) => [
        code,
        {
          description: `${names.join(', ')}: which one is in the header x-amzn-errortype`,
          ...content(error),
        },
      ]),
    ),
  };
}

function content(
  schema: Schema,
  { required, example }: { readonly required?: true; readonly example?: object | undefined } = {},
): Schema {
  const media = { schema, ...(example !== undefined && { example }) };
  return { ...(required && { required }), content: { 'application/json': media } };
}

interface Use {
  readonly isInput: boolean;
}

function schemaOf(shape: Shape, schemas: Map<string, Schema>, use: Use): Schema {
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
      return { type: 'array', items: schemaOf(shape.item, schemas, use) };
    case 'map':
      return { type: 'object', additionalProperties: schemaOf(shape.value, schemas, use) };
    case 'structure':
      if (!schemas.has(shape.name)) {
        // Said before its members are: one may be of its own kind.
        schemas.set(shape.name, {});
        schemas.set(shape.name, objectSchema(shape, schemas, use));
      }
      return { $ref: `#/components/schemas/${shape.name}` };
    default:
      return shape satisfies never;
  }
}

function objectSchema({ members }: Structure, schemas: Map<string, Schema>, use: Use): Schema {
  const required = members.filter((member: Member) => member.required).map(({ name }) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(members.map(({ name, shape }) => [name, schemaOf(shape, schemas, use)])),
    ...(required.length > 0 && { required }),
    ...(use.isInput && { additionalProperties: false }),
  };
}
