import { rbacApiGroup } from '../engine/rbac/manifest.ts';
import type {
  LabelExpression,
  LabelSelector,
  RbacObject,
  RbacObjectRef,
  RoleRef,
  Subject,
} from '../engine/rbac/objects.ts';
import type { PolicyRule } from '../engine/rbac/rules.ts';
import { asList, asObject, asText, asTextMap, asTexts, type JsonObject, parseObject } from './json.ts';

const kinds: ReadonlyMap<string, RbacObject['kind']> = new Map([
  ['clusterroles', 'ClusterRole'],
  ['roles', 'Role'],
  ['clusterrolebindings', 'ClusterRoleBinding'],
  ['rolebindings', 'RoleBinding'],
]);

/** The plural resource names whose objects decide. */
export const rbacResources: readonly string[] = [...kinds.keys()];

/** What an object's key names; undefined for other resources, and where scope and namespace do not fit. */
export function rbacRefOf(resource: string, namespace: string, name: string): RbacObjectRef | undefined {
  const kind = kinds.get(resource);
  if (kind === undefined || name === '') return undefined;
  const isNamespaced = kind === 'Role' || kind === 'RoleBinding';
  return isNamespaced === (namespace !== '') ? { kind, namespace, name } : undefined;
}

/**
 * Reads a stored RBAC object. Name and namespace are those of its key, whatever the object says. Undefined for
 * anything that is not as Kubernetes would have validated it: half an object is never used.
 */
export function parseRbacObject(ref: RbacObjectRef, text: string): RbacObject | undefined {
  const object = parseObject(text);
  return object && readRbacObject(ref, object);
}

/** The same, of one that is parsed already. */
export function readRbacObject(ref: RbacObjectRef, object: JsonObject): RbacObject | undefined {
  const { kind, name, namespace } = ref;
  switch (kind) {
    case 'ClusterRole':
      return readClusterRole(object, name);
    case 'Role': {
      const rules = asList(object.rules, readRule);
      return rules === undefined ? undefined : { kind, name, namespace, rules };
    }
    case 'ClusterRoleBinding': {
      const binding = readBinding(object);
      return binding?.roleRef.kind === 'ClusterRole' ? { kind, name, ...binding } : undefined;
    }
    case 'RoleBinding': {
      const binding = readBinding(object);
      return binding === undefined ? undefined : { kind, name, namespace, ...binding };
    }
    default:
      return kind satisfies never;
  }
}

function readClusterRole(object: JsonObject, name: string): RbacObject | undefined {
  const labels = asTextMap(asObject(object.metadata)?.labels);
  const rules = asList(object.rules, readRule);
  if (labels === undefined || rules === undefined) return undefined;
  const role = { kind: 'ClusterRole', name, labels, rules } as const;
  if (object.aggregationRule === undefined || object.aggregationRule === null) return role;
  const selectors = asList(asObject(object.aggregationRule)?.clusterRoleSelectors, readSelector);
  if (selectors === undefined || asObject(object.aggregationRule) === undefined) return undefined;
  return { ...role, aggregationRule: { clusterRoleSelectors: selectors } };
}

function readRule(value: unknown): PolicyRule | undefined {
  const rule = asObject(value);
  if (rule === undefined) return undefined;
  const verbs = asTexts(rule.verbs);
  const apiGroups = asTexts(rule.apiGroups);
  const resources = asTexts(rule.resources);
  const resourceNames = asTexts(rule.resourceNames);
  const nonResourceURLs = asTexts(rule.nonResourceURLs);
  return verbs && apiGroups && resources && resourceNames && nonResourceURLs
    ? { verbs, apiGroups, resources, resourceNames, nonResourceURLs }
    : undefined;
}

function readSelector(value: unknown): LabelSelector | undefined {
  const selector = asObject(value);
  if (selector === undefined) return undefined;
  const matchLabels = asTextMap(selector.matchLabels);
  const matchExpressions = asList(selector.matchExpressions, readExpression);
  return matchLabels && matchExpressions ? { matchLabels, matchExpressions } : undefined;
}

function readExpression(value: unknown): LabelExpression | undefined {
  const expression = asObject(value);
  const key = asText(expression?.key);
  const values = asTexts(expression?.values);
  const operator = asText(expression?.operator);
  if (key === undefined || values === undefined) return undefined;
  switch (operator) {
    case 'In':
    case 'NotIn':
    case 'Exists':
    case 'DoesNotExist':
      return { key, operator, values };
    default:
      return undefined;
  }
}

function readBinding(
  object: JsonObject,
): { readonly roleRef: RoleRef; readonly subjects: readonly Subject[] } | undefined {
  const reference = asObject(object.roleRef);
  const name = asText(reference?.name);
  const kind = asText(reference?.kind);
  if (reference?.apiGroup !== rbacApiGroup || name === undefined || name === '') return undefined;
  if (kind !== 'ClusterRole' && kind !== 'Role') return undefined;
  const subjects = asList(object.subjects, readSubject);
  return subjects === undefined ? undefined : { roleRef: { kind, name }, subjects };
}

function readSubject(value: unknown): Subject | undefined {
  const subject = asObject(value);
  const name = asText(subject?.name);
  const apiGroup = subject?.apiGroup ?? '';
  const namespace = subject?.namespace ?? '';
  if (name === undefined || name === '' || typeof namespace !== 'string') return undefined;
  switch (subject?.kind) {
    case 'User':
    case 'Group':
      return apiGroup === rbacApiGroup || apiGroup === ''
        ? { kind: subject.kind, name, namespace: '' }
        : undefined;
    case 'ServiceAccount':
      return apiGroup === '' ? { kind: 'ServiceAccount', name, namespace } : undefined;
    default:
      return undefined;
  }
}
