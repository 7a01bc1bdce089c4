import { aggregateRules, selectorMatches } from './aggregation.ts';
import { controllerRoleBindings, defaultClusterRoleBindings } from './defaults/clusterbindings.ts';
import { controllerRoles } from './defaults/controllerroles.ts';
import { defaultRoleBindings, defaultRoles } from './defaults/namespaced.ts';
import { systemRoles } from './defaults/systemroles.ts';
import { userRoles } from './defaults/userroles.ts';
import type { ClusterRole, RbacObject } from './objects.ts';

export {
  controllerRoleBindings,
  controllerRoles,
  defaultClusterRoleBindings,
  defaultRoleBindings,
  defaultRoles,
};

/** Written on every default object (kubernetes-facts B21). */
export const defaultObjectMetadata = {
  labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' },
  annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
} as const;

const written = [...userRoles, ...systemRoles];

/** The default ClusterRoles in order of their names; admin, edit and view with their aggregation carried out. */
export const defaultClusterRoles: readonly ClusterRole[] = written
  .map((role) => ({
    ...role,
    rules: aggregateRules(role, (selector) =>
      written
        .filter((candidate) => selectorMatches(selector, candidate.labels))
        .sort((one, other) => (one.name < other.name ? -1 : 1)),
    ),
  }))
  .sort((one, other) => (one.name < other.name ? -1 : 1));

/** All default objects of a new cluster (kubernetes-facts B21), roles before the bindings that name them. */
export const defaultRbacObjects: readonly RbacObject[] = [
  ...defaultClusterRoles,
  ...controllerRoles,
  ...defaultRoles,
  ...defaultClusterRoleBindings,
  ...controllerRoleBindings,
  ...defaultRoleBindings,
];
