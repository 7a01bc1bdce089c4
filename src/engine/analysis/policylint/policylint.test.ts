import { describe, expect, test } from 'vitest';
import { seedOfRun } from '../../../../test/seed.ts';
import { lintPolicy, malformed } from './policylint.ts';
import { type Example, exampleText } from './rule.ts';
import { rules } from './rules.ts';

const found = (example: Example): readonly string[] =>
  lintPolicy(exampleText(example), example.kind ?? 'identity').map(({ id }) => id);

describe.each([malformed, ...rules].map((rule) => [rule.id, rule.name, rule] as const))(
  '%s %s',
  (id, _, rule) => {
    test('is triggered by its example', () => {
      expect(found(rule.triggers)).toContain(id);
    });

    test('is silent about the better form', () => {
      expect(found(rule.passes)).not.toContain(id);
    });
  },
);

test('ids are unique, in order and of one form', () => {
  const ids = [malformed, ...rules].map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)].sort());
  for (const id of ids) expect(id).toMatch(/^EW-POL-[0-9]{3}$/);
});

test('the better forms raise no alarm of any other rule', () => {
  const others = rules.flatMap((rule) =>
    lintPolicy(exampleText(rule.passes), rule.passes.kind ?? 'identity')
      .filter(({ severity }) => severity === 'error' || severity === 'security')
      .map((finding) => `${rule.id}: ${finding.id} ${finding.message}`),
  );
  expect(others).toEqual([]);
});

const deny = (Condition: object): object => ({ Effect: 'Deny', Action: 'eks:*', Resource: '*', Condition });

test.each<readonly [string, Example, string]>([
  [
    'an unknown key under a negated operator guards nothing',
    {
      statements: [
        {
          Effect: 'Allow',
          Action: 'eks:ListClusters',
          Resource: '*',
          Condition: { StringNotEquals: { 'eks:name': 'a' } },
        },
      ],
    },
    'so the condition guards nothing',
  ],
  [
    'an unknown key under a positive operator of a Deny denies nothing',
    { statements: [deny({ StringEquals: { 'eks:name': 'a' } })] },
    'so it denies nothing',
  ],
  [
    'a typing error in an action is corrected',
    { statements: [{ Effect: 'Allow', Action: 'eks:DescribeAcessEntry', Resource: '*' }] },
    'did you mean `eks:DescribeAccessEntry`?',
  ],
  [
    'an entry is created on the cluster',
    {
      statements: [
        {
          Effect: 'Allow',
          Action: 'eks:CreateAccessEntry',
          Resource: 'arn:aws:eks:us-east-1:111122223333:access-entry/prod/*',
        },
      ],
    },
    'needs `arn:aws:eks:<Region>:<Account>:cluster/<ClusterName>`',
  ],
])('%s', (_, example, text) => {
  const said = lintPolicy(exampleText(example), 'identity').map(({ message, hint }) => `${message}; ${hint}`);
  expect(said.join('\n')).toContain(text);
});

test.each<readonly [string, Example, string]>([
  [
    'a Deny elsewhere bounds the policies that may be associated',
    {
      statements: [
        { Effect: 'Allow', Action: 'eks:AssociateAccessPolicy', Resource: '*' },
        {
          Effect: 'Deny',
          Action: 'eks:AssociateAccessPolicy',
          Resource: '*',
          Condition: {
            ArnNotEquals: { 'eks:policyArn': 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy' },
          },
        },
      ],
    },
    'EW-POL-521',
  ],
  [
    'a variable stands for any name',
    {
      statements: [
        { Effect: 'Allow', Action: 'iam:GetUser', Resource: `arn:aws:iam::*:user/\${aws:username}` },
      ],
    },
    'EW-POL-201',
  ],
  [
    'keys of other services are not judged',
    {
      statements: [
        {
          Effect: 'Allow',
          Action: 'ec2:RunInstances',
          Resource: '*',
          Condition: { StringEquals: { 'ec2:Region': 'x' } },
        },
      ],
    },
    'EW-POL-301',
  ],
  [
    'the user guide allows to create one cluster by its ARN',
    {
      statements: [
        {
          Effect: 'Allow',
          Action: 'eks:CreateCluster',
          Resource: 'arn:aws:eks:us-east-1:111122223333:cluster/my-cluster',
        },
      ],
    },
    'EW-POL-201',
  ],
  [
    'a boundary may say everything on everything',
    {
      kind: 'boundary',
      statements: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
    },
    'EW-POL-501',
  ],
])('no false alarm: %s', (_, example, id) => {
  expect(found(example)).not.toContain(id);
});

test('a finding says where: line and column of the element, statement and its id', () => {
  const text = `{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": "eks:ListClusters", "Resource": "*"},
    {"Sid": "second", "Effect": "Allow",
     "Action": ["eks:ListAddons", "eks:NoSuch"], "Resource": "*"}
  ]
}`;
  expect(lintPolicy(text, 'identity').filter(({ id }) => id === 'EW-POL-101')).toMatchObject([
    { statement: 1, sid: 'second', element: 'Action', position: { line: 6, column: 35 } },
  ]);
});

test('a document that cannot be read is one finding, at the place', () => {
  expect(lintPolicy('{"Statement": [}', 'identity')).toMatchObject([
    { id: 'EW-POL-001', severity: 'error', position: { line: 1, column: 16 } },
  ]);
});

test('a document of the greatest size is judged in bounded time', { timeout: 20_000 }, () => {
  const statement = JSON.stringify({
    Effect: 'Allow',
    Action: `iam:${'*a?'.repeat(20)}`,
    Resource: `arn:aws:iam::*:role/${'*?b'.repeat(20)}`,
  });
  const count = Math.floor(131_000 / (statement.length + 1));
  const text = `{"Version":"2012-10-17","Statement":[${new Array(count).fill(statement).join(',')}]}`;
  expect(lintPolicy(text, 'identity').length).toBeLessThanOrEqual(1000);
});

test('whatever a document holds, it is judged without an error', () => {
  const seed = seedOfRun();
  let state = seed;
  const below = (bound: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
  const corpus = rules.flatMap(({ triggers, passes }) => [exampleText(triggers), exampleText(passes)]);
  const scraps = [
    '"',
    '*',
    '?',
    '${',
    '}',
    ':',
    ',',
    '[]',
    '{}',
    'null',
    'arn:',
    '\u0000',
    '\ud800',
    '2008-10-17',
    'Not',
  ];
  for (let round = 0; round < 3000; round++) {
    let text = corpus[below(corpus.length)] ?? '';
    for (let change = 0; change <= below(3); change++) {
      const at = below(text.length);
      text = text.slice(0, at) + (scraps[below(scraps.length)] ?? '') + text.slice(at + below(6));
    }
    const kind = (['identity', 'trust', 'resource', 'boundary', 'session'] as const)[below(5)] ?? 'identity';
    expect(() => lintPolicy(text, kind), `seed ${seed}, ${kind}: ${text}`).not.toThrow();
  }
});
