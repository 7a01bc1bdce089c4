import type { LabelExpression, LabelSelector } from '../../engine/rbac/objects.ts';
import { isObject, type JsonValue, own } from '../../wire/kube/json.ts';

/**
 * A LabelSelector of an object as it is stored. An expression that cannot be read is left out: the selector then selects
 * more, and whoever is to be asked or protected is.
 */
export function readSelector(value: JsonValue | undefined): LabelSelector {
  const labels = own(value, 'matchLabels');
  const matchLabels = Object.fromEntries(
    Object.entries(isObject(labels) ? labels : {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
  const matchExpressions = list(own(value, 'matchExpressions')).flatMap((expression): LabelExpression[] => {
    const operator = own(expression, 'operator');
    const key = own(expression, 'key');
    return typeof key === 'string' && isOperator(operator)
      ? [{ key, operator, values: texts(own(expression, 'values')) }]
      : [];
  });
  return { matchLabels, matchExpressions };
}

function isOperator(value: unknown): value is LabelExpression['operator'] {
  return value === 'In' || value === 'NotIn' || value === 'Exists' || value === 'DoesNotExist';
}

const list = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);
const texts = (value: JsonValue | undefined): readonly string[] =>
  list(value).filter((item) => typeof item === 'string');
