import { bitOfVerb, type CompiledRequest, compileRules, findRule } from '../authorizer/compiledrules.ts';
import { quote, quoteList } from './quote.ts';
import { joinErrors } from './reasons.ts';
import type { PolicyRule } from './rules.ts';

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

/**
 * A piece as a request is read: its stars stand for themselves there, and only a star of a rule covers them. A piece
 * without names asks for every name, which a rule with names never allows.
 */
function asRequest({
  verbs,
  apiGroups,
  resources,
  resourceNames,
  nonResourceURLs,
}: PolicyRule): CompiledRequest {
  const [verb = ''] = verbs;
  const verbBit = bitOfVerb(verb);
  const [path] = nonResourceURLs;
  if (path !== undefined) return { kind: 'nonResource', verb, verbBit, path };
  const [target = ''] = resources;
  const slash = target.indexOf('/');
  return {
    kind: 'resource',
    verb,
    verbBit,
    group: apiGroups[0] ?? '',
    target,
    anyOfSubresource: slash < 0 ? undefined : `*/${target.slice(slash + 1)}`,
    name: resourceNames[0] ?? '',
  };
}

/**
 * What `wanted` asks beyond `owned`, broken down to single verbs and resources; empty means no escalation. Each
 * piece must be covered by one owned rule alone (kubernetes-facts B20).
 *
 * SECURITY: the owned rules are compiled, because comparing lists with lists let whoever may write roles stop the
 * process for minutes with two roles of many names.
 */
export function uncoveredRules(
  owned: readonly PolicyRule[],
  wanted: readonly PolicyRule[],
): readonly PolicyRule[] {
  const compiled = compileRules(
    owned,
    // A rule about both is not valid, and covers no path.
    ({ nonResourceURLs, resourceNames }) => nonResourceURLs.length > 0 && resourceNames.length > 0,
  );
  return wanted
    .flatMap((rule) => [...breakDown(rule)])
    .filter((piece) => findRule(compiled, asRequest(piece)) === undefined);
}

/** Joins pieces that differ in the verb alone, as upstream's CompactRules: a verb asked for twice stands there twice. */
function compact(pieces: readonly PolicyRule[]): readonly PolicyRule[] {
  const rules = new Map<string, { readonly rule: PolicyRule; readonly verbs: string[] }>();
  for (const rule of pieces) {
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames, rule.nonResourceURLs]);
    const verbs = rule.nonResourceURLs.length > 0 ? JSON.stringify(rule.verbs) : '';
    const known = rules.get(key + verbs);
    if (known === undefined) rules.set(key + verbs, { rule, verbs: [...rule.verbs] });
    else if (verbs === '') known.verbs.push(...rule.verbs);
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
  const errors = resolutionErrors.length > 0 ? `; resolution errors: [${joinErrors(resolutionErrors)}]` : '';
  return (
    `user ${quote(user.username)} (groups=${quoteList(user.groups)}) is attempting to grant RBAC permissions ` +
    `not currently held:\n${lines.join('\n')}${errors}`
  );
}
