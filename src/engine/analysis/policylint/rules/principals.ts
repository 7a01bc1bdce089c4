import { isAccountId } from '../../../arn/arn.ts';
import { parsePrincipalArn } from '../../../arn/principalarn.ts';
import { uniqueIdKind } from '../../../arn/uniqueid.ts';
import { isProviderKey } from '../../catalogue/catalogue.ts';
import { onAllows, spot } from '../policy.ts';
import { isGuarded } from '../reach.ts';
import type { Example, Rule } from '../rule.ts';

const trust = (Principal: object | string, more: object = {}): Example => ({
  kind: 'trust',
  statements: [{ Effect: 'Allow', Principal, Action: 'sts:AssumeRole', ...more }],
});
const oidc = 'token.actions.githubusercontent.com';
const web = (Condition: object): Example =>
  trust(
    { Federated: `arn:aws:iam::111122223333:oidc-provider/${oidc}` },
    { Action: 'sts:AssumeRoleWithWebIdentity', Condition },
  );

export const principalRules: readonly Rule[] = [
  {
    id: 'EW-POL-601',
    name: 'everybody is trusted',
    severity: 'security',
    why: '`*` is every principal of every account. A condition has to say who is meant.',
    triggers: trust({ AWS: '*' }),
    passes: trust({ AWS: '*' }, { Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-a1b2c3d4e5' } } }),
    check: (policy) =>
      onAllows(policy, (linted) =>
        isGuarded(linted)
          ? []
          : (linted.statement.principal?.entries ?? [])
              .filter(
                ({ type, value }) => type === 'AWS' && value === '*' && !linted.statement.principal?.negated,
              )
              .map(({ position }) =>
                spot(
                  linted,
                  'Principal',
                  position,
                  'every principal of every account is meant',
                  'name accounts or roles, or add a condition on `aws:PrincipalOrgID` or `aws:PrincipalArn`',
                ),
              ),
      ),
  },
  {
    id: 'EW-POL-602',
    name: 'principal that matches nobody',
    severity: 'error',
    why: 'Principals are accounts, users, roles, sessions or the lone `*`: no other wildcard, no group (iam-facts A9).',
    triggers: trust({ AWS: 'arn:aws:iam::111122223333:role/team-a/*' }),
    passes: trust({ AWS: 'arn:aws:iam::111122223333:role/team-a/ci' }),
    check: ({ statements }) =>
      statements.flatMap((linted) =>
        (linted.statement.principal?.entries ?? [])
          .filter(({ type, value }) => type === 'AWS' && !canMatch(value))
          .map(({ value, position }) =>
            spot(
              linted,
              'Principal',
              position,
              `\`${value}\` is no principal`,
              /[*?]/.test(value)
                ? 'trust the account and add a condition `ArnLike` on `aws:PrincipalArn`'
                : undefined,
            ),
          ),
      ),
  },
  {
    id: 'EW-POL-603',
    name: 'everybody of an identity provider is trusted',
    severity: 'security',
    why: 'Without a condition on the subject, whoever has an account at the provider may assume the role: every repository of GitHub, every service account of a cluster.',
    triggers: web({ StringEquals: { [`${oidc}:aud`]: 'sts.amazonaws.com' } }),
    passes: web({
      StringEquals: { [`${oidc}:aud`]: 'sts.amazonaws.com' },
      StringLike: { [`${oidc}:sub`]: 'repo:example/infra:*' },
    }),
    check: (policy) =>
      onAllows(policy, (linted) => {
        const { principal, conditions } = linted.statement;
        const provider = principal?.entries.find(
          ({ type, value }) => type === 'Federated' && /:oidc-provider\//.test(value),
        );
        if (provider === undefined) return [];
        const narrowed = conditions.some(
          ({ key, operator, values }) =>
            isProviderKey(key) &&
            !/:aud$/i.test(key) &&
            !operator.endsWith('IfExists') &&
            !/Not|^Null$/.test(operator) &&
            !values.some((value) => /^\*+$/.test(value)),
        );
        if (narrowed) return [];
        return [
          spot(
            linted,
            'Principal',
            provider.position,
            'everybody the provider vouches for may assume the role',
            `add a condition on \`${provider.value.replace(/^.*:oidc-provider\//, '')}:sub\``,
          ),
        ];
      }),
  },
  {
    id: 'EW-POL-604',
    name: 'Allow with NotPrincipal',
    severity: 'security',
    why: 'Means every principal of every account but those listed, anonymous ones included.',
    triggers: {
      kind: 'resource',
      statements: [
        {
          Effect: 'Allow',
          NotPrincipal: { AWS: 'arn:aws:iam::111122223333:user/ada' },
          Action: 's3:GetObject',
          Resource: '*',
        },
      ],
    },
    passes: {
      kind: 'resource',
      statements: [
        {
          Effect: 'Allow',
          Principal: { AWS: 'arn:aws:iam::111122223333:user/ada' },
          Action: 's3:GetObject',
          Resource: '*',
        },
      ],
    },
    check: (policy) =>
      onAllows(policy, (linted) => {
        const { principal } = linted.statement;
        return principal?.negated
          ? [spot(linted, 'NotPrincipal', principal.position, 'every principal that is not listed is meant')]
          : [];
      }),
  },
];

function canMatch(value: string): boolean {
  if (value === '*' || isAccountId(value)) return true;
  const kind = uniqueIdKind(value);
  if (kind === 'user' || kind === 'role') return true;
  // A wildcard in a name is a character no name has.
  return parsePrincipalArn(value) !== undefined && !/[*?]/.test(value);
}
