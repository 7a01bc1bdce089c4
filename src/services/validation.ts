import { AwsError } from '../wire/protocols/errors.ts';

/** What the service model says about one member, beyond its type: the schemas of the SDK lack it. */
export interface MemberConstraint {
  /** Without it, an absent member satisfies every constraint. */
  readonly required?: boolean;
  /** Least length of a string (in code points) or list, least value of a number. */
  readonly min?: number;
  readonly max?: number;
  /** The model's pattern as written there, unanchored: it must match the whole value and is quoted in the text. */
  readonly pattern?: string;
  readonly enum?: readonly string[];
}

type MemberValue = string | number | boolean | readonly unknown[] | undefined;

/**
 * The failures of one member, in the words of the query services (iam-facts H9); none when it is fine.
 * `path` is the lowerCamel member path AWS prints: `userName`, `tags.1.member.key`. Combine and throw:
 * `refuseInvalid([...validateMember('userName', input.UserName, {…}), ...])`.
 */
export function validateMember(path: string, value: MemberValue, constraint: MemberConstraint): string[] {
  if (value === undefined) {
    return constraint.required ? [failure(path, 'null', 'Member must not be null')] : [];
  }
  const shown = `'${shownValue(value)}'`;
  return [...rangeRules(value, constraint), ...textRules(value, constraint)].map((rule) =>
    failure(path, shown, rule),
  );
}

/**
 * Failures that are told. COMPAT: AWS tells all of them.
 * SECURITY: a list in a request may have a hundred thousand members, each with more than one failure.
 */
const mostTold = 100;

/** Throws one `ValidationError` that counts every failure and lists the first; returns when there is none. */
export function refuseInvalid(failures: readonly string[]): void {
  if (failures.length === 0) return;
  const noun = failures.length === 1 ? 'validation error' : 'validation errors';
  throw new AwsError(
    'ValidationError',
    `${failures.length} ${noun} detected: ${failures.slice(0, mostTold).join('; ')}`,
  );
}

function failure(path: string, shown: string, rule: string): string {
  return `Value ${shown} at '${path}' failed to satisfy constraint: ${rule}`;
}

/**
 * Characters of a value that are quoted. COMPAT: AWS quotes all of it.
 * SECURITY: every broken rule quotes the value again, and XML writes one character as six: a request of a megabyte,
 * unsigned, would be answered with twelve.
 */
const longestShown = 1024;

function shownValue(value: string | number | boolean | readonly unknown[]): string {
  const text =
    typeof value === 'object' ? `[${value.map((item) => String(item)).join(', ')}]` : String(value);
  return text.length <= longestShown ? text : `${text.slice(0, longestShown)}...`.toWellFormed();
}

function rangeRules(
  value: string | number | boolean | readonly unknown[],
  constraint: MemberConstraint,
): string[] {
  if (typeof value === 'boolean') return [];
  const size =
    typeof value === 'number' ? value : typeof value === 'string' ? codePoints(value) : value.length;
  const noun = typeof value === 'number' ? 'value' : 'length';
  const rules: string[] = [];
  if (constraint.min !== undefined && !(size >= constraint.min)) {
    rules.push(`Member must have ${noun} greater than or equal to ${constraint.min}`);
  }
  if (constraint.max !== undefined && !(size <= constraint.max)) {
    rules.push(`Member must have ${noun} less than or equal to ${constraint.max}`);
  }
  return rules;
}

function textRules(
  value: string | number | boolean | readonly unknown[],
  constraint: MemberConstraint,
): string[] {
  if (typeof value !== 'string') return [];
  const rules: string[] = [];
  if (constraint.pattern !== undefined && !wholePattern(constraint.pattern).test(value)) {
    rules.push(`Member must satisfy regular expression pattern: ${constraint.pattern}`);
  }
  if (constraint.enum !== undefined && !constraint.enum.includes(value)) {
    rules.push(`Member must satisfy enum value set: [${constraint.enum.join(', ')}]`);
  }
  return rules;
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** Patterns come from this repository's own tables, never from a request: the cache is bounded by them. */
const compiled = new Map<string, RegExp>();

function wholePattern(pattern: string): RegExp {
  let expression = compiled.get(pattern);
  if (expression === undefined) {
    expression = new RegExp(`^(?:${pattern})$`, 'u');
    compiled.set(pattern, expression);
  }
  return expression;
}
