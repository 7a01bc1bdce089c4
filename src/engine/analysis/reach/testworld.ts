import type { PolicyRule } from '../../rbac/rules.ts';
import type { SnapshotCluster } from '../snapshot/snapshot.ts';
import { testGrant, testWorld } from '../testworld.ts';
import { createReach } from './reach.ts';

export const rbacGroup = 'rbac.authorization.k8s.io';
/** The service account of `adaWith`. */
export const api = 'ServiceAccount:payments/api';
export const apiAccount = { namespace: 'payments', name: 'api' };

/** `code certainty` of the one step from `from` to the target. */
export function firstStep(
  to: string,
  from: string,
  what: Parameters<typeof testWorld>[0],
): string | undefined {
  const { world, cluster } = testWorld(what);
  const chain = createReach(world).inCluster(cluster).stepsTo([to], { maxSteps: 1 }).of(from);
  return chain && `${chain.steps[0].code} ${chain.steps[0].certainty}`;
}

/** Ada, a Kubernetes user, with rules: in a namespace, or everywhere. */
export const adaWith = (
  rules: readonly PolicyRule[],
  namespace = '',
  change: Partial<SnapshotCluster> = {},
) => ({
  cluster: {
    serviceAccounts: [apiAccount],
    namespaces: ['payments', 'other'],
    ...change,
    rbac: [...(change.rbac ?? []), ...testGrant('of-ada', 'User:ada', rules, namespace)],
  },
});
