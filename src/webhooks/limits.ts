/** Bounds of the webhooks. Each one has a test. */
export interface WebhookLimits {
  /** Bytes of a TokenReview: a token of ours has 4 KiB at most, ID tokens with many groups have more. */
  readonly tokenReviewBytes: number;
  /** Bytes of a SubjectAccessReview: a user can be in thousands of groups, and refusing would lock that user out. */
  readonly accessReviewBytes: number;
  /** Bytes of a review of a pod: as many as an object may have in etcd. A larger pod is made without credentials. */
  readonly podReviewBytes: number;
  /**
   * Milliseconds for which a pod waits for its service account, made a moment before it, to be known here. Whoever makes
   * the pod waits along.
   */
  readonly accountWait: number;
  /** Pods of one cluster that wait so at one moment; those of others do not wait. */
  readonly accountWaitsPerCluster: number;
  /** Bytes of the bodies that one cluster has on their way; more are told to come again. */
  readonly bodyBytesAtOnce: number;
  /** Milliseconds in which a body must have arrived. API servers give up after 30 s (kubernetes-facts C1). */
  readonly bodyTimeout: number;
  /** Tokens being judged at one moment; more are told to come again. Equal ones count once. */
  readonly judgedAtOnce: number;
  /** The same of one cluster, so that the callers of one cannot take all. */
  readonly judgedAtOncePerCluster: number;
  /**
   * Milliseconds for which a verdict is given again. With the API server's own cache (kubernetes-facts C6) it is how long a
   * principal that AWS has shut out may still get in; what changes on this server counts at once.
   */
  readonly verdictLifetime: number;
  /** Verdicts remembered for one cluster: so many that let in, and as many that do not. */
  readonly verdictsPerCluster: number;
}

export const defaultWebhookLimits: WebhookLimits = {
  tokenReviewBytes: 64 * 1024,
  accessReviewBytes: 256 * 1024,
  podReviewBytes: 1536 * 1024,
  accountWait: 1_000,
  accountWaitsPerCluster: 256,
  bodyBytesAtOnce: 16 * 1024 * 1024,
  bodyTimeout: 15_000,
  judgedAtOnce: 1_024,
  judgedAtOncePerCluster: 256,
  verdictLifetime: 5_000,
  verdictsPerCluster: 4_096,
};
