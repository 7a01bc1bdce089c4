import { actionsMatching, isKnownService } from '../../catalogue/catalogue.ts';
import { servicePrefixes } from '../../catalogue/prefixes.ts';
import { nearest } from '../patterns.ts';
import { type LintedPolicy, prefixOf, spot } from '../policy.ts';
import type { Rule, Spotted } from '../rule.ts';

const allow = (Action: string | readonly string[]): object => ({ Effect: 'Allow', Action, Resource: '*' });

function onActions(
  { statements }: LintedPolicy,
  check: (action: string) => readonly [message: string, hint?: string] | undefined,
): readonly Spotted[] {
  return statements.flatMap((linted) =>
    linted.statement.action.entries.flatMap(({ value, position }) => {
      const remark = check(value);
      return remark === undefined ? [] : [spot(linted, linted.actionElement, position, ...remark)];
    }),
  );
}

const isPattern = (text: string): boolean => /[*?]/.test(text);

export const actionRules: readonly Rule[] = [
  {
    id: 'EW-POL-101',
    name: 'unknown action',
    severity: 'error',
    why: 'IAM stores any action name (iam-facts A15). One that does not exist grants and denies nothing, most often because of a typing error.',
    triggers: { statements: [allow('eks:DescribeClusters')] },
    passes: { statements: [allow('eks:DescribeCluster')] },
    check: (policy) =>
      onActions(policy, (action) => {
        if (isPattern(action) || !isKnownService(prefixOf(action)) || actionsMatching(action).length > 0) {
          return undefined;
        }
        const like = nearest(
          action,
          actionsMatching(`${prefixOf(action)}:*`).map(({ name }) => name),
        );
        return [
          `there is no action \`${action}\``,
          ...(like === undefined ? [] : [`did you mean \`${like}\`?`]),
        ] as [string, string?];
      }),
  },
  {
    id: 'EW-POL-102',
    name: 'wildcard that covers no action',
    severity: 'error',
    why: 'A pattern that no action matches grants and denies nothing.',
    triggers: { statements: [allow('eks:*AccessEntrys')] },
    passes: { statements: [allow('eks:*AccessEntries')] },
    check: (policy) =>
      onActions(policy, (action) =>
        isPattern(action) && isKnownService(prefixOf(action)) && actionsMatching(action).length === 0
          ? [`no action matches \`${action}\``]
          : undefined,
      ),
  },
  {
    id: 'EW-POL-103',
    name: 'unknown service',
    severity: 'warning',
    why: 'No service of the Service Authorization Reference has this prefix.',
    triggers: { statements: [allow('ek:DescribeCluster')] },
    passes: { statements: [allow('ec2:DescribeInstances')] },
    check: (policy) =>
      onActions(policy, (action) => {
        const prefix = prefixOf(action).toLowerCase();
        if (prefix === '' || servicePrefixes.has(prefix) || isKnownService(prefix)) return undefined;
        const like = nearest(prefix, [...servicePrefixes]);
        return [
          `there is no service \`${prefix}\``,
          ...(like === undefined ? [] : [`did you mean \`${like}\`?`]),
        ] as [string, string?];
      }),
  },
  {
    id: 'EW-POL-104',
    name: 'letter case of an action',
    severity: 'suggestion',
    why: 'Actions compare without case (iam-facts B1), but people and tools search for them as AWS writes them.',
    triggers: { statements: [allow('EKS:describecluster')] },
    passes: { statements: [allow('eks:DescribeCluster')] },
    check: (policy) =>
      onActions(policy, (action) => {
        const [known] = isPattern(action) ? [] : actionsMatching(action);
        return known === undefined || known.name === action
          ? undefined
          : [`\`${action}\` is written \`${known.name}\``];
      }),
  },
];
