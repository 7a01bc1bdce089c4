import type { AccessRegistry, ClusterAccess } from '../../access/access.ts';
import type { Storage } from '../../storage/storage.ts';
import { builtInResources } from '../../wire/kube/resources.ts';
import {
  type ControllerContext,
  type Controllers,
  type CreateController,
  createControllers,
} from './controller.ts';

export const clusterId = 'c';

/** Controllers of one built-in cluster over a store, as a process that starts has them. Its clock stands still. */
export function controllersOver(
  storage: Storage,
  create: readonly CreateController[],
): { readonly controllers: Controllers; readonly faults: readonly unknown[] } {
  const access = { cluster: { clusterId, kind: 'builtIn', version: '1.36' } } as ClusterAccess;
  const faults: unknown[] = [];
  const context = {
    storage,
    access: { cluster: (id: string) => (id === clusterId ? access : undefined) } as AccessRegistry,
    now: () => Date.parse('2026-01-15T12:00:00Z'),
    random: { uuid: () => crypto.randomUUID() },
    served: () => builtInResources,
    caPem: 'PEM',
    log: { warn: (fields: unknown) => void faults.push(fields), error: () => undefined },
  } as unknown as ControllerContext;
  return { controllers: createControllers(context, create), faults };
}
