import type { Gap, Snapshot } from '../../engine/analysis/snapshot/snapshot.ts';
import { parseArn } from '../../engine/arn/arn.ts';
import { assemble } from '../files/assemble/assemble.ts';
import { accountKey } from '../files/assemble/podidentity.ts';
import type { ClusterRef, Fact, Findings } from '../files/facts.ts';
import { readDocument } from '../files/recognise.ts';
import { SourceError } from '../sourceerror.ts';
import { type FoundCluster, fetchEks } from './eks.ts';
import { createMisses, type Fetching } from './fetched.ts';
import { fetchIam } from './iam.ts';
import { fetchKubernetes, type KubernetesServer, openKubeconfig } from './kubernetes.ts';

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
  /** Of one call that AWS does not answer or throttles; 8 when not given. */
  readonly attempts?: number;
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
  const misses = createMisses();
  const fetchingOf = (cluster: ClusterRef): Fetching => {
    const ofCluster = (fact: Fact): Fact =>
      'cluster' in fact && (fact.cluster.name ?? cluster.name) === cluster.name
        ? { ...fact, cluster: { ...cluster, ...fact.cluster } }
        : fact;
    const findings: Findings = {
      add: (fact) => void facts.push(ofCluster(fact)),
      gap: ({ place, ...gap }) => void gaps.push({ ...gap, reason: `${place.file}: ${gap.reason}` }),
      ignore: () => {},
    };
    return {
      of: fetchingOf,
      // Each document is read as soon as it is there.
      take({ from, value }) {
        const placeOf = () => ({ file: from, line: 1, column: 1 });
        if (!readDocument({ value, placeOf }, findings)) {
          gaps.push({ area: 'file', reason: `the answer of \`${from}\` is not understood` });
        }
      },
      tell: (from, fact) =>
        void facts.push(ofCluster({ ...fact, place: { file: from, line: 1, column: 1 } } as Fact)),
      miss: misses.miss,
      progress: options.progress,
    };
  };
  const fetching = fetchingOf({});
  const clusters = await fetchAws(options, fetching);
  await fetchFromKubeconfig(options, clusters, fetching);
  const told = [...misses.gaps(), ...gaps];
  if (facts.length === 0) {
    throw new SourceError(
      'failure',
      `neither AWS nor a cluster tells anything: ${told.map(({ reason }) => reason).join('; ')}`,
      'set AWS credentials (AWS_PROFILE or --profile) and a kubeconfig (--kubeconfig, --context)',
    );
  }
  return asLive(assemble(facts, { wanted: options.clusters ?? [], now: options.now }), told);
}

/** A snapshot that was assembled as from files, in the words and without the places that only files have. */
function asLive(
  { sources, gaps, accounts, clusters, ...snapshot }: Snapshot,
  told: readonly Gap[],
): Snapshot {
  const inWords = (text: string): string =>
    text
      .replace(/, which the files do not bring$/, ', which were not read')
      .replaceAll('is in the files', 'was read')
      .replaceAll('are in the files', 'were read')
      .replaceAll('in the files', 'among what was read');
  const isTold = ({ area, clusterArn }: Gap): boolean =>
    clusterArn !== undefined && told.some((gap) => gap.area === area && gap.clusterArn === clusterArn);
  return {
    ...snapshot,
    sources: ['AWS and Kubernetes, live', ...sources.map(inWords)],
    // In an order of their own, whichever answer came first: two snapshots of the same are the same.
    accounts: accounts.map((account) => ({
      ...account,
      oidcProviders: account.oidcProviders.toSorted(byArn),
    })),
    clusters: clusters.toSorted(byArn).map(({ awsAuth, awsAuthData, ...cluster }) => ({
      ...cluster,
      accessEntries: cluster.accessEntries.toSorted((one, other) =>
        one.principalArn < other.principalArn ? -1 : 1,
      ),
      ...(cluster.podIdentityAssociations !== undefined && {
        podIdentityAssociations: cluster.podIdentityAssociations.toSorted((one, other) =>
          accountKey(one) < accountKey(other) ? -1 : 1,
        ),
      }),
      // What maps nobody without a text is a ConfigMap that is not there.
      ...(awsAuthData !== undefined && awsAuth !== undefined && { awsAuth, awsAuthData }),
    })),
    gaps: [
      ...told,
      ...gaps
        .filter((gap) => !isTold(gap))
        .map(({ place: _, reason, ...gap }) => ({ ...gap, reason: inWords(reason) })),
    ],
    places: {},
  };
}

function byArn(one: { readonly arn: string }, other: { readonly arn: string }): number {
  return one.arn < other.arn ? -1 : 1;
}

async function fetchAws(options: LiveOptions, fetching: Fetching): Promise<readonly FoundCluster[]> {
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
    maxAttempts: options.attempts ?? 8,
    // Whoever does not answer at all is not waited for.
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 60_000, throwOnRequestTimeout: true },
  } as const;
  const sts = new STSClient(config);
  const iam = new IAMClient(config);
  const eks = new EKSClient(config);
  try {
    const region = await eks.config.region();
    const identity = await sts.send(new GetCallerIdentityCommand({}));
    const accountId = identity.Account ?? '';
    const partition = parseArn(identity.Arn ?? '')?.partition ?? 'aws';
    const { $metadata: _, ...value } = identity;
    fetching.take({ from: 'aws sts get-caller-identity', value });
    await fetchIam(iam, accountId, fetching);
    const place = { partition, accountId, region };
    return await fetchEks(eks, place, namesHere(options.clusters, place, fetching), fetching);
  } catch (error) {
    const hint = 'set credentials and a region: AWS_PROFILE or --profile, AWS_REGION or --aws-region';
    fetching.miss({ area: 'iam', attempt: 'IAM was not read', error, hint });
    fetching.miss({ area: 'cluster', attempt: 'EKS was not read', error });
    return [];
  } finally {
    for (const client of [sts, iam, eks]) client.destroy();
  }
}

/** The names of the wanted clusters that are here, if not all are wanted; an ARN of elsewhere is told. */
function namesHere(
  wanted: readonly string[] | undefined,
  { accountId, region }: { readonly accountId: string; readonly region: string },
  { miss }: Fetching,
): readonly string[] | undefined {
  const names = wanted?.flatMap((one) => {
    const arn = parseArn(one);
    if (arn === undefined) return [one];
    if (arn.accountId === accountId && arn.region === region) return [arn.resource.replace(/^cluster\//, '')];
    miss({
      ...{ area: 'cluster', clusterArn: one, attempt: `\`${one}\` was not read from EKS` },
      error: `what was read is account ${accountId} in ${region}`,
      hint: `choose others with --profile and --aws-region ${arn.region}`,
    });
    return [];
  });
  return names === undefined ? undefined : [...new Set(names)];
}

async function fetchFromKubeconfig(
  options: LiveOptions,
  clusters: readonly FoundCluster[],
  fetching: Fetching,
): Promise<void> {
  const { kubeconfig, context } = options;
  let opened: Awaited<ReturnType<typeof openKubeconfig>>;
  try {
    opened = await openKubeconfig({
      ...(kubeconfig !== undefined && { kubeconfig }),
      ...(context !== undefined && { context }),
    });
    if (opened === undefined && clusters.length === 0) {
      const attempt = 'no RBAC was read';
      fetching.miss({ area: 'rbac', attempt, error: 'there is no kubeconfig, or it has no current context' });
    }
  } catch (error) {
    fetching.miss({ area: 'rbac', attempt: 'the kubeconfig cannot be read', error });
  }
  const own = opened && clusters.find(({ endpoint }) => sameServer(endpoint, opened.cluster.server));
  for (const { arn, name } of clusters) {
    if (arn === own?.arn) continue;
    const error =
      opened === undefined
        ? 'there is no kubeconfig for it'
        : 'the context of the kubeconfig is of another cluster';
    const hint = `\`aws eks update-kubeconfig --name ${name}\` writes one; choose it with --context`;
    // RBAC and what else only the cluster itself tells.
    for (const area of ['rbac', 'awsAuth'] as const) {
      const what = area === 'rbac' ? 'RBAC' : 'aws-auth';
      fetching.miss({ area, clusterArn: arn, attempt: `${what} of \`${name}\` was not read`, error, hint });
    }
  }
  if (opened === undefined) return;
  const ref = own === undefined ? outside(opened.cluster, clusters) : refOf(own.arn);
  await fetchKubernetes(opened.config, own?.arn, fetching.of(ref ?? { name: opened.cluster.name }));
}

/**
 * A cluster that was not found in EKS. SECURITY: it may have the name of one that was, in another region or account, and what
 * grants in the one must not be taken to grant in the other.
 */
function outside({ name }: KubernetesServer, clusters: readonly FoundCluster[]): ClusterRef | undefined {
  const named = refOf(name);
  if (named !== undefined && !clusters.some(({ arn }) => arn === name)) return named;
  return { name: name.slice(name.lastIndexOf('/') + 1), region: 'outside-eks' };
}

/** Undefined where it is no ARN of a cluster. */
function refOf(arn: string): ClusterRef | undefined {
  const parsed = parseArn(arn);
  if (parsed === undefined || !parsed.resource.startsWith('cluster/')) return undefined;
  const { partition, accountId, region, resource } = parsed;
  return { partition, accountId, region, name: resource.slice('cluster/'.length) };
}

/** EKS and the kubeconfig may write one address in two ways. */
function sameServer(one: string | undefined, other: string): boolean {
  const plain = (url: string): string => {
    const parsed = URL.parse(url);
    return parsed === null ? url : `${parsed.origin}${parsed.pathname.replace(/\/+$/, '')}`;
  };
  return one !== undefined && plain(one) === plain(other);
}
