/** Requests as nobody's client library would write them: every header and byte is the test's own. */
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';

export interface RawRequest {
  readonly method?: string;
  /** Path and query, as sent. */
  readonly target: string;
  /** A list repeats the header line. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

const deadlineMs = 15_000;

/** One HTTP/1.1 request on an own connection; TLS when `caPem` is given. */
export function sendHttp1(origin: string, raw: RawRequest, caPem?: string): Promise<RawAnswer> {
  const { hostname, port } = new URL(origin);
  const options: https.RequestOptions = {
    hostname,
    port,
    method: raw.method ?? 'GET',
    path: raw.target,
    headers: { ...lengthOf(raw), ...raw.headers } as http.OutgoingHttpHeaders,
    agent: false,
    timeout: deadlineMs,
  };
  return new Promise((resolve, reject) => {
    const read = (incoming: http.IncomingMessage): void => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    };
    const outgoing =
      caPem === undefined ? http.request(options, read) : https.request({ ...options, ca: caPem }, read);
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer')));
    outgoing.on('error', reject);
    outgoing.end(raw.body);
  });
}

/** Node leaves it out of a GET. */
function lengthOf({ body, headers }: RawRequest): Readonly<Record<string, number>> {
  const isNeeded = body !== undefined && body.length > 0 && headers?.['transfer-encoding'] === undefined;
  return isNeeded ? { 'content-length': Buffer.byteLength(body) } : {};
}

/** One HTTP/2 request on an own connection. */
export async function sendHttp2(origin: string, raw: RawRequest, caPem: string): Promise<RawAnswer> {
  const session = http2.connect(origin, { ca: caPem });
  try {
    return await new Promise((resolve, reject) => {
      session.on('error', reject);
      const headers: http2.OutgoingHttpHeaders = Object.fromEntries(
        Object.entries(raw.headers ?? {}).map(([name, value]) => [name, String(value)]),
      );
      const stream = session.request({ ...headers, ':method': raw.method ?? 'GET', ':path': raw.target });
      const chunks: Buffer[] = [];
      let status = 0;
      let received: http2.IncomingHttpHeaders = {};
      stream.setTimeout(deadlineMs, () => stream.destroy(new Error('no answer')));
      stream.on('response', (answered) => {
        status = Number(answered[':status']);
        received = answered;
      });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', reject);
      stream.on('end', () =>
        resolve({ status, headers: received, text: Buffer.concat(chunks).toString('utf8') }),
      );
      stream.end(raw.body);
    });
  } finally {
    session.close();
  }
}

/** Writes bytes to a plain connection and resolves with all that comes back until the server closes it. */
export function sendBytes(origin: string, bytes: string | Uint8Array): Promise<string> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: hostname, port: Number(port) });
    let received = '';
    socket.setTimeout(deadlineMs, () => socket.destroy(new Error(`no end after: ${received}`)));
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
    socket.write(bytes);
  });
}
