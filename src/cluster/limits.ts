/** Bounds of the built-in Kubernetes API. Each one has a test. */
export interface KubernetesApiLimits {
  /** Bytes of a request body; Kubernetes' own bound is 3 MiB. */
  readonly bodyBytes: number;
  /** Bytes of all bodies being received at one moment, over all connections; more are told to come again. */
  readonly bodyBytesAtOnce: number;
  /** Characters of path and query together. */
  readonly urlLength: number;
  /** Milliseconds in which a request body must have arrived. */
  readonly bodyTimeout: number;
  /** Watches open at one moment, over all clusters. */
  readonly watches: number;
  /** Watches one user of one cluster may hold, so that nobody can take them all. */
  readonly watchesPerUser: number;
  /** Bytes waiting for one slow watcher before it is cut off. */
  readonly watchBufferBytes: number;
  /** Milliseconds a watch lives when the client asks for no `timeoutSeconds`, or for more. */
  readonly watchLifetime: number;
  /** Milliseconds between two bookmarks. */
  readonly bookmarkInterval: number;
  /** Objects in one list answer; the rest is behind `continue`, also when the client set no `limit`. */
  readonly listItems: number;
}

export const defaultLimits: KubernetesApiLimits = {
  bodyBytes: 3 * 1024 * 1024,
  bodyBytesAtOnce: 256 * 1024 * 1024,
  urlLength: 16 * 1024,
  bodyTimeout: 60_000,
  watches: 2_000,
  watchesPerUser: 500,
  watchBufferBytes: 8 * 1024 * 1024,
  watchLifetime: 60 * 60 * 1000,
  bookmarkInterval: 60_000,
  listItems: 50_000,
};

/** Bytes of all request headers together; set on the listening server, which refuses with 431. */
export const maximumHeaderBytes = 64 * 1024;

/** Connections open at one moment; more are dropped unanswered. */
export const maximumConnections = 4_096;
