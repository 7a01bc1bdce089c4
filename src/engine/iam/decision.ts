import type { Position } from './position.ts';

/**
 * The outcome of an IAM evaluation (iam-facts E2) with why. Only `allowed` lets a request pass; whoever asks compares
 * with that word and nothing else.
 */
export interface IamDecision {
  readonly decision: 'allowed' | 'explicitDeny' | 'implicitDeny';
  /** Which step decided: for a refusal the first that failed (iam-facts E1, G4), for an allow the one that granted. */
  readonly step: EvaluationStep;
  /** The statements that decided: those that allowed, or the one that denied; none for an implicit deny. */
  readonly statements: readonly AppliedStatement[];
  /** For an implicit deny: why the Allow statements of the failing step did not match, nearest first, at most ten. */
  readonly misses: readonly StatementMiss[];
  /** For a refusal on the AWS wire: error code and AWS's text (`denial.ts`). Set by whoever knows the request. */
  readonly refusal?: Refusal;
}

/**
 * `root` grants without policies; `account` is a resource of another account that no policy can open; `rcp` and `scp`
 * are the guardrails of an organization; `session` is the session policy; `credential` is a kind of credential AWS does not accept for the action at all.
 */
export type EvaluationStep =
  | 'root'
  | 'account'
  | 'credential'
  | 'rcp'
  | 'scp'
  | 'trust'
  | 'resource'
  | 'identity'
  | 'boundary'
  | 'session';

export interface Refusal {
  /** `AccessDenied` or `InvalidClientTokenId`; the protocol turns it into its own word for it. */
  readonly code: 'AccessDenied' | 'InvalidClientTokenId';
  readonly message: string;
}

/** Where a policy comes from: what the evidence names. */
export interface PolicySource {
  readonly type: 'inline' | 'managed' | 'trust' | 'resource' | 'boundary' | 'session' | 'scp' | 'rcp';
  /** Policy name, or the role's name for a trust policy. */
  readonly name: string;
  readonly arn?: string;
  /** Of an inline policy: whose it is. A user is also bound by those of its groups. */
  readonly bearer?: { readonly kind: 'user' | 'group' | 'role'; readonly name: string };
}

export interface StatementRef {
  readonly policy: PolicySource;
  /** From 0. */
  readonly index: number;
  readonly sid?: string;
  readonly start: Position;
  readonly end: Position;
}

export type StatementElement = 'principal' | 'action' | 'resource' | 'condition';

export interface AppliedStatement {
  readonly statement: StatementRef;
  /**
   * Set when a Deny applied because one of its elements could not be evaluated: refusing is the safe reading
   * (iam-facts D11).
   */
  readonly assumed?: StatementElement;
  /** With `assumed: 'condition'`: which one. */
  readonly condition?: ConditionFinding;
}

export interface StatementMiss {
  readonly statement: StatementRef;
  /** The first element that did not match. */
  readonly element: StatementElement;
  /** True when the element could not be evaluated, false when it was and did not match. */
  readonly unknown: boolean;
  /** With `element: 'condition'`: which one. */
  readonly condition?: ConditionFinding;
}

/** The operator and key of a Condition block that was not met, or could not be judged. */
export interface ConditionFinding {
  /** As written, with set prefix and suffix. */
  readonly operator: string;
  /** As written. */
  readonly key: string;
  /** As written: what the key is compared with. */
  readonly values: readonly string[];
  /** The request does not have the key. */
  readonly absent: boolean;
  readonly position: Position;
}
