import type { Attributes, UserInfo } from '../engine/authorizer/attributes.ts';
import type { Decision } from '../engine/authorizer/decision.ts';
import type { Put } from '../storage/storage.ts';

/** One request to a built-in cluster, told when it is answered: what its audit event is made from. Never a credential. */
export interface ClusterRequest {
  readonly auditId: string;
  readonly cluster: { readonly arn: string; readonly accountId: string; readonly region: string };
  /** Path and query below the cluster's own address. */
  readonly requestUri: string;
  /** Kubernetes' verb: `get`, `list`, `create`, … */
  readonly verb: string;
  readonly sourceIp: string;
  readonly userAgent?: string;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  readonly authentication: RequestAuthentication;
  /** Of the request itself; its `user` is who the request counts as. */
  readonly attributes?: Attributes;
  /** The last one: of the request, or of an impersonation or a further permission that was refused. */
  readonly decision?: Decision;
  /** The verb of the constrained impersonation mode that let the request through. */
  readonly constraint?: string;
  /** What admission wants remembered: of webhooks, their names and what they said. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly status: number;
  /** Kubernetes' reason of a failure: `Forbidden`, `NotFound`, … */
  readonly reason?: string;
  /** What the client was told of a refusal; never a text that quotes what it sent. */
  readonly message?: string;
  /** The answer has only begun (a watch). */
  readonly streams?: boolean;
}

/** What became of the credential. */
export interface RequestAuthentication {
  /** `none`: nothing was presented; `unreadable`: what was presented is no credential we can judge. */
  readonly outcome: 'authenticated' | 'refused' | 'unavailable' | 'none' | 'unreadable';
  /** Before impersonation. */
  readonly user?: UserInfo;
  /** Stable word for the outcome: `expired`, `unknownAccessKey`, `noMapping`, `accessEntry`, … */
  readonly code?: string;
  readonly accessKeyId?: string;
  readonly principalArn?: string;
  readonly principalId?: string;
  readonly mappedBy?: { readonly source: string; readonly arn: string };
}

/** Where requests to clusters are recorded; the same division as `CallRecorder`. */
export interface ClusterRecorder {
  /** What belongs into the batch of a request that writes. */
  recordOf(request: ClusterRequest): readonly Put[];
  /** Every other request; must not throw. */
  record(request: ClusterRequest): void;
}
