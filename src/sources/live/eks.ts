import type { Cluster, EKSClient } from '@aws-sdk/client-eks';
import { asPrinted, eachOf, type Fetching, failureText } from './fetched.ts';

const atOnce = 8;

export interface EksWish {
  readonly accountId: string;
  readonly region: string;
  /** Only these clusters; absent: all. */
  readonly clusterNames?: readonly string[];
}

/** The clusters of one region with their access entries and identity providers; each cluster as DescribeCluster tells it. */
export async function fetchEks(
  client: EKSClient,
  { accountId, region, clusterNames }: EksWish,
  fetching: Fetching,
): Promise<readonly Cluster[]> {
  const eks = await import('@aws-sdk/client-eks');
  const names: string[] = [...(clusterNames ?? [])];
  if (clusterNames === undefined) {
    try {
      for await (const page of eks.paginateListClusters({ client }, {})) names.push(...(page.clusters ?? []));
    } catch (error) {
      const reason = `eks:ListClusters in ${region} failed: ${failureText(error)}`;
      fetching.miss({ area: 'cluster', accountId, reason });
    }
  }
  const clusters: Cluster[] = [];
  await eachOf(names, 2, async (name) => {
    const cluster = await fetchCluster(eks, client, { name, accountId, region }, fetching);
    if (cluster !== undefined) clusters.push(cluster);
  });
  return clusters;
}

type Eks = typeof import('@aws-sdk/client-eks');

async function fetchCluster(
  eks: Eks,
  client: EKSClient,
  { name, accountId, region }: { readonly name: string; readonly accountId: string; readonly region: string },
  { take, miss, progress }: Fetching,
): Promise<Cluster | undefined> {
  let cluster: Cluster | undefined;
  try {
    const described = await client.send(new eks.DescribeClusterCommand({ name }));
    cluster = described.cluster;
    take({ from: `aws eks describe-cluster --region ${region} --name ${name}`, value: asPrinted(described) });
  } catch (error) {
    const reason = `eks:DescribeCluster of \`${name}\` in ${region} failed: ${failureText(error)}`;
    miss({ area: 'cluster', accountId, reason });
  }
  const clusterArn = cluster?.arn;
  if (cluster === undefined || clusterArn === undefined) return undefined;
  const missing = (area: 'accessEntries' | 'identityProviders', action: string, error: unknown): void =>
    miss({ area, accountId, clusterArn, reason: `eks:${action} failed: ${failureText(error)}` });

  // In mode CONFIG_MAP EKS refuses to list entries, and none counts.
  if (cluster.accessConfig?.authenticationMode !== 'CONFIG_MAP') {
    const principalArns: string[] = [];
    try {
      for await (const page of eks.paginateListAccessEntries({ client }, { clusterName: name })) {
        principalArns.push(...(page.accessEntries ?? []));
      }
    } catch (error) {
      missing('accessEntries', 'ListAccessEntries', error);
    }
    let done = 0;
    await eachOf(principalArns, atOnce, async (principalArn) => {
      const input = { clusterName: name, principalArn };
      const which = `--region ${region} --cluster-name ${name} --principal-arn ${principalArn}`;
      try {
        const entry = await client.send(new eks.DescribeAccessEntryCommand(input));
        take({
          from: `aws eks describe-access-entry ${which}`,
          value: { ...(asPrinted(entry) as object), clusterArn },
        });
      } catch (error) {
        missing('accessEntries', `DescribeAccessEntry of \`${principalArn}\``, error);
        return;
      }
      try {
        for await (const page of eks.paginateListAssociatedAccessPolicies({ client }, input)) {
          const value = { ...(asPrinted(page) as object), clusterArn };
          take({ from: `aws eks list-associated-access-policies ${which}`, value });
        }
      } catch (error) {
        missing('accessEntries', `ListAssociatedAccessPolicies of \`${principalArn}\``, error);
      }
      progress(`entries of ${name}`, ++done, principalArns.length);
    });
  }
  await fetchIdentityProviders(eks, client, name, {
    take,
    missing: (action, error) => missing('identityProviders', action, error),
  });
  return cluster;
}

async function fetchIdentityProviders(
  eks: Eks,
  client: EKSClient,
  clusterName: string,
  {
    take,
    missing,
  }: { readonly take: Fetching['take']; readonly missing: (action: string, error: unknown) => void },
): Promise<void> {
  try {
    for await (const page of eks.paginateListIdentityProviderConfigs({ client }, { clusterName })) {
      for (const identityProviderConfig of page.identityProviderConfigs ?? []) {
        const described = await client.send(
          new eks.DescribeIdentityProviderConfigCommand({ clusterName, identityProviderConfig }),
        );
        take({
          from: `aws eks describe-identity-provider-config --cluster-name ${clusterName}`,
          value: asPrinted(described),
        });
      }
    }
  } catch (error) {
    missing('ListIdentityProviderConfigs', error);
  }
}
