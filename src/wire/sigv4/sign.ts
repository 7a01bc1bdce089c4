import {
  algorithm,
  canonicalQuery,
  canonicalRequest,
  canonicalUri,
  emptyPayloadHash,
  payloadHashOf,
  percentEncode,
  splitQuery,
  stringToSign,
} from './canonical.ts';
import { type Scope, scopeText, signature, signingKey } from './signature.ts';
import { formatAmzDate } from './time.ts';

/** A key as its owner holds it. */
export interface SigningCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface SigningScope {
  readonly credentials: SigningCredentials;
  readonly region: string;
  /** Signing name: `eks`, `iam`, `sts`, `cloudtrail`. */
  readonly service: string;
  /** Epoch milliseconds. */
  readonly now: number;
}

export interface UnsignedRequest {
  readonly method: string;
  /** Host header: with the port where the client sends one. */
  readonly host: string;
  /** Raw, already percent-encoded. */
  readonly path: string;
  /** Raw, without `?`; '' for none. */
  readonly query: string;
  /** Other headers, all of them signed. Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** The headers to send, `host` and `authorization` included. */
export function signRequest(request: UnsignedRequest, options: SigningScope): Record<string, string> {
  const { credentials, region, service, now } = options;
  const amzDate = formatAmzDate(now);
  const headers: Record<string, string> = { ...request.headers, host: request.host, 'x-amz-date': amzDate };
  if (credentials.sessionToken !== undefined) headers['x-amz-security-token'] = credentials.sessionToken;
  const signedHeaders = Object.keys(headers).sort();
  const scope: Scope = { date: amzDate.slice(0, 8), region, service };
  const signed = signCanonical(
    {
      method: request.method,
      canonicalUri: canonicalUri(request.path),
      canonicalQuery: canonicalQuery(splitQuery(request.query)),
      signedHeaders,
      headers: Object.entries(headers),
      payloadHash: payloadHashOf(request.body),
    },
    { credentials, scope, amzDate },
  );
  headers.authorization = `${algorithm} Credential=${credentials.accessKeyId}/${scopeText(scope)}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signed}`;
  return headers;
}

export interface PresignInput {
  readonly method: string;
  readonly host: string;
  /** Raw, already percent-encoded. */
  readonly path: string;
  /** Decoded names and values, in the order they shall be written. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
  /** Signed headers beside `host`, which whoever uses the URL must send. Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly expiresSeconds: number;
}

/** The query of a presigned request without a body, parameters in the order the AWS CLI writes (token-facts 2.1). */
export function presign(request: PresignInput, options: SigningScope): string {
  const { credentials, region, service, now } = options;
  const amzDate = formatAmzDate(now);
  const scope: Scope = { date: amzDate.slice(0, 8), region, service };
  const headers = { ...request.headers, host: request.host };
  const signedHeaders = Object.keys(headers).sort();
  const parameters: (readonly [string, string])[] = [
    ...request.parameters,
    ['X-Amz-Algorithm', algorithm],
    ['X-Amz-Credential', `${credentials.accessKeyId}/${scopeText(scope)}`],
    ['X-Amz-Date', amzDate],
    ['X-Amz-Expires', String(request.expiresSeconds)],
    ['X-Amz-SignedHeaders', signedHeaders.join(';')],
  ];
  if (credentials.sessionToken !== undefined) {
    parameters.push(['X-Amz-Security-Token', credentials.sessionToken]);
  }
  const query = parameters.map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`).join('&');
  const signed = signCanonical(
    {
      method: request.method,
      canonicalUri: canonicalUri(request.path),
      canonicalQuery: canonicalQuery(splitQuery(query)),
      signedHeaders,
      headers: Object.entries(headers),
      payloadHash: emptyPayloadHash,
    },
    { credentials, scope, amzDate },
  );
  return `${query}&X-Amz-Signature=${signed}`;
}

function signCanonical(
  input: Parameters<typeof canonicalRequest>[0],
  by: { readonly credentials: SigningCredentials; readonly scope: Scope; readonly amzDate: string },
): string {
  // All signed headers come from `headers` itself, so the canonical request always exists.
  const canonical = canonicalRequest(input) ?? '';
  const toSign = stringToSign(by.amzDate, scopeText(by.scope), canonical);
  return signature(signingKey(by.credentials.secretAccessKey, by.scope), toSign);
}
