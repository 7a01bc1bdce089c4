/** A stand-in for the API server of a connected cluster: TLS, lists, watches, and whatever a test scripts. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServerCertificate } from '../../src/server/certificates.ts';
import { openTemporaryDirectory } from '../../src/server/datadirectory.ts';

export interface StandInObject {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [member: string]: unknown;
}

export type Script = (request: URL, response: ServerResponse) => boolean;

export interface StandIn {
  readonly url: string;
  readonly caData: string;
  /** Path and query of every request, in order. */
  readonly requests: URL[];
  /** The objects of a collection, by its path. */
  set(path: string, objects: readonly unknown[]): void;
  /** Sends an event to the open watches of a collection; `object` gets the next resourceVersion. */
  event(path: string, type: string, object: object): void;
  /** Sends text as it is to the open watches of a collection. */
  raw(path: string, text: string): void;
  /** Ends the open watches of all collections, or breaks their connections. */
  endWatches(how: 'end' | 'break'): void;
  /** Is asked before everything else; answering true means it has answered. */
  script(next: Script | undefined): void;
  watchesOf(path: string): number;
  /** Open watches of all collections. */
  watches(): number;
  stop(): Promise<void>;
  /** Listens again where it did, and knows of no change from before. */
  listen(): Promise<void>;
  close(): Promise<void>;
}

const listKinds: Readonly<Record<string, string>> = {
  namespaces: 'NamespaceList',
  serviceaccounts: 'ServiceAccountList',
  configmaps: 'ConfigMapList',
  clusterroles: 'ClusterRoleList',
  roles: 'RoleList',
  clusterrolebindings: 'ClusterRoleBindingList',
  rolebindings: 'RoleBindingList',
};

export async function openStandIn(): Promise<StandIn> {
  const directory = openTemporaryDirectory();
  const { keyPem, certificatePem, caPem } = await createServerCertificate(directory, [], Date.now());
  directory.dispose();
  const collections = new Map<string, readonly unknown[]>();
  const watches = new Map<ServerResponse, string>();
  const sockets = new Set<Duplex>();
  const requests: URL[] = [];
  let version = 100;
  let oldest = 0;
  /** Grows with every `set`: a list goes on with what it began with, or not at all. */
  let generation = 0;
  let script: Script | undefined;
  let port = 0;
  let server: Server;

  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? '/', 'https://stand-in');
    requests.push(url);
    if (script?.(url, response)) return;
    const { pathname: path, searchParams: query } = url;
    const kind = listKinds[path.split('/').at(-1) ?? ''];
    if (kind === undefined) {
      sendJson(response, path === '/version' ? { gitVersion: 'v1.35.9' } : {});
      return;
    }
    if (query.get('watch') === 'true') {
      if (Number(query.get('resourceVersion')) < oldest) {
        sendJson(response, {}, 410);
        return;
      }
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      watches.set(response, path);
      response.on('close', () => watches.delete(response));
      return;
    }
    const all = collections.get(path) ?? [];
    const [began, from = 0] = (query.get('continue') ?? `${generation}.0`).split('.').map(Number);
    if (began !== generation) {
      sendJson(response, {}, 410);
      return;
    }
    const end = from + Number(query.get('limit') ?? all.length);
    const metadata = {
      resourceVersion: String(version),
      ...(end < all.length && { continue: `${generation}.${end}` }),
    };
    sendJson(response, { kind, apiVersion: 'v1', metadata, items: all.slice(from, end) });
  };
  const open = (path: string): readonly ServerResponse[] =>
    [...watches].filter(([, watched]) => watched === path).map(([response]) => response);
  const listen = async (): Promise<void> => {
    // API servers prefer HTTP/2 where a client offers it; here nothing would come of it.
    const ALPNProtocols = ['h2', 'http/1.1'];
    server = createServer({ key: keyPem, cert: certificatePem, ALPNProtocols }, serve);
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
  };
  const stop = async (): Promise<void> => {
    oldest = ++version;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await listen();
  return {
    url: `https://127.0.0.1:${port}`,
    caData: Buffer.from(caPem).toString('base64'),
    requests,
    set(path, objects) {
      generation++;
      collections.set(path, objects);
    },
    event(path, type, object) {
      const { metadata } = object as StandInObject;
      const sent = { ...object, metadata: { ...metadata, resourceVersion: String(++version) } };
      for (const response of open(path)) response.write(`${JSON.stringify({ type, object: sent })}\n`);
    },
    raw(path, text) {
      for (const response of open(path)) response.write(text);
    },
    endWatches(how) {
      for (const response of watches.keys()) {
        if (how === 'end') response.end();
        else response.destroy();
      }
    },
    script(next) {
      script = next;
    },
    watches: () => watches.size,
    watchesOf: (path) => open(path).length,
    stop,
    listen,
    close: stop,
  };
}

export function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
