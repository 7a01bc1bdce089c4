import type { LabelSelector, RbacObject } from './objects.ts';
import type { PolicyRule } from './rules.ts';

export const rbacApiGroup = 'rbac.authorization.k8s.io';

export interface RbacMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A rule with empty lists left out. */
export function ruleManifest(rule: PolicyRule): Record<string, unknown> {
  return {
    ...(rule.apiGroups.length > 0 ? { apiGroups: rule.apiGroups } : {}),
    ...(rule.nonResourceURLs.length > 0 ? { nonResourceURLs: rule.nonResourceURLs } : {}),
    ...(rule.resourceNames.length > 0 ? { resourceNames: rule.resourceNames } : {}),
    ...(rule.resources.length > 0 ? { resources: rule.resources } : {}),
    verbs: rule.verbs,
  };
}

function selectorManifest(selector: LabelSelector): Record<string, unknown> {
  return {
    ...(Object.keys(selector.matchLabels).length > 0 ? { matchLabels: selector.matchLabels } : {}),
    ...(selector.matchExpressions.length > 0 ? { matchExpressions: selector.matchExpressions } : {}),
  };
}

/**
 * The Kubernetes object (rbac.authorization.k8s.io/v1) with empty lists left out. Labels and annotations of
 * `metadata` are added to what the object itself carries.
 */
export function rbacManifest(
  object: RbacObject,
  metadata: Pick<RbacMetadata, 'labels' | 'annotations'> = {},
): { readonly apiVersion: string; readonly kind: string; readonly metadata: RbacMetadata } {
  const labels = { ...(object.kind === 'ClusterRole' ? object.labels : {}), ...metadata.labels };
  const head = {
    apiVersion: `${rbacApiGroup}/v1`,
    kind: object.kind,
    metadata: {
      name: object.name,
      ...('namespace' in object ? { namespace: object.namespace } : {}),
      ...(Object.keys(labels).length > 0 ? { labels } : {}),
      ...(metadata.annotations === undefined ? {} : { annotations: metadata.annotations }),
    },
  };
  switch (object.kind) {
    case 'ClusterRole':
    case 'Role':
      return {
        ...head,
        ...(object.kind === 'ClusterRole' && object.aggregationRule !== undefined
          ? {
              aggregationRule: {
                clusterRoleSelectors: object.aggregationRule.clusterRoleSelectors.map(selectorManifest),
              },
            }
          : {}),
        ...{ rules: object.rules.map(ruleManifest) },
      };
    case 'ClusterRoleBinding':
    case 'RoleBinding':
      return {
        ...head,
        ...{ roleRef: { apiGroup: rbacApiGroup, kind: object.roleRef.kind, name: object.roleRef.name } },
        ...(object.subjects.length > 0
          ? {
              subjects: object.subjects.map((subject) =>
                subject.kind === 'ServiceAccount'
                  ? { kind: subject.kind, name: subject.name, namespace: subject.namespace }
                  : { apiGroup: rbacApiGroup, kind: subject.kind, name: subject.name },
              ),
            }
          : {}),
      };
    default:
      return object satisfies never;
  }
}
