import type { JSONWebKeySet } from 'jose';
import type { IssuerKeys, LocalIssuers, OutboundIssuers } from '../dependencies.ts';
import { createJsonFetcher, type JsonFetcher } from './fetchjson.ts';
import { readKeySet } from './keyset.ts';

export interface IssuerKeysOptions {
  readonly localIssuers: LocalIssuers;
  readonly outboundIssuers: OutboundIssuers;
  readonly fetchJson?: JsonFetcher;
}

/** Milliseconds that an answer is good for; a key id that is not in it may ask again sooner. */
const keptFor = 10 * 60_000;
/** After so many it is asked for anew, and nobody waits: else every ten minutes all would. */
const freshFor = 5 * 60_000;
const betweenAsksForOtherKeys = 30_000;
const betweenAsksAfterFailure = 10_000;
/** A call may meet the answer to one that came later. */
const overtaking = 10_000;
/** Calls that wait for one issuer at a time: as many as there are connections, so that after a start nobody is sent away. */
const mostWaiting = 4096;
/** Issuers remembered, each account may have a hundred; the one asked longest ago goes. */
const capacity = 1000;

/** What one server knows of issuers, for all who ask. */
export interface KnownIssuers extends IssuerKeys {
  /**
   * The same for calls that wait in a line: of these only so many wait for an issuer at a time, what comes on top goes by
   * what is known already.
   */
  waiting(most: number): IssuerKeys;
}

/** What is known of an issuer: when it was asked last, and its last answer that could be read. Times are epoch milliseconds. */
interface Known {
  readonly askedAt: number;
  readonly answer: { readonly at: number; readonly keys: JSONWebKeySet } | undefined;
}

/**
 * SECURITY: anybody who can connect can make the server ask a provider that an account has created or a cluster is
 * associated with; whatever they send, it asks each provider at most every ten seconds. An issuer that fails when a forged
 * key id asks keeps the keys that it answered before: else who sends forgeries would shut out everybody while it is busy.
 * And where each takes the place of somebody who is to be judged, only some wait for a slow one (`waiting`).
 */
export function createIssuerKeys({
  localIssuers,
  outboundIssuers,
  fetchJson = createJsonFetcher({ reach: outboundIssuers }),
}: IssuerKeysOptions): KnownIssuers {
  const issuers = new Map<string, Known>();
  const asking = new Map<string, Promise<Known>>();

  const ask = async (issuer: string, now: number): Promise<Known> => {
    const keys = await fetchKeys(fetchJson, issuer).catch(() => undefined);
    const answer = keys === undefined ? issuers.get(issuer)?.answer : { at: now, keys };
    const known = { askedAt: now, answer };
    issuers.delete(issuer);
    issuers.set(issuer, known);
    const [oldest] = issuers.keys();
    if (issuers.size > capacity && oldest !== undefined) issuers.delete(oldest);
    return known;
  };

  const askOnce = (issuer: string, now: number): Promise<Known> => {
    const underWay = asking.get(issuer) ?? ask(issuer, now).finally(() => asking.delete(issuer));
    asking.set(issuer, underWay);
    return underWay;
  };

  const waiting: KnownIssuers['waiting'] = (most) => {
    const waitingFor = new WeakMap<Promise<Known>, number>();
    /** Undefined when enough are waiting. */
    const awaited = (answer: Promise<Known>): Promise<Known> | undefined => {
      const before = waitingFor.get(answer) ?? 0;
      if (before === most) return undefined;
      waitingFor.set(answer, before + 1);
      return answer;
    };
    return {
      async keysOf(issuer, keyId, now, accountId) {
        const local = await localIssuers(issuer, accountId);
        if (local !== undefined) return { outcome: 'keys', keys: local };
        if (outboundIssuers === 'none') return { outcome: 'notAsked' };
        const known = issuers.get(issuer);
        const mustAsk = known === undefined || isToBeAsked(known, keyId, now);
        if (!mustAsk && isAging(known, now)) void askOnce(issuer, now);
        const current = (mustAsk ? await awaited(askOnce(issuer, now)) : undefined) ?? known;
        const keys = current && goodKeys(current, now);
        return keys === undefined ? { outcome: 'unreachable' } : { outcome: 'keys', keys };
      },
    };
  };
  return { ...waiting(mostWaiting), waiting };
}

function isToBeAsked(known: Known, keyId: string, now: number): boolean {
  const keys = goodKeys(known, now);
  if (keys?.keys.some(({ kid }) => kid === keyId) === true) return false;
  const since = now - known.askedAt;
  return (
    since <= -overtaking || since >= (keys === undefined ? betweenAsksAfterFailure : betweenAsksForOtherKeys)
  );
}

/** Whether its answer, which counts still, should be another soon; one that fails then is not asked again at once. */
function isAging({ askedAt, answer }: Known, now: number): boolean {
  return answer !== undefined && now - answer.at >= freshFor && now - askedAt >= betweenAsksForOtherKeys;
}

/** None when the clock was set back by more than calls overtake each other: who knows how old they are. */
function goodKeys({ answer }: Known, now: number): JSONWebKeySet | undefined {
  if (answer === undefined) return undefined;
  const age = now - answer.at;
  return age > -overtaking && age < keptFor ? answer.keys : undefined;
}

/** OpenID Connect Discovery 1.0, 4.1 to 4.3. */
async function fetchKeys(fetchJson: JsonFetcher, issuer: string): Promise<JSONWebKeySet> {
  const configuration = await fetchJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  if (configuration.issuer !== issuer) throw new Error('the discovery document is of another issuer');
  const { jwks_uri: address } = configuration;
  if (typeof address !== 'string') throw new Error('the discovery document has no jwks_uri');
  return readKeySet((await fetchJson(address)).keys);
}
