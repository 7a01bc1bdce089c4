import { iamEscalations } from '../../powers/iam.ts';
import { isAll } from '../patterns.ts';
import type { LintedPolicy, LintedStatement } from '../policy.ts';
import { enumerate, onAllows, spot } from '../policy.ts';
import {
  hasAllResources,
  isGuarded,
  isIdentity,
  isLimited,
  placeOf,
  reachesAll,
  speaksOf,
} from '../reach.ts';
import type { Rule } from '../rule.ts';

const allow = (Action: string | readonly string[], more: object = {}): object => ({
  Effect: 'Allow',
  Action,
  Resource: '*',
  ...more,
});
const viewOnly = {
  Condition: { ArnEquals: { 'eks:policyArn': 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy' } },
};

/** Keys that say which access policy is given, or where. */
const policyKeys = ['eks:policyarn', 'eks:accessscope', 'eks:namespaces'];
/** Keys that say for whom an entry is made, or which groups it gives. */
const entryKeys = ['eks:principalarn', 'eks:kubernetesgroups', 'eks:username', 'eks:accessentrytype'];

export const escalationRules: readonly Rule[] = [
  {
    id: 'EW-POL-521',
    name: 'any access policy may be associated',
    severity: 'security',
    why: 'Without a condition on `eks:policyArn` or `eks:accessScope`, AmazonEKSClusterAdminPolicy may be given to any access entry the resources cover, the own one included.',
    triggers: { statements: [allow('eks:AssociateAccessPolicy')] },
    passes: { statements: [allow('eks:AssociateAccessPolicy', viewOnly)] },
    check: (policy) =>
      unbounded(policy, 'eks:AssociateAccessPolicy', policyKeys).map((linted) =>
        spot(
          linted,
          linted.actionElement,
          placeOf(linted, 'eks:AssociateAccessPolicy'),
          'allows `eks:AssociateAccessPolicy` with any policy and any scope',
          'add a condition on `eks:policyArn` or `eks:accessScope`',
        ),
      ),
  },
  {
    id: 'EW-POL-522',
    name: 'anybody may be made cluster administrator',
    severity: 'security',
    why: '`eks:CreateAccessEntry` together with an unconditional `eks:AssociateAccessPolicy` gives any principal every permission in the cluster.',
    triggers: { statements: [allow(['eks:CreateAccessEntry', 'eks:AssociateAccessPolicy'])] },
    passes: {
      statements: [
        allow('eks:CreateAccessEntry', {
          Condition: { ArnLike: { 'eks:principalArn': 'arn:aws:iam::111122223333:role/team-a/*' } },
        }),
        allow('eks:AssociateAccessPolicy', viewOnly),
      ],
    },
    check: (policy) => {
      const [associating] = unbounded(policy, 'eks:AssociateAccessPolicy', policyKeys);
      const creating = unbounded(policy, 'eks:CreateAccessEntry', entryKeys);
      if (associating === undefined) return [];
      return creating.map((linted) =>
        spot(
          linted,
          linted.actionElement,
          placeOf(linted, 'eks:CreateAccessEntry'),
          'allows to create an entry for any principal, and the policy allows to give it any access policy',
          'limit `eks:principalArn` here, or `eks:policyArn` there',
        ),
      );
    },
  },
  {
    id: 'EW-POL-523',
    name: 'the groups of any access entry may be changed',
    severity: 'security',
    why: '`eks:UpdateAccessEntry` carries no key for the new groups or user name, so no condition can limit what an entry is changed to; only which entry, by resource or by the keys of the entry as it is.',
    triggers: { statements: [allow('eks:UpdateAccessEntry')] },
    passes: {
      statements: [
        allow('eks:UpdateAccessEntry', {
          Resource: 'arn:aws:eks:us-east-1:111122223333:access-entry/test/role/111122223333/ci/*',
        }),
      ],
    },
    check: (policy) =>
      unbounded(policy, 'eks:UpdateAccessEntry', [...entryKeys, 'eks:clustername'])
        .filter((linted) => reachesAll(linted, 'arn:*:eks:*:*:access-entry/*'))
        .map((linted) =>
          spot(
            linted,
            linted.actionElement,
            placeOf(linted, 'eks:UpdateAccessEntry'),
            'allows `eks:UpdateAccessEntry` on every entry: the own one can be put into any group',
            'name the entries, or add a condition on `eks:principalArn`',
          ),
        ),
  },
  {
    id: 'EW-POL-524',
    name: 'privileges of any IAM identity may be raised',
    severity: 'security',
    why: 'Each of these actions, on every resource and without condition, lets its bearer become an administrator of the account.',
    triggers: { statements: [allow(['iam:AttachUserPolicy', 'iam:ListUsers'])] },
    passes: {
      statements: [
        allow('iam:AttachUserPolicy', { Resource: 'arn:aws:iam::111122223333:user/team-a/*' }),
        allow('iam:ListUsers'),
      ],
    },
    check: (policy) => {
      if (!isIdentity(policy)) return [];
      return onAllows(policy, (linted) => {
        const { statement } = linted;
        if (statement.action.entries.some(({ value }) => isAll(value) || isServiceWide(value))) return [];
        if (!hasAllResources(linted) || isGuarded(linted)) return [];
        const found = iamEscalations.filter(
          (action) =>
            speaksOf(linted, action) &&
            !isLimited(policy, action, ['iam:policyarn', 'iam:permissionsboundary']),
        );
        if (found.length === 0) return [];
        return [
          spot(
            linted,
            linted.actionElement,
            placeOf(linted, ...found),
            `allows ${enumerate(found)} on every resource`,
            'name the resources, or add a condition such as `iam:PermissionsBoundary` or `iam:PolicyARN`',
          ),
        ];
      });
    },
  },
];

/** The statements that allow the action without a condition on one of the keys. */
function unbounded(
  policy: LintedPolicy,
  action: string,
  keys: readonly string[],
): readonly LintedStatement[] {
  if (!isIdentity(policy) || isLimited(policy, action, keys)) return [];
  return policy.statements.filter(
    (linted) =>
      linted.statement.effect === 'Allow' &&
      !linted.statement.action.negated &&
      // Everything, and everything of a service, have rules of their own.
      !linted.statement.action.entries.some(({ value }) => isAll(value) || isServiceWide(value)) &&
      speaksOf(linted, action) &&
      !isGuarded(linted, keys),
  );
}

function isServiceWide(action: string): boolean {
  return /^[a-z0-9-]+:\*+$/i.test(action);
}
