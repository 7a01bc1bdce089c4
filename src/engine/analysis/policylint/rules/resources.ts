import { actionsMatching, isKnownService, type KnownAction } from '../../catalogue/catalogue.ts';
import { arnsIntersect, isAll, withoutVariables } from '../patterns.ts';
import { enumerate, type LintedPolicy, type LintedStatement, prefixOf, spot } from '../policy.ts';
import type { Rule } from '../rule.ts';

/** Statements whose resources can be judged: plain lists, and nothing but actions that are known. */
function judged({ statements }: LintedPolicy): readonly LintedStatement[] {
  return statements.filter(
    ({ statement, known, actions }) =>
      known && actions.length > 0 && statement.resource !== undefined && !statement.resource.negated,
  );
}

/** Can a request for the action be about something the entry matches? */
function canMeet(entry: string, action: KnownAction): boolean {
  if (isAll(entry)) return true;
  return action.resourceTypes.some(({ arn }) => arnsIntersect(entry, arn));
}

const entriesOf = ({ statement }: LintedStatement): readonly string[] =>
  (statement.resource?.entries ?? []).map(({ value }) => withoutVariables(value));

const example = (Action: string | readonly string[], Resource: string): object => ({
  Effect: 'Allow',
  Action,
  Resource,
});
const cluster = 'arn:aws:eks:us-east-1:111122223333:cluster/prod';

export const resourceRules: readonly Rule[] = [
  {
    id: 'EW-POL-201',
    name: 'resource that none of the actions is about',
    severity: 'error',
    why: 'Each action is judged on resources of certain types. An entry of another type never matches.',
    triggers: {
      statements: [example('eks:DescribeCluster', 'arn:aws:eks:us-east-1:111122223333:nodegroup/prod/*')],
    },
    passes: { statements: [example('eks:DescribeCluster', cluster)] },
    check: (policy) =>
      judged(policy).flatMap((linted) =>
        (linted.statement.resource?.entries ?? [])
          .filter(({ value }) => {
            const entry = withoutVariables(value);
            return !linted.actions.some((action) => canMeet(entry, action));
          })
          .map(({ value, position }) =>
            spot(
              linted,
              'Resource',
              position,
              `no action of the statement is about \`${value}\``,
              expected(linted.actions),
            ),
          ),
      ),
  },
  {
    id: 'EW-POL-202',
    name: 'action without a resource it could be about',
    severity: 'error',
    why: 'No resource of the statement is of a type the action is judged on, so the statement says nothing about it. Actions without resource types are judged on `*` alone (iam-facts B5).',
    triggers: { statements: [example(['eks:DescribeCluster', 'eks:ListClusters'], cluster)] },
    passes: { statements: [example('eks:DescribeCluster', cluster), example('eks:ListClusters', '*')] },
    check: (policy) =>
      judged(policy).flatMap((linted) => {
        const entries = entriesOf(linted);
        const reached = new Set(
          linted.actions.filter((action) => entries.some((entry) => canMeet(entry, action))),
        );
        // Nothing reached at all is the matter of the rule above.
        if (reached.size === 0) return [];
        return linted.statement.action.entries
          .filter(({ value }) => isKnownService(prefixOf(value)))
          .map((entry) => ({ entry, actions: actionsMatching(entry.value) }))
          .filter(({ actions }) => actions.length > 0 && !actions.some((action) => reached.has(action)))
          .map(({ entry, actions }) =>
            spot(
              linted,
              'Action',
              entry.position,
              `no resource of the statement is one that \`${entry.value}\` is about`,
              expected(actions),
            ),
          );
      }),
  },
];

/** What to write instead. */
function expected(actions: readonly KnownAction[]): string {
  const [first] = actions;
  if (first === undefined) return '';
  const types = [...new Set(actions.flatMap(({ resourceTypes }) => resourceTypes))];
  const names = enumerate(actions.map(({ name }) => name));
  const verb = actions.length === 1 ? 'needs' : 'need';
  if (types.length === 0) return `${names} ${verb} \`"Resource": "*"\` in a statement of its own`;
  return `${names} ${verb} ${enumerate(
    types.map(({ form }) => form.replace('<Partition>', 'aws')),
    2,
  )}`;
}
