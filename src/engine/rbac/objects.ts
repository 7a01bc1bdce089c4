import type { PolicyRule } from './rules.ts';

/**
 * The four RBAC kinds as deciders need them: flat, absent lists empty, absent strings ''. `manifest.ts` writes them
 * as Kubernetes objects.
 */
export type RbacObject = ClusterRole | Role | ClusterRoleBinding | RoleBinding;

export interface ClusterRole {
  readonly kind: 'ClusterRole';
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Ignored where there is an aggregationRule: the aggregation overwrites them (kubernetes-facts B15). */
  readonly rules: readonly PolicyRule[];
  readonly aggregationRule?: { readonly clusterRoleSelectors: readonly LabelSelector[] };
}

export interface Role {
  readonly kind: 'Role';
  readonly name: string;
  readonly namespace: string;
  readonly rules: readonly PolicyRule[];
}

export interface ClusterRoleBinding {
  readonly kind: 'ClusterRoleBinding';
  readonly name: string;
  readonly roleRef: RoleRef;
  readonly subjects: readonly Subject[];
}

export interface RoleBinding {
  readonly kind: 'RoleBinding';
  readonly name: string;
  readonly namespace: string;
  readonly roleRef: RoleRef;
  readonly subjects: readonly Subject[];
}

export interface RoleRef {
  readonly kind: 'ClusterRole' | 'Role';
  readonly name: string;
}

export interface Subject {
  readonly kind: 'User' | 'Group' | 'ServiceAccount';
  readonly name: string;
  /** Of service accounts; '' for none. */
  readonly namespace: string;
}

export interface LabelSelector {
  readonly matchLabels: Readonly<Record<string, string>>;
  readonly matchExpressions: readonly LabelExpression[];
}

export interface LabelExpression {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values: readonly string[];
}

/** What names one object; `namespace` is '' for the cluster kinds. */
export interface RbacObjectRef {
  readonly kind: RbacObject['kind'];
  readonly namespace: string;
  readonly name: string;
}
