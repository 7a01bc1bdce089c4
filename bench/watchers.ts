import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { httpBytes, type LoadTarget } from './load.ts';

/** What the watchers of one measurement received. */
export interface Received {
  /** Lines. */
  events: number;
  /** Nanoseconds from each writer's stamp to the line's arrival. */
  readonly latencies: number[];
}

export interface OpenWatchers {
  readonly count: number;
  /** Watchers whose stream has ended. */
  readonly ended: number;
  /** Stops reading from the first so many. */
  stall(count: number): void;
  /** Reads again. */
  resume(): void;
  close(): void;
}

export interface WatchRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a writer puts into an object, so that those who see it know when it was sent. */
export function stamp(): string {
  return performance.now().toFixed(3).padStart(16, '0');
}
const stampMark = Buffer.from('"sent":"');

/** Reads one stream. Its lines are JSON objects: what ends with `}` and a line break is one, also across two reads. */
function createReader(received: Received): (data: Buffer) => void {
  let last = 0;
  return (data) => {
    for (let at = data.indexOf(lineBreak); at >= 0; at = data.indexOf(lineBreak, at + 1)) {
      if ((at === 0 ? last : data[at - 1]) === closingBrace) received.events += 1;
    }
    last = data.at(-1) ?? last;
    const arrived = performance.now();
    for (let at = data.indexOf(stampMark); at >= 0; at = data.indexOf(stampMark, at + 8)) {
      const sent = Number(data.toString('latin1', at + 8, at + 24));
      if (sent > 0) received.latencies.push((arrived - sent) * 1e6);
    }
  };
}
const lineBreak = 0x0a;
const closingBrace = 0x7d;

/** So many watchers, each with a connection of HTTP/1.1 of its own. */
export async function openHttp1Watchers(
  { host, port, ca }: LoadTarget,
  request: WatchRequest,
  count: number,
  received: Received,
): Promise<OpenWatchers> {
  const bytes = httpBytes({ method: 'GET', target: request.path, headers: request.headers });
  const sockets: ReturnType<typeof connectTls>[] = [];
  let session: Buffer | undefined;
  let ended = 0;
  let left = count;
  const open = async (): Promise<void> => {
    const socket = connectTls({
      host,
      port,
      ...(ca && { ca }),
      ...(session && { session }),
      ALPNProtocols: ['http/1.1'],
    });
    socket.once('session', (ticket) => {
      session ??= ticket;
    });
    await once(socket, 'secureConnect');
    socket.on('error', () => undefined);
    socket.write(bytes);
    const [head] = (await once(socket, 'data')) as [Buffer];
    if (!head.toString('latin1', 0, 13).startsWith('HTTP/1.1 200')) throw new Error(head.toString('utf8'));
    socket.on('data', createReader(received));
    socket.on('close', () => {
      ended += 1;
    });
    sockets.push(socket);
  };
  // Some at a time: a handshake is the costly part.
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (left-- > 0) await open();
    }),
  );
  return {
    count: sockets.length,
    get ended() {
      return ended;
    },
    stall(stalled) {
      for (const socket of sockets.slice(0, stalled)) socket.pause();
    },
    resume() {
      for (const socket of sockets) socket.resume();
    },
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Streams on one connection, as client-go has them before it opens another. */
const streamsPerConnection = 100;

/** So many watchers as streams of HTTP/2. */
export async function openHttp2Watchers(
  { host, port, ca }: LoadTarget,
  request: WatchRequest,
  count: number,
  received: Received,
): Promise<OpenWatchers> {
  const sessions: ClientHttp2Session[] = [];
  const streams: ReturnType<ClientHttp2Session['request']>[] = [];
  let ended = 0;
  while (streams.length < count) {
    const session = connectHttp2(`https://${host}:${port}`, { ...(ca && { ca }) });
    session.on('error', () => undefined);
    await once(session, 'connect');
    sessions.push(session);
    const { host: _, ...headers } = request.headers;
    const opened = Array.from(
      { length: Math.min(streamsPerConnection, count - streams.length) },
      async () => {
        const stream = session.request({ ':path': request.path, ...headers });
        const [answer] = (await once(stream, 'response')) as [Record<string, unknown>];
        if (answer[':status'] !== 200) throw new Error(`status ${String(answer[':status'])}`);
        stream.on('data', createReader(received));
        stream.on('error', () => undefined);
        stream.on('close', () => {
          ended += 1;
        });
        return stream;
      },
    );
    streams.push(...(await Promise.all(opened)));
  }
  return {
    count: streams.length,
    get ended() {
      return ended;
    },
    stall(stalled) {
      for (const stream of streams.slice(0, stalled)) stream.pause();
    },
    resume() {
      for (const stream of streams) stream.resume();
    },
    close() {
      for (const session of sessions) session.destroy();
    },
  };
}
