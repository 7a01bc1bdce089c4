import type { Attributes } from '../../engine/authorizer/attributes.ts';
import { quote } from '../../engine/rbac/quote.ts';
import type { FieldError } from './fielderror.ts';

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** meta/v1 Status as it stands on the wire. */
export interface KubeStatus {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Readonly<Record<string, never>> | { readonly continue: string };
  readonly status: 'Failure' | 'Success';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code: number;
}

export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}
export interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

interface StatusOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Where Kubernetes answers plain text instead of a Status. */
  readonly plainText?: string;
}

/**
 * The one error of the Kubernetes side: what went wrong, as the Status that goes on the wire. The HTTP code is
 * `status.code`. When `plainText` is set, that text is the body (text/plain) in place of the Status.
 */
export class KubeStatusError extends Error {
  readonly status: KubeStatus;
  readonly headers: Readonly<Record<string, string>>;
  readonly plainText: string | undefined;
  constructor(status: KubeStatus, options: StatusOptions & ErrorOptions = {}) {
    super(status.message, options);
    this.name = 'KubeStatusError';
    this.status = status;
    this.headers = options.headers ?? {};
    this.plainText = options.plainText;
  }
}

const noSniff = { 'X-Content-Type-Options': 'nosniff' } as const;

function failure(
  code: number,
  reason: string,
  message: string,
  details?: StatusDetails,
  options?: StatusOptions & ErrorOptions,
): KubeStatusError {
  return new KubeStatusError(
    {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      ...(details && { details }),
      code,
    },
    options,
  );
}

/** Leaves out what is empty, as Kubernetes does in `details` (B30). */
function detailsOf(name: string, group: string, kind: string): StatusDetails {
  return { ...(name && { name }), ...(group && { group }), ...(kind && { kind }) };
}

/** `resource` or `resource.group`. */
function qualified({ group, resource }: GroupResource): string {
  return group === '' ? resource : `${resource}.${group}`;
}

export function badRequest(message: string): KubeStatusError {
  return failure(400, 'BadRequest', message);
}

/** B31: no details, the message says nothing. */
export function unauthorized(): KubeStatusError {
  return failure(401, 'Unauthorized', 'Unauthorized');
}

const htmlEscapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

function cannot(attributes: Attributes): string {
  const user = quote(attributes.user.username);
  if (attributes.kind === 'nonResource')
    return `User ${user} cannot ${attributes.verb} path ${quote(attributes.path)}`;
  const { resource, subresource, namespace, apiGroup } = attributes;
  const what = quote(subresource === '' ? resource : `${resource}/${subresource}`);
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${quote(namespace)}`;
  return `User ${user} cannot ${attributes.verb} resource ${what} in API group ${quote(apiGroup)} ${where}`;
}

/** The answer to a request the authorizer did not allow: message of B29, body of B30. `reason` is '' for none. */
export function forbidden(attributes: Attributes, reason: string): KubeStatusError {
  // SECURITY: user-controlled names reach browsers through this text; only this part is escaped, as upstream does.
  const what = cannot(attributes).replace(/[&<>]/g, (char) => htmlEscapes[char] ?? char);
  const message = reason === '' ? what : `${what}: ${reason}`;
  return attributes.kind === 'resource'
    ? forbiddenWith(
        { group: attributes.apiGroup, resource: attributes.resource, name: attributes.name },
        message,
      )
    : forbiddenWith({ group: '', resource: '', name: '' }, message);
}

/** A refusal of admission or of a check with its own text (B19, E9); also what `forbidden` is made of. */
export function forbiddenWith(
  target: GroupResource & { readonly name: string },
  message: string,
  causes: readonly StatusCause[] = [],
): KubeStatusError {
  const { group, resource, name } = target;
  const subject =
    resource === ''
      ? ''
      : name === ''
        ? `${qualified(target)} is `
        : `${qualified(target)} ${quote(name)} is `;
  const details = { ...detailsOf(name, group, resource), ...(causes.length > 0 && { causes }) };
  return failure(403, 'Forbidden', `${subject}forbidden: ${message}`, details, { headers: noSniff });
}

/** E9: creating inside a namespace that is being deleted. */
export function namespaceTerminating(
  target: GroupResource & { readonly name: string },
  namespace: string,
): KubeStatusError {
  return forbiddenWith(
    target,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
    [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  );
}

export function notFound(target: GroupResource, name: string): KubeStatusError {
  const details = detailsOf(name, target.group, target.resource);
  return failure(404, 'NotFound', `${qualified(target)} ${quote(name)} not found`, details);
}

/** E5: a path nobody serves; the body is plain text. */
export function pathNotFound(): KubeStatusError {
  return failure(
    404,
    'NotFound',
    'the server could not find the requested resource',
    {},
    {
      plainText: '404 page not found\n',
      headers: noSniff,
    },
  );
}

export function alreadyExists(target: GroupResource, name: string): KubeStatusError {
  const details = detailsOf(name, target.group, target.resource);
  return failure(409, 'AlreadyExists', `${qualified(target)} ${quote(name)} already exists`, details);
}

/** E4: no name that was made for the object was free. */
export function noUniqueName(target: GroupResource, name: string): KubeStatusError {
  const details = { ...detailsOf(name, target.group, target.resource), retryAfterSeconds: 1 };
  return failure(
    409,
    'AlreadyExists',
    `${qualified(target)} ${quote(name)} already exists, the server was not able to generate a unique name for the object`,
    details,
  );
}

/** E2: the detail of a lost race on resourceVersion. */
export const modifiedDetail =
  'the object has been modified; please apply your changes to the latest version and try again';

export function conflict(
  target: GroupResource,
  name: string,
  detail: string,
  causes: readonly StatusCause[] = [],
): KubeStatusError {
  const details = {
    ...detailsOf(name, target.group, target.resource),
    ...(causes.length > 0 && { causes }),
  };
  return failure(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(target)} ${quote(name)}: ${detail}`,
    details,
  );
}

/** Each repeats the rule it breaks, so thousands of them would be many times longer than the request. */
const maxErrors = 100;

/** E5: several errors read `[a, b]`; `details.kind` is the kind, not the resource. */
export function invalid(target: GroupKind, name: string, found: readonly FieldError[]): KubeStatusError {
  const errors = found.slice(0, maxErrors);
  const texts = [...new Set(errors.map((error) => `${error.field}: ${error.text}`))];
  const text = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const kind = target.group === '' ? target.kind : `${target.kind}.${target.group}`;
  const causes = errors.map((error) => ({
    reason: error.reason,
    message: error.text,
    field: error.field,
  }));
  return failure(422, 'Invalid', `${kind} ${quote(name)} is invalid: ${text}`, {
    ...detailsOf(name, target.group, target.kind),
    causes,
  });
}

/**
 * A JSON patch that parses but does not apply: a failed `test`, a path that is not there. Upstream says no more than this;
 * the detail stays in `cause`.
 */
export function patchDoesNotApply(options?: ErrorOptions): KubeStatusError {
  return failure(
    422,
    'Invalid',
    'the server rejected our request due to an error in our request',
    {},
    options,
  );
}

/** Without a target: the method is not known here at all. */
export function methodNotAllowed(target?: GroupResource, action?: string): KubeStatusError {
  if (target === undefined || action === undefined) {
    return failure(
      405,
      'MethodNotAllowed',
      'the server does not allow this method on the requested resource',
      {},
    );
  }
  return failure(
    405,
    'MethodNotAllowed',
    `${action} is not supported on resources of kind ${quote(qualified(target))}`,
    detailsOf('', target.group, target.resource),
  );
}

export function notAcceptable(accepted: readonly string[]): KubeStatusError {
  return failure(406, 'NotAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`);
}

export function unsupportedMediaType(accepted: readonly string[]): KubeStatusError {
  return failure(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );
}

/** E15, E16: a resource version or continue token that is gone. */
export function expired(message: string): KubeStatusError {
  return failure(410, 'Expired', message);
}

/** `seconds` also goes into Retry-After, at least 1. */
export function tooManyRequests(message: string, seconds: number): KubeStatusError {
  const retryAfterSeconds = Math.max(1, Math.ceil(seconds));
  return failure(
    429,
    'TooManyRequests',
    message,
    { retryAfterSeconds },
    {
      headers: { 'Retry-After': String(retryAfterSeconds) },
    },
  );
}

/** An eviction that a PodDisruptionBudget is against. `seconds` until it is worth asking again; 0 says nothing of that. */
export function disruptionRefused(message: string, seconds: number): KubeStatusError {
  const causes = [{ reason: 'DisruptionBudget', message }];
  return failure(
    429,
    'TooManyRequests',
    "Cannot evict pod as it would violate the pod's disruption budget.",
    { causes, ...(seconds > 0 && { retryAfterSeconds: seconds }) },
    seconds > 0 ? { headers: { 'Retry-After': String(seconds) } } : {},
  );
}

export function requestEntityTooLarge(message: string): KubeStatusError {
  return failure(413, 'RequestEntityTooLarge', `Request entity too large: ${message}`);
}

/** `message` goes to the client: say what failed, never how. */
export function internalError(message: string, options?: ErrorOptions): KubeStatusError {
  return failure(
    500,
    'InternalError',
    `Internal error occurred: ${message}`,
    { causes: [{ message }] },
    options,
  );
}

export function serviceUnavailable(message: string): KubeStatusError {
  return failure(503, 'ServiceUnavailable', message);
}

/** E8: the answer to a delete that removed the object at once. */
export function deletedStatus(target: GroupResource, name: string, uid: string): KubeStatus {
  const details = { ...detailsOf(name, target.group, target.resource), ...(uid && { uid }) };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details, code: 200 };
}
