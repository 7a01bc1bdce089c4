import type { PolicyRule } from '../../rbac/rules.ts';

/** Everything there is, of every name: what cluster-admin may. */
export function isEverything({ verbs, apiGroups, resources, resourceNames }: PolicyRule): boolean {
  return [verbs, apiGroups, resources].every((list) => list.includes('*')) && resourceNames.length === 0;
}

export interface Power {
  readonly group: string;
  /** `pods/exec`; any of them is enough. */
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** Whether a rule allows any of it, of whatever names. */
export function reaches(rule: PolicyRule, { group, resources, verbs }: Power): boolean {
  const has = (list: readonly string[], value: string): boolean => list.includes('*') || list.includes(value);
  return (
    has(rule.apiGroups, group) &&
    resources.some((resource) => {
      const slash = resource.indexOf('/');
      return (
        has(rule.resources, resource) || (slash >= 0 && rule.resources.includes(`*${resource.slice(slash)}`))
      );
    }) &&
    verbs.some((verb) => has(rule.verbs, verb))
  );
}

/** Whether one rule allows whatever another does. */
export function ruleCovers(wide: PolicyRule, narrow: PolicyRule): boolean {
  const all = (
    list: readonly string[],
    wanted: readonly string[],
    alsoBy?: (value: string) => boolean,
  ): boolean => {
    if (list.includes('*')) return true;
    const own = new Set(list);
    return wanted.every((value) => own.has(value) || alsoBy?.(value) === true);
  };
  if (!all(wide.verbs, narrow.verbs)) return false;
  if (narrow.nonResourceURLs.length > 0) {
    const prefixes = wide.nonResourceURLs.filter((url) => url.endsWith('*')).map((url) => url.slice(0, -1));
    return all(wide.nonResourceURLs, narrow.nonResourceURLs, (url) =>
      prefixes.some((prefix) => url.startsWith(prefix)),
    );
  }
  const subresources = new Set(wide.resources.filter((resource) => resource.startsWith('*/')));
  const namesHold =
    wide.resourceNames.length === 0 ||
    (narrow.resourceNames.length > 0 && all(wide.resourceNames, narrow.resourceNames));
  return (
    namesHold &&
    all(wide.apiGroups, narrow.apiGroups) &&
    all(wide.resources, narrow.resources, (resource) => subresources.has(resource.replace(/^[^/]*/, '*')))
  );
}
