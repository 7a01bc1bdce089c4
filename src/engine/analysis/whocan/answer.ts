import type { AccessScope } from '../../accesspolicies/scope.ts';
import type { DecisionEvidence } from '../../authorizer/decision.ts';
import type { MappedIdentity } from '../../identity/resolve.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import type { Gap } from '../snapshot/snapshot.ts';
import type { Question } from '../world/question.ts';
import type { ClusterSubject } from '../world/subject.ts';

/** Everybody who may do one thing in one cluster. Plain data that JSON holds as it is. */
export interface WhoCanAnswer {
  readonly cluster: { readonly arn: string; readonly name: string };
  readonly question: Question;
  /** The namespaces the question is about: the question's own, or each there is. */
  readonly namespaces: 'asked' | 'any';
  /** One per subject, in the order of `ClusterWorld.subjects`. */
  readonly rows: readonly WhoCanRow[];
  /**
   * Who has an access policy whose rules nobody publishes, where it holds: what it allows is not known, and so not whether
   * this is in it. Of whoever may anyway nothing is said.
   */
  readonly unclear: readonly UnclearGrant[];
  /** What was not read and could change the answer. */
  readonly incomplete: readonly Gap[];
}

export interface WhoCanRow {
  readonly subject: ClusterSubject;
  /** `subjectKey` of the subject: no two rows share one. */
  readonly key: string;
  /** The ways there are, the one that decides first. Never empty. */
  readonly paths: readonly AccessPath[];
  /** How many ways are left out, because there are more than `WhoCanOptions.pathsPerRow`. */
  readonly pathsLeftOut: number;
  /** Names of the cluster's identity providers that could issue a token for such a user or group; sparse. */
  readonly issuedBy?: readonly string[];
  /** Of a service account that is bound and not there: whoever may create service accounts can make it. */
  readonly missing?: true;
  /** Where, of an answer about any namespace. */
  readonly where?: Whereabouts;
}

export interface Whereabouts {
  /** In all namespaces, and in requests that name none. */
  readonly everywhere: boolean;
  /** Names, and patterns of access scopes with `*`; in byte order. */
  readonly namespaces: readonly string[];
}

/** From a subject over who it is in the cluster to the rule that allows. */
export interface AccessPath {
  readonly identity: PathIdentity;
  readonly grant: PathGrant;
}

export interface PathIdentity {
  /** '' of a group. */
  readonly username: string;
  readonly groups: readonly string[];
  /** The session name a role must take; `SESSION` for any. Absent where it does not matter. */
  readonly sessionName?: string;
  /** The key that must sign, where a template makes it part of what is bound. */
  readonly accessKeyId?: string;
  /** How an IAM principal comes to be this user; absent for the others. */
  readonly mappedBy?: MappedIdentity['mappedBy'] & { readonly code: MappedIdentity['code'] };
}

type RbacEvidence = Extract<DecisionEvidence, { readonly by: 'rbac' }>;

export type PathGrant =
  | { readonly by: 'systemMasters' }
  | {
      readonly by: 'accessPolicy';
      /** The entry's. */
      readonly principalArn: string;
      readonly policyArn: string;
      readonly policyName: string;
      readonly accessScope: AccessScope;
      /** Epoch milliseconds. */
      readonly expiresAt?: number;
      readonly rule: PolicyRule;
    }
  | {
      readonly by: 'rbac';
      /** What of the identity is bound. */
      readonly through: { readonly is: 'user' | 'group'; readonly name: string };
      readonly binding: RbacEvidence['binding'];
      readonly role: RbacEvidence['role'];
      /** The first of the role's that allows. */
      readonly rule: PolicyRule;
    };

export interface UnclearGrant {
  /** The entry's. */
  readonly principalArn: string;
  readonly policyArn: string;
  /** `notPublished`: AWS does not say what is in it, or not for which names. `notKnown`: no such policy was read. */
  readonly reason: 'notPublished' | 'notKnown';
}

/** What is asked beside the question. */
export interface WhoCanOptions {
  /** `any`: in at least one namespace, and then `where` says in which. Of questions about namespaced resources. */
  readonly namespaces?: 'asked' | 'any';
  /** Ways told of one subject at most; 100 when not given. */
  readonly pathsPerRow?: number;
}
