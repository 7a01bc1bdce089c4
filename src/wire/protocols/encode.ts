import { commonStatus, internalFailure } from './commonerrors.ts';
import type { Protocol, ServiceContract, Structure } from './contract.ts';
import { AwsError, SignatureError } from './errors.ts';
import type { HttpResponse } from './http.ts';
import { writeJsonStructure } from './json.ts';
import type { OperationRoute } from './route.ts';
import { element, escapeXml, writeXmlStructure } from './xml.ts';

/** The answer to a call that worked. Throws TypeError when a handler's output does not have the contract's types. */
export function encodeOutput(route: OperationRoute, output: unknown, requestId: string): HttpResponse {
  const structure = route.shape.output;
  const value = output ?? {};
  if (typeof value !== 'object') {
    throw new TypeError('an output is an object');
  }
  if (route.protocol !== 'awsQuery') {
    const body = structure === undefined ? {} : writeJsonStructure(structure, value);
    return jsonResponse(route.shape.status, contentTypes[route.protocol], body, requestId);
  }
  const name = route.operation;
  if (route.acceptJson) {
    const result = structure === undefined ? {} : { [`${name}Result`]: writeJsonStructure(structure, value) };
    const body = { [`${name}Response`]: { ...result, ResponseMetadata: { RequestId: requestId } } };
    return jsonResponse(200, contentTypes.restJson1, body, requestId);
  }
  // COMPAT: an operation without output has no Result element at all (protocol-facts 17).
  const result = structure === undefined ? '' : element(`${name}Result`, writeXmlStructure(structure, value));
  const metadata = element('ResponseMetadata', element('RequestId', escapeXml(requestId)));
  const opening = `<${name}Response xmlns="${escapeXml(route.contract.xmlNamespace)}">`;
  return xmlResponse(200, `${opening}${result}${metadata}</${name}Response>`, requestId);
}

/** Whose error it is: a Route will do. */
export interface ErrorTarget {
  readonly protocol: Protocol;
  readonly contract?: ServiceContract | undefined;
  readonly acceptJson?: boolean;
}

interface WireError {
  readonly code: string;
  readonly status: number;
  readonly message: string;
  /** Modelled members beside the message. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly xml: string;
  readonly messageKey: string;
}

/**
 * The answer to a call that was refused. Common codes have the status of iam-facts H, modelled ones that of the
 * contract, any other is the client's mistake (400).
 *
 * SECURITY: what is not an AwsError is our fault; its text is not for the client.
 */
export function encodeError(target: ErrorTarget, error: unknown, requestId: string): HttpResponse {
  const wire = wireError(target, error instanceof AwsError ? error : internalFailure(target));
  const { code, status, message } = wire;
  if (target.protocol === 'awsQuery') {
    const type = status >= 500 ? 'Receiver' : 'Sender';
    if (target.acceptJson === true) {
      const body = {
        Error: { Code: code, Message: message, Type: type, ...wire.json },
        RequestId: requestId,
      };
      return jsonResponse(status, contentTypes.restJson1, body, requestId);
    }
    const parts =
      element('Type', type) + element('Code', escapeXml(code)) + element('Message', escapeXml(message));
    const content = element('Error', parts + wire.xml) + element('RequestId', escapeXml(requestId));
    const namespace =
      target.contract === undefined ? '' : ` xmlns="${escapeXml(target.contract.xmlNamespace)}"`;
    return xmlResponse(status, `<ErrorResponse${namespace}>${content}</ErrorResponse>`, requestId);
  }
  const body = { __type: code, ...wire.json, [wire.messageKey]: message };
  const headers: Record<string, string> = target.protocol === 'restJson1' ? { 'x-amzn-errortype': code } : {};
  return jsonResponse(status, contentTypes[target.protocol], body, requestId, headers);
}

function wireError({ protocol, contract }: ErrorTarget, error: AwsError): WireError {
  const modelled = error instanceof SignatureError ? undefined : contract?.error(error.code);
  if (modelled === undefined) {
    const status = commonStatus(error.code, protocol) ?? 400;
    return {
      code: safeCode(error.code),
      status,
      message: error.message,
      json: {},
      xml: '',
      messageKey: 'message',
    };
  }
  return {
    // COMPAT: the query protocol has its own names, `NoSuchEntity` (protocol-facts 19).
    code: protocol === 'awsQuery' ? modelled.wireCode : modelled.name,
    // JSON 1.1 answers what every service has with 400, also where the model says otherwise (protocol-facts 21).
    status:
      (protocol === 'awsJson1_1' ? commonStatus(modelled.name, protocol) : undefined) ?? modelled.status,
    message: error.message,
    ...fieldsOf(modelled.structure, error.fields),
    // COMPAT: CloudTrail's errors spell it `Message`.
    messageKey: modelled.structure.members.some((member) => member.name === 'Message')
      ? 'Message'
      : 'message',
  };
}

/** Fields of the wrong type are left out: a refusal must reach the client whatever is wrong with its details. */
function fieldsOf(structure: Structure, all: object): Pick<WireError, 'json' | 'xml'> {
  // The message travels as itself, never as a field.
  const { message: _, Message: __, ...fields } = all as Readonly<Record<string, unknown>>;
  try {
    return { json: writeJsonStructure(structure, fields), xml: writeXmlStructure(structure, fields) };
  } catch {
    return { json: {}, xml: '' };
  }
}

/** INVARIANT: a code goes into a header, so it is a word. */
function safeCode(code: string): string {
  return /^[\w.]{1,128}$/.test(code) ? code : 'InternalFailure';
}

const contentTypes = {
  restJson1: 'application/json',
  awsJson1_1: 'application/x-amz-json-1.1',
  awsQuery: 'text/xml',
} as const;

function jsonResponse(
  status: number,
  contentType: string,
  body: object,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  return {
    status,
    headers: { 'content-type': contentType, 'x-amzn-requestid': requestId, ...headers },
    body: JSON.stringify(body),
  };
}

function xmlResponse(status: number, body: string, requestId: string): HttpResponse {
  return {
    status,
    headers: { 'content-type': contentTypes.awsQuery, 'x-amzn-requestid': requestId },
    body,
  };
}
