import type { Snapshot, SnapshotCluster, SnapshotPodIdentityAssociation } from '../snapshot/snapshot.ts';
import { createWorld, type World } from '../world/world.ts';
import type { IrsaPlan } from './plan.ts';

/** How far a plan is carried out: associations and what roles need for them, and at last without annotations. */
export type IrsaStep = 'prepared' | 'finished';

/** The world once a step of the plan is done. Pods are as they are until somebody starts them again: none are told. */
export function afterStep(
  { snapshot, now }: World,
  plan: Pick<IrsaPlan, 'clusterArn' | 'associations' | 'roles'>,
  step: IrsaStep,
): World {
  const trusts = new Map(plan.roles.map((role) => [role.roleArn, role[step]]));
  return changedWorld(snapshot, now, {
    trusts,
    cluster: (cluster) =>
      cluster.arn === plan.clusterArn ? clusterAfter(cluster, plan.associations, step) : cluster,
  });
}

/** The same snapshot with other trust policies and other clusters. */
export function changedWorld(
  snapshot: Snapshot,
  now: number,
  {
    trusts,
    cluster,
  }: {
    readonly trusts: ReadonlyMap<string, string>;
    readonly cluster: (cluster: SnapshotCluster) => SnapshotCluster;
  },
): World {
  return createWorld(
    {
      ...snapshot,
      accounts: snapshot.accounts.map((account) => ({
        ...account,
        roles: account.roles.map((role) => {
          const trustPolicy = trusts.get(role.arn);
          return trustPolicy === undefined ? role : { ...role, trustPolicy };
        }),
      })),
      clusters: snapshot.clusters.map(cluster),
    },
    { now },
  );
}

export function clusterAfter(
  { pods: _, ...cluster }: SnapshotCluster,
  associations: IrsaPlan['associations'],
  step: IrsaStep,
): SnapshotCluster {
  const moved = new Set(
    associations.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`),
  );
  const there = new Set(
    (cluster.podIdentityAssociations ?? []).map((one) => `${one.namespace}/${one.serviceAccount}`),
  );
  // A plan that is carried out in part has made some of them.
  const made = associations
    .filter(({ namespace, serviceAccount }) => !there.has(`${namespace}/${serviceAccount}`))
    .map(associationOf);
  return {
    ...cluster,
    podIdentityAssociations: [...(cluster.podIdentityAssociations ?? []), ...made],
    ...(step === 'finished' &&
      cluster.serviceAccounts !== undefined && {
        serviceAccounts: cluster.serviceAccounts.map((account) => {
          const { namespace, name, roleArn: _role, ...rest } = account;
          return moved.has(`${namespace}/${name}`) ? { namespace, name, ...rest } : account;
        }),
      }),
  };
}

/** As CreatePodIdentityAssociation makes it; only the service knows its id. */
function associationOf(
  { namespace, serviceAccount, roleArn }: IrsaPlan['associations'][number],
  at: number,
): SnapshotPodIdentityAssociation {
  return {
    associationId: `planned-${at}`,
    ...{ namespace, serviceAccount, roleArn, disableSessionTags: false },
  };
}
