import type { RequestListener, Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { createGate } from '../clients/gate.ts';
import { agentUri, agentUriIpv6 } from '../engine/podcredentials/names.ts';
import type { SigningCredentials } from '../wire/sigv4/sign.ts';
import { createDoor, type Door, type DoorBounds } from './doors.ts';
import { createEksAuth } from './eksauth.ts';
import { createHandler } from './handler.ts';
import { createAgentMetrics } from './metrics.ts';
import { operational } from './operational.ts';
import { AgentRefusal, reasonFor } from './refusal.ts';
import { createRetriever, type RetrieverBounds } from './retriever.ts';
import { type AgentLog, tellOf } from './telling.ts';
import { createTokenBucket } from './tokenbucket.ts';

/** Where EKS's own agent listens, and where the webhook sends pods (eks-access-facts J17, J20). */
export const agentHosts: readonly string[] = [agentUri, agentUriIpv6].map((uri) =>
  new URL(uri).hostname.replace(/^\[|\]$/g, ''),
);
export const agentPath = new URL(agentUri).pathname;

export interface AgentOptions {
  readonly clusterName: string;
  /** Of EKS Auth. */
  readonly endpoint: string;
  readonly region: string;
  /** The node's own, asked for before each call. */
  readonly credentials: () => Promise<SigningCredentials>;
  readonly log: AgentLog;
  /** Of all pods together; half as many may come at once. 1,000 when not given (eks-access-facts J18). */
  readonly requestsPerSecond?: number;
  readonly bounds?: Partial<RetrieverBounds>;
  readonly doorBounds?: Partial<DoorBounds>;
  /** Milliseconds. */
  readonly now?: () => number;
  /** In [0, 1). */
  readonly random?: () => number;
  /** Milliseconds between two looks at what is due; 0: only `sweep` looks. */
  readonly sweepInterval?: number;
}

/** The node agent of EKS Pod Identity. Its servers are to be listened on by the caller. */
export interface Agent {
  /** A server for pods at this address. Each answers to the addresses of all that listen, and to no other name. */
  podServer(host: string): Server;
  /** `/healthz` and `/readyz`: ready once a server for pods listens. */
  probeServer(): Server;
  /** `/metrics`, and the probes again. */
  metricsServer(): Server;
  sweep(): void;
  /** Lets requests under way finish for `grace` milliseconds, then ends everything. */
  close(grace?: number): Promise<void>;
}

const callsAtOnce = 32;
/** Calls that wait for others, and for how many milliseconds; longer than SDKs do. */
const waitingCalls = { waiting: 2_000, patience: 20_000 };

export function createAgent(options: AgentOptions): Agent {
  const { clusterName, endpoint, region, credentials, log, doorBounds } = options;
  const { now = Date.now, random = Math.random, requestsPerSecond = 1_000, sweepInterval = 1_000 } = options;
  const ended = new AbortController();
  const metrics = createAgentMetrics(() => retriever.size);
  const retriever = createRetriever({
    eksAuth: createEksAuth({
      ...{ clusterName, endpoint, region, credentials, random, signal: ended.signal },
      gate: createGate({ running: callsAtOnce, ...waitingCalls }),
      wait: (milliseconds) => delay(milliseconds, undefined, { signal: ended.signal }),
      called: metrics.called,
    }),
    ...{ now, random, ...(options.bounds !== undefined && { bounds: options.bounds }) },
    told: tellOf(metrics, log),
  });
  const requests = createTokenBucket({
    ...{ perSecond: requestsPerSecond, burst: Math.max(1, Math.floor(requestsPerSecond / 2)), now },
  });
  // What any pod can cause as often as it likes must not fill the log.
  const warnings = createTokenBucket({ perSecond: 1, burst: 50, now });
  const doors: Door[] = [];
  const podServers: (readonly [host: string, server: Server])[] = [];
  let closing = false;
  const open = (listener: RequestListener): Server => {
    const door = createDoor(listener, doorBounds);
    doors.push(door);
    return door.server;
  };
  const listeningAt = (): readonly string[] =>
    podServers.filter(([, { listening }]) => listening).map(([host]) => host);
  const isReady = (): boolean => !closing && listeningAt().length > 0;
  const timer = sweepInterval > 0 ? setInterval(retriever.sweep, sweepInterval).unref() : undefined;
  return {
    podServer(host) {
      const server = open(
        createHandler({
          ...{ retriever, requests, hosts: listeningAt, answered: metrics.answered },
          failed(error, status) {
            const level = error instanceof AgentRefusal || !warnings.take() ? 'debug' : 'warn';
            log[level]({ status, error: reasonFor(error) }, 'a pod got no credentials');
          },
        }),
      );
      podServers.push([host, server]);
      return server;
    },
    probeServer: () => open(operational(isReady)),
    metricsServer: () => open(operational(isReady, metrics.render)),
    sweep: retriever.sweep,
    async close(grace = 5_000) {
      closing = true;
      clearInterval(timer);
      await Promise.all(doors.map((door) => door.close(grace)));
      ended.abort();
    },
  };
}
