/** Who may do what, as stock kubectl tells it: `kubectl auth`, and every form of refusal (kubernetes-facts B14 to B22, B29). */
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { alikeKubectlVersions, type KubectlVersion } from './clients.ts';
import { followSteps, openTerminal, rawRoot, type Terminal } from './kubectl.ts';
import { associate, createEntry, openScene, type Scene } from './scene.ts';
import { createCluster, createClusterRole } from './world.ts';

let scene: Scene;
const arns: Record<string, string> = {};

beforeAll(async () => {
  scene = await openScene();
  await createClusterRole(scene.root);
  for (const name of ['editor', 'maker', 'stranger']) arns[name] = await scene.role(name);
}, 120_000);

afterAll(() => scene?.close());

const forbidden = (text: string): string => `Error from server (Forbidden): ${text}`;
const mayNotExec =
  'pods "web" is forbidden: User "maker" cannot create resource "pods/exec" in API group "" in the namespace "team"';

describe.each(alikeKubectlVersions)('kubectl %s meets the authorizer', (version) => {
  let terminal: Terminal;

  beforeAll(async () => {
    const { root, connection } = scene;
    const name = `auth-${version.replace('.', '-')}`;
    await createCluster(root, connection, name);
    await createEntry(root, name, arns.editor ?? '', { username: 'editor' });
    await associate(root, name, arns.editor ?? '', 'AmazonEKSEditPolicy', 'team');
    await createEntry(root, name, arns.maker ?? '', { username: 'maker', kubernetesGroups: ['makers'] });
    terminal = openTerminal(scene, name, version, ['editor', 'maker', 'stranger']);
    const prepared = await terminal.sh(`set -e
      kubectl create namespace team
      kubectl create role maker -n team --verb=get,list,create,update,patch --resource=roles,rolebindings,pods
      kubectl create rolebinding makers -n team --role=maker --group=makers
      kubectl create clusterrole metrics-reader --verb=get --non-resource-url=/metrics
      kubectl create clusterrolebinding metrics-readers --clusterrole=metrics-reader --group=makers
      kubectl create configmap settings -n team
      kubectl run web -n team --image=registry.example/web:1`);
    expect(prepared).toMatchObject({ code: 0, stderr: '' });
  }, 120_000);

  describe('auth whoami', () => {
    followSteps(
      () => terminal,
      [
        {
          run: 'kubectl auth whoami -o jsonpath={.status.userInfo.username}',
          out: `arn:aws:iam::111122223333:root`,
        },
        {
          run: 'kubectl auth whoami',
          as: 'maker',
          out: /^ATTRIBUTE\s+VALUE\nUsername\s+maker\n(UID\s+.*\n)?Groups\s+\[makers system:authenticated\]\nExtra: /,
        },
        {
          run: 'kubectl auth whoami --as=ana --as-group=a --as-group=b',
          out: 'ATTRIBUTE  VALUE\nUsername  ana\nGroups  [a b system:authenticated]',
        },
        {
          run: 'kubectl auth whoami --as=system:serviceaccount:team:robot',
          out: /Groups\s+\[system:serviceaccounts system:serviceaccounts:team system:authenticated\]$/,
        },
        {
          run: 'kubectl get namespaces --as=ana',
          as: 'editor',
          code: 1,
          err: forbidden(
            'users "ana" is forbidden: User "editor" cannot impersonate resource "users" in API group "" at the cluster scope',
          ),
        },
        {
          run: 'kubectl auth whoami',
          as: 'stranger',
          code: 1,
          err: /You must be logged in to the server|Unauthorized/,
        },
        {
          run: 'kubectl get pods',
          as: 'stranger',
          code: 1,
          err: /error: You must be logged in to the server/,
        },
      ],
    );
  });

  describe('auth can-i', () => {
    const no = { code: 1, out: /^no( - .*)?$/ };
    followSteps(
      () => terminal,
      [
        { run: "kubectl auth can-i '*' '*'", out: 'yes', err: '' },
        { run: 'kubectl auth can-i create deployments -n team', as: 'editor', out: 'yes' },
        { run: 'kubectl auth can-i create deployments.apps -n default', as: 'editor', ...no },
        { run: 'kubectl auth can-i create deployments -A', as: 'editor', ...no },
        { run: 'kubectl auth can-i list pods -n team', as: 'maker', out: 'yes' },
        { run: 'kubectl auth can-i get pods/web -n team', as: 'maker', out: 'yes' },
        { run: 'kubectl auth can-i get pods --subresource=log -n team', as: 'maker', ...no },
        { run: 'kubectl auth can-i get pods --subresource=log -n team', as: 'editor', out: 'yes' },
        { run: 'kubectl auth can-i delete pods -n team', as: 'maker', ...no },
        { run: 'kubectl auth can-i delete pods -n team -q', as: 'maker', code: 1 },
        { run: 'kubectl auth can-i get /metrics', as: 'maker', out: 'yes' },
        { run: 'kubectl auth can-i get /metrics', as: 'editor', ...no },
        { run: 'kubectl auth can-i get /version', as: 'editor', out: 'yes' },
        {
          run: 'kubectl auth can-i get nodes',
          as: 'editor',
          code: 1,
          out: /^no/,
          err: "Warning: resource 'nodes' is not namespace scoped",
        },
        {
          run: 'kubectl auth can-i get widgets',
          as: 'editor',
          code: 1,
          out: /^no/,
          err: "Warning: the server doesn't have a resource type 'widgets'",
        },
        { run: 'kubectl auth can-i get pods --as=ana', ...no },
        { run: 'kubectl auth can-i get pods --as=ana --as-group=system:masters', out: 'yes' },
        {
          run: 'kubectl auth can-i --list -n team',
          as: 'maker',
          out: /^Resources\s+Non-Resource URLs\s+Resource Names\s+Verbs\n[\s\S]*pods\s+\[\]\s+\[\]\s+\[get list create update patch\]\n[\s\S]*\[\/metrics\]\s+\[\]\s+\[get\]/,
          err: '',
        },
        {
          run: 'kubectl auth can-i --list -n team --no-headers',
          as: 'editor',
          out: /selfsubjectaccessreviews/,
          err: 'Warning: the list may be incomplete: webhook authorizer does not support user rule resolution',
        },
      ],
    );
  });

  describe('refusals', () => {
    followSteps(
      () => terminal,
      (
        [
          [
            'editor',
            'get secrets -n default',
            'secrets is forbidden: User "editor" cannot list resource "secrets" in API group "" in the namespace "default"',
          ],
          [
            'editor',
            'get secret login -n default',
            'secrets "login" is forbidden: User "editor" cannot get resource "secrets" in API group "" in the namespace "default"',
          ],
          [
            'editor',
            'get deployments -A',
            'deployments.apps is forbidden: User "editor" cannot list resource "deployments" in API group "apps" at the cluster scope',
          ],
          [
            'editor',
            'get nodes',
            'nodes is forbidden: User "editor" cannot list resource "nodes" in API group "" at the cluster scope',
          ],
          [
            'editor',
            'get node node-1',
            'nodes "node-1" is forbidden: User "editor" cannot get resource "nodes" in API group "" at the cluster scope',
          ],
          [
            'editor',
            'create namespace mine',
            'namespaces is forbidden: User "editor" cannot create resource "namespaces" in API group "" at the cluster scope',
          ],
          [
            'editor',
            'delete configmap settings -n default',
            'configmaps "settings" is forbidden: User "editor" cannot delete resource "configmaps" in API group "" in the namespace "default"',
          ],
          [
            'maker',
            'logs web -n team',
            'pods "web" is forbidden: User "maker" cannot get resource "pods/log" in API group "" in the namespace "team"',
          ],
          [
            'editor',
            'create role r --verb=get --resource=pods -n team',
            'roles.rbac.authorization.k8s.io is forbidden: User "editor" cannot create resource "roles" in API group "rbac.authorization.k8s.io" in the namespace "team"',
          ],
        ] as const
      ).map(([as, command, text]) => ({
        run: `kubectl ${command}`,
        as,
        code: 1,
        err: forbidden(text),
      })),
    );
    followSteps(
      () => terminal,
      [
        {
          run: 'kubectl exec web -n team -- ls',
          as: 'maker',
          code: 1,
          // Kubernetes' own words for what became of the upgrade changed with 1.36.
          err: {
            1.32: forbidden(mayNotExec),
            1.36: `error: unable to upgrade connection: ${mayNotExec}`,
          },
        },
        {
          run: `kubectl get --raw "${root(version)}/metrics"`,
          as: 'editor',
          code: 1,
          err: forbidden('forbidden: User "editor" cannot get path "/metrics"'),
        },
        { run: 'kubectl create configmap mine -n team', as: 'editor', out: 'configmap/mine created' },
        {
          run: 'kubectl create configmap mine -n nowhere',
          code: 1,
          err: 'error: failed to create configmap: namespaces "nowhere" not found',
        },
        {
          run: 'kubectl get pods -n team; kubectl get pods -n team -w --request-timeout=2s -o name',
          as: 'maker',
          code: 1,
          out: /^NAME[\s\S]*web\s[\s\S]*pod\/web$/,
          err: forbidden(
            'pods is forbidden: User "maker" cannot watch resource "pods" in API group "" in the namespace "team"',
          ),
        },
      ],
    );
  });

  describe('escalation', () => {
    followSteps(
      () => terminal,
      [
        {
          run: 'kubectl create role fine -n team --verb=get,list --resource=pods',
          as: 'maker',
          out: 'role.rbac.authorization.k8s.io/fine created',
        },
        {
          run: 'kubectl create role more -n team --verb=get,list --resource=secrets',
          as: 'maker',
          code: 1,
          err: `Error from server (Forbidden): roles.rbac.authorization.k8s.io "more" is forbidden: user "maker" (groups=["makers" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:
{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}`,
        },
        {
          run: `kubectl patch role fine -n team --type=json -p '[{"op":"add","path":"/rules/0/verbs/-","value":"delete"}]'`,
          as: 'maker',
          code: 1,
          err: forbidden(`roles.rbac.authorization.k8s.io "fine" is forbidden: user "maker" (groups=["makers" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:
{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}`),
        },
        {
          run: 'kubectl create rolebinding fine -n team --role=fine --user=ana',
          as: 'maker',
          out: 'rolebinding.rbac.authorization.k8s.io/fine created',
        },
        {
          run: 'kubectl create rolebinding more -n team --clusterrole=metrics-reader --user=ana',
          as: 'maker',
          out: 'rolebinding.rbac.authorization.k8s.io/more created',
        },
        {
          run: 'kubectl create rolebinding most -n team --clusterrole=view --user=maker',
          as: 'maker',
          code: 1,
          err: /^error: failed to create rolebinding: rolebindings\.rbac\.authorization\.k8s\.io "most" is forbidden: user "maker" \(groups=\["makers" "system:authenticated"\]\) is attempting to grant RBAC permissions not currently held:\n\{APIGroups:\[""\], Resources:\["bindings"\], Verbs:\["get" "list" "watch"\]\}\n/,
        },
        {
          run: 'kubectl create rolebinding lost -n team --role=nowhere --user=maker',
          as: 'maker',
          code: 1,
          err: 'error: failed to create rolebinding: roles.rbac.authorization.k8s.io "nowhere" not found',
        },
        {
          run: 'kubectl get role,rolebinding -n team -o name',
          out: /^((?!more$|most|lost).|rolebinding.*more)*$/s,
        },
        {
          run: `kubectl patch rolebinding fine -n team -p '{"roleRef":{"name":"maker"}}'`,
          code: 1,
          err: 'The RoleBinding "fine" is invalid: roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"maker"}: cannot change roleRef',
        },
      ],
    );
  });

  describe('auth reconcile', () => {
    const role = 'clusterrole.rbac.authorization.k8s.io/reconciled reconciled';
    const binding = 'clusterrolebinding.rbac.authorization.k8s.io/reconciled reconciled';
    followSteps(
      () => terminal,
      [
        // What it did goes to standard error.
        {
          run: 'kubectl auth reconcile -f reconcile.yaml',
          out: `${role}\n${binding}`,
          err: `	reconciliation required create
	missing rules added:
		{Verbs:[get list] APIGroups:[] Resources:[pods] ResourceNames:[] NonResourceURLs:[]}
	reconciliation required create
	missing subjects added:
		{Kind:Group APIGroup:rbac.authorization.k8s.io Name:readers Namespace:}`,
        },
        { run: 'kubectl auth reconcile -f reconcile.yaml', out: `${role}\n${binding}` },
        {
          run: 'kubectl auth reconcile -f reconcileagain.yaml',
          out: `${role}\n${binding}`,
          err: `	reconciliation required update
	missing rules added:
		{Verbs:[watch] APIGroups:[] Resources:[pods] ResourceNames:[] NonResourceURLs:[]}
	reconciliation required recreate`,
        },
        {
          run: 'kubectl auth reconcile -f reconcileagain.yaml --remove-extra-permissions',
          out: `${role}\n${binding}`,
          err: /^\treconciliation required update\n\textra rules removed:\n\t\t\{Verbs:\[get\] APIGroups:\[\] Resources:\[pods\]/,
        },
        {
          run: "kubectl get clusterrolebinding reconciled -o jsonpath='{.roleRef.name} {.subjects[*].name}'",
          out: 'view writers',
        },
        // Not asked with a forbidden role: kubectl 1.35.2 itself panics on a 403 there (reconcile.go:293).
      ],
    );
  });
});

function root(version: KubectlVersion): string {
  return rawRoot(version, `/clusters/111122223333/us-east-1/auth-${version.replace('.', '-')}`);
}
