import { asObject, asText, type JsonObject } from '../../../access/json.ts';
import { listOf, type TerraformResource } from './resources.ts';

/**
 * What the provider knows of a role's policies is as it was when the plan was made, also of those that other resources of the
 * plan detach or write anew. SECURITY: read as it stands, a plan that takes a policy away would seem to leave it, and one
 * that is written twice would be told as a contradiction. Answers resources without what others change.
 */
export function detacherOf(plan: JsonObject): (resource: TerraformResource) => TerraformResource {
  const changed = new Set<string>();
  for (const element of listOf(plan.resource_changes)) {
    const part = asObject(element);
    const change = asObject(part?.change);
    const before = asObject(change?.before);
    const [, kind, attachment] = ofPolicy.exec(asText(part?.type) ?? '') ?? [];
    if (before === undefined || kind === undefined || isUntouched(change)) continue;
    const what = attachment === undefined ? asText(before.name) : asText(before.policy_arn);
    changed.add(`${kind} ${asText(before[kind])} ${what}`);
  }
  return (resource) => {
    const [, kind] = ofPrincipal.exec(resource.type) ?? [];
    if (changed.size === 0 || kind === undefined) return resource;
    const { managed_policy_arns: attached, inline_policy: inline, name } = resource.values;
    const isKept = (what: unknown): boolean => !changed.has(`${kind} ${asText(name)} ${asText(what)}`);
    const values = {
      ...resource.values,
      ...(Array.isArray(attached) && { managed_policy_arns: attached.filter(isKept) }),
      ...(Array.isArray(inline) && {
        inline_policy: inline.filter((policy) => isKept(asObject(policy)?.name)),
      }),
    };
    return { ...resource, values };
  };
}

const ofPolicy = /^aws_iam_(role|user|group)_policy(_attachment)?$/;
const ofPrincipal = /^aws_iam_(role|user|group)$/;

function isUntouched(change: JsonObject | undefined): boolean {
  return listOf(change?.actions).every((action) => action === 'no-op' || action === 'forget');
}
