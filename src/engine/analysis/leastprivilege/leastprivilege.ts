import type { Gap } from '../snapshot/snapshot.ts';
import { createUsageLedger, type UsageLedger } from '../usage/ledger.ts';
import { createUsageTally, type TalliedUse } from '../usage/tally.ts';
import type { AccessUse } from '../usage/use.ts';
import { usesOf, whoIs } from '../usage/whose.ts';
import type { KnownResource } from '../whatcan/closest.ts';
import { type CustomPolicies, customPoliciesFor } from '../whatcan/custompolicies.ts';
import { permissionsOf } from '../whatcan/permissions.ts';
import { gapsOf } from '../whocan/gaps.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { ClusterSubject } from '../world/subject.ts';
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

/**
 * Takes uses as they come and keeps those of one subject, whose sessions count as one. Both ends of the time count (epoch
 * milliseconds).
 */
export function collectUses(
  world: ClusterWorld,
  subject: ClusterSubject,
  period: Pick<UsageLedger, 'since' | 'until'>,
): ReturnType<typeof createUsageLedger> {
  const { add, ledger } = createUsageLedger(period);
  const isOwn = usesOf(subject, world.identitiesOf(subject).identities);
  const who = whoIs(subject);
  return {
    ledger,
    add(use) {
      if (isInCluster(use, world) && isOwn(use)) add({ ...use, who });
    },
  };
}

/** A log of one cluster does not name it. */
function isInCluster({ did }: Pick<AccessUse, 'did'>, { cluster: { arn, name } }: ClusterWorld): boolean {
  return (
    did.kind !== 'kubernetes' || did.cluster === undefined || did.cluster === arn || did.cluster === name
  );
}

/**
 * What a subject used in one cluster and of AWS, and the least that would have been enough. `usage` may hold uses of anybody
 * and of any cluster. `universe` is what Kubernetes serves; `gaps` are those of whoever read the uses.
 */
export function leastPrivilege(
  world: World,
  cluster: ClusterWorld,
  {
    subject,
    usage,
    universe,
    gaps = [],
    ...options
  }: {
    readonly subject: ClusterSubject;
    readonly usage: UsageLedger;
    readonly universe: readonly KnownResource[];
    readonly gaps?: readonly Gap[];
  } & NeedsOptions,
): LeastPrivilege {
  const { since, until, uncounted } = usage;
  const { identities } = cluster.identitiesOf(subject);
  const isOwn = usesOf(subject, identities);
  const tally = createUsageTally<TalliedUse>(({ did, allowed }) => [did, allowed]);
  for (const { who, ...use } of usage.entries)
    if (isInCluster(use, cluster) && isOwn({ who })) tally.add(use);
  const uses = tally.uses();
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
  const { name, arn } = cluster.cluster;
  return {
    ...{ subject, cluster: { name, arn }, since, until },
    recorded: uses.reduce((sum, { count }) => sum + count, 0),
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
