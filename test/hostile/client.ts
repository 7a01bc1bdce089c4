import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2';
import { Agent, request } from 'node:https';
import { resolve } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { GarbageRequest } from './garbage.ts';
import type { Figures, Told } from './server.ts';

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** A server that is attacked, and the ways to reach it. */
export interface Target {
  /** Milliseconds a request may take before it counts as hung. */
  call(
    wanted: Partial<GarbageRequest> & { readonly path: string },
    options?: { readonly agent?: Agent },
  ): Promise<Answer>;
  session(): Promise<ClientHttp2Session>;
  stream(session: ClientHttp2Session, path: string): ClientHttp2Stream;
  /** A connection on which nothing was said yet. */
  socket(): Promise<TLSSocket>;
  /** The first line and headers of a request below the cluster. */
  head(method: string, path: string): string;
  figures(): Promise<Figures>;
  /** Drains the server and ends it; milliseconds until it was closed. */
  close(): Promise<number>;
}

const hang = 15_000;

export async function startTarget(): Promise<Target> {
  const child: ChildProcess = fork(resolve(import.meta.dirname, 'server.ts'));
  const [told] = (await once(child, 'message')) as [Told];
  const { port, caPem: ca, path: base } = told;
  const shared = new Agent({ keepAlive: true, maxSockets: 64 });
  const headers = { authorization: 'Bearer admin' };
  const ask = async <Result>(what: string): Promise<Result> => {
    child.send(what);
    const [answer] = (await once(child, 'message')) as [Result];
    return answer;
  };
  return {
    call: ({ method = 'GET', path, headers: more, body }, options = {}) =>
      new Promise((done, fail) => {
        const sent = request(
          {
            host: '127.0.0.1',
            port,
            ca,
            method,
            path: base + path,
            agent: options.agent ?? shared,
            timeout: hang,
            headers: { ...headers, ...more, ...(body && { 'content-length': String(body.length) }) },
          },
          (answer) => {
            const parts: Buffer[] = [];
            answer.on('data', (part: Buffer) => parts.push(part));
            answer.on('error', fail);
            answer.on('end', () =>
              done({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }),
            );
          },
        );
        sent.on('timeout', () => sent.destroy(new Error('no answer')));
        sent.on('error', fail);
        sent.end(body);
      }),
    async session() {
      const session = connectHttp2(`https://127.0.0.1:${port}`, { ca });
      session.on('error', () => undefined);
      await once(session, 'connect');
      return session;
    },
    stream(session, path) {
      const stream = session.request({ ':path': base + path, ...headers });
      stream.on('error', () => undefined);
      return stream;
    },
    async socket() {
      const socket = connectTls({ host: '127.0.0.1', port, ca, ALPNProtocols: ['http/1.1'] });
      socket.on('error', () => undefined);
      await once(socket, 'secureConnect');
      return socket;
    },
    head: (method, path) =>
      `${method} ${base}${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: ${headers.authorization}\r\n`,
    figures: () => ask<Figures>('figures'),
    async close() {
      const milliseconds = await ask<number>('close');
      if (child.exitCode === null) await once(child, 'exit');
      return milliseconds;
    },
  };
}
