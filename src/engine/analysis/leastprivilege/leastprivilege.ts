import type { Gap } from '../snapshot/snapshot.ts';
import { createUsageTally, type TalliedUse } from '../usage/tally.ts';
import type { AccessUse } from '../usage/use.ts';
import { usesOf } from '../usage/whose.ts';
import type { KnownResource } from '../whatcan/closest.ts';
import { type CustomPolicies, customPoliciesFor } from '../whatcan/custompolicies.ts';
import { permissionsOf } from '../whatcan/permissions.ts';
import { gapsOf } from '../whocan/gaps.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import { type ClusterSubject, subjectKey } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import { fittingPolicy, type StockAssociation } from './associations.ts';
import { type IamNeeds, iamNeeds } from './iam.ts';
import { type KubernetesNeeds, kubernetesNeeds, type NeedsOptions } from './kubernetes.ts';
import { type ProposedRbac, proposedRbac } from './manifests.ts';

/** What one subject used, and the least that would have been enough. */
export interface LeastPrivilege {
  readonly subject: ClusterSubject;
  readonly cluster: { readonly name: string; readonly arn: string };
  /** Epoch milliseconds. */
  readonly since: number;
  readonly until: number;
  /** Uses of the subject in that time, refused ones too. */
  readonly recorded: number;
  readonly kubernetes: KubernetesNeeds;
  /** An access policy of AWS that is enough and not much more; `customPolicies` are exact. */
  readonly association?: StockAssociation;
  readonly customPolicies: CustomPolicies;
  readonly rbac: ProposedRbac;
  /** Of an IAM principal. */
  readonly iam?: IamNeeds;
  readonly incomplete: readonly Gap[];
}

/** Takes uses as they come and keeps those of one subject in one time. */
export interface UsageOfSubject {
  add(use: AccessUse): void;
  readonly tally: {
    uses(): readonly TalliedUse[];
    readonly uncounted: number;
  };
}

export function collectUses(
  world: ClusterWorld,
  subject: ClusterSubject,
  { since, until }: { readonly since: number; readonly until: number },
): UsageOfSubject {
  const tally = createUsageTally();
  const isOwn = usesOf(subject, world.identitiesOf(subject).identities);
  const { arn, name } = world.cluster;
  return {
    tally,
    add(use) {
      if (use.at < since || use.at > until) return;
      // A log of one cluster does not name it.
      const { did } = use;
      if (
        did.kind === 'kubernetes' &&
        did.cluster !== undefined &&
        did.cluster !== arn &&
        did.cluster !== name
      )
        return;
      if (isOwn(use)) tally.add(use);
    },
  };
}

export function leastPrivilege(
  world: World,
  cluster: ClusterWorld,
  {
    subject,
    used,
    since,
    until,
    universe,
    gaps = [],
    ...options
  }: {
    readonly subject: ClusterSubject;
    readonly used: UsageOfSubject;
    readonly since: number;
    readonly until: number;
    readonly universe: readonly KnownResource[];
    /** Of whoever read the uses. */
    readonly gaps?: readonly Gap[];
  } & NeedsOptions,
): LeastPrivilege {
  const uses = used.tally.uses();
  const { identities } = cluster.identitiesOf(subject);
  const kubernetes = kubernetesNeeds(cluster, identities, uses, options);
  const association =
    subject.kind === 'iam'
      ? fittingPolicy(kubernetes, {
          current: permissionsOf(cluster, identities),
          shared: permissionsOf(cluster, identities, { of: 'everybodys' }),
          partition: world.snapshot.partition,
          universe,
        })
      : undefined;
  const { uncounted } = used.tally;
  const { name, arn } = cluster.cluster;
  return {
    ...{ subject, cluster: { name, arn }, since, until },
    recorded: uses.reduce((sum, { count }) => sum + count, uncounted),
    kubernetes,
    ...(association !== undefined && { association }),
    customPolicies: customPoliciesFor(kubernetes, subject, universe),
    rbac: proposedRbac(kubernetes, subject),
    ...(subject.kind === 'iam' && { iam: iamNeeds(world, subject, uses) }),
    incomplete: [
      ...gaps,
      ...gapsOf(world.snapshot, cluster.cluster),
      ...(uncounted === 0
        ? []
        : [
            {
              area: 'usage',
              reason: `${uncounted} requests were left out: too many different ones`,
            } as const,
          ]),
    ],
  };
}

/** Permissions that nobody needed. */
export interface UnusedAccess {
  readonly subject: ClusterSubject;
  /** Epoch milliseconds; absent: nothing at all was used. */
  readonly lastUsedAt?: number;
  readonly neverUsed: KubernetesNeeds['neverUsed'];
}

/**
 * Who has permissions in the cluster, of its own, that it did not use in the time of the uses. Whoever used all it has is not
 * in the answer; neither is who has nothing.
 */
export function unusedAccess(
  cluster: ClusterWorld,
  uses: Iterable<AccessUse>,
  { subjects = cluster.subjects() }: { readonly subjects?: readonly ClusterSubject[] } = {},
): readonly UnusedAccess[] {
  const byUser = new Map<
    string,
    { readonly who: AccessUse['who']; readonly tally: ReturnType<typeof createUsageTally> }
  >();
  const { arn, name } = cluster.cluster;
  for (const use of uses) {
    const { did, who } = use;
    if (
      did.kind !== 'kubernetes' ||
      (did.cluster !== undefined && did.cluster !== arn && did.cluster !== name)
    )
      continue;
    const key = JSON.stringify([who.principalArn, who.principalId, who.username, who.groups]);
    const known = byUser.get(key) ?? { who, tally: createUsageTally() };
    known.tally.add(use);
    byUser.set(key, known);
  }
  const distinct = [...new Map(subjects.map((subject) => [subjectKey(subject), subject])).values()];
  return distinct.flatMap((subject): readonly UnusedAccess[] => {
    const { identities } = cluster.identitiesOf(subject);
    if (identities.length === 0) return [];
    const isOwn = usesOf(subject, identities);
    const own = [...byUser.values()].filter(isOwn).flatMap(({ tally }) => tally.uses());
    const { neverUsed } = kubernetesNeeds(cluster, identities, own);
    if (neverUsed.length === 0) return [];
    const last = own.filter(({ allowed }) => allowed).reduce((at, { lastAt }) => Math.max(at, lastAt), 0);
    return [{ subject, neverUsed, ...(last > 0 && { lastUsedAt: last }) }];
  });
}
