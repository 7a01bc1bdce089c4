/** Annotations end and no pod notices: by the commands of the tutorial as printed, and by the script with stock clients. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  DescribeClusterCommand,
  DescribePodIdentityAssociationCommand,
  ListPodIdentityAssociationsCommand,
} from '@aws-sdk/client-eks';
import { CreateOpenIDConnectProviderCommand, CreateRoleCommand, GetRoleCommand } from '@aws-sdk/client-iam';
import { AssumeRoleWithWebIdentityCommand } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { openWorld } from '../../src/cli/analysis/source.ts';
import { applyIrsa } from '../../src/cli/migrate/irsa/apply.ts';
import { irsaScript } from '../../src/cli/migrate/irsa/script.ts';
import { runAsPod } from '../../src/cli/pod/run.ts';
import { createProgram } from '../../src/cli/program.ts';
import { lintAccess } from '../../src/engine/analysis/accesslint/accesslint.ts';
import { onlyCluster } from '../../src/engine/analysis/ask/onlycluster.ts';
import { planIrsaMigration } from '../../src/engine/analysis/migrateirsa/create.ts';
import { proveIrsaMigration } from '../../src/engine/analysis/migrateirsa/proof.ts';
import { awsCliUnavailable, type CommandResult, run } from './clients.ts';
import type { KubernetesUser } from './kubernetes.ts';
import { npxDirectory, openShell } from './process.ts';
import { openScene, type Scene } from './scene.ts';
import { createCluster, createClusterRole, outcome, roleArn, rootKeys } from './world.ts';

const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;
const page = readFileSync(resolve(import.meta.dirname, '../../docs/tutorials/leave-irsa.md'), 'utf8');
const blocksOf = (language: string): readonly string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text = '']) => text);
const objects = parseAllDocuments(blocksOf('yaml').join('---\n')).map((document) => document.toJS());
const pod = objects.at(-1);
const cluster = 'prod';
const annotation = 'eks.amazonaws.com/role-arn';

let scene: Scene;
let admin: KubernetesUser;
let trustBefore: unknown;

beforeAll(async () => {
  scene = await openScene();
  const { root, connection } = scene;
  await createClusterRole(root);
  await createCluster(root, connection, cluster, 'API');
  const described = await root.eks.send(new DescribeClusterCommand({ name: cluster }));
  const issuer = described.cluster?.identity?.oidc?.issuer ?? '';
  const provided = await root.iam.send(
    new CreateOpenIDConnectProviderCommand({ Url: issuer, ClientIDList: ['sts.amazonaws.com'] }),
  );
  expect(provided.OpenIDConnectProviderArn).toContain(issuer.replace('https://', ''));
  const [written = ''] = blocksOf('json');
  trustBefore = JSON.parse(written.replaceAll('PROVIDER', issuer.replace('https://', '')));
  await root.iam.send(
    new CreateRoleCommand({ RoleName: 'api', AssumeRolePolicyDocument: JSON.stringify(trustBefore) }),
  );
  admin = await scene.enter(cluster, rootKeys(connection));
  await admin.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }, ...objects);
}, 120_000);

afterAll(() => scene?.close());

async function restartPod(): Promise<void> {
  await admin.core.deleteNamespacedPod({ name: 'api', namespace: 'shop', gracePeriodSeconds: 0 });
  await admin.apply(pod);
}

/** `ok` or the refusal, of asking for the role by a token of the service account. */
async function byToken(name: string): Promise<string> {
  const { status } = await admin.core.createNamespacedServiceAccountToken({
    name,
    namespace: 'shop',
    body: { spec: { audiences: ['sts.amazonaws.com'] } },
  });
  return outcome(
    scene.root.sts.send(
      new AssumeRoleWithWebIdentityCommand({
        RoleArn: roleArn(scene.connection, 'api'),
        RoleSessionName: 'test',
        WebIdentityToken: status?.token ?? '',
      }),
    ),
  );
}

/** Who the pod is for AWS, as its own environment has it; undefined where it is nobody. */
async function podIs(): Promise<string | undefined> {
  const fixture = join(import.meta.dirname, 'fixtures', 'askaws.mjs');
  const output = join(scene.directory, 'who.json');
  const command = ['sh', '-c', 'exec "$@" > "$0"', output, process.execPath, fixture, cluster];
  const code = await runAsPod('shop/api', command, { cluster, data: scene.connection.dataDir });
  return code === 0 ? /assumed-role\/[a-z]+/.exec(readFileSync(output, 'utf8'))?.[0] : undefined;
}

/** What is there of both mechanisms. */
async function state() {
  const { root } = scene;
  const { associations = [] } = await root.eks.send(
    new ListPodIdentityAssociationsCommand({ clusterName: cluster }),
  );
  const described = await Promise.all(
    associations.map(async ({ associationId }) => {
      const { association } = await root.eks.send(
        new DescribePodIdentityAssociationCommand({ clusterName: cluster, associationId }),
      );
      return `${association?.namespace}/${association?.serviceAccount} ${association?.roleArn}`;
    }),
  );
  const { Role } = await root.iam.send(new GetRoleCommand({ RoleName: 'api' }));
  const trust = JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? ''));
  const account = await admin.core.readNamespacedServiceAccount({ namespace: 'shop', name: 'api' });
  return {
    associations: described,
    trust,
    annotation: account.metadata?.annotations?.[annotation],
    tokens: [await byToken('api'), await byToken('job')],
  };
}

/** What `lint` says of workload identity, from what the running server tells. */
async function remarks(): Promise<readonly string[]> {
  const world = await openWorld({ data: scene.connection.dataDir });
  const { findings } = lintAccess(world, { served: new Map(), digest: (text) => text });
  return findings.filter(({ id }) => id.startsWith('EW-ACC-8')).map(({ id, subject }) => `${id} ${subject}`);
}

const associated = () => [`shop/api ${roleArn(scene.connection, 'api')}`];
const yes = ['ok', 'ok'];

test('the commands of docs/tutorials/leave-irsa.md say what it shows, and lead back to what was there', async () => {
  const { directory, connection } = scene;
  const shell = async (commands: string): Promise<string> => {
    const npx = npxDirectory(directory);
    const { code, stdout, stderr } = await run('sh', ['-euc', commands], {
      cwd: directory,
      env: {
        PATH: [npx, process.env.PATH].join(':'),
        ...{ HOME: directory, ENTRYWAY_DATA: connection.dataDir, NO_COLOR: '1' },
      },
    });
    expect([code, stderr]).toEqual([0, '']);
    return stdout;
  };
  const rollbackFile = join(directory, 'pod-identity-prod.json');
  /** What a command of the page prints; without a process of its own, which would be half of the time of this test. */
  const printed = async (line: string): Promise<string> => {
    const [, , ...words] = line.trim().split(' ');
    const spy = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      const named = words.map((word) => (word === 'pod-identity-prod.json' ? rollbackFile : word));
      const file = named.includes('--apply') ? ['--rollback-file', rollbackFile] : [];
      await createProgram().parseAsync([...named, ...file, '--data', connection.dataDir], { from: 'user' });
      expect(process.exitCode).toBeUndefined();
      return spy.mock.calls
        .map(([text]) =>
          `${text}`
            .replace(` --rollback-file ${rollbackFile}`, '')
            .replace(rollbackFile, 'pod-identity-prod.json'),
        )
        .join('');
    } finally {
      spy.mockRestore();
    }
  };
  const [plan = '', apply = '', finish = '', rollback = ''] = blocksOf('sh');
  const outputs = blocksOf('text');
  const before = await state();
  expect(before).toMatchObject({ associations: [], trust: trustBefore, tokens: yes });
  expect(await shell(plan)).toBe(outputs[0]);
  expect(await state()).toEqual(before);

  expect(await printed(apply)).toBe(outputs[1]);
  const prepared = await state();
  expect(prepared).toMatchObject({ associations: associated(), tokens: yes, annotation: before.annotation });
  expect(prepared.trust.Statement).toHaveLength(2);

  expect(await remarks()).toEqual([
    'EW-ACC-815 ServiceAccount shop/api',
    'EW-ACC-831 ServiceAccount shop/api',
  ]);

  // The pod that runs has a token alone: without its statement it would have nothing.
  const options = { data: connection.dataDir, cluster: [cluster], output: 'plan', rollbackFile } as const;
  await expect(applyIrsa({ ...options, finish: true })).rejects.toThrow('`shop/api`');
  expect(await state()).toEqual(prepared);
  await restartPod();
  expect(await printed(finish)).toBe(outputs[2]);
  const finished = await state();
  expect(finished).toMatchObject({ associations: associated(), annotation: undefined });
  expect(finished.tokens).toEqual([expect.stringContaining('AccessDenied'), 'ok']);
  expect(await podIs()).toBe('assumed-role/api');
  expect(await remarks()).toEqual([]);
  expect(await printed(finish)).toBe(
    outputs[2]
      ?.split('\n')
      .filter((line) => !/^(?:took|the trust)/.test(line))
      .join('\n'),
  );

  expect(await printed(rollback)).toBe(outputs[3]);
  expect(await printed(rollback)).not.toContain('the trust policy');
  expect(await state()).toEqual(before);
}, 120_000);

test.skipIf(unavailable !== undefined)(
  `the script does the same with the stock AWS CLI and kubectl${because}`,
  async () => {
    const { connection, directory } = scene;
    await restartPod();
    const world = await openWorld({ data: connection.dataDir, cluster: [cluster] });
    const plan = planIrsaMigration(world, onlyCluster(world));
    expect(proveIrsaMigration(world, onlyCluster(world), plan).isSafe).toBe(true);
    writeFileSync(join(directory, 'irsa.sh'), irsaScript(plan));
    const shell = openShell(directory, connection, rootKeys(connection));
    const kubeconfig = join(directory, 'kubeconfig-irsa');
    writeFileSync(kubeconfig, admin.config.exportConfig(), { mode: 0o600 });
    const script = (stage: string): Promise<CommandResult> =>
      shell.script(`KUBECONFIG='${kubeconfig}' sh '${join(directory, 'irsa.sh')}' ${stage}`);

    const before = await state();
    const prepared = await script('');
    expect(prepared.code, prepared.stderr).toBe(0);
    expect(prepared.stdout).toContain('trust policy of api written\nassociated: shop/api\n');
    expect(await state()).toMatchObject({ associations: associated(), tokens: yes });
    await restartPod();
    const finished = await script('finish');
    expect(finished.code, finished.stderr).toBe(0);
    expect(await state()).toMatchObject({
      annotation: undefined,
      tokens: [expect.stringContaining('AccessDenied'), 'ok'],
    });
    const undone = await script('undo');
    expect(undone.code, undone.stderr).toBe(0);
    expect(undone.stdout).toContain('association deleted: shop/api\ntrust policy of api written\nundone');
    expect(await state()).toEqual(before);
  },
  120_000,
);
