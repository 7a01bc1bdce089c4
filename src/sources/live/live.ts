import type { Cluster } from '@aws-sdk/client-eks';
import type { Gap, Snapshot } from '../../engine/analysis/snapshot/snapshot.ts';
import { parseArn } from '../../engine/arn/arn.ts';
import { assemble } from '../files/assemble/assemble.ts';
import type { ClusterRef, Fact, Findings } from '../files/facts.ts';
import { readDocument } from '../files/recognise.ts';
import { SourceError } from '../sourceerror.ts';
import { fetchEks } from './eks.ts';
import { type FetchedDocument, type Fetching, failureText } from './fetched.ts';
import { fetchIam } from './iam.ts';
import { fetchKubernetes, openKubeconfig } from './kubernetes.ts';

export interface LiveOptions {
  /** Epoch milliseconds. */
  readonly now: number;
  /** Of the shared configuration files; absent: the default credential chain of the AWS SDK. */
  readonly profile?: string;
  /** Whose clusters; absent: the region of the environment or the profile. */
  readonly region?: string;
  /** Names or ARNs; absent: all clusters of the region. */
  readonly clusters?: readonly string[];
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly progress: Fetching['progress'];
}

/**
 * A snapshot of what is there now: the IAM of the account, its clusters' access entries, and the RBAC of the cluster that the
 * kubeconfig means. Only reads. What AWS or a cluster refuses is a gap; SourceError where neither tells anything.
 *
 * What is fetched is read as the same output would be from files, so that both understand alike.
 */
export async function readLive(options: LiveOptions): Promise<Snapshot> {
  const facts: Fact[] = [];
  const gaps: Gap[] = [];
  const fetching = fetchingInto(facts, gaps, {}, options.progress);
  const clusters = await fetchAws(options, fetching);
  await fetchFromKubeconfig(options, clusters, { facts, gaps });
  if (facts.length === 0) {
    const reasons = gaps.map(({ reason }) => reason).join('; ');
    throw new SourceError(
      'failure',
      `neither AWS nor a cluster tells anything: ${reasons}`,
      'set AWS credentials (AWS_PROFILE or --profile) and a kubeconfig (--kubeconfig, --context)',
    );
  }
  const snapshot = assemble(facts, { wanted: options.clusters ?? [], now: options.now });
  return {
    ...snapshot,
    sources: ['AWS and Kubernetes, live', ...snapshot.sources],
    gaps: [...gaps, ...snapshot.gaps],
  };
}

/** Reads each document as soon as it is there; of which cluster manifests are, is said by `cluster`. */
function fetchingInto(
  facts: Fact[],
  gaps: Gap[],
  cluster: ClusterRef,
  progress: Fetching['progress'],
): Fetching {
  const findings: Findings = {
    add: (fact) =>
      void facts.push('cluster' in fact && fact.cluster.name === undefined ? { ...fact, cluster } : fact),
    gap: (gap) => void gaps.push(gap),
    ignore: () => {},
  };
  return {
    take({ from, value }: FetchedDocument) {
      const placeOf = () => ({ file: from, line: 1, column: 1 });
      if (!readDocument({ value, placeOf }, findings)) {
        gaps.push({ area: 'file', reason: 'this answer is not understood', place: placeOf() });
      }
    },
    miss: (gap) => void gaps.push(gap),
    progress,
  };
}

async function fetchAws(options: LiveOptions, fetching: Fetching): Promise<readonly Cluster[]> {
  const [{ STSClient, GetCallerIdentityCommand }, { IAMClient }, { EKSClient }] = await Promise.all([
    import('@aws-sdk/client-sts'),
    import('@aws-sdk/client-iam'),
    import('@aws-sdk/client-eks'),
  ]);
  const config = {
    ...(options.region !== undefined && { region: options.region }),
    ...(options.profile !== undefined && { profile: options.profile }),
    // Throttling is answered by going slower, not by failing.
    retryMode: 'adaptive',
    maxAttempts: 8,
  } as const;
  const sts = new STSClient(config);
  const iam = new IAMClient(config);
  const eks = new EKSClient(config);
  try {
    const identity = await sts.send(new GetCallerIdentityCommand({}));
    const accountId = identity.Account ?? '';
    const { $metadata: _, ...value } = identity;
    fetching.take({ from: 'aws sts get-caller-identity', value });
    await fetchIam(iam, accountId, fetching);
    const region = await eks.config.region();
    const clusterNames = options.clusters?.map((name) => name.slice(name.lastIndexOf('/') + 1));
    return await fetchEks(eks, { accountId, region, ...(clusterNames && { clusterNames }) }, fetching);
  } catch (error) {
    fetching.miss({ area: 'iam', reason: `AWS cannot be asked: ${failureText(error)}` });
    return [];
  } finally {
    for (const client of [sts, iam, eks]) client.destroy();
  }
}

async function fetchFromKubeconfig(
  options: LiveOptions,
  clusters: readonly Cluster[],
  { facts, gaps }: { readonly facts: Fact[]; readonly gaps: Gap[] },
): Promise<void> {
  const { kubeconfig, context } = options;
  const opened = await openKubeconfig({
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(context !== undefined && { context }),
  }).catch((error: unknown) => {
    gaps.push({ area: 'rbac', reason: `the kubeconfig cannot be read: ${failureText(error)}` });
    return undefined;
  });
  const own = opened && clusters.find(({ endpoint }) => sameServer(endpoint, opened.cluster.server));
  for (const { arn, name } of clusters) {
    if (arn === undefined || arn === own?.arn) continue;
    const reason = `RBAC of \`${name}\` was not read: the context of the kubeconfig is of another cluster; choose one with --context`;
    gaps.push({ area: 'rbac', clusterArn: arn, reason });
  }
  if (opened === undefined) return;
  const named = parseArn(own?.arn ?? '');
  const name = own?.name ?? opened.cluster.name.slice(opened.cluster.name.lastIndexOf('/') + 1);
  const cluster: ClusterRef =
    named === undefined
      ? { name }
      : { name, partition: named.partition, accountId: named.accountId, region: named.region };
  const fetching = fetchingInto(facts, gaps, cluster, options.progress);
  await fetchKubernetes(opened.config, own?.arn, fetching);
}

/** EKS and the kubeconfig may write one address in two ways. */
function sameServer(one: string | undefined, other: string): boolean {
  const plain = (url: string): string => url.toLowerCase().replace(/\/+$/, '').replace(/:443$/, '');
  return one !== undefined && plain(one) === plain(other);
}
