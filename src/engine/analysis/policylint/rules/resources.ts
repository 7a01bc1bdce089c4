import {
  actionsMatching,
  isKnownService,
  type KnownAction,
  type ResourceType,
} from '../../catalogue/catalogue.ts';
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

/** What the entries of one statement may stand for, asked of each type of resource once. */
interface Reach {
  /** Can a request for the action be about something the entry matches? */
  meets(entry: string, action: KnownAction): boolean;
}

function reachOf({ actions }: LintedStatement): Reach {
  const types = new Set(actions.flatMap(({ resourceTypes }) => resourceTypes));
  const met = new Map<string, ReadonlySet<ResourceType>>();
  const typesMet = (entry: string): ReadonlySet<ResourceType> => {
    const known = met.get(entry);
    if (known !== undefined) return known;
    const pattern = withoutVariables(entry);
    const found = new Set([...types].filter(({ arn }) => arnsIntersect(pattern, arn)));
    met.set(entry, found);
    return found;
  };
  return {
    meets: (entry, action) => isAll(entry) || action.resourceTypes.some((type) => typesMet(entry).has(type)),
  };
}

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
      judged(policy).flatMap((linted) => {
        const reach = reachOf(linted);
        return (linted.statement.resource?.entries ?? [])
          .filter(({ value }) => !linted.actions.some((action) => reach.meets(value, action)))
          .map(({ value, position }) =>
            spot(
              linted,
              'Resource',
              position,
              `no action of the statement is about \`${value}\``,
              expected(linted.actions),
            ),
          );
      }),
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
        const reach = reachOf(linted);
        const entries = linted.statement.resource?.entries ?? [];
        const reached = new Set(
          linted.actions.filter((action) => entries.some(({ value }) => reach.meets(value, action))),
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
