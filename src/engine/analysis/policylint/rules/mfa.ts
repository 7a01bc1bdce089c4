import { isKey } from '../absentkeys.ts';
import { onConditions, spot } from '../policy.ts';
import type { Rule } from '../rule.ts';

const example = (Condition: object, Effect = 'Allow'): object => ({
  Effect,
  Action: 'eks:*',
  Resource: '*',
  Condition,
});

/** The classic holes of conditions on MFA (iam-facts F3.1). */
export const mfaRules: readonly Rule[] = [
  {
    id: 'EW-POL-307',
    name: 'Deny for want of MFA that spares long-term keys',
    severity: 'security',
    why: '`aws:MultiFactorAuthPresent` is absent, not false, for long-term access keys (iam-facts F3.1), so a Deny with `Bool` does not apply to them. `BoolIfExists` does.',
    triggers: {
      statements: [example({ Bool: { 'aws:MultiFactorAuthPresent': 'false' } }, 'Deny')],
    },
    passes: {
      statements: [example({ BoolIfExists: { 'aws:MultiFactorAuthPresent': 'false' } }, 'Deny')],
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
      statements: [example({ BoolIfExists: { 'aws:MultiFactorAuthPresent': 'true' } })],
    },
    passes: { statements: [example({ Bool: { 'aws:MultiFactorAuthPresent': 'true' } })] },
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
];

const isMfaPresent = (key: string): boolean => isKey(key, 'aws:MultiFactorAuthPresent');
const hasText = (values: readonly string[], text: string): boolean =>
  values.some((value) => value.toLowerCase() === text);
