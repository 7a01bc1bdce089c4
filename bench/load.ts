import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { quantile } from './measure.ts';

/** Where the load goes; with `ca`, over TLS. */
export interface LoadTarget {
  readonly host: string;
  readonly port: number;
  /** PEM. */
  readonly ca?: string;
  /** PEM, for servers that want to know who calls. */
  readonly client?: { readonly cert: string; readonly key: string };
}

export interface LoadResult {
  readonly perSecond: number;
  /** Nanoseconds from sending a request to having its whole answer. */
  readonly median: number;
  readonly p99: number;
}

export interface Load {
  /** Requests under way at any time, each on a connection of its own. */
  readonly concurrency: number;
  readonly status: number;
  /** Complete requests as they go over the wire; undefined ends the load. */
  readonly next: () => Buffer | undefined;
}

/**
 * Keeps so many connections busy with requests made beforehand, and times them. It speaks just enough HTTP/1.1 for
 * answers with a Content-Length, so that on a small machine the measured server has the processor rather than the
 * client. An answer with another status than expected fails the run.
 */
export async function runLoad(target: LoadTarget, { concurrency, status, next }: Load): Promise<LoadResult> {
  return busy(await Promise.all(Array.from({ length: concurrency }, () => open(target))), status, next);
}

/** A POST as HTTP/2 sends it: a JSON body, and headers that are the same each time. */
export interface Http2Load {
  readonly concurrency: number;
  readonly status: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Bodies; undefined ends the load. */
  readonly next: () => Buffer | undefined;
}

/** The same over one connection of HTTP/2, as API servers call their webhooks: streams instead of connections. */
export async function runHttp2Load(target: LoadTarget, load: Http2Load): Promise<LoadResult> {
  const exchange = await openHttp2(target, load);
  try {
    return await busy(
      Array.from({ length: load.concurrency }, () => ({ send: exchange.send, close: () => {} })),
      load.status,
      load.next,
    );
  } finally {
    exchange.close();
  }
}

/** One connection of HTTP/2 on which bodies are posted; any number at a time. */
export async function openHttp2(
  { host, port, ca, client }: LoadTarget,
  { path, headers }: Pick<Http2Load, 'path' | 'headers'>,
): Promise<Exchange> {
  const session = connectHttp2(`https://${host}:${port}`, { ...(ca && { ca }), ...client });
  await once(session, 'connect');
  const head = { ':method': 'POST', ':path': path, ...headers };
  return {
    send: (body) =>
      new Promise<Answer>((resolve, reject) => {
        const stream = session.request(head);
        let status = 0;
        let text = '';
        stream.on('response', (answered) => {
          status = Number(answered[':status']);
        });
        stream.on('data', (chunk: Buffer) => {
          text += chunk.toString('latin1');
        });
        stream.on('end', () => resolve({ status, text }));
        stream.on('error', reject);
        stream.end(body);
      }),
    close: () => session.close(),
  };
}

async function busy(
  connections: readonly Exchange[],
  status: number,
  next: () => Buffer | undefined,
): Promise<LoadResult> {
  const times: number[] = [];
  const started = performance.now();
  try {
    await Promise.all(
      connections.map(async (exchange) => {
        for (let request = next(); request !== undefined; request = next()) {
          const sent = performance.now();
          const answer = await exchange.send(request);
          times.push((performance.now() - sent) * 1e6);
          if (answer.status !== status) throw new Error(`status ${answer.status}: ${answer.text}`);
        }
      }),
    );
    const seconds = (performance.now() - started) / 1000;
    return { perSecond: times.length / seconds, median: quantile(times, 0.5), p99: quantile(times, 0.99) };
  } finally {
    for (const exchange of connections) exchange.close();
  }
}

/** `next` for a load that ends after so many requests. */
export function inTurn(requests: readonly Buffer[]): () => Buffer | undefined {
  let at = 0;
  return () => requests[at++];
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export interface Exchange {
  send(request: Buffer): Promise<Answer>;
  close(): void;
}

const headEnd = Buffer.from('\r\n\r\n');
const receiveBytes = 64 * 1024;

async function open(target: LoadTarget): Promise<Exchange> {
  let received: Buffer = Buffer.alloc(0);
  let waiting: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;
  const fail = (error: Error): void => waiting?.reject(error);
  /** `chunk` is good until this returns: the next one is read into the same memory. */
  const receive = (chunk: Buffer): void => {
    const bytes = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const bodyAt = bytes.indexOf(headEnd) + headEnd.length;
    const head = bytes.toString('latin1', 0, bodyAt);
    const length = /\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1];
    if (bodyAt >= headEnd.length && length === undefined) {
      fail(new Error('an answer without Content-Length'));
      return;
    }
    const end = bodyAt + Number(length);
    if (length === undefined || bytes.length < end) {
      received = Buffer.from(bytes);
      return;
    }
    const text = bytes.toString('utf8', bodyAt, end);
    received = Buffer.from(bytes.subarray(end));
    waiting?.resolve({ status: Number(head.slice(9, 12)), text });
  };
  const socket = await connected(target, receive);
  socket.setNoDelay(true);
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the server closed the connection')));
  return {
    send: (request) =>
      new Promise<Answer>((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(request);
      }),
    close: () => void socket.destroy(),
  };
}

/** Without TLS, bytes are received without a stream between, which is a good part of what a client costs. */
function connected(
  { host, port, ca, client }: LoadTarget,
  receive: (chunk: Buffer) => void,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const callback = (length: number, buffer: Uint8Array): boolean => {
      receive(Buffer.from(buffer.buffer, buffer.byteOffset, length));
      return true;
    };
    const socket =
      ca === undefined
        ? connect({ host, port, onread: { buffer: Buffer.alloc(receiveBytes), callback } }, () =>
            resolve(socket),
          )
        : connectTls({ host, port, ca, ...client, ALPNProtocols: ['http/1.1'] }, () => resolve(socket));
    if (ca !== undefined) socket.on('data', receive);
    socket.once('error', reject);
  });
}

/** A request as bytes. */
export function httpBytes(request: {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}): Buffer {
  const { method, target, headers, body = new Uint8Array() } = request;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `${method} ${target} HTTP/1.1\r\n${lines.join('')}content-length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), body]);
}
