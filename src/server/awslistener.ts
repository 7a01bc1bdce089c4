import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import { watchConnections } from '../wire/draining.ts';
import { entrywayExamples } from '../wire/protocols/entrywayexamples.ts';
import { type HttpRequest, type HttpResponse, type Peer, peerAddress } from '../wire/protocols/http.ts';
import { openApiOf } from '../wire/protocols/openapi.ts';
import { services } from '../wire/protocols/services.ts';
import { isExtensionPath } from './extension.ts';
import type { IssuerDocuments } from './issuers.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { packageVersion } from './version.ts';

/** Bytes turned into an HttpRequest and back; everything about AWS is behind `gateway`. */
export interface AwsListenerOptions {
  readonly gateway: {
    /** `signal` is aborted when the client is gone. */
    answer(request: HttpRequest, peer: Peer, signal: AbortSignal): Promise<HttpResponse>;
    /** The answer to a request whose body went over the limit; its `body` is empty. */
    tooLarge(request: HttpRequest, peer: Peer): HttpResponse;
  };
  /** What only the operator may ask: `isExtensionPath`. */
  readonly extension: (request: HttpRequest, peer: Peer) => Promise<HttpResponse>;
  /** What anybody may read of the clusters' token issuers. */
  readonly issuerDocuments: IssuerDocuments;
  readonly metrics: Metrics;
  readonly isReady: () => boolean;
  readonly log: Log;
  readonly limits?: Partial<AwsListenerLimits>;
}

/** Bounds of this door, for clients that have not proven anything yet. Each one has a test. */
export interface AwsListenerLimits {
  readonly bodyBytes: number;
  /** Request line and headers together; more is answered with 431. */
  readonly headerBytes: number;
  /** Milliseconds in which the headers must have arrived; then 408. */
  readonly headersTimeout: number;
  /** Milliseconds in which the whole request must have arrived; then 408. */
  readonly requestTimeout: number;
  /** Milliseconds that a connection may wait for its next request. */
  readonly keepAliveTimeout: number;
  /** Milliseconds between two looks at who is too slow. */
  readonly checkInterval: number;
  /** Open connections; further ones are closed at once. */
  readonly connections: number;
}

const defaultAwsListenerLimits: AwsListenerLimits = {
  // The longest input any operation takes is a policy of 131,072 characters (iam-facts A12), form-encoded.
  bodyBytes: 1024 * 1024,
  headerBytes: 32 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  // Longer than clients keep one in store: one that is closed as a request is sent fails that request.
  keepAliveTimeout: 65_000,
  checkInterval: 5_000,
  connections: 4_096,
};

/** An HTTP server that can be drained. */
export interface AwsServer {
  /** To `listen` on; do not close it directly. */
  readonly server: Server;
  /** Accepts no more, cuts connections that wait, lets requests under way finish for `grace` milliseconds, then cuts those. */
  close(grace?: number): Promise<void>;
}

export function createAwsServer(options: AwsListenerOptions): AwsServer {
  const limits = { ...defaultAwsListenerLimits, ...options.limits };
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    requestTimeout: limits.requestTimeout,
    headersTimeout: limits.headersTimeout,
    keepAliveTimeout: limits.keepAliveTimeout,
    connectionsCheckingInterval: limits.checkInterval,
  });
  server.maxConnections = limits.connections;
  const drain = watchConnections(server);
  server.on('request', (request, response) => {
    answer(options, limits, request, response).catch((error: unknown) => {
      options.log.error({ error: String(error) }, 'an AWS request could not be answered');
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  return { server, close: (grace = 10_000) => drain(grace) };
}

async function answer(
  options: AwsListenerOptions,
  limits: AwsListenerLimits,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const target = incoming.url ?? '/';
  if (!target.startsWith('/')) return end(outgoing, plain(400, 'the request target must be a path'));
  const queryAt = target.indexOf('?');
  const path = queryAt === -1 ? target : target.slice(0, queryAt);
  const operational = incoming.method === 'GET' ? await operationalAnswer(options, path) : undefined;
  if (operational !== undefined) return end(outgoing, operational);
  const issuerDocument = await options.issuerDocuments(incoming.method ?? '', path);
  if (issuerDocument !== undefined) return end(outgoing, issuerDocument);

  const isExtension = isExtensionPath(path);
  const head = {
    method: incoming.method ?? '',
    path,
    query: queryAt === -1 ? '' : target.slice(queryAt + 1),
    headers: pairHeaders(incoming.rawHeaders),
  };
  const peer = peerOf(incoming);
  const body = await readBody(incoming, limits.bodyBytes);
  switch (body.outcome) {
    case 'read': {
      const request = { ...head, body: body.bytes };
      const left = new AbortController();
      // Only while nothing was answered: making the reason of an abort costs more than routing the request.
      outgoing.once('close', () => {
        if (!outgoing.writableFinished) left.abort();
      });
      return end(
        outgoing,
        await (isExtension
          ? options.extension(request, peer)
          : options.gateway.answer(request, peer, left.signal)),
      );
    }
    case 'tooLarge':
      return end(outgoing, options.gateway.tooLarge({ ...head, body: new Uint8Array() }, peer));
    case 'aborted':
      outgoing.destroy();
  }
}

/** `/healthz`, `/readyz`, `/metrics` and the description of our own API: unsigned, and nothing in them is secret. */
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
    case openApiPath:
      return { status: 200, headers: { 'content-type': 'application/json' }, body: openApiText() };
    default:
      return undefined;
  }
}

const openApiPath = '/entryway/v1/openapi.json';
let openApi: string | undefined;

/** Made when it is first asked for: most servers never are. */
function openApiText(): string {
  openApi ??= JSON.stringify(
    openApiOf(services.entryway, { title: 'Entryway', version: packageVersion() }, entrywayExamples),
  );
  return openApi;
}

function peerOf({ socket }: IncomingMessage): Peer {
  return { address: peerAddress(socket.remoteAddress), secure: socket instanceof TLSSocket };
}

function plain(status: number, text: string): HttpResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `${text}\n` };
}

function end(outgoing: ServerResponse, response: HttpResponse): void {
  const { status, headers, body } = response;
  outgoing.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  // Text, not bytes, where it is text: Node writes it together with the headers.
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
        // The rest is read and forgotten, and answered only then: a client that is cut off while it writes never sees
        // the answer. How long it may go on is bounded by the time a request may take.
        chunks.length = 0;
      }
    });
    incoming.on('end', () =>
      resolve(length <= limit ? { outcome: 'read', bytes: Buffer.concat(chunks) } : { outcome: 'tooLarge' }),
    );
    incoming.on('error', () => resolve({ outcome: 'aborted' }));
    incoming.on('close', () => resolve({ outcome: 'aborted' }));
  });
}
