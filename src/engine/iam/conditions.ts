import { type Answer, anyOf, not } from './answer.ts';
import { type Comparison, compileComparison, parseBool } from './comparison.ts';
import type { ConditionFinding } from './decision.ts';
import type { ConditionEntry, PolicyDocument } from './document.ts';
import { type Operator, parseOperator } from './operators.ts';
import { contextKey, type RequestContext } from './request.ts';

/** One key of one operator, ready to be judged. */
export interface CompiledCondition {
  /** As contexts name it. */
  readonly key: string;
  readonly judge: (value: ContextValue, context: RequestContext) => Answer;
  /** What the evidence says when it fails; made once, so that judging allocates nothing. */
  readonly failed: { readonly absent: ConditionFailure; readonly present: ConditionFailure };
  readonly doubted: { readonly absent: ConditionFailure; readonly present: ConditionFailure };
}

/** Undefined: the request does not have the key. */
type ContextValue = string | readonly string[] | undefined;

export interface ConditionFailure {
  readonly answer: 'no' | 'unknown';
  readonly element: 'condition';
  readonly finding: ConditionFinding;
}

/**
 * Operators and their keys must all be met (iam-facts D1). Undefined when they are, else the first key that certainly
 * fails, else the first that cannot be judged. An empty block is no condition.
 */
export function judgeConditions(
  conditions: readonly CompiledCondition[],
  context: RequestContext,
): ConditionFailure | undefined {
  let doubt: ConditionFailure | undefined;
  for (const condition of conditions) {
    const value = context.get(condition.key);
    const answer = condition.judge(value, context);
    if (answer === 'yes') continue;
    const state = isAbsent(value) ? 'absent' : 'present';
    if (answer === 'no') return condition.failed[state];
    doubt ??= condition.doubted[state];
  }
  return doubt;
}

export function compileCondition(
  { operator: name, key, values, position }: ConditionEntry,
  version: PolicyDocument['version'],
): CompiledCondition {
  const failure = (answer: ConditionFailure['answer'], absent: boolean): ConditionFailure => ({
    answer,
    element: 'condition',
    finding: { operator: name, key, values, absent, position },
  });
  return {
    key: contextKey(key),
    judge: compileJudge(parseOperator(name), values, version),
    failed: { absent: failure('no', true), present: failure('no', false) },
    doubted: { absent: failure('unknown', true), present: failure('unknown', false) },
  };
}

function compileJudge(
  operator: Operator | undefined,
  values: readonly string[],
  version: PolicyDocument['version'],
): CompiledCondition['judge'] {
  // An operator nobody knows (iam-facts D11), or no value to compare with: nothing can be said.
  if (operator === undefined || values.length === 0) return () => 'unknown';
  if (operator.family === 'null') return compileNull(operator, values);
  const comparisons = values.map((value) => compileComparison(operator, value, version));
  const judgeOne = (value: string, context: RequestContext): Answer => {
    const answer = anyOf(comparisons, compareWith, value, context);
    // The list of a negated operator works as NOR (D1).
    return operator.negated ? not(answer) : answer;
  };
  const whenAbsent = answerWhenAbsent(operator);
  return (value, context) => {
    if (isAbsent(value)) return whenAbsent;
    if (operator.set !== undefined) return judgeSet(operator.set, value, context, judgeOne);
    // COMPAT: a multi-valued key needs a set operator (D6). What AWS does without one is not documented, so it is in
    // doubt, also when the request happens to have one value only.
    return typeof value === 'string' ? judgeOne(value, context) : 'unknown';
  };
}

/** An empty set counts as absent (iam-facts D5, D9, L8). */
function isAbsent(value: ContextValue): value is undefined {
  return value === undefined || (typeof value !== 'string' && value.length === 0);
}

function answerWhenAbsent({ set, ifExists, negated }: Operator): Answer {
  if (set === 'all') return 'yes';
  // COMPAT: for `ForAnyValue:…IfExists` the documentation says both yes and no (D8).
  if (set === 'any') return ifExists ? 'unknown' : 'no';
  return ifExists || negated ? 'yes' : 'no';
}

/** A single-valued key is a set of one (D6). */
function judgeSet(
  set: 'all' | 'any',
  value: string | readonly string[],
  context: RequestContext,
  judgeOne: (value: string, context: RequestContext) => Answer,
): Answer {
  if (typeof value === 'string') return judgeOne(value, context);
  const settles: Answer = set === 'all' ? 'no' : 'yes';
  let answer = not(settles);
  for (const one of value) {
    const judged = judgeOne(one, context);
    if (judged === settles) return judged;
    if (judged === 'unknown') answer = 'unknown';
  }
  return answer;
}

const compareWith = (compare: Comparison, value: string, context: RequestContext): Answer =>
  compare(value, context);

/** `true` asks that the key is absent, `false` that it is there (iam-facts D3). With a set prefix it has no meaning. */
function compileNull({ set }: Operator, values: readonly string[]): CompiledCondition['judge'] {
  const answers = (absent: boolean): Answer =>
    anyOf(values.map(parseBool), nullAnswer, absent, set !== undefined);
  const whenAbsent = answers(true);
  const whenPresent = answers(false);
  return (value) => (isAbsent(value) ? whenAbsent : whenPresent);
}

const nullAnswer = (wanted: boolean | undefined, absent: boolean, inSet: boolean): Answer =>
  wanted === undefined || inSet ? 'unknown' : wanted === absent ? 'yes' : 'no';
