import { request as httpsRequest } from 'node:https';
import type { Destination } from './destination.ts';

/** What came back from a webhook. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** Bytes of an answer: a patch that replaces the largest object there may be, in base64. */
const maximumAnswerBytes = 5 * 1024 * 1024;

/** A call that did not come to an answer; the message is what follows `Post "…": ` in the API server's words. */
export class CallError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CallError';
  }
}

/**
 * POSTs a review. Rejects with a CallError, also when `signal` ends it.
 *
 * SECURITY: a redirect is an answer like any other and not followed; no credential, cookie or client certificate goes
 * along; the connection is for this call alone, so that no webhook sees what another one is sent; and certificates are
 * checked whatever NODE_TLS_REJECT_UNAUTHORIZED says.
 *
 * INVARIANT: it settles when `signal` ends, whatever the other side does: a call that never came to an end would keep
 * its place among the calls of all clusters.
 */
export function post(
  destination: Destination,
  options: {
    readonly caPem: string;
    /** Told to the webhook, as the API server does. */
    readonly timeoutSeconds: number;
    readonly body: string;
    readonly signal: AbortSignal;
  },
): Promise<HttpAnswer> {
  const { host, port, serverName, authority, path } = destination;
  const { signal } = options;
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      reject(new CallError(causeText(cause, destination, signal), { cause }));
    };
    if (signal.aborted) {
      fail(signal.reason);
      return;
    }
    signal.addEventListener('abort', () => fail(signal.reason), { once: true });
    try {
      const request = httpsRequest(
        {
          host,
          port,
          method: 'POST',
          path: `${path}?timeout=${options.timeoutSeconds}s`,
          agent: false,
          signal,
          rejectUnauthorized: true,
          ...(serverName !== '' && { servername: serverName }),
          ...(options.caPem !== '' && { ca: options.caPem }),
          headers: {
            Host: authority,
            'User-Agent': 'kube-apiserver-admission',
            Accept: 'application/json, */*',
            'Content-Type': 'application/json',
            'Content-Length': Buffer.byteLength(options.body),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          let length = 0;
          response.on('data', (chunk: Buffer) => {
            length += chunk.length;
            if (length > maximumAnswerBytes) {
              reject(new CallError(`the answer is longer than ${maximumAnswerBytes} bytes`));
              request.destroy();
            } else chunks.push(chunk);
          });
          response.on('error', fail);
          response.on('end', () => {
            resolve({
              status: response.statusCode ?? 0,
              body: Buffer.concat(chunks).toString('utf8'),
            });
          });
        },
      );
      request.on('error', fail);
      // Node drops such a connection without a word to the request.
      request.on('upgrade', (_, socket) => {
        socket.destroy();
        reject(new CallError('the server wants to speak another protocol'));
      });
      request.end(options.body);
    } catch (error) {
      // A CA that is no PEM is found out before anything is sent.
      fail(error);
    }
  });
}

const untrusted: readonly string[] = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
];

/** SECURITY: says what went wrong between the two and nothing of what was sent or answered. */
function causeText(cause: unknown, { host, port, serverName }: Destination, signal: AbortSignal): string {
  if (signal.aborted) {
    const { reason } = signal;
    const isTimeout = reason instanceof DOMException && reason.name === 'TimeoutError';
    return isTimeout ? 'context deadline exceeded' : 'context canceled';
  }
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  if (untrusted.includes(code)) {
    return 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
  }
  switch (code) {
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `tls: failed to verify certificate: x509: certificate is not valid for ${serverName || host}`;
    case 'ECONNREFUSED':
      return `dial tcp ${address}: connect: connection refused`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${host}: no such host`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `dial tcp ${address}: connect: no route to host`;
    case 'ECONNRESET':
      return 'EOF';
    case 'ERR_OSSL_PEM_NO_START_LINE':
    case 'ERR_OSSL_PEM_BAD_BASE64_DECODE':
      return 'unable to load root certificates: unable to parse bytes as PEM block';
    default:
      return code === '' ? 'the call failed' : `the call failed: ${code}`;
  }
}
