import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { HttpRequest, HttpResponse } from '../wire/protocols/http.ts';
import { extensionPrefix } from './extension.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';

/**
 * Bytes turned into an HttpRequest and back; everything about AWS is behind `gateway`. Bounds of this door: the body,
 * the headers, and the time a client may take to send them.
 */
export interface AwsListenerOptions {
  readonly gateway: {
    answer(request: HttpRequest): Promise<HttpResponse>;
    /** The answer to a request whose body went over the limit; its `body` is empty. */
    tooLarge(request: HttpRequest): HttpResponse;
  };
  /** Our own API below `extensionPrefix`. */
  readonly extension: (request: HttpRequest) => Promise<HttpResponse>;
  readonly metrics: Metrics;
  readonly isReady: () => boolean;
  readonly log: Log;
  readonly maxBodyBytes?: number;
}

/** The longest input any operation takes is a policy of 131,072 characters (iam-facts A12), form-encoded. */
export const defaultMaxBodyBytes = 1024 * 1024;
export const maxHeaderBytes = 32 * 1024;

export function createAwsServer(options: AwsListenerOptions): Server {
  const server = createServer({
    maxHeaderSize: maxHeaderBytes,
    requestTimeout: 30_000,
    headersTimeout: 10_000,
  });
  server.on('request', (request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      options.log.error({ error: String(error) }, 'an AWS request could not be answered');
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  return server;
}

async function answer(
  options: AwsListenerOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const target = incoming.url ?? '/';
  if (!target.startsWith('/')) return end(outgoing, plain(400, 'the request target must be a path'));
  const queryAt = target.indexOf('?');
  const path = queryAt === -1 ? target : target.slice(0, queryAt);
  const operational = incoming.method === 'GET' ? await operationalAnswer(options, path) : undefined;
  if (operational !== undefined) return end(outgoing, operational);

  const isExtension = path.startsWith(extensionPrefix);
  const head = {
    method: incoming.method ?? '',
    path,
    query: queryAt === -1 ? '' : target.slice(queryAt + 1),
    headers: pairHeaders(incoming.rawHeaders),
  };
  const body = await readBody(incoming, options.maxBodyBytes ?? defaultMaxBodyBytes);
  switch (body.outcome) {
    case 'read':
      return end(
        outgoing,
        await (isExtension ? options.extension : options.gateway.answer)({ ...head, body: body.bytes }),
      );
    case 'tooLarge':
      // The rest of the body is not read: the connection ends with this answer.
      outgoing.setHeader('connection', 'close');
      return end(outgoing, options.gateway.tooLarge({ ...head, body: new Uint8Array() }));
    case 'aborted':
      outgoing.destroy();
  }
}

/** `/healthz`, `/readyz`, `/metrics`: unsigned, and nothing in them is secret. */
async function operationalAnswer(
  options: AwsListenerOptions,
  path: string,
): Promise<HttpResponse | undefined> {
  switch (path) {
    case '/healthz':
      return plain(200, 'ok');
    case '/readyz':
      return options.isReady() ? plain(200, 'ok') : plain(503, 'not ready');
    case '/metrics': {
      const { contentType, body } = await options.metrics.render();
      return { status: 200, headers: { 'content-type': contentType }, body };
    }
    default:
      return undefined;
  }
}

function plain(status: number, text: string): HttpResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `${text}\n` };
}

function end(outgoing: ServerResponse, response: HttpResponse): void {
  const body = typeof response.body === 'string' ? Buffer.from(response.body) : response.body;
  outgoing.writeHead(response.status, { ...response.headers, 'content-length': body.length });
  outgoing.end(body);
}

function pairHeaders(raw: readonly string[]): readonly (readonly [string, string])[] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2)
    pairs.push([(raw[i] as string).toLowerCase(), raw[i + 1] as string]);
  return pairs;
}

type Body =
  | { readonly outcome: 'read'; readonly bytes: Uint8Array }
  | { readonly outcome: 'tooLarge' | 'aborted' };

function readBody(incoming: IncomingMessage, limit: number): Promise<Body> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    incoming.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) {
        chunks.push(chunk);
      } else {
        incoming.pause();
        resolve({ outcome: 'tooLarge' });
      }
    });
    incoming.on('end', () => resolve({ outcome: 'read', bytes: Buffer.concat(chunks) }));
    incoming.on('error', () => resolve({ outcome: 'aborted' }));
    incoming.on('close', () => resolve({ outcome: 'aborted' }));
  });
}
