import { createServer, type RequestListener, type Server } from 'node:http';
import { watchConnections } from '../wire/draining.ts';

/** An HTTP server of the agent. */
export interface Door {
  /** To listen on; do not close it directly. */
  readonly server: Server;
  /** Accepts no more, lets requests under way finish for `grace` milliseconds, then cuts those. */
  close(grace: number): Promise<void>;
}

/** Bounds for clients that have not proven anything: any pod of the node. */
export interface DoorBounds {
  /** Request line and headers together, hence the token; more is answered with 431. */
  readonly headerBytes: number;
  /** Milliseconds in which the headers must have arrived; then 408. */
  readonly headersTimeout: number;
  /** Milliseconds in which the whole request must have arrived, though nobody reads its body. */
  readonly requestTimeout: number;
  /** Milliseconds that a connection may wait for its next request. */
  readonly keepAliveTimeout: number;
  /** Milliseconds between two looks at who is too slow. */
  readonly checkInterval: number;
  /** Open connections; one too many costs the one that has been silent the longest its place. */
  readonly connections: number;
}

const defaultBounds: DoorBounds = {
  headerBytes: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  // SDKs open a connection for each request: one that is kept open is worth little, and takes the place of another's.
  keepAliveTimeout: 15_000,
  checkInterval: 5_000,
  connections: 2_048,
};

export function createDoor(listener: RequestListener, bounds: Partial<DoorBounds> = {}): Door {
  const { headerBytes, connections, checkInterval, ...timeouts } = { ...defaultBounds, ...bounds };
  const server = createServer({
    ...timeouts,
    maxHeaderSize: headerBytes,
    connectionsCheckingInterval: checkInterval,
  });
  const drain = watchConnections(server, { most: connections });
  server.on('request', listener);
  return { server, close: drain };
}
