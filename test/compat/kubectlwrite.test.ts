/** Changing a cluster with stock kubectl: what it prints is what a real cluster prints (kubernetes-facts D4). */
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { alikeKubectlVersions } from './clients.ts';
import { type Expected, followSteps, openTerminal, type Terminal } from './kubectl.ts';
import { openScene, type Scene } from './scene.ts';
import { createCluster, createClusterRole } from './world.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await openScene();
  await createClusterRole(scene.root);
}, 120_000);

afterAll(() => scene?.close());

/** Since 1.34 kubectl says from where. */
const deleted = (...objects: readonly string[]): Expected => ({
  1.32: objects.map((object) => `${object} deleted`).join('\n'),
  1.34: objects.map((object) => `${object} deleted from team namespace`).join('\n'),
});

describe.each(alikeKubectlVersions)('kubectl %s writes', (version) => {
  let terminal: Terminal;

  beforeAll(async () => {
    const name = `write-${version.replace('.', '-')}`;
    await createCluster(scene.root, scene.connection, name);
    terminal = openTerminal(scene, name, version);
    expect(
      await terminal.sh(
        'kubectl create namespace team && kubectl config set-context --current --namespace=team',
      ),
    ).toMatchObject({ code: 0, stderr: '' });
  }, 120_000);

  describe('create', () => {
    followSteps(
      () => terminal,
      (
        [
          ['namespace other', 'namespace/other'],
          ['configmap settings --from-literal=a=1', 'configmap/settings'],
          ['secret generic login --from-literal=password=x', 'secret/login'],
          ['secret docker-registry registry --docker-username=a --docker-password=b', 'secret/registry'],
          ['serviceaccount robot', 'serviceaccount/robot'],
          ['deployment shop --image=registry.example/shop:1 --replicas=2 --port=80', 'deployment.apps/shop'],
          [
            'role reader --verb=get,list --resource=pods,deployments.apps',
            'role.rbac.authorization.k8s.io/reader',
          ],
          [
            'clusterrole metrics --verb=get --non-resource-url=/metrics',
            'clusterrole.rbac.authorization.k8s.io/metrics',
          ],
          ['rolebinding readers --role=reader --user=ana', 'rolebinding.rbac.authorization.k8s.io/readers'],
          [
            'rolebinding viewers --clusterrole=view --serviceaccount=team:robot',
            'rolebinding.rbac.authorization.k8s.io/viewers',
          ],
          [
            'clusterrolebinding scrapers --clusterrole=metrics --group=scrapers',
            'clusterrolebinding.rbac.authorization.k8s.io/scrapers',
          ],
          ['job once --image=registry.example/job:1', 'job.batch/once'],
          ["cronjob nightly --image=registry.example/job:1 --schedule='0 3 * * *'", 'cronjob.batch/nightly'],
          ['job now --from=cronjob/nightly', 'job.batch/now'],
          ['service clusterip inside --tcp=80:8080', 'service/inside'],
          ['service nodeport outside --tcp=80:8080', 'service/outside'],
          ['service externalname elsewhere --external-name=example.com', 'service/elsewhere'],
          ["ingress front --rule='shop.example.com/*=inside:80'", 'ingress.networking.k8s.io/front'],
          ['quota small --hard=pods=5', 'resourcequota/small'],
          ['poddisruptionbudget one --min-available=1 --selector=app=shop', 'poddisruptionbudget.policy/one'],
          ['priorityclass high --value=1000', 'priorityclass.scheduling.k8s.io/high'],
        ] as const
      ).map(([what, created]) => ({ run: `kubectl create ${what}`, out: `${created} created` })),
    );
    followSteps(
      () => terminal,
      [
        {
          run: 'kubectl create namespace third --dry-run=server',
          out: 'namespace/third created (server dry run)',
        },
        {
          run: 'kubectl get namespace third',
          code: 1,
          err: 'Error from server (NotFound): namespaces "third" not found',
        },
        {
          run: 'kubectl get role reader -o jsonpath={.rules}',
          out: '[{"apiGroups":[""],"resources":["pods"],"verbs":["get","list"]},{"apiGroups":["apps"],"resources":["deployments"],"verbs":["get","list"]}]',
        },
        { run: 'kubectl get secret login -o jsonpath={.data.password} | base64 -d', out: 'x' },
        {
          run: 'kubectl get cronjob,job --no-headers',
          out: /^cronjob\.batch\/nightly {2}0 3 \* \* \*[\s\S]*job\.batch\/now[\s\S]*job\.batch\/once/,
        },
        {
          run: 'kubectl get clusterrolebinding scrapers -o wide --no-headers',
          out: 'scrapers  ClusterRole/metrics  <age>    scrapers',
        },
        {
          run: 'kubectl create configmap settings',
          code: 1,
          err: 'error: failed to create configmap: configmaps "settings" already exists',
        },
        {
          run: 'kubectl create configmap settings -n nowhere',
          code: 1,
          err: 'error: failed to create configmap: namespaces "nowhere" not found',
        },
        {
          run: 'kubectl create namespace Wrong_Name',
          code: 1,
          err: /^The Namespace "Wrong_Name" is invalid: metadata\.name: Invalid value: "Wrong_Name": a lowercase RFC 1123 label must consist of/,
        },
        { run: 'kubectl create -f secret.json', out: 'secret/from-json created' },
        {
          run: 'kubectl create -f secret.json',
          code: 1,
          err: 'Error from server (AlreadyExists): error when creating "secret.json": secrets "from-json" already exists',
        },
        {
          run: 'kubectl create -f unknownfields.yaml',
          code: 1,
          err: 'Error from server (BadRequest): error when creating "unknownfields.yaml": Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.replica", unknown field "spec.template.spec.containers[0].imagee"',
        },
        {
          run: 'kubectl create -f unknownfields.yaml --validate=warn',
          out: 'deployment.apps/misspelt created',
          err: 'Warning: unknown field "spec.replica"\nWarning: unknown field "spec.template.spec.containers[0].imagee"',
        },
        {
          run: 'kubectl create -f unknownkind.yaml',
          code: 1,
          err: 'error: resource mapping not found for name: "one" namespace: "" from "unknownkind.yaml": no matches for kind "Widget" in version "example.com/v1"\nensure CRDs are installed first',
        },
      ],
    );
  });

  describe('apply, diff, replace and edit', () => {
    followSteps(
      () => terminal,
      [
        {
          run: 'kubectl delete configmap settings; kubectl delete role reader',
          out: deleted('configmap "settings"', 'role.rbac.authorization.k8s.io "reader"'),
        },
        { run: 'kubectl diff -f first.yaml', code: 1, out: /\+ {2}name: web\n/ },
        {
          run: 'kubectl apply -f first.yaml',
          out: 'configmap/settings created\ndeployment.apps/web created\nrole.rbac.authorization.k8s.io/reader created',
        },
        {
          run: 'kubectl apply -f first.yaml',
          out: 'configmap/settings unchanged\ndeployment.apps/web unchanged\nrole.rbac.authorization.k8s.io/reader unchanged',
        },
        { run: 'kubectl diff -f first.yaml' },
        {
          run: 'kubectl diff -f second.yaml',
          code: 1,
          out: /\n- {2,6}- image: registry\.example\/server:1\n\+ {2,6}- image: registry\.example\/server:2\n[\s\S]*\n- {2}color: blue\n\+ {2}color: green\n/,
        },
        {
          run: 'kubectl apply -f second.yaml --dry-run=server',
          out: 'configmap/settings configured (server dry run)\ndeployment.apps/web configured (server dry run)\nrole.rbac.authorization.k8s.io/reader unchanged (server dry run)',
        },
        {
          run: 'kubectl apply -f second.yaml',
          out: 'configmap/settings configured\ndeployment.apps/web configured\nrole.rbac.authorization.k8s.io/reader unchanged',
        },
        {
          run: "kubectl get deployment web -o jsonpath='{.metadata.generation} {.spec.template.spec.containers[*].image}'",
          out: '2 registry.example/server:2 registry.example/sidecar:1',
        },
        { run: 'kubectl apply -k kustomize', out: 'configmap/dev-kustomized created' },
        {
          run: 'kubectl apply -f unknownfields.yaml -n team',
          code: 1,
          err: /strict decoding error: .*unknown field "spec\.replica"/,
        },
        {
          // A `List` is checked by kubectl itself, against OpenAPI v2 (kubernetes-facts D2.4).
          run: 'kubectl get configmap,deployment,role -o yaml | sed s/containers:/container:/ | kubectl create -f -',
          code: 1,
          err: /^error: error validating "STDIN": error validating data: \[?ValidationError\(Deployment\.spec\.template\.spec\): (unknown field "container" in|missing required field "containers" in) io\.k8s\.api\.core\.v1\.PodSpec/,
        },
        {
          run: 'kubectl get configmap,deployment,role -o yaml | kubectl replace -f -',
          out: /^configmap\/dev-kustomized replaced\nconfigmap\/kube-root-ca\.crt replaced\n[\s\S]*role\.rbac\.authorization\.k8s\.io\/reader replaced$/,
        },
        {
          run: 'kubectl apply --server-side -f first.yaml',
          out: 'configmap/settings serverside-applied\ndeployment.apps/web serverside-applied\nrole.rbac.authorization.k8s.io/reader serverside-applied',
        },
        { run: 'kubectl get configmap settings -o jsonpath={.data.color}', out: 'blue' },
        {
          run: 'kubectl replace -f first.yaml',
          out: 'configmap/settings replaced\ndeployment.apps/web replaced\nrole.rbac.authorization.k8s.io/reader replaced',
        },
        {
          run: 'kubectl get configmap settings -o yaml | sed \'s/resourceVersion: .*/resourceVersion: "1"/\' | kubectl replace -f -',
          code: 1,
          err: 'Error from server (Conflict): error when replacing "STDIN": Operation cannot be fulfilled on configmaps "settings": the object has been modified; please apply your changes to the latest version and try again',
        },
        {
          run: 'sed s/from-json/not-there/ secret.json | kubectl replace -f -',
          code: 1,
          err: 'Error from server (NotFound): error when replacing "STDIN": secrets "not-there" not found',
        },
        {
          run: 'kubectl replace --force -f secret.json',
          out: {
            1.32: 'secret "from-json" deleted\nsecret/from-json replaced',
            1.34: 'secret "from-json" deleted from team namespace\nsecret/from-json replaced',
          },
        },
        {
          run: "KUBE_EDITOR='sed -i s/server:1/server:9/' kubectl edit deployment web",
          out: 'deployment.apps/web edited',
        },
        {
          run: "KUBE_EDITOR='sed -i s/nothing/else/' kubectl edit deployment web",
          err: 'Edit cancelled, no changes made.',
        },
        {
          run: "kubectl get deployment web -o jsonpath='{.spec.template.spec.containers[0].image}'",
          out: 'registry.example/server:9',
        },
        {
          run: "KUBE_EDITOR='sed -i s/^data:/date:/' kubectl edit configmap settings",
          code: 1,
          err: /^error: configmaps "settings" is invalid\nA copy of your changes has been stored to "\/tmp\/kubectl-edit-<n>\.yaml"\nerror: Edit cancelled, no valid changes were saved\.$/,
        },
      ],
    );
  });

  describe('patch, label and annotate', () => {
    followSteps(
      () => terminal,
      [
        {
          run: `kubectl patch configmap settings -p '{"data":{"size":"1"}}'`,
          out: 'configmap/settings patched',
        },
        {
          run: `kubectl patch configmap settings -p '{"data":{"size":"1"}}'`,
          out: 'configmap/settings patched (no change)',
        },
        {
          run: `kubectl patch configmap settings --type=merge -p '{"data":{"size":null,"color":"red"}}'`,
          out: 'configmap/settings patched',
        },
        {
          run: `kubectl patch configmap settings --type=json -p '[{"op":"add","path":"/data/shape","value":"round"}]'`,
          out: 'configmap/settings patched',
        },
        { run: 'kubectl get configmap settings -o jsonpath={.data}', out: '{"color":"red","shape":"round"}' },
        {
          run: `kubectl patch configmap settings --type=json -p '[{"op":"test","path":"/data/shape","value":"flat"}]'`,
          code: 1,
          err: 'The request is invalid: the server rejected our request due to an error in our request',
        },
        {
          run: `kubectl patch deployment web -p '{"spec":{"template":{"spec":{"containers":[{"name":"sidecar","image":"registry.example/sidecar:2"}]}}}}'`,
          out: 'deployment.apps/web patched',
        },
        {
          run: "kubectl get deployment web -o jsonpath='{.spec.template.spec.containers[*].image}'",
          out: 'registry.example/server:9 registry.example/sidecar:2',
        },
        {
          run: `kubectl patch deployment web --subresource=scale --type=merge -p '{"spec":{"replicas":4}}'`,
          out: 'scale.autoscaling/web patched',
        },
        {
          run: `kubectl patch deployment web --subresource=status --type=merge -p '{"spec":{"replicas":9},"status":{"replicas":4,"readyReplicas":3}}'`,
          out: 'deployment.apps/web patched',
        },
        { run: 'kubectl get deployment web --no-headers', out: 'web  3/4  0  0  <age>' },
        { run: 'kubectl label configmap settings env=test', out: 'configmap/settings labeled' },
        {
          run: 'kubectl label configmap settings env=live',
          code: 1,
          err: "error: 'env' already has a value (test), and --overwrite is false",
        },
        { run: 'kubectl label configmap settings env=live --overwrite', out: 'configmap/settings labeled' },
        { run: 'kubectl label configmap settings env-', out: 'configmap/settings unlabeled' },
        {
          run: 'kubectl label configmap settings "env=not allowed"',
          code: 1,
          err: /invalid label value: "env=not allowed"/,
        },
        { run: 'kubectl annotate configmap settings note=hello', out: 'configmap/settings annotated' },
        { run: 'kubectl get configmap settings -o jsonpath={.metadata.annotations.note}', out: 'hello' },
        {
          run: 'kubectl patch configmap nope -p {}',
          code: 1,
          err: 'Error from server (NotFound): configmaps "nope" not found',
        },
      ],
    );
  });

  describe('set, scale, rollout, expose and run', () => {
    followSteps(
      () => terminal,
      [
        {
          run: 'kubectl set image deployment/web server=registry.example/server:10',
          out: 'deployment.apps/web image updated',
        },
        { run: 'kubectl set env deployment/web COLOR=blue', out: 'deployment.apps/web env updated' },
        { run: 'kubectl scale deployment web --replicas=3', out: 'deployment.apps/web scaled' },
        {
          run: 'kubectl scale deployment web --replicas=5 --current-replicas=4',
          code: 1,
          err: 'error: Expected replicas to be 4, was 3',
        },
        {
          run: 'kubectl scale deployment nope --replicas=3',
          code: 1,
          err: {
            1.32: 'error: no objects passed to scale deployments.apps "nope" not found',
            1.35: 'Error from server (NotFound): deployments.apps "nope" not found',
          },
        },
        { run: 'kubectl rollout restart deployment web', out: 'deployment.apps/web restarted' },
        { run: 'kubectl rollout pause deployment web', out: 'deployment.apps/web paused' },
        { run: 'kubectl rollout resume deployment web', out: 'deployment.apps/web resumed' },
        {
          run: 'kubectl rollout history deployment web',
          out: 'deployment.apps/web\nNo rollout history found.',
        },
        {
          run: 'kubectl rollout status deployment web --timeout=1s',
          code: 1,
          out: 'Waiting for deployment spec update to be observed...',
          err: 'error: timed out waiting for the condition',
        },
        {
          run: `G=$(kubectl get deployment web -o jsonpath={.metadata.generation})
            kubectl patch deployment web --subresource=status -p "{\\"status\\":{\\"observedGeneration\\":$G,\\"replicas\\":3,\\"updatedReplicas\\":3,\\"readyReplicas\\":3,\\"availableReplicas\\":3}}"
            kubectl rollout status deployment web --timeout=10s`,
          out: 'deployment.apps/web patched\ndeployment "web" successfully rolled out',
        },
        {
          run: 'kubectl autoscale deployment web --max=5',
          out: 'horizontalpodautoscaler.autoscaling/web autoscaled',
        },
        { run: 'kubectl expose deployment web --port=80', out: 'service/web exposed' },
        { run: 'kubectl get service web --no-headers', out: 'web  ClusterIP  <none>  <none>  80/TCP  <age>' },
        { run: 'kubectl run tool --image=registry.example/tool:1', out: 'pod/tool created' },
        {
          run: 'kubectl run tool --image=registry.example/tool:1',
          code: 1,
          err: 'Error from server (AlreadyExists): pods "tool" already exists',
        },
      ],
    );
  });

  describe('delete', () => {
    followSteps(
      () => terminal,
      [
        {
          run: 'kubectl delete configmap settings --dry-run=server',
          out: {
            1.32: 'configmap "settings" deleted (server dry run)',
            1.34: 'configmap "settings" deleted from team namespace (server dry run)',
          },
        },
        { run: 'kubectl delete configmap settings', out: deleted('configmap "settings"') },
        {
          run: 'kubectl delete configmap settings',
          code: 1,
          err: 'Error from server (NotFound): configmaps "settings" not found',
        },
        { run: 'kubectl delete configmap settings --ignore-not-found' },
        { run: 'kubectl delete pods -l run=tool', out: deleted('pod "tool"') },
        { run: 'kubectl delete pods -l run=tool', out: 'No resources found' },
        {
          run: 'kubectl delete deployments --all',
          out: deleted('deployment.apps "misspelt"', 'deployment.apps "shop"', 'deployment.apps "web"'),
        },
        {
          run: `kubectl create configmap held -o name; kubectl patch configmap held -p '{"metadata":{"finalizers":["example.com/hold"]}}'; kubectl delete configmap held --wait=false; kubectl get configmap held -o jsonpath={.metadata.deletionTimestamp}`,
          out: /^configmap\/held\nconfigmap\/held patched\nconfigmap "held" deleted( from team namespace)?\n<time>$/,
        },
        {
          run: `kubectl patch configmap held -p '{"metadata":{"finalizers":null}}'; kubectl get configmap held`,
          code: 1,
          out: 'configmap/held patched',
          err: 'Error from server (NotFound): configmaps "held" not found',
        },
        {
          run: 'kubectl delete namespace team other --timeout=20s',
          out: 'namespace "team" deleted\nnamespace "other" deleted',
        },
        {
          run: 'kubectl get namespace team',
          code: 1,
          err: 'Error from server (NotFound): namespaces "team" not found',
        },
        { run: 'kubectl get all,configmaps,secrets,roles', err: 'No resources found in team namespace.' },
        ...['default', 'kube-system', 'kube-public'].map((name) => ({
          run: `kubectl delete namespace ${name}`,
          code: 1,
          err: `Error from server (Forbidden): namespaces "${name}" is forbidden: this namespace may not be deleted`,
        })),
      ],
    );
  });
});
