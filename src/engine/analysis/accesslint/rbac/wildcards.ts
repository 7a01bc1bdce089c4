import type { ClusterRole, Role } from '../../../rbac/objects.ts';
import type { PolicyRule } from '../../../rbac/rules.ts';
import { isEverything } from '../../accesspolicylint/reach.ts';
import type { ClusterWorld } from '../../world/cluster.ts';
import { isDefaultRule } from '../defaults.ts';
import { objectLabel } from '../names.ts';
import type { AccessRule, Spotted } from '../rule.ts';

export const wildcardRules: readonly AccessRule[] = [
  {
    about: 'cluster',
    id: 'EW-ACC-101',
    name: 'wildcard in a role',
    severity: 'warning',
    why: 'A `*` for verbs, resources or API groups includes what nobody thought of, and what Kubernetes will be able to do in the future.',
    fix: 'write out the verbs, resources and groups that are used; `entryway least-privilege` finds them',
    check: (cluster) => inRoles(cluster, (rule) => isWild(rule) && !isOwnGroups(rule)),
  },
  {
    about: 'cluster',
    id: 'EW-ACC-102',
    name: 'wildcard on one’s own resources',
    severity: 'suggestion',
    why: 'A `*` for verbs or resources of an API group that a program brings itself reaches no further than the program does, and includes what its next version brings.',
    fix: 'write out the verbs and resources that are used',
    check: (cluster) => inRoles(cluster, (rule) => isWild(rule) && isOwnGroups(rule)),
  },
];

function* inRoles({ cluster }: ClusterWorld, isMeant: (rule: PolicyRule) => boolean): Generator<Spotted> {
  for (const role of cluster.rbac) {
    if (role.kind !== 'ClusterRole' && role.kind !== 'Role') continue;
    // The rules of an aggregating role are those of others, which are told of themselves.
    if (role.kind === 'ClusterRole' && role.aggregationRule !== undefined) continue;
    if (isOfEks(role)) continue;
    const at = role.rules.findIndex((rule) => isMeant(rule) && !isDefaultRule(role, rule));
    const rule = role.rules[at];
    if (rule === undefined) continue;
    const ref = { kind: role.kind, namespace: role.kind === 'Role' ? role.namespace : '', name: role.name };
    yield {
      subject: objectLabel(ref),
      at: { thing: 'rbac', clusterArn: cluster.arn, ref },
      message: `rules[${at}] of \`${objectLabel(ref)}\` ${told(rule)}`,
      fix: isEverything(rule)
        ? 'bind `cluster-admin` to those who are meant to be administrators, and write out the rules for all others'
        : 'write out what is meant',
    };
  }
}

/** Made by EKS in every cluster of its own; what it is bound to is looked at where it is bound. */
function isOfEks({ name }: ClusterRole | Role): boolean {
  return name.startsWith('eks:');
}

function isWild({ verbs, apiGroups, resources }: PolicyRule): boolean {
  if (resources.length === 0) return false;
  return verbs.includes('*') || apiGroups.includes('*') || resources.some((name) => name.startsWith('*'));
}

/** Groups of somebody's own: with a domain that is not Kubernetes'. */
function isOwnGroups({ apiGroups }: PolicyRule): boolean {
  return apiGroups.every((group) => group.includes('.') && !group.endsWith('.k8s.io'));
}

function told(rule: PolicyRule): string {
  if (isEverything(rule)) return 'allows everything';
  const parts = [
    rule.verbs.includes('*') ? 'every verb' : '',
    rule.resources.includes('*')
      ? 'every resource'
      : rule.resources.some((name) => name.startsWith('*'))
        ? 'a subresource of every resource'
        : '',
    rule.apiGroups.includes('*') ? 'every API group' : '',
  ].filter((part) => part !== '');
  return `allows ${parts.join(' of ').replace(/^every verb$/, `every verb on \`${rule.resources.join(', ')}\``)}`;
}
