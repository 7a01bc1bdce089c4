import type { Rule } from '../rule.ts';

const statements = [{ Effect: 'Allow', Action: 'eks:ListClusters', Resource: '*' }];

export const documentRules: readonly Rule[] = [
  {
    id: 'EW-POL-002',
    name: 'old policy language',
    severity: 'suggestion',
    why: 'A document without a version is read as 2008-10-17, which has no policy variables (iam-facts A4); new policies use 2012-10-17.',
    triggers: {
      kind: 'trust',
      document: {
        Statement: [{ Effect: 'Allow', Principal: { AWS: '111122223333' }, Action: 'sts:AssumeRole' }],
      },
    },
    passes: { statements },
    check: ({ document, statements: [first] }) =>
      document.version === '2012-10-17' || first === undefined
        ? []
        : [
            {
              element: 'Version',
              position: { line: 1, column: 1 },
              message: 'the policy is read as version 2008-10-17',
              hint: 'add `"Version": "2012-10-17"`',
            },
          ],
  },
];
