import type { CustomPolicy } from '../engine/accesspolicies/custom.ts';
import { type Authorizer, createAuthorizer } from '../engine/authorizer/authorizer.ts';
import type { Decision } from '../engine/authorizer/decision.ts';
import { type AwsAuth, type AwsAuthIndex, createAwsAuthIndex } from '../engine/identity/awsauth.ts';
import { createEntryIndex } from '../engine/identity/entries.ts';
import type { RbacObject, RbacObjectRef } from '../engine/rbac/objects.ts';
import type { ClusterRecord } from '../storage/records/eks.ts';
import type { ClusterAccess } from './access.ts';
import { noBlocks } from './blocks.ts';
import type { DecidingEntry } from './records.ts';
import { createTokenAuthenticator, type TokenAuthenticatorOptions } from './tokenauthenticator.ts';

export interface ClusterStateOptions extends TokenAuthenticatorOptions {
  /** Whether `sso` items of aws-auth count (off in stock EKS). */
  readonly ssoRoleMatch: boolean;
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
  setAwsAuth(awsAuth: AwsAuth): void;
}

export const emptyAwsAuth: AwsAuth = { roles: [], users: [], accounts: [] };

export function createClusterState(options: ClusterStateOptions): ClusterState {
  const authorizer: Authorizer = createAuthorizer({ partition: options.partition, now: options.now });
  const entries = createEntryIndex();
  const indexAwsAuth = (awsAuth: AwsAuth): AwsAuthIndex =>
    createAwsAuthIndex(awsAuth, { ssoRoleMatch: options.ssoRoleMatch });
  let awsAuth = indexAwsAuth(emptyAwsAuth);
  let current: ClusterRecord | undefined;
  /** What somebody who still holds the cluster sees when its record cannot be read any more. */
  let lastKnown: ClusterRecord | undefined;

  const authenticate = createTokenAuthenticator(options, {
    record: () => current,
    sources: ({ authenticationMode, hiddenAdminPrincipalId, breakGlass }) => ({
      authenticationMode,
      hiddenAdminPrincipalId,
      breakGlass,
      entries,
      awsAuth,
    }),
  });

  return {
    access: {
      get cluster() {
        if (lastKnown === undefined) throw new Error('a cluster is handed out only once its record is known');
        return lastKnown;
      },
      authenticate,
      authorize: authorizer.authorize,
      authorizeByPolicies(attributes, now) {
        const block = (options.blocks ?? noBlocks).ofUser(attributes.user.extra, now);
        return block === undefined ? authorizer.authorizeByPolicies(attributes) : blockedUser;
      },
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
    setAwsAuth(next) {
      awsAuth = indexAwsAuth(next);
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
