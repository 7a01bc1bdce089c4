/** `entryway cluster bundle` on a real server: what it writes, and that Kubernetes' own client gets through with it. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateClusterCommand, RegisterClusterCommand } from '@aws-sdk/client-eks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createAwsClient } from '../../src/clients/aws.ts';
import { kubectlDirectory, kubectlVersions, run } from './clients.ts';
import { rawRoot } from './kubectl.ts';
import { entryway } from './process.ts';
import { openScene, type Scene } from './scene.ts';
import { roleArn, rootKeys } from './world.ts';

let scene: Scene;
let bundle: string;

const bundled = (cluster: string, ...args: readonly string[]) =>
  entryway(scene.directory, ['cluster', 'bundle', cluster, ...args, '--data', scene.connection.dataDir]);

/** What was issued for the cluster, newest first. */
async function credentials(): Promise<
  readonly { readonly description: string; readonly revokedAt?: Date }[]
> {
  const { awsEndpoint, region } = scene.connection;
  const aws = createAwsClient({ endpoint: awsEndpoint, region, credentials: rootKeys(scene.connection) });
  return (await aws.call<{ credentials: [] }>('entryway', 'ListWebhookCredentials', { clusterName: 'prod' }))
    .credentials;
}

beforeAll(async () => {
  scene = await openScene(['--webhook-listen', '127.0.0.1:0']);
  await scene.root.eks.send(
    new RegisterClusterCommand({
      name: 'prod',
      connectorConfig: { provider: 'OTHER', roleArn: roleArn(scene.connection, 'connector') },
    }),
  );
  bundle = join(scene.directory, 'bundle');
}, 60_000);

afterAll(async () => {
  await scene?.close();
});

test('a bundle for a cluster elsewhere: keys are private, and a loopback address is warned of', async () => {
  const { code, stdout, stderr } = await bundled('prod', '--for', 'kind', '--out', bundle);
  expect({ code, stderr }).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('its own container or machine'),
  });
  expect(stdout).toContain(`entryway doctor --cluster prod --bundle ${bundle}`);
  expect(readdirSync(bundle).toSorted()).toEqual(['README.md', 'entryway', 'kind.yaml']);
  for (const name of readdirSync(join(bundle, 'entryway'))) {
    expect(statSync(join(bundle, 'entryway', name)).mode & 0o777).toBe(0o600);
  }
  expect(statSync(bundle).mode & 0o077).toBe(0);
  const kind = parse(readFileSync(join(bundle, 'kind.yaml'), 'utf8'));
  expect(kind.nodes[0].extraMounts[0].hostPath).toBe(join(bundle, 'entryway'));
});

describe.each(kubectlVersions)('kubectl %s, a Go client like the API server’s', (version) => {
  test('gets past the handshake and the door with each kubeconfig', async () => {
    const work = join(scene.directory, `kubectl-${version}`);
    mkdirSync(work);
    writeFileSync(join(work, 'review.json'), '{}');
    for (const webhook of ['authenticate', 'authorize']) {
      const kubeconfig = join(bundle, 'entryway', `${webhook}.kubeconfig`);
      const { server } = parse(readFileSync(kubeconfig, 'utf8')).clusters[0].cluster;
      const path = rawRoot(version, new URL(server).pathname) || '/.';
      const { stderr } = await run(
        join(kubectlDirectory(version), 'kubectl'),
        ['--kubeconfig', kubeconfig, 'create', '--raw', path, '-f', 'review.json'],
        { env: { HOME: work }, cwd: work },
      );
      // kubectl names no content type: that is what is refused, of a caller who was let in.
      expect(stderr).toContain('reviews are sent as application/json');
    }
  });
});

test('a certificate whose bundle cannot be written is revoked', async () => {
  const broken = join(scene.directory, 'broken');
  mkdirSync(broken);
  // A file where the folder has to be.
  writeFileSync(join(broken, 'entryway'), '');
  const { code, stderr } = await bundled('prod', '--for', 'rke2', '--out', broken, '--force');
  expect(code).toBe(3);
  expect(stderr).toContain('is revoked');
  expect(readdirSync(broken)).toEqual(['entryway']);
  expect(await credentials()).toEqual([
    expect.objectContaining({ description: 'bundle for rke2', revokedAt: expect.any(Date) }),
    expect.objectContaining({ description: 'bundle for kind' }),
  ]);
});

test('audiences of the API server are set before a bundle is written, and taken away by command', async () => {
  const out = join(scene.directory, 'audiences');
  const api = ['--api-audience', 'https://api', '--api-audience', 'edge'];
  expect((await bundled('prod', '--for', 'rke2', '--out', out, ...api)).code).toBe(0);
  const { awsEndpoint, region } = scene.connection;
  const aws = createAwsClient({ endpoint: awsEndpoint, region, credentials: rootKeys(scene.connection) });
  const told = async () =>
    (
      await aws.call<{ findings: readonly { message: string }[] }>('entryway', 'CheckCluster', {
        clusterName: 'prod',
      })
    ).findings.map(({ message }) => message);
  expect(await told()).toContainEqual(expect.stringContaining('for `https://api`, `edge` alone'));
  const data = ['--data', scene.connection.dataDir];
  const none = await entryway(scene.directory, ['cluster', 'audiences', 'prod', '--none', ...data]);
  expect(none).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('leaves audiences to the API server'),
  });
  expect((await told()).join()).not.toContain('https://api');
});

test('a built-in cluster gets no bundle: it has no API server that could ask', async () => {
  await scene.root.eks.send(
    new CreateClusterCommand({
      name: 'builtin',
      roleArn: roleArn(scene.connection, 'cluster'),
      resourcesVpcConfig: { subnetIds: ['subnet-1'] },
    }),
  );
  const none = join(scene.directory, 'none');
  const { code, stderr } = await bundled('builtin', '--for', 'k3s', '--out', none);
  expect(stderr).toContain('only connected clusters');
  expect(code).toBe(3);
  expect(readdirSync(none)).toEqual([]);
});
