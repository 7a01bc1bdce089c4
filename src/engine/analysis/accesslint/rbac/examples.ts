import { allow } from '../../../rbac/allow.ts';
import type { RbacObject } from '../../../rbac/objects.ts';
import type { PolicyRule } from '../../../rbac/rules.ts';
import { escalations } from '../../accesspolicylint/escalation.ts';
import { bindingSubject, testArn, testEntry, testGrant } from '../../testworld.ts';
import type { Example, Examples } from '../example.ts';

const devs = testArn('role/devs');

/** RBAC in a cluster where somebody is in group `devs`. */
const rbac = (objects: readonly RbacObject[], more: Example['cluster'] = {}): Example => ({
  cluster: {
    accessEntries: [testEntry(devs, {}, { kubernetesGroups: ['devs'] })],
    rbac: [...testGrant('devs', 'Group:devs', [allow('get', 'core', 'pods')], 'default'), ...objects],
    serviceAccounts: [{ namespace: 'default', name: 'api' }],
    ...more,
  },
});
const toDevs = (...rules: readonly PolicyRule[]): Example => rbac(testGrant('power', 'Group:devs', rules));
const binding = (name: string, role: string, to: readonly string[], namespace = ''): RbacObject => {
  const subjects = to.map(bindingSubject);
  const roleRef = { kind: 'ClusterRole', name: role } as const;
  return namespace === ''
    ? { kind: 'ClusterRoleBinding', name, roleRef, subjects }
    : { kind: 'RoleBinding', name, namespace, roleRef, subjects };
};

/** Of the powers: what triggers the rule on an access policy triggers this one where it is bound in the whole cluster. */
const powers = Object.fromEntries(
  escalations.map(({ id, triggers, passes }) => [
    `EW-ACC-1${Number(id.slice(-2)) + 10}`,
    { triggers: toDevs(...triggers), passes: toDevs(...passes) },
  ]),
);

export const rbacExamples: Readonly<Record<string, Examples>> = {
  'EW-ACC-101': {
    triggers: toDevs(allow('*', 'batch', 'cronjobs')),
    passes: toDevs(allow('get list watch', 'batch', 'cronjobs')),
  },
  'EW-ACC-102': {
    triggers: toDevs(allow('get list watch', 'widgets.example.com', '*')),
    passes: toDevs(allow('get list watch', 'widgets.example.com', 'widgets')),
  },
  ...powers,
  'EW-ACC-130': {
    triggers: rbac([binding('devs', 'edit', ['Group:devs'])]),
    passes: rbac([binding('devs-edit', 'edit', ['Group:devs'], 'default')]),
  },
  'EW-ACC-131': {
    triggers: rbac([binding('devs-edit', 'edit', ['Group:devs'], 'kube-system')]),
    passes: rbac([binding('devs-view', 'view', ['Group:devs'], 'kube-system')]),
  },
  'EW-ACC-201': {
    triggers: rbac([binding('typo', 'veiw', ['Group:devs'], 'default')]),
    passes: rbac([binding('typo', 'view', ['Group:devs'], 'default')]),
  },
  'EW-ACC-202': {
    triggers: rbac([binding('api', 'view', ['ServiceAccount:default/ap'], 'default')]),
    passes: rbac([binding('api', 'view', ['ServiceAccount:default/api'], 'default')]),
  },
  'EW-ACC-203': {
    triggers: rbac([binding('typo', 'view', ['Group:dev'], 'default')]),
    passes: rbac([binding('typo', 'view', ['Group:devs'], 'default')]),
  },
  'EW-ACC-204': {
    triggers: rbac([binding('nobody', 'view', [])]),
    passes: rbac([binding('nobody', 'view', ['Group:devs'])]),
  },
  'EW-ACC-205': {
    triggers: rbac([binding('api', 'view', ['ServiceAccount:/api'])]),
    passes: rbac([binding('api', 'view', ['ServiceAccount:default/api'])]),
  },
  'EW-ACC-206': {
    triggers: rbac([binding('public', 'view', ['Group:system:unauthenticated'])]),
    passes: rbac([binding('public', 'view', ['Group:devs'])]),
  },
  'EW-ACC-207': {
    triggers: rbac([binding('pods', 'view', ['ServiceAccount:default/default'], 'default')]),
    passes: rbac([binding('pods', 'view', ['ServiceAccount:default/api'], 'default')]),
  },
  'EW-ACC-208': {
    triggers: rbac([
      binding('one', 'view', ['Group:devs']),
      binding('other', 'view', ['Group:devs'], 'default'),
    ]),
    passes: rbac([binding('one', 'view', ['Group:devs'])]),
  },
};
