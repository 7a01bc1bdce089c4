import { isAll } from '../patterns.ts';
import { type LintedPolicy, onAllows, prefixOf, spot } from '../policy.ts';
import { hasAllResources, isGuarded, isIdentity, isLimited, reachesAll, speaksOf } from '../reach.ts';
import type { Rule, Spotted } from '../rule.ts';

const example = (more: object): object => ({ Effect: 'Allow', Action: '*', Resource: '*', ...more });
const role = 'arn:aws:iam::111122223333:role/eks/cluster';

const serviceWide = (action: string): boolean => /^[a-z0-9-]+:\*+$/i.test(action);

export const grantRules: readonly Rule[] = [
  {
    id: 'EW-POL-501',
    name: 'everything on everything',
    severity: 'security',
    why: 'Whoever has the policy is an administrator.',
    triggers: { statements: [example({})] },
    passes: { statements: [example({ Action: 'eks:DescribeCluster' })] },
    check: (policy) =>
      onAllows(policy, (linted) => {
        const { statement } = linted;
        const all = statement.action.negated
          ? undefined
          : statement.action.entries.find(({ value }) => isAll(value));
        // A boundary or session policy only narrows: there this means "as much as the identity policies allow".
        if (all === undefined || !isIdentity(policy) || !hasAllResources(linted) || isGuarded(linted))
          return [];
        return [spot(linted, 'Action', all.position, 'allows every action on every resource')];
      }),
  },
  {
    id: 'EW-POL-502',
    name: 'a whole service on everything',
    severity: 'security',
    why: 'Includes what the service will be able to do in the future; for IAM and EKS it includes giving oneself more.',
    triggers: { statements: [example({ Action: 'eks:*' })] },
    passes: { statements: [example({ Action: ['eks:Describe*', 'eks:List*'] })] },
    check: (policy) =>
      onAllows(policy, (linted) =>
        !isIdentity(policy) ||
        linted.statement.action.negated ||
        !hasAllResources(linted) ||
        isGuarded(linted)
          ? []
          : linted.statement.action.entries
              .filter(({ value }) => serviceWide(value))
              .map(({ value, position }) =>
                spot(
                  linted,
                  'Action',
                  position,
                  `allows every action of \`${prefixOf(value)}\` on every resource`,
                ),
              ),
      ),
  },
  {
    id: 'EW-POL-503',
    name: 'Allow with NotAction',
    severity: 'security',
    why: 'Grants everything that is not listed, of every service, those to come included (iam-facts B6).',
    triggers: { statements: [{ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }] },
    passes: { statements: [{ Effect: 'Deny', NotAction: 'iam:*', Resource: '*' }] },
    check: (policy) =>
      onAllows(policy, (linted) =>
        linted.statement.action.negated
          ? [
              spot(
                linted,
                'NotAction',
                linted.statement.action.position,
                'allows every action that is not listed',
                'list what is allowed, or allow `*` and deny the exceptions',
              ),
            ]
          : [],
      ),
  },
  {
    id: 'EW-POL-504',
    name: 'Allow with NotResource',
    severity: 'security',
    why: 'Grants the actions on every resource that is not listed, those to come included (iam-facts B6).',
    triggers: {
      statements: [
        { Effect: 'Allow', Action: 'eks:DeleteCluster', NotResource: 'arn:aws:eks:*:*:cluster/prod' },
      ],
    },
    passes: {
      statements: [
        { Effect: 'Deny', Action: 'eks:DeleteCluster', NotResource: 'arn:aws:eks:*:*:cluster/test' },
      ],
    },
    check: (policy) =>
      onAllows(policy, (linted) => {
        const { resource } = linted.statement;
        return resource?.negated
          ? [
              spot(
                linted,
                'NotResource',
                resource.position,
                'allows the actions on every resource that is not listed',
              ),
            ]
          : [];
      }),
  },
  {
    id: 'EW-POL-505',
    name: 'any role may be passed to any service',
    severity: 'security',
    why: 'Whoever may pass a role to a service can do there what the role may. Name the roles, or the service with `iam:PassedToService`.',
    triggers: { statements: [example({ Action: 'iam:PassRole' })] },
    passes: {
      statements: [
        example({
          Action: 'iam:PassRole',
          Resource: role,
          Condition: { StringEquals: { 'iam:PassedToService': 'eks.amazonaws.com' } },
        }),
      ],
    },
    check: (policy) =>
      onRoleAction(policy, 'iam:PassRole', ['iam:passedtoservice'], 'any role may be passed to any service'),
  },
  {
    id: 'EW-POL-506',
    name: 'any role may be assumed',
    severity: 'security',
    why: 'Every role that trusts the account, in this account and others, can then be entered. Name the roles.',
    triggers: { statements: [example({ Action: 'sts:AssumeRole' })] },
    passes: { statements: [example({ Action: 'sts:AssumeRole', Resource: role })] },
    check: (policy) =>
      onRoleAction(policy, 'sts:AssumeRole', undefined, 'any role that trusts the account may be assumed'),
  },
];

function onRoleAction(
  policy: LintedPolicy,
  action: string,
  keys: readonly string[] | undefined,
  message: string,
): readonly Spotted[] {
  if (!isIdentity(policy) || isLimited(policy, action, keys ?? [])) return [];
  return onAllows(policy, (linted) => {
    const { statement } = linted;
    const all = statement.action.entries.some(({ value }) => isAll(value));
    // Everything on everything has a rule of its own.
    if (all || !speaksOf(linted, action) || isGuarded(linted, keys)) return [];
    if (!reachesAll(linted, 'arn:*:iam:*:*:role/*') || statement.resource === undefined) return [];
    return [spot(linted, linted.resourceElement, statement.resource.position, message)];
  });
}
