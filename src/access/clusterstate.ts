import type { CustomPolicy } from '../engine/accesspolicies/custom.ts';
import { type Authorizer, createAuthorizer } from '../engine/authorizer/authorizer.ts';
import type { Decision } from '../engine/authorizer/decision.ts';
import { type AwsAuth, type AwsAuthIndex, createAwsAuthIndex } from '../engine/identity/awsauth.ts';
import { createEntryIndex } from '../engine/identity/entries.ts';
import { resolveIdentity } from '../engine/identity/resolve.ts';
import type { RbacObject, RbacObjectRef } from '../engine/rbac/objects.ts';
import type { AwsAuthGoodRecord } from '../storage/records/connections.ts';
import type { ClusterRecord } from '../storage/records/eks.ts';
import type { ClusterAccess } from './access.ts';
import { createAwsAuthKeeper, type SeenAwsAuth, type TakenAwsAuth } from './awsauthkeeper.ts';
import type { AwsAuthMode } from './awsauthstate.ts';
import { noBlocks } from './blocks.ts';
import type { DecidingEntry } from './records.ts';
import { createTokenAuthenticator, type TokenAuthenticatorOptions } from './tokenauthenticator.ts';

export interface ClusterStateOptions extends TokenAuthenticatorOptions {
  /** Whether `sso` items of aws-auth count (off in stock EKS). */
  readonly ssoRoleMatch: boolean;
  readonly awsAuthMode: AwsAuthMode;
  /** Epoch milliseconds: whether an association has expired. */
  readonly now: () => number;
}

/** The indexes of one cluster. Children may be known before the cluster itself is. */
export interface ClusterState {
  readonly access: ClusterAccess;
  record(): ClusterRecord | undefined;
  /** Undefined hides the cluster while its record cannot be read. */
  setRecord(record: ClusterRecord | undefined): void;
  applyEntry(entry: DecidingEntry): void;
  removeEntry(principalArn: string): void;
  applyPolicy(policy: CustomPolicy): void;
  removePolicy(policyArn: string): void;
  applyObject(object: RbacObject): void;
  removeObject(ref: RbacObjectRef): void;
  /** What the last process kept; before the first `takeAwsAuth`. */
  restoreAwsAuth(kept: AwsAuthGoodRecord): void;
  takeAwsAuth(object: SeenAwsAuth): TakenAwsAuth;
}

const emptyAwsAuth: AwsAuth = { roles: [], users: [], accounts: [] };

export function createClusterState(options: ClusterStateOptions): ClusterState {
  const authorizer: Authorizer = createAuthorizer({ partition: options.partition, now: options.now });
  const entries = createEntryIndex();
  const indexAwsAuth = (awsAuth: AwsAuth): AwsAuthIndex =>
    createAwsAuthIndex(awsAuth, { ssoRoleMatch: options.ssoRoleMatch });
  const keeper = createAwsAuthKeeper(options.awsAuthMode);
  let awsAuth = indexAwsAuth(emptyAwsAuth);
  let current: ClusterRecord | undefined;
  /** What somebody who still holds the cluster sees when its record cannot be read any more. */
  let lastKnown: ClusterRecord | undefined;

  const sourcesOf = ({ authenticationMode, hiddenAdminPrincipalId, breakGlass }: ClusterRecord) => ({
    authenticationMode,
    hiddenAdminPrincipalId,
    breakGlass,
    entries,
    awsAuth,
  });
  const authenticate = createTokenAuthenticator(options, { record: () => current, sources: sourcesOf });
  const known = (): ClusterRecord => {
    if (lastKnown === undefined) throw new Error('a cluster is handed out only once its record is known');
    return lastKnown;
  };

  return {
    access: {
      get cluster() {
        return known();
      },
      authenticate,
      authorize: authorizer.authorize,
      authorizeByPolicies(attributes, now) {
        const block = (options.blocks ?? noBlocks).ofUser(attributes.user, now);
        return block === undefined ? authorizer.authorizeByPolicies(attributes) : blockedUser;
      },
      awsAuthState: keeper.state,
      identityUnder: (principal, data) =>
        resolveIdentity(principal, {
          ...sourcesOf(known()),
          awsAuth: indexAwsAuth(keeper.preview(data)),
          privateDnsName: () => undefined,
        }),
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
    applyPolicy: authorizer.applyPolicy,
    removePolicy: authorizer.removePolicy,
    applyObject: authorizer.applyObject,
    removeObject: authorizer.removeObject,
    restoreAwsAuth: keeper.restore,
    takeAwsAuth(object) {
      const taken = keeper.take(object);
      awsAuth = indexAwsAuth(taken.awsAuth);
      return taken;
    },
  };
}

const blockedUser: Decision = {
  decision: 'noOpinion',
  reason: '',
  evidence: {
    by: 'nothing',
    misses: [{ source: 'accessPolicy', code: 'blocked', message: 'the principal is on the block list' }],
  },
};
