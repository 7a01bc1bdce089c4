/**
 * What people install, in small: an operator, an ingress controller, a metrics stack, a GitOps tool. Stock kubectl applies
 * each, upgrades it with pruning and deletes it, and nothing of it is left (kubernetes-facts D4).
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKubernetesClient } from '../../src/clients/kubernetes.ts';
import { discover } from '../../src/embedded/discovery.ts';
import { type KubectlVersion, kubectlVersions } from './clients.ts';
import { openTerminal, type Terminal } from './kubectl.ts';
import type { KubernetesUser } from './kubernetes.ts';
import { openScene, type Scene } from './scene.ts';
import { createCluster, createClusterRole, rootKeys } from './world.ts';

interface Install {
  readonly name: string;
  readonly partOf: string;
  /** What the first version has and the second has not. */
  readonly pruned: string;
  /** Commands run between the first version and the second, with what they print. */
  readonly used?: readonly (readonly [command: string, printed: string | RegExp])[];
}

const installs: readonly Install[] = [
  {
    name: 'operator',
    partOf: 'database-operator',
    pruned: 'configmap/database-operator-settings pruned',
    used: [
      ['kubectl wait crd --all --for condition=established --timeout=10s', /databases\S+ condition met/],
      ['kubectl apply -f installs/operator/instances.yaml', 'database.storage.example.com/orders created'],
      ['kubectl get db -n database-system', /^NAME +ENGINE +REPLICAS +READY +AGE\norders +postgres +1 +\S+$/],
      ['kubectl scale db orders --replicas=3 -n database-system', /orders scaled$/],
      [
        'kubectl auth can-i create databases.storage.example.com -n database-system --as=ann --as-group=editors',
        'yes',
      ],
    ],
  },
  { name: 'ingress', partOf: 'edge-proxy', pruned: 'job.batch/edge-proxy-admission-create pruned' },
  {
    name: 'metrics',
    partOf: 'metrics-stack',
    pruned: 'clusterrole.rbac.authorization.k8s.io/collector configured',
  },
  {
    name: 'gitops',
    partOf: 'delivery',
    pruned: 'configmap/known-hosts pruned',
    used: [
      ['kubectl wait crd --all --for condition=established --timeout=10s', /releases\S+ condition met/],
      ['kubectl apply -f installs/gitops/instances.yaml', /shop created\n\S+shop created$/],
      ['kubectl get rel shop -n delivery -o jsonpath={.spec.source.revision}', 'HEAD'],
      ['kubectl delete release shop -n delivery --wait=false', /"shop" deleted/],
      ['kubectl get rel -n delivery -o name', 'release.delivery.example.com/shop'],
      [
        `kubectl patch rel shop -n delivery --type=merge -p '{"metadata":{"finalizers":null}}'`,
        'release.delivery.example.com/shop patched',
      ],
    ],
  },
];

/** Every pair when each kubectl is asked for; else each of the two versions has half of them. */
const pairs: readonly (readonly [KubectlVersion, Install])[] = kubectlVersions.flatMap((version, at) =>
  installs
    .filter((_, index) => kubectlVersions.length > 2 || index % 2 === at)
    .map((install) => [version, install] as const),
);

let scene: Scene;
/** A cluster for each kubectl: as nothing is left behind, the next one finds it as the one before did. */
const clusters = new Map<KubectlVersion, { readonly terminal: Terminal; readonly root: KubernetesUser }>();

async function clusterOf(version: KubectlVersion) {
  const known = clusters.get(version);
  if (known !== undefined) return known;
  const name = `installs-${version.replace('.', '-')}`;
  await createCluster(scene.root, scene.connection, name);
  const root = await scene.enter(name, rootKeys(scene.connection));
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' };
  const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'editors' }];
  await root.rbac.createClusterRoleBinding({ body: { metadata: { name: 'editors' }, roleRef, subjects } });
  const made = { terminal: openTerminal(scene, name, version), root };
  clusters.set(version, made);
  return made;
}

beforeAll(async () => {
  scene = await openScene();
  await createClusterRole(scene.root);
}, 120_000);

afterAll(() => scene?.close());

test.each(pairs.map(([version, install]) => [version, install.name, install] as const))(
  'kubectl %s installs, upgrades and removes the %s',
  async (version, name, install) => {
    const { terminal, root } = await clusterOf(version);
    const { sh } = terminal;
    const before = await everything(root);
    expect(before).toContain('namespaces. /default');

    const first = await sh(`kubectl apply -f installs/${name}/first.yaml`);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(wordsOf(first.stdout)).toEqual(new Set(['created']));
    for (const [command, printed] of install.used ?? []) {
      const { code, stdout, stderr } = await sh(command);
      expect({ command, code, stderr }).toEqual({ command, code: 0, stderr: '' });
      expect(stdout.trim()).toEqual(typeof printed === 'string' ? printed : expect.stringMatching(printed));
    }
    const again = await sh(`kubectl apply -f installs/${name}/first.yaml`);
    expect(again).toMatchObject({ code: 0, stderr: '' });
    // Rules of a webhook are one value, in which the server has filled in a scope: kubectl sends them again each time.
    const rest = again.stdout.replaceAll(/^validatingwebhookconfiguration\S+ configured$\n/gm, '');
    expect(wordsOf(rest)).toEqual(new Set(['unchanged']));

    const second = await sh(
      `kubectl apply -f installs/${name}/second.yaml --prune -l app.kubernetes.io/part-of=${install.partOf}`,
    );
    // What it says beside is that pruning this way will change, and that Endpoints are deprecated.
    expect(second).toMatchObject({ code: 0, stderr: expect.not.stringMatching(/error/i) });
    expect(second.stdout.split('\n')).toContain(install.pruned);

    // The namespace comes first in each file, and takes what is in it along.
    const removed = await sh(`kubectl delete -f installs/${name}/second.yaml --ignore-not-found`);
    expect(removed).toMatchObject({ code: 0, stderr: '' });
    expect(await everything(root)).toEqual(before);
  },
  60_000,
);

/** The last word of each line: what became of the object. */
function wordsOf(printed: string): ReadonlySet<string> {
  return new Set(
    printed
      .trim()
      .split('\n')
      .map((line) => line.split(' ').at(-1) ?? ''),
  );
}

/** Resource, namespace and name of each object that can be listed. */
async function everything({ config, token }: KubernetesUser): Promise<readonly string[]> {
  const { server = '', caData = '' } = config.getCurrentCluster() ?? {};
  const client = createKubernetesClient(server, Buffer.from(caData, 'base64').toString());
  const read = async (path: string, accept = 'application/json') => {
    const { status, body } = await client.send({ token, method: 'GET', path, accept });
    return status === 200 ? body : undefined;
  };
  try {
    const lists = (await discover(read)).map(async ({ group, version, resource }) => {
      const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
      const list = (await read(`${root}/${resource}`)) as List | undefined;
      return (list?.items ?? []).map(
        ({ metadata }) => `${resource}.${group} ${metadata.namespace ?? ''}/${metadata.name}`,
      );
    });
    return (await Promise.all(lists)).flat().sort();
  } finally {
    client.close();
  }
}

interface List {
  readonly items: readonly { readonly metadata: { readonly name: string; readonly namespace?: string } }[];
}
