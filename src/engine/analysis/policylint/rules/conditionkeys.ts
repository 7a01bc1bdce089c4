import { parseOperator } from '../../../iam/operators.ts';
import { carriesKey, conditionKey, isProviderKey, knownConditionKeys } from '../../catalogue/catalogue.ts';
import { effectWithoutKey, metWithoutKey } from '../absentkeys.ts';
import { nearest } from '../patterns.ts';
import { enumerate, onConditions, spot } from '../policy.ts';
import type { Rule } from '../rule.ts';

const example = (Action: string | readonly string[], Condition: object, Effect = 'Allow'): object => ({
  Effect,
  Action,
  Resource: '*',
  Condition,
});

/** Services whose keys are all in the catalogue, and the global ones. */
const knownPrefixes = ['aws', 'eks', 'eks-auth', 'iam', 'sts', 'cloudtrail', 'entryway'];

/** Which keys a statement may ask about. */
export const conditionKeyRules: readonly Rule[] = [
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

/** Keys that exist but are not carried by every action. */
function isJudged(key: string): boolean {
  const known = conditionKey(key);
  return known === undefined ? isProviderKey(key) : !known.global;
}
