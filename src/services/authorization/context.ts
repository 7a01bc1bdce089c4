import { conditionSeconds, conditionTime, globalRegion, isCallOfIam } from '../../engine/iam/calls.ts';
import type { Principal, SessionContext, SessionTag } from '../../engine/iam/principal.ts';
import { contextKey } from '../../engine/iam/request.ts';
import type { UnsignedContext } from '../operation.ts';

/** What every call tells, whoever makes it. */
export interface CallFacts extends Pick<UnsignedContext, 'now' | 'region' | 'partition'> {
  /** Undefined: a service of AWS makes the call by itself, from no address that anybody knows. */
  readonly source: UnsignedContext['source'] | undefined;
}

/** A `RequestContext` in the making. */
export type Keys = Map<string, string | readonly string[]>;

/**
 * The condition keys that a call has on its own (iam-facts F.1): when, from where, how. `action` tells the service: IAM
 * has one endpoint for the world, whatever region a client signed for.
 *
 * SECURITY: the address is the connection's. No header can change it: `X-Forwarded-For` is not read, anybody writes it.
 */
export function callKeys(call: CallFacts, action: string): Keys {
  const { source, now } = call;
  const keys: Keys = new Map([
    ['aws:currenttime', conditionTime(now)],
    ['aws:epochtime', conditionSeconds(now)],
    // COMPAT: AWS's services speak TLS among themselves.
    ['aws:securetransport', String(source?.secureTransport ?? true)],
    ['aws:requestedregion', isCallOfIam(action) ? globalRegion(call.partition) : call.region],
    ['aws:principalisawsservice', 'false'],
    ['aws:viaawsservice', 'false'],
  ]);
  if (source === undefined) return keys;
  keys.set('aws:sourceip', source.sourceIp);
  if (source.userAgent !== undefined) keys.set('aws:useragent', source.userAgent);
  if (source.referer !== undefined) keys.set('aws:referer', source.referer);
  return keys;
}

/**
 * Adds what is known about a caller whose signature was verified (iam-facts F.2, F.3). `ownTags` are those of the user
 * or role; the session's beat them, whatever their case (iam-facts I7).
 */
export function addPrincipalKeys(
  keys: Keys,
  caller: Principal,
  now: number,
  ownTags: readonly SessionTag[],
): void {
  keys.set('aws:principaltype', principalTypes[caller.kind]);
  keys.set('aws:userid', caller.userId);
  keys.set('aws:principalarn', caller.principalArn);
  keys.set('aws:principalaccount', caller.accountId);
  if (caller.kind === 'user') keys.set('aws:username', caller.userName);
  for (const { Key, Value } of ownTags) keys.set(contextKey(`aws:PrincipalTag/${Key}`), Value);
  if (caller.session !== undefined) addSessionKeys(keys, caller.kind, caller.session, now);
}

/**
 * Adds what is known about somebody without a signature (AssumeRoleWithWebIdentity).
 * COMPAT: whether AWS has the MFA key here is not documented; `false` is how a web identity's session has it, and it
 * keeps `BoolIfExists true` from allowing (iam-facts F.3).
 */
export function addAnonymousKeys(keys: Keys): void {
  keys.set('aws:principaltype', 'Anonymous');
  keys.set('aws:userid', 'anonymous');
  keys.set('aws:principalaccount', 'anonymous');
  keys.set('aws:multifactorauthpresent', 'false');
}

/** A service of AWS that calls by itself, for a resource of somebody. */
export interface ServiceCaller {
  readonly kind: 'service';
  /** `pods.eks.amazonaws.com` */
  readonly name: string;
  /** What it works for: the ARN of a cluster. */
  readonly sourceArn: string;
  /** Whose resource that is. */
  readonly sourceAccountId: string;
}

/**
 * Adds what is known of a service of AWS (iam-facts F.1).
 * COMPAT: that EKS tells the cluster as the source, and no association, is reported by users of Pod Identity
 * (awslabs/mountpoint-s3-csi-driver 781). Whether the MFA key is there is not documented: see `addAnonymousKeys`.
 */
export function addServiceKeys(keys: Keys, { name, sourceArn, sourceAccountId }: ServiceCaller): void {
  keys.set('aws:principalisawsservice', 'true');
  keys.set('aws:principalservicename', name);
  keys.set('aws:principalservicenameslist', [name]);
  keys.set('aws:sourcearn', sourceArn);
  keys.set('aws:sourceaccount', sourceAccountId);
  keys.set('aws:multifactorauthpresent', 'false');
}

/** A role session assumed with MFA does not carry it on: put the condition in the trust policy (iam-facts F3.2, L7). */
function addSessionKeys(keys: Keys, kind: Principal['kind'], session: SessionContext, now: number): void {
  keys.set('aws:tokenissuetime', conditionTime(session.issuedAt));
  const { mfaAuthenticatedAt, federatedProvider, sourceIdentity, tags = [] } = session;
  for (const { Key, Value } of tags) keys.set(contextKey(`aws:PrincipalTag/${Key}`), Value);
  const ownSession = kind === 'user' || kind === 'root';
  if (ownSession && mfaAuthenticatedAt !== undefined) {
    keys.set('aws:multifactorauthpresent', 'true');
    keys.set('aws:multifactorauthage', conditionSeconds(Math.max(0, now - mfaAuthenticatedAt)));
  } else {
    // INVARIANT: absent is not false. Only long-term keys have no such key at all (iam-facts F3.1).
    keys.set('aws:multifactorauthpresent', 'false');
  }
  if (federatedProvider !== undefined) keys.set('aws:federatedprovider', federatedProvider);
  if (sourceIdentity !== undefined) keys.set('aws:sourceidentity', sourceIdentity);
}

const principalTypes: Readonly<Record<Principal['kind'], string>> = {
  root: 'Account',
  user: 'User',
  assumedRole: 'AssumedRole',
  federatedUser: 'FederatedUser',
};
