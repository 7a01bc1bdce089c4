import type { Protocol, ServiceContract } from './contract.ts';
import { AwsError, SignatureError } from './errors.ts';

/**
 * Failures every service has, named once; each protocol has its own code and status for them (iam-facts H).
 * `throttled` and `internal` are the only ones an SDK retries (protocol-facts 22).
 */
export type AuthSituation =
  | 'accessDenied'
  | 'invalidClientToken'
  | 'signatureMismatch'
  | 'expiredToken'
  | 'missingToken'
  | 'incompleteSignature'
  | 'unknownOperation'
  | 'notImplemented'
  | 'missingMember'
  | 'malformed'
  | 'throttled'
  | 'bodyTooLarge'
  | 'internal';

type WireError = readonly [code: string, status: number];
type Row = Readonly<Record<Protocol, WireError>> & { readonly message: string };

/**
 * COMPAT: codes, statuses and texts of iam-facts H. JSON 1.1 answers authentication errors with 400 where the others
 * say 403 (protocol-facts 21). `notImplemented` is ours: 400, because SDKs would retry 501 for a minute.
 */
const situations: Readonly<Record<AuthSituation, Row>> = {
  accessDenied: {
    awsQuery: ['AccessDenied', 403],
    restJson1: ['AccessDeniedException', 403],
    awsJson1_1: ['AccessDeniedException', 400],
    message: 'Access denied',
  },
  invalidClientToken: {
    awsQuery: ['InvalidClientTokenId', 403],
    restJson1: ['UnrecognizedClientException', 403],
    awsJson1_1: ['UnrecognizedClientException', 400],
    message: 'The security token included in the request is invalid.',
  },
  signatureMismatch: {
    awsQuery: ['SignatureDoesNotMatch', 403],
    restJson1: ['InvalidSignatureException', 403],
    awsJson1_1: ['InvalidSignatureException', 400],
    message:
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access ' +
      'Key and signing method. Consult the service documentation for details.',
  },
  expiredToken: {
    awsQuery: ['ExpiredToken', 403],
    restJson1: ['ExpiredTokenException', 403],
    awsJson1_1: ['ExpiredTokenException', 400],
    message: 'The security token included in the request is expired',
  },
  missingToken: {
    awsQuery: ['MissingAuthenticationToken', 403],
    restJson1: ['MissingAuthenticationTokenException', 403],
    awsJson1_1: ['MissingAuthenticationTokenException', 400],
    message: 'Request is missing Authentication Token',
  },
  incompleteSignature: {
    awsQuery: ['IncompleteSignature', 400],
    restJson1: ['IncompleteSignatureException', 403],
    awsJson1_1: ['IncompleteSignatureException', 400],
    message: 'The request signature does not conform to AWS standards.',
  },
  unknownOperation: {
    awsQuery: ['InvalidAction', 400],
    restJson1: ['UnknownOperationException', 404],
    awsJson1_1: ['UnknownOperationException', 400],
    message: 'The requested operation is not known',
  },
  notImplemented: {
    awsQuery: ['UnsupportedOperation', 400],
    restJson1: ['UnsupportedOperationException', 400],
    awsJson1_1: ['UnsupportedOperationException', 400],
    message: 'The requested operation is not implemented',
  },
  missingMember: {
    awsQuery: ['ValidationError', 400],
    restJson1: ['InvalidParameterException', 400],
    awsJson1_1: ['ValidationException', 400],
    message: 'A required parameter is missing',
  },
  malformed: {
    awsQuery: ['MalformedInput', 400],
    restJson1: ['SerializationException', 400],
    awsJson1_1: ['SerializationException', 400],
    message: 'The request cannot be read',
  },
  throttled: {
    awsQuery: ['Throttling', 400],
    restJson1: ['ThrottlingException', 429],
    awsJson1_1: ['ThrottlingException', 400],
    message: 'Rate exceeded',
  },
  bodyTooLarge: {
    awsQuery: ['RequestEntityTooLarge', 413],
    restJson1: ['RequestEntityTooLargeException', 413],
    awsJson1_1: ['RequestEntityTooLargeException', 413],
    message: 'The request body is too large',
  },
  internal: {
    awsQuery: ['InternalFailure', 500],
    restJson1: ['ServerException', 500],
    awsJson1_1: ['InternalFailure', 500],
    message: 'The request processing has failed because of an internal error',
  },
};

/** Other unmodelled codes whose status is not 400 (iam-facts H8). */
const otherStatuses: Readonly<Record<string, number>> = {
  NotAuthorized: 401,
  OptInRequired: 403,
  RequestTimeoutException: 408,
  ServiceFailure: 500,
  ServiceUnavailable: 503,
};

const statuses: Readonly<Record<Protocol, ReadonlyMap<string, number>>> = {
  awsQuery: statusesOf('awsQuery'),
  restJson1: statusesOf('restJson1'),
  awsJson1_1: statusesOf('awsJson1_1'),
};

function statusesOf(protocol: Protocol): ReadonlyMap<string, number> {
  const common = Object.values(situations).map((row) => row[protocol]);
  return new Map([...Object.entries(otherStatuses), ...common]);
}

/** The error a protocol's clients know for a situation; `message` replaces the usual text. */
export function authFailure(situation: AuthSituation, protocol: Protocol, message?: string): AwsError {
  const row = situations[situation];
  const Failure = ofSignatures.has(situation) ? SignatureError : AwsError;
  return new Failure(row[protocol][0], message ?? row.message);
}

const ofSignatures: ReadonlySet<AuthSituation> = new Set([
  'invalidClientToken',
  'signatureMismatch',
  'expiredToken',
  'missingToken',
  'incompleteSignature',
]);

/** Our own fault, by the name that the service's model has for it: EKS Auth's is its own (eks-access-facts J15). */
export function internalFailure({
  protocol,
  contract,
}: {
  readonly protocol: Protocol;
  readonly contract?: ServiceContract | undefined;
}): AwsError {
  const failure = authFailure('internal', protocol);
  const own = 'InternalServerException';
  return contract?.error(own) === undefined ? failure : new AwsError(own, failure.message);
}

/** The status of a common code; undefined for codes that are not common. */
export function commonStatus(code: string, protocol: Protocol): number | undefined {
  return statuses[protocol].get(code);
}
