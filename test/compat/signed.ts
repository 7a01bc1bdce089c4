/** Signed AWS requests in the open, so that a test can damage any part of one. */
import { encodeRequest } from '../../src/wire/protocols/client.ts';
import type { ServiceName } from '../../src/wire/protocols/services.ts';
import { signRequest } from '../../src/wire/sigv4/sign.ts';
import type { Connection, Keys } from './process.ts';
import { type RawAnswer, type RawRequest, sendHttp1 } from './raw.ts';

/** A request before it is signed; everything can be replaced. */
export interface Draft {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** What the stock clients send, but query services answer XML: without their JSON form nobody asks for it. */
export function draft(service: ServiceName, operation: string, input: object = {}): Draft {
  const { headers, ...request } = encodeRequest(service, operation, input);
  const { accept: _, ...kept } = headers;
  return { ...request, headers: kept };
}

export interface Signing {
  readonly keys: Keys;
  readonly service: string;
  readonly region?: string;
  /** Epoch milliseconds. */
  readonly now?: number;
}

export function sign(connection: Connection, request: Draft, signing: Signing): RawRequest {
  const { keys, service, region = connection.region, now = Date.now() } = signing;
  const headers = signRequest(
    { ...request, host: new URL(connection.awsEndpoint).host, body: bytesOf(request.body) },
    { credentials: keys, region, service, now },
  );
  return { method: request.method, target: targetOf(request), headers, body: request.body };
}

export function targetOf({ path, query }: Pick<Draft, 'path' | 'query'>): string {
  return query === '' ? path : `${path}?${query}`;
}

export async function sendSigned(
  connection: Connection,
  request: Draft,
  signing: Signing,
): Promise<RawAnswer> {
  return sendHttp1(connection.awsEndpoint, sign(connection, request, signing));
}

function bytesOf(body: string | Uint8Array): Uint8Array {
  return typeof body === 'string' ? Buffer.from(body) : body;
}

export interface WireError {
  /** `CODE STATUS` */
  readonly error: string;
  readonly message: string;
}

/** The error of an answer as its protocol's clients read it; fails for an answer that is not one. */
export function errorOf(service: ServiceName, { status, headers, text }: RawAnswer): WireError {
  if (service === 'iam' || service === 'sts') {
    const [, code = '?'] = /<Code>([^<]*)<\/Code>/.exec(text) ?? [];
    const [, message = ''] = /<Message>([^<]*)<\/Message>/.exec(text) ?? [];
    return { error: `${code} ${status}`, message };
  }
  // Some errors are modelled with a capital letter; SDKs read either.
  const body = JSON.parse(text) as {
    readonly __type?: string;
    readonly message?: string;
    readonly Message?: string;
  };
  const code = service === 'eks' ? headers['x-amzn-errortype'] : body.__type;
  return { error: `${String(code)} ${status}`, message: body.message ?? body.Message ?? '' };
}
