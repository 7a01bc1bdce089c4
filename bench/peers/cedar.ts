import { getCedarVersion, preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import type { Attributes } from '../../src/engine/authorizer/attributes.ts';

export const cedarName = `Cedar ${getCedarVersion()} (wasm)`;

/** What one permit policy says: this user may read these resources of this namespace. */
export interface ReadGrant {
  readonly username: string;
  /** Through which role, for peers that know roles. */
  readonly role: string;
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

/**
 * A policy set of so many permits and forbids over actions with conditions, the last of which allows; answers one
 * question about it.
 */
export function createCedarActions(id: string, size: number): () => boolean {
  const staticPolicies = Object.fromEntries(
    Array.from({ length: size }, (_, at) => {
      const mine = at % 10 === 9 || at === size - 1;
      return [
        `p${at}`,
        mine
          ? `permit(principal == User::"ada", action == Action::"eks:AssociateAccessPolicy", resource == Cluster::"main") ` +
            `when { context.policy == "AmazonEKSViewPolicy" && context.mfa && context.namespace like "team-${at}-*" };`
          : `${at % 7 === 0 ? 'forbid' : 'permit'}(principal == User::"ada", action == Action::"other-${at % 4}", resource) ` +
            `when { context.team == "t${at}" };`,
      ];
    }),
  );
  const parsed = preparsePolicySet(id, { staticPolicies, templates: {}, templateLinks: [] });
  if (parsed.type === 'failure')
    throw new Error(`Cedar refuses its policies: ${JSON.stringify(parsed.errors[0])}`);
  return () => {
    const answer = statefulIsAuthorized({
      principal: { type: 'User', id: 'ada' },
      action: { type: 'Action', id: 'eks:AssociateAccessPolicy' },
      resource: { type: 'Cluster', id: 'main' },
      context: {
        policy: 'AmazonEKSViewPolicy',
        namespace: `team-${size - 1}-web`,
        mfa: true,
        team: 'none',
      },
      preparsedPolicySetId: id,
      entities: [],
    });
    if (answer.type === 'failure') throw new Error(`Cedar fails: ${JSON.stringify(answer.errors[0])}`);
    if (answer.response.decision !== 'allow') throw new Error('Cedar refuses the benchmark request');
    return true;
  };
}
