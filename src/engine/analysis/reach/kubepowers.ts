import type { PolicyRule } from '../../rbac/rules.ts';
import { type Power, reaches } from '../accesspolicylint/reach.ts';
import { kubernetesPowers, workloads } from '../powers/kubernetes.ts';

const rbac = 'rbac.authorization.k8s.io';
const certificates = 'certificates.k8s.io';

/**
 * The permissions that steps are made of, each a bit of a mask: an index that tells who is worth being asked about. A rule
 * that names objects has the bit as well.
 */
export const powers = {
  createToken: kubernetesPowers.createTokens,
  impersonate: [
    ...kubernetesPowers.impersonate,
    {
      group: 'authentication.k8s.io',
      resources: ['users', 'groups', 'serviceaccounts'],
      // Constrained (kubernetes-facts A17).
      verbs: ['impersonate:user-info', 'impersonate:serviceaccount'],
    },
  ],
  workload: kubernetesPowers.workloads,
  exec: kubernetesPowers.runInPods,
  secrets: kubernetesPowers.readSecrets,
  kubelet: kubernetesPowers.kubelets,
  bind: [{ group: rbac, resources: ['roles', 'clusterroles'], verbs: ['bind'] }],
  escalate: [{ group: rbac, resources: ['roles', 'clusterroles'], verbs: ['escalate'] }],
  awsAuth: [{ group: '', resources: ['configmaps'], verbs: ['create', 'update', 'patch'] }],
  certificate: [{ group: certificates, resources: ['signers'], verbs: ['approve'] }],
  admission: kubernetesPowers.admission,
} as const satisfies Readonly<Record<string, readonly Power[]>>;

export type PowerName = keyof typeof powers;

const names = Object.keys(powers) as readonly PowerName[];

export const everyPower = 2 ** names.length - 1;

export function maskOf(...wanted: readonly PowerName[]): number {
  return wanted.reduce((mask, name) => mask | (1 << names.indexOf(name)), 0);
}

/** The powers that any of the rules gives, of whatever names. */
export function powerMask(rules: readonly PolicyRule[]): number {
  let mask = 0;
  for (const rule of rules) {
    for (const [at, name] of names.entries()) {
      if ((mask & (1 << at)) === 0 && powers[name].some((power: Power) => reaches(rule, power)))
        mask |= 1 << at;
    }
  }
  return mask;
}

const becomesAccounts: readonly Power[] = [
  ...kubernetesPowers.createTokens,
  { group: '', resources: ['serviceaccounts'], verbs: ['impersonate'] },
  ...workloads.map((kinds) => ({ ...kinds, verbs: ['create'] })),
];
const towardsAccounts = maskOf(
  ...(['createToken', 'impersonate', 'workload', 'exec', 'secrets', 'kubelet', 'bind', 'escalate'] as const),
);

/** Whether rules let their bearer be the service accounts of where they hold: for certain, or perhaps. */
export function accountsBy(rules: readonly PolicyRule[]): 'always' | 'sometimes' | undefined {
  const certain = rules.some(
    (rule) => rule.resourceNames.length === 0 && becomesAccounts.some((power) => reaches(rule, power)),
  );
  if (certain) return 'always';
  return (powerMask(rules) & towardsAccounts) === 0 ? undefined : 'sometimes';
}

/** Kinds of workloads, each with its group. */
export const workloadKinds: readonly { readonly group: string; readonly resource: string }[] =
  workloads.flatMap(({ group, resources }) => resources.map((resource) => ({ group, resource })));
