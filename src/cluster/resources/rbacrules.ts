import { quote } from '../../engine/rbac/quote.ts';
import type { PolicyRule } from '../../engine/rbac/rules.ts';
import {
  type FieldError,
  invalidValue,
  invalidValueIn,
  notSupported,
  required,
} from '../../wire/kube/fielderror.ts';
import { isObject, type JsonValue, own, sameJson } from '../../wire/kube/json.ts';
import { labelSelectorErrors } from '../../wire/kube/labelselectorerrors.ts';
import { dnsSubdomainFindings, pathSegmentFindings } from '../../wire/kube/names.ts';
import { badRequest } from '../../wire/kube/status.ts';
import type { KubeObject } from '../objects/object.ts';

export const rbacGroup = 'rbac.authorization.k8s.io';

const ruleMembers = ['verbs', 'apiGroups', 'resources', 'resourceNames', 'nonResourceURLs'] as const;

/**
 * The `rules` of a Role or ClusterRole. A rule that is no list of strings where it must be one cannot be decoded: 400.
 *
 * SECURITY: members are read by own name and type only; nothing that is unreadable turns into an empty list, which in
 * `resourceNames` would mean "every name".
 */
export function parsePolicyRules(value: JsonValue | undefined): readonly PolicyRule[] {
  return list(value, 'rules').map((rule, index) => {
    const [verbs = [], apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = []] =
      ruleMembers.map((member) => texts(own(rule, member), `rules[${index}].${member}`));
    if (!isObject(rule)) throw badRequest(`rules[${index}] is not an object`);
    return { verbs, apiGroups, resources, resourceNames, nonResourceURLs };
  });
}

function list(value: JsonValue | undefined, field: string): readonly JsonValue[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw badRequest(`${field} is not a list`);
  return value;
}

function texts(value: JsonValue | undefined, field: string): readonly string[] {
  return list(value, field).map((item) => {
    if (typeof item !== 'string') throw badRequest(`${field} is not a list of strings`);
    return item;
  });
}

/** kubernetes-facts B12. */
export function validateRules(
  rules: readonly PolicyRule[],
  { isNamespaced, minor }: { readonly isNamespaced: boolean; readonly minor: number },
): readonly FieldError[] {
  return rules.flatMap((rule, index) => {
    const field = (member: string): string => `rules[${index}].${member}`;
    const errors: FieldError[] = [];
    if (rule.verbs.length === 0)
      errors.push(required(field('verbs'), 'verbs must contain at least one value'));
    if (rule.nonResourceURLs.length > 0) {
      const json = rule.nonResourceURLs;
      const go = `[]string{${json.map(quote).join(', ')}}`;
      const refuse = (detail: string) =>
        errors.push(invalidValueIn(minor, field('nonResourceURLs'), { go, json }, detail));
      if (isNamespaced) refuse('namespaced rules cannot apply to non-resource URLs');
      if (rule.apiGroups.length + rule.resources.length + rule.resourceNames.length > 0) {
        refuse('rules cannot apply to both regular resources and non-resource URLs');
      }
      return errors;
    }
    if (rule.apiGroups.length === 0) {
      errors.push(required(field('apiGroups'), 'resource rules must supply at least one api group'));
    }
    if (rule.resources.length === 0) {
      errors.push(required(field('resources'), 'resource rules must supply at least one resource'));
    }
    return errors;
  });
}

/**
 * The `aggregationRule` of a ClusterRole.
 *
 * SECURITY: deciders do not use a role they cannot read; what they would not understand is refused here.
 */
export function validateAggregation(value: JsonValue | undefined, minor: number): readonly FieldError[] {
  if (value === undefined) return [];
  const field = 'aggregationRule.clusterRoleSelectors';
  const selectors = isObject(value) ? value.clusterRoleSelectors : undefined;
  if (!Array.isArray(selectors) || selectors.length === 0) {
    return [required(field, 'at least one clusterRoleSelector required if aggregationRule is non-nil')];
  }
  return selectors.flatMap((selector: JsonValue, index) => {
    const at = `${field}[${index}]`;
    const errors = isObject(selector)
      ? labelSelectorErrors(selector, at)
      : [invalidValue(at, selector, 'not an object')];
    // Upstream shows the selector it could not make, which is none.
    const none = { go: '"null"', json: null };
    return errors.length === 0 ? [] : [...errors, invalidValueIn(minor, at, none, 'invalid label selector.')];
  });
}

export interface RoleRef {
  readonly apiGroup: string;
  readonly kind: string;
  readonly name: string;
}

/** The `roleRef` of a binding; an absent member is ''. */
export function parseRoleRef(value: JsonValue | undefined): RoleRef {
  if (value !== undefined && !isObject(value)) throw badRequest('roleRef is not an object');
  return {
    apiGroup: text(value, 'apiGroup', 'roleRef'),
    kind: text(value, 'kind', 'roleRef'),
    name: text(value, 'name', 'roleRef'),
  };
}

function text(value: JsonValue | undefined, member: string, field: string): string {
  const found = own(value, member);
  if (found === undefined || found === null) return '';
  if (typeof found !== 'string') throw badRequest(`${field}.${member} is not a string`);
  return found;
}

/** A binding with the API groups that Kubernetes fills in (kubernetes-facts B13). */
export function completeBinding(object: KubeObject): KubeObject {
  const roleRef = parseRoleRef(object.roleRef);
  const subjects = list(object.subjects, 'subjects').map((subject, index) => {
    if (!isObject(subject)) throw badRequest(`subjects[${index}] is not an object`);
    const field = `subjects[${index}]`;
    const kind = text(subject, 'kind', field);
    const name = text(subject, 'name', field);
    const namespace = text(subject, 'namespace', field);
    const apiGroup =
      text(subject, 'apiGroup', field) || (kind === 'User' || kind === 'Group' ? rbacGroup : '');
    return { kind, ...(apiGroup && { apiGroup }), name, ...(namespace && { namespace }) };
  });
  const { subjects: _, ...others } = object;
  return {
    ...(others as KubeObject),
    ...(subjects.length > 0 && { subjects }),
    roleRef: { ...roleRef, apiGroup: roleRef.apiGroup || rbacGroup },
  };
}

/** kubernetes-facts B13 and B14; the object has been completed. */
export function validateBinding(
  next: KubeObject,
  old: KubeObject | undefined,
  { isNamespaced, minor }: { readonly isNamespaced: boolean; readonly minor: number },
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const roleRef = parseRoleRef(next.roleRef);
  const kinds = isNamespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
  if (roleRef.apiGroup !== rbacGroup)
    errors.push(notSupported('roleRef.apiGroup', roleRef.apiGroup, [rbacGroup]));
  if (!kinds.includes(roleRef.kind)) errors.push(notSupported('roleRef.kind', roleRef.kind, kinds));
  if (roleRef.name === '') errors.push(required('roleRef.name'));
  else
    errors.push(
      ...pathSegmentFindings(roleRef.name).map((text) => invalidValue('roleRef.name', roleRef.name, text)),
    );
  list(next.subjects, 'subjects').forEach((subject, index) => {
    errors.push(...validateSubject(subject, `subjects[${index}]`, isNamespaced));
  });
  if (old !== undefined && !sameJson(next.roleRef ?? null, old.roleRef ?? null)) {
    errors.push(changedRoleRef(roleRef, minor));
  }
  return errors;
}

/**
 * COMPAT: the internal value, whose fields have no JSON names. 1.37 says `field is immutable` instead, as
 * recorded by others with that version; the reading of 1.36 is from its source.
 */
function changedRoleRef({ apiGroup, kind, name }: RoleRef, minor: number): FieldError {
  const go = `rbac.RoleRef{APIGroup:${quote(apiGroup)}, Kind:${quote(kind)}, Name:${quote(name)}}`;
  const json = { APIGroup: apiGroup, Kind: kind, Name: name };
  return invalidValueIn(minor, 'roleRef', { go, json }, 'cannot change roleRef');
}

function validateSubject(subject: JsonValue, field: string, isNamespaced: boolean): readonly FieldError[] {
  const errors: FieldError[] = [];
  const kind = text(subject, 'kind', field);
  const name = text(subject, 'name', field);
  const apiGroup = text(subject, 'apiGroup', field);
  if (name === '') errors.push(required(`${field}.name`));
  switch (kind) {
    case 'ServiceAccount':
      if (name !== '') {
        errors.push(...dnsSubdomainFindings(name).map((text) => invalidValue(`${field}.name`, name, text)));
      }
      if (apiGroup !== '') errors.push(notSupported(`${field}.apiGroup`, apiGroup, ['']));
      if (!isNamespaced && text(subject, 'namespace', field) === '')
        errors.push(required(`${field}.namespace`));
      break;
    case 'User':
    case 'Group':
      if (apiGroup !== rbacGroup) errors.push(notSupported(`${field}.apiGroup`, apiGroup, [rbacGroup]));
      break;
    default:
      errors.push(notSupported(`${field}.kind`, kind, ['ServiceAccount', 'User', 'Group']));
  }
  return errors;
}
