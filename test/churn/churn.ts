/**
 * Runs a controller on informers of the stock library while websites come, change and go, and its connections are cut
 * again and again; then looks whether it missed anything.
 *
 *   node test/churn/churn.ts [SECONDS] [SEED]
 *
 * A missed event is one of these: an acknowledged write whose version no event showed, an object that changes before it is
 * there, a cache that differs from a fresh list when all is quiet.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  AppsV1Api,
  CoreV1Api,
  KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
} from '@kubernetes/client-node';
import { startCluster } from '../../src/embedded/cluster.ts';
import { createRandom, type Random } from '../differential/random.ts';
import { seedOfRun } from '../seed.ts';
import { startController, type WebsiteController } from './controller.ts';
import { type CuttingProxy, openCuttingProxy } from './cuttingproxy.ts';
import type { Observer } from './observer.ts';
import { type Websites, websiteDefinition, websiteLabel, websitesIn } from './websites.ts';

export interface ChurnReport {
  readonly writes: number;
  readonly cuts: number;
  readonly connectionsCut: number;
  /** Of the three informers together. */
  readonly events: number;
  readonly lists: number;
  readonly reconciled: number;
  readonly retried: number;
  /** From the last write until all was as it must be. */
  readonly settledMs: number;
  /** Whatever was missed or is wrong at the end; empty when all is well. */
  readonly problems: readonly string[];
}

const namespace = 'websites';
const writers = 4;
const sitesOfWriter = 8;
const settleMs = 20_000;

export async function churn(options: {
  readonly seconds: number;
  readonly seed: number;
}): Promise<ChurnReport> {
  await using cluster = await startCluster({
    manifests: [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
      websiteDefinition,
      administrator,
    ],
  });
  const { port } = new URL(cluster.url);
  const proxy = await openCuttingProxy(Number(port));
  // A service account's token outlives the longest campaign.
  const kubeconfig = await cluster.kubeconfigFor({ serviceAccount: 'churn' });
  const direct = new KubeConfig();
  direct.loadFromString(kubeconfig);
  const throughProxy = new KubeConfig();
  throughProxy.loadFromString(kubeconfig.replace(`:${port}/`, `:${proxy.port}/`));
  const controller = await startController(throughProxy, namespace);
  try {
    return await campaign(options, { direct, controller, proxy });
  } finally {
    await controller.stop();
    await proxy.close();
  }
}

const administrator = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: churn, namespace: default}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: churn}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: churn, namespace: default}]
`;

interface Stage {
  readonly direct: KubeConfig;
  readonly controller: WebsiteController;
  readonly proxy: CuttingProxy;
}

async function campaign(
  { seconds, seed }: { readonly seconds: number; readonly seed: number },
  { direct, controller, proxy }: Stage,
): Promise<ChurnReport> {
  const end = performance.now() + seconds * 1000;
  const websites = websitesIn(direct, namespace);
  /** Versions of the websites that writes were answered with. */
  const acknowledged: string[] = [];
  const writing = Array.from({ length: writers }, async (_, writer) => {
    const random = createRandom(seed + writer);
    const sites = new Map<string, 'shown' | 'hidden'>();
    while (performance.now() < end) await writeOnce({ websites, random, writer, sites, acknowledged });
    for (const [name, state] of sites) {
      if (state === 'hidden') acknowledged.push(await label(websites, name, 'yes'));
    }
  });
  const random = createRandom(seed + writers);
  let cuts = 0;
  let connectionsCut = 0;
  while (performance.now() < end) {
    await delay(100 + random.below(400));
    connectionsCut += proxy.cut();
    cuts += 1;
  }
  await Promise.all(writing);

  const quiet = performance.now();
  let problems = await differences(direct, controller);
  while (problems.length > 0 && performance.now() - quiet < settleMs) {
    await delay(50);
    problems = await differences(direct, controller);
  }
  const settledMs = performance.now() - quiet;
  const observers: readonly Observer<KubernetesObject>[] = [
    controller.sites,
    controller.deployments,
    controller.services,
  ];
  const unseen = acknowledged.filter((version) => !controller.sites.seen.has(version));
  return {
    writes: acknowledged.length,
    cuts,
    connectionsCut,
    events: sum(observers, ({ events }) => events),
    lists: sum(observers, ({ lists }) => lists),
    ...controller.figures,
    settledMs,
    problems: [
      ...problems,
      ...observers.flatMap((observer) => observer.problems),
      ...unseen.map((version) => `no event showed the acknowledged write at ${version}`),
    ],
  };
}

/** One write of a website, as it comes: made, changed, hidden from the selector, shown again, deleted. */
async function writeOnce(turn: {
  readonly websites: Websites;
  readonly random: Random;
  readonly writer: number;
  readonly sites: Map<string, 'shown' | 'hidden'>;
  readonly acknowledged: string[];
}): Promise<void> {
  const { websites, random, sites, acknowledged } = turn;
  const name = `site-${turn.writer}-${random.below(sitesOfWriter)}`;
  const state = sites.get(name);
  const spec = { host: `${name}-${random.below(1000)}.example`, replicas: random.below(9) };
  if (state === undefined) {
    const body = {
      apiVersion: 'example.com/v1',
      kind: 'Website',
      metadata: { name, labels: { [websiteLabel]: 'yes' } },
      spec,
    };
    // One of that name may still wait for its finalizer.
    const made = await websites.create(body).catch(exceptConflict);
    if (made === undefined) return;
    sites.set(name, 'shown');
    acknowledged.push(made.metadata?.resourceVersion ?? '');
  } else if (state === 'hidden') {
    sites.set(name, 'shown');
    acknowledged.push(await label(websites, name, 'yes'));
  } else if (random.chance(0.6)) {
    const changed = await websites.patch(name, { spec });
    acknowledged.push(changed.metadata?.resourceVersion ?? '');
  } else if (random.chance(0.5)) {
    sites.set(name, 'hidden');
    acknowledged.push(await label(websites, name, null));
  } else {
    sites.delete(name);
    await websites.delete(name);
  }
}

function exceptConflict(error: unknown): undefined {
  if ((error as { readonly code?: unknown }).code !== 409) throw error;
}

async function label(websites: Websites, name: string, value: string | null): Promise<string> {
  const { metadata } = await websites.patch(name, { metadata: { labels: { [websiteLabel]: value } } });
  return metadata?.resourceVersion ?? '';
}

/** What is not yet, or not at all, as it must be when nobody writes any more. */
async function differences(direct: KubeConfig, controller: WebsiteController): Promise<readonly string[]> {
  if (!controller.isIdle) return ['the controller is still at work'];
  const core = direct.makeApiClient(CoreV1Api);
  const apps = direct.makeApiClient(AppsV1Api);
  const labelSelector = websiteLabel;
  const [sites, deployments, services] = await Promise.all([
    websitesIn(direct, namespace).list(),
    apps.listNamespacedDeployment({ namespace }),
    core.listNamespacedService({ namespace, labelSelector }),
  ]);
  const problems = [
    ...cacheDifferences('websites', sites, controller.sites),
    ...cacheDifferences('deployments', deployments, controller.deployments),
    ...cacheDifferences('services', services, controller.services),
  ];
  for (const [what, list] of Object.entries({ deployments, services, directory: undefined })) {
    const names = list
      ? list.items.map(({ metadata }) => metadata?.name ?? '')
      : [...controller.directory.keys()];
    const wanted = sites.items.map(({ metadata }) => metadata?.name ?? '');
    const odd = new Set(names).symmetricDifference(new Set(wanted));
    if (odd.size > 0) problems.push(`${what} and websites differ: ${[...odd].join(', ')}`);
  }
  for (const { metadata, spec, status } of sites.items) {
    const name = metadata?.name ?? '';
    const deployment = deployments.items.find((one) => one.metadata?.name === name);
    if (metadata?.deletionTimestamp !== undefined) problems.push(`website ${name} is still being deleted`);
    else if (deployment?.spec?.replicas !== spec.replicas || status?.ready !== spec.replicas) {
      problems.push(
        `website ${name} wants ${spec.replicas}, has ${deployment?.spec?.replicas}, notes ${status?.ready}`,
      );
    }
    if (deployment?.metadata?.ownerReferences?.[0]?.uid !== metadata?.uid) {
      problems.push(`the deployment of website ${name} belongs to an earlier one`);
    }
    if (controller.directory.get(name) !== spec.host)
      problems.push(`the directory has another host for ${name}`);
  }
  return problems;
}

function cacheDifferences<Item extends KubernetesObject>(
  what: string,
  fresh: KubernetesListObject<Item>,
  cache: Observer<Item>,
): readonly string[] {
  const versions = (items: readonly Item[]) =>
    new Set(items.map(({ metadata }) => `${metadata?.name}@${metadata?.resourceVersion}`));
  const odd = versions(fresh.items).symmetricDifference(versions(cache.list()));
  return odd.size === 0 ? [] : [`the cache of ${what} differs from a fresh list: ${[...odd].join(', ')}`];
}

function sum<Item>(items: readonly Item[], figure: (item: Item) => number): number {
  return items.reduce((total, item) => total + figure(item), 0);
}

if (import.meta.main) {
  const seconds = Number(process.argv[2] ?? 60);
  const seed = Number(process.argv[3] ?? seedOfRun());
  process.stdout.write(`churn for ${seconds} s, seed ${seed}\n`);
  const { problems, settledMs, ...figures } = await churn({ seconds, seed });
  const shown = { ...figures, 'writes a second': Math.round(figures.writes / seconds) };
  for (const [name, figure] of Object.entries(shown)) process.stdout.write(`${name.padEnd(16)}${figure}\n`);
  process.stdout.write(`${'settled in'.padEnd(16)}${settledMs.toFixed(0)} ms\n`);
  process.stdout.write(problems.length === 0 ? 'nothing was missed\n' : `${problems.join('\n')}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
