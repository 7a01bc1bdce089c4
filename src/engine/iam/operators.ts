export type OperatorFamily = 'string' | 'numeric' | 'date' | 'bool' | 'binary' | 'ip' | 'arn' | 'null';

/** What a base operator asks of one value; the negated form of it is `negated`, which asks that no value answers. */
interface BaseOperator {
  readonly family: OperatorFamily;
  readonly negated: boolean;
  readonly relation: 'equals' | 'equalsIgnoreCase' | 'like' | Ordering;
}

export type Ordering = 'less' | 'lessOrEqual' | 'greater' | 'greaterOrEqual';

/** A condition operator with its set prefix and suffix taken apart (iam-facts D3 to D5). */
export interface Operator extends BaseOperator {
  readonly set?: 'all' | 'any';
  readonly ifExists: boolean;
}

const operator = (
  family: OperatorFamily,
  relation: BaseOperator['relation'],
  negated: BaseOperator['negated'] = false,
): BaseOperator => ({ family, relation, negated });
const negated = true;

/** Every condition operator there is (iam-facts D3). */
const operators: ReadonlyMap<string, BaseOperator> = new Map([
  ['StringEquals', operator('string', 'equals')],
  ['StringNotEquals', operator('string', 'equals', negated)],
  ['StringEqualsIgnoreCase', operator('string', 'equalsIgnoreCase')],
  ['StringNotEqualsIgnoreCase', operator('string', 'equalsIgnoreCase', negated)],
  ['StringLike', operator('string', 'like')],
  ['StringNotLike', operator('string', 'like', negated)],
  ['NumericEquals', operator('numeric', 'equals')],
  ['NumericNotEquals', operator('numeric', 'equals', negated)],
  ['NumericLessThan', operator('numeric', 'less')],
  ['NumericLessThanEquals', operator('numeric', 'lessOrEqual')],
  ['NumericGreaterThan', operator('numeric', 'greater')],
  ['NumericGreaterThanEquals', operator('numeric', 'greaterOrEqual')],
  ['DateEquals', operator('date', 'equals')],
  ['DateNotEquals', operator('date', 'equals', negated)],
  ['DateLessThan', operator('date', 'less')],
  ['DateLessThanEquals', operator('date', 'lessOrEqual')],
  ['DateGreaterThan', operator('date', 'greater')],
  ['DateGreaterThanEquals', operator('date', 'greaterOrEqual')],
  ['Bool', operator('bool', 'equals')],
  ['BinaryEquals', operator('binary', 'equals')],
  ['IpAddress', operator('ip', 'equals')],
  ['NotIpAddress', operator('ip', 'equals', negated)],
  ['ArnEquals', operator('arn', 'like')],
  ['ArnNotEquals', operator('arn', 'like', negated)],
  ['ArnLike', operator('arn', 'like')],
  ['ArnNotLike', operator('arn', 'like', negated)],
  ['Null', operator('null', 'equals')],
]);

/** Undefined for an operator that does not exist; `NullIfExists` is one of those. */
export function parseOperator(text: string): Operator | undefined {
  const [, prefix, name = '', suffix] =
    /^(ForAllValues:|ForAnyValue:)?([A-Za-z]+?)(IfExists)?$/.exec(text) ?? [];
  const base = operators.get(name);
  const ifExists = suffix !== undefined;
  if (base === undefined || (base.family === 'null' && ifExists)) return undefined;
  if (prefix === undefined) return { ...base, ifExists };
  return { ...base, ifExists, set: prefix === 'ForAllValues:' ? 'all' : 'any' };
}
