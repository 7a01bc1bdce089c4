import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Readable } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Answer } from './answer.ts';
import { type Presented, presentedIn } from './callers.ts';

/** One request and its answer, over either version of HTTP. */
export interface Exchange {
  readonly method: string;
  /** Path and query as sent. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
  readonly remoteAddress: string | undefined;
  /** What the other end of the connection has proven to hold. */
  presented(): Presented;
  /** Nothing is sent to a peer that has gone. */
  send(answer: Answer): void;
}

export function http1Exchange(request: IncomingMessage, response: ServerResponse): Exchange {
  const { socket, method = '' } = request;
  return {
    method,
    url: request.url ?? '',
    headers: request.headers,
    body: request,
    remoteAddress: socket.remoteAddress,
    // SECURITY: whatever is no TLS has proven nothing.
    presented: () => (socket instanceof TLSSocket ? handshakeOf(socket, socket) : { kind: 'nothing' }),
    send(answer) {
      if (response.destroyed || response.headersSent) return;
      const headers = headersOf(answer);
      // A body that was not read to its end leaves the connection unusable.
      if (isLast(this, answer) || !request.complete) headers.connection = 'close';
      response.writeHead(answer.status, headers);
      if (method === 'HEAD') response.end();
      // Text, not bytes: Node writes it together with the headers.
      else response.end(answer.body.text);
    },
  };
}

/** The stream itself: what Node lays over it to look like HTTP/1.1 costs a fifth of a small request. */
export function http2Exchange(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Exchange {
  // A peer that breaks off harms nobody else.
  stream.on('error', ignore);
  const { session } = stream;
  const method = String(headers[':method']);
  return {
    method,
    url: String(headers[':path']),
    headers,
    body: stream,
    remoteAddress: session?.socket.remoteAddress,
    presented: () =>
      session?.encrypted === true ? handshakeOf(session, session.socket as TLSSocket) : { kind: 'nothing' },
    send(answer) {
      if (stream.destroyed || stream.headersSent) return;
      // A body that was not read to its end may never end: the stream would keep its place (RFC 9113, 8.1).
      if (!stream.readableEnded) stream.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR));
      stream.respond({ ':status': answer.status, ...headersOf(answer) }, { endStream: method === 'HEAD' });
      if (method !== 'HEAD') stream.end(answer.body.text);
      if (isLast(this, answer)) session?.close();
    },
  };
}

const ignore = (): void => undefined;

/** Whoever has no certificate that counts has nothing to wait for. */
function isLast(exchange: Exchange, { status }: Answer): boolean {
  return status === 401 || exchange.presented().kind !== 'certificate';
}

/** Handshakes are looked at once; a connection carries many requests. */
const handshakes = new WeakMap<object, Presented>();

function handshakeOf(connection: object, socket: TLSSocket): Presented {
  let presented = handshakes.get(connection);
  if (presented === undefined) {
    presented = presentedIn(socket);
    handshakes.set(connection, presented);
  }
  return presented;
}

function headersOf({ status, body, retryAfter }: Answer): Record<string, string | number> {
  return {
    'content-type': body.kind === 'json' ? 'application/json' : 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body.text),
    ...(retryAfter !== undefined && { 'retry-after': retryAfter }),
    ...(status === 405 && { allow: 'POST' }),
  };
}
