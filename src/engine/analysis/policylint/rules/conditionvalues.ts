import { splitSections } from '../../../arn/arn.ts';
import { parseBool } from '../../../iam/comparison.ts';
import { type OperatorFamily, parseOperator } from '../../../iam/operators.ts';
import { parseBase64 } from '../../../iam/values/base64.ts';
import { parseDate } from '../../../iam/values/date.ts';
import { parseDecimal } from '../../../iam/values/decimal.ts';
import { parseIpRange } from '../../../iam/values/ipaddress.ts';
import { conditionKey } from '../../catalogue/catalogue.ts';
import type { ScalarKeyType } from '../../catalogue/servicetext.ts';
import { withoutVariables } from '../patterns.ts';
import { onConditions, spot } from '../policy.ts';
import type { Rule } from '../rule.ts';

const example = (Condition: object): object => ({
  Effect: 'Allow',
  Action: 'eks:DescribeCluster',
  Resource: '*',
  Condition,
});

/** Operators that compare values of a type as what they are. ARNs are text as well. */
const families: Readonly<Record<ScalarKeyType, readonly OperatorFamily[]>> = {
  String: ['string'],
  ARN: ['arn', 'string'],
  Bool: ['bool'],
  Numeric: ['numeric'],
  Date: ['date'],
  IPAddress: ['ip'],
  Binary: ['binary'],
};

const operatorHints: Readonly<Record<ScalarKeyType, string>> = {
  String: 'use a String operator',
  ARN: 'use ArnEquals or ArnLike',
  Bool: 'use Bool',
  Numeric: 'use a Numeric operator',
  Date: 'use a Date operator',
  IPAddress: 'use IpAddress or NotIpAddress',
  Binary: 'use BinaryEquals',
};

const readable: Readonly<Record<OperatorFamily, (value: string) => boolean>> = {
  string: () => true,
  arn: (value) => splitSections(withoutVariables(value))?.[0] === 'arn',
  numeric: (value) => parseDecimal(value) !== undefined,
  date: (value) => parseDate(value) !== undefined,
  bool: (value) => parseBool(value) !== undefined,
  null: (value) => parseBool(value) !== undefined,
  binary: (value) => parseBase64(value) !== undefined,
  ip: (value) => parseIpRange(value) !== undefined,
};

const nouns: Readonly<Record<OperatorFamily, string>> = {
  string: 'text',
  arn: 'an ARN',
  numeric: 'a number',
  date: 'a date',
  bool: '`true` or `false`',
  null: '`true` or `false`',
  binary: 'base64',
  ip: 'an IP address or range',
};

export const conditionValueRules: readonly Rule[] = [
  {
    id: 'EW-POL-321',
    name: 'operator of another type than the key',
    severity: 'warning',
    why: 'Values compare by the rules of the operator. Those of another type match by accident or not at all.',
    triggers: { statements: [example({ StringEquals: { 'aws:SourceIp': '192.0.2.0/24' } })] },
    passes: { statements: [example({ IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } })] },
    check: (policy) =>
      onConditions(policy, ({ key, operator, position }, linted) => {
        const known = conditionKey(key);
        const family = parseOperator(operator)?.family;
        if (known === undefined || family === undefined || family === 'null') return [];
        // The moment in seconds since 1970 is a number as well as a date (iam-facts F.1).
        if (families[known.type].includes(family) || (known.type === 'Date' && family === 'numeric'))
          return [];
        const message = `\`${operator}\` does not compare \`${key}\` as what it is, ${typeNouns[known.type]}`;
        return [spot(linted, 'Condition', position, message, operatorHints[known.type])];
      }),
  },
  {
    id: 'EW-POL-322',
    name: 'value the operator cannot read',
    severity: 'error',
    why: 'Such a value matches nothing; Entryway treats the condition as in doubt, so that an Allow grants nothing and a Deny applies.',
    triggers: { statements: [example({ IpAddress: { 'aws:SourceIp': '192.0.2.*' } })] },
    passes: { statements: [example({ IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } })] },
    check: (policy) =>
      onConditions(policy, ({ operator, values, position }, linted) => {
        const family = parseOperator(operator)?.family;
        if (family === undefined) return [];
        return values
          .filter((value) => !readable[family](value))
          .map((value) =>
            spot(
              linted,
              'Condition',
              position,
              `\`${value}\` is not ${nouns[family]}, as \`${operator}\` needs`,
            ),
          );
      }),
  },
  {
    id: 'EW-POL-323',
    name: 'wildcard in an operator that has none',
    severity: 'warning',
    why: '`StringEquals` and its kin compare a `*` as a star. Patterns need `StringLike`.',
    triggers: { statements: [example({ StringEquals: { 'aws:PrincipalTag/team': 'team-a-*' } })] },
    passes: { statements: [example({ StringLike: { 'aws:PrincipalTag/team': 'team-a-*' } })] },
    check: (policy) =>
      onConditions(policy, ({ operator, values, position }, linted) => {
        const parsed = parseOperator(operator);
        if (parsed?.family !== 'string' || parsed.relation === 'like') return [];
        return values
          .filter((value) => value.replace(/\$\{[^}]*\}/g, '').includes('*'))
          .map((value) =>
            spot(
              linted,
              'Condition',
              position,
              `\`${operator}\` takes the \`*\` in \`${value}\` for a star`,
              `write \`${operator.replace(/Equals(IgnoreCase)?/, 'Like')}\``,
            ),
          );
      }),
  },
  {
    id: 'EW-POL-324',
    name: 'condition without values',
    severity: 'error',
    why: 'There is nothing to compare with: a positive operator cannot be met.',
    triggers: { statements: [example({ StringEquals: { 'aws:PrincipalTag/team': [] } })] },
    passes: { statements: [example({ StringEquals: { 'aws:PrincipalTag/team': ['a'] } })] },
    check: (policy) =>
      onConditions(policy, ({ key, values, position }, linted) =>
        values.length > 0
          ? []
          : [spot(linted, 'Condition', position, `\`${key}\` is compared with no value`)],
      ),
  },
];

const typeNouns: Readonly<Record<ScalarKeyType, string>> = {
  String: 'text',
  ARN: 'an ARN',
  Bool: '`true` or `false`',
  Numeric: 'a number',
  Date: 'a date',
  IPAddress: 'an IP address',
  Binary: 'bytes',
};
