import { createIamWorld, type IamWorld } from '../iamworld/iamworld.ts';
import { createPodIdentity } from '../reach/podidentity.ts';
import { createTrusts, type Trusts } from '../reach/trusts.ts';
import { createWebIdentity } from '../reach/webidentity.ts';
import type { AccountName, WorkloadRole } from '../reach/workload.ts';
import { namedRole } from '../reach/workloadasking.ts';
import { createWorkloadRoles, type WorkloadRoles } from '../reach/workloadroles.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { World } from '../world/world.ts';

/** How service accounts get roles in one world: each way asked for by itself, since asking for all takes all roles. */
export interface Ways {
  readonly iam: IamWorld;
  readonly trusts: Trusts;
  readonly roles: WorkloadRoles;
  /** By a token, to that role; undefined where it is of no use and not annotated. */
  byToken(cluster: ClusterWorld, account: AccountName, roleArn: string): WorkloadRole | undefined;
  /** By the association that the service account has. */
  byAssociation(cluster: ClusterWorld, account: AccountName): WorkloadRole | undefined;
}

export function createWays(world: World): Ways {
  const iam = createIamWorld(world);
  const trusts = createTrusts(world, iam);
  const webIdentity = createWebIdentity(world, { iam, trusts });
  const podIdentity = createPodIdentity(world, { iam, trusts });
  return {
    ...{ iam, trusts, roles: createWorkloadRoles(world, { iam, trusts }) },
    byToken: (cluster, account, roleArn) =>
      webIdentity.wayTo(cluster, account, namedRole(world, roleArn).subject),
    byAssociation: (cluster, account) =>
      cluster.associations.of(account.namespace, account.name) === undefined
        ? undefined
        : podIdentity.waysOf(cluster, account)[0],
  };
}
