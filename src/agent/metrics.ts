import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What the agent counts. Labels come from closed sets, never from what a pod sent. */
export interface AgentMetrics {
  /** To a pod. */
  answered(status: number): void;
  cache(state: 'hit' | 'miss' | 'evicted'): void;
  /** A renewal that failed; `final` when its credentials are gone with it. */
  renewalFailed(kind: 'final' | 'passing'): void;
  /** A call of EKS Auth; see `EksAuthOptions.called`. */
  called(code: string, milliseconds: number): void;
  render(): Promise<{ readonly contentType: string; readonly body: string }>;
}

/** The first three have the upstream agent's names and labels, so that what watches that one watches this one, too. */
export function createAgentMetrics(held: () => number): AgentMetrics {
  const registry = new Registry();
  const registers = [registry];
  const answers = new Counter({
    name: 'pod_identity_http_response',
    help: 'Answers to pods by HTTP status',
    labelNames: ['code'],
    registers,
  });
  const cacheStates = new Counter({
    name: 'pod_identity_cache_state',
    help: 'Credentials answered from the cache, not found there, and gone from it',
    labelNames: ['state'],
    registers,
  });
  const cacheErrors = new Counter({
    name: 'pod_identity_cache_errors',
    help: 'Renewals that failed; NonRecoverable ones took the credentials with them',
    labelNames: ['type'],
    registers,
  });
  const calls = new Histogram({
    name: 'entryway_agent_eks_auth_duration_seconds',
    help: 'Time that EKS Auth took to answer, by error code (OK when none; none when nothing came)',
    labelNames: ['code'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  });
  new Gauge({
    name: 'entryway_agent_cached_credentials',
    help: 'Tokens whose credentials are held',
    registers,
    collect() {
      this.set(held());
    },
  });
  return {
    answered: (status) => answers.inc({ code: String(status) }),
    cache: (state) => cacheStates.inc({ state }),
    renewalFailed: (kind) => cacheErrors.inc({ type: kind === 'final' ? 'NonRecoverable' : 'Recoverable' }),
    called: (code, milliseconds) => calls.observe({ code }, milliseconds / 1000),
    async render() {
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}
