/**
 * How long an API server goes on with an answer it has. These are the windows in which what was taken away still works,
 * so they are short; each costs one call more per user and window. Seconds.
 */
export const windows = {
  /** `--authentication-token-webhook-cache-ttl`: both verdicts about a token, errors not (kubernetes-facts C6). */
  authentication: 30,
  /**
   * Accepted tokens stay another moment in the API server's own cache, which has no flag: TokenSuccessCacheTTL of
   * pkg/kubeapiserver/options/authentication.go.
   */
  acceptedToken: 10,
  /** What an access policy allowed. */
  authorized: 30,
  /** What no access policy allowed: how long a new association takes to work. */
  unauthorized: 10,
} as const;

/** After this an API server acts on nothing that an earlier answer about a token said. */
export const tokenWindow = windows.authentication + windows.acceptedToken;

/** `30s`, as Go reads durations. */
export function seconds(count: number): string {
  return `${count}s`;
}
