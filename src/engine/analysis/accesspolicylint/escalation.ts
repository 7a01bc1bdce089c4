import { allow } from '../../rbac/allow.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import type { Severity } from '../policylint/severity.ts';
import { kubernetesPowers } from '../powers/kubernetes.ts';
import { isEverything, type Power, reaches } from './reach.ts';
import { type AccessPolicyLintRule, onEach } from './rule.ts';

const rbac = 'rbac.authorization.k8s.io';
const certificates = 'certificates.k8s.io';
const admission = 'admissionregistration.k8s.io';

/** What leads from a few permissions to more. */
export interface Escalation {
  readonly id: string;
  readonly name: string;
  readonly severity: Severity;
  readonly why: string;
  /** What it lets somebody do: `reads Secrets`. */
  readonly says: string;
  readonly powers: readonly Power[];
  /** Whether a rule that names the objects is good enough. */
  readonly namesAreEnough: boolean;
  readonly triggers: readonly PolicyRule[];
  readonly passes: readonly PolicyRule[];
}

export const escalations: readonly Escalation[] = [
  {
    id: 'EW-AP-301',
    name: 'escalate or bind',
    severity: 'security',
    why: 'These verbs switch off the rule that nobody gives away more than they have.',
    says: 'may give itself any permission through roles',
    powers: kubernetesPowers.escalateOrBind,
    namesAreEnough: true,
    triggers: [allow('bind', rbac, 'clusterroles')],
    passes: [allow('bind', rbac, 'clusterroles', 'view')],
  },
  {
    id: 'EW-AP-302',
    name: 'writes RBAC',
    severity: 'security',
    why: 'What is granted by roles and bindings outlives the access policy and its association.',
    says: 'writes roles or bindings, which stay when this policy is taken away',
    powers: kubernetesPowers.writeRbac,
    namesAreEnough: false,
    triggers: [allow('create', rbac, 'rolebindings')],
    passes: [allow('get list watch', rbac, 'rolebindings')],
  },
  {
    id: 'EW-AP-303',
    name: 'impersonates',
    severity: 'security',
    why: 'Whoever may act as another user, group or service account has all that these have.',
    says: 'may act as others',
    powers: kubernetesPowers.impersonate,
    namesAreEnough: true,
    triggers: [allow('impersonate', 'core', 'users groups')],
    passes: [allow('impersonate', 'core', 'users', 'on-call')],
  },
  {
    id: 'EW-AP-304',
    name: 'reads Secrets',
    severity: 'security',
    why: 'Secrets hold tokens and keys of others; a list shows their contents as well.',
    says: 'reads Secrets',
    powers: kubernetesPowers.readSecrets,
    namesAreEnough: true,
    triggers: [allow('list', 'core', 'secrets')],
    passes: [allow('get', 'core', 'secrets', 'web-tls')],
  },
  {
    id: 'EW-AP-305',
    name: 'runs commands in Pods',
    severity: 'security',
    why: 'Inside a Pod one has what its service account may and its volumes hold.',
    says: 'runs commands in Pods, or speaks to them, with what their service accounts may',
    powers: kubernetesPowers.runInPods,
    namesAreEnough: false,
    triggers: [allow('create', 'core', 'pods/exec')],
    passes: [allow('get', 'core', 'pods pods/log')],
  },
  {
    id: 'EW-AP-306',
    name: 'reaches kubelets',
    severity: 'security',
    why: 'Through a node’s proxy one runs commands in every Pod on it, past admission and audit.',
    says: 'reaches the kubelets, and so every Pod',
    powers: kubernetesPowers.kubelets,
    namesAreEnough: false,
    triggers: [allow('get', 'core', 'nodes/proxy')],
    passes: [allow('get', 'core', 'nodes nodes/status')],
  },
  {
    id: 'EW-AP-307',
    name: 'makes tokens of service accounts',
    severity: 'security',
    why: 'A token acts as the service account, outlives the access policy, and is used from anywhere.',
    says: 'makes tokens of service accounts',
    powers: kubernetesPowers.createTokens,
    namesAreEnough: true,
    triggers: [allow('create', 'core', 'serviceaccounts/token')],
    passes: [allow('create', 'core', 'serviceaccounts/token', 'deployer')],
  },
  {
    id: 'EW-AP-308',
    name: 'approves or signs certificates',
    severity: 'security',
    why: 'A client certificate can name any user and group, also system:masters.',
    says: 'lets certificates be issued for any user',
    powers: kubernetesPowers.certificates,
    namesAreEnough: true,
    triggers: [allow('update', certificates, 'certificatesigningrequests/approval')],
    passes: [allow('get list', certificates, 'certificatesigningrequests')],
  },
  {
    id: 'EW-AP-309',
    name: 'changes admission',
    severity: 'security',
    why: 'Whoever chooses the webhooks and policies of admission, or who serves an API group, reads and changes all requests.',
    says: 'reads and changes the requests of others through admission or an API service',
    powers: kubernetesPowers.admission,
    namesAreEnough: false,
    triggers: [allow('patch', admission, 'mutatingwebhookconfigurations')],
    passes: [allow('get list', admission, 'mutatingwebhookconfigurations')],
  },
  {
    id: 'EW-AP-310',
    name: 'makes volumes of nodes',
    severity: 'security',
    why: 'A PersistentVolume can be a directory of the node, with whatever is in it.',
    says: 'makes PersistentVolumes, which can be directories of a node',
    powers: kubernetesPowers.volumes,
    namesAreEnough: false,
    triggers: [allow('create', 'core', 'persistentvolumes')],
    passes: [allow('create', 'core', 'persistentvolumeclaims')],
  },
  {
    id: 'EW-AP-311',
    name: 'relabels namespaces',
    severity: 'warning',
    why: 'Labels of a namespace choose how strictly Pods are admitted and which network policies hold.',
    says: 'changes labels of namespaces, which admission and network policies go by',
    powers: kubernetesPowers.relabelNamespaces,
    namesAreEnough: true,
    triggers: [allow('patch', 'core', 'namespaces')],
    passes: [allow('get list', 'core', 'namespaces')],
  },
  {
    id: 'EW-AP-312',
    name: 'starts Pods',
    severity: 'suggestion',
    why: 'A Pod runs as any service account of its namespace and mounts any Secret of it, whatever the policy says of those.',
    says: 'starts Pods, which run as any service account and read any Secret of their namespace',
    powers: kubernetesPowers.workloads,
    namesAreEnough: false,
    triggers: [allow('create', 'batch', 'jobs')],
    passes: [allow('get delete', 'batch', 'jobs')],
  },
];

/** Whether a rule gives it. One that allows everything does not: of that one remark is enough. */
export function escalates(rule: PolicyRule, { powers, namesAreEnough }: Escalation): boolean {
  if (isEverything(rule) || rule.nonResourceURLs.length > 0) return false;
  if (namesAreEnough && rule.resourceNames.length > 0) return false;
  return powers.some((power) => reaches(rule, power));
}

/** What leads from a few permissions to more. */
export const escalationRules: readonly AccessPolicyLintRule[] = escalations.map((escalation) => {
  const { says, powers: _, namesAreEnough: __, ...rule } = escalation;
  return { ...rule, check: onEach((policyRule) => (escalates(policyRule, escalation) ? says : undefined)) };
});
