import type { PolicyRule } from './rules.ts';

const words = (text: string): readonly string[] => (text === '' ? [] : text.split(' '));
const groupNames = (text: string): readonly string[] =>
  words(text).map((group) => (group === 'core' ? '' : group));

/**
 * Writes a resource rule as three short lists of words: `allow('get list', 'core apps', 'pods deployments')`.
 * `core` stands for the core group, whose real name is the empty string; names, when given, limit the rule to
 * these objects.
 */
export function allow(verbs: string, groups: string, resources: string, names = ''): PolicyRule {
  return {
    verbs: words(verbs),
    apiGroups: groupNames(groups),
    resources: words(resources),
    resourceNames: words(names),
    nonResourceURLs: [],
  };
}

/** A rule on URL paths that are no resources. */
export function allowUrls(verbs: string, urls: string): PolicyRule {
  return {
    verbs: words(verbs),
    apiGroups: [],
    resources: [],
    resourceNames: [],
    nonResourceURLs: words(urls),
  };
}
