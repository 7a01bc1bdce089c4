import type { JSONWebKeySet } from 'jose';
import type { PodTokenAnswer } from '../engine/podcredentials/podtoken.ts';
import type { ClusterRecord } from '../storage/records/eks.ts';
import { dnsLabelFindings, dnsSubdomainFindings } from '../wire/kube/names.ts';
import { type TokenFault as ForeignTokenFault, provenClaims, readPresented } from './idtokens/verify.ts';
import { parseObject } from './json.ts';
import type { ServiceAccountTokens } from './serviceaccounts.ts';
import {
  readSubject,
  serviceAccountUsername,
  type TokenSubject,
  tokenFaultMessages,
} from './serviceaccounttoken.ts';

/** Where the keys of a connected cluster's token issuer come from; see `services/sts/webidentity/issuerkeys.ts`. */
export type TokenIssuerKeys = (
  cluster: ClusterRecord,
  issuer: string,
  keyId: string,
  now: number,
) => Promise<
  | { readonly outcome: 'keys'; readonly keys: JSONWebKeySet }
  | { readonly outcome: 'unreachable' }
  | { readonly outcome: 'notAsked' }
>;

export interface PodTokens {
  /** `now` is epoch milliseconds. Never throws for anything in the token. */
  verify(cluster: ClusterRecord, token: string, audience: string, now: number): Promise<PodTokenAnswer>;
}

/** Seconds that the clocks of a cluster and of this server may differ, as for the tokens of built-in clusters. */
const clockTolerance = 10;

/**
 * Is this the token of a pod of the cluster, for this audience? Both kinds of clusters answer alike; they differ in who
 * signs. What a token of a built-in cluster is bound to must still be there.
 *
 * COMPAT: whether the pod of a connected cluster still exists cannot be known here: its token counts until it ends.
 */
export function createPodTokens({
  serviceAccounts,
  issuerKeys,
}: {
  readonly serviceAccounts: Pick<ServiceAccountTokens, 'verify'>;
  readonly issuerKeys: TokenIssuerKeys;
}): PodTokens {
  return {
    async verify(cluster, token, audience, now) {
      switch (cluster.kind) {
        case 'builtIn': {
          const judged = await serviceAccounts.verify(cluster, token, { now, audiences: [audience] });
          if (judged.outcome === 'verified') return podOf(judged.token);
          const { code, message } = judged.evidence;
          if (judged.outcome === 'unavailable') return { outcome: 'unavailable', because: message };
          return code === 'expired' ? expired(token) : refused(message);
        }
        case 'connected':
          try {
            return await verifyForeign(cluster, token, audience, now, issuerKeys);
          } catch {
            // The cause may quote what it read; the store's own log has it.
            return {
              outcome: 'unavailable',
              because: 'the keys of the cluster’s token issuer cannot be read',
            };
          }
        default:
          return cluster.kind satisfies never;
      }
    },
  };
}

async function verifyForeign(
  cluster: ClusterRecord,
  token: string,
  audience: string,
  now: number,
  issuerKeys: TokenIssuerKeys,
): Promise<PodTokenAnswer> {
  const issuer = cluster.tokenIssuer?.url;
  if (issuer === undefined) return { outcome: 'unconfigured', missing: 'tokenIssuer' };
  const presented = readPresented(token);
  if (presented === undefined) return refused(tokenFaultMessages.malformedToken);
  // Not proven yet, and only good for a refusal that says what is wrong, and for finding the key.
  if (presented.issuer !== issuer) return refused(foreignFaultMessages.wrongIssuer);
  if (!presented.isAllowed) return refused(foreignFaultMessages.unsupportedAlgorithm);
  // SECURITY: API servers name the key. Without its name whichever key fits would do.
  if (presented.keyId === '') return refused(foreignFaultMessages.unknownSigningKey);
  const answer = await issuerKeys(cluster, issuer, presented.keyId, now);
  switch (answer.outcome) {
    case 'keys':
      break;
    case 'notAsked':
      return { outcome: 'unconfigured', missing: 'outboundIssuers' };
    case 'unreachable':
      return { outcome: 'unavailable', because: 'the cluster’s token issuer does not tell its keys' };
    default:
      return answer satisfies never;
  }
  const proven = await provenClaims(
    token,
    { issuerUrl: issuer, clientId: audience },
    { keys: answer.keys, now },
  );
  if (!proven.ok) {
    return proven.fault === 'expired' ? expired(token) : refused(foreignFaultMessages[proven.fault]);
  }
  const { claims } = proven;
  if (typeof claims.iat !== 'number') return refused(foreignFaultMessages.badClaims);
  if (claims.iat * 1000 > now + clockTolerance * 1000) return refused(foreignFaultMessages.notYetValid);
  const subject = readSubject(claims['kubernetes.io']);
  if (
    subject === undefined ||
    claims.sub !== serviceAccountUsername(subject.namespace, subject.serviceAccount.name)
  ) {
    return refused(foreignFaultMessages.badClaims);
  }
  return podOf(subject);
}

/** Of the issuers that an operator has named; for our own, `tokenFaultMessages`. */
const foreignFaultMessages: Readonly<Record<ForeignTokenFault, string>> = {
  malformedToken: tokenFaultMessages.malformedToken,
  unsupportedAlgorithm: 'algorithm of the service account token is not one of an asymmetric key',
  unknownSigningKey: 'service account token names no signing key of the cluster’s issuer',
  badSignature: tokenFaultMessages.badSignature,
  wrongIssuer: tokenFaultMessages.wrongIssuer,
  wrongAudience: 'service account token is not for the asked audience',
  expired: tokenFaultMessages.expired,
  notYetValid: tokenFaultMessages.notYetValid,
  badClaims: tokenFaultMessages.badClaims,
};

/**
 * SECURITY: what becomes a tag of a session and a part of its name decides in policies. An API server lets nobody have
 * other names; an issuer that is none could write anything.
 */
function podOf({ namespace, serviceAccount, pod }: TokenSubject): PodTokenAnswer {
  if (pod === undefined) return refused('service account token is not bound to a pod');
  const findings = [
    ...dnsLabelFindings(namespace),
    ...dnsSubdomainFindings(serviceAccount.name),
    ...dnsSubdomainFindings(pod.name),
  ];
  if (findings.length > 0 || !/^[A-Za-z0-9-]{1,128}$/.test(pod.uid)) {
    return refused(tokenFaultMessages.badClaims);
  }
  return {
    outcome: 'verified',
    subject: { namespace, serviceAccount: serviceAccount.name, pod: { name: pod.name, uid: pod.uid } },
  };
}

function refused(because: string): PodTokenAnswer {
  return { outcome: 'refused', because };
}

/** INVARIANT: only of a token whose signature has been found good, which all that judge them look at before the times. */
function expired(token: string): PodTokenAnswer {
  const [, body = ''] = token.split('.');
  const at = Number(parseObject(Buffer.from(body, 'base64url').toString('utf8'))?.exp) * 1000;
  return Math.abs(at) <= furthestTime ? { outcome: 'expired', at } : refused(tokenFaultMessages.badClaims);
}

/** Milliseconds from 1970 to the first and the last moment that a date can name. */
const furthestTime = 8.64e15;
