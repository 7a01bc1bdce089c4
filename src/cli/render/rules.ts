import type { PolicyRule } from '../../engine/rbac/rules.ts';
import { printable } from './printable.ts';

/** A rule in one line, as kubectl writes resources: `get, list pods, deployments.apps`, `get secrets named db`, `get /metrics`. */
export function ruleText({
  verbs,
  apiGroups,
  resources,
  resourceNames,
  nonResourceURLs,
}: PolicyRule): string {
  const targets = [
    ...apiGroups.flatMap((group) => resources.map((resource) => resourceText(resource, group))),
    ...nonResourceURLs,
  ];
  const names = resourceNames.length === 0 ? '' : ` named ${listed(resourceNames)}`;
  return printable(`${listed(verbs)} ${listed(targets)}${names}`);
}

/** `pods`, `deployments.apps`, `pods/log`; `*.*` for all there is. */
function resourceText(resource: string, group: string): string {
  if (group === '') return resource;
  const [plural = '', subresource] = resource.split('/');
  return `${plural}.${group}${subresource === undefined ? '' : `/${subresource}`}`;
}

/** As many as a line bears. */
function listed(words: readonly string[]): string {
  const most = 12;
  return `${words.slice(0, most).join(', ')}${words.length > most ? ` and ${words.length - most} more` : ''}`;
}
