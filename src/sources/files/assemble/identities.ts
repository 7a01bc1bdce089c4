import type { SnapshotCluster } from '../../../engine/analysis/snapshot/snapshot.ts';
import { isAccountId, parseArn } from '../../../engine/arn/arn.ts';
import { isPartition } from '../../../engine/arn/partitions.ts';
import { SourceError } from '../../sourceerror.ts';
import { type ClusterRef, type Fact, unknownAccount, unknownPartition, unknownRegion } from '../facts.ts';

/** A cluster whose name, account and region are settled. */
export interface ClusterIdentity {
  readonly partition: string;
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
  readonly arn: string;
}

/** What stands for an account that no file names: twelve digits, as every ARN needs, and no account has them. */
export const placeholderAccount = '000000000000';
const placeholderRegion = 'unknown-region';

/** What the files as a whole tell of where they belong. */
export interface Surroundings {
  readonly partition: string;
  /** Undefined: no file tells it, or several do. */
  readonly accountId: string | undefined;
  /** Whether the account is that of the principals that get access. */
  readonly isGuessed: boolean;
  readonly region: string | undefined;
  /** Puts these into a text in place of the marks of `facts.ts`. */
  fill(text: string): string;
}

export function surroundingsOf(facts: readonly Fact[], known: readonly SnapshotCluster[]): Surroundings {
  const partitions = new Set<string>();
  const accounts = new Set<string>();
  const callers = new Set<string>();
  const regions = new Set<string>();
  const guesses = new Set<string>();
  const addArn = (arn: string): void => {
    const { partition = '', accountId = '' } = parseArn(arn) ?? {};
    if (isPartition(partition)) partitions.add(partition);
    if (isAccountId(accountId)) accounts.add(accountId);
  };
  for (const { arn, region } of known) {
    addArn(arn);
    regions.add(region);
  }
  for (const fact of facts) {
    if ('cluster' in fact) {
      const { accountId, region, partition } = fact.cluster;
      if (accountId !== undefined) accounts.add(accountId);
      if (region !== undefined) regions.add(region);
      if (partition !== undefined) partitions.add(partition);
    }
    switch (fact.fact) {
      case 'account':
        callers.add(fact.accountId);
        if (fact.partition !== undefined) partitions.add(fact.partition);
        break;
      case 'principal':
      case 'oidcProvider':
        addArn(fact.arn);
        break;
      case 'entry': {
        const { accountId = '' } = parseArn(fact.principalArn) ?? {};
        if (isAccountId(accountId)) guesses.add(accountId);
        break;
      }
      default:
        break;
    }
  }
  const only = (found: ReadonlySet<string>): string | undefined =>
    found.size === 1 ? [...found][0] : undefined;
  const partition = only(partitions) ?? (partitions.size === 0 ? 'aws' : [...partitions].sort()[0]) ?? 'aws';
  const told = only(callers) ?? (callers.size === 0 ? only(accounts) : undefined);
  // Most clusters let in principals of their own account first of all.
  const guessed = callers.size + accounts.size === 0 ? only(guesses) : undefined;
  const accountId = told ?? guessed;
  const region = only(regions);
  return {
    partition,
    accountId,
    isGuessed: guessed !== undefined,
    region,
    fill: (text) =>
      text.includes('\uE000')
        ? text
            .replaceAll(unknownAccount, accountId ?? placeholderAccount)
            .replaceAll(unknownPartition, partition)
            .replaceAll(unknownRegion, region ?? placeholderRegion)
        : text,
  };
}

/** Finds the cluster that a document means. */
export interface Clusters {
  readonly all: readonly ClusterIdentity[];
  /** Undefined: several have its name, and it does not tell which. */
  find(ref: ClusterRef): ClusterIdentity | undefined;
}

/**
 * The clusters that the files name, by name, account and region; what one leaves out another may tell. Documents that name
 * none belong to the only one there is, or to the one that `wanted` names; without any to one called `manifests`. Throws
 * SourceError where that is not clear.
 */
export function settleClusters(
  facts: readonly Fact[],
  known: readonly SnapshotCluster[],
  surroundings: Surroundings,
  wanted: readonly string[],
): Clusters {
  const refs = new Map<string, ClusterRef>();
  let hasNameless = false;
  for (const { arn, name, accountId, region } of known) {
    refs.set(refKey({ name, accountId, region }), { name, accountId, region, partition: partitionOf(arn) });
  }
  for (const fact of facts) {
    if (!('cluster' in fact)) continue;
    if (fact.cluster.name === undefined) hasNameless = true;
    else refs.set(refKey(fact.cluster), fact.cluster);
  }
  const groups = new Map<string, ClusterRef[]>();
  // Those that tell most first: what tells less joins them.
  for (const ref of [...refs.values()].sort((one, other) => toldBy(other) - toldBy(one))) {
    const name = ref.name ?? '';
    const group = groups.get(name) ?? [];
    groups.set(name, group);
    // Two that tell all are two.
    const fitting = toldBy(ref) === 2 ? [] : group.filter((other) => fits(ref, other));
    if (fitting.length === 0) group.push(ref);
    else if (fitting.length === 1) {
      const [at] = fitting;
      if (at !== undefined) group[group.indexOf(at)] = { ...ref, ...at };
    }
  }
  const identityOf = ({ name = '', accountId, region, partition }: ClusterRef): ClusterIdentity => {
    const settled = {
      partition: partition ?? surroundings.partition,
      accountId: accountId ?? surroundings.accountId ?? placeholderAccount,
      region: region ?? surroundings.region ?? placeholderRegion,
    };
    const arn = `arn:${settled.partition}:eks:${settled.region}:${settled.accountId}:cluster/${name}`;
    return { ...settled, name, arn };
  };
  const settled = [...groups.values()].flat().map((ref) => ({ ref, identity: identityOf(ref) }));
  const byName = Map.groupBy(settled, ({ ref }) => ref.name ?? '');
  const exact = new Map(settled.map(({ ref, identity }) => [refKey(ref), identity]));
  const nameless = hasNameless
    ? namelessOf(
        settled.map(({ identity }) => identity),
        wanted,
        identityOf,
      )
    : undefined;
  const all = new Map(settled.map(({ identity }) => [identity.arn, identity]));
  if (nameless !== undefined) all.set(nameless.arn, nameless);
  return {
    all: [...all.values()],
    find(ref) {
      if (ref.name === undefined) return nameless;
      const same = exact.get(refKey(ref));
      if (same !== undefined && toldBy(ref) === 2) return same;
      const found = (byName.get(ref.name) ?? []).filter((one) => fits(ref, one.ref));
      return found.length === 1 ? found[0]?.identity : undefined;
    },
  };
}

function namelessOf(
  clusters: readonly ClusterIdentity[],
  wanted: readonly string[],
  identityOf: (ref: ClusterRef) => ClusterIdentity,
): ClusterIdentity {
  const [asked, ...more] = wanted;
  if (clusters.length === 0) {
    const name = asked === undefined || more.length > 0 ? 'manifests' : asked;
    const { accountId, region, resource } = parseArn(name) ?? {};
    return resource?.startsWith('cluster/') === true && accountId !== undefined && region !== undefined
      ? identityOf({ name: resource.slice('cluster/'.length), accountId, region })
      : identityOf({ name });
  }
  const fitting =
    wanted.length === 0
      ? clusters
      : clusters.filter(({ name, arn }) => wanted.includes(name) || wanted.includes(arn));
  const [only, ...others] = fitting;
  if (only !== undefined && others.length === 0) return only;
  const names = clusters.map(({ name }) => `\`${name}\``).join(', ');
  throw new SourceError(
    'misuse',
    'some files name no cluster, and it is not clear whose they are',
    `say it with --cluster, one of ${names}; or read them without the others`,
  );
}

function refKey({ name, accountId, region }: ClusterRef): string {
  return `${accountId} ${region} ${name}`;
}

function toldBy({ accountId, region }: ClusterRef): number {
  return Number(accountId !== undefined) + Number(region !== undefined);
}

/** Whether both can be one cluster: what either does not tell fits everything. */
export function fits(one: ClusterRef, other: ClusterRef): boolean {
  const isSame = (left: string | undefined, right: string | undefined): boolean =>
    left === undefined || right === undefined || left === right;
  return isSame(one.accountId, other.accountId) && isSame(one.region, other.region);
}

/** What is known of where a cluster is: what stands for something unknown is not. */
export function toldRef({ name, accountId, region }: SnapshotCluster): ClusterRef {
  return {
    name,
    ...(accountId !== placeholderAccount && { accountId }),
    ...(region !== placeholderRegion && { region }),
  };
}

function partitionOf(arn: string): string {
  return parseArn(arn)?.partition ?? 'aws';
}
