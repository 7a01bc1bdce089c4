/**
 * A controller as people write them with the stock library: a website, a custom resource, gets a Deployment and a Service
 * that it owns, a place in a directory outside of the cluster that a finalizer takes back, and in its status how many
 * replicas are ready. Nothing here knows that connections are cut, beyond trying again.
 */
import {
  AppsV1Api,
  CoreV1Api,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1Deployment,
  type V1Service,
} from '@kubernetes/client-node';
import { type Observer, observe } from './observer.ts';
import { type Website, websiteLabel, websitesIn } from './websites.ts';

const finalizer = 'example.com/directory';

export interface WebsiteController {
  readonly sites: Observer<Website>;
  readonly deployments: Observer<V1Deployment>;
  readonly services: Observer<V1Service>;
  /** The world outside: host by name of the website. */
  readonly directory: ReadonlyMap<string, string>;
  /** Nothing is queued or under way. */
  readonly isIdle: boolean;
  readonly figures: { readonly reconciled: number; readonly retried: number };
  stop(): Promise<void>;
}

const parallel = 6;
const pauseMs = 20;

const apply = setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply);
const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

export async function startController(config: KubeConfig, namespace: string): Promise<WebsiteController> {
  const core = config.makeApiClient(CoreV1Api);
  const apps = config.makeApiClient(AppsV1Api);
  const websites = websitesIn(config, namespace);
  const directory = new Map<string, string>();
  const waiting = new Set<string>();
  const working = new Set<string>();
  const later = new Set<NodeJS.Timeout>();
  const figures = { reconciled: 0, retried: 0 };
  let stopped = false;

  const enqueue = (name: string): void => {
    waiting.add(name);
    pump();
  };
  const pump = (): void => {
    for (const name of waiting) {
      if (stopped || working.size >= parallel) return;
      // One that is being worked on waits for its turn: never twice at once.
      if (working.has(name)) continue;
      waiting.delete(name);
      working.add(name);
      void reconcile(name)
        .catch(() => {
          figures.retried += 1;
          const timer = setTimeout(() => {
            later.delete(timer);
            enqueue(name);
          }, pauseMs);
          later.add(timer);
        })
        .finally(() => {
          working.delete(name);
          pump();
        });
    }
  };

  const collection = (group: string, resource: string): string =>
    `${group}/namespaces/${namespace}/${resource}`;
  const labelSelector = websiteLabel;
  const ofName = (item: Website | V1Deployment | V1Service): void => enqueue(item.metadata?.name ?? '');
  const sites = await observe<Website>(config, websites.path, websites.list, {
    labelSelector,
    onChange: ofName,
  });
  const deployments = await observe<V1Deployment>(
    config,
    collection('/apis/apps/v1', 'deployments'),
    () => apps.listNamespacedDeployment({ namespace }),
    { onChange: ofName },
  );
  const services = await observe<V1Service>(
    config,
    collection('/api/v1', 'services'),
    () => core.listNamespacedService({ namespace, labelSelector }),
    { labelSelector, onChange: ofName },
  );

  const reconcile = async (name: string): Promise<void> => {
    figures.reconciled += 1;
    const site = sites.get(name, namespace);
    if (site?.metadata === undefined) return forget(name);
    const { finalizers = [], deletionTimestamp } = site.metadata;
    const isHeld = finalizers.includes(finalizer);
    if (deletionTimestamp !== undefined) {
      directory.delete(name);
      if (isHeld)
        await writeFinalizers(
          site,
          finalizers.filter((one) => one !== finalizer),
        );
      return;
    }
    // Before anything is done outside: else nothing would take it back.
    if (!isHeld) return writeFinalizers(site, [...finalizers, finalizer]);
    directory.set(name, site.spec.host);
    await writeDeployment(name, site);
    await writeService(name, site);
    await writeStatus(name, site);
  };

  /** It is gone, or none of ours any more. */
  const forget = async (name: string): Promise<void> => {
    directory.delete(name);
    if (deployments.get(name, namespace) !== undefined) {
      await ignoringAbsence(apps.deleteNamespacedDeployment({ name, namespace }));
    }
    if (services.get(name, namespace) !== undefined) {
      await ignoringAbsence(core.deleteNamespacedService({ name, namespace }));
    }
  };

  /** A replacement of exactly what was read: a conflict is tried again with what is there by then. */
  const writeFinalizers = async (site: Website, finalizers: string[]): Promise<void> => {
    await ignoringAbsence(websites.replace({ ...site, metadata: { ...site.metadata, finalizers } }));
  };

  const owned = (name: string, site: Website) => ({
    name,
    labels: { [websiteLabel]: 'yes' },
    ownerReferences: [
      {
        apiVersion: 'example.com/v1',
        kind: 'Website',
        name,
        uid: site.metadata?.uid ?? '',
        controller: true,
      },
    ],
  });

  const writeDeployment = async (name: string, site: Website): Promise<void> => {
    const there = deployments.get(name, namespace);
    const { replicas } = site.spec;
    if (there?.spec?.replicas === replicas && isOwnedBy(there, site)) return;
    const labels = { app: name };
    const body = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: owned(name, site),
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: 'site', image: 'registry.example/site:1' }] },
        },
      },
    };
    await apps.patchNamespacedDeployment(
      { name, namespace, body, fieldManager: 'websites', force: true },
      apply,
    );
  };

  const writeService = async (name: string, site: Website): Promise<void> => {
    const there = services.get(name, namespace);
    if (there !== undefined && isOwnedBy(there, site)) return;
    const body = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: owned(name, site),
      spec: { selector: { app: name }, ports: [{ port: 80 }] },
    };
    await core.patchNamespacedService(
      { name, namespace, body, fieldManager: 'websites', force: true },
      apply,
    );
  };

  /** Nobody runs pods here: the controller plays their part, too. */
  const writeStatus = async (name: string, site: Website): Promise<void> => {
    const { spec, status, metadata } = deployments.get(name, namespace) ?? {};
    if (spec?.replicas === undefined) return;
    if (status?.readyReplicas !== spec.replicas || status.observedGeneration !== metadata?.generation) {
      const { replicas } = spec;
      const ready = { replicas, readyReplicas: replicas, observedGeneration: metadata?.generation };
      await ignoringAbsence(
        apps.patchNamespacedDeploymentStatus({ name, namespace, body: { status: ready } }, merge),
      );
      return;
    }
    if (site.status?.ready === status.readyReplicas) return;
    // Of this very website: a later one of the same name has its own.
    const body = { metadata: { uid: site.metadata?.uid }, status: { ready: status.readyReplicas } };
    await ignoringAbsence(websites.patchStatus(name, body));
  };

  return {
    sites,
    deployments,
    services,
    directory,
    figures,
    get isIdle() {
      return waiting.size === 0 && working.size === 0 && later.size === 0;
    },
    async stop() {
      stopped = true;
      for (const timer of later) clearTimeout(timer);
      await Promise.all([sites.stop(), deployments.stop(), services.stop()]);
    },
  };
}

function isOwnedBy(item: V1Deployment | V1Service, site: Website): boolean {
  const owners = item.metadata?.ownerReferences ?? [];
  return owners.length === 1 && owners[0]?.uid === site.metadata?.uid;
}

async function ignoringAbsence(call: Promise<unknown>): Promise<void> {
  await call.catch((error: unknown) => {
    if ((error as { readonly code?: unknown }).code !== 404) throw error;
  });
}
