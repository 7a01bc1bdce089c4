import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeInput } from '../../src/wire/protocols/decode.ts';
import { encodeError, encodeOutput } from '../../src/wire/protocols/encode.ts';
import { AwsError } from '../../src/wire/protocols/errors.ts';
import type { HttpRequest } from '../../src/wire/protocols/http.ts';
import { routeRequest } from '../../src/wire/protocols/route.ts';

/** What the server shall answer to an operation, and what it understood. */
interface Exchange {
  readonly answer: unknown;
  input?: unknown;
  service?: string;
}

export interface CodecServer {
  readonly endpoint: string;
  /** By operation; only one call of an operation at a time. */
  readonly exchanges: Map<string, Exchange>;
  close(): Promise<void>;
}

export const requestId = '01234567-89ab-cdef-0123-456789abcdef';

/** The codec behind a real HTTP server; an answer that is an AwsError is thrown. */
export async function startCodecServer(): Promise<CodecServer> {
  const exchanges = new Map<string, Exchange>();
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const [path = '', query = ''] = (incoming.url ?? '').split(/\?(.*)/s);
      const headers = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)] as const);
      const {
        status,
        headers: answered,
        body,
      } = answer(exchanges, {
        method: incoming.method ?? '',
        path,
        query,
        headers,
        body: Buffer.concat(chunks),
      });
      outgoing.writeHead(status, answered).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    exchanges,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function answer(exchanges: Map<string, Exchange>, request: HttpRequest) {
  const route = routeRequest(request);
  try {
    if (route.kind === 'unknown') throw route.error;
    const exchange = exchanges.get(route.operation);
    if (exchange === undefined) throw new AwsError('NobodyAsked', `nobody asked for ${route.operation}`);
    exchange.service = route.service;
    exchange.input = decodeInput(route, request);
    if (exchange.answer instanceof AwsError) throw exchange.answer;
    return encodeOutput(route, exchange.answer, requestId);
  } catch (error) {
    return encodeError(route, error, requestId);
  }
}
