import type { AccountName, WorkloadRole } from '../reach/workload.ts';
import { accountsIn, createWorkloadRoles, type WorkloadRoles } from '../reach/workloadroles.ts';
import type { SnapshotCluster } from '../snapshot/snapshot.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { World } from '../world/world.ts';

/** A service account whose pods get other roles of AWS. */
export interface WorkloadChange {
  readonly cluster: { readonly name: string; readonly arn: string };
  readonly account: AccountName;
  readonly gained: readonly WorkloadRoleTold[];
  readonly lost: readonly WorkloadRoleTold[];
}

export interface WorkloadRoleTold {
  readonly roleArn: string;
  readonly mechanism: WorkloadRole['mechanism'];
  readonly certainty: 'always' | 'sometimes';
  /** Whether containers are told to ask for it; else a pod must ask for a token by itself. */
  readonly isDelivered: boolean;
  /** Session policy of the association, JSON text: their sessions have no more than it allows. */
  readonly policy?: string;
}

interface Side {
  readonly world: World;
  readonly cluster: ClusterWorld | undefined;
  /** Made when it is needed: most clusters are as they were. */
  readonly workload: () => WorkloadRoles;
}

/**
 * Whose pods get other roles: by an association, or for a token of an issuer that is known. What only might be so, because
 * associations or an issuer are not known, is no change.
 */
export function workloadChanges(before: Side, after: Side): readonly WorkloadChange[] {
  if (isSame(before, after)) return [];
  const accounts = new Map<string, AccountName>();
  for (const { cluster } of [before, after]) {
    for (const one of cluster === undefined ? [] : namedIn(cluster)) {
      accounts.set(`${one.namespace}/${one.name}`, one);
    }
  }
  const { name = '', arn = '' } = (after.cluster ?? before.cluster)?.cluster ?? {};
  const isIssuerKnown = [before, after].every((side) => side.cluster?.cluster.issuer !== undefined);
  return [...accounts.values()].flatMap((account): readonly WorkloadChange[] => {
    const [old, fresh] = [before, after].map((side) => heldBy(side, account, isIssuerKnown));
    const gained = beyond(fresh, old);
    // An association that one side does not know of is not gone.
    const lost = beyond(old, fresh).filter(
      ({ mechanism }) => mechanism === 'irsa' || after.cluster?.cluster.podIdentityAssociations !== undefined,
    );
    return gained.length + lost.length === 0 ? [] : [{ cluster: { name, arn }, account, gained, lost }];
  });
}

type Held = ReadonlyMap<string, WorkloadRoleTold>;

function heldBy({ cluster, workload }: Side, account: AccountName, isIssuerKnown: boolean): Held {
  const held = new Map<string, WorkloadRoleTold>();
  const ways = cluster === undefined ? [] : workload().rolesOf(cluster, account);
  for (const { mechanism, role, certainty, isDelivered, association, token } of ways) {
    const isTold = association !== undefined || token?.isAnnotated === true || (token && isIssuerKnown);
    if (certainty === 'never' || !isTold) continue;
    const policy = association?.policy;
    held.set(`${mechanism} ${role.arn}`, {
      ...{ roleArn: role.arn, mechanism, certainty, isDelivered },
      ...(policy !== undefined && { policy }),
    });
  }
  return held;
}

/** What one has and the other has not, or not so surely, or narrowed by another policy. */
function beyond(one: Held | undefined, other: Held | undefined): readonly WorkloadRoleTold[] {
  return [...(one ?? [])].flatMap(([key, told]) => {
    const known = other?.get(key);
    const isMore =
      known === undefined ||
      (told.certainty === 'always' && known.certainty !== 'always') ||
      (known.policy !== undefined && known.policy !== told.policy);
    return isMore ? [told] : [];
  });
}

function namedIn(cluster: ClusterWorld): readonly AccountName[] {
  const associated = cluster.associations.listed.map(({ namespace, serviceAccount: name }) => ({
    namespace,
    name,
  }));
  return [...accountsIn(cluster), ...associated];
}

/** Nothing that decides which pods get which role is another: most often nothing needs to be asked. */
function isSame(before: Side, after: Side): boolean {
  return decidingText(before) === decidingText(after);
}

function decidingText({ world, cluster }: Side): string {
  return JSON.stringify([partsOf(cluster?.cluster), decidingIam(world)]);
}

function partsOf(cluster: SnapshotCluster | undefined) {
  return cluster && [cluster.issuer, cluster.podIdentityAssociations, cluster.serviceAccounts];
}

const iamTexts = new WeakMap<World, string>();

/** Of all accounts, once for all clusters of a side. */
function decidingIam(world: World): string {
  let found = iamTexts.get(world);
  if (found === undefined) {
    const { accounts, guardrails, gaps } = world.snapshot;
    const unread = gaps.filter(({ area }) => area === 'iam' || area === 'podIdentity');
    const own = accounts.map(({ roles, oidcProviders, managedPolicies }) => [
      ...[roles, oidcProviders, managedPolicies],
    ]);
    found = JSON.stringify([own, guardrails, unread]);
    iamTexts.set(world, found);
  }
  return found;
}

/** A side of which the roles of workloads are found when they are asked for. */
export function sideOf(world: World): (cluster: ClusterWorld | undefined) => Side {
  let made: WorkloadRoles | undefined;
  const workload = (): WorkloadRoles => {
    made ??= createWorkloadRoles(world);
    return made;
  };
  return (cluster) => ({ world, cluster, workload });
}
