import type { EventEmitter } from 'node:events';
import { ServerResponse } from 'node:http';
import type { Answer } from './context.ts';
import type { HttpRequest, HttpResponse } from './exchange.ts';
import type { Rendered } from './respond.ts';
import { createTurns } from './turns.ts';

/**
 * Bytes written at once; half of what a socket may hold before it counts as full.
 *
 * COMPAT: a client has the last byte of an answer before we hear that the socket is empty again. When its next request
 * comes while the socket still counts as full, Node pauses its HTTP/1.1 parser and, over TLS, refuses the second record
 * of that request (HPE_PAUSED) and resets the connection. So a long answer is ended only when nothing is left of it.
 */
const pieceBytes = 32 * 1024;

/** Milliseconds a client may take nothing of an answer. */
const stallTimeout = 60_000;

/** Writes a complete answer; nothing is written to a peer that has gone. */
export function sendRendered(
  request: HttpRequest,
  response: HttpResponse,
  auditId: string,
  { status, headers, body }: Rendered,
): void {
  if (isGone(response) || response.headersSent) return;
  setHeader(response, 'Cache-Control', 'no-cache, private');
  for (const [name, value] of Object.entries(headers)) setHeader(response, name, value);
  setHeader(response, 'Audit-Id', auditId);
  const isWhole = typeof body === 'string' || body instanceof Uint8Array;
  // That of a 304 would be the length of the document which is not sent.
  if (isWhole && status !== 304) setHeader(response, 'Content-Length', String(Buffer.byteLength(body)));
  // A body that was not read to its end (413, 401 …) leaves an HTTP/1.1 connection unusable for the next request.
  if (response instanceof ServerResponse && !request.complete) setHeader(response, 'Connection', 'close');
  response.statusCode = status;
  if (request.method === 'HEAD') response.end();
  // Text, not bytes: Node writes it together with the headers.
  else if (!isWhole) void sendPieces(response, body);
  else if (body.length < pieceBytes / 2) response.end(body);
  else void sendPieces(response, piecesOf(Buffer.from(body)));
}

function* piecesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

/**
 * Sends a long answer as fast as the peer reads, and in turns with everything else. What fails on the way can only be
 * told by breaking it off.
 */
async function sendPieces(response: HttpResponse, pieces: Iterable<string | Buffer>): Promise<void> {
  const events: EventEmitter = response;
  events.on('error', () => undefined);
  const turns = createTurns();
  try {
    for (const piece of pieces) {
      if (isGone(response)) return;
      const isTaken = response instanceof ServerResponse ? response.write(piece) : response.write(piece);
      if (!isTaken) await taken(response);
      else if (turns.isOver()) await turns.next();
    }
    response.end();
  } catch {
    response.destroy();
  }
}

/** Resolves when the peer has taken what was written or is gone; one that takes nothing for long is let go. */
function taken(response: HttpResponse): Promise<void> {
  const events: EventEmitter = response;
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(stalled);
      events.off('drain', done);
      events.off('close', done);
      resolve();
    };
    const stalled = setTimeout(() => response.destroy(), stallTimeout);
    events.on('drain', done);
    events.on('close', done);
    if (isGone(response)) done();
  });
}

/**
 * Whether the peer has gone, so that no event of the response will tell. What Node makes of a stream of HTTP/2 has no
 * `destroyed` of its own, whatever its types say.
 */
function isGone(response: HttpResponse): boolean {
  return response instanceof ServerResponse ? response.destroyed : response.stream.destroyed;
}

/** Opens the stream of a watch. The headers go out at once: kubectl waits for them (kubernetes-facts D3.4). */
export function startStream(
  request: HttpRequest,
  response: HttpResponse,
  auditId: string,
  answer: Extract<Answer, { kind: 'watch' }>,
): void {
  if (isGone(response) || request.method === 'HEAD') {
    answer.cancel();
    response.end();
    return;
  }
  setHeader(response, 'Cache-Control', 'no-cache, private');
  setHeader(response, 'Content-Type', 'application/json');
  setHeader(response, 'Audit-Id', auditId);
  response.statusCode = 200;
  if (response instanceof ServerResponse) response.flushHeaders();
  else response.writeHead(200);
  const events: EventEmitter = response;
  events.on('error', () => undefined);
  answer.start({
    write: (lines) => (response instanceof ServerResponse ? response.write(lines) : response.write(lines)),
    end: () => void response.end(),
    destroy: () => void response.destroy(),
    onDrain: (listener) => void events.on('drain', listener),
    onClose: (listener) => void events.on('close', listener),
  });
}

function setHeader(response: HttpResponse, name: string, value: string | readonly string[]): void {
  response.setHeader(name, typeof value === 'string' ? value : [...value]);
}
