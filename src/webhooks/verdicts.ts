import { hash } from 'node:crypto';
import type { Authentication, ClusterAccess } from '../access/access.ts';
import { clusterChildrenPrefixes } from '../storage/records/keys.ts';
import type { Storage } from '../storage/storage.ts';
import type { WebhookLimits } from './limits.ts';

/** Who judges the tokens of API servers: each one once, and not too many at a time. */
export interface TokenVerdicts {
  /** Undefined when too many are being judged. Never rejects. */
  judge(cluster: ClusterAccess, token: string, now: number): Promise<Verdict> | Verdict | undefined;
  close(): void;
}

export interface Verdict {
  readonly authentication: Authentication;
  /** Whether it was made for this very question, and not remembered or shared. */
  readonly isNew: boolean;
}

interface Remembered {
  readonly authentication: Authentication;
  /** Epoch milliseconds, exclusive. */
  readonly until: number;
}

/** Verdicts that were made in one state of the store, and those under way that began in it. */
interface Book {
  readonly accepted: Map<string, Remembered>;
  /** Apart, so that a flood of bad tokens cannot crowd out the good ones. */
  readonly refused: Map<string, Remembered>;
  readonly underWay: Map<string, Promise<Authentication>>;
}

interface ClusterVerdicts {
  book: Book;
  /** Of all its books: what a change made obsolete still runs. */
  judged: number;
}

/**
 * Judges every token once: equal ones that come together share one verdict, equal ones that come soon after get it again.
 *
 * SECURITY: a change of the store that may matter begins a new book before it is acknowledged (storage.ts, INVARIANT).
 * Verdicts that began before it end in the old book, where nobody looks any more. Tokens are remembered by their hash,
 * verdicts only as long as token and session last, and what could not be judged is not remembered at all.
 */
export function createTokenVerdicts(options: {
  readonly storage: Pick<Storage, 'watch'>;
  readonly limits: WebhookLimits;
}): TokenVerdicts {
  const { limits } = options;
  const clusters = new Map<string, ClusterVerdicts>();
  let judged = 0;
  /** When a token was asked about last, epoch milliseconds. */
  let latest = 0;

  const forget = (clusterId: string, cluster: ClusterVerdicts): void => {
    cluster.book = newBook();
    if (cluster.judged === 0) clusters.delete(clusterId);
  };
  const forgetAll = (): void => {
    for (const [id, cluster] of clusters) forget(id, cluster);
  };
  const watch = options.storage.watch({ prefix: '' }, (changes) => {
    for (const { key } of changes) {
      const clusterId = concernedCluster(key);
      if (clusterId === undefined) return forgetAll();
      const cluster = clusters.get(clusterId);
      if (cluster !== undefined) forget(clusterId, cluster);
    }
  });

  const remember = (book: Book, key: string, authentication: Authentication, now: number): void => {
    const { outcome } = authentication;
    if (outcome === 'unavailable') return;
    // What only the form of a token decides is found again faster than it is looked up.
    if (outcome === 'refused' && authentication.evidence.step === 'credential') return;
    const ends = outcome === 'authenticated' ? authentication.until : Number.POSITIVE_INFINITY;
    const until = Math.min(now + limits.verdictLifetime, ends ?? now);
    if (until <= now) return;
    const kept = outcome === 'authenticated' ? book.accepted : book.refused;
    if (kept.size >= limits.verdictsPerCluster) {
      const [oldest] = kept.keys();
      if (oldest !== undefined) kept.delete(oldest);
    }
    kept.set(key, { authentication, until });
  };

  const begin = (
    access: ClusterAccess,
    cluster: ClusterVerdicts,
    { key, token, now }: { readonly key: string; readonly token: string; readonly now: number },
  ) => {
    const { book } = cluster;
    cluster.judged += 1;
    judged += 1;
    const verdict = access
      .authenticate(token, now)
      .catch((): Authentication => failed)
      .then((authentication) => {
        cluster.judged -= 1;
        judged -= 1;
        book.underWay.delete(key);
        remember(book, key, authentication, now);
        return authentication;
      });
    book.underWay.set(key, verdict);
    return verdict;
  };

  return {
    judge(access, token, now) {
      // What was remembered would count again, however old, once the clock has come back to it.
      if (now < latest) forgetAll();
      latest = now;
      const { clusterId } = access.cluster;
      let cluster = clusters.get(clusterId);
      if (cluster === undefined) {
        cluster = { book: newBook(), judged: 0 };
        clusters.set(clusterId, cluster);
      }
      const { book } = cluster;
      const key = hash('sha256', token, 'base64');
      const known = book.accepted.get(key) ?? book.refused.get(key);
      if (known !== undefined && now < known.until) {
        return { authentication: known.authentication, isNew: false };
      }
      const shared = book.underWay.get(key);
      if (shared !== undefined) return shared.then((authentication) => ({ authentication, isNew: false }));
      if (judged >= limits.judgedAtOnce || cluster.judged >= limits.judgedAtOncePerCluster) return undefined;
      return begin(access, cluster, { key, token, now }).then((authentication) => ({
        authentication,
        isNew: true,
      }));
    },
    close: () => watch.close(),
  };
}

function newBook(): Book {
  return { accepted: new Map(), refused: new Map(), underWay: new Map() };
}

/**
 * The one cluster a change may matter to, by the key's second segment; undefined where it may matter to any: principals,
 * keys, blocks, clusters, access policies, and whatever is stored one day.
 */
function concernedCluster(key: string): string | undefined {
  const child = clusterChildrenPrefixes.find((prefix) => key.startsWith(prefix));
  if (child === undefined) return undefined;
  const end = key.indexOf('/', child.length);
  return end === -1 ? undefined : key.slice(child.length, end);
}

const failed: Authentication = {
  outcome: 'unavailable',
  evidence: { step: 'caller', code: 'failed', message: 'the token could not be judged' },
};
