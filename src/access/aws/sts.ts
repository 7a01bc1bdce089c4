import { createHash } from 'node:crypto';
import { createGate, type Gate, type GateOptions } from '../../clients/gate.ts';
import { percentEncode } from '../../wire/sigv4/canonical.ts';
import { isStsHost, regionOfHost } from '../../wire/token/hosts.ts';
import { clusterHeader, type ParsedToken, tokenParameters } from '../../wire/token/parse.ts';
import { parseStsResponse, type StsAnswer, type StsErrorKind } from '../../wire/token/stsresponse.ts';
import type { RemoteCallers, RemoteVerdict } from '../remotecallers.ts';
import { type AwsConnections, ExchangeError } from './connections.ts';
import { createShortMemory } from './shortmemory.ts';
import { principalOf } from './stsprincipal.ts';

export interface StsCallersOptions {
  readonly connections: AwsConnections;
  /** The one partition whose hosts are asked and whose ARNs are believed. */
  readonly partition: string;
  /** Regions whose hosts are asked; `global` is the one without a region. */
  readonly regions: ReadonlySet<string>;
  /** Accounts whose identities are believed. */
  readonly accounts: ReadonlySet<string>;
  /** Whether this server's own IAM has the account. */
  readonly playsAccount: (accountId: string) => Promise<boolean>;
  /** Of the STS of each region. */
  readonly bounds?: GateOptions;
}

/** What became of a token that was to be asked about. */
export type StsOutcome = 'known' | 'refused' | 'throttled' | 'unavailable';

/** What has happened since the start, for metrics and benchmarks. */
export interface StsFigures {
  /** Requests sent, by the region of the host and what the answer was. */
  readonly calls: readonly {
    readonly region: string;
    readonly outcome: StsOutcome;
    readonly count: number;
  }[];
  readonly connectionsMade: number;
  readonly inFlight: number;
  readonly waiting: number;
  /** Tokens that found no place, or waited for one too long. */
  readonly queueRefusals: number;
  /** Tokens that were asked about already when they came. */
  readonly joined: number;
  /** Tokens of keys that STS did not know a moment ago: nobody was asked. */
  readonly remembered: number;
}

export interface StsCallers extends RemoteCallers {
  figures(): StsFigures;
}

/** Of a region. At 20 ms a call, 64 places are 3,200 tokens a second; who waits longer than five is better told to come back. */
const defaultBounds: GateOptions = { running: 64, waiting: 1024, patience: 5_000 };

/**
 * How long an access key that STS does not know stays unknown. No longer: a key that was just made is not known
 * everywhere for some seconds.
 */
const unknownFor = 10_000;
/** How long an access key that STS knew goes before others. */
const knownFor = 60 * 60_000;
const keysKept = 10_000;

/**
 * Asks AWS's STS whose a token is (token-facts 5).
 *
 * SECURITY: the request is built anew from parsed parts: method, path and headers are ours, the host is one of the
 * configured regions', parameters are encoded again. Forwarding the client's text is what CVE-2020-16250 was about.
 * What comes back is believed for the listed accounts only: whoever owns another AWS account can make roles of any name.
 */
export function createStsCallers({
  connections,
  partition,
  regions,
  accounts,
  playsAccount,
  bounds = defaultBounds,
}: StsCallersOptions): StsCallers {
  // Where the STS of one region answers nobody, tokens for it must not take the places of the others.
  const gates = new Map([...regions].map((region) => [region, createGate(bounds)]));
  const inFlight = new Map<string, Promise<RemoteVerdict>>();
  const unknownKeys = createShortMemory({ capacity: keysKept, keptFor: unknownFor });
  /** Whoever can reach an API server can make up keys: those must not keep waiting who come every day. */
  const knownKeys = createShortMemory({ capacity: keysKept, keptFor: knownFor });
  const counts = new Map<string, { region: string; outcome: StsOutcome; count: number }>();
  let joined = 0;
  let remembered = 0;

  const count = (region: string, outcome: StsOutcome): void => {
    const key = `${region} ${outcome}`;
    const entry = counts.get(key) ?? { region, outcome, count: 0 };
    entry.count++;
    counts.set(key, entry);
  };

  const ofAll = (figure: (gate: Gate) => number): number =>
    [...gates.values()].reduce((sum, gate) => sum + figure(gate), 0);

  const judge = async (answer: StsAnswer, token: ParsedToken, clusterName: string, body: string) => {
    if (!answer.ok) return failureOf(answer, clusterName, body);
    const { identity } = answer;
    // SECURITY: first of all, so that nothing is said or done about an identity that is not ours to know.
    if (!accounts.has(identity.accountId)) {
      return refused(
        'accountNotTrusted',
        `AWS account \`${identity.accountId}\` is none of --sts-accounts of this server`,
      );
    }
    return principalOf(identity, { partition, accessKeyId: token.accessKeyId, playsAccount });
  };

  const ask = async (
    token: ParsedToken,
    clusterName: string,
    region: string,
    path: string,
  ): Promise<RemoteVerdict> => {
    let verdict: RemoteVerdict;
    try {
      const response = await connections.send({
        host: token.host,
        method: 'GET',
        path,
        headers: { accept: 'application/json', [clusterHeader]: clusterName },
      });
      const body = Buffer.from(response.body).toString('utf8');
      verdict = await judge(parseStsResponse({ status: response.status, body }), token, clusterName, body);
    } catch (error) {
      verdict = unavailable(
        'stsUnavailable',
        `AWS STS of region \`${region}\` gives no verdict: ${
          error instanceof ExchangeError ? error.message : 'its answer cannot be judged'
        }`,
      );
    }
    count(region, outcomeOf(verdict));
    return verdict;
  };

  return {
    async callerOf(token, clusterName, now) {
      const region = regionOfHost(token.host);
      if (region === undefined || token.ownEndpoint !== undefined || !isStsHost(token.host, { partition })) {
        return refused('badHost', 'token is not for an STS endpoint of this partition');
      }
      const gate = gates.get(region);
      if (gate === undefined) {
        return refused(
          'stsRegionNotConfigured',
          `token is for STS of region \`${region}\`, which is none of --sts-regions of this server: add it there, or sign for another`,
        );
      }
      const key = keyOf(token);
      if (unknownKeys.has(key, now)) {
        remembered++;
        return unknownKey;
      }
      const path = `/?${queryOf(token)}`;
      const id = `${token.host}\n${clusterName}\n${path}`;
      const underWay = inFlight.get(id);
      if (underWay !== undefined) {
        joined++;
        return underWay;
      }
      const asking = gate
        .pass(() => ask(token, clusterName, region, path), { goesAhead: knownKeys.has(key, now) })
        .catch(() => busy)
        .finally(() => inFlight.delete(id));
      inFlight.set(id, asking);
      const verdict = await asking;
      if (verdict === unknownKey) unknownKeys.add(key, now);
      else if (verdict.outcome === 'known') knownKeys.add(key, now);
      return verdict;
    },
    figures: () => ({
      calls: [...counts.values()].map((entry) => ({ ...entry })),
      connectionsMade: connections.made(),
      inFlight: ofAll((gate) => gate.running()),
      waiting: ofAll((gate) => gate.waiting()),
      queueRefusals: ofAll((gate) => gate.refused()),
      joined,
      remembered,
    }),
  };
}

/** SigV4 signs the canonical form, so that neither order nor encoding of the client's text matters (token-facts 3.1). */
function queryOf({ parameters }: ParsedToken): string {
  const query: string[] = [];
  for (const name of tokenParameters) {
    const value = parameters.get(name);
    if (value !== undefined) query.push(`${name}=${percentEncode(value)}`);
  }
  return query.join('&');
}

/**
 * What STS's InvalidClientTokenId depends on, and what a key is known by here.
 *
 * SECURITY: not the access key id alone. Ids are no secret, and STS answers the same for a session token that is made up:
 * whoever knows an id could otherwise shut out its owner.
 */
function keyOf({ host, accessKeyId, sessionToken = '' }: ParsedToken): string {
  return createHash('sha256').update(`${host}\n${accessKeyId}\n${sessionToken}`).digest('base64');
}

function failureOf(
  answer: Extract<StsAnswer, { ok: false }>,
  clusterName: string,
  body: string,
): RemoteVerdict {
  if (answer.error === 'sts_throttled') return throttled;
  if (answer.verdict === 'none') {
    return unavailable('stsUnavailable', `AWS STS gives no verdict: ${troubles[answer.error]}`);
  }
  switch (answer.code) {
    case 'SignatureDoesNotMatch':
    case 'RequestExpired':
      // The same code for both (token-facts 5); the text is AWS's and only looked at.
      return answer.code === 'RequestExpired' || /Signature (?:expired|not yet current)/.test(body)
        ? refused('clockSkew', 'AWS STS finds the token signed too long ago or ahead: compare the clocks')
        : refused(
            'badSignature',
            `AWS STS refuses the signature: the token is for a cluster other than \`${clusterName}\`, or the secret is wrong`,
          );
    case 'ExpiredToken':
    case 'ExpiredTokenException':
      return refused('sessionExpired', 'AWS STS says that the session behind the token has ended');
    case 'InvalidClientTokenId':
      return unknownKey;
    default: {
      const said = /^[A-Za-z]{1,64}$/.test(answer.code ?? '') ? ` (${answer.code})` : '';
      return refused('stsRefused', `AWS STS refuses the token${said}`);
    }
  }
}

const troubles: Readonly<Record<StsErrorKind, string>> = {
  sts_throttled: 'it has had enough requests',
  sts_status: 'what it says is neither an answer nor a refusal',
  sts_bad_json: 'its answer is no JSON',
  sts_bad_arn: 'its answer names nobody that can be a caller',
  sts_bad_user_id: 'its answer has no user id that fits the ARN',
};

function outcomeOf(verdict: RemoteVerdict): StsOutcome {
  return verdict.outcome === 'unavailable' && verdict.throttled ? 'throttled' : verdict.outcome;
}

function refused(code: string, message: string): RemoteVerdict {
  return { outcome: 'refused', code, message };
}

function unavailable(code: string, message: string): RemoteVerdict {
  return { outcome: 'unavailable', code, message };
}

const unknownKey = refused(
  'unknownKey',
  'AWS STS does not know the access key: it is deleted or inactive, or its region is not enabled',
);
const throttled: RemoteVerdict = {
  outcome: 'unavailable',
  code: 'stsThrottled',
  message: 'AWS STS has had enough requests of this kind',
  throttled: true,
};
const busy: RemoteVerdict = {
  outcome: 'unavailable',
  code: 'stsBusy',
  message: 'too many tokens wait for AWS STS already',
  throttled: true,
};
