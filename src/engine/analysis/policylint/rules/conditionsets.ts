import { parseOperator } from '../../../iam/operators.ts';
import { conditionKey } from '../../catalogue/catalogue.ts';
import { demandsKey } from '../absentkeys.ts';
import { onConditions, spot } from '../policy.ts';
import type { Rule } from '../rule.ts';

const example = (Action: string, Condition: object): object => ({
  Effect: 'Allow',
  Action,
  Resource: '*',
  Condition,
});

/** Keys with several values, and the operators for them. */
export const conditionSetRules: readonly Rule[] = [
  {
    id: 'EW-POL-304',
    name: 'multi-valued key without a set operator',
    severity: 'error',
    why: 'Whether any or every value of the request must match has to be said with `ForAnyValue:` or `ForAllValues:` (iam-facts D6).',
    triggers: {
      statements: [example('eks:AssociateAccessPolicy', { StringLike: { 'eks:namespaces': 'team-a-*' } })],
    },
    passes: {
      statements: [
        example('eks:AssociateAccessPolicy', {
          'ForAllValues:StringLike': { 'eks:namespaces': 'team-a-*' },
          Null: { 'eks:namespaces': 'false' },
        }),
      ],
    },
    check: (policy) =>
      onConditions(policy, ({ key, operator, position }, linted) => {
        const parsed = parseOperator(operator);
        if (
          conditionKey(key)?.multiValued !== true ||
          parsed?.set !== undefined ||
          parsed?.family === 'null'
        ) {
          return [];
        }
        return [
          spot(
            linted,
            'Condition',
            position,
            `\`${key}\` has several values and \`${operator}\` does not say how many must match`,
            `write \`ForAnyValue:${operator}\` or \`ForAllValues:${operator}\``,
          ),
        ];
      }),
  },
  {
    id: 'EW-POL-305',
    name: 'set operator on a single-valued key',
    severity: 'suggestion',
    why: 'It evaluates as a set of one (iam-facts D6); `ForAllValues:` is also met when the key is absent.',
    triggers: {
      statements: [
        example('eks:DescribeCluster', { 'ForAnyValue:StringEquals': { 'aws:PrincipalTag/team': 'a' } }),
      ],
    },
    passes: {
      statements: [example('eks:DescribeCluster', { StringEquals: { 'aws:PrincipalTag/team': 'a' } })],
    },
    check: (policy) =>
      onConditions(policy, ({ key, operator, position }, linted) => {
        const known = conditionKey(key);
        if (known === undefined || known.multiValued || parseOperator(operator)?.set === undefined) return [];
        const plain = operator.slice(operator.indexOf(':') + 1);
        return [
          spot(
            linted,
            'Condition',
            position,
            `\`${key}\` has one value`,
            `write \`${plain}\` without the prefix`,
          ),
        ];
      }),
  },
  {
    id: 'EW-POL-306',
    name: 'ForAllValues allows without the key',
    severity: 'security',
    why: '`ForAllValues` is met when the request does not have the key at all (iam-facts D5): an Allow guarded by it alone allows such a request. Add `Null` with `false`.',
    triggers: {
      statements: [
        example('eks:AssociateAccessPolicy', { 'ForAllValues:StringLike': { 'eks:namespaces': 'team-a-*' } }),
      ],
    },
    passes: {
      statements: [
        example('eks:AssociateAccessPolicy', {
          'ForAllValues:StringLike': { 'eks:namespaces': 'team-a-*' },
          Null: { 'eks:namespaces': 'false' },
        }),
      ],
    },
    check: (policy) =>
      onConditions(policy, ({ key, operator, position }, linted) => {
        const { statement } = linted;
        if (statement.effect !== 'Allow' || parseOperator(operator)?.set !== 'all') return [];
        if (statement.conditions.some((other) => demandsKey(other, key))) return [];
        return [
          spot(
            linted,
            'Condition',
            position,
            `a request without \`${key}\` meets \`${operator}\``,
            `add \`"Null": {"${key}": "false"}\``,
          ),
        ];
      }),
  },
];
