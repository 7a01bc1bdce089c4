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
  /** Watches one user of one cluster may hold, so that nobody can take them all; all informers of a process are one. */
  readonly watchesPerUser: number;
  /** Bytes waiting for one slow watcher before it is cut off. */
  readonly watchBufferBytes: number;
  /** Bytes waiting for all slow watchers together; beyond, those furthest behind are cut off. */
  readonly watchBufferBytesAtOnce: number;
  /** Milliseconds a watcher may take nothing while something waits for it, before it is cut off. */
  readonly watchStall: number;
  /** Milliseconds a watch lives at most; without `timeoutSeconds`, half of it to all of it. */
  readonly watchLifetime: number;
  /** Milliseconds between two bookmarks, a quarter more or less. */
  readonly bookmarkInterval: number;
  /** Characters of objects held in memory to begin watches and answer lists with, over all resources. */
  readonly snapshotCharacters: number;
  /** Objects in one list answer; the rest is behind `continue`, also when the client set no `limit`. */
  readonly listItems: number;
}

export const defaultLimits: KubernetesApiLimits = {
  bodyBytes: 3 * 1024 * 1024,
  bodyBytesAtOnce: 256 * 1024 * 1024,
  urlLength: 16 * 1024,
  bodyTimeout: 60_000,
  watches: 6_000,
  watchesPerUser: 3_000,
  watchBufferBytes: 8 * 1024 * 1024,
  watchBufferBytesAtOnce: 256 * 1024 * 1024,
  watchStall: 30_000,
  watchLifetime: 60 * 60 * 1000,
  bookmarkInterval: 60_000,
  snapshotCharacters: 256 * 1024 * 1024,
  listItems: 50_000,
};

/** Bytes of all request headers together; set on the listening server, which refuses with 431. */
export const maximumHeaderBytes = 64 * 1024;

/** Connections open at one moment; more are dropped unanswered. */
export const maximumConnections = 4_096;
