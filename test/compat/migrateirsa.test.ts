/** Annotations end and no pod notices: by `--apply` and back, and by the script with the stock AWS CLI and kubectl. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DescribeClusterCommand,
  DescribePodIdentityAssociationCommand,
  ListPodIdentityAssociationsCommand,
} from '@aws-sdk/client-eks';
import { CreateOpenIDConnectProviderCommand, CreateRoleCommand, GetRoleCommand } from '@aws-sdk/client-iam';
import { AssumeRoleWithWebIdentityCommand } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { openWorld } from '../../src/cli/analysis/source.ts';
import { applyIrsa, rollBackIrsa } from '../../src/cli/migrate/irsa/apply.ts';
import { irsaScript } from '../../src/cli/migrate/irsa/script.ts';
import { onlyCluster } from '../../src/engine/analysis/ask/onlycluster.ts';
import { planIrsaMigration } from '../../src/engine/analysis/migrateirsa/create.ts';
import { proveIrsaMigration } from '../../src/engine/analysis/migrateirsa/proof.ts';
import { awsCliUnavailable, type CommandResult } from './clients.ts';
import type { KubernetesUser } from './kubernetes.ts';
import { entryway, openShell } from './process.ts';
import { openScene, type Scene } from './scene.ts';
import { createCluster, createClusterRole, outcome, roleArn, rootKeys } from './world.ts';

const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;
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
  const host = issuer.replace('https://', '');
  trustBefore = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Federated: provided.OpenIDConnectProviderArn },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: {
          StringEquals: {
            [`${host}:aud`]: 'sts.amazonaws.com',
            [`${host}:sub`]: ['system:serviceaccount:shop:api', 'system:serviceaccount:shop:job'],
          },
        },
      },
    ],
  };
  await root.iam.send(
    new CreateRoleCommand({ RoleName: 'api', AssumeRolePolicyDocument: JSON.stringify(trustBefore) }),
  );
  admin = await scene.enter(cluster, rootKeys(connection));
  await admin.apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
    serviceAccount('api', { [annotation]: roleArn(connection, 'api') }),
    serviceAccount('job'),
    pod,
  );
}, 120_000);

afterAll(() => scene?.close());

const serviceAccount = (name: string, annotations: Record<string, string> = {}) => ({
  ...{ apiVersion: 'v1', kind: 'ServiceAccount' },
  metadata: { name, namespace: 'shop', annotations },
});
const pod = {
  ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'api', namespace: 'shop' } },
  spec: { serviceAccountName: 'api', containers: [{ name: 'app', image: 'example.com/app' }] },
};

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
  const { dataDir } = scene.connection;
  const fixture = join(import.meta.dirname, 'fixtures', 'askaws.mjs');
  const { code, stdout } = await entryway(scene.directory, [
    ...[
      'pod',
      'run',
      'shop/api',
      '--cluster',
      cluster,
      '--data',
      dataDir,
      '--',
      process.execPath,
      fixture,
      cluster,
    ],
  ]);
  return code === 0 ? /assumed-role\/[a-z]+/.exec(stdout)?.[0] : undefined;
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

const associated = () => [`shop/api ${roleArn(scene.connection, 'api')}`];
const yes = ['ok', 'ok'];

test('--apply puts the association there, --finish takes the rest away, and --rollback leads back', async () => {
  const said: string[] = [];
  for (const stream of [process.stdout, process.stderr]) {
    const spy = vi.spyOn(stream, 'write').mockImplementation((text) => {
      said.push(String(text));
      return true;
    });
    onTestFinished(() => spy.mockRestore());
  }
  onTestFinished(() => {
    process.exitCode = undefined;
  });
  const rollbackFile = join(scene.directory, 'rollback.json');
  const options = {
    data: scene.connection.dataDir,
    cluster: [cluster],
    output: 'plan',
    rollbackFile,
  } as const;
  const before = await state();
  expect(before).toMatchObject({ associations: [], trust: trustBefore, tokens: yes });
  expect(await podIs()).toBe('assumed-role/api');

  await applyIrsa(options);
  expect(said.join('')).toContain('associated arn:aws:iam::');
  const prepared = await state();
  expect(prepared).toMatchObject({ associations: associated(), tokens: yes, annotation: before.annotation });
  expect(prepared.trust.Statement).toHaveLength(2);

  // The pod that runs has a token alone: without its statement it would have nothing.
  await expect(applyIrsa({ ...options, finish: true })).rejects.toThrow('`shop/api`');
  expect(await state()).toEqual(prepared);
  await restartPod();
  expect(await podIs()).toBe('assumed-role/api');
  await applyIrsa({ ...options, finish: true });
  const finished = await state();
  expect(finished).toMatchObject({ associations: associated(), annotation: undefined });
  expect(finished.tokens).toEqual([expect.stringContaining('AccessDenied'), 'ok']);
  expect(await podIs()).toBe('assumed-role/api');

  await rollBackIrsa(options, rollbackFile);
  expect(await state()).toEqual(before);
  expect(process.exitCode).toBeUndefined();
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
  },
  120_000,
);
