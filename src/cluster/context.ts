import type { AccessRegistry, ClusterAccess } from '../access/access.ts';
import type { ServiceAccountTokens } from '../access/serviceaccounts.ts';
import type { ClusterRecorder } from '../audit/requests.ts';
import type { Attributes, UserInfo } from '../engine/authorizer/attributes.ts';
import type { Principal } from '../engine/iam/principal.ts';
import type { ClusterRecord } from '../storage/records/eks.ts';
import type { Storage, StoredEntry } from '../storage/storage.ts';
import type { BodyBytes } from '../wire/kube/requestbody.ts';
import type { ResourceDefinition, ResourceTable } from '../wire/kube/resources.ts';
import type { PageTokens } from '../wire/protocols/pagetoken.ts';
import type { AdmissionWebhooks } from './admission/webhooks.ts';
import type { KubernetesApiLimits } from './limits.ts';
import type { KubeObject } from './objects/object.ts';
import type { HeaderLines } from './request/headers.ts';
import type { ServedResources } from './resources/served.ts';
import type { WatchSlots } from './watch/slots.ts';
import type { Watching } from './watch/watching.ts';

/** Randomness and ids are passed in, so that tests can fix them. */
export interface RandomSource {
  bytes(length: number): Uint8Array;
  uuid(): string;
}

/** The part of a pino logger this room uses. Fields are from an allow-list: never a token, header or body. */
export interface ClusterLog {
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** What every handler may use. */
export interface ApiContext {
  readonly storage: Storage;
  readonly access: AccessRegistry;
  readonly recorder: ClusterRecorder;
  readonly serviceAccounts: ServiceAccountTokens;
  /** URL of the cluster's API, as DescribeCluster shows it. */
  readonly endpointOf: (cluster: ClusterRecord) => string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly random: RandomSource;
  readonly log: ClusterLog;
  readonly limits: KubernetesApiLimits;
  readonly pageTokens: PageTokens;
  readonly watches: WatchSlots;
  readonly watching: Watching;
  /** What a cluster serves at this moment. */
  readonly served: (cluster: Pick<ClusterRecord, 'clusterId' | 'version'>) => ResourceTable;
  /** Reads what a cluster serves beside Kubernetes' own; `served` answers 503 until that is done. */
  readonly loadServed: (cluster: Pick<ClusterRecord, 'clusterId' | 'version'>) => Promise<void>;
  /** Tells once or more when a custom resource is no longer what it was, until what it answers is called. */
  readonly onServedChange: ServedResources['onChange'];
  /** The admission webhooks of every cluster, as configured at this moment. */
  readonly webhooks: AdmissionWebhooks;
  /** Whether a block holds for who presented a credential, or is asked about. */
  readonly isBlocked: (user: UserInfo) => boolean;
  readonly bodies: BodyBytes;
  /** Whether clusters from 1.36 on try constrained impersonation before the plain one (kubernetes-facts A17). */
  readonly constrainedImpersonation: boolean;
  /** Where the pods of a Pod Identity association find the agent; undefined: where they do on EKS. */
  readonly podIdentityAgentUri: string | undefined;
  /** The CA that kube-root-ca.crt shows in each namespace; '' leaves that ConfigMap out. */
  readonly caPem: string;
}

/**
 * A resource request that has been authenticated and authorized.
 *
 * INVARIANT: verb, resource, subresource, namespace and name are the authorized attributes themselves; handlers
 * decide by them alone and never look at the path again.
 */
export interface ResourceRequest {
  readonly cluster: ClusterAccess;
  /** As impersonated. */
  readonly user: UserInfo;
  /** Who presented the credential. */
  readonly caller: UserInfo;
  /** The IAM identity behind `caller` where aws-auth is what maps it. */
  readonly awsAuthPrincipal?: Principal;
  readonly verb: string;
  readonly resource: ResourceDefinition;
  /** What the cluster served when the request came: `resource` is one of it. */
  readonly served: ResourceTable;
  /** '' for none. */
  readonly subresource: string;
  /** '' at cluster scope, and for all namespaces. */
  readonly namespace: string;
  /** '' when the request names no object. */
  readonly name: string;
  readonly query: URLSearchParams;
  readonly headers: HeaderLines;
  readonly readBody: () => Promise<Uint8Array>;
  /** Tells the client something beside the answer, whatever that is: a Warning header, each text once. */
  readonly warn: (text: string) => void;
  /** Adds to the request's audit record; nobody else sees it. */
  readonly annotate: (key: string, value: string) => void;
  /** Ends when the client is gone or the time for admission is over; the same signal for all of the request. */
  readonly ended: () => AbortSignal;
  /** A second permission the request turns out to need; a refusal is thrown, and recorded as what decided. */
  readonly authorizeAlso: (attributes: Attributes) => void;
}

/** What a handler answers; `respond.ts` turns it into the form the client accepts. */
export type Answer =
  | {
      readonly kind: 'object';
      readonly status: number;
      readonly object: KubeObject;
      /** The resource whose Table columns fit; without it the object is only served as it is. */
      readonly resource?: ResourceDefinition;
    }
  | {
      readonly kind: 'list';
      readonly resource: ResourceDefinition;
      readonly items: readonly KubeObject[];
      readonly metadata: Readonly<Record<string, unknown>>;
    }
  /** A list whose objects are read, and written, only while they are sent. */
  | {
      readonly kind: 'storedList';
      readonly resource: ResourceDefinition;
      readonly entries: readonly StoredEntry[];
      /** An object as the reader sees it; undefined when that is just what is stored. */
      readonly view: ((object: KubeObject) => KubeObject) | undefined;
      readonly metadata: Readonly<Record<string, unknown>>;
    }
  | {
      readonly kind: 'document';
      /** 200 unless it says otherwise. */
      readonly status?: 304;
      readonly contentType: string;
      readonly body: string | Uint8Array;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Exactly one of `start` and `cancel` is called. */
  | {
      readonly kind: 'watch';
      readonly start: (stream: WatchStream) => void;
      readonly cancel: () => void;
    };

/** The open response of a watch, headers already flushed. */
export interface WatchStream {
  /** False when it was taken, but nothing more should come before `onDrain`. */
  write(lines: string | Buffer): boolean;
  end(): void;
  destroy(): void;
  onDrain(listener: () => void): void;
  onClose(listener: () => void): void;
}
