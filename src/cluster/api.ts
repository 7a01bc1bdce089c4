import type { AccessRegistry, Authentication } from '../access/access.ts';
import type { BlockList } from '../access/blocklist.ts';
import type { ServiceAccountTokens } from '../access/serviceaccounts.ts';
import type { ClusterRecorder } from '../audit/requests.ts';
import type { Attributes, UserInfo } from '../engine/authorizer/attributes.ts';
import type { Decision } from '../engine/authorizer/decision.ts';
import type { ClusterRecord } from '../storage/records/eks.ts';
import type { Storage } from '../storage/storage.ts';
import { createPageTokens } from '../wire/protocols/pagetoken.ts';
import { createAdmissionWebhooks, type WebhookOptions } from './admission/webhooks.ts';
import type { ApiContext, ClusterLog, RandomSource } from './context.ts';
import { builtInControllers } from './controllers/builtin.ts';
import { createControllers } from './controllers/controller.ts';
import { onceServed } from './controllers/served.ts';
import { type HttpRequest, type HttpResponse, serveRequest } from './exchange.ts';
import { defaultLimits, type KubernetesApiLimits } from './limits.ts';
import { reconcileCluster } from './reconcile.ts';
import { createServedResources } from './resources/served.ts';
import { endWatchesOfDeleted } from './watch/deletedclusters.ts';
import { endRevokedWatches } from './watch/revokedtokens.ts';
import { createWatchSlots } from './watch/slots.ts';
import { createWatching } from './watch/watching.ts';

export type { HttpRequest, HttpResponse } from './exchange.ts';
export { createKubernetesServer } from './server.ts';

/** The Kubernetes API of every built-in cluster, below `/clusters/<account>/<region>/<name>/`. */
export interface KubernetesApi {
  /** Serves one request of a node http or http2 server. Never rejects. */
  handle(request: HttpRequest, response: HttpResponse): Promise<void>;
  /** Makes good what a cluster needs when a process starts to serve it; safe to call again at any time. */
  reconcile(cluster: ClusterRecord): Promise<void>;
  /**
   * Resolves when the controllers have nothing to do: what a client's writes bring about (dependents collected, a namespace
   * emptied) has been done. What waits for a time, or for another try after a failure, does not count.
   */
  idle(): Promise<void>;
  /** Stops the controllers and ends every watch cleanly; later watches are refused. Requests under way go on. */
  close(): void;
  /** Watches open now. */
  readonly openWatches: number;
}

/** What became of one request: who asked, what was decided and why. Never holds a token. */
export interface KubernetesOutcome {
  /** Also in the answer's `Audit-Id` header. */
  readonly auditId: string;
  readonly clusterId: string | undefined;
  /** Undefined when no credential was presented or it was unreadable. */
  readonly authentication: Authentication | undefined;
  /** Of the request itself, or of the impersonation that was refused. */
  readonly attributes: Attributes | undefined;
  readonly decision: Decision | undefined;
  readonly status: number;
}

export interface KubernetesApiOptions {
  readonly storage: Storage;
  readonly access: AccessRegistry;
  /** Makes tokens and publishes their keys; the registry judges them with the same. */
  readonly serviceAccounts: ServiceAccountTokens;
  /** URL of the cluster's API, as DescribeCluster shows it. */
  readonly endpointOf: (cluster: ClusterRecord) => string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly random: RandomSource;
  readonly log: ClusterLog;
  readonly limits?: Partial<KubernetesApiLimits>;
  /** The CA that new namespaces carry in kube-root-ca.crt. */
  readonly caPem?: string;
  /** Constrained impersonation, as behind Kubernetes' feature gate of that name; clusters below 1.36 do not have it. */
  readonly constrainedImpersonation?: boolean;
  /** Where the pods of a Pod Identity association find the agent; without it, where they do on EKS. */
  readonly podIdentityAgentUri?: string;
  /** Where admission webhooks may be called; without it, on this machine alone. */
  readonly admissionWebhooks?: WebhookOptions;
  /** Open watches of principals that are blocked are ended; the registry refuses their tokens. */
  readonly blocks?: Pick<BlockList, 'ofUser' | 'onChange'>;
  /** Where every request to a cluster is recorded, one that writes in the commit of its change. */
  readonly recorder: ClusterRecorder;
  /** Called before the answer is sent; must not throw. */
  readonly observe?: (outcome: KubernetesOutcome) => void;
}

export function createKubernetesApi(options: KubernetesApiOptions): KubernetesApi {
  const limits = { ...defaultLimits, ...options.limits };
  const watches = createWatchSlots(limits);
  const watching = createWatching(options.storage, limits);
  const served = createServedResources(
    options.storage,
    (clusterId) => options.access.cluster(clusterId) !== undefined,
  );
  const { blocks, now } = options;
  const isBlocked = (user: UserInfo): boolean => blocks?.ofUser(user, now()) !== undefined;
  const silence = blocks?.onChange(() => watches.stopThose(isBlocked));
  const forgetRevoked = endRevokedWatches(options.storage, watches);
  const forgetDeleted = endWatchesOfDeleted(options.storage, watches);
  const context: ApiContext = {
    storage: options.storage,
    access: options.access,
    recorder: options.recorder,
    serviceAccounts: options.serviceAccounts,
    endpointOf: options.endpointOf,
    now,
    random: options.random,
    log: options.log,
    limits,
    pageTokens: createPageTokens(options.random.bytes(32)),
    watches,
    watching,
    served: served.of,
    loadServed: served.load,
    onServedChange: served.onChange,
    webhooks: createAdmissionWebhooks(options.storage, options.admissionWebhooks ?? {}),
    isBlocked,
    bodies: { held: 0 },
    caPem: options.caPem ?? '',
    constrainedImpersonation: options.constrainedImpersonation === true,
    podIdentityAgentUri: options.podIdentityAgentUri,
  };
  const controllers = createControllers(
    context,
    builtInControllers.map((create) => onceServed(create, served.load)),
  );
  const observe = options.observe ?? (() => undefined);
  return {
    handle: (request, response) => serveRequest(context, request, response, observe),
    async reconcile(cluster) {
      await served.load(cluster);
      await reconcileCluster(context, cluster);
      await controllers.start(cluster.clusterId);
    },
    idle: () => controllers.idle(),
    close() {
      controllers.close();
      served.close();
      silence?.();
      forgetRevoked();
      forgetDeleted();
      watches.close();
      watching.close();
      context.webhooks.close();
    },
    get openWatches() {
      return watches.open;
    },
  };
}
