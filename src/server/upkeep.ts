import type { AccessRegistry } from '../access/access.ts';
import type { KubernetesApi } from '../cluster/api.ts';
import { sweepOrphans } from '../services/eks/orphans.ts';
import type { Storage } from '../storage/storage.ts';
import type { Log } from './log.ts';

export interface Upkeep {
  /** Begins nothing new and waits for the step under way. */
  stop(): Promise<void>;
}

/**
 * What a start has to make good, done beside serving: what deleted clusters left behind, deletions that a crash cut
 * off, and the default RBAC objects of every built-in cluster (kubernetes-facts B21). A step that fails is logged and
 * leaves the rest to run; all of it can run again at the next start.
 */
export function startUpkeep(dependencies: {
  readonly storage: Storage;
  readonly access: AccessRegistry;
  readonly kubernetes: Pick<KubernetesApi, 'reconcile'>;
  readonly log: Log;
}): Upkeep {
  const { storage, access, log } = dependencies;
  let stopping = false;
  const step = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    if (stopping) return;
    await work().catch((error: unknown) => log.warn({ error: String(error) }, `${what} failed`));
  };
  const done = (async () => {
    await step('removing what deleted clusters left behind', () => sweepOrphans({ storage }));
    for (const { cluster } of [...access.clusters()]) {
      // The objects of a connected cluster are its own.
      if (cluster.kind !== 'builtIn') continue;
      await step(`reconciling cluster ${cluster.name}`, () => dependencies.kubernetes.reconcile(cluster));
    }
  })();
  return {
    stop() {
      stopping = true;
      return done;
    },
  };
}
