import { type ActionMatcher, compileActions } from './actions.ts';
import { type CompiledCondition, compileCondition } from './conditions.ts';
import type { PolicySource, StatementRef } from './decision.ts';
import {
  type EntryList,
  namesPrincipals,
  type PolicyDocument,
  type PolicyKind,
  type Statement,
} from './document.ts';
import { statementKeys } from './keys.ts';
import { parsePolicy } from './parse.ts';
import { compilePrincipals, type PinnedPrincipals, type PrincipalMatcher } from './principals.ts';
import { compileResources, type ResourceMatcher } from './resources.ts';
import { createStatementIndex, type StatementIndex } from './statementindex.ts';

/** A policy ready to be asked, again and again. Denies stand apart because they are asked first. */
export interface CompiledPolicy {
  readonly kind: PolicyKind;
  readonly denies: StatementIndex;
  readonly allows: StatementIndex;
}

export interface CompiledStatement {
  readonly ref: StatementRef;
  /** Absent where the policy's bearer is the principal. */
  readonly principal?: PrincipalMatcher;
  /** What the index is made from; `action` judges. */
  readonly actions: EntryList;
  readonly action: ActionMatcher;
  /** Absent in trust policies. */
  readonly resource?: ResourceMatcher;
  readonly conditions: readonly CompiledCondition[];
  /** The context keys it refers to, as written. */
  readonly keys: readonly string[];
}

/** `pinned` is for the principals a trust or resource policy names; without it no user or role ARN matches. */
export function compilePolicy(
  document: PolicyDocument,
  source: PolicySource,
  pinned: PinnedPrincipals = {},
): CompiledPolicy {
  const { kind, version, statements } = document;
  const compile = (statement: Statement): CompiledStatement => ({
    ref: {
      policy: source,
      index: statement.index,
      ...(statement.sid && { sid: statement.sid.value }),
      start: statement.start,
      end: statement.end,
    },
    ...(statement.principal && {
      principal: compilePrincipals(statement.principal, statement.effect, kind, pinned),
    }),
    actions: statement.action,
    action: compileActions(statement.action),
    ...(statement.resource && { resource: compileResources(statement.resource, version) }),
    conditions: statement.conditions.map((condition) => compileCondition(condition, version)),
    keys: statementKeys(statement, version),
  });
  const indexOf = (wanted: Statement['effect']): StatementIndex =>
    createStatementIndex(statements.filter(({ effect }) => effect === wanted).map(compile));
  return { kind, denies: indexOf('Deny'), allows: indexOf('Allow') };
}

/**
 * A stored document. INVARIANT: one that cannot be read denies everything its bearer asks, because what it denied
 * before it was damaged is not known.
 */
export function compileStoredPolicy(
  text: string,
  kind: PolicyKind,
  source: PolicySource,
  pinned: PinnedPrincipals = {},
): CompiledPolicy {
  const parsed = parsePolicy(text, kind);
  return parsed.ok ? compilePolicy(parsed.document, source, pinned) : denyingPolicy(kind, source);
}

/** Stands for a policy that should be there and cannot be read. */
export function denyingPolicy(kind: PolicyKind, source: PolicySource): CompiledPolicy {
  const start = { line: 1, column: 1 };
  const everything: CompiledStatement = {
    ref: { policy: source, index: 0, start, end: start },
    ...(namesPrincipals(kind) && { principal: () => 'unknown' as const }),
    actions: { negated: false, entries: [{ value: '*', position: start }], position: start },
    action: () => true,
    resource: () => 'unknown',
    conditions: [],
    keys: [],
  };
  return { kind, denies: createStatementIndex([everything]), allows: createStatementIndex([]) };
}
