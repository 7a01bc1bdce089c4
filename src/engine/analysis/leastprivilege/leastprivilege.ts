import type { MappedIdentity } from '../../identity/resolve.ts';
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
import { type KubernetesNeeds, kubernetesNeeds } from './kubernetes.ts';
import { type ProposedRbac, proposedRbac } from './manifests.ts';
import type { NeedsOptions } from './neededrules.ts';

/** What one subject used, and the least that would have been enough. */
export interface LeastPrivilege {
  readonly subject: ClusterSubject;
  readonly cluster: { readonly name: string; readonly arn: string };
  /** Epoch milliseconds. */
  readonly since: number;
  readonly until: number;
  /** How an IAM principal gets into the cluster; absent: it does not. */
  readonly mappedBy?: MappedIdentity['mappedBy'];
  /** Uses of the subject in that time, refused ones too. */
  readonly recorded: number;
  /**
   * When the records begin, of whomever: of requests to this cluster, and of calls of AWS. Epoch milliseconds; absent: there
   * are none, so that nothing is known of what was needed there.
   */
  readonly recordsSince: { readonly kubernetes?: number; readonly aws?: number };
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
): Pick<ReturnType<typeof createUsageLedger>, 'add' | 'ledger'> {
  const { add, saw, ledger } = createUsageLedger(period);
  const isOwn = usesOf(subject, world.identitiesOf(subject).identities);
  const who = whoIs(subject);
  return {
    ledger,
    add(use) {
      if (!isInCluster(use.did, world)) return;
      if (isOwn(use)) add({ ...use, who });
      else saw(use);
    },
  };
}

/** A log of one cluster does not name it. */
function isInCluster(
  { kind, cluster: named }: { readonly kind: AccessUse['did']['kind']; readonly cluster?: string },
  { cluster: { arn, name } }: ClusterWorld,
): boolean {
  return kind !== 'kubernetes' || named === undefined || named === arn || named === name;
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
  const { since, until } = usage;
  const { identities } = cluster.identitiesOf(subject);
  const isOwn = usesOf(subject, identities);
  const tally = createUsageTally<TalliedUse>(({ did, allowed }) => [did, allowed]);
  for (const { who, ...use } of usage.entries) {
    if (isInCluster(use.did, cluster) && isOwn({ who })) tally.add(use);
  }
  const uses = tally.uses();
  const recordsSince = recordsOf(usage, cluster);
  const needs = kubernetesNeeds(cluster, identities, uses, options);
  // Where nothing is recorded of anybody, nothing is known to be unused.
  const kubernetes = recordsSince.kubernetes === undefined ? { ...needs, neverUsed: [] } : needs;
  const mappedBy = identities[0]?.mapped?.mappedBy;
  const association =
    subject.kind === 'iam' && cluster.cluster.authenticationMode !== 'CONFIG_MAP'
      ? fittingPolicy(kubernetes, {
          current: permissionsOf(cluster, identities),
          shared: permissionsOf(cluster, identities, { of: 'everybodys' }),
          partition: world.snapshot.partition,
          universe,
        })
      : undefined;
  const { name, arn, authenticationMode } = cluster.cluster;
  return {
    ...{ subject, cluster: { name, arn }, since, until },
    ...(mappedBy !== undefined && { mappedBy }),
    recorded: uses.reduce((sum, { count }) => sum + count, 0),
    recordsSince,
    kubernetes,
    ...(association !== undefined && { association }),
    customPolicies: customPoliciesFor(kubernetes, subject, { universe, authenticationMode }),
    rbac: proposedRbac(kubernetes, subject, cluster),
    ...(subject.kind === 'iam' && {
      iam: iamNeeds(world, subject, uses, { isRecorded: recordsSince.aws !== undefined }),
    }),
    incomplete: [
      ...gaps,
      ...gapsOf(world.snapshot, cluster.cluster),
      ...recordGaps(usage, recordsSince, cluster, subject),
    ],
  };
}

function recordsOf({ records }: UsageLedger, cluster: ClusterWorld): LeastPrivilege['recordsSince'] {
  const since = (kind: AccessUse['did']['kind']): number | undefined => {
    const times = records
      .filter(
        ({ of, cluster: named }) =>
          of === kind && isInCluster({ kind, ...(named && { cluster: named }) }, cluster),
      )
      .map(({ at }) => at);
    return times.length === 0 ? undefined : Math.min(...times);
  };
  const [kubernetes, aws] = [since('kubernetes'), since('aws')];
  return { ...(kubernetes !== undefined && { kubernetes }), ...(aws !== undefined && { aws }) };
}

const day = 24 * 60 * 60 * 1000;

/** Whoever goes by records must know what these cannot tell. */
function recordGaps(
  { since, uncounted }: UsageLedger,
  { kubernetes, aws }: LeastPrivilege['recordsSince'],
  { cluster: { name } }: ClusterWorld,
  { kind }: ClusterSubject,
): readonly Gap[] {
  const reasons: string[] = [];
  const tell = (what: string, begin: number | undefined): void => {
    if (begin === undefined)
      reasons.push(`no record of ${what} was read, of anybody: what is needed there is not known`);
    else if (begin > since + day) {
      reasons.push(
        `the records of ${what} begin at ${new Date(begin).toISOString()}: what was used before is not known`,
      );
    }
  };
  tell(`requests to cluster \`${name}\``, kubernetes);
  if (kind === 'iam') tell('calls of AWS', aws);
  if (uncounted > 0) reasons.push(`${uncounted} requests were left out: too many different ones`);
  return reasons.map((reason) => ({ area: 'usage', reason }));
}
