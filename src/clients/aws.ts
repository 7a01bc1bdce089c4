import { request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { decodeResponse, encodeRequest } from '../wire/protocols/client.ts';
import { AwsError } from '../wire/protocols/errors.ts';
import type { ServiceName } from '../wire/protocols/services.ts';
import { type SigningCredentials, signRequest } from '../wire/sigv4/sign.ts';

/** The little of an AWS SDK that our own commands need; reading the SDK itself would take them longer than their work. */
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
  /** What an answer may take as a whole; without, it may be as large and slow as a snapshot is. */
  readonly answerBounds?: AnswerBounds;
  /** Ends calls that are under way. */
  readonly signal?: AbortSignal;
}

export interface AnswerBounds {
  readonly milliseconds: number;
  readonly bytes: number;
}

const deadlineMs = 15_000;

export function createAwsClient(options: AwsClientOptions): AwsClient {
  const { endpoint, region, credentials, deadline, answerBounds, signal } = options;
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
        answerBounds,
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

function send(
  target: Target,
  body: Uint8Array,
  deadline = deadlineMs,
  bounds?: AnswerBounds,
): Promise<Answer> {
  const request = target.protocol === 'https:' ? requestSecure : requestPlain;
  let limit: NodeJS.Timeout | undefined;
  const answered = new Promise<Answer>((resolve, reject) => {
    const outgoing = request(
      {
        ...target,
        hostname: target.hostname.replace(/^\[|\]$/g, ''),
        headers: { ...target.headers, 'content-length': body.length },
        timeout: deadline,
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        let length = 0;
        incoming.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          length += chunk.length;
          if (bounds === undefined || length <= bounds.bytes) return;
          incoming.destroy(new Error(`its answer is longer than ${bounds.bytes} bytes`));
        });
        incoming.on('error', reject);
        incoming.on('end', () => {
          const headers = Object.fromEntries(
            Object.entries(incoming.headers).map(([name, value]) => [name, [value].flat().join(', ')]),
          );
          resolve({ status: incoming.statusCode ?? 0, headers, body: Buffer.concat(chunks) });
        });
      },
    );
    const late = (text: string): void => {
      const error = Object.assign(new Error(text), { code: 'ETIMEDOUT' });
      reject(error);
      outgoing.destroy(error);
    };
    outgoing.on('timeout', () => late(`no answer within ${deadline / 1000} s`));
    if (bounds !== undefined) {
      const { milliseconds } = bounds;
      limit = setTimeout(() => late(`no whole answer within ${milliseconds / 1000} s`), milliseconds);
    }
    // Without a listener, node closes the connection and tells nobody.
    outgoing.on('upgrade', (_, socket) => {
      socket.destroy();
      reject(new Error('it answered with another protocol'));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
  return answered.finally(() => clearTimeout(limit));
}
