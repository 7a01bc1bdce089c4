import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest';
import { openBlockList } from '../../src/access/blocklist.ts';
import type { KubernetesAuditEvent } from '../../src/audit/kubernetes/event.ts';
import { createMemoryStorage } from '../../src/storage/memory/memory.ts';
import { startTestApi, type TestAnswer, type TestApi } from './fixture.ts';
import { type HookAnswer, type Review, startWebhookServer, type WebhookServer } from './webhookserver.ts';

export const registration = '/apis/admissionregistration.k8s.io/v1';
export const configMaps = '/api/v1/namespaces/default/configmaps';
export const deployments = '/apis/apps/v1/namespaces/default/deployments';

export interface Hook {
  readonly kind?: 'mutating' | 'validating';
  readonly name?: string;
  /** Members of the webhook beside its defaults. */
  readonly webhook?: Record<string, unknown>;
  readonly resources?: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly operations?: readonly string[];
}

/** A cluster and a server of webhooks, for the tests of the file that calls this; each test begins without webhooks. */
export function openAdmissionWorld() {
  let api: TestApi;
  let server: WebhookServer;
  const blocked = createMemoryStorage();
  /** Milliseconds asked for, and what the test makes of them. */
  const asked: number[] = [];
  let deadline: (milliseconds: number) => AbortSignal = AbortSignal.timeout;
  /** Paths of what the test made and leaves behind. */
  const made: string[] = [];
  let count = 0;

  beforeAll(async () => {
    server = await startWebhookServer();
    api = await startTestApi({
      blocks: await openBlockList({ storage: blocked }),
      admissionWebhooks: {
        deadline(milliseconds) {
          asked.push(milliseconds);
          return deadline(milliseconds);
        },
      },
    });
    await api.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'hooks' } } });
  });
  afterAll(async () => {
    await api.close();
    await server.close();
  });
  afterEach(async () => {
    for (const path of made.splice(0)) await api.call('DELETE', path);
    server.seen.splice(0);
    server.hooks.clear();
    asked.splice(0);
    deadline = AbortSignal.timeout;
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  return {
    ...{ blocked, asked, made },
    get api(): TestApi {
      return api;
    },
    get server(): WebhookServer {
      return server;
    },
    /** What a webhook is given instead of a signal after so many milliseconds. */
    giveTime(given: (milliseconds: number) => AbortSignal): void {
      deadline = given;
    },
    /** Configures one webhook and says what it answers. */
    async hook(
      answer: (request: Review) => HookAnswer | Promise<HookAnswer>,
      { kind = 'validating', name = 'one', webhook, resources, apiGroups, operations }: Hook = {},
    ): Promise<TestAnswer> {
      server.hooks.set(`/${name}`, answer);
      const collection = `${registration}/${kind}webhookconfigurations`;
      const configured = await api.call('POST', collection, {
        body: {
          metadata: { name },
          webhooks: [
            {
              name: `${name}.example.com`,
              clientConfig: { url: `https://127.0.0.1:${server.port}/${name}`, caBundle: server.caBundle },
              rules: [
                {
                  operations: operations ?? ['*'],
                  apiGroups: apiGroups ?? [''],
                  apiVersions: ['v1'],
                  resources: resources ?? ['configmaps'],
                },
              ],
              sideEffects: 'None',
              admissionReviewVersions: ['v1'],
              ...webhook,
            },
          ],
        },
      });
      expect(configured.status, configured.text).toBe(201);
      made.push(`${collection}/${name}`);
      return configured;
    },
    /** Makes a ConfigMap, or an object in another collection, under a name that no other has. */
    create(object: object = {}, options: { readonly path?: string; readonly query?: string } = {}) {
      count += 1;
      const { path = configMaps, query = '' } = options;
      return api.call('POST', path + query, { body: { metadata: { name: `c${count}` }, ...object } });
    },
    /** The number in the name that `create` gave last. */
    get count(): number {
      return count;
    },
    /** What is recorded of an answered request. */
    async auditEvent({ headers }: TestAnswer): Promise<KubernetesAuditEvent | undefined> {
      const { items } = await api.trail.read({ limit: 5 });
      return items
        .flatMap((item) => (item.kind === 'kubernetes' ? [item.event] : []))
        .find(({ auditID }) => auditID === headers['audit-id']);
    },
    exists: async (name: string) => (await api.call('GET', `${configMaps}/${name}`)).status === 200,
  };
}
