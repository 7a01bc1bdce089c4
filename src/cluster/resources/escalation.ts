import type { ResourceAttributes } from '../../engine/authorizer/attributes.ts';
import { escalationMessage, uncoveredRules } from '../../engine/rbac/escalation.ts';
import { quote } from '../../engine/rbac/quote.ts';
import { asStorageError } from '../../engine/rbac/reasons.ts';
import type { PolicyRule } from '../../engine/rbac/rules.ts';
import { at, sameJson } from '../../wire/kube/json.ts';
import { isGeneratedName } from '../../wire/kube/names.ts';
import { forbiddenWith, notFound } from '../../wire/kube/status.ts';
import type { ResourceRequest } from '../context.ts';
import type { KubeObject, ObjectMeta } from '../objects/object.ts';
import { parsePolicyRules, parseRoleRef, rbacGroup } from './rbacrules.ts';

/** What only a full administrator holds: needed for an aggregationRule, which may gather anything (B17). */
const fullAuthority: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'], resourceNames: [], nonResourceURLs: [] },
  { verbs: ['*'], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: ['*'] },
];

/**
 * Refuses a Role or ClusterRole that grants what its writer does not hold (kubernetes-facts B16, B17, B19).
 *
 * SECURITY: without this check anybody who may write roles is an administrator. The rules judged are those that will
 * be stored. What the writer holds through access policies does not count (eks-access-facts C14).
 */
export function admitRole(request: ResourceRequest, next: KubeObject, old: KubeObject | undefined): void {
  if (isExempt(request, next, old)) return;
  const { group, resource } = request.resource;
  if (isAllowed(request, { verb: 'escalate', resource, name: request.name })) return;
  const name = shownName(next, old);
  refuseUncovered(request, name, parsePolicyRules(next.rules));
  const isAggregated = gathers(next) || (old !== undefined && gathers(old));
  if (isAggregated && uncovered(request, fullAuthority) !== undefined) {
    throw forbiddenWith(
      { group, resource, name },
      'must have cluster-admin privileges to use the aggregationRule',
    );
  }
}

/** An aggregationRule without selectors gathers nothing, and validation refuses it. */
function gathers(role: KubeObject): boolean {
  const selectors = at(role.aggregationRule, 'clusterRoleSelectors');
  return Array.isArray(selectors) && selectors.length > 0;
}

/**
 * Refuses a binding to a role whose rules its writer does not hold, unless the writer may `bind` that role
 * (kubernetes-facts B18). Warns of a role that is not there: the binding grants nothing.
 */
export function admitBinding(request: ResourceRequest, next: KubeObject, old: KubeObject | undefined): void {
  const roleRef = parseRoleRef(next.roleRef);
  // Validation refuses every other kind; here it would name no role that could be looked up.
  const kind = roleRef.kind === 'Role' && request.namespace !== '' ? 'Role' : 'ClusterRole';
  const resource = kind === 'Role' ? 'roles' : 'clusterroles';
  const rules = request.cluster.roleRules(kind, request.namespace, roleRef.name);
  const mayBind = (): boolean =>
    roleRef.kind === kind && isAllowed(request, { verb: 'bind', resource, name: roleRef.name });
  if (!isExempt(request, next, old) && !mayBind()) {
    if (rules === undefined) throw notFound({ group: rbacGroup, resource }, roleRef.name);
    refuseUncovered(request, shownName(next, old), rules);
  }
  if (rules === undefined && roleRef.kind === kind) {
    request.warn(`${kind} ${quote(roleRef.name)} does not exist: the binding grants nothing until it does`);
  }
}

function isExempt(request: ResourceRequest, next: KubeObject, old: KubeObject | undefined): boolean {
  return (
    request.user.groups.includes('system:masters') || (old !== undefined && changesOnlyOwnership(next, old))
  );
}

/** Garbage collection must be able to do its work on roles of anybody (B16); what changes nothing grants nothing. */
function changesOnlyOwnership(next: KubeObject, old: KubeObject): boolean {
  const withoutOwnership = ({ ownerReferences: _, finalizers: __, ...metadata }: ObjectMeta) =>
    metadata as ObjectMeta;
  return sameJson(
    { ...next, metadata: withoutOwnership(next.metadata) },
    { ...old, metadata: withoutOwnership(old.metadata) },
  );
}

/** Asks the whole authorizer chain, as the API server does. */
function isAllowed(
  request: ResourceRequest,
  asked: { readonly verb: string; readonly resource: string; readonly name: string },
): boolean {
  const attributes: ResourceAttributes = {
    kind: 'resource',
    user: request.user,
    apiGroup: rbacGroup,
    apiVersion: '*',
    subresource: '',
    namespace: request.namespace,
    ...asked,
  };
  return request.cluster.authorize(attributes).decision === 'allow';
}

/** These checks come before the server makes up a name, so that a refusal does not name what nobody wrote. */
function shownName({ metadata }: KubeObject, old: KubeObject | undefined): string {
  const { name = '', generateName = '' } = metadata;
  const isMade = generateName !== '' && isGeneratedName(name, generateName);
  return old === undefined && isMade ? '' : name;
}

function refuseUncovered(request: ResourceRequest, name: string, wanted: readonly PolicyRule[]): void {
  const message = uncovered(request, wanted);
  if (message === undefined) return;
  const { group, resource } = request.resource;
  throw forbiddenWith({ group, resource, name }, message);
}

/** Rules are compared verb by verb and resource by resource; lists that multiply to more are refused unread. */
const maximumCombinations = 20_000;

function combinations(rule: PolicyRule): number {
  const objects = rule.apiGroups.length * rule.resources.length * Math.max(1, rule.resourceNames.length);
  return rule.verbs.length * (objects + rule.nonResourceURLs.length);
}

/** The refusal's text when the writer lacks any of the rules. */
function uncovered(request: ResourceRequest, wanted: readonly PolicyRule[]): string | undefined {
  if (wanted.reduce((sum, rule) => sum + combinations(rule), 0) > maximumCombinations) {
    return `the rules name more than ${maximumCombinations} combinations of verbs and resources`;
  }
  const held = request.cluster.rbacRulesFor(request.user, request.namespace);
  const missing = uncoveredRules(held.rules, wanted);
  return missing.length === 0
    ? undefined
    : escalationMessage(request.user, missing, held.errors.map(asStorageError));
}
