import type { Attributes, UserInfo } from '../engine/authorizer/attributes.ts';
import type { Decision } from '../engine/authorizer/decision.ts';
import type { Principal } from '../engine/iam/principal.ts';
import type { IdentityResult } from '../engine/identity/resolve.ts';
import type { PolicyRule } from '../engine/rbac/rules.ts';
import type { ClusterRecord } from '../storage/records/eks.ts';
import type { AwsAuthState } from './awsauthstate.ts';

/**
 * The live picture of every cluster: follows the store, keeps the compiled indexes, and answers the two questions
 * the built-in API and the webhooks ask. An acknowledged write is already in the answer (storage.ts, INVARIANT).
 */
export interface AccessRegistry {
  /** By the cluster's own id. */
  cluster(clusterId: string): ClusterAccess | undefined;
  clusterByName(accountId: string, region: string, name: string): ClusterAccess | undefined;
  clusters(): Iterable<ClusterAccess>;
  close(): void;
}

export interface ClusterAccess {
  /** Current, also after mode changes. */
  readonly cluster: ClusterRecord;
  /**
   * credential → caller → identity, for tokens of IAM identities and of the cluster's service accounts. `now` is epoch
   * milliseconds. Never throws for anything in the token. The user is as the authenticator reports it:
   * `system:authenticated` is added by the API server (kubernetes-facts B10). `audiences` are those of which the token
   * must be for one; the API server's own when not given (kubernetes-facts C5).
   */
  authenticate(token: string, now: number, audiences?: readonly string[]): Promise<Authentication>;
  /** identity → decision, by the whole chain: `system:masters`, access policies, RBAC. */
  authorize(attributes: Attributes): Decision;
  /**
   * identity → decision by access policies alone: what a real API server asks us beside its own RBAC. Allow or no opinion.
   * `now` is epoch milliseconds.
   */
  authorizeByPolicies(attributes: Attributes, now: number): Decision;
  /** What is served of aws-auth, key by key, and what is wrong with what is written. */
  awsAuthState(): AwsAuthState;
  /** Who an IAM identity would be here if that were all of aws-auth; no data: if there were none. Asks nobody outside. */
  identityUnder(principal: Principal, data: Readonly<Record<string, unknown>> | undefined): IdentityResult;
  /** Rules for SelfSubjectRulesReview (kubernetes-facts B22): RBAC only, `incomplete` where access policies may add. */
  rulesFor(user: UserInfo, namespace: string): SubjectRules;
  /** Rules the user holds through RBAC alone: what the escalation check compares with (kubernetes-facts B16). */
  rbacRulesFor(user: UserInfo, namespace: string): RbacRules;
  /** Rules of a role as RBAC resolves it (aggregation included); undefined when it does not exist. */
  roleRules(kind: 'Role' | 'ClusterRole', namespace: string, name: string): readonly PolicyRule[] | undefined;
}

export interface SubjectRules {
  readonly resourceRules: readonly PolicyRule[];
  readonly nonResourceRules: readonly PolicyRule[];
  readonly incomplete: boolean;
  readonly evaluationError: string;
}

export interface RbacRules {
  readonly rules: readonly PolicyRule[];
  readonly errors: readonly string[];
}

export type Authentication =
  | {
      readonly outcome: 'authenticated';
      readonly user: UserInfo;
      readonly evidence: AuthenticationEvidence;
      /** The IAM identity that came; absent for service accounts and users of identity providers. */
      readonly principal?: Principal;
      /** Those of the asked audiences the token is for; absent: the API server's own alone. */
      readonly audiences?: readonly string[];
      /**
       * Epoch milliseconds, exclusive: when token and session are over, so that nobody remembers the verdict for longer.
       * Absent: not known, to be remembered for no time at all.
       */
      readonly until?: number;
      /** What the audit record of a request says of its credential, beside who it is. */
      readonly annotations?: Readonly<Record<string, string>>;
    }
  /** The token was judged and refused. */
  | { readonly outcome: 'refused'; readonly evidence: AuthenticationEvidence }
  /** Nothing could be said (store closed, …): 5xx, never a refusal and never an identity. */
  | {
      readonly outcome: 'unavailable';
      readonly evidence: AuthenticationEvidence;
      /** Whom we ask has had enough: come back later. */
      readonly throttled?: true;
    };

/** What the step credential → caller → identity saw; never the token, a URL or a signature. */
export interface AuthenticationEvidence {
  readonly step: 'credential' | 'caller' | 'identity';
  /** Stable machine-readable code of the outcome, e.g. `expired`, `unknownAccessKey`, `noMapping`, `accessEntry`, `awsAuth`. */
  readonly code: string;
  /** One line in our message style (style.md 3). */
  readonly message: string;
  readonly hint?: string;
  readonly accessKeyId?: string;
  readonly principalArn?: string;
  readonly principalId?: string;
  /** Key of what mapped it: an access entry's principalArn, or the aws-auth item. */
  readonly mappedBy?: {
    readonly source: 'breakGlass' | 'accessEntry' | 'awsAuth' | 'clusterCreator';
    readonly arn: string;
  };
}
