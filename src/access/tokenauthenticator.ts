import type { Principal } from '../engine/iam/principal.ts';
import { type IdentitySources, resolveIdentity } from '../engine/identity/resolve.ts';
import type { ClusterRecord } from '../storage/records/eks.ts';
import type { CredentialLookup } from '../wire/sigv4/credential.ts';
import type { TokenErrorKind } from '../wire/token/errors.ts';
import { type TokenVerdict, verifyToken } from '../wire/token/verify.ts';
import type { Authentication, AuthenticationEvidence } from './access.ts';
import { type Blocks, noBlocks } from './blocks.ts';
import type { IdentityProviderTokens } from './identityproviders.ts';
import { type InstanceNames, noInstances } from './instances.ts';
import type { MatchedRoles } from './matchedroles.ts';
import type { Pins } from './pins.ts';
import type { RemoteCallers } from './remotecallers.ts';
import type { ServiceAccountTokens } from './serviceaccounts.ts';
import { apiAudience, looksLikeJwt } from './serviceaccounttoken.ts';

/** Everything a token is judged with, beside the cluster's own indexes. */
export interface TokenAuthenticatorOptions {
  readonly lookup: CredentialLookup;
  readonly partition: string;
  readonly ownEndpoints: () => readonly string[];
  /** Names of the clusters here, to tell a token for another one from a forged one. */
  readonly clusterNames: () => readonly string[];
  /** Judges what has the form of a JWT. */
  readonly serviceAccounts: Pick<ServiceAccountTokens, 'authenticate'>;
  /** Asked about keys nobody here knows; without it such tokens are refused. */
  readonly remoteCallers?: RemoteCallers;
  readonly instances?: InstanceNames;
  /** Without it, entries that wait for their principal's first use go on waiting. */
  readonly pins?: Pins;
  readonly identityProviders?: IdentityProviderTokens;
  readonly blocks?: Blocks;
  /** Told of every role that comes in by a matcher. */
  readonly matchedRoles?: Pick<MatchedRoles, 'seen'>;
}

/** The cluster as it is at this moment: asked again after every wait. */
export interface ClusterNow {
  record(): ClusterRecord | undefined;
  /** Who is who, but for the names of instances. */
  sources(record: ClusterRecord): Omit<IdentitySources, 'privateDnsName'>;
}

/** credential → caller → identity, one function a step. See `ClusterAccess.authenticate`. */
export function createTokenAuthenticator(
  options: TokenAuthenticatorOptions,
  cluster: ClusterNow,
): (token: string, now: number, audiences?: readonly string[]) => Promise<Authentication> {
  const { blocks = noBlocks } = options;

  const judgeJwt = async (
    record: ClusterRecord,
    token: string,
    now: number,
    audiences: readonly string[],
  ) => {
    const ofProvider = await options.identityProviders?.authenticate(record, token, { now });
    if (ofProvider !== undefined) {
      return ofProvider.outcome === 'authenticated' && !audiences.includes(apiAudience)
        ? foreignAudience
        : ofProvider;
    }
    // A connected cluster has an issuer of its own, and its API server has judged the token already.
    if (record.kind === 'connected') return notOurs;
    return options.serviceAccounts.authenticate(record, token, { now, audiences });
  };

  return async (token, now, audiences = [apiAudience]) => {
    const record = cluster.record();
    if (record === undefined) return clusterUnreadable;
    // A token of an IAM identity has one dot: nothing is ever judged as both.
    if (looksLikeJwt(token)) return judgeJwt(record, token, now, audiences);
    if (!audiences.includes(apiAudience)) return foreignAudience;
    const caller = await callerOf(options, record.name, token, now);
    if ('outcome' in caller) return caller;
    if (blocks.of(caller.principal, now) !== undefined) return blocked(caller);
    const authentication = await identityOf(options, cluster, caller, now);
    // SECURITY: asked again, because names and pins are waited for: a block counts from the moment it is made.
    return blocks.of(caller.principal, now) === undefined ? authentication : blocked(caller);
  };
}

/** Milliseconds from its making in which STS, and so everybody, takes a token (token-facts 1). */
const tokenLifetime = 15 * 60_000;

interface Caller {
  readonly principal: Principal;
  /** When its token was made, epoch milliseconds. */
  readonly signedAt: number;
  /** Whether AWS vouches for it, and not this server's own IAM. */
  readonly isRemote: boolean;
}

/** credential → caller */
async function callerOf(
  options: TokenAuthenticatorOptions,
  clusterName: string,
  token: string,
  now: number,
): Promise<Caller | Authentication> {
  let verdict: TokenVerdict;
  try {
    verdict = await verifyToken(token, {
      now,
      clusterId: clusterName,
      partition: options.partition,
      lookup: options.lookup,
      ownEndpoints: options.ownEndpoints(),
      otherClusterIds: options.clusterNames().filter((other) => other !== clusterName),
    });
  } catch {
    // The cause may quote the credential; the store's own log has it.
    return unavailable('caller', 'lookupFailed', 'access keys cannot be looked up');
  }
  if (verdict.ok) return { principal: verdict.principal, signedAt: verdict.signedAt, isRemote: false };
  const { error, message, accessKeyId, elsewhere } = verdict;
  const named = accessKeyId === undefined ? {} : { accessKeyId };
  if (elsewhere !== undefined && options.remoteCallers !== undefined) {
    const remote = await options.remoteCallers.callerOf(elsewhere, clusterName, now);
    if (remote.outcome === 'known') {
      return { principal: remote.principal, signedAt: elsewhere.signedAt, isRemote: true };
    }
    const evidence = { step: 'caller', code: remote.code, message: remote.message, ...named } as const;
    return remote.outcome === 'refused'
      ? { outcome: 'refused', evidence }
      : { outcome: 'unavailable', evidence, ...(remote.throttled && { throttled: true }) };
  }
  return { outcome: 'refused', evidence: { step: stepOf(error), code: camelCase(error), message, ...named } };
}

/** caller → identity */
async function identityOf(
  options: TokenAuthenticatorOptions,
  cluster: ClusterNow,
  { principal, signedAt, isRemote }: Caller,
  now: number,
): Promise<Authentication> {
  const { instances = noInstances, pins } = options;
  const { accessKeyId, principalArn, principalId } = principal;
  const caller = { accessKeyId, principalArn, principalId };
  /** What the templates asked for, once it has been looked up. */
  const names = new Map<string, string | undefined>();
  let pinTried = false;
  for (;;) {
    // Read after every wait: a mode or an entry that changed meanwhile counts as it is now.
    const record = cluster.record();
    if (record === undefined) return clusterUnreadable;
    const wanted: string[] = [];
    const identity = resolveIdentity(principal, {
      ...cluster.sources(record),
      privateDnsName(instanceId) {
        if (!names.has(instanceId)) wanted.push(instanceId);
        return names.get(instanceId);
      },
    });
    const evidence: AuthenticationEvidence = {
      step: 'identity',
      code: identity.code,
      message: identity.message,
      ...caller,
    };
    if (identity.ok) {
      if (identity.mappedBy.source === 'accessEntry') {
        options.matchedRoles?.seen(record.clusterId, identity.mappedBy.arn, principal, now);
      }
      return {
        outcome: 'authenticated',
        user: identity.user,
        evidence: { ...evidence, mappedBy: identity.mappedBy },
        principal,
        until: Math.min(signedAt + tokenLifetime, principal.session?.expiresAt ?? Number.POSITIVE_INFINITY),
      };
    }
    const refused: Authentication = {
      outcome: 'refused',
      evidence: identity.hint === undefined ? evidence : { ...evidence, hint: identity.hint },
    };
    const [instanceId] = wanted;
    if (identity.code === 'unknownInstance' && instanceId !== undefined) {
      try {
        names.set(instanceId, await instances.privateDnsName(instanceId));
      } catch {
        return unavailable(
          'identity',
          'instanceLookupFailed',
          'names of instances cannot be looked up',
          caller,
        );
      }
      continue;
    }
    // SECURITY: only AWS's word pins an entry to a principal of AWS; whoever has the same ARN in this server's own IAM
    // is somebody else.
    const waiting = identity.code === 'awaitsFirstUse' && isRemote ? identity.awaitingEntry : undefined;
    if (waiting === undefined || pins === undefined || pinTried) return refused;
    pinTried = true;
    try {
      // Whoever it is tied to now: what was read before would tell a later one to wait.
      await pins.pin(record.clusterId, waiting, principal, now);
    } catch {
      return unavailable('identity', 'pinFailed', 'the access entry cannot be tied to its principal', caller);
    }
  }
}

function blocked({ principal: { accessKeyId, principalArn, principalId } }: Caller): Authentication {
  return {
    outcome: 'refused',
    evidence: {
      step: 'caller',
      code: 'blocked',
      message: `\`${principalArn}\` is on the block list`,
      hint: '`entryway block list` says by which block, until when and why',
      accessKeyId,
      principalArn,
      principalId,
    },
  };
}

function unavailable(
  step: AuthenticationEvidence['step'],
  code: string,
  message: string,
  caller: Partial<AuthenticationEvidence> = {},
): Authentication {
  return { outcome: 'unavailable', evidence: { ...caller, step, code, message } };
}

const clusterUnreadable: Authentication = unavailable(
  'identity',
  'clusterUnreadable',
  'the record of the cluster cannot be read',
);

const notOurs: Authentication = {
  outcome: 'refused',
  evidence: {
    step: 'credential',
    code: 'badPrefix',
    message: 'token is none of an IAM identity and none of an associated identity provider',
  },
};

/** A token of an IAM identity carries no audience: it is for the API server (kubernetes-facts C5). */
const foreignAudience: Authentication = {
  outcome: 'refused',
  evidence: {
    step: 'credential',
    code: 'wrongAudience',
    message: `token is for the audience \`${apiAudience}\` alone`,
  },
};

/** Errors found only once the key was known: the token is well-formed, its maker is not who may use it. */
const callerErrors: ReadonlySet<TokenErrorKind> = new Set<TokenErrorKind>([
  'unknown_key',
  'inactive_key',
  'principal_gone',
  'bad_session_token',
  'wrong_cluster',
  'bad_signature',
  'session_expired',
]);

function stepOf(error: TokenErrorKind): AuthenticationEvidence['step'] {
  return callerErrors.has(error) ? 'caller' : 'credential';
}

function camelCase(text: string): string {
  return text.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
