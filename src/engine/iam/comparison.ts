import { type ArnSections, splitSections } from '../arn/arn.ts';
import type { Answer } from './answer.ts';
import type { PolicyDocument } from './document.ts';
import type { Operator, Ordering } from './operators.ts';
import type { RequestContext } from './request.ts';
import { compileText, type TextMatcher } from './template.ts';
import { parseBase64 } from './values/base64.ts';
import { parseDate } from './values/date.ts';
import { compareDecimals, parseDecimal } from './values/decimal.ts';
import { parseIpAddress, parseIpRange, rangeContains } from './values/ipaddress.ts';
import { rememberLast } from './values/rememberlast.ts';

/** Does a value of the request stand in the operator's relation to one value of the policy? Negation is not applied. */
export type Comparison = (value: string, context: RequestContext) => Answer;

/**
 * One value of a policy, read once. A value that the operator cannot read is in doubt whatever the request says; a
 * value of the *request* that it cannot read does not match (iam-facts D3). Under a negated operator that would make
 * nonsense pass, so there it is in doubt.
 */
export function compileComparison(
  operator: Operator,
  text: string,
  version: PolicyDocument['version'],
): Comparison {
  const unreadable: Answer = operator.negated ? 'unknown' : 'no';
  switch (operator.family) {
    case 'string':
      return compileText(text, {
        version,
        wildcards: operator.relation === 'like',
        ignoreCase: operator.relation === 'equalsIgnoreCase',
      });
    case 'arn':
      return compileArn(text, version, unreadable);
    case 'numeric':
      return compileRead(text, parseDecimal, requestDecimal, ordered(operator, compareDecimals), unreadable);
    case 'date':
      return compileRead(
        text,
        parseDate,
        requestDate,
        ordered(operator, (a, b) => a - b),
        unreadable,
      );
    case 'bool':
      return compileRead(text, parseBool, parseBool, isSame, unreadable);
    case 'binary':
      return compileRead(text, parseBase64, parseBase64, isSame, unreadable);
    case 'ip':
      return compileRead(
        text,
        parseIpRange,
        requestAddress,
        (address, range) => rangeContains(range, address),
        unreadable,
      );
    case 'null':
      // Not about values: `conditions.ts` judges it.
      return inDoubt;
    default:
      return operator.family satisfies never;
  }
}

const requestDecimal = rememberLast(parseDecimal);
const requestDate = rememberLast(parseDate);
const requestAddress = rememberLast(parseIpAddress);
const requestSections = rememberLast(splitSections);

const inDoubt = (): Answer => 'unknown';

/** Variables do not exist in these families (iam-facts C1): `${…}` is unreadable like any other text. */
function compileRead<Wanted, Found>(
  text: string,
  readPolicy: (text: string) => Wanted | undefined,
  readRequest: (text: string) => Found | undefined,
  matches: (found: Found, wanted: Wanted) => boolean,
  unreadable: Answer,
): Comparison {
  const wanted = readPolicy(text);
  if (wanted === undefined) return inDoubt;
  return (value) => {
    const found = readRequest(value);
    if (found === undefined) return unreadable;
    return matches(found, wanted) ? 'yes' : 'no';
  };
}

const isSame = <T>(a: T, b: T): boolean => a === b;

function ordered<T>({ relation }: Operator, compare: (a: T, b: T) => number): (a: T, b: T) => boolean {
  const holds = orderings[relation as Ordering] ?? ((difference: number) => difference === 0);
  return (found, wanted) => holds(compare(found, wanted));
}

const orderings: Readonly<Record<Ordering, (difference: number) => boolean>> = {
  less: (difference) => difference < 0,
  lessOrEqual: (difference) => difference <= 0,
  greater: (difference) => difference > 0,
  greaterOrEqual: (difference) => difference >= 0,
};

/** Text `true` or `false`, without case (iam-facts D3). */
export function parseBool(text: string): boolean | undefined {
  const lower = text.toLowerCase();
  return lower === 'true' ? true : lower === 'false' ? false : undefined;
}

/**
 * Six sections, each matched on its own: no wildcard and no variable crosses one of the first five colons (iam-facts
 * D3). COMPAT: a value that is no ARN, also a lone `*`, is in doubt.
 */
function compileArn(text: string, version: PolicyDocument['version'], unreadable: Answer): Comparison {
  const sections = version === '2012-10-17' ? splitOutsideVariables(text) : splitSections(text);
  if (sections === undefined || sections[0] !== 'arn') return inDoubt;
  const matchers = sections.map((section) => compileText(section, { version, wildcards: true }));
  return (value, context) => {
    const found = requestSections(value);
    return found === undefined || found[0] !== 'arn' ? unreadable : everySection(matchers, found, context);
  };
}

function everySection(matchers: readonly TextMatcher[], found: ArnSections, context: RequestContext): Answer {
  let answer: Answer = 'yes';
  for (let index = 0; index < matchers.length; index++) {
    const one = matchers[index]?.(found[index] ?? '', context) ?? 'unknown';
    if (one === 'no') return 'no';
    if (one === 'unknown') answer = 'unknown';
  }
  return answer;
}

/** The six sections of a text whose variables may hold colons of their own: `${aws:username}`. */
function splitOutsideVariables(text: string): ArnSections | undefined {
  let masked = '';
  for (;;) {
    const start = text.indexOf('${', masked.length);
    const end = start === -1 ? -1 : text.indexOf('}', start);
    if (end === -1) break;
    masked += text.slice(masked.length, start) + '_'.repeat(end - start + 1);
  }
  masked += text.slice(masked.length);
  const sections = splitSections(masked);
  if (sections === undefined) return undefined;
  let at = 0;
  const restore = (section: string): string => {
    const restored = text.slice(at, at + section.length);
    at += section.length + 1;
    return restored;
  };
  const [a, b, c, d, e, f] = sections;
  return [restore(a), restore(b), restore(c), restore(d), restore(e), restore(f)];
}
