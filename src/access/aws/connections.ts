import { Agent, request } from 'node:https';
import type { Socket } from 'node:net';
import { createSecureContext, getCACertificates, TLSSocket } from 'node:tls';
import { createJoinedLookup } from './lookups.ts';

/** One request to an endpoint of AWS. */
export interface AwsRequest {
  /** Name of the endpoint: what its certificate must be for, and the `Host` header. */
  readonly host: string;
  readonly method: 'GET' | 'POST';
  /** Path and query, encoded. */
  readonly path: string;
  /** Names in lower case, without `host`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export interface AwsResponse {
  readonly status: number;
  readonly body: Uint8Array;
}

/** Why there is no answer that could be read. */
export type ExchangeFailure = 'connect' | 'certificate' | 'timeout' | 'cut' | 'tooLarge' | 'closed';

/** No answer. The message is ours: never a URL, a header or what the other end sent. */
export class ExchangeError extends Error {
  readonly failure: ExchangeFailure;
  constructor(failure: ExchangeFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ExchangeError';
    this.failure = failure;
  }
}

export interface AwsConnectionsOptions {
  /** Where connections are made to, whatever the endpoint; certificates are still judged for the endpoint's name. */
  readonly connect?: { readonly host: string; readonly port: number };
  /** Authorities trusted beside those of the system, as PEM. */
  readonly ca?: string;
  /** `HTTPS_PROXY` and `NO_PROXY` count, unless `connect` says where to go. */
  readonly proxyEnv?: Readonly<Record<string, string | undefined>>;
  /** To one endpoint, busy and idle. */
  readonly maximumSockets?: number;
  readonly maximumBytes?: number;
  /** Milliseconds for the whole exchange, and for the connection alone. */
  readonly deadline?: number;
  readonly connectDeadline?: number;
}

export interface AwsConnections {
  /** The answer, whatever its status; redirects are answers. Rejects with ExchangeError. */
  send(request: AwsRequest): Promise<AwsResponse>;
  /** How many connections have been made. */
  made(): number;
  close(): void;
}

const minVersion = 'TLSv1.2';

/**
 * Kept connections to AWS over TLS.
 *
 * SECURITY: certificates are always verified, for the name of the endpoint and not for where the connection goes.
 */
export function createAwsConnections({
  connect,
  ca,
  proxyEnv,
  maximumSockets = 64,
  maximumBytes = 64 * 1024,
  deadline = 10_000,
  connectDeadline = 3_000,
}: AwsConnectionsOptions): AwsConnections {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: maximumSockets,
    maxFreeSockets: maximumSockets,
    // The warm ones stay warm; an endpoint that is quiet again keeps no connection that nobody looks at.
    scheduling: 'lifo',
    timeout: 60_000,
    ...(ca !== undefined && { secureContext: trusting(ca) }),
    ...(connect === undefined && proxyEnv !== undefined && { proxyEnv: { ...proxyEnv } }),
  });
  const lookup = createJoinedLookup();
  const seen = new WeakSet<Socket>();
  const underWay = new Set<(error: ExchangeError) => void>();
  let made = 0;
  let isClosed = false;

  const exchange = (
    { host, method, path, headers, body }: AwsRequest,
    until: number,
  ): Promise<AwsResponse | 'stale'> =>
    new Promise((resolve, reject) => {
      const asking = request({
        agent,
        lookup,
        host: connect?.host ?? host,
        port: connect?.port ?? 443,
        servername: host,
        method,
        path,
        headers: { ...headers, host, ...(body !== undefined && { 'content-length': body.length }) },
        rejectUnauthorized: true,
        minVersion,
      });
      let isConnected = false;
      let isReused = false;
      let hasAnswer = false;
      const settle = (): void => {
        clearTimeout(connectTimer);
        clearTimeout(timer);
        underWay.delete(fail);
      };
      const fail = (error: ExchangeError): void => {
        settle();
        asking.destroy();
        reject(error);
      };
      underWay.add(fail);
      const connectTimer = setTimeout(
        () => fail(new ExchangeError('timeout', `no connection within ${connectDeadline / 1000} s`)),
        connectDeadline,
      );
      const timer = setTimeout(
        () => fail(new ExchangeError('timeout', `no answer within ${deadline / 1000} s`)),
        Math.max(0, until - performance.now()),
      );
      asking.once('socket', (socket) => {
        const ready = (): void => {
          isConnected = true;
          clearTimeout(connectTimer);
        };
        isReused = seen.has(socket);
        if (isReused) return ready();
        seen.add(socket);
        made++;
        if (socket instanceof TLSSocket && !socket.connecting && socket.authorized) ready();
        else socket.once('secureConnect', ready);
      });
      asking.on('error', (error: NodeJS.ErrnoException) => {
        // A kept connection that the other end had given up before it saw the request: no answer is lost.
        if (isReused && !hasAnswer && (error.code === 'ECONNRESET' || error.code === 'EPIPE')) {
          settle();
          return resolve('stale');
        }
        fail(failureOf(error, isConnected));
      });
      asking.once('response', (response) => {
        hasAnswer = true;
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > maximumBytes) {
            return fail(new ExchangeError('tooLarge', `the answer is longer than ${maximumBytes} bytes`));
          }
          chunks.push(chunk);
        });
        response.on('error', (error) =>
          fail(new ExchangeError('cut', 'the answer ended early', { cause: error })),
        );
        response.once('end', () => {
          settle();
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) });
        });
      });
      asking.end(body);
    });

  return {
    async send(awsRequest) {
      const until = performance.now() + deadline;
      for (;;) {
        if (isClosed) throw new ExchangeError('closed', 'the server is stopping');
        // Only reads are sent this way, so that a request may be sent twice. Each stale connection is gone after it.
        const answer = await exchange(awsRequest, until);
        if (answer !== 'stale') return answer;
      }
    },
    made: () => made,
    close() {
      isClosed = true;
      for (const fail of [...underWay]) fail(new ExchangeError('closed', 'the server is stopping'));
      agent.destroy();
    },
  };
}

/** Made once: reading all authorities of the system for every connection costs more than the exchange. */
function trusting(ca: string): ReturnType<typeof createSecureContext> {
  return createSecureContext({ ca: [...getCACertificates('default'), ca], minVersion });
}

function failureOf(error: NodeJS.ErrnoException, isConnected: boolean): ExchangeError {
  const { code = '' } = error;
  if (isConnected) return new ExchangeError('cut', 'the answer ended early', { cause: error });
  if (/CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME/.test(code)) {
    return new ExchangeError('certificate', `its certificate is not trusted (${code})`, { cause: error });
  }
  const known = /^[A-Z_]{1,64}$/.test(code) ? ` (${code})` : '';
  return new ExchangeError('connect', `it cannot be reached${known}`, { cause: error });
}
