/** aws-auth ends and nobody notices: by the commands of the tutorial as printed, by the script with stock clients, and by one that is killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { DeleteAccessEntryCommand, ListAccessEntriesCommand } from '@aws-sdk/client-eks';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { openWorld } from '../../src/cli/analysis/source.ts';
import { applyMigration } from '../../src/cli/migrate/apply.ts';
import { rollBack } from '../../src/cli/migrate/rollback.ts';
import { migrationScript } from '../../src/cli/migrate/script.ts';
import { createKubernetesClient, type KubernetesClient } from '../../src/clients/kubernetes.ts';
import { onlyCluster } from '../../src/engine/analysis/ask/onlycluster.ts';
import { planMigration } from '../../src/engine/analysis/migrate/create.ts';
import { proveMigration } from '../../src/engine/analysis/migrate/proof.ts';
import { awsCliUnavailable, type CommandResult, quickStart, run } from './clients.ts';
import { clusterAddress, type KubernetesUser } from './kubernetes.ts';
import { npxDirectory, openShell, temporaryDirectory } from './process.ts';
import { openScene, type Scene } from './scene.ts';
import { createCluster, createUser, rootKeys } from './world.ts';

const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;
const page = readFileSync(resolve(import.meta.dirname, '../../docs/tutorials/retire-aws-auth.md'), 'utf8');
const launcher = resolve(import.meta.dirname, '../../bin/entryway.js');
const blocksOf = (language: string): readonly string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text = '']) => text);
const [configMap = '', binding = ''] = blocksOf('yaml');

const instances = temporaryDirectory();
let scene: Scene;
let directory: string;
let carla: Parameters<Scene['enter']>[1];

beforeAll(async () => {
  const file = join(instances.path, 'instances.json');
  writeFileSync(file, JSON.stringify({ 'i-0123456789abcdef0': 'ip-10-0-0-1.ec2.internal' }));
  scene = await openScene(['--instances', file]);
  directory = scene.directory;
  await scene.role('nodes');
  await scene.role('admin', '/people/');
  await scene.role('developers', '/people/');
  await scene.role('metrics');
  carla = await createUser(scene.root, 'carla');
  writeFileSync(join(directory, 'aws-auth.yaml'), `${configMap}---\n${binding}`);
}, 120_000);

afterAll(async () => {
  await scene?.close();
  instances.remove();
});

/** A cluster with the ConfigMap and the binding of the page, and a way to ask who everybody is there and what they may. */
async function openCluster(name: string, mode: 'CONFIG_MAP' | 'API_AND_CONFIG_MAP') {
  await createCluster(scene.root, scene.connection, name, mode);
  const creator = await scene.enter(name, rootKeys(scene.connection));
  const applied = await creator.kubectl('apply', '-f', join(directory, 'aws-auth.yaml'));
  expect(applied.code, applied.stderr).toBe(0);
  const { endpoint, caData } = await clusterAddress(scene.root, name);
  const client = createKubernetesClient(endpoint, Buffer.from(caData, 'base64').toString('utf8'));
  onTestFinished(() => client.close());
  const enter = async (role: string, session: string): Promise<KubernetesUser> =>
    scene.enter(name, await scene.session(role, session));
  const people = {
    node: await enter('nodes', 'i-0123456789abcdef0'),
    admin: await enter('people/admin', 'ada'),
    developer: await enter('people/developers', 'bob'),
    metrics: await enter('metrics', 'scraper'),
    carla: await scene.enter(name, carla),
  };
  const state = async (): Promise<Readonly<Record<string, Standing>>> =>
    Object.fromEntries(
      await Promise.all(
        Object.entries(people).map(async ([who, user]) => [who, await standing(client, user)] as const),
      ),
    );
  return { creator, state };
}

interface Standing {
  readonly username: string;
  readonly groups: readonly string[];
  readonly may: string;
}

const asked = [
  { resourceAttributes: { verb: 'list', resource: 'pods', namespace: 'default' } },
  { resourceAttributes: { verb: 'list', resource: 'pods' } },
  { resourceAttributes: { verb: 'get', resource: 'secrets', namespace: 'default' } },
  { resourceAttributes: { verb: 'delete', resource: 'nodes' } },
  { resourceAttributes: { verb: 'frob', group: 'example.com', resource: 'widgets' } },
  { nonResourceAttributes: { verb: 'get', path: '/metrics' } },
];

/** What the API server answers, over one connection for all who ask: a stock client opens one for each question. */
async function standing(client: KubernetesClient, { token }: KubernetesUser): Promise<Standing> {
  const review = async <Status>(path: string, spec: object): Promise<Status> => {
    const { status, body } = await client.send({
      token,
      method: 'POST',
      path: `/apis/${path}`,
      body: { spec },
    });
    expect(status, path).toBe(201);
    return (body as { readonly status: Status }).status;
  };
  const { userInfo } = await review<{ readonly userInfo: Omit<Standing, 'may'> }>(
    'authentication.k8s.io/v1/selfsubjectreviews',
    {},
  );
  const may = await Promise.all(
    asked.map(async (spec) => {
      const path = 'authorization.k8s.io/v1/selfsubjectaccessreviews';
      return (await review<{ readonly allowed: boolean }>(path, spec)).allowed ? 'y' : 'n';
    }),
  );
  const groups = userInfo.groups.filter((group) => group !== 'system:authenticated');
  return { username: userInfo.username, groups, may: may.join('') };
}

const before = {
  node: {
    username: 'system:node:ip-10-0-0-1.ec2.internal',
    groups: ['system:bootstrappers', 'system:nodes'],
    may: 'nnnnnn',
  },
  admin: { username: 'admin', groups: ['system:masters'], may: 'yyyyyy' },
  developer: { username: 'developer:bob', groups: ['developers'], may: 'ynnnnn' },
  metrics: { username: 'metrics', groups: ['system:monitoring'], may: 'nnnnny' },
  carla: { username: 'carla', groups: ['developers'], may: 'ynnnnn' },
};
/** The same people with the same rights; three are in groups of another name. */
const after = {
  ...before,
  node: { ...before.node, groups: ['system:nodes'] },
  admin: { ...before.admin, groups: [] },
  metrics: { ...before.metrics, groups: ['from-aws-auth:system:monitoring'] },
};

test('the commands of docs/tutorials/retire-aws-auth.md say what it shows, and nobody’s rights change', async () => {
  const { creator, state } = await openCluster('prod', 'API_AND_CONFIG_MAP');
  const npx = npxDirectory(directory);
  const shell = async (commands: string): Promise<string> => {
    const { code, stdout, stderr } = await run('sh', ['-euc', commands], {
      cwd: directory,
      env: {
        PATH: [npx, process.env.PATH].join(':'),
        HOME: directory,
        ENTRYWAY_DATA: join(directory, 'data'),
        NO_COLOR: '1',
      },
    });
    expect(code, stderr).toBe(0);
    expect(stderr).toBe('');
    return stdout;
  };
  const [plan = '', apply = '', rollback = '', again = '', finish = ''] = blocksOf('sh');
  const outputs = blocksOf('text');
  expect(await state()).toEqual(before);

  expect(await shell(plan)).toBe(outputs[0]);
  expect(await state()).toEqual(before);
  expect(await shell(apply)).toBe(outputs[1]);
  expect(await state()).toEqual(after);
  expect(await shell(rollback)).toBe(outputs[2]);
  expect(await state()).toEqual(before);
  expect(await shell(again)).toBe(outputs[3]);
  expect(await shell(finish)).toBe(outputs[4]);
  expect(await state()).toEqual(after);
  const gone = await creator.kubectl('-n', 'kube-system', 'get', 'configmap', 'aws-auth');
  expect(gone.stderr).toContain('NotFound');
}, 120_000);

test.skipIf(unavailable !== undefined)(
  `the script takes a cluster from CONFIG_MAP to API with the stock AWS CLI and kubectl${because}`,
  async () => {
    const { creator, state } = await openCluster('legacy', 'CONFIG_MAP');
    const world = await openWorld({ data: join(directory, 'data'), cluster: ['legacy'] });
    const cluster = onlyCluster(world);
    const plan = planMigration(world, cluster);
    expect(proveMigration(world, cluster, plan).isSafe).toBe(true);
    writeFileSync(join(directory, 'retire.sh'), migrationScript(plan, cluster.cluster));
    const shell = openShell(directory, scene.connection, rootKeys(scene.connection));
    // With a token in it, so that kubectl asks no `aws` for one at every call.
    const kubeconfig = join(directory, 'kubeconfig');
    writeFileSync(kubeconfig, creator.config.exportConfig(), { mode: 0o600 });
    const script = (stage: string): Promise<CommandResult> =>
      shell.script(`KUBECONFIG='${kubeconfig}' sh '${join(directory, 'retire.sh')}' ${stage}`);
    expect(await state()).toEqual(before);

    const prepared = await script('');
    expect(prepared.code, prepared.stderr).toBe(0);
    expect(prepared.stdout).toContain('aws-auth is kept in aws-auth-legacy.yaml\n');
    expect(prepared.stdout).toContain(
      'mode API_AND_CONFIG_MAP\ncreated: arn:aws:iam::111122223333:role/nodes\n',
    );
    expect(await state()).toEqual(after);
    const finished = await script('finish');
    expect(finished.code, finished.stderr).toBe(0);
    expect(finished.stdout).toMatch(/^mode API$/m);
    expect(await state()).toEqual(after);
  },
  240_000,
);

/** Lines of `--apply` after which it is killed; ENTRYWAY_KILLS=all for each there is. */
const kills = process.env.ENTRYWAY_KILLS === 'all' ? [1, 2, 3, 4, 5, 6, 7, 8, 9] : [5];

test(`killed after its lines ${kills.join(', ')}, --apply goes on or is led back, and follows no aws-auth of the past`, async () => {
  const said: string[] = [];
  const told = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said.push(String(text));
    return true;
  });
  const complained = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said.push(String(text));
    return true;
  });
  onTestFinished(() => {
    told.mockRestore();
    complained.mockRestore();
    process.exitCode = undefined;
  });
  for (const lines of kills) {
    const name = `killed-${lines}`;
    const rollbackFile = join(directory, `${name}.json`);
    const options = { data: join(directory, 'data'), cluster: [name], output: 'plan', rollbackFile } as const;
    const { creator, state } = await openCluster(name, 'CONFIG_MAP');
    await killedAfter(lines, name, rollbackFile);

    // Who has an entry is as before and as after it; an administrator's may wait for its policy.
    for (const [who, standing] of Object.entries(await state())) {
      const either = [before, after].map((one) => one[who as keyof typeof one]);
      const waiting = who === 'admin' ? [{ ...after.admin, may: 'nnnnnn' }] : [];
      expect([...either, ...waiting], `${who} after line ${lines}`).toContainEqual(standing);
    }

    // Carla leaves meanwhile: no entry of the plan that still knows her lets her in again, and none is taken away.
    const parted = await creator.core.readNamespacedConfigMap({ namespace: 'kube-system', name: 'aws-auth' });
    const { mapUsers = '', ...others } = parted.data ?? {};
    const write = (data: Record<string, string>) =>
      creator.core.replaceNamespacedConfigMap({
        ...{ namespace: 'kube-system', name: 'aws-auth' },
        body: { metadata: { name: 'aws-auth' }, data },
      });
    await write(others);
    const entries = await entriesOf(name);
    said.length = 0;
    const outcome = await applyMigration(options).catch(String);
    expect(outcome === undefined ? said.join('') : outcome).toMatch(
      entries.includes(carlaArn) ? /aws-auth was changed/ : /user\/carla: GAINS/,
    );
    await expect(rollBack(options, rollbackFile)).rejects.toThrow('aws-auth is not what it was');
    expect(await entriesOf(name)).toEqual(entries);
    await write({ ...others, mapUsers });

    if (lines % 2 === 1) {
      await rollBack(options, rollbackFile);
      // EKS itself has made an entry of the creator where entries began.
      const made = (await entriesOf(name)).filter((arn) => !arn.endsWith(':root'));
      expect(made).toEqual([]);
      expect(await state()).toEqual(before);
    }
    await applyMigration(options);
    await applyMigration({ ...options, switchToApi: true, removeAwsAuth: true });
    expect(await state()).toEqual(after);
    // Somebody is shut out for good: what is run once more does not let them in.
    await scene.root.eks.send(new DeleteAccessEntryCommand({ clusterName: name, principalArn: carlaArn }));
    await applyMigration({ ...options, switchToApi: true });
    expect(await entriesOf(name)).not.toContain(carlaArn);
  }
}, 240_000);

const carlaArn = 'arn:aws:iam::111122223333:user/carla';

async function entriesOf(clusterName: string): Promise<readonly string[]> {
  const asked = scene.root.eks.send(new ListAccessEntriesCommand({ clusterName }));
  // In mode CONFIG_MAP there are none (eks-access-facts D9).
  const { accessEntries = [] } = await asked.catch((error: unknown) => {
    if (String(error).includes('authentication mode')) return { accessEntries: [] };
    throw error;
  });
  return accessEntries;
}

/** Runs `--apply` until it has said so many lines, and kills it without a warning. */
async function killedAfter(lines: number, cluster: string, rollbackFile: string): Promise<void> {
  const child = spawn(
    process.execPath,
    [
      ...[launcher, 'migrate', 'aws-auth', '--apply', '--data', join(directory, 'data')],
      ...['--cluster', cluster, '--rollback-file', rollbackFile],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...quickStart } },
  );
  let said = 0;
  createInterface({ input: child.stdout }).on('line', () => {
    if (++said === lines) child.kill('SIGKILL');
  });
  const [, signal] = (await once(child, 'close')) as [unknown, unknown];
  expect(signal).toBe('SIGKILL');
}
