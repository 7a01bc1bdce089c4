import { type FieldError, forbiddenField, invalidValue } from '../../wire/kube/fielderror.ts';
import { at, isObject, type JsonObject, type JsonValue, printed } from '../../wire/kube/json.ts';
import { configDataErrors } from '../../wire/kube/names.ts';
import type { ResourceDefinition } from '../../wire/kube/resources.ts';
import {
  completeConfiguration,
  configurationWarnings,
  validateConfiguration,
} from '../admission/configurations.ts';
import type { WebhookKind } from '../admission/webhook.ts';
import { definitionRules } from '../customresources/definitionrules.ts';
import { customRules } from '../customresources/resourcerules.ts';
import type { KubeObject } from '../objects/object.ts';
import { certificateRequestRules } from './certificaterules.ts';
import { admitBinding, admitRole } from './escalation.ts';
import type { KindRules } from './kind.ts';
import { warnOfLockout } from './lockout.ts';
import { completeNamespace, namespaceContent, validateNamespace } from './namespaces.ts';
import { newPodErrors } from './podrules.ts';
import {
  completeJobTemplatePorts,
  completePodPorts,
  completeServicePorts,
  completeTemplatePorts,
} from './ports.ts';
import {
  completeBinding,
  parsePolicyRules,
  validateAggregation,
  validateBinding,
  validateRules,
} from './rbacrules.ts';

const none: KindRules = {};
const counted: KindRules = { counted: true };
const conditional: KindRules = { conditionalUpdate: true };
const countedConditional: KindRules = { counted: true, conditionalUpdate: true };

/** Policies that a real cluster enforces and this one only stores: whoever makes one is told. */
const unenforced: KindRules = {
  counted: true,
  admit(_, { resource, warn }, __, old) {
    if (old === undefined) warn(`${resource.kind} is stored but not enforced here: it refuses nothing`);
  },
};

/** Workloads whose missing `spec.replicas` means one; `kubectl scale` reads it. */
const replicated: KindRules = {
  counted: true,
  complete: (next) => completeTemplatePorts(withDefault(next, 'spec', { replicas: 1 })),
};

const templated: KindRules = { counted: true, complete: (next) => completeTemplatePorts(next) };

const role: KindRules = {
  complete: (next) => ({ ...next, rules: ruleList(next.rules) }),
  admit: (_, request, next, old) => admitRole(request, next, old),
  validate: (next, _, minor) => validateRules(parsePolicyRules(next.rules), { isNamespaced: true, minor }),
};

const clusterRole: KindRules = {
  // Rules of an aggregated role are written by its controller alone; what clients write of them is passed over (B15).
  complete: (next, old) => ({
    ...next,
    rules: next.aggregationRule === undefined ? ruleList(next.rules) : (old?.rules ?? []),
  }),
  admit: (_, request, next, old) => admitRole(request, next, old),
  validate: (next, _, minor) => [
    ...validateRules(parsePolicyRules(next.rules), { isNamespaced: false, minor }),
    ...validateAggregation(next.aggregationRule, minor),
  ],
  view(cluster, object) {
    if (object.aggregationRule === undefined) return object;
    const rules = cluster.roleRules('ClusterRole', '', object.metadata.name ?? '') ?? [];
    return {
      ...object,
      rules: rules.map((rule) =>
        Object.fromEntries(Object.entries(rule).filter(([, values]) => values.length > 0)),
      ),
    };
  },
};

const binding = (isNamespaced: boolean): KindRules => ({
  complete: completeBinding,
  admit: (_, request, next, old) => admitBinding(request, next, old),
  validate: (next, old, minor) => validateBinding(next, old, { isNamespaced, minor }),
});

const webhooks = (kind: WebhookKind): KindRules => ({
  ...countedConditional,
  complete: (next) => completeConfiguration(next, kind),
  validate: validateConfiguration,
  admit({ webhooks: { mayReach } }, request, next) {
    for (const text of configurationWarnings(next, mayReach)) request.warn(text);
  },
});

const byResource: Readonly<Record<string, KindRules>> = {
  '/namespaces': {
    complete: completeNamespace,
    validate: validateNamespace,
    accompany: (context, clusterId, object) =>
      namespaceContent(clusterId, object.metadata.name ?? '', {
        now: context.now(),
        uuid: () => context.random.uuid(),
        caPem: context.caPem,
      }),
  },
  '/configmaps': {
    admit: (_, request, next) =>
      warnOfLockout(request, { name: next.metadata.name ?? '', data: next.data ?? {} }),
    validate: (next, old) => [
      ...validateData(next.data, 'data'),
      ...validateData(next.binaryData, 'binaryData'),
      ...validateImmutable(next, old, ['data', 'binaryData']),
    ],
  },
  '/secrets': {
    complete: completeSecret,
    validate: (next, old) => [
      ...validateData(next.data, 'data'),
      ...(old !== undefined && old.type !== next.type
        ? [invalidValue('type', next.type, 'field is immutable')]
        : []),
      ...validateImmutable(next, old, ['data']),
    ],
  },
  '/nodes': { keepsStatus: true },
  '/pods': {
    counted: true,
    complete: (next) => ({
      ...withDefault(completePodPorts(next), 'spec', {
        restartPolicy: 'Always',
        ...olderAccountName(next),
      }),
      status: next.status ?? { phase: 'Pending' },
    }),
    validate: (next, old) => (old === undefined ? newPodErrors(next) : []),
  },
  '/services': {
    complete: (next) =>
      completeServicePorts(withDefault(next, 'spec', { type: 'ClusterIP', sessionAffinity: 'None' })),
  },
  '/replicationcontrollers': replicated,
  'apps/daemonsets': templated,
  'apps/deployments': replicated,
  'apps/replicasets': replicated,
  'apps/statefulsets': replicated,
  'batch/cronjobs': { counted: true, complete: (next) => completeJobTemplatePorts(next) },
  'batch/jobs': templated,
  'networking.k8s.io/ingresses': counted,
  'networking.k8s.io/networkpolicies': counted,
  'networking.k8s.io/ingressclasses': counted,
  'policy/poddisruptionbudgets': counted,
  'apiextensions.k8s.io/customresourcedefinitions': definitionRules,
  'certificates.k8s.io/certificatesigningrequests': certificateRequestRules,
  'coordination.k8s.io/leases': conditional,
  'admissionregistration.k8s.io/mutatingwebhookconfigurations': webhooks('mutating'),
  'admissionregistration.k8s.io/validatingwebhookconfigurations': webhooks('validating'),
  'admissionregistration.k8s.io/validatingadmissionpolicies': unenforced,
  'admissionregistration.k8s.io/mutatingadmissionpolicies': unenforced,
  'flowcontrol.apiserver.k8s.io/flowschemas': counted,
  'flowcontrol.apiserver.k8s.io/prioritylevelconfigurations': counted,
  'rbac.authorization.k8s.io/roles': role,
  'rbac.authorization.k8s.io/clusterroles': clusterRole,
  'rbac.authorization.k8s.io/rolebindings': binding(true),
  'rbac.authorization.k8s.io/clusterrolebindings': binding(false),
};

export function kindRules(resource: ResourceDefinition): KindRules {
  if (resource.custom !== undefined) return customRules(resource);
  const key = `${resource.group}/${resource.resource}`;
  return Object.hasOwn(byResource, key) ? (byResource[key] ?? none) : none;
}

function withDefault(object: KubeObject, member: string, defaults: JsonObject): KubeObject {
  const value = object[member];
  return isObject(value) ? { ...object, [member]: { ...defaults, ...value } } : object;
}

/** The older name of the field counts where the newer one is not given. */
function olderAccountName(pod: KubeObject): JsonObject {
  const name = at(pod, 'spec', 'serviceAccount');
  return typeof name === 'string' && name !== '' ? { serviceAccountName: name } : {};
}

/** Decoded once here, so that what is stored can always be read back as rules. */
function ruleList(value: JsonValue | undefined): readonly JsonValue[] {
  parsePolicyRules(value);
  return Array.isArray(value) ? value : [];
}

/** `stringData` is a way to write `data`; it is never stored or read. */
function completeSecret(next: KubeObject): KubeObject {
  const { stringData, ...others } = next;
  const data = { ...(isObject(others.data) ? others.data : {}) };
  const written = isObject(stringData) ? stringData : {};
  const encoded = Object.entries(written).map(([key, text]) => [
    key,
    Buffer.from(printed(text), 'utf8').toString('base64'),
  ]);
  const all = { ...data, ...(Object.fromEntries(encoded) as JsonObject) };
  return {
    ...(others as KubeObject),
    ...(Object.keys(all).length > 0 && { data: all }),
    type: others.type ?? 'Opaque',
  };
}

function validateData(value: JsonValue | undefined, field: string): readonly FieldError[] {
  const errors = [...configDataErrors(value, field)];
  const size = isObject(value) ? Buffer.byteLength(Object.values(value).join('')) : 0;
  if (size > maximumDataBytes) {
    errors.push({
      reason: 'FieldValueTooLong',
      field,
      text: `Too long: may not be more than ${maximumDataBytes} bytes`,
    });
  }
  return errors;
}

const maximumDataBytes = 1024 * 1024;

function validateImmutable(
  next: KubeObject,
  old: KubeObject | undefined,
  members: readonly string[],
): readonly FieldError[] {
  if (old?.immutable !== true) return [];
  const detail = 'field is immutable when `immutable` is set';
  return ['immutable', ...members]
    .filter((member) => JSON.stringify(next[member]) !== JSON.stringify(old[member]))
    .map((member) => forbiddenField(member, detail));
}
