import type { ClusterRecord, TokenIssuerRecord } from '../../storage/records/eks.ts';
import { oidcIssuerOf } from '../../storage/records/issuer.ts';
import { accountClustersPrefix, oidcProviderKey, tokenIssuerTurnKey } from '../../storage/records/keys.ts';
import type { Expectation } from '../../storage/storage.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import { type Found, findCluster, onCluster } from '../eks/lookup.ts';
import { invalidParameter, invalidRequest } from '../eks/refusals.ts';
import { atomically } from '../eks/retrying.ts';
import { defineOperation, type OperationContext, type Operations } from '../operation.ts';
import { readIssuerKeys } from './clusterissuerkeys.ts';
import { readIssuerUrl } from './clusterissuerurl.ts';
import type { EntrywayDeps } from './deps.ts';
import { requireConnected } from './requireconnected.ts';

interface SetInput {
  readonly clusterName: string;
  readonly issuer: string;
  /** The `keys` of a JWKS. */
  readonly keys?: unknown;
}

interface ClusterInput {
  readonly clusterName: string;
}

/** As an answer shows it. */
interface ShownIssuer {
  readonly clusterName: string;
  readonly url: string;
  /** Where the keys come from: this server, the issuer's own documents, or whoever handed them over. */
  readonly source: 'builtIn' | 'discovery' | 'handedOver';
  /** Of those that were handed over. */
  readonly keys: readonly { readonly keyId: string; readonly algorithm: string }[];
}

/**
 * Set, Describe and ClearClusterIssuer: who issues the service account tokens of a connected cluster, and perhaps the
 * public keys that its tokens are judged with where the issuer cannot be asked.
 *
 * SECURITY: `entryway:SetClusterIssuer` with keys is the power to be every service account of that cluster, to every role
 * that trusts its issuer and to every association of it. It must not become more than that:
 * - The keys answer in the cluster's own account alone (`access/localissuers.ts`).
 * - An issuer is that of one cluster of the account: who may set that of a test cluster must not replace another's keys.
 * - No issuer of a built-in cluster, nor one of EKS's form, nor a public identity provider (`clusterissuerurl.ts`).
 * - Whoever hands over the first keys for an issuer that IAM could have a provider for must be allowed to create that
 *   provider: else an operator of a test cluster could take the address of the company's login ahead of the day on which
 *   somebody lets roles trust it.
 * - Where an OIDC provider of the account names the issuer already, roles may trust it for what it was so far: a forge, a
 *   company's login, a cluster that is gone. Keys for it are refused. Who means it deletes the provider, hands over the keys
 *   and creates it again, for which IAM's own permissions are needed: saying whom roles trust is theirs.
 * - Keys for an issuer whose keys were handed over already may be replaced: that is how they are rotated.
 */
export function clusterIssuerOperations({
  storage,
  partition,
  isOwnIssuer,
  authorize,
}: Pick<EntrywayDeps, 'storage' | 'partition' | 'isOwnIssuer' | 'authorize'>): Operations {
  const onNamed = (action: string) => ({
    authorization: (input: ClusterInput, context: OperationContext) =>
      onCluster(action, storage, context, input.clusterName),
  });

  return {
    SetClusterIssuer: defineOperation<SetInput, { readonly issuer: ShownIssuer }>({
      ...onNamed('entryway:SetClusterIssuer'),
      async handle({ clusterName, issuer, keys: given }, context) {
        const url = readIssuerUrl(issuer, { name: clusterName });
        const keys = given === undefined ? undefined : readIssuerKeys(given, clusterName);
        if (isOwnIssuer(url)) {
          throw invalidParameter('The issuer belongs to the clusters that this server serves', clusterName);
        }
        const tokenIssuer: TokenIssuerRecord = { url, ...(keys && { keys }) };
        return await atomically(async () => {
          const cluster = await findCluster(storage, context, clusterName);
          requireConnected(cluster.record, 'have an issuer that is set');
          if (keys === undefined && hasKeysFor(cluster.record, url)) throw keysWouldBeLost(cluster.record);
          const turn = await takeTurn(cluster.record);
          await refuseIssuerOfAnother(cluster.record, url);
          const isFirst = keys !== undefined && !hasKeysFor(cluster.record, url);
          const record: ClusterRecord = { ...cluster.record, tokenIssuer };
          return await context.commit(
            {
              expect: [
                cluster.unchanged,
                turn,
                ...(isFirst ? await withoutProvider(context, cluster.record, url) : []),
              ],
              changes: [putCluster(cluster, record), { type: 'put', key: turn.key, value: '{}' }],
            },
            { issuer: shown(record, tokenIssuer) },
          );
        });
      },
    }),

    DescribeClusterIssuer: defineOperation<ClusterInput, { readonly issuer: ShownIssuer }>({
      ...onNamed('entryway:DescribeClusterIssuer'),
      async handle({ clusterName }, context) {
        const { record } = await findCluster(storage, context, clusterName);
        if (record.kind === 'connected') return { issuer: shown(record, issuerOf(record)) };
        return { issuer: { clusterName, url: oidcIssuerOf(record), source: 'builtIn', keys: [] } };
      },
    }),

    ClearClusterIssuer: defineOperation<ClusterInput, object>({
      ...onNamed('entryway:ClearClusterIssuer'),
      handle: ({ clusterName }, context) =>
        atomically(async () => {
          const cluster = await findCluster(storage, context, clusterName);
          issuerOf(requireConnected(cluster.record, 'have an issuer that is set'));
          const { tokenIssuer: _gone, ...record } = cluster.record;
          return await context.commit(
            { expect: [cluster.unchanged], changes: [putCluster(cluster, record)] },
            {},
          );
        }),
    }),
  };

  /** Two that take an issuer for two clusters of an account at once would not see each other: one of them waits. */
  async function takeTurn({ accountId }: ClusterRecord): Promise<Expectation> {
    const key = tokenIssuerTurnKey(accountId);
    return { key, revision: (await storage.get(key))?.revision ?? 0 };
  }

  async function refuseIssuerOfAnother(cluster: ClusterRecord, url: string): Promise<void> {
    const { entries } = await storage.list({ prefix: accountClustersPrefix(cluster.accountId) });
    const other = entries
      .map(({ value }) => JSON.parse(value) as ClusterRecord)
      .find(({ clusterId, tokenIssuer }) => clusterId !== cluster.clusterId && tokenIssuer?.url === url);
    if (other === undefined) return;
    throw new AwsError(
      'ResourceInUseException',
      `Cluster ${other.name} has this issuer: give each API server a --service-account-issuer of its own`,
      { clusterName: cluster.name },
    );
  }

  /**
   * That no OIDC provider names the issuer, and that none comes meanwhile; refused where one does, and for a caller who could
   * not create it.
   */
  async function withoutProvider(
    context: OperationContext,
    { accountId, name }: ClusterRecord,
    url: string,
  ): Promise<readonly Expectation[]> {
    const host = url.slice('https://'.length);
    // IAM takes no port, not even the usual one (iam-facts J19).
    if (/^[^/]*:/.test(host)) return [];
    await authorize(context, {
      action: 'iam:CreateOpenIDConnectProvider',
      resources: [`arn:${partition}:iam::${accountId}:oidc-provider/${host}`],
    });
    const key = oidcProviderKey(accountId, host);
    if ((await storage.get(key)) === undefined) return [{ key, revision: 0 }];
    throw invalidRequest(
      `An OpenID Connect provider of this account names ${url} already, and roles may trust it: delete the provider, hand over the keys, and create it again`,
      name,
    );
  }
}

/** Leaving out keys would end all tokens at once, and with a provider in IAM there is no way back (`withoutProvider`). */
const keysWouldBeLost = ({ name }: ClusterRecord): AwsError =>
  invalidRequest(
    'Keys were handed over for this issuer: give all that its tokens may be signed with, or clear the issuer first',
    name,
  );

function hasKeysFor({ tokenIssuer }: ClusterRecord, url: string): boolean {
  return tokenIssuer?.url === url && tokenIssuer.keys !== undefined;
}

function issuerOf({ name, tokenIssuer }: ClusterRecord): TokenIssuerRecord {
  if (tokenIssuer !== undefined) return tokenIssuer;
  throw new AwsError(
    'ResourceNotFoundException',
    `Nobody has said who issues the tokens of cluster ${name}: \`entryway cluster issuer set\` does`,
  );
}

const putCluster = ({ key }: Found<ClusterRecord>, record: ClusterRecord) =>
  ({ type: 'put', key, value: JSON.stringify(record) }) as const;

function shown({ name }: ClusterRecord, { url, keys = [] }: TokenIssuerRecord): ShownIssuer {
  return {
    clusterName: name,
    url,
    source: keys.length === 0 ? 'discovery' : 'handedOver',
    keys: keys.map(({ kid, alg }) => ({ keyId: String(kid), algorithm: String(alg) })),
  };
}
