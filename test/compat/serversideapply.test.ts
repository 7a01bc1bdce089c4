/** Server-side apply with stock kubectl (kubernetes-facts D4.6, E13, E14): who owns which field, and who must ask. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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

const settings = (data: Record<string, string>): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n${Object.entries(data)
    .map(([key, value]) => `  ${key}: ${value}\n`)
    .join('')}`;

const applied = (data: Record<string, string>, flags = ''): string =>
  `kubectl apply --server-side ${flags} -f - <<'END'\n${settings(data)}END`;

const hint = (conflict: string): string => `error: ${conflict}
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the \`--force-conflicts\` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts`;

const managers = `kubectl get configmap settings --show-managed-fields -o jsonpath='{range .metadata.managedFields[*]}{.manager} {.operation} {.fieldsV1}{"\\n"}{end}'`;
const data = `kubectl get configmap settings -o jsonpath='{.data}'`;

describe.each(alikeKubectlVersions)('kubectl %s', (version) => {
  let terminal: Terminal;

  beforeAll(async () => {
    const name = `apply-${version.replace('.', '-')}`;
    await createCluster(scene.root, scene.connection, name);
    terminal = openTerminal(scene, name, version);
  }, 120_000);

  describe('applies on the server', () => {
    followSteps(
      () => terminal,
      [
        { run: applied({ color: 'red', size: 'big' }), out: 'configmap/settings serverside-applied' },
        { run: managers, out: 'kubectl Apply {"f:data":{"f:color":{},"f:size":{}}}' },
        { run: 'kubectl get configmap settings -o yaml | grep -c managedFields', code: 1, out: '0' },
        {
          run: `${versionInto('before')}\n${applied({ color: 'red', size: 'big' })}\n${versionInto('after')}; cmp before after`,
          out: 'configmap/settings serverside-applied',
        },
        { run: applied({ color: 'blue', size: 'big' }), out: 'configmap/settings serverside-applied' },
        { run: applied({ color: 'blue' }), out: 'configmap/settings serverside-applied' },
        { run: data, out: '{"color":"blue"}' },
        {
          run: applied({ color: 'green' }, '--field-manager=other'),
          code: 1,
          err: hint('Apply failed with 1 conflict: conflict with "kubectl": .data.color'),
        },
        {
          run: applied({ color: 'blue', shape: 'round' }, '--field-manager=other'),
          out: 'configmap/settings serverside-applied',
        },
        {
          run: managers,
          out: 'kubectl Apply {"f:data":{"f:color":{}}}\nother Apply {"f:data":{"f:color":{},"f:shape":{}}}',
        },
        { run: applied({ size: 'small' }), out: 'configmap/settings serverside-applied' },
        { run: data, out: '{"color":"blue","shape":"round","size":"small"}' },
        {
          run: applied({ color: 'green', shape: 'flat' }, '--dry-run=server'),
          code: 1,
          err: hint('Apply failed with 2 conflicts: conflicts with "other":\n- .data.color\n- .data.shape'),
        },
        {
          run: applied({ color: 'green', shape: 'flat' }, '--force-conflicts'),
          out: 'configmap/settings serverside-applied',
        },
        { run: managers, out: 'kubectl Apply {"f:data":{"f:color":{},"f:shape":{}}}' },
        { run: data, out: '{"color":"green","shape":"flat"}' },
        {
          run: `kubectl patch configmap settings --type=merge -p '{"data":{"color":"gray"}}'`,
          out: 'configmap/settings patched',
        },
        {
          run: applied({ color: 'green', shape: 'flat' }),
          code: 1,
          err: hint('Apply failed with 1 conflict: conflict with "kubectl-patch" using v1: .data.color'),
        },
        {
          run: 'kubectl apply --server-side -f - <<< \'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"odd"},"datas":{}}\'',
          code: 1,
          err: 'Error from server (BadRequest): failed to create typed patch object (default/odd; /v1, Kind=ConfigMap): .datas: field not declared in schema',
        },
      ],
    );
  });

  describe('tells the difference first', () => {
    followSteps(
      () => terminal,
      [
        {
          run: `kubectl diff --server-side --force-conflicts -f - <<'END' | grep '^[+-] '\n${settings({ color: 'pink', shape: 'flat' })}END`,
          out: '-  color: gray\n+  color: pink',
        },
        { run: data, out: '{"color":"gray","shape":"flat"}' },
      ],
    );
  });

  describe('workloads', () => {
    followSteps(
      () => terminal,
      [
        { run: 'kubectl create namespace team', out: 'namespace/team created' },
        { run: 'kubectl apply --server-side -f workloads.yaml', out: /serverside-applied\n/ },
        { run: 'kubectl apply --server-side -f workloads.yaml', out: /serverside-applied\n/ },
        { run: 'kubectl scale -n team deployment web --replicas=5', out: 'deployment.apps/web scaled' },
        {
          run: `kubectl get -n team deployment web --show-managed-fields -o jsonpath='{range .metadata.managedFields[*]}{.manager} {.operation} {.subresource}{"\\n"}{end}'`,
          out: 'kubectl Apply\nkubectl Update scale',
        },
        {
          run: 'kubectl apply --server-side -f workloads.yaml 2>&1 >/dev/null | head -1',
          out: 'error: Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas',
        },
      ],
    );
  });

  describe('moves from client-side apply', () => {
    const manifest = (color: string): string =>
      settings({ color, size: 'big' }).replace('settings', 'moving');
    const both = `kubectl get configmap moving --show-managed-fields -o jsonpath='{range .metadata.managedFields[*]}{.manager} {.operation}{"\\n"}{end}'`;

    followSteps(
      () => terminal,
      [
        {
          run: `kubectl apply -f - <<'END'\n${manifest('red')}END`,
          out: 'configmap/moving created',
        },
        { run: both, out: 'kubectl-client-side-apply Update' },
        {
          run: `kubectl apply --server-side -f - <<'END'\n${manifest('blue')}END`,
          out: 'configmap/moving serverside-applied',
        },
        { run: both, out: 'kubectl Apply\nkubectl-last-applied Apply' },
        {
          run: `kubectl apply --server-side -f - <<'END'\n${manifest('blue').replace('  size: big\n', '')}END`,
          out: 'configmap/moving serverside-applied',
        },
        { run: `kubectl get configmap moving -o jsonpath='{.data}'`, out: '{"color":"blue"}' },
      ],
    );

    test('the annotation goes on to tell what was applied', async () => {
      const { stdout } = await terminal.sh('kubectl apply view-last-applied configmap/moving -o json');
      expect(JSON.parse(stdout)).toMatchObject({ data: { color: 'blue' } });
    });
  });
});

function versionInto(file: string): string {
  return `kubectl get configmap settings -o jsonpath='{.metadata.resourceVersion}' > ${file}`;
}
