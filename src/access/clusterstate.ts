import type { UserInfo } from '../engine/authorizer/attributes.ts';
import { type Authorizer, createAuthorizer } from '../engine/authorizer/authorizer.ts';
import { type AwsAuth, type AwsAuthIndex, createAwsAuthIndex } from '../engine/identity/awsauth.ts';
import { createEntryIndex } from '../engine/identity/entries.ts';
import { resolveIdentity } from '../engine/identity/resolve.ts';
import type { RbacObject, RbacObjectRef } from '../engine/rbac/objects.ts';
import type { ClusterRecord } from '../storage/records/eks.ts';
import type { CredentialLookup } from '../wire/sigv4/credential.ts';
import type { TokenErrorKind } from '../wire/token/errors.ts';
import { type TokenVerdict, verifyToken } from '../wire/token/verify.ts';
import type { Authentication, AuthenticationEvidence, ClusterAccess } from './access.ts';
import type { DecidingEntry } from './records.ts';
import type { ServiceAccountTokens } from './serviceaccounts.ts';
import { apiAudience, looksLikeJwt } from './serviceaccounttoken.ts';

export interface ClusterStateOptions {
  readonly lookup: CredentialLookup;
  readonly partition: string;
  readonly ownEndpoints: () => readonly string[];
  /** Names of the clusters here, to tell a token for another one from a forged one. */
  readonly clusterNames: () => readonly string[];
  /** Judges what has the form of a JWT. */
  readonly serviceAccounts: Pick<ServiceAccountTokens, 'authenticate'>;
  /** Whether `sso` items of aws-auth count (off in stock EKS). */
  readonly ssoRoleMatch: boolean;
}

/** The indexes of one cluster. Children may be known before the cluster itself is. */
export interface ClusterState {
  readonly access: ClusterAccess;
  record(): ClusterRecord | undefined;
  /** Undefined hides the cluster while its record cannot be read. */
  setRecord(record: ClusterRecord | undefined): void;
  applyEntry(entry: DecidingEntry): void;
  removeEntry(principalArn: string): void;
  applyObject(object: RbacObject): void;
  removeObject(ref: RbacObjectRef): void;
  setAwsAuth(awsAuth: AwsAuth): void;
}

export const emptyAwsAuth: AwsAuth = { roles: [], users: [], accounts: [] };

export function createClusterState(options: ClusterStateOptions): ClusterState {
  const authorizer: Authorizer = createAuthorizer({ partition: options.partition });
  const entries = createEntryIndex();
  const indexAwsAuth = (awsAuth: AwsAuth): AwsAuthIndex =>
    createAwsAuthIndex(awsAuth, { ssoRoleMatch: options.ssoRoleMatch });
  let awsAuth = indexAwsAuth(emptyAwsAuth);
  let current: ClusterRecord | undefined;
  /** What somebody who still holds the cluster sees when its record cannot be read any more. */
  let lastKnown: ClusterRecord | undefined;

  const authenticate = async (
    token: string,
    now: number,
    audiences: readonly string[] = [apiAudience],
  ): Promise<Authentication> => {
    if (current === undefined) return clusterUnreadable;
    // A token of an IAM identity has one dot: nothing is ever judged as both.
    if (looksLikeJwt(token)) return options.serviceAccounts.authenticate(current, token, { now, audiences });
    if (!audiences.includes(apiAudience)) return foreignAudience;
    const { name } = current;
    let verdict: TokenVerdict;
    try {
      verdict = await verifyToken(token, {
        now,
        clusterId: name,
        partition: options.partition,
        lookup: options.lookup,
        ownEndpoints: options.ownEndpoints(),
        otherClusterIds: options.clusterNames().filter((other) => other !== name),
      });
    } catch {
      // The cause may quote the credential; the store's own log has it.
      return {
        outcome: 'unavailable',
        evidence: { step: 'caller', code: 'lookupFailed', message: 'access keys cannot be looked up' },
      };
    }
    if (!verdict.ok) {
      const { error, message, accessKeyId } = verdict;
      const evidence = { step: stepOf(error), code: camelCase(error), message };
      return {
        outcome: 'refused',
        evidence: accessKeyId === undefined ? evidence : { ...evidence, accessKeyId },
      };
    }

    const { principal } = verdict;
    const caller = {
      accessKeyId: verdict.accessKeyId,
      principalArn: principal.principalArn,
      principalId: principal.principalId,
    };
    // Read after the wait: a mode or an entry that changed meanwhile counts as it is now.
    if (current === undefined) return clusterUnreadable;
    const { authenticationMode, hiddenAdminPrincipalId } = current;
    const identity = resolveIdentity(principal, {
      authenticationMode,
      hiddenAdminPrincipalId,
      entries,
      awsAuth,
      privateDnsName: () => undefined,
    });
    const evidence: AuthenticationEvidence = {
      step: 'identity',
      code: identity.code,
      message: identity.message,
      ...caller,
    };
    if (identity.ok) {
      const user: UserInfo = identity.user;
      return { outcome: 'authenticated', user, evidence: { ...evidence, mappedBy: identity.mappedBy } };
    }
    return {
      outcome: 'refused',
      evidence: identity.hint === undefined ? evidence : { ...evidence, hint: identity.hint },
    };
  };

  return {
    access: {
      get cluster() {
        if (lastKnown === undefined) throw new Error('a cluster is handed out only once its record is known');
        return lastKnown;
      },
      authenticate,
      authorize: authorizer.authorize,
      rulesFor: authorizer.rulesFor,
      rbacRulesFor: authorizer.rbacRulesFor,
      roleRules: authorizer.roleRules,
    },
    record: () => current,
    setRecord(next) {
      current = next;
      lastKnown = next ?? lastKnown;
      authorizer.useEntries(next !== undefined && next.authenticationMode !== 'CONFIG_MAP');
    },
    applyEntry(entry) {
      entries.apply(entry);
      authorizer.applyEntry(entry);
    },
    removeEntry(principalArn) {
      entries.remove(principalArn);
      authorizer.removeEntry(principalArn);
    },
    applyObject: authorizer.applyObject,
    removeObject: authorizer.removeObject,
    setAwsAuth(next) {
      awsAuth = indexAwsAuth(next);
    },
  };
}

const clusterUnreadable: Authentication = {
  outcome: 'unavailable',
  evidence: {
    step: 'identity',
    code: 'clusterUnreadable',
    message: 'the record of the cluster cannot be read',
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
