import {
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import type { KubernetesApi } from './api.ts';
import { maximumConnections, maximumHeaderBytes } from './limits.ts';

/** An HTTPS server for HTTP/2 and HTTP/1.1 that can be drained. */
export interface KubernetesServer {
  /** To `listen` on; do not close it directly. */
  readonly server: Http2SecureServer;
  /** Shows another certificate from now on; connections that are open stay. PEM. */
  renew(certificate: { readonly key: string; readonly cert: string }): void;
  /** Accepts no more, ends watches, lets requests under way finish for `grace` milliseconds, then cuts what is left. */
  close(grace?: number): Promise<void>;
}

/** Read by node's HTTP/1.1 parser; the types of http2 do not list them. Connections wait longer than clients keep them. */
const http1Options: object = { maxHeaderSize: maximumHeaderBytes, keepAliveTimeout: 65_000 };

/** Milliseconds in which a client must have finished the handshake. */
const handshakeTimeout = 15_000;

function secureContext({ key, cert, clientCa }: Certificates): SecureContextOptions {
  return { key, cert, minVersion: 'TLSv1.2', ...(clientCa !== undefined && { ca: clientCa }) };
}

interface Certificates {
  readonly key: string;
  readonly cert: string;
  readonly clientCa: string | undefined;
}

/** `key`, `cert` and `clientCa` are PEM. */
export function createKubernetesServer(options: {
  readonly key: string;
  readonly cert: string;
  /** Clients are asked for a certificate of this authority; `api` judges what they show. */
  readonly clientCa?: string;
  readonly api: Pick<KubernetesApi, 'handle' | 'close'> & {
    /** Serves the streams of HTTP/2 itself; `handle` then gets requests of HTTP/1.1 alone. */
    handleStream?(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void>;
  };
}): KubernetesServer {
  const { key, cert, clientCa, api } = options;
  const sessions = new Set<ServerHttp2Session>();
  /** Requests under way on each connection; one with none is idle. */
  const sockets = new Map<Socket, number>();
  /** By where they come from: connections that have not finished the handshake. */
  const handshakes = new Map<string, Socket>();
  let closing = false;
  const server = createSecureServer({
    ...http1Options,
    ...secureContext({ key, cert, clientCa }),
    ...(clientCa !== undefined && { requestCert: true, rejectUnauthorized: false }),
    handshakeTimeout,
    allowHTTP1: true,
    settings: { maxHeaderListSize: maximumHeaderBytes, maxConcurrentStreams: 1_000 },
    maxSessionMemory: 64,
  });
  server.maxConnections = maximumConnections;
  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket);
    handshakes.set(peer, socket);
    socket.on('close', () => handshakes.delete(peer));
  });
  server.on('secureConnection', (socket: Socket) => {
    handshakes.delete(peerOf(socket));
    sockets.set(socket, 0);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('session', (session: ServerHttp2Session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => session.destroy());
  });
  // A peer that breaks TLS or HTTP harms its own connection only.
  server.on('tlsClientError', (_, socket) => socket.destroy());
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const line =
      error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
    if (socket.writable) socket.end(`HTTP/1.1 ${line}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    else socket.destroy();
  });
  server.on('request', (request, response) => {
    const socket = request.httpVersionMajor === 1 ? request.socket : undefined;
    if (socket !== undefined) {
      sockets.set(socket, (sockets.get(socket) ?? 0) + 1);
      response.once('close', () => {
        const left = (sockets.get(socket) ?? 1) - 1;
        if (sockets.has(socket)) sockets.set(socket, left);
        if (closing && left === 0) socket.end();
      });
    }
    void api.handle(request, response);
  });
  if (api.handleStream !== undefined) {
    // Node has made one that turns streams into requests when the listener above was added.
    server.removeAllListeners('stream');
    server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      void api.handleStream?.(stream, headers);
    });
  }

  return {
    server,
    renew: (renewed) => server.setSecureContext(secureContext({ ...renewed, clientCa })),
    close(grace = 5_000) {
      closing = true;
      api.close();
      return new Promise((resolve) => {
        const cut = setTimeout(() => {
          for (const session of sessions) session.destroy();
          for (const socket of sockets.keys()) socket.destroy();
        }, grace);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        for (const socket of handshakes.values()) socket.destroy();
        for (const session of sessions) session.close();
        for (const [socket, requests] of sockets) {
          if (requests === 0 && (socket as { alpnProtocol?: string }).alpnProtocol !== 'h2') socket.end();
        }
      });
    },
  };
}

/** The same for a connection and for what TLS makes of it. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
