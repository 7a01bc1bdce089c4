import { createRequire } from 'node:module';
import { type Enforcer, newEnforcer, newModelFromString } from 'casbin';
import type { Attributes } from '../../src/engine/authorizer/attributes.ts';
import type { ReadGrant } from './cedar.ts';

const { version } = createRequire(import.meta.url)('casbin/package.json') as { readonly version: string };
export const casbinName = `casbin ${version}`;

/**
 * RBAC with domains, casbin's own model for tenants: `p` is a rule of a role, `g` binds a user to a role in a namespace, or in
 * `*` for the whole cluster. A rule lists its resources and verbs in one field, so that there are as few policies as
 * Kubernetes has rules. The cheap comparisons come first, the role manager is asked last.
 */
const model = `
[request_definition]
r = user, namespace, apiGroup, resource, verb

[policy_definition]
p = role, apiGroup, resources, verbs

[role_definition]
g = _, _, _

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = r.apiGroup == p.apiGroup && listed(r.resource, p.resources) && listed(r.verb, p.verbs) && (g(r.user, p.role, r.namespace) || g(r.user, p.role, "*"))
`;

export interface CasbinPeer {
  decide(attributes: Attributes): boolean;
  /** Takes the grant's binding away and adds it again; its role and the rules of that stay. */
  replace(grant: ReadGrant): Promise<void>;
}

/** The general authorization library, with one rule per role and one grouping per grant, asked without promises. */
export async function createCasbin(grants: readonly ReadGrant[]): Promise<CasbinPeer> {
  const enforcer: Enforcer = await newEnforcer(newModelFromString(model));
  await enforcer.addFunction('listed', (value: string, list: string) => list.split(' ').includes(value));
  const roles = new Map(grants.map(({ role, resources }) => [role, resources]));
  // In one go: every further call compares with each policy there is.
  const added = [
    await enforcer.addPolicies(
      Array.from(roles, ([role, resources]) => [role, 'core', resources.join(' '), 'get list watch']),
    ),
    await enforcer.addGroupingPolicies(grants.map(groupingOf)),
  ];
  if (added.includes(false)) throw new Error('casbin does not take its policies');
  return {
    decide(attributes) {
      if (attributes.kind !== 'resource') return false;
      const { user, namespace, apiGroup, resource, verb } = attributes;
      const group = apiGroup === '' ? 'core' : apiGroup;
      return enforcer.enforceSync(user.username, namespace, group, resource, verb);
    },
    async replace(grant) {
      const grouping = groupingOf(grant);
      const done = [
        await enforcer.removeGroupingPolicy(...grouping),
        await enforcer.addGroupingPolicy(...grouping),
      ];
      if (done.includes(false)) throw new Error('casbin does not take the change');
    },
  };
}

function groupingOf({ username, role, namespace }: ReadGrant): string[] {
  return [username, role, namespace === '' ? '*' : namespace];
}
