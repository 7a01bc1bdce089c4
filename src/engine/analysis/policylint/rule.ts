import type { PolicyKind } from '../../iam/document.ts';
import type { Position } from '../../iam/position.ts';
import type { LintedPolicy } from './policy.ts';
import type { Severity } from './severity.ts';

/** One remark on a policy. Ids are stable: one never changes its meaning and is never reused. */
export interface Finding extends Spotted {
  readonly id: string;
  readonly rule: string;
  readonly severity: Severity;
}

export interface Spotted {
  /** Index from 0; absent when the document as a whole is meant. */
  readonly statement?: number;
  readonly sid?: string;
  /** `Action`, `NotResource`, `Condition`, …; `Statement` or `Version`. */
  readonly element: string;
  /** Of the first character of what is meant. */
  readonly position: Position;
  /** Lower-case fragment, no final period. */
  readonly message: string;
  readonly hint?: string;
}

/** A rule over a policy that can be read. Pure; its examples are its documentation and its test. */
export interface Rule {
  readonly id: string;
  readonly name: string;
  readonly severity: Severity;
  /** Why it matters: one or two sentences for the reference page. */
  readonly why: string;
  readonly triggers: Example;
  readonly passes: Example;
  check(policy: LintedPolicy): readonly Spotted[];
}

/** Statements of a document of version 2012-10-17, unless it is a whole document. */
export interface Example {
  readonly kind?: PolicyKind;
  readonly statements?: readonly object[];
  readonly document?: object | string;
}

/** The text of an example, as a policy would be written. */
export function exampleText({ statements, document }: Example): string {
  if (typeof document === 'string') return document;
  return JSON.stringify(document ?? { Version: '2012-10-17', Statement: statements }, undefined, 2);
}
