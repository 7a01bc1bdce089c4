import { lowerAscii } from '../../../arn/case.ts';
import type { Statement } from '../../../iam/document.ts';
import { arnCovers, covers, isAll } from '../patterns.ts';
import { type LintedPolicy, type LintedStatement, spot } from '../policy.ts';
import type { Rule, Spotted } from '../rule.ts';

const allow = (Action: string | readonly string[], more: object = {}): object => ({
  Effect: 'Allow',
  Action,
  Resource: '*',
  ...more,
});

/** Comparing every statement with every other is bounded: no policy that IAM stores has as many (iam-facts A12). */
const mostCompared = 300;

/** Remarks on the later of two statements, for the first earlier or later one that explains it. */
function onPairs(
  { statements }: LintedPolicy,
  check: (statement: Statement, other: Statement) => string | undefined,
): readonly Spotted[] {
  const compared = statements.slice(0, mostCompared);
  return compared.flatMap((linted) => {
    for (const { statement: other } of compared) {
      if (other === linted.statement) continue;
      const message = check(linted.statement, other);
      if (message !== undefined) return [spot(linted, 'Statement', linted.statement.start, message)];
    }
    return [];
  });
}

export const structureRules: readonly Rule[] = [
  {
    id: 'EW-POL-701',
    name: 'duplicate statement',
    severity: 'warning',
    why: 'The statement says the same as an earlier one; whoever changes one of them will miss the other.',
    triggers: { statements: [allow('eks:ListClusters'), allow(['eks:ListClusters'])] },
    passes: { statements: [allow('eks:ListClusters'), allow('eks:ListAddons')] },
    check: (policy) =>
      onPairs(policy, (statement, other) =>
        other.index < statement.index && meaning(other) === meaning(statement)
          ? `the same as statement ${nameOf(other)}`
          : undefined,
      ),
  },
  {
    id: 'EW-POL-702',
    name: 'redundant statement',
    severity: 'suggestion',
    why: 'Another statement of the same effect already covers everything this one does.',
    triggers: { statements: [allow('eks:DescribeCluster'), allow('eks:*')] },
    passes: { statements: [allow('eks:DescribeCluster'), allow('iam:Get*')] },
    check: (policy) =>
      onPairs(policy, (statement, other) =>
        other.effect === statement.effect &&
        meaning(other) !== meaning(statement) &&
        statementCovers(other, statement)
          ? `statement ${nameOf(other)} covers it`
          : undefined,
      ),
  },
  {
    id: 'EW-POL-703',
    name: 'statement without effect',
    severity: 'warning',
    why: 'A Deny without conditions covers everything the statement allows, so it allows nothing.',
    triggers: {
      statements: [allow('eks:CreateAccessEntry'), { Effect: 'Deny', Action: 'eks:Create*', Resource: '*' }],
    },
    passes: {
      statements: [allow('eks:CreateAccessEntry'), { Effect: 'Deny', Action: 'eks:Delete*', Resource: '*' }],
    },
    check: (policy) =>
      onPairs(policy, (statement, other) =>
        statement.effect === 'Allow' &&
        other.effect === 'Deny' &&
        other.conditions.length === 0 &&
        statementCovers(other, statement)
          ? `statement ${nameOf(other)} denies everything this one allows`
          : undefined,
      ),
  },
  {
    id: 'EW-POL-704',
    name: 'redundant entry',
    severity: 'suggestion',
    why: 'Another entry of the same list covers it.',
    triggers: { statements: [allow(['eks:Describe*', 'eks:DescribeCluster'])] },
    passes: { statements: [allow(['eks:Describe*', 'eks:ListClusters'])] },
    check: ({ statements }) => statements.flatMap(redundantEntries),
  },
  {
    id: 'EW-POL-705',
    name: 'boundary or session policy that allows nothing',
    severity: 'error',
    why: 'Boundaries and session policies are what is left at most (iam-facts E6, E7): without an Allow nothing is.',
    triggers: { kind: 'boundary', statements: [{ Effect: 'Deny', Action: 'iam:*', Resource: '*' }] },
    passes: { kind: 'boundary', statements: [allow('eks:*')] },
    check: ({ document: { kind }, statements }) => {
      const [first] = statements;
      if (first === undefined || (kind !== 'boundary' && kind !== 'session')) return [];
      if (statements.some(({ statement }) => statement.effect === 'Allow')) return [];
      return [
        spot(
          first,
          'Effect',
          first.statement.start,
          `a ${kind} policy without an Allow leaves no permission`,
        ),
      ];
    },
  },
];

function redundantEntries(linted: LintedStatement): readonly Spotted[] {
  const { statement, actionElement, resourceElement } = linted;
  const lists = [
    { element: actionElement, list: statement.action.entries, within: actionCovers },
    { element: resourceElement, list: statement.resource?.entries ?? [], within: arnCovers },
  ];
  return lists.flatMap(({ element, list, within }) => {
    const compared = list.slice(0, mostCompared);
    return compared.flatMap(({ value, position }, index) => {
      const wider = compared.find(
        (other, at) =>
          at !== index && within(other.value, value) && (at < index || !within(value, other.value)),
      );
      return wider === undefined
        ? []
        : [spot(linted, element, position, `\`${wider.value}\` covers \`${value}\``)];
    });
  });
}

/** Says the first the same as the second and more? No is the answer where that is hard to tell. */
function statementCovers(wide: Statement, narrow: Statement): boolean {
  if (wide.action.negated || narrow.action.negated) return false;
  if (wide.resource?.negated || narrow.resource?.negated) return false;
  if (principals(wide) !== principals(narrow)) return false;
  if (wide.conditions.length > 0 && conditions(wide) !== conditions(narrow)) return false;
  const entriesCover = (
    list: readonly { readonly value: string }[] = [],
    parts: readonly { readonly value: string }[] = [],
    within: (wide: string, narrow: string) => boolean,
  ): boolean => parts.every(({ value }) => list.some((entry) => within(entry.value, value)));
  return (
    entriesCover(wide.action.entries, narrow.action.entries, actionCovers) &&
    entriesCover(wide.resource?.entries, narrow.resource?.entries, arnCovers)
  );
}

function actionCovers(wide: string, narrow: string): boolean {
  return isAll(wide) || covers(lowerAscii(wide), lowerAscii(narrow));
}

/** What two statements share that mean the same: all but their id and the order of what has none. */
function meaning(statement: Statement): string {
  const list = (entries: readonly { readonly value: string }[] = []): readonly string[] =>
    [...new Set(entries.map(({ value }) => value))].sort();
  return JSON.stringify([
    statement.effect,
    statement.action.negated,
    [...new Set(statement.action.entries.map(({ value }) => lowerAscii(value)))].sort(),
    statement.resource?.negated ?? false,
    list(statement.resource?.entries),
    principals(statement),
    conditions(statement),
  ]);
}

function principals({ principal }: Statement): string {
  const entries = (principal?.entries ?? []).map(({ type, value }) => `${type} ${value}`).sort();
  return JSON.stringify([principal?.negated ?? false, entries]);
}

function conditions(statement: Statement): string {
  return JSON.stringify(
    statement.conditions
      .map(({ operator, key, values }) => JSON.stringify([operator, key.toLowerCase(), [...values].sort()]))
      .sort(),
  );
}

function nameOf({ sid, index }: Statement): string {
  return sid?.value ? `\`${sid.value}\`` : `${index + 1}`;
}
