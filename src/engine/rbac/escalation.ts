import { quote, quoteList } from './quote.ts';
import { type PolicyRule, withoutFinalStars } from './rules.ts';

/** A rule about exactly one verb of one resource (perhaps one object of it) or of one URL. */
function* breakDown(rule: PolicyRule): Generator<PolicyRule> {
  const none = { apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] };
  for (const group of rule.apiGroups) {
    for (const resource of rule.resources) {
      for (const verb of rule.verbs) {
        const single = { ...none, verbs: [verb], apiGroups: [group], resources: [resource] };
        if (rule.resourceNames.length === 0) yield single;
        for (const name of rule.resourceNames) yield { ...single, resourceNames: [name] };
      }
    }
  }
  for (const url of rule.nonResourceURLs) {
    for (const verb of rule.verbs) yield { ...none, verbs: [verb], nonResourceURLs: [url] };
  }
}

function coversAll(owned: readonly string[], wanted: readonly string[]): boolean {
  return owned.includes('*') || wanted.every((item) => owned.includes(item));
}

function coversResource(owned: readonly string[], wanted: string): boolean {
  if (owned.includes('*') || owned.includes(wanted)) return true;
  const slash = wanted.indexOf('/');
  return slash >= 0 && owned.includes(`*/${wanted.slice(slash + 1)}`);
}

function coversUrl(owned: string, wanted: string): boolean {
  return owned === wanted || (owned.endsWith('*') && wanted.startsWith(withoutFinalStars(owned)));
}

/** Whether one owned rule covers a broken-down rule (kubernetes-facts B20). */
function ruleCovers(owned: PolicyRule, wanted: PolicyRule): boolean {
  return (
    coversAll(owned.verbs, wanted.verbs) &&
    coversAll(owned.apiGroups, wanted.apiGroups) &&
    wanted.resources.every((resource) => coversResource(owned.resources, resource)) &&
    wanted.nonResourceURLs.every((url) => owned.nonResourceURLs.some((own) => coversUrl(own, url))) &&
    (owned.resourceNames.length === 0 ||
      (wanted.resourceNames.length > 0 &&
        wanted.resourceNames.every((name) => owned.resourceNames.includes(name))))
  );
}

/**
 * What `wanted` asks beyond `owned`, broken down to single verbs and resources; empty means no escalation. Each
 * piece must be covered by one owned rule alone.
 */
export function uncoveredRules(
  owned: readonly PolicyRule[],
  wanted: readonly PolicyRule[],
): readonly PolicyRule[] {
  return wanted
    .flatMap((rule) => [...breakDown(rule)])
    .filter((piece) => !owned.some((rule) => ruleCovers(rule, piece)));
}

/** Joins pieces that differ in the verb alone. */
function compact(pieces: readonly PolicyRule[]): readonly PolicyRule[] {
  const rules = new Map<string, { rule: PolicyRule; verbs: string[] }>();
  for (const rule of pieces) {
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames, rule.nonResourceURLs]);
    const verbs = rule.nonResourceURLs.length > 0 ? JSON.stringify(rule.verbs) : '';
    const known = rules.get(key + verbs);
    if (known === undefined) rules.set(key + verbs, { rule, verbs: [...rule.verbs] });
    else known.verbs.push(...rule.verbs.filter((verb) => !known.verbs.includes(verb)));
  }
  return [...rules.values()].map(({ rule, verbs }) => ({ ...rule, verbs }));
}

function ruleLine(rule: PolicyRule): string {
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ];
  const shown = parts.filter(([, list]) => list.length > 0);
  return `{${shown.map(([name, list]) => `${name}:${quoteList(list)}`).join(', ')}}`;
}

/**
 * The text after `… is forbidden: ` when somebody grants more than they hold (kubernetes-facts B19): one line per
 * missing compact rule, sorted, then the errors met while the owner's rules were resolved.
 */
export function escalationMessage(
  user: { readonly username: string; readonly groups: readonly string[] },
  missing: readonly PolicyRule[],
  resolutionErrors: readonly string[] = [],
): string {
  const lines = [...new Set(compact(missing).map(ruleLine))].sort();
  const errors = resolutionErrors.length > 0 ? `; resolution errors: [${resolutionErrors.join(' ')}]` : '';
  return (
    `user ${quote(user.username)} (groups=${quoteList(user.groups)}) is attempting to grant RBAC permissions ` +
    `not currently held:\n${lines.join('\n')}${errors}`
  );
}
