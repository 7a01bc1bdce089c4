import type { ConditionEntry } from '../../../iam/document.ts';
import { type Operator, parseOperator } from '../../../iam/operators.ts';
import { carriesKey, conditionKey, isProviderKey, knownConditionKeys } from '../../catalogue/catalogue.ts';
import { nearest } from '../patterns.ts';
import { enumerate, type LintedStatement, onConditions, spot } from '../policy.ts';
import type { Rule } from '../rule.ts';

const example = (Action: string | readonly string[], Condition: object, Effect = 'Allow'): object => ({
  Effect,
  Action,
  Resource: '*',
  Condition,
});

/** What the operator answers when the request lacks the key (iam-facts D3, D5). */
function metWithoutKey({ family, set, negated, ifExists }: Operator, values: readonly string[]): boolean {
  if (family === 'null') return values.some((value) => value.toLowerCase() === 'true');
  if (set !== undefined) return set === 'all';
  return negated || ifExists;
}

/** What that makes of the statement. */
function effectWithoutKey(entry: ConditionEntry, { statement }: LintedStatement): string {
  const operator = parseOperator(entry.operator);
  const met = operator !== undefined && metWithoutKey(operator, entry.values);
  if (statement.effect === 'Allow')
    return met ? 'the condition guards nothing' : 'the statement allows nothing';
  return met ? 'it denies whatever the value is' : 'it denies nothing';
}

/** Services whose keys are all in the catalogue, and the global ones. */
const knownPrefixes = ['aws', 'eks', 'eks-auth', 'iam', 'sts', 'cloudtrail'];

export const conditionRules: readonly Rule[] = [
  {
    id: 'EW-POL-301',
    name: 'unknown condition key',
    severity: 'error',
    why: 'No request carries a key that does not exist: a positive operator is never met, a negated one always.',
    triggers: {
      statements: [example('eks:AssociateAccessPolicy', { StringEquals: { 'eks:policyName': 'x' } })],
    },
    passes: {
      statements: [
        example('eks:AssociateAccessPolicy', {
          ArnEquals: { 'eks:policyArn': 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy' },
        }),
      ],
    },
    check: (policy) =>
      onConditions(policy, (entry, linted) => {
        const { key, position } = entry;
        const [prefix = '', name] = key.split(':');
        const foreign = name !== undefined && !knownPrefixes.includes(prefix.toLowerCase());
        if (foreign || conditionKey(key) !== undefined || isProviderKey(key)) return [];
        const like = nearest(
          key,
          knownConditionKeys().map(({ name }) => name),
        );
        return [
          spot(
            linted,
            'Condition',
            position,
            `there is no condition key \`${key}\`, so ${effectWithoutKey(entry, linted)}`,
            like === undefined ? undefined : `did you mean \`${like}\`?`,
          ),
        ];
      }),
  },
  {
    id: 'EW-POL-302',
    name: 'condition key that no action of the statement carries',
    severity: 'error',
    why: 'The condition is the same for every request: a positive operator is never met, a negated one always.',
    triggers: {
      statements: [
        example('eks:UpdateAccessEntry', {
          ArnEquals: { 'eks:policyArn': 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy' },
        }),
      ],
    },
    passes: {
      statements: [example('eks:UpdateAccessEntry', { StringEquals: { 'eks:accessEntryType': 'STANDARD' } })],
    },
    check: (policy) =>
      onConditions(policy, (entry, linted) => {
        const { actions, known } = linted;
        if (!known || actions.length === 0 || !isJudged(entry.key)) return [];
        if (actions.some((action) => carriesKey(action, entry.key))) return [];
        return [
          spot(
            linted,
            'Condition',
            entry.position,
            `no action of the statement carries \`${entry.key}\`, so ${effectWithoutKey(entry, linted)}`,
          ),
        ];
      }),
  },
  {
    id: 'EW-POL-303',
    name: 'condition key that some actions of the statement do not carry',
    severity: 'warning',
    why: 'For those actions the condition is the same for every request. Put them into a statement of their own.',
    triggers: {
      statements: [
        example(['eks:AssociateAccessPolicy', 'eks:ListAccessPolicies'], {
          StringEquals: { 'eks:accessScope': 'namespace' },
        }),
      ],
    },
    passes: {
      statements: [
        example(['eks:AssociateAccessPolicy', 'eks:DisassociateAccessPolicy'], {
          StringEquals: { 'eks:accessScope': 'namespace' },
        }),
      ],
    },
    check: (policy) =>
      onConditions(policy, (entry, linted) => {
        const { actions, known, statement } = linted;
        if (!known || !isJudged(entry.key)) return [];
        const without = actions.filter((action) => !carriesKey(action, entry.key));
        if (without.length === 0 || without.length === actions.length) return [];
        const operator = parseOperator(entry.operator);
        // A deny with IfExists or a negated operator speaks about absent keys on purpose.
        if (statement.effect === 'Deny' && operator && metWithoutKey(operator, entry.values)) return [];
        const names = enumerate(without.map(({ name }) => name));
        return [
          spot(
            linted,
            'Condition',
            entry.position,
            `${names} ${without.length === 1 ? 'does' : 'do'} not carry \`${entry.key}\`: for ${without.length === 1 ? 'it' : 'them'} ${effectWithoutKey(entry, linted)}`,
          ),
        ];
      }),
  },
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
        if (statement.conditions.some((other) => demands(other, key))) return [];
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
  {
    id: 'EW-POL-307',
    name: 'Deny for want of MFA that spares long-term keys',
    severity: 'security',
    why: '`aws:MultiFactorAuthPresent` is absent, not false, for long-term access keys (iam-facts F3.1), so a Deny with `Bool` does not apply to them. `BoolIfExists` does.',
    triggers: {
      statements: [example('eks:*', { Bool: { 'aws:MultiFactorAuthPresent': 'false' } }, 'Deny')],
    },
    passes: {
      statements: [example('eks:*', { BoolIfExists: { 'aws:MultiFactorAuthPresent': 'false' } }, 'Deny')],
    },
    check: (policy) =>
      onConditions(policy, ({ key, operator, values, position }, linted) =>
        linted.statement.effect === 'Deny' &&
        isMfaPresent(key) &&
        operator === 'Bool' &&
        hasText(values, 'false')
          ? [
              spot(
                linted,
                'Condition',
                position,
                'long-term access keys do not have the key, so this does not deny them',
                'write `BoolIfExists`',
              ),
            ]
          : [],
      ),
  },
  {
    id: 'EW-POL-308',
    name: 'Allow for MFA that includes long-term keys',
    severity: 'security',
    why: 'The suffix `IfExists` is met when the key is absent, and it is absent for long-term access keys (iam-facts F3.1).',
    triggers: {
      statements: [example('eks:*', { BoolIfExists: { 'aws:MultiFactorAuthPresent': 'true' } })],
    },
    passes: { statements: [example('eks:*', { Bool: { 'aws:MultiFactorAuthPresent': 'true' } })] },
    check: (policy) =>
      onConditions(policy, ({ key, operator, values, position }, linted) =>
        linted.statement.effect === 'Allow' &&
        isMfaPresent(key) &&
        operator === 'BoolIfExists' &&
        hasText(values, 'true')
          ? [
              spot(
                linted,
                'Condition',
                position,
                'long-term access keys do not have the key, so this allows them without MFA',
                'write `Bool`',
              ),
            ]
          : [],
      ),
  },
  {
    id: 'EW-POL-309',
    name: 'letter case of a condition key',
    severity: 'suggestion',
    why: 'Keys compare without case (iam-facts D2), but people and tools search for them as AWS writes them.',
    triggers: { statements: [example('eks:*', { StringEquals: { 'AWS:requestedregion': 'eu-west-1' } })] },
    passes: { statements: [example('eks:*', { StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } })] },
    check: (policy) =>
      onConditions(policy, ({ key, position }, linted) => {
        const name = conditionKey(key)?.name;
        return name === undefined || key.startsWith(name)
          ? []
          : [spot(linted, 'Condition', position, `\`${key.slice(0, name.length)}\` is written \`${name}\``)];
      }),
  },
];

/** Is the condition only met when the request has the key? A tag in the request puts its name among `aws:TagKeys`. */
function demands({ operator, key: other, values }: ConditionEntry, key: string): boolean {
  const present = keyIs(other, key) || (keyIs(key, 'aws:TagKeys') && /^aws:requesttag\//i.test(other));
  const parsed = parseOperator(operator);
  return present && parsed !== undefined && !metWithoutKey(parsed, values);
}

const keyIs = (key: string, name: string): boolean => key.toLowerCase() === name.toLowerCase();

/** Keys that exist but are not carried by every action. */
function isJudged(key: string): boolean {
  const known = conditionKey(key);
  return known === undefined ? isProviderKey(key) : !known.global;
}

const isMfaPresent = (key: string): boolean => keyIs(key, 'aws:MultiFactorAuthPresent');
const hasText = (values: readonly string[], text: string): boolean =>
  values.some((value) => value.toLowerCase() === text);
