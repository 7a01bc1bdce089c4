/** Reading a cluster with stock kubectl: what it prints is what a real cluster prints (kubernetes-facts D1 to D3). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alikeKubectlVersions, type KubectlVersion } from './clients.ts';
import { followSteps, openTerminal, rawRoot, type Terminal } from './kubectl.ts';
import { until } from './process.ts';
import { openScene, type Scene } from './scene.ts';
import { createCluster, createClusterRole } from './world.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await openScene();
  await createClusterRole(scene.root);
}, 120_000);

afterAll(() => scene?.close());

describe.each(alikeKubectlVersions)('kubectl %s reads', (version) => {
  let terminal: Terminal;

  beforeAll(async () => {
    const name = `read-${version.replace('.', '-')}`;
    await createCluster(scene.root, scene.connection, name);
    terminal = openTerminal(scene, name, version);
    expect(await terminal.sh('kubectl apply -f workloads.yaml')).toMatchObject({ code: 0, stderr: '' });
  }, 120_000);

  describe('what the server is', () => {
    followSteps(
      () => terminal,
      [
        {
          run: 'kubectl version',
          out: /^Client Version: v1\.\d+\.\d+\nKustomize Version: .*\nServer Version: v1\.35\.0-entryway/,
          err: { 1.32: /^WARNING: version difference between client \(1\.3[23]\) and server/, 1.34: '' },
        },
        {
          run: 'kubectl version -o json | grep -c gitVersion',
          out: '2',
          err: { 1.32: /^WARNING: version difference/, 1.34: '' },
        },
        {
          run: 'kubectl cluster-info',
          out: /^\S*Kubernetes control plane\S* is running at \S*https:\/\/127\.0\.0\.1:\d+\/clusters\/\d{12}\/us-east-1\/read-1-3\d\S*\n\n\S*To further debug/,
        },
        {
          run: 'kubectl cluster-info dump -n team --output-directory=dump',
          out: 'Cluster info dumped to dump',
        },
        {
          run: 'kubectl api-resources --api-group=rbac.authorization.k8s.io',
          out: `NAME                  SHORTNAMES   APIVERSION                     NAMESPACED   KIND
clusterrolebindings                rbac.authorization.k8s.io/v1   false        ClusterRoleBinding
clusterroles                       rbac.authorization.k8s.io/v1   false        ClusterRole
rolebindings                       rbac.authorization.k8s.io/v1   true         RoleBinding
roles                              rbac.authorization.k8s.io/v1   true         Role`,
        },
        {
          run: 'kubectl api-resources --api-group=apps -o wide | tail -1',
          out: 'statefulsets  sts  apps/v1  true  StatefulSet  create,delete,deletecollection,get,list,patch,update,watch  all',
        },
        {
          run: 'kubectl api-resources --categories=all -o name',
          out: `pods
replicationcontrollers
services
daemonsets.apps
deployments.apps
replicasets.apps
statefulsets.apps
horizontalpodautoscalers.autoscaling
cronjobs.batch
jobs.batch`,
        },
        {
          run: 'kubectl api-versions | grep -E "^(v1|apps|batch|rbac)"',
          out: 'apps/v1\nbatch/v1\nrbac.authorization.k8s.io/v1\nv1',
        },
        { run: 'kubectl get --raw "$ROOT/healthz"', out: 'ok' },
        {
          run: 'kubectl get --raw "$ROOT/api/v1/namespaces/team?pretty=false"',
          out: /^\{"kind":"Namespace"/,
        },
        {
          run: 'kubectl get --raw "$ROOT/api/v1/namespaces/team/pods/nope"',
          code: 1,
          err: 'Error from server (NotFound): pods "nope" not found',
        },
        {
          run: 'kubectl get --raw "$ROOT/nope"',
          code: 1,
          err: 'Error from server (NotFound): the server could not find the requested resource',
        },
      ].map((step) => ({ ...step, run: step.run.replaceAll('$ROOT', rawPrefix(version)) })),
    );
  });

  describe('objects', () => {
    followSteps(
      () => terminal,
      [
        {
          run: 'kubectl get nodes',
          out: 'NAME  STATUS  ROLES  AGE  VERSION\nnode-1  Ready  worker  <age>  v1.35.0',
        },
        {
          run: 'kubectl get nodes -o wide --no-headers',
          out: 'node-1  Ready  worker  <age>  v1.35.0  192.0.2.1  <none>  Example Linux  6.1.0  containerd://2.0.0',
        },
        {
          run: 'kubectl get namespaces --no-headers',
          out: ['default', 'kube-node-lease', 'kube-public', 'kube-system', 'team']
            .map((name) => `${name}  Active  <age>`)
            .join('\n'),
        },
        {
          run: 'kubectl get pods -n team',
          out: `NAME  READY  STATUS  RESTARTS  AGE
db-1  0/1  Pending  0  <age>
web-1  0/1  Pending  0  <age>`,
        },
        {
          run: 'kubectl get pods -n team -o wide --no-headers',
          out: `db-1  0/1  Pending  0  <age>  <none>  node-1  <none>  <none>
web-1  0/1  Pending  0  <age>  <none>  node-1  <none>  <none>`,
        },
        {
          run: 'kubectl get all -n team',
          out: `NAME  READY  STATUS  RESTARTS  AGE
pod/db-1  0/1  Pending  0  <age>
pod/web-1  0/1  Pending  0  <age>

NAME  TYPE  CLUSTER-IP  EXTERNAL-IP  PORT(S)  AGE
service/web  ClusterIP  10.100.7.7  <none>  80/TCP  <age>

NAME  READY  UP-TO-DATE  AVAILABLE  AGE
deployment.apps/web  0/2  0  0  <age>`,
        },
        {
          run: 'kubectl get services -A',
          out: `NAMESPACE  NAME  TYPE  CLUSTER-IP  EXTERNAL-IP  PORT(S)  AGE
default  kubernetes  ClusterIP  10.100.0.1  <none>  443/TCP  <age>
team  web  ClusterIP  10.100.7.7  <none>  80/TCP  <age>`,
        },
        {
          run: 'kubectl get deployments,roles -n team',
          out: `NAME  READY  UP-TO-DATE  AVAILABLE  AGE
deployment.apps/web  0/2  0  0  <age>

NAME  CREATED AT
role.rbac.authorization.k8s.io/pod-reader  <time>`,
        },
        {
          run: 'kubectl get deploy/web svc/web -n team -o name',
          out: 'deployment.apps/web\nservice/web',
        },
        { run: 'kubectl get pods -n team -l app=web -o name', out: 'pod/web-1' },
        { run: "kubectl get pods -n team -l 'app in (web,db),tier!=front' -o name", out: 'pod/db-1' },
        { run: "kubectl get pods -n team -l '!app'", err: 'No resources found in team namespace.' },
        {
          run: 'kubectl get pods -A --field-selector spec.nodeName=node-1 -o name',
          out: 'pod/db-1\npod/web-1',
        },
        {
          run: 'kubectl get pods -n team --field-selector metadata.name=web-1,status.phase!=Running -o name',
          out: 'pod/web-1',
        },
        {
          run: 'kubectl get pods -n team --field-selector spec.color=red',
          code: 1,
          err: 'Error from server (BadRequest): Unable to find "/v1, Resource=pods" that match label selector "", field selector "spec.color=red": field label not supported: spec.color',
        },
        {
          run: 'kubectl get pods -n team --sort-by=.spec.containers[0].name -o name',
          out: 'pod/db-1\npod/web-1',
        },
        {
          run: 'kubectl get pods -n team --sort-by=.metadata.labels.tier --no-headers',
          out: 'db-1  0/1  Pending  0  <age>\nweb-1  0/1  Pending  0  <age>',
        },
        {
          run: 'kubectl get pods -n team -L app --show-labels --no-headers',
          out: `db-1  0/1  Pending  0  <age>  db  app=db,tier=back
web-1  0/1  Pending  0  <age>  web  app=web,tier=front`,
        },
        {
          run: 'kubectl get pod web-1 -n team --show-kind --no-headers',
          out: 'pod/web-1  0/1  Pending  0  <age>',
        },
        { run: "kubectl get pod web-1 -n team -o jsonpath='{.spec.nodeName}'", out: 'node-1' },
        {
          run: 'kubectl get pods -n team -o custom-columns=POD:.metadata.name,IMAGE:.spec.containers[*].image',
          out: 'POD  IMAGE\ndb-1  registry.example/database:1\nweb-1  registry.example/server:1',
        },
        {
          run: "kubectl get pods -n team -o go-template='{{range .items}}{{.metadata.name}} {{end}}'",
          out: 'db-1 web-1',
        },
        {
          run: 'kubectl get namespace team -o yaml',
          out: /^apiVersion: v1\nkind: Namespace\nmetadata:\n[\s\S]* {4}kubernetes\.io\/metadata\.name: team\n {2}name: team\n {2}resourceVersion: "\d+"\n {2}uid: <uid>\nspec:\n {2}finalizers:\n {2}- kubernetes\nstatus:\n {2}phase: Active$/,
        },
        { run: 'kubectl get pods -n team -o json | grep -c \'"kind": "Pod"\'', out: '2' },
        { run: 'kubectl get clusterroles --chunk-size=7 -o name | sort | uniq | wc -l', out: /^\s*[5-9]\d$/ },
        {
          run: 'diff <(kubectl get clusterroles --chunk-size=7 -o name) <(kubectl get clusterroles --chunk-size=0 -o name)',
        },
        { run: 'kubectl get serviceaccounts -n team -o name', out: 'serviceaccount/default' },
        {
          run: 'kubectl get deployment web -n team --subresource=scale -o jsonpath={.kind}/{.spec.replicas}',
          out: 'Scale/2',
        },
        {
          run: 'kubectl get events -n team',
          out: 'LAST SEEN  TYPE  REASON  OBJECT  MESSAGE\n<age>  Normal  Started  pod/web-1  started container server',
        },
        {
          run: 'kubectl events -n team',
          out: 'LAST SEEN  TYPE  REASON  OBJECT  MESSAGE\n<unknown>  Normal  Started  Pod/web-1  started container server',
        },
      ],
    );
  });

  describe('what is not there', () => {
    followSteps(
      () => terminal,
      [
        { run: 'kubectl get pods', err: 'No resources found in default namespace.' },
        { run: 'kubectl get pods -n nowhere', err: 'No resources found in nowhere namespace.' },
        { run: 'kubectl get persistentvolumes', err: 'No resources found' },
        {
          run: 'kubectl get pod nope -n team',
          code: 1,
          err: 'Error from server (NotFound): pods "nope" not found',
        },
        {
          run: 'kubectl get deployment nope -n team',
          code: 1,
          err: 'Error from server (NotFound): deployments.apps "nope" not found',
        },
        {
          run: 'kubectl get pod nope -n nowhere',
          code: 1,
          err: 'Error from server (NotFound): namespaces "nowhere" not found',
        },
        {
          run: 'kubectl get pod/web-1 pod/nope -n team -o name',
          code: 1,
          out: 'pod/web-1',
          err: 'Error from server (NotFound): pods "nope" not found',
        },
        { run: 'kubectl get pod nope -n team --ignore-not-found' },
        {
          run: 'kubectl get widgets',
          code: 1,
          err: 'error: the server doesn\'t have a resource type "widgets"',
        },
        {
          run: 'kubectl describe pod nope -n team',
          code: 1,
          err: 'Error from server (NotFound): pods "nope" not found',
        },
      ],
    );
  });

  describe('descriptions', () => {
    followSteps(
      () => terminal,
      [
        {
          run: 'kubectl describe pod web-1 -n team',
          out: /^Name:\s+web-1\nNamespace:\s+team\n[\s\S]*Status:\s+Pending\n[\s\S]*Image:\s+registry\.example\/server:1\n\s+Port:\s+8080\/TCP\n[\s\S]*QoS Class:\s+BestEffort\n[\s\S]*Events:/,
        },
        {
          run: 'kubectl describe deployment web -n team',
          out: /^Name:\s+web\n[\s\S]*Selector:\s+app=web\nReplicas:\s+2 desired \| 0 updated \| 0 total \| 0 available \| 0 unavailable\n[\s\S]*Image:\s+registry\.example\/server:1\n/,
        },
        {
          run: 'kubectl describe node node-1',
          out: /^Name:\s+node-1\nRoles:\s+worker\n[\s\S]*Ready\s+True[\s\S]*KubeletReady[\s\S]*Non-terminated Pods:\s+\(2 in total\)\n[\s\S]*team\s+web-1\s+0 \(0%\)/,
        },
        {
          run: 'kubectl describe namespace team',
          out: `Name:  team
Labels:  kubernetes.io/metadata.name=team
Annotations:  <none>
Status:  Active

No resource quota.

No LimitRange resource.`,
        },
        {
          run: 'kubectl describe role pod-reader -n team',
          out: /PolicyRule:\n\s+Resources\s+Non-Resource URLs\s+Resource Names\s+Verbs\n[\s\S]*deployments\.apps\s+\[\]\s+\[web\]\s+\[get\]/,
        },
        { run: 'kubectl describe clusterrole view', out: /pods\/log\s+\[\]\s+\[\]\s+\[get list watch\]/ },
        {
          run: 'kubectl describe service web -n team',
          out: /^Name:\s+web\n[\s\S]*IP:\s+10\.100\.7\.7\n[\s\S]*Port:\s+http {2}80\/TCP\nTargetPort:\s+8080\/TCP\n/,
        },
        {
          run: 'kubectl describe configmap kube-root-ca.crt -n team',
          out: /ca\.crt:\n----\n-----BEGIN CERTIFICATE-----/,
        },
      ],
    );
  });

  describe('the schema', () => {
    followSteps(
      () => terminal,
      [
        {
          run: 'kubectl explain pod.spec.containers.image',
          out: /^KIND:\s+Pod\nVERSION:\s+v1\n\nFIELD: image <string>/,
        },
        {
          run: 'kubectl explain deployments --recursive',
          out: /^GROUP:\s+apps\nKIND:\s+Deployment\nVERSION:\s+v1\n[\s\S]*\n {6}template\t<PodTemplateSpec>|<PodTemplateSpec>/,
        },
        {
          run: 'kubectl explain deployment.spec.strategy',
          out: `GROUP:      apps
KIND:       Deployment
VERSION:    v1

FIELD: strategy <DeploymentStrategy>


DESCRIPTION:
    How old pods are replaced by new ones.
    
FIELDS:
  rollingUpdate	<RollingUpdateDeployment>
    How many pods are replaced at a time; only for the type RollingUpdate.

  type	<string>
  enum: Recreate, RollingUpdate
    Little by little, or all at once.

`,
        },
        {
          run: 'kubectl explain role.rules --output plaintext-openapiv2',
          out: /^KIND:\s+Role\nVERSION:\s+rbac[\s\S]*resourceNames\s+<\[\]string>[\s\S]*verbs\s+<\[\]string> -required-/,
        },
        {
          run: 'kubectl explain pod.spec.nope',
          code: 1,
          out: /^KIND:\s+Pod/,
          err: 'error: field "nope" does not exist',
        },
        { run: 'kubectl explain widgets', code: 1, err: `the server doesn't have a resource type "widgets"` },
      ],
    );
  });

  describe('waiting', () => {
    followSteps(
      () => terminal,
      [
        {
          run: "kubectl wait --for=jsonpath='{.status.phase}'=Pending pod/web-1 -n team --timeout=10s",
          out: 'pod/web-1 condition met',
        },
        { run: 'kubectl wait --for=delete pod/nope -n team --timeout=10s' },
        { run: 'kubectl wait --for=create pod/web-1 -n team --timeout=10s', out: 'pod/web-1 condition met' },
        {
          run: 'kubectl wait --for=condition=Ready pod/web-1 -n team --timeout=1s',
          code: 1,
          err: 'error: timed out waiting for the condition on pods/web-1',
        },
      ],
    );
  });

  test('a watch prints an event for each later change', async () => {
    const watch = terminal.start(
      'kubectl get configmaps -n team -l watched=yes -w --output-watch-events --no-headers',
    );
    const printed = (word: string) => until(() => watch.printed().includes(word), `${word} is printed`);
    try {
      await terminal.sh(
        'kubectl create configmap seen -n team; kubectl label configmap seen -n team watched=yes',
      );
      await printed('ADDED');
      await terminal.sh('kubectl label configmap seen -n team more=yes');
      await printed('MODIFIED');
      await terminal.sh('kubectl delete configmap seen -n team');
      await printed('DELETED');
      const events = watch.printed().trim().split('\n');
      expect(events.map((line) => line.split(/\s+/).slice(0, 2))).toEqual([
        ['ADDED', 'seen'],
        ['MODIFIED', 'seen'],
        ['DELETED', 'seen'],
      ]);
    } finally {
      await watch.stop();
    }
  });

  test.each([
    [
      'a condition that a status patch sets',
      'kubectl create deployment late --image=registry.example/late:1 -n team',
      '--for=condition=Available deployment/late',
      `kubectl patch deployment late -n team --subresource=status -p '{"status":{"observedGeneration":1,"conditions":[{"type":"Available","status":"True"}]}}'`,
      'deployment.apps/late condition met\n',
    ],
    [
      'a value that a patch writes',
      'kubectl create configmap late -n team',
      "--for=jsonpath='{.data.done}'=yes configmap/late",
      `kubectl patch configmap late -n team -p '{"data":{"done":"yes"}}'`,
      'configmap/late condition met\n',
    ],
    [
      'a deletion',
      'kubectl create configmap fading -n team',
      '--for=delete configmap/fading',
      'kubectl delete configmap fading -n team --wait=false',
      'configmap/fading condition met\n',
    ],
  ])('wait sees %s while it waits', async (_, before, awaited, change, printed) => {
    expect(await terminal.sh(before)).toMatchObject({ code: 0 });
    const waiting = terminal.start(`kubectl wait ${awaited} -n team --timeout=20s -v=6`);
    try {
      await until(() => /watch=true/.test(waiting.logged()), 'kubectl watches');
      expect(await terminal.sh(change)).toMatchObject({ code: 0, stderr: '' });
      expect(await waiting.ended).toBe(0);
      expect(waiting.printed()).toBe(printed);
    } finally {
      await waiting.stop();
    }
  });

  test('the exec plugin alone opens the cluster', async () => {
    expect(
      await terminal.sh(`KUBECONFIG=${terminal.execConfig('creator')} kubectl get namespace team -o name`),
    ).toEqual({
      code: 0,
      stdout: 'namespace/team\n',
      stderr: '',
    });
  });
});

function rawPrefix(version: KubectlVersion): string {
  return rawRoot(version, `/clusters/111122223333/us-east-1/read-${version.replace('.', '-')}`);
}
