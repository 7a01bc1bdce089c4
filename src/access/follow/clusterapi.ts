import type { ClusterConnectionRecord, ClusterCredential } from '../../storage/records/connections.ts';

/** How to reach a connected cluster's API, the credential opened. */
export interface ClusterAddress
  extends Pick<ClusterConnectionRecord, 'server' | 'certificateAuthorityData' | 'tlsServerName'> {
  readonly credential: ClusterCredential;
}

/** The little of a connected cluster's API that is asked for. Everything that fails rejects with `ClusterApiError`. */
export interface ClusterApi {
  /** A JSON answer with status 200. */
  get(path: string, query: Query, signal: AbortSignal): Promise<ClusterAnswer>;
  /** Resolves when the API ends the watch: `whole` says whether every line that came was an event. */
  watch(
    path: string,
    query: Query,
    signal: AbortSignal,
    listener: WatchListener,
  ): Promise<{ readonly whole: boolean }>;
  close(): void;
}

export interface WatchListener {
  /** The API has agreed to the watch. */
  onOpen(): void;
  onEvent(event: unknown): void;
}

export type Query = Readonly<Record<string, string>>;

export interface ClusterAnswer {
  readonly body: unknown;
  /** Epoch milliseconds as the API's clock says; a whole second. Undefined when it does not say. */
  readonly serverTime: number | undefined;
}

export type ClusterApiFailure =
  /** No connection, or one that broke. */
  | 'unreachable'
  /** Its certificate is not what the connection's authority vouches for. */
  | 'certificate'
  | 'unauthorized'
  | 'forbidden'
  /** 410: the resourceVersion or the place in a list is no longer known. */
  | 'expired'
  | 'tooLarge'
  /** Another status, or an answer that no Kubernetes API gives. */
  | 'unexpected';

/** `message` is made here, of closed sets: it never quotes an answer, a header or a credential. */
export class ClusterApiError extends Error {
  readonly code: ClusterApiFailure;
  constructor(code: ClusterApiFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ClusterApiError';
    this.code = code;
  }
}

export function failureOfStatus(status: number): ClusterApiError {
  switch (status) {
    case 401:
      return new ClusterApiError('unauthorized', 'the API does not accept the credential (401)');
    case 403:
      return new ClusterApiError('forbidden', 'the credential may not read this (403)');
    case 410:
      return new ClusterApiError('expired', 'what was seen last is no longer known (410)');
    default:
      return status >= 300 && status < 400
        ? new ClusterApiError('unexpected', `the API redirects (${status}), which is not followed`)
        : new ClusterApiError('unexpected', `the API answers ${status}`);
  }
}

const certificateCodes =
  /^(?:ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_CA)/;

/** What broke a connection, found in the causes of whatever the client throws. */
export function failureOfConnection(error: unknown): ClusterApiError {
  let cause: unknown = error;
  for (let depth = 0; depth < 8 && cause instanceof Error; depth++) {
    if (cause instanceof ClusterApiError) return cause;
    if (cause.name === 'TimeoutError') {
      return new ClusterApiError('unreachable', 'the API does not answer in time', { cause: error });
    }
    const inner: unknown = cause instanceof AggregateError ? cause.errors[0] : undefined;
    const { code } = cause as NodeJS.ErrnoException;
    if (typeof code === 'string' && /^[A-Z0-9_]{2,60}$/.test(code)) {
      return certificateCodes.test(code)
        ? new ClusterApiError('certificate', `no trustworthy TLS connection (${code})`, { cause: error })
        : new ClusterApiError('unreachable', `the API cannot be reached (${code})`, { cause: error });
    }
    cause = cause.cause ?? inner;
  }
  return new ClusterApiError('unreachable', 'the API cannot be reached', { cause: error });
}
