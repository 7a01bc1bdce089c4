import type { Located } from '../../../iam/document.ts';
import { parseOperator } from '../../../iam/operators.ts';
import { variableKeys } from '../../../iam/template.ts';
import { conditionKey } from '../../catalogue/catalogue.ts';
import { type LintedPolicy, type LintedStatement, spot } from '../policy.ts';
import type { Rule } from '../rule.ts';

interface Text extends Located<string> {
  readonly element: string;
  readonly statement: LintedStatement;
}

/** Where variables may stand: resources, and values of text and ARN operators (iam-facts C1). */
function texts({ statements }: LintedPolicy): readonly Text[] {
  return statements.flatMap((statement) => [
    ...(statement.statement.resource?.entries ?? []).map((entry) => ({
      ...entry,
      element: statement.resourceElement,
      statement,
    })),
    ...statement.statement.conditions
      .filter(({ operator }) => ['string', 'arn'].includes(parseOperator(operator)?.family ?? ''))
      .flatMap(({ values, position }) =>
        values.map((value) => ({ value, position, element: 'Condition', statement })),
      ),
  ]);
}

const example = (Version: string, Resource: string): object => ({
  Version,
  Statement: [{ Effect: 'Allow', Action: 'iam:GetUser', Resource }],
});
const own = (variable: string): string => `arn:aws:iam::111122223333:user/\${${variable}}`;

export const variableRules: readonly Rule[] = [
  {
    id: 'EW-POL-401',
    name: 'variable in a policy of the old version',
    severity: 'error',
    why: 'Policy variables exist in version 2012-10-17 only. In older policies a `$` and a brace are literal text (iam-facts A4).',
    triggers: {
      kind: 'resource',
      document: {
        ...example('2008-10-17', own('aws:username')),
        Statement: [
          {
            Effect: 'Allow',
            Principal: { AWS: '111122223333' },
            Action: 'iam:GetUser',
            Resource: own('aws:username'),
          },
        ],
      },
    },
    passes: { document: example('2012-10-17', own('aws:username')) },
    check: (policy) =>
      policy.document.version === '2012-10-17'
        ? []
        : texts(policy)
            .filter(({ value }) => variableKeys(value, '2012-10-17').length > 0)
            .map(({ value, position, element, statement }) =>
              spot(
                statement,
                element,
                position,
                `\`${value}\` is literal text here`,
                'add `"Version": "2012-10-17"`',
              ),
            ),
  },
  {
    id: 'EW-POL-402',
    name: 'variable of an unknown key',
    severity: 'error',
    why: 'A variable that cannot be resolved matches nothing (iam-facts C5).',
    triggers: { document: example('2012-10-17', own('aws:user')) },
    passes: { document: example('2012-10-17', own('aws:username')) },
    check: (policy) =>
      onVariables(policy, (key) => {
        const prefix = key.split(':')[0]?.toLowerCase() ?? '';
        const known = ['aws', 'eks', 'iam', 'sts'].includes(prefix);
        return known && conditionKey(key) === undefined ? `there is no condition key \`${key}\`` : undefined;
      }),
  },
  {
    id: 'EW-POL-403',
    name: 'variable of a key with several values',
    severity: 'error',
    why: 'Only keys of one value can be put into text (iam-facts C1).',
    triggers: { document: example('2012-10-17', own('aws:TagKeys')) },
    passes: { document: example('2012-10-17', own('aws:PrincipalTag/name')) },
    check: (policy) =>
      onVariables(policy, (key) =>
        conditionKey(key)?.multiValued === true ? `\`${key}\` has several values` : undefined,
      ),
  },
];

function onVariables(policy: LintedPolicy, judge: (key: string) => string | undefined) {
  return texts(policy).flatMap(({ value, position, element, statement }) =>
    variableKeys(value, policy.document.version)
      .map(judge)
      .filter((message) => message !== undefined)
      .map((message) => spot(statement, element, position, message)),
  );
}
