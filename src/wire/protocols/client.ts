import { randomUUID } from 'node:crypto';
import type { Member, OperationContract, ServiceContract, Structure } from './contract.ts';
import { AwsError } from './errors.ts';
import { writeForm, writeText } from './form.ts';
import { parseJsonObject, readJsonStructure, writeJsonStructure } from './json.ts';
import { encodePercent, UnreadableInput } from './scalars.ts';
import { type ServiceName, services } from './services.ts';

/** The client's end of the wire, for our own commands: they must not load the SDK. */
export interface EncodedRequest {
  readonly method: string;
  /** Encoded; labels hold `%2F` where an ARN has slashes. */
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface ReceivedResponse {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/**
 * Unsigned request for a call with input in the SDK's shape. Query services are asked for JSON, so that no XML parser
 * is needed. Idempotency tokens are filled in. Throws TypeError for an operation or a value the contract lacks.
 */
export function encodeRequest(service: ServiceName, operation: string, input: object): EncodedRequest {
  const contract = services[service];
  const shape = operationOf(contract, operation);
  const value: Record<string, unknown> = { ...input };
  for (const member of shape.input?.members ?? []) {
    if (member.idempotencyToken) {
      value[member.name] ??= randomUUID();
    }
  }
  switch (contract.protocol) {
    case 'restJson1':
      return encodeRest(shape, value);
    case 'awsJson1_1':
      return {
        ...rpc('application/x-amz-json-1.1', jsonText(shape.input, value)),
        headers: {
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': `${contract.target}.${operation}`,
        },
      };
    case 'awsQuery': {
      const parameters = [`Action=${operation}`, `Version=${contract.version}`];
      if (shape.input !== undefined) {
        writeForm(shape.input, value, '', parameters);
      }
      return rpc('application/x-www-form-urlencoded', parameters.join('&'));
    }
  }
}

function rpc(contentType: string, body: string): EncodedRequest {
  const headers = { 'content-type': contentType, accept: 'application/json' };
  return { method: 'POST', path: '/', query: '', headers, body: Buffer.from(body) };
}

function encodeRest(shape: OperationContract, value: Readonly<Record<string, unknown>>): EncodedRequest {
  const members = shape.input?.members ?? [];
  const path = shape.path.replace(/\{(\w+)\}/g, (_, label: string) => {
    const text = value[label];
    if (typeof text !== 'string' || text === '') {
      throw new TypeError(`${label} must be given`);
    }
    return encodePercent(text);
  });
  const query = members
    .filter((member) => member.location === 'query' && value[member.name] !== undefined)
    .flatMap((member) => queryPairs(member, value[member.name]));
  const hasBody = members.some((member) => member.location === 'body');
  return {
    method: shape.method,
    path,
    query: query.join('&'),
    headers: hasBody ? { 'content-type': 'application/json' } : {},
    body: Buffer.from(hasBody ? jsonText(shape.input, value) : ''),
  };
}

function queryPairs(member: Member, value: unknown): readonly string[] {
  const shape = member.shape.kind === 'list' ? member.shape.item : member.shape;
  return [value].flat().map((item) => `${member.name}=${encodePercent(writeText(shape.kind, item))}`);
}

function jsonText(structure: Structure | undefined, value: object): string {
  return JSON.stringify(structure === undefined ? {} : writeJsonStructure(structure, value));
}

/** The output in the SDK's shape. Throws AwsError, with the class name as code, when the service refused. */
export function decodeResponse(service: ServiceName, operation: string, response: ReceivedResponse): unknown {
  const contract = services[service];
  const structure = operationOf(contract, operation).output;
  const body = answerObject(response);
  if (response.status >= 300) {
    throw decodeError(contract, response, body);
  }
  if (structure === undefined) {
    return {};
  }
  const result =
    contract.protocol === 'awsQuery'
      ? objectIn(objectIn(body, `${operation}Response`), `${operation}Result`)
      : body;
  return readJsonStructure(structure, result, '', { missing: [], fractions: true });
}

function decodeError(
  contract: ServiceContract,
  response: ReceivedResponse,
  body: Readonly<Record<string, unknown>>,
): AwsError {
  const error = contract.protocol === 'awsQuery' ? objectIn(body, 'Error') : body;
  const named = [response.headers['x-amzn-errortype'], error.__type, error.Code].find(
    (text): text is string => typeof text === 'string' && text !== '',
  );
  const code = named?.split(':')[0]?.split('#').at(-1) ?? `Http${response.status}`;
  const text = error.message ?? error.Message;
  const message = typeof text === 'string' ? text : `the service answered with status ${response.status}`;
  const modelled = contract.error(code);
  if (modelled === undefined) {
    return new AwsError(code, message);
  }
  const fields = readJsonStructure(modelled.structure, error, '', { missing: [], fractions: true });
  const { message: _, Message: __, ...others } = fields;
  return new AwsError(modelled.name, message, others);
}

/** A proxy's page instead of an answer is an error like any other. */
function answerObject(response: ReceivedResponse): Readonly<Record<string, unknown>> {
  try {
    return parseJsonObject(response.body);
  } catch (error) {
    if (error instanceof UnreadableInput && response.status >= 300) {
      return {};
    }
    throw error;
  }
}

function objectIn(object: Readonly<Record<string, unknown>>, key: string): Readonly<Record<string, unknown>> {
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function operationOf(contract: ServiceContract, name: string): OperationContract {
  const operation = contract.operation(name);
  if (operation === undefined) {
    throw new TypeError(`${contract.service} has no operation ${name}`);
  }
  return operation;
}
