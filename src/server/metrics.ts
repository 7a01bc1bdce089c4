import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { StsFigures } from '../access/aws/sts.ts';
import { countSts } from './aws/metrics.ts';

/** What the process counts. Labels come from closed sets (operations, codes), never from what a client sent. */
export interface Metrics {
  awsRequest(outcome: { service: string; operation: string; code: string; seconds: number }): void;
  /** `verb` as authorized; undefined when the request did not get that far. */
  kubernetesRequest(outcome: { verb: string | undefined; status: number }): void;
  /** `outcome` is a code of ours: `authenticated`, `allowed`, `badPrefix`, `revokedCertificate`, … */
  webhookRequest(outcome: { webhook: string; outcome: string; status: number; seconds: number }): void;
  /** Counts alerts that are sent on; asked whenever somebody looks. */
  alerts(read: () => { delivered: number; lost: number; waiting: number }): void;
  /** Counts connected clusters by how following them goes; asked whenever somebody looks. */
  connectedClusters(read: () => Iterable<{ readonly state: string }>): void;
  /** Counts what AWS's STS was asked; asked whenever somebody looks. */
  sts(read: () => StsFigures): void;
  render(): Promise<{ readonly contentType: string; readonly body: string }>;
}

const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** The verbs HTTP requests map to; a client can send any method. */
const verbs = new Set([
  'get',
  'list',
  'watch',
  'create',
  'update',
  'patch',
  'delete',
  'deletecollection',
  'post',
]);

const followingStates = ['connecting', 'following', 'degraded', 'disconnected'];

export function createMetrics(readRevision: () => number): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const awsRequests = new Counter({
    name: 'entryway_aws_requests_total',
    help: 'AWS requests by service, operation and error code (OK when none)',
    labelNames: ['service', 'operation', 'code'],
    registers,
  });
  const awsSeconds = new Histogram({
    name: 'entryway_aws_request_duration_seconds',
    help: 'Time to answer an AWS request',
    labelNames: ['service'],
    buckets,
    registers,
  });
  const kubernetesRequests = new Counter({
    name: 'entryway_kubernetes_requests_total',
    help: 'Requests to built-in clusters by verb and HTTP status',
    labelNames: ['verb', 'status'],
    registers,
  });
  const webhookRequests = new Counter({
    name: 'entryway_webhook_requests_total',
    help: 'What API servers of connected clusters asked, by outcome; status 401 to 404 are refused callers',
    labelNames: ['webhook', 'outcome', 'status'],
    registers,
  });
  const webhookSeconds = new Histogram({
    name: 'entryway_webhook_request_duration_seconds',
    help: 'Time to answer an API server of a connected cluster',
    labelNames: ['webhook'],
    buckets,
    registers,
  });
  new Gauge({
    name: 'entryway_storage_revision',
    help: 'Revision of the last committed batch',
    registers,
    collect() {
      this.set(readRevision());
    },
  });
  new Gauge({
    name: 'entryway_resident_memory_bytes',
    help: 'Resident memory of the process',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  return {
    awsRequest({ service, operation, code, seconds }) {
      awsRequests.inc({ service, operation, code });
      awsSeconds.observe({ service }, seconds);
    },
    kubernetesRequest({ verb, status }) {
      const known = verb !== undefined && verbs.has(verb) ? verb : 'other';
      kubernetesRequests.inc({ verb: known, status: String(status) });
    },
    webhookRequest({ webhook, outcome, status, seconds }) {
      webhookRequests.inc({ webhook, outcome, status: String(status) });
      webhookSeconds.observe({ webhook }, seconds);
    },
    alerts(read) {
      new Gauge({
        name: 'entryway_alerts',
        help: 'Alerts since the start: delivered to the webhook, lost, or waiting to be sent',
        labelNames: ['state'],
        registers,
        collect() {
          for (const [state, count] of Object.entries(read())) this.set({ state }, count);
        },
      });
    },
    connectedClusters(read) {
      new Gauge({
        name: 'entryway_connected_clusters',
        help: 'Connected clusters that are followed, by how it goes',
        labelNames: ['state'],
        registers,
        collect() {
          const counts = new Map(followingStates.map((state) => [state, 0]));
          for (const { state } of read()) counts.set(state, (counts.get(state) ?? 0) + 1);
          for (const [state, count] of counts) this.set({ state }, count);
        },
      });
    },
    sts: (read) => countSts(registers, read),
    async render() {
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}
