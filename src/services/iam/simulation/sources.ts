import type { PolicySourceType, Statement as StatementOutput } from '@aws-sdk/client-iam';
import { type CompiledPolicy, compilePolicy, compileStoredPolicy } from '../../../engine/iam/compile.ts';
import type { PolicySource, StatementRef } from '../../../engine/iam/decision.ts';
import type { PolicyDocument, PolicyKind } from '../../../engine/iam/document.ts';
import { referencedKeys, uniqueKeys } from '../../../engine/iam/keys.ts';
import { parsePolicy } from '../../../engine/iam/parse.ts';
import type { Position } from '../../../engine/iam/position.ts';
import { invalidInput } from '../errors.ts';
import { type CarriedPolicy, sourceOf } from '../policies/carried.ts';

/** The policies of one simulation: compiled for the engine, with what an answer says of their statements. */
export interface Sources {
  /** A document of the input; InvalidInput when it cannot be read. `id` is what answers call it. */
  given(text: string, kind: PolicyKind, id: string): CompiledPolicy;
  /** One that somebody carries, as the engine would judge it for a real request. */
  carried(policy: CarriedPolicy, kind: 'identity' | 'boundary'): CompiledPolicy;
  /** As the answer names a statement. */
  statement(ref: StatementRef): StatementOutput;
  /**
   * What one evaluation costs at most, in characters compared: wildcards with `?` cost the product of both lengths
   * (`engine/arn/wildcard.ts`), all else is linear in the policies for each value.
   */
  cost(size: RequestSize): number;
}

/** Of the greatest key of a request: how many values it has, and how long they are together. At least 1. */
export interface RequestSize {
  readonly values: number;
  readonly characters: number;
}

export function createSources(): Sources {
  const known = new Map<PolicySource, { readonly id: string; readonly lines: readonly string[] }>();
  let plain = 0;
  let quadratic = 0;

  const remember = (source: PolicySource, id: string, text: string): void => {
    known.set(source, { id, lines: text.split('\n') });
    if (text.includes('?')) quadratic += text.length;
    else plain += text.length;
  };

  return {
    given(text, kind, id) {
      const document = readGiven(text, kind, id);
      const type = kind === 'identity' || kind === 'trust' ? 'inline' : kind;
      const source: PolicySource = { type, name: id };
      remember(source, id, text);
      // Nothing is guarded here, and nobody whose unique id could be pinned need exist.
      return compilePolicy(document, source, 'unpinned');
    },
    carried(policy, kind) {
      const source: PolicySource =
        kind === 'boundary' ? { type: 'boundary', name: policy.name } : sourceOf(policy);
      remember(source, idOf(policy), policy.document);
      return compileStoredPolicy(policy.document, kind, source);
    },
    statement({ policy, start, end }) {
      const { id, lines } = known.get(policy) ?? { id: policy.name, lines: [] };
      return {
        SourcePolicyId: id,
        SourcePolicyType: (policy.type === 'resource' ? 'Resource Policy' : 'IAM Policy') as PolicySourceType,
        StartPosition: outputPosition(afterPreviousToken(start, lines)),
        EndPosition: outputPosition(end),
      };
    },
    cost: ({ values, characters }) => plain * values + quadratic * characters,
  };
}

function readGiven(text: string, kind: PolicyKind, id: string): PolicyDocument {
  const parsed = parsePolicy(text, kind);
  if (parsed.ok) return parsed.document;
  const { detail, position } = parsed.fault;
  throw invalidInput(
    `${id} is not a valid policy: ${detail} (line ${position.line}, column ${position.column})`,
  );
}

/**
 * COMPAT: managed policies by name, inline ones by holder and name, as the Terraform provider's acceptance tests expect of
 * AWS. `SourcePolicyType` is `IAM Policy` in every published answer, whatever the enumeration in the model says.
 */
function idOf({ kind, name, holder }: CarriedPolicy): string {
  return kind === 'inline' ? `${holder.kind}_${holder.name}_${name}` : name;
}

/**
 * COMPAT: in published answers of AWS a statement begins right after the bracket or comma before it, white space
 * included: `{"Version":"2012-10-17","Statement":[` puts the first one at line 1, column 38.
 */
function afterPreviousToken(start: Position, lines: readonly string[]): Position {
  for (let line = start.line; line >= 1; line--) {
    const text = lines[line - 1] ?? '';
    const before = (line === start.line ? text.slice(0, start.column - 1) : text).trimEnd();
    if (before !== '') return { line, column: before.length + 1 };
  }
  return start;
}

function outputPosition({ line, column }: Position): { Line: number; Column: number } {
  return { Line: line, Column: column };
}

/** The condition keys that documents refer to; those that cannot be read refer to none. */
export function keysOfDocuments(texts: readonly string[]): readonly string[] {
  return uniqueKeys(
    texts.flatMap((text) => {
      const parsed = parsePolicy(text, 'identity');
      return parsed.ok ? referencedKeys(parsed.document) : [];
    }),
  );
}
