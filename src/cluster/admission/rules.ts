import type { ResourceDefinition, ResourceTable } from '../../wire/kube/resources.ts';
import { isEventsGroup } from '../resources/events.ts';
import type { Webhook, WebhookRule } from './webhook.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

/** What a request does to what, in the words of a rule. */
export interface Asked {
  readonly resource: ResourceDefinition;
  /** '' for none. */
  readonly subresource: string;
  readonly operation: Operation;
}

/**
 * The resource under whose version a webhook is asked: the one of the request where a rule names it, else, when the
 * webhook takes equivalents, the first other version that a rule names. Undefined when no rule matches.
 */
export function matchedResource(
  webhook: Webhook,
  asked: Asked,
  served: ResourceTable,
): ResourceDefinition | undefined {
  const { resource } = asked;
  if (webhook.rules.some((rule) => ruleMatches(rule, asked))) return resource;
  if (!webhook.takesEquivalent) return undefined;
  const others = served.definitions.filter((one) => one !== resource && isStoredWith(one, resource));
  for (const rule of webhook.rules) {
    const found = others.find((one) => ruleMatches(rule, { ...asked, resource: one }));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether two resources are one collection, served in two versions or, as events are, in two groups. */
function isStoredWith(one: ResourceDefinition, other: ResourceDefinition): boolean {
  const group = (of: ResourceDefinition): string => (isEventsGroup(of) ? '' : of.group);
  return one.resource === other.resource && group(one) === group(other);
}

function ruleMatches(rule: WebhookRule, { resource, subresource, operation }: Asked): boolean {
  const scope = resource.namespaced ? 'Namespaced' : 'Cluster';
  return (
    (rule.scope === '*' || rule.scope === scope) &&
    names(rule.operations, operation) &&
    names(rule.apiGroups, resource.group) &&
    names(rule.apiVersions, resource.version) &&
    rule.resources.some((pattern) => {
      const slash = pattern.indexOf('/');
      const [ofResource, ofSubresource] =
        slash < 0 ? [pattern, ''] : [pattern.slice(0, slash), pattern.slice(slash + 1)];
      return (
        (ofResource === '*' || ofResource === resource.resource) &&
        (ofSubresource === '*' || ofSubresource === subresource)
      );
    })
  );
}

function names(items: readonly string[], wanted: string): boolean {
  return items.includes('*') || items.includes(wanted);
}

const exemptKinds = [
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
];

/** What no webhook is ever asked about, so that one that refuses everything can be taken away again. */
export function isExempt({ group, kind }: ResourceDefinition): boolean {
  return group === 'admissionregistration.k8s.io' && exemptKinds.includes(kind);
}
