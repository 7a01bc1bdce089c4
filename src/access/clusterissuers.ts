import type { ClusterRecord } from '../storage/records/eks.ts';
import { issuerIdOf, oidcIssuerOf } from '../storage/records/issuer.ts';
import { allClustersPrefix } from '../storage/records/keys.ts';
import type { Storage } from '../storage/storage.ts';
import { parseClusterRecord } from './records.ts';

/** The clusters of this server by the issuers of their service account tokens, as the store has them at every moment. */
export interface ClusterIssuers {
  /** The built-in cluster whose issuer ends in `/id/` and this id; undefined for every other text. */
  withId(issuerId: string): ClusterRecord | undefined;
  /** The built-in cluster, of whatever account, whose tokens name this issuer letter by letter. */
  builtIn(issuer: string): ClusterRecord | undefined;
  /** The connected cluster of the account that has named this issuer. */
  connected(accountId: string, issuer: string): ClusterRecord | undefined;
  close(): void;
}

const pageSize = 500;

/**
 * Reads the clusters and follows them from then on: what is asked here costs a look into a map, whatever a stranger asks
 * for, and an acknowledged write is in the next answer (storage.ts, INVARIANT).
 */
export async function openClusterIssuers(options: {
  readonly storage: Pick<Storage, 'list' | 'watch'>;
}): Promise<ClusterIssuers> {
  const { storage } = options;
  const byKey = new Map<string, ClusterRecord>();
  const builtIn = new Map<string, ClusterRecord>();
  const connected = new Map<string, readonly ClusterRecord[]>();

  const forget = (key: string): void => {
    const record = byKey.get(key);
    if (record === undefined) return;
    byKey.delete(key);
    builtIn.delete(issuerIdOf(record.clusterId));
    const claim = claimOf(record);
    const others = (connected.get(claim) ?? []).filter((one) => one !== record);
    if (others.length === 0) connected.delete(claim);
    else connected.set(claim, others);
  };
  /** SECURITY: a record that cannot be read speaks for nobody, nor does what stood there before. */
  const apply = (key: string, value: string | undefined): void => {
    forget(key);
    const record = value === undefined ? undefined : parseClusterRecord(value);
    if (record === undefined) return;
    byKey.set(key, record);
    if (record.kind === 'builtIn') builtIn.set(issuerIdOf(record.clusterId), record);
    else if (record.kind === 'connected' && record.tokenIssuer !== undefined) {
      const claim = claimOf(record);
      connected.set(claim, [...(connected.get(claim) ?? []), record]);
    }
  };
  /** What changed while the clusters were read: the reading may have seen the state before. */
  let changedMeanwhile: Set<string> | undefined = new Set();
  const watch = storage.watch({ prefix: allClustersPrefix }, (changes) => {
    for (const { key, value } of changes) {
      changedMeanwhile?.add(key);
      apply(key, value);
    }
  });
  try {
    let after: string | undefined;
    for (;;) {
      const page = await storage.list({
        prefix: allClustersPrefix,
        limit: pageSize,
        ...(after !== undefined && { after }),
      });
      for (const { key, value } of page.entries) {
        after = key;
        if (!changedMeanwhile.has(key)) apply(key, value);
      }
      if (!page.more) break;
    }
  } catch (error) {
    watch.close();
    throw error;
  }
  changedMeanwhile = undefined;

  return {
    withId: (issuerId) => builtIn.get(issuerId),
    builtIn(issuer) {
      const record = builtIn.get(issuer.slice(issuer.lastIndexOf('/') + 1));
      return record !== undefined && oidcIssuerOf(record) === issuer ? record : undefined;
    },
    connected(accountId, issuer) {
      const [record, ...others] = connected.get(`${accountId} ${issuer}`) ?? [];
      // SECURITY: `SetClusterIssuer` gives an issuer to one cluster. Should two ever have it, neither speaks for it.
      return others.length === 0 ? record : undefined;
    },
    close: () => watch.close(),
  };
}

const claimOf = ({ accountId, tokenIssuer }: ClusterRecord): string => `${accountId} ${tokenIssuer?.url}`;
