/** Nodes as data, and what needs something that runs: kubectl says clearly that a built-in cluster has none of it. */
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { alikeKubectlVersions } from './clients.ts';
import { followSteps, openTerminal, type Terminal } from './kubectl.ts';
import { openScene, type Scene } from './scene.ts';
import { createCluster, createClusterRole } from './world.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await openScene();
  await createClusterRole(scene.root);
}, 120_000);

afterAll(() => scene?.close());

describe.each(alikeKubectlVersions)('kubectl %s', (version) => {
  let terminal: Terminal;

  beforeAll(async () => {
    const name = `nodes-${version.replace('.', '-')}`;
    await createCluster(scene.root, scene.connection, name);
    terminal = openTerminal(scene, name, version);
    expect(await terminal.sh('kubectl apply -f workloads.yaml')).toMatchObject({ code: 0, stderr: '' });
  }, 120_000);

  describe('cordons, taints and drains nodes', () => {
    followSteps(
      () => terminal,
      [
        { run: 'kubectl cordon node-1', out: 'node/node-1 cordoned' },
        { run: 'kubectl cordon node-1', out: 'node/node-1 already cordoned' },
        {
          run: 'kubectl get nodes --no-headers',
          out: 'node-1  Ready,SchedulingDisabled  worker  <age>  v1.35.0',
        },
        { run: 'kubectl uncordon node-1', out: 'node/node-1 uncordoned' },
        { run: 'kubectl cordon nope', code: 1, err: /nodes "nope" not found/ },
        { run: 'kubectl taint node node-1 dedicated=db:NoSchedule', out: 'node/node-1 tainted' },
        {
          run: 'kubectl get node node-1 -o jsonpath={.spec.taints}',
          out: '[{"effect":"NoSchedule","key":"dedicated","value":"db"}]',
        },
        { run: 'kubectl taint node node-1 dedicated-', out: 'node/node-1 untainted' },
        {
          run: 'kubectl drain node-1 --dry-run=client --force',
          out: `node/node-1 cordoned (dry run)
evicting pod team/db-1 (dry run)
evicting pod team/web-1 (dry run)
node/node-1 drained (dry run)`,
          err: 'Warning: deleting Pods that declare no controller: team/db-1, team/web-1',
        },
        {
          run: 'kubectl drain node-1 --dry-run=client',
          code: 1,
          out: /cordoned \(dry run\)/,
          err: /declare no controller/,
        },
        { run: 'kubectl get pods -n team -o name', out: 'pod/db-1\npod/web-1' },
        {
          run: 'kubectl drain node-1 --force --timeout=20s',
          out: /node\/node-1 drained$/,
          err: /^Warning: deleting Pods/,
        },
        { run: 'kubectl get pods -n team', err: 'No resources found in team namespace.' },
        { run: 'kubectl delete node node-1', out: 'node "node-1" deleted' },
      ],
    );
  });

  describe('says what a built-in cluster does not have', () => {
    const missing = (what: string): RegExp =>
      new RegExp(
        `${what} is not available in a built-in cluster: objects are stored and watched, nothing is run`,
      );
    followSteps(
      () => terminal,
      [
        {
          run: `kubectl apply -f workloads.yaml | tail -1; kubectl patch pod web-1 -n team --subresource=status -p '{"status":{"phase":"Running"}}'`,
          out: 'event/web-1.started unchanged\npod/web-1 patched',
        },
        { run: 'kubectl logs web-1 -n team', code: 1, err: missing('pods/log') },
        { run: 'kubectl exec web-1 -n team -- ls', code: 1, err: missing('pods/exec') },
        { run: 'kubectl attach web-1 -n team', code: 1, err: missing('pods/attach'), out: /.*/ },
        { run: 'kubectl port-forward pod/web-1 0:80 -n team', code: 1, err: missing('pods/portforward') },
        { run: 'kubectl cp team/web-1:/etc/hosts hosts', code: 1, err: missing('pods/exec') },
        { run: 'kubectl top nodes', code: 1, err: 'error: Metrics API not available' },
        { run: 'kubectl top pods -n team', code: 1, err: 'error: Metrics API not available' },
      ],
    );
  });
});
