import { getCedarVersion, preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import type { Attributes } from '../../src/engine/authorizer/attributes.ts';

export const cedarName = `Cedar ${getCedarVersion()} (wasm)`;

/** What one permit policy says: this user may read these resources of this namespace. */
export interface ReadGrant {
  readonly username: string;
  /** '' for the whole cluster. */
  readonly namespace: string;
  readonly resources: readonly string[];
}

/**
 * The general policy engine, with one permit per grant, parsed beforehand as its documentation advises. Namespaces are
 * parents of resources; the cluster is the parent of namespaces. Entities of the request are passed with it.
 */
export function createCedar(id: string, grants: readonly ReadGrant[]): (attributes: Attributes) => boolean {
  const staticPolicies = Object.fromEntries(
    grants.map(({ username, namespace, resources }, at) => {
      const scope = namespace === '' ? 'Cluster::"here"' : `Namespace::"${namespace}"`;
      const kinds = resources.map((resource) => `"${resource}"`).join(', ');
      return [
        `p${at}`,
        `permit(principal == User::"${username}", action in [Action::"get", Action::"list", Action::"watch"], ` +
          `resource in ${scope}) when { [${kinds}].contains(context.resource) };`,
      ];
    }),
  );
  const parsed = preparsePolicySet(id, { staticPolicies, templates: {}, templateLinks: [] });
  if (parsed.type === 'failure')
    throw new Error(`Cedar refuses its policies: ${JSON.stringify(parsed.errors[0])}`);
  return (attributes) => {
    if (attributes.kind !== 'resource') return false;
    const { user, verb, namespace, resource } = attributes;
    const cluster = { type: 'Cluster', id: 'here' };
    const at = namespace === '' ? cluster : { type: 'Namespace', id: namespace };
    const answer = statefulIsAuthorized({
      principal: { type: 'User', id: user.username },
      action: { type: 'Action', id: verb },
      resource: at,
      context: { resource },
      preparsedPolicySetId: id,
      entities: namespace === '' ? [] : [{ uid: at, attrs: {}, parents: [cluster] }],
    });
    if (answer.type === 'failure') throw new Error(`Cedar fails: ${JSON.stringify(answer.errors[0])}`);
    return answer.response.decision === 'allow';
  };
}
