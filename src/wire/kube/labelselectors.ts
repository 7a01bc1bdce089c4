import { quote } from '../../engine/rbac/quote.ts';
import { isObject, own } from './json.ts';
import { labelValueFindings, qualifiedNameFindings } from './names.ts';
import { badRequest } from './status.ts';

interface LabelRequirement {
  readonly key: string;
  readonly operator: 'in' | 'notIn' | 'exists' | 'doesNotExist' | 'greaterThan' | 'lessThan';
  readonly values: readonly string[];
}

/** All requirements must hold; an empty selector selects everything. */
export type LabelSelector = readonly LabelRequirement[];

const maxLength = 16_384;
const maxRequirements = 256;
const maxValues = 1_024;
const integer = /^[+-]?\d{1,18}$/;
const symbols = ['==', '!=', '=', '!', '(', ')', ',', '<', '>'];

function fail(detail: string): never {
  throw badRequest(`unable to parse requirement: ${detail}`);
}

function tokenize(text: string): readonly string[] {
  const tokens: string[] = [];
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at, at + 2);
    const symbol = symbols.find((one) => rest.startsWith(one));
    if (symbol !== undefined) {
      tokens.push(symbol);
      at += symbol.length;
    } else if (/\s/.test(rest[0] ?? '')) {
      at += 1;
    } else {
      const word = /^[^\s=!(),<>]+/.exec(text.slice(at, at + 1_024))?.[0] ?? '';
      tokens.push(word);
      at += word.length;
    }
  }
  return tokens;
}

function isWord(token: string | undefined): token is string {
  return token !== undefined && !symbols.includes(token);
}

function checkedRequirement(requirement: LabelRequirement): LabelRequirement {
  const { key, operator, values } = requirement;
  const [finding] = qualifiedNameFindings(key);
  if (finding !== undefined) fail(`key: Invalid value: ${quote(key)}: ${finding}`);
  values.forEach((value, index) => {
    const numeric = operator === 'greaterThan' || operator === 'lessThan';
    const [wrong] = numeric
      ? integer.test(value)
        ? []
        : ["for 'Gt', 'Lt' operators, the value must be an integer"]
      : labelValueFindings(value);
    if (wrong !== undefined) fail(`values[${index}][${key}]: Invalid value: ${quote(value)}: ${wrong}`);
  });
  return requirement;
}

/**
 * Parses the query form (E17): `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, `a>1`, joined by commas.
 * @throws KubeStatusError 400 when it does not parse or is longer than the bounds.
 */
export function parseLabelSelector(text: string): LabelSelector {
  if (text.length > maxLength) fail(`selector is longer than ${maxLength} characters`);
  const tokens = tokenize(text);
  const requirements: LabelRequirement[] = [];
  let at = 0;
  let valueCount = 0;

  const values = (): readonly string[] => {
    if (tokens[at] !== '(') fail(`found '${tokens[at] ?? ''}', expected: '('`);
    at += 1;
    const list: string[] = [];
    let expectsValue = true;
    for (;;) {
      const token = tokens[at];
      at += 1;
      if (token === undefined) fail("found '', expected: ',', or ')'");
      if (token === ')') {
        if (expectsValue) list.push('');
        return [...new Set(list)];
      }
      if (token === ',') {
        if (expectsValue) list.push('');
        expectsValue = true;
      } else if (expectsValue && isWord(token)) {
        list.push(token);
        expectsValue = false;
      } else fail(`found '${token}', expected: ',', or ')'`);
      if (list.length + valueCount > maxValues) fail(`more than ${maxValues} values`);
    }
  };

  const requirement = (): LabelRequirement => {
    const negated = tokens[at] === '!';
    if (negated) at += 1;
    const key = tokens[at];
    if (!isWord(key)) fail(`found '${key ?? ''}', expected: !, identifier, or 'end of string'`);
    at += 1;
    if (negated) return { key, operator: 'doesNotExist', values: [] };
    const operator = tokens[at];
    if (operator === undefined || operator === ',') return { key, operator: 'exists', values: [] };
    at += 1;
    switch (operator) {
      case 'in':
        return { key, operator: 'in', values: values() };
      case 'notin':
        return { key, operator: 'notIn', values: values() };
      case '=':
      case '==':
      case '!=':
      case '<':
      case '>': {
        const next = tokens[at];
        const value = isWord(next) ? next : '';
        if (isWord(next)) at += 1;
        else if (next !== undefined && next !== ',') fail(`found '${next}', expected: identifier`);
        if (operator === '<') return { key, operator: 'lessThan', values: [value] };
        if (operator === '>') return { key, operator: 'greaterThan', values: [value] };
        return { key, operator: operator === '!=' ? 'notIn' : 'in', values: [value] };
      }
      default:
        return fail(`found '${operator}', expected: in, notin, =, ==, !=, gt, lt`);
    }
  };

  while (at < tokens.length) {
    const one = checkedRequirement(requirement());
    valueCount += one.values.length;
    requirements.push(one);
    if (requirements.length > maxRequirements) fail(`more than ${maxRequirements} requirements`);
    if (at === tokens.length) break;
    if (tokens[at] !== ',') fail(`found '${tokens[at]}', expected: ',' or 'end of string'`);
    at += 1;
    if (at === tokens.length) fail("found '', expected: identifier after ','");
  }
  return requirements;
}

function holds(requirement: LabelRequirement, value: string | undefined): boolean {
  switch (requirement.operator) {
    case 'in':
      return value !== undefined && requirement.values.includes(value);
    case 'notIn':
      return value === undefined || !requirement.values.includes(value);
    case 'exists':
      return value !== undefined;
    case 'doesNotExist':
      return value === undefined;
    case 'greaterThan':
    case 'lessThan': {
      if (value === undefined || !integer.test(value)) return false;
      const limit = BigInt(requirement.values[0] ?? '0');
      return requirement.operator === 'greaterThan' ? BigInt(value) > limit : BigInt(value) < limit;
    }
    default:
      return requirement.operator satisfies never;
  }
}

/** Whether labels (metadata.labels of a stored object; anything else counts as none) satisfy the selector. */
export function labelSelectorMatches(selector: LabelSelector, labels: unknown): boolean {
  return selector.every((requirement) => {
    const value = isObject(labels) ? own(labels, requirement.key) : undefined;
    return holds(requirement, typeof value === 'string' ? value : undefined);
  });
}
