import type { IamDecision, StatementRef } from '../../iam/decision.ts';
import type { Position } from '../../iam/position.ts';
import type { IamSubject } from '../world/subject.ts';

/** What is asked of the IAM of a snapshot. */
export interface IamQuestion {
  readonly subject: IamSubject;
  /** `eks:DescribeCluster` */
  readonly action: string;
  /** An ARN, or `*`. */
  readonly resource: string;
  /** Who owns the resource; taken from the ARN when absent, and the subject's own account where that tells none. */
  readonly resourceAccountId?: string;
  /**
   * What else is known of the request, by key as policies write it (`eks:policyArn`); an empty list says that the request
   * does not have the key. Every key that neither stands here nor follows from the snapshot is open.
   */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
  /** Families of keys (`aws:RequestTag/`) of which `context` has all there are. */
  readonly closed?: readonly string[];
  /** Whether only the subject's own policies are asked, and not whom a role trusts: a chain needs both (iam-facts E13). */
  readonly isOwnOnly?: true;
  /** Of a role: this session of it. Absent: any, of whose tags and policies nothing is known. */
  readonly session?: RoleSession;
}

/** A session of a role, as whoever issued it made it. */
export interface RoleSession {
  /**
   * All its tags beside the role's own, which they beat (iam-facts I7); `openValue` for a value that is not known. The next
   * role of a chain inherits each.
   */
  readonly tags: Readonly<Record<string, string | readonly string[]>>;
  /** Session policy, JSON text; absent: it has none. */
  readonly policy?: string;
  /** ARN of the OIDC provider that vouched for it; absent: none did. */
  readonly provider?: string;
}

/**
 * `always`: allowed whatever the open part of the request is. `never`: refused whatever it is. `sometimes`: neither can be
 * said from the snapshot; `conditions` tell what it takes. INVARIANT: where `evaluate` allows under any context, it is not
 * `never`; where it refuses under any, it is not `always`.
 */
export type Certainty = 'always' | 'sometimes' | 'never';

export interface IamAnswer {
  readonly certainty: Certainty;
  /** Of `sometimes`, else none. Each once; found when first read. */
  readonly conditions: readonly IamCondition[];
  /** For `never` the refusal, with its misses, at its best; else what allows. */
  readonly decision: IamDecision;
}

/** What an answer of `sometimes` depends on. */
export type IamCondition =
  | {
      readonly kind: 'condition';
      /** `Allow`: must be met. `Deny`: one of the statement's conditions must not be. */
      readonly effect: 'Allow' | 'Deny';
      readonly statement: StatementRef;
      /** As written. */
      readonly operator: string;
      readonly key: string;
      readonly values: readonly string[];
      readonly position: Position;
    }
  /** The resources of the statement depend on a policy variable that is open. */
  | {
      readonly kind: 'variable';
      readonly effect: 'Allow' | 'Deny';
      readonly statement: StatementRef;
      readonly keys: readonly string[];
    }
  /** A managed policy or a group's policies that the snapshot does not have: may allow, may deny. */
  | { readonly kind: 'policyNotRead'; readonly name: string; readonly arn?: string }
  /** The principal's account was not read: what its policies say is not known. */
  | { readonly kind: 'principalNotRead'; readonly arn: string }
  /** The role's account was not read: whom it trusts is not known. */
  | { readonly kind: 'roleNotRead'; readonly arn: string }
  /** Holds for sessions of this name only, or not for those. */
  | { readonly kind: 'session'; readonly sessionName: string };
