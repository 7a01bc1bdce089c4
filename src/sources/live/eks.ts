import type { Cluster, EKSClient, PodIdentityAssociationSummary } from '@aws-sdk/client-eks';
import type { Gap } from '../../engine/analysis/snapshot/snapshot.ts';
import type { ClusterRef } from '../files/facts.ts';
import { asPrinted, createCaller, eachOf, type Fetching, type Missed } from './fetched.ts';
import { isDenied } from './iam.ts';

const atOnce = 8;

/** Where clusters are. */
export interface EksPlace {
  readonly partition: string;
  readonly accountId: string;
  readonly region: string;
}

/** A cluster there is, with its API server where that was told. */
export interface FoundCluster {
  readonly arn: string;
  readonly name: string;
  readonly endpoint?: string;
}

/** What reading one cluster takes. */
interface Reading {
  readonly eks: typeof import('@aws-sdk/client-eks');
  readonly client: EKSClient;
  readonly ask: ReturnType<typeof createCaller>;
  readonly ref: ClusterRef & { readonly name: string; readonly region: string };
  readonly clusterArn: string;
  readonly fetching: Fetching;
  readonly missed: (area: Gap['area'], action: string, error: unknown, of?: string) => void;
}

/**
 * The clusters of one region with their access entries and identity providers: those of the names, or all. One that is not
 * there is left out.
 */
export async function fetchEks(
  client: EKSClient,
  place: EksPlace,
  clusterNames: readonly string[] | undefined,
  fetching: Fetching,
): Promise<readonly FoundCluster[]> {
  const eks = await import('@aws-sdk/client-eks');
  const ask = createCaller();
  const { accountId, region, partition } = place;
  const missed =
    (of: Omit<Missed, 'attempt' | 'error' | 'area'>) =>
    (area: Gap['area'], action: string, error: unknown, which?: string): void =>
      fetching.miss({
        ...{ ...of, area, error, attempt: `eks:${action} in ${region} failed` },
        ...(which !== undefined && { of: which }),
        ...(isDenied(error) && { hint: `allow \`eks:${action}\` to whoever reads` }),
      });
  const names: string[] = [...(clusterNames ?? [])];
  if (clusterNames === undefined) {
    try {
      let nextToken: string | undefined;
      do {
        const page = await ask(() => client.send(new eks.ListClustersCommand({ nextToken })));
        names.push(...(page.clusters ?? []));
        nextToken = page.nextToken;
      } while (nextToken !== undefined);
    } catch (error) {
      missed({ accountId })('cluster', 'ListClusters', error);
    }
  }
  const clusters: FoundCluster[] = [];
  await eachOf(names, 2, async (name) => {
    const clusterArn = `arn:${partition}:eks:${region}:${accountId}:cluster/${name}`;
    const ref = { ...place, name };
    const found = await fetchCluster({
      ...{ eks, client, ask, clusterArn, ref, fetching: fetching.of(ref) },
      missed: missed({ accountId, clusterArn }),
    });
    if (found !== undefined) clusters.push(found);
  });
  return clusters;
}

async function fetchCluster(reading: Reading): Promise<FoundCluster | undefined> {
  const { eks, client, ask, ref, clusterArn, fetching, missed } = reading;
  const { name, region } = ref;
  const from = `aws eks describe-cluster --region ${region} --name ${name}`;
  let cluster: Cluster | undefined;
  try {
    const described = await ask(() => client.send(new eks.DescribeClusterCommand({ name })));
    cluster = described.cluster;
    fetching.take({ from, value: asPrinted(described) });
  } catch (error) {
    if (isNotThere(error)) return undefined;
    // There is one: what it says of itself is not known, and who has access still is.
    fetching.tell(from, { fact: 'cluster', cluster: ref, told: {} });
    missed('cluster', 'DescribeCluster', error, `\`${name}\``);
  }
  // In mode CONFIG_MAP EKS refuses to list entries, and none counts (eks-access-facts D9).
  if (cluster?.accessConfig?.authenticationMode !== 'CONFIG_MAP') await fetchEntries(reading);
  await fetchIdentityProviders(reading);
  await fetchPodIdentity(reading);
  const endpoint = cluster?.endpoint;
  return { arn: clusterArn, name, ...(endpoint !== undefined && { endpoint }) };
}

async function fetchEntries({ eks, client, ask, ref, fetching, missed }: Reading): Promise<void> {
  const { name, region } = ref;
  const { take, tell, progress } = fetching;
  const principalArns: string[] = [];
  let areAll = false;
  try {
    let nextToken: string | undefined;
    do {
      const input = { clusterName: name, nextToken };
      const page = await ask(() => client.send(new eks.ListAccessEntriesCommand(input)));
      principalArns.push(...(page.accessEntries ?? []));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    areAll = true;
  } catch (error) {
    missed('accessEntries', 'ListAccessEntries', error, `\`${name}\``);
  }
  let done = 0;
  const gone = new Set<string>();
  await eachOf(principalArns, atOnce, async (principalArn) => {
    const input = { clusterName: name, principalArn };
    const which = `--region ${region} --cluster-name ${name} --principal-arn ${principalArn}`;
    try {
      const entry = await ask(() => client.send(new eks.DescribeAccessEntryCommand(input)));
      take({ from: `aws eks describe-access-entry ${which}`, value: asPrinted(entry) });
    } catch (error) {
      if (isNotThere(error)) {
        gone.add(principalArn);
        return;
      }
      missed('accessEntries', 'DescribeAccessEntry', error, `\`${principalArn}\``);
    }
    try {
      let nextToken: string | undefined;
      do {
        const page = await ask(() =>
          client.send(new eks.ListAssociatedAccessPoliciesCommand({ ...input, nextToken })),
        );
        // Every page is taken as what it is, a part: the list is whole when the last one is there.
        const value = asPrinted({ ...page, ...input, nextToken: undefined });
        take({ from: `aws eks list-associated-access-policies ${which}`, value });
        nextToken = page.nextToken;
      } while (nextToken !== undefined);
    } catch (error) {
      if (isNotThere(error)) gone.add(principalArn);
      else missed('accessPolicies', 'ListAssociatedAccessPolicies', error, `\`${principalArn}\``);
    }
    progress(`entries of ${name}`, ++done, principalArns.length);
  });
  tell(`aws eks list-access-entries --region ${region} --cluster-name ${name}`, {
    ...{ fact: 'entryNames', cluster: ref, areAll },
    principalArns: principalArns.filter((principalArn) => !gone.has(principalArn)),
  });
}

async function fetchIdentityProviders({ eks, client, ask, ref, fetching, missed }: Reading): Promise<void> {
  const { name: clusterName, region } = ref;
  let nextToken: string | undefined;
  try {
    do {
      const input = { clusterName, nextToken };
      const page = await ask(() => client.send(new eks.ListIdentityProviderConfigsCommand(input)));
      for (const identityProviderConfig of page.identityProviderConfigs ?? []) {
        try {
          const described = await ask(() =>
            client.send(
              new eks.DescribeIdentityProviderConfigCommand({ clusterName, identityProviderConfig }),
            ),
          );
          fetching.take({
            from: `aws eks describe-identity-provider-config --region ${region} --cluster-name ${clusterName}`,
            value: asPrinted(described),
          });
        } catch (error) {
          if (isNotThere(error)) continue;
          const of = `\`${identityProviderConfig.name}\``;
          missed('identityProviders', 'DescribeIdentityProviderConfig', error, of);
        }
      }
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
  } catch (error) {
    missed('identityProviders', 'ListIdentityProviderConfigs', error, `\`${clusterName}\``);
  }
}

async function fetchPodIdentity({ eks, client, ask, ref, fetching, missed }: Reading): Promise<void> {
  const { name: clusterName, region } = ref;
  const listed: PodIdentityAssociationSummary[] = [];
  let areAll = false;
  try {
    let nextToken: string | undefined;
    do {
      const input = { clusterName, nextToken };
      const page = await ask(() => client.send(new eks.ListPodIdentityAssociationsCommand(input)));
      listed.push(...(page.associations ?? []));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    areAll = true;
  } catch (error) {
    missed('podIdentity', 'ListPodIdentityAssociations', error, `\`${clusterName}\``);
    if (listed.length === 0) return;
  }
  let done = 0;
  const gone = new Set<string>();
  await eachOf(listed, atOnce, async ({ associationId, namespace, serviceAccount }) => {
    try {
      const input = { clusterName, associationId };
      const described = await ask(() => client.send(new eks.DescribePodIdentityAssociationCommand(input)));
      fetching.take({
        from: `aws eks describe-pod-identity-association --region ${region} --cluster-name ${clusterName} --association-id ${associationId}`,
        value: asPrinted(described),
      });
    } catch (error) {
      if (isNotThere(error)) gone.add(`${associationId}`);
      else {
        const of = `\`${namespace}/${serviceAccount}\``;
        missed('podIdentity', 'DescribePodIdentityAssociation', error, of);
      }
    }
    fetching.progress(`associations of ${clusterName}`, ++done, listed.length);
  });
  const from = `aws eks list-pod-identity-associations --region ${region} --cluster-name ${clusterName}`;
  fetching.tell(from, {
    ...{ fact: 'podIdentityNames', cluster: ref, areAll },
    accounts: listed.flatMap(({ associationId, namespace, serviceAccount }) =>
      namespace === undefined || serviceAccount === undefined || gone.has(`${associationId}`)
        ? []
        : [{ namespace, serviceAccount }],
    ),
  });
}

/** It was deleted, before or while it was read: then it grants nothing, which is known. */
function isNotThere(error: unknown): boolean {
  return error instanceof Error && error.name === 'ResourceNotFoundException';
}
