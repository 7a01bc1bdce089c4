import type { ClusterRole, LabelExpression, LabelSelector } from './objects.ts';
import type { PolicyRule } from './rules.ts';

/** Whether an object's labels are selected. An empty selector selects everything. */
export function selectorMatches(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  return (
    Object.entries(selector.matchLabels).every(([key, value]) => labelOf(labels, key) === value) &&
    selector.matchExpressions.every((expression) => expressionMatches(expression, labels))
  );
}

/** Own labels only: a label named like a property of every object must not be found on all of them. */
function labelOf(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

function expressionMatches(expression: LabelExpression, labels: Readonly<Record<string, string>>): boolean {
  const value = labelOf(labels, expression.key);
  switch (expression.operator) {
    case 'In':
      return value !== undefined && expression.values.includes(value);
    case 'NotIn':
      return value === undefined || !expression.values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return expression.operator satisfies never;
  }
}

/** Text that is equal for deeply equal rules and for no others. */
function ruleText(rule: PolicyRule): string {
  return JSON.stringify([
    rule.verbs,
    rule.apiGroups,
    rule.resources,
    rule.resourceNames,
    rule.nonResourceURLs,
  ]);
}

/**
 * Rules of a ClusterRole with its aggregation carried out (kubernetes-facts B15): selector by selector, the selected
 * roles by name, itself left out, each rule once. Selected roles may aggregate themselves; roles that select each
 * other end with what the others bring, as the controller's repeated runs do from an empty start.
 *
 * `selected` yields the roles a selector selects, in order of their names.
 */
export function aggregateRules(
  role: ClusterRole,
  selected: (selector: LabelSelector) => readonly ClusterRole[],
): readonly PolicyRule[] {
  if (role.aggregationRule === undefined) return role.rules;
  const seen = new Set([role.name]);
  const texts = new Set<string>();
  const rules: PolicyRule[] = [];
  // An explicit stack: a chain of roles, each selecting the next, may be longer than the call stack. Of iterators, not
  // of roles: hundreds of roles that select everything hundreds of times would fill the memory.
  const stack = [expand(role, selected)];
  for (let members = stack.at(-1); members !== undefined; members = stack.at(-1)) {
    const { done, value: next } = members.next();
    if (done === true) {
      stack.pop();
      continue;
    }
    if (seen.has(next.name)) continue;
    seen.add(next.name);
    if (next.aggregationRule !== undefined) {
      stack.push(expand(next, selected));
      continue;
    }
    for (const rule of next.rules) {
      const text = ruleText(rule);
      if (texts.has(text)) continue;
      texts.add(text);
      rules.push(rule);
    }
  }
  return rules;
}

function* expand(
  role: ClusterRole,
  selected: (selector: LabelSelector) => readonly ClusterRole[],
): Generator<ClusterRole, undefined> {
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) yield* selected(selector);
  return undefined;
}
