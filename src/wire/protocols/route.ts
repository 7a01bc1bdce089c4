import { authFailure } from './commonerrors.ts';
import type { OperationContract, Protocol, ServiceContract } from './contract.ts';
import type { AwsError } from './errors.ts';
import { rawFormValues } from './form.ts';
import { type HttpRequest, headerValue } from './http.ts';
import { createRestMatcher } from './restpath.ts';
import { type ServiceName, services } from './services.ts';

/** Which operation a request asks for, or a refusal with enough about it to shape an AWS error. */
export type Route = OperationRoute | UnknownRoute;

export interface OperationRoute {
  readonly kind: 'operation';
  readonly service: ServiceName;
  readonly protocol: Protocol;
  readonly operation: string;
  readonly contract: ServiceContract<ServiceName>;
  readonly shape: OperationContract;
  /** REST: path labels as sent, still percent-encoded. */
  readonly labels: Readonly<Record<string, string>>;
  /** Query protocol: where the parameters are. */
  readonly parameters: 'body' | 'query';
  /** Query protocol: the client asked for the JSON form of the answer (protocol-facts 4). */
  readonly acceptJson: boolean;
}

interface UnknownRoute {
  readonly kind: 'unknown';
  readonly protocol: Protocol;
  readonly service: ServiceName | undefined;
  readonly operation?: undefined;
  readonly contract: ServiceContract<ServiceName> | undefined;
  readonly acceptJson: boolean;
  readonly error: AwsError;
}

const queryServices = [services.iam, services.sts];
/** They share one space of paths, without a collision. */
const restServices = [services.eks, services['eks-auth'], services.entryway].map((contract) => ({
  contract,
  match: createRestMatcher(contract),
}));
/** Names from the wire are repeated in refusals; this much of them. */
const SHOWN_LENGTH = 128;

/**
 * Tells the three protocols apart on one port (protocol-facts 1): a target header is JSON 1.1, a request to `/` is the
 * query protocol, anything else is a REST path. Nothing is proven yet: whoever calls checks the signature, for the
 * service found here.
 */
export function routeRequest(request: HttpRequest): Route {
  const target = headerValue(request, 'x-amz-target');
  if (target !== undefined) {
    return routeTarget(request, target);
  }
  if (request.path === '/') {
    return routeAction(request);
  }
  for (const { contract, match } of restServices) {
    const matched = match(request.method, request.path);
    if (matched !== undefined) return found(request, contract, matched.operation, { labels: matched.labels });
  }
  return unknown(request, 'restJson1', services.eks, 'The requested operation or path is not known');
}

function routeTarget(request: HttpRequest, target: string): Route {
  // COMPAT: botocore sends the full name of the service, so only the last two parts count (protocol-facts 2).
  const [prefix, name = ''] = target.split('.').slice(-2);
  const contract = prefix === services.cloudtrail.target ? services.cloudtrail : undefined;
  const operation = contract?.operation(name);
  if (
    contract === undefined ||
    operation === undefined ||
    request.method !== 'POST' ||
    request.path !== '/'
  ) {
    return unknown(request, 'awsJson1_1', contract, `Unknown operation ${target.slice(0, SHOWN_LENGTH)}`);
  }
  return found(request, contract, operation, {});
}

function routeAction(request: HttpRequest): Route {
  const form = request.method === 'POST' && request.body.length > 0 && isForm(request);
  const source = form ? latin1(request.body) : request.query;
  const actions = rawFormValues(source, 'Action');
  const versions = rawFormValues(source, 'Version');
  const [action] = actions;
  const [version = 'NO_VERSION_SPECIFIED'] = versions;
  const contract = queryServices.find((service) => service.version === version) ?? claimedService(request);
  // SECURITY: two actions, or one beside the form that counts, would let two readers see two different calls.
  if (
    actions.length > 1 ||
    versions.length > 1 ||
    (form && rawFormValues(request.query, 'Action').length > 0)
  ) {
    return refused(
      request,
      contract,
      authFailure('malformed', 'awsQuery', 'Action and Version are given once'),
    );
  }
  if (action === undefined) {
    return unknown(request, 'awsQuery', contract, 'The request has no Action');
  }
  const operation = contract?.version === version ? contract.operation(action) : undefined;
  if (contract === undefined || operation === undefined || !(form || isReadable(request))) {
    const [shownAction, shownVersion] = [action, version].map((text) => text.slice(0, SHOWN_LENGTH));
    const message = `Could not find operation ${shownAction} for version ${shownVersion}`;
    return unknown(request, 'awsQuery', contract, message);
  }
  return found(request, contract, operation, { parameters: form ? 'body' : 'query' });
}

/** Parameters in the query string: GET, or POST with nothing else that could be meant. */
function isReadable(request: HttpRequest): boolean {
  return request.method === 'GET' || (request.method === 'POST' && request.body.length === 0);
}

function isForm(request: HttpRequest): boolean {
  const type = headerValue(request, 'content-type') ?? '';
  return type.split(';', 1)[0]?.trim().toLowerCase() === 'application/x-www-form-urlencoded';
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** The service of the credential scope. It only shapes a refusal: the version decides. */
function claimedService(request: HttpRequest): ServiceContract<ServiceName> | undefined {
  const text = `${headerValue(request, 'authorization') ?? ''}&${request.query}`;
  const name = /Credential=[^,&\s]{1,256}?(?:\/|%2F)(iam|sts)(?:\/|%2F)aws4_request/.exec(text)?.[1];
  return queryServices.find((service) => service.service === name);
}

/** Whether the Accept header names application/json. */
function acceptsJson(request: HttpRequest): boolean {
  const accept = headerValue(request, 'accept') ?? '';
  return accept
    .split(',')
    .some((range) => range.split(';', 1)[0]?.trim().toLowerCase() === 'application/json');
}

function found(
  request: HttpRequest,
  contract: ServiceContract<ServiceName>,
  shape: OperationContract,
  place: Partial<Pick<OperationRoute, 'labels' | 'parameters'>>,
): OperationRoute {
  return {
    kind: 'operation',
    service: contract.service,
    protocol: contract.protocol,
    operation: shape.name,
    contract,
    shape,
    labels: {},
    parameters: 'body',
    acceptJson: acceptsJson(request),
    ...place,
  };
}

function unknown(
  request: HttpRequest,
  protocol: Protocol,
  contract: ServiceContract<ServiceName> | undefined,
  message: string,
): UnknownRoute {
  const error = authFailure('unknownOperation', protocol, message);
  return {
    kind: 'unknown',
    protocol,
    service: contract?.service,
    contract,
    acceptJson: acceptsJson(request),
    error,
  };
}

function refused(
  request: HttpRequest,
  contract: ServiceContract<ServiceName> | undefined,
  error: AwsError,
): UnknownRoute {
  return { ...unknown(request, 'awsQuery', contract, ''), error };
}
