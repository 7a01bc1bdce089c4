import type { ConditionEntry } from './document.ts';
import { InvalidPolicy, legacyParsing, syntaxErrors } from './fault.ts';
import type { JsonNode } from './json.ts';
import { type OperatorFamily, parseOperator } from './operators.ts';
import { looksLikeDate } from './values/date.ts';

/**
 * The grammar of a Condition block: operator → key → value or values. An unknown operator is refused (iam-facts D11):
 * a condition nobody can judge must not look like a guard.
 */
export function parseConditions(node: JsonNode): readonly ConditionEntry[] {
  if (node.kind !== 'object')
    throw new InvalidPolicy(syntaxErrors, '`Condition` must be an object', node.start);
  return node.members.flatMap(({ key: operator, start, value: keys }) => {
    const family = parseOperator(operator)?.family;
    if (family === undefined) {
      throw new InvalidPolicy(syntaxErrors, `unknown condition operator \`${operator}\``, start);
    }
    if (keys.kind !== 'object') {
      throw new InvalidPolicy(syntaxErrors, `\`${operator}\` must hold condition keys`, keys.start);
    }
    return keys.members.map((member) => ({
      operator,
      key: member.key,
      values: valuesOf(member.value, family),
      position: member.start,
    }));
  });
}

function valuesOf(node: JsonNode, family: OperatorFamily): readonly string[] {
  return (node.kind === 'array' ? node.items : [node]).map((item) => {
    const value = scalarText(item);
    if (value === undefined) {
      throw new InvalidPolicy(
        syntaxErrors,
        'a condition value must be text, a number or a boolean',
        item.start,
      );
    }
    if (family === 'date' && !looksLikeDate(value)) {
      throw new InvalidPolicy(legacyParsing, `\`${value}\` is no date`, item.start);
    }
    return value;
  });
}

function scalarText(node: JsonNode): string | undefined {
  switch (node.kind) {
    case 'string':
      return node.value;
    case 'number':
      return node.text;
    case 'boolean':
      return String(node.value);
    default:
      return undefined;
  }
}
