import { type ActionMatcher, compileActions } from './actions.ts';
import type { PolicySource, StatementRef } from './decision.ts';
import type { ConditionEntry, PolicyDocument, PolicyKind, Statement } from './document.ts';
import { parsePolicy } from './parse.ts';
import { compilePrincipals, type PinnedPrincipals, type PrincipalMatcher } from './principals.ts';
import { compileResources, type ResourceMatcher } from './resources.ts';

/** A policy ready to be asked, again and again. Denies stand apart because they are asked first. */
export interface CompiledPolicy {
  readonly kind: PolicyKind;
  readonly denies: readonly CompiledStatement[];
  readonly allows: readonly CompiledStatement[];
}

export interface CompiledStatement {
  readonly ref: StatementRef;
  /** Absent where the policy's bearer is the principal. */
  readonly principal?: PrincipalMatcher;
  readonly action: ActionMatcher;
  /** Absent in trust policies. */
  readonly resource?: ResourceMatcher;
  readonly conditions: readonly ConditionEntry[];
}

/** `pinned` is for the principals a trust or resource policy names; without it no user or role ARN matches. */
function compilePolicy(
  document: PolicyDocument,
  source: PolicySource,
  pinned: PinnedPrincipals = {},
): CompiledPolicy {
  const compile = (statement: Statement): CompiledStatement => ({
    ref: {
      policy: source,
      index: statement.index,
      ...(statement.sid && { sid: statement.sid.value }),
      start: statement.start,
      end: statement.end,
    },
    ...(statement.principal && {
      principal: compilePrincipals(statement.principal, document.kind, pinned),
    }),
    action: compileActions(statement.action),
    ...(statement.resource && { resource: compileResources(statement.resource, document.version) }),
    conditions: statement.conditions,
  });
  return {
    kind: document.kind,
    denies: document.statements.filter(({ effect }) => effect === 'Deny').map(compile),
    allows: document.statements.filter(({ effect }) => effect === 'Allow').map(compile),
  };
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
  return {
    kind,
    denies: [
      {
        ref: { policy: source, index: 0, start, end: start },
        ...((kind === 'trust' || kind === 'resource') && { principal: () => 'unknown' as const }),
        action: () => true,
        resource: () => 'unknown',
        conditions: [],
      },
    ],
    allows: [],
  };
}
