import type { JSONWebKeySet, JWK } from 'jose';
import { AwsError } from '../../../wire/protocols/errors.ts';
import type { LocalIssuers, OutboundIssuers } from '../dependencies.ts';
import { invalidToken } from '../errors.ts';
import { createJsonFetcher, type JsonFetcher } from './fetchjson.ts';

/** Where the keys come from that judge an identity provider's tokens. */
export interface IssuerKeys {
  /**
   * All keys of the issuer, among them hopefully the one with this id. Throws InvalidIdentityToken when there is no way
   * to ask, IDPCommunicationError when the issuer does not answer as it should. `now` is epoch milliseconds.
   */
  keysOf(issuer: string, keyId: string, now: number): Promise<JSONWebKeySet>;
}

export interface IssuerKeysOptions {
  readonly localIssuers: LocalIssuers;
  readonly outboundIssuers: OutboundIssuers;
  readonly fetchJson?: JsonFetcher;
}

/** Milliseconds that an answer is good for; a key id that is not in it may ask again sooner. */
const keptFor = 10 * 60_000;
const keptForOtherKeys = 30_000;
const failureKeptFor = 10_000;
/** Issuers remembered; the one asked longest ago goes. */
const capacity = 100;
const maximumKeys = 100;

/** What an issuer answered, and when; without keys it failed. */
interface Answer {
  readonly at: number;
  readonly keys: JSONWebKeySet | undefined;
}

/**
 * SECURITY: anybody who can connect can make the server ask a provider that an account has created; whatever they send,
 * it asks each provider at most every ten seconds.
 */
export function createIssuerKeys({
  localIssuers,
  outboundIssuers,
  fetchJson = createJsonFetcher({ reach: outboundIssuers }),
}: IssuerKeysOptions): IssuerKeys {
  const answers = new Map<string, Answer>();
  const asking = new Map<string, Promise<Answer>>();

  const ask = async (issuer: string, now: number): Promise<Answer> => {
    const keys = await fetchKeys(fetchJson, issuer).catch(() => undefined);
    const answer = { at: now, keys };
    answers.delete(issuer);
    answers.set(issuer, answer);
    const [oldest] = answers.keys();
    if (answers.size > capacity && oldest !== undefined) answers.delete(oldest);
    return answer;
  };

  const askOnce = (issuer: string, now: number): Promise<Answer> => {
    const underWay = asking.get(issuer) ?? ask(issuer, now).finally(() => asking.delete(issuer));
    asking.set(issuer, underWay);
    return underWay;
  };

  return {
    async keysOf(issuer, keyId, now) {
      const local = await localIssuers(issuer);
      if (local !== undefined) return local;
      if (outboundIssuers === 'none') {
        throw invalidToken(`${noKey} (this Entryway asks no identity provider: serve --oidc-issuers)`);
      }
      const known = answers.get(issuer);
      const answer = known !== undefined && isGood(known, keyId, now) ? known : await askOnce(issuer, now);
      if (answer.keys === undefined) {
        throw new AwsError(
          'IDPCommunicationErrorException',
          'An error occurred while communicating with the identity provider',
        );
      }
      return answer.keys;
    },
  };
}

/** iam-facts I15, spaces included. */
export const noKey =
  "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements";

function isGood({ at, keys }: Answer, keyId: string, now: number): boolean {
  const age = now - at;
  // The clock was set back: who knows how old it is.
  if (age < 0) return false;
  if (keys === undefined) return age < failureKeptFor;
  const isThere = keys.keys.some(({ kid }) => kid === keyId);
  return age < (isThere ? keptFor : keptForOtherKeys);
}

/** OpenID Connect Discovery 1.0, 4.1 to 4.3. */
async function fetchKeys(fetchJson: JsonFetcher, issuer: string): Promise<JSONWebKeySet> {
  const configuration = await fetchJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  if (configuration.issuer !== issuer) throw new Error('the discovery document is of another issuer');
  const { jwks_uri: address } = configuration;
  if (typeof address !== 'string') throw new Error('the discovery document has no jwks_uri');
  const { keys } = await fetchJson(address);
  if (!Array.isArray(keys) || keys.length > maximumKeys || !keys.every(isKey)) {
    throw new Error('the key set cannot be read');
  }
  return { keys };
}

function isKey(value: unknown): value is JWK {
  return typeof value === 'object' && value !== null && 'kty' in value && typeof value.kty === 'string';
}
