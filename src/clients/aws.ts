import { request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { decodeResponse, encodeRequest } from '../wire/protocols/client.ts';
import { AwsError } from '../wire/protocols/errors.ts';
import type { ServiceName } from '../wire/protocols/services.ts';
import { type SigningCredentials, signRequest } from '../wire/sigv4/sign.ts';

/** The little of an AWS SDK that our own commands need; the SDK itself is a development dependency. */
export interface AwsClient {
  /** Input and output in the SDK's shapes; throws AwsRefusal with the service's code and message. */
  call<Output>(
    service: ServiceName,
    operation: string,
    input: Readonly<Record<string, unknown>>,
  ): Promise<Output>;
}

/** What a service answered instead of an output. */
export class AwsRefusal extends AwsError {
  readonly status: number;
  /** '' where the answer names none. */
  readonly requestId: string;
  constructor({ code, message, fields }: AwsError, answer: Pick<Answer, 'status' | 'headers'>) {
    super(code, message, fields);
    this.name = 'AwsRefusal';
    this.status = answer.status;
    this.requestId = answer.headers['x-amzn-requestid'] ?? '';
  }
}

export interface AwsClientOptions {
  /** `http://HOST:PORT` or `https://…`; a path is not looked at. */
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: SigningCredentials;
  /** Milliseconds in which something of the answer must come; 15 s when not given. */
  readonly deadline?: number;
  /** Ends calls that are under way. */
  readonly signal?: AbortSignal;
}

const deadlineMs = 15_000;

export function createAwsClient(options: AwsClientOptions): AwsClient {
  const { endpoint, region, credentials, deadline, signal } = options;
  const { host, hostname, port, protocol } = new URL(endpoint);
  return {
    async call<Output>(service: ServiceName, operation: string, input: Readonly<Record<string, unknown>>) {
      const unsigned = { host, ...encodeRequest(service, operation, input) };
      const headers = signRequest(unsigned, { credentials, region, service, now: Date.now() });
      const { method, path, query, body } = unsigned;
      const response = await send(
        {
          ...{ protocol, hostname, port, method, headers, path: query === '' ? path : `${path}?${query}` },
          ...(signal !== undefined && { signal }),
        },
        body,
        deadline,
      );
      try {
        return decodeResponse(service, operation, response) as Output;
      } catch (error) {
        throw error instanceof AwsError ? new AwsRefusal(error, response) : error;
      }
    },
  };
}

/** A signed call to one of our own endpoints below `/entryway/v1/`: JSON in, JSON out. */
export async function callExtension(
  { endpoint, region, credentials }: AwsClientOptions,
  path: string,
  input: unknown,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const { host, hostname, port, protocol } = new URL(endpoint);
  const body = Buffer.from(JSON.stringify(input));
  const headers = signRequest(
    { method: 'POST', host, path, query: '', headers: { 'content-type': 'application/json' }, body },
    { credentials, region, service: 'entryway', now: Date.now() },
  );
  const response = await send({ protocol, hostname, port, method: 'POST', path, headers }, body);
  return { status: response.status, body: JSON.parse(Buffer.from(response.body).toString('utf8')) };
}

interface Target {
  readonly protocol: string;
  readonly hostname: string;
  readonly port: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

function send(target: Target, body: Uint8Array, deadline = deadlineMs): Promise<Answer> {
  const request = target.protocol === 'https:' ? requestSecure : requestPlain;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        ...target,
        hostname: target.hostname.replace(/^\[|\]$/g, ''),
        headers: { ...target.headers, 'content-length': body.length },
        timeout: deadline,
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const headers = Object.fromEntries(
            Object.entries(incoming.headers).map(([name, value]) => [name, [value].flat().join(', ')]),
          );
          resolve({ status: incoming.statusCode ?? 0, headers, body: Buffer.concat(chunks) });
        });
      },
    );
    outgoing.on('timeout', () => {
      const error = new Error(`no answer within ${deadline / 1000} s`);
      outgoing.destroy(Object.assign(error, { code: 'ETIMEDOUT' }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
