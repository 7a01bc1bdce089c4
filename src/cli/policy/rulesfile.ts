import { parseDocument } from 'yaml';
import type { PolicyRule } from '../../engine/rbac/rules.ts';
import { CommandError } from '../failure.ts';

const members = ['apiGroups', 'resources', 'verbs', 'resourceNames', 'nonResourceURLs'] as const;
const kinds: readonly unknown[] = ['ClusterRole', 'Role'];

/**
 * The rules in a file: a list of them, or the manifest of a role. What else a manifest has does not count.
 *
 * SECURITY: nothing that is misspelled or left blank is skipped: `resourceNames` that are not read are all names.
 */
export function parseRules(text: string, file: string): readonly PolicyRule[] {
  const refuse = (message: string, hint?: string): never => {
    throw new CommandError('misuse', `\`${file}\`: ${message}`, hint);
  };
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) return refuse(error.message.split('\n')[0] ?? 'not YAML');
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch {
    return refuse('its aliases stand for too much');
  }
  const rules = Array.isArray(value) ? value : rulesOf(value, refuse);
  return rules.map((rule: unknown, index) => {
    if (!isObject(rule)) return refuse(`rule ${index + 1} is no rule`);
    const unknown = Object.keys(rule).find((name) => !(members as readonly string[]).includes(name));
    if (unknown !== undefined) {
      return refuse(
        `rule ${index + 1} has \`${unknown}\`, which no rule has`,
        `a rule has ${members.join(', ')}`,
      );
    }
    const [apiGroups = [], resources = [], verbs = [], resourceNames = [], nonResourceURLs = []] =
      members.map((name): readonly string[] => {
        const list = Object.hasOwn(rule, name) ? rule[name] : [];
        const isTexts = Array.isArray(list) && list.every((item) => typeof item === 'string');
        return isTexts ? list : refuse(`rule ${index + 1}: ${name} is no list of texts`);
      });
    return { apiGroups, resources, verbs, resourceNames, nonResourceURLs };
  });
}

function rulesOf(value: unknown, refuse: (message: string, hint?: string) => never): readonly unknown[] {
  if (!isObject(value) || !kinds.includes(value.kind)) {
    return refuse('neither a list of rules nor a ClusterRole', 'write the rules as a ClusterRole has them');
  }
  if (Object.hasOwn(value, 'aggregationRule')) {
    return refuse(
      'the rules of an aggregated ClusterRole are collected in a cluster',
      'take those that `kubectl get clusterrole NAME -o yaml` shows, without aggregationRule',
    );
  }
  return Array.isArray(value.rules) ? value.rules : refuse('the role has no rules');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
