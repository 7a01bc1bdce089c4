import { createHash } from 'node:crypto';
import type { EksAuth } from './eksauth.ts';
import type { PodCredentials } from './podcredentials.ts';
import { readPodToken } from './podtoken.ts';
import { createRecentlyUsed } from './recentlyused.ts';
import { AgentRefusal, takesCredentialsAway, tooManyRequests } from './refusal.ts';
import { createTokenBucket } from './tokenbucket.ts';

/** Answers tokens with credentials, from the cache where it can. */
export interface Retriever {
  /**
   * The body of the answer for a token, at once when the cache has it. Throws or rejects with what `answerTo` reads.
   *
   * SECURITY: the cache answers for exactly the text that EKS Auth gave the credentials for, as long as the token and the
   * credentials last. Only a hash of the text is compared.
   */
  answerFor(token: string): Uint8Array | Promise<Uint8Array>;
  /** Begins what is due of renewals, and forgets what is over. To be called every second or so. */
  sweep(): void;
  /** Tokens whose credentials are held. */
  readonly size: number;
}

export interface RetrieverOptions {
  readonly eksAuth: EksAuth;
  /** Milliseconds. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly told: (event: RetrieverEvent) => void;
  readonly bounds?: Partial<RetrieverBounds>;
}

/** What happened, for metrics and the log; `error` is of a renewal. */
export type RetrieverEvent =
  | { readonly event: 'hit' | 'miss' | 'evicted' }
  | { readonly event: 'fetched' | 'renewed'; readonly associationId: string; readonly expiresAt: number }
  | {
      readonly event: 'renewalFailed';
      readonly associationId: string;
      readonly isFinal: boolean;
      readonly error: unknown;
    };

/** The upstream agent's figures (eks-access-facts J18), in milliseconds where they are times. */
export interface RetrieverBounds {
  readonly entries: number;
  /** Tokens that are asked about at one time. */
  readonly flights: number;
  readonly renewAfter: number;
  readonly renewalsPerSecond: number;
  /** Credentials that are nearer to their end are not answered any more. */
  readonly leastLife: number;
  /** After a renewal that failed; up to as much again is added, so that not all come at once. */
  readonly retryAfter: number;
}

const defaultBounds: RetrieverBounds = {
  entries: 2_000,
  flights: 2_000,
  renewAfter: 3 * 3_600_000,
  renewalsPerSecond: 3,
  leastLife: 15_000,
  retryAfter: 60_000,
};

interface Entry {
  readonly credentials: PodCredentials;
  readonly token: string;
  readonly tokenExpiresAt: number;
  readonly renewAt: number;
}

export function createRetriever({ eksAuth, now, random, told, bounds }: RetrieverOptions): Retriever {
  const { entries, flights, renewAfter, renewalsPerSecond, leastLife, retryAfter } = {
    ...defaultBounds,
    ...bounds,
  };
  /** By the hash of the token's text. */
  const held = createRecentlyUsed<Entry>(entries, () => told({ event: 'evicted' }));
  /** Tokens that EKS Auth is being asked about, by the same: all who want one wait for one call. */
  const asking = new Map<string, Promise<Entry>>();
  const renewals = createTokenBucket({ perSecond: renewalsPerSecond, burst: renewalsPerSecond, now });

  const isGood = ({ credentials, tokenExpiresAt }: Entry): boolean => {
    const time = now();
    return credentials.expiresAt - time > leastLife && time < tokenExpiresAt;
  };

  /** Whoever asked may have left meanwhile: the credentials are kept for when they ask again. */
  const ask = (key: string, token: string, tokenExpiresAt: number): Promise<Entry> => {
    const flight = eksAuth.credentialsFor(token).then((credentials) => {
      const life = credentials.expiresAt - now();
      if (life <= leastLife) {
        throw new Error(`fetched credentials are expired or will expire within ${leastLife / 1000} seconds`);
      }
      // COMPAT: the upstream agent renews what lives shorter than three hours when it is over, which leaves SDKs with
      // credentials they are not content with; the half of their life leaves them enough.
      const renewAt = now() + Math.max(Math.min(renewAfter, life / 2), retryAfter);
      const entry: Entry = { credentials, token, tokenExpiresAt, renewAt };
      // A renewal is no use: credentials of pods that are gone must not outlive those of others.
      if (held.peek(key) === undefined) held.set(key, entry);
      else held.replace(key, entry);
      return entry;
    });
    const over = flight.finally(() => asking.delete(key));
    // Whoever waits for it gets the failure.
    over.catch(() => {});
    asking.set(key, over);
    return over;
  };

  const renew = async (key: string, entry: Entry): Promise<void> => {
    const { associationId } = entry.credentials;
    try {
      const { credentials } = await ask(key, entry.token, entry.tokenExpiresAt);
      told({ event: 'renewed', associationId, expiresAt: credentials.expiresAt });
    } catch (error) {
      const isFinal = takesCredentialsAway(error);
      if (isFinal) held.delete(key);
      // It may be gone, or another by now.
      else if (held.peek(key) === entry) {
        held.replace(key, { ...entry, renewAt: now() + retryAfter * (1 + random()) });
      }
      told({ event: 'renewalFailed', associationId, isFinal, error });
    }
  };

  return {
    answerFor(token) {
      const key = createHash('sha256').update(token).digest('base64');
      const entry = held.get(key);
      if (entry !== undefined) {
        if (isGood(entry)) {
          told({ event: 'hit' });
          return entry.credentials.body;
        }
        held.delete(key);
      }
      const { expiresAt } = readPodToken(token, now());
      told({ event: 'miss' });
      const waiting = asking.get(key);
      if (waiting !== undefined) return waiting.then(({ credentials }) => credentials.body);
      if (asking.size >= flights) throw new AgentRefusal(429, tooManyRequests);
      return ask(key, token, expiresAt).then(({ credentials: { body, associationId, expiresAt } }) => {
        told({ event: 'fetched', associationId, expiresAt });
        return body;
      });
    },
    sweep() {
      const due: (readonly [string, Entry])[] = [];
      for (const [key, entry] of held) {
        if (!isGood(entry)) {
          held.delete(key);
          told({ event: 'evicted' });
        } else if (entry.renewAt <= now() && !asking.has(key)) due.push([key, entry]);
      }
      due.sort(([, one], [, other]) => one.credentials.expiresAt - other.credentials.expiresAt);
      for (const [key, entry] of due) {
        if (!renewals.take()) return;
        void renew(key, entry);
      }
    },
    get size() {
      return held.size;
    },
  };
}
