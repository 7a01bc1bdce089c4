import type { Position } from './position.ts';

/**
 * What a policy is attached to decides its grammar: `identity`, `boundary`, `session` and `scp` speak about their bearer
 * and have no principal; `trust`, `resource` and `rcp` stand on a resource and must have one (iam-facts A2, A8).
 */
export type PolicyKind = 'identity' | 'boundary' | 'session' | 'trust' | 'resource' | 'scp' | 'rcp';

/** Does the grammar of this kind ask for a principal? */
export function namesPrincipals(kind: PolicyKind): boolean {
  return kind === 'trust' || kind === 'resource' || kind === 'rcp';
}

/** A policy document, parsed: grammar checked, meaning not yet compiled. */
export interface PolicyDocument {
  readonly kind: PolicyKind;
  /** Absent means `2008-10-17`, which has no variables (iam-facts A4). */
  readonly version: '2012-10-17' | '2008-10-17';
  readonly statements: readonly Statement[];
}

export interface Statement {
  readonly index: number;
  readonly sid?: Located<string>;
  readonly effect: 'Allow' | 'Deny';
  readonly principal?: PrincipalElement;
  readonly action: EntryList;
  /** Absent in trust policies only: there the role is the resource. */
  readonly resource?: EntryList;
  readonly conditions: readonly ConditionEntry[];
  readonly start: Position;
  readonly end: Position;
}

export interface Located<T> {
  readonly value: T;
  readonly position: Position;
}

/** `Action`/`NotAction`, `Resource`/`NotResource`: at least one entry. */
export interface EntryList {
  /** The `Not…` form: matches exactly when no entry matches (iam-facts B6). */
  readonly negated: boolean;
  readonly entries: readonly Located<string>[];
  readonly position: Position;
}

export interface PrincipalElement {
  readonly negated: boolean;
  /** `"*"` is read as `{"AWS": "*"}` (iam-facts A8). */
  readonly entries: readonly (Located<string> & { readonly type: PrincipalType })[];
  readonly position: Position;
}

export type PrincipalType = 'AWS' | 'Federated' | 'Service' | 'CanonicalUser';

/** One key of one operator of a Condition block; values as text (iam-facts A3). */
export interface ConditionEntry {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
  readonly position: Position;
}

/** Why a document is refused: AWS's text for the wire, ours with the place for people. */
export interface PolicyFault {
  /** What AWS says, always as `MalformedPolicyDocument` (iam-facts A13, A14). */
  readonly message: string;
  /** What is wrong, in our message style. */
  readonly detail: string;
  readonly position: Position;
}

export type PolicyResult =
  | { readonly ok: true; readonly document: PolicyDocument }
  | { readonly ok: false; readonly fault: PolicyFault };
