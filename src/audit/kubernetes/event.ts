/** An `audit.k8s.io/v1` Event at level Metadata: never a body, so never a Secret's data or a token. */
export interface KubernetesAuditEvent {
  readonly kind: 'Event';
  readonly apiVersion: 'audit.k8s.io/v1';
  readonly level: 'Metadata';
  readonly auditID: string;
  /** A watch is told when it begins, everything else when it is answered. */
  readonly stage: 'ResponseStarted' | 'ResponseComplete';
  /** As the cluster's own API server would see it: without the path that names the cluster. */
  readonly requestURI: string;
  readonly verb: string;
  /** Who authenticated; empty when nobody did. */
  readonly user: KubernetesUser;
  readonly impersonatedUser?: KubernetesUser;
  /** Where a mode of constrained impersonation let the request through: `impersonate:user-info` and the like. */
  readonly authenticationMetadata?: { readonly impersonationConstraint: string };
  readonly sourceIPs: readonly string[];
  readonly userAgent?: string;
  readonly objectRef?: {
    readonly resource: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly apiGroup?: string;
    readonly apiVersion?: string;
    readonly subresource?: string;
  };
  /** As Kubernetes writes a Status; `message` only where it quotes nothing of the request's body. */
  readonly responseStatus: {
    readonly metadata: Readonly<Record<string, never>>;
    readonly code: number;
    readonly status?: 'Failure';
    readonly message?: string;
    readonly reason?: string;
  };
  /** Microseconds, UTC. */
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
  /**
   * `authorization.k8s.io/decision` and `…/reason` as Kubernetes writes them, and ours: `entryway/cluster-arn`,
   * `entryway/access-key-id`, `entryway/principal-arn`, `entryway/principal-id`, `entryway/mapped-by`,
   * `entryway/authentication` (why a credential was refused, in one stable word).
   */
  readonly annotations: Readonly<Record<string, string>>;
}

export interface KubernetesUser {
  readonly username?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}
