import { asObject } from '../../access/json.ts';
import type {
  ClusterRole,
  ClusterRoleBinding,
  LabelExpression,
  LabelSelector,
  RbacObject,
  Role,
  RoleBinding,
  RoleRef,
  Subject,
} from '../../engine/rbac/objects.ts';
import type { PolicyRule } from '../../engine/rbac/rules.ts';
import { list, object, oneOf, type Reader, record, ShapeFault, text } from './check.ts';

const texts = list(text);

export const policyRules = list(
  object<PolicyRule>({
    ...{ verbs: texts, apiGroups: texts, resources: texts },
    ...{ resourceNames: texts, nonResourceURLs: texts },
  }),
);

const selector = object<LabelSelector>({
  matchLabels: record(text),
  matchExpressions: list(
    object<LabelExpression>({
      key: text,
      operator: oneOf(['In', 'NotIn', 'Exists', 'DoesNotExist']),
      values: texts,
    }),
  ),
});

const roleRef = object<RoleRef>({ kind: oneOf(['ClusterRole', 'Role']), name: text });
const subjects = list(
  object<Subject>({ kind: oneOf(['User', 'Group', 'ServiceAccount']), name: text, namespace: text }),
);

const readers: { readonly [Kind in RbacObject['kind']]: Reader<RbacObject> } = {
  ClusterRole: object<ClusterRole>(
    {
      kind: oneOf(['ClusterRole']),
      name: text,
      labels: record(text),
      rules: policyRules,
      aggregationRule: object<NonNullable<ClusterRole['aggregationRule']>>({
        clusterRoleSelectors: list(selector),
      }),
    },
    ['aggregationRule'],
  ),
  Role: object<Role>({ kind: oneOf(['Role']), name: text, namespace: text, rules: policyRules }),
  ClusterRoleBinding: object<ClusterRoleBinding>({
    ...{ kind: oneOf(['ClusterRoleBinding']), name: text, roleRef, subjects },
  }),
  RoleBinding: object<RoleBinding>({
    ...{ kind: oneOf(['RoleBinding']), name: text, namespace: text, roleRef, subjects },
  }),
};

/** One of the four kinds, by its `kind`. */
export const rbacObject: Reader<RbacObject> = (value) => {
  const kind = asObject(value)?.kind;
  switch (kind) {
    case 'ClusterRole':
    case 'Role':
    case 'ClusterRoleBinding':
    case 'RoleBinding':
      return readers[kind](value);
    default:
      throw new ShapeFault('is no RBAC object');
  }
};
