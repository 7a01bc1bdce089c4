/** `entryway doctor` on a real server: with a bundle, without one, and with what goes wrong in practice. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RegisterClusterCommand } from '@aws-sdk/client-eks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AwsClient, createAwsClient } from '../../src/clients/aws.ts';
import type { CommandResult } from './clients.ts';
import { entryway } from './process.ts';
import { associate, createEntry, openScene, type Scene } from './scene.ts';
import { createUser, roleArn, rootKeys } from './world.ts';

interface Finding {
  readonly group: string;
  readonly severity: string;
  readonly code: string;
  readonly message: string;
}

let scene: Scene;
let aws: AwsClient;
let bundle: string;

const command = (...args: readonly string[]): Promise<CommandResult> =>
  entryway(scene.directory, [...args, '--data', scene.connection.dataDir]);

async function findings(...args: readonly string[]): Promise<{ code: number; found: readonly Finding[] }> {
  const { code, stdout, stderr } = await command('doctor', '--cluster', 'prod', '--output', 'json', ...args);
  expect(stderr).toBe('');
  return { code, found: (JSON.parse(stdout) as { findings: readonly Finding[] }).findings };
}

/** Without what the server says of itself: that is told in its own tests. */
const wrong = (found: readonly Finding[]): readonly string[] =>
  found
    .filter(({ group, severity }) => group !== 'this server' && severity !== 'ok' && severity !== 'info')
    .map(({ severity, code }) => `${severity} ${code}`);

beforeAll(async () => {
  scene = await openScene(['--webhook-listen', '127.0.0.1:0']);
  const { connection, root } = scene;
  aws = createAwsClient({
    endpoint: connection.awsEndpoint,
    region: connection.region,
    credentials: rootKeys(connection),
  });
  await root.eks.send(
    new RegisterClusterCommand({
      name: 'prod',
      connectorConfig: { provider: 'OTHER', roleArn: roleArn(connection, 'connector') },
    }),
  );
  await createUser(root, 'dev');
  const dev = `arn:aws:iam::${connection.accountId}:user/dev`;
  await createEntry(root, 'prod', dev, { kubernetesGroups: ['developers'] });
  await associate(root, 'prod', dev, 'AmazonEKSViewPolicy');
  bundle = join(scene.directory, 'bundle');
  const { code, stderr } = await command('cluster', 'bundle', 'prod', '--for', 'kubeadm', '--out', bundle);
  expect(code, stderr).toBe(0);
}, 60_000);

afterAll(async () => {
  await scene?.close();
});

test('a bundle as it was written is fine, and the user of a token and their access are told', async () => {
  const { code, found } = await findings('--bundle', bundle, '--user', 'dev');
  expect(wrong(found)).toEqual([]);
  // What a cluster lacks that is connected just now (an API to follow, a first call) is no failure.
  expect([code, found.filter(({ severity }) => severity === 'error')]).toEqual([0, []]);
  const told = found.map(({ message }) => message);
  expect(told).toContainEqual(
    expect.stringMatching(/^a token of `dev` is user `\S+:user\/dev`, in `developers`$/),
  );
  expect(told).toContainEqual(expect.stringMatching(/^an access policy allows `\S+:user\/dev` to list pods/));
  for (const part of [
    /v1 is answered/,
    /v1beta1 is answered/,
    /without a certificate is refused/,
    /out after 40 s/,
  ]) {
    expect(told).toContainEqual(expect.stringMatching(part));
  }
});

test('without a bundle it goes by a certificate for the moment, which is revoked when it is done', async () => {
  const { found } = await findings();
  expect(wrong(found)).toEqual([]);
  const { credentials } = await aws.call<{ credentials: { description: string; revokedAt?: Date }[] }>(
    'entryway',
    'ListWebhookCredentials',
    { clusterName: 'prod' },
  );
  expect(credentials.filter(({ revokedAt }) => revokedAt === undefined)).toHaveLength(1);
  expect(credentials.find(({ description }) => description === 'entryway doctor')?.revokedAt).toBeDefined();
});

test('a bundle that was changed and whose certificate is revoked is told of, with exit code 1', async () => {
  const file = join(bundle, 'entryway/authorization.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('NoOpinion', 'Deny').replace('30s', '10m'));
  const { credentials } = await aws.call<{ credentials: { serialNumber: string; description: string }[] }>(
    'entryway',
    'ListWebhookCredentials',
    { clusterName: 'prod' },
  );
  const serialNumber = credentials.find(
    ({ description }) => description === 'bundle for kubeadm',
  )?.serialNumber;
  await aws.call('entryway', 'RevokeWebhookCredential', { clusterName: 'prod', serialNumber });

  const { code, stdout } = await command('doctor', '--cluster', 'prod', '--bundle', bundle);
  expect(code).toBe(1);
  expect(stdout).toMatch(/✗ the certificate [0-9a-f]{32} was revoked on /);
  expect(stdout).toMatch(/✗ the client certificate is refused with 401\n {4}hint: look at /);
  expect(stdout).toMatch(/! while this server is unreachable, no authorizer behind it is asked/);
  expect(stdout).toMatch(
    /! an access policy that is taken away allows for 600 s more\n {4}hint: set authorizedTTL/,
  );
  expect(stdout).not.toContain('PRIVATE KEY');
});

test('a folder that is no bundle is misuse, and what is in it is not shown', async () => {
  writeFileSync(join(bundle, 'entryway/authenticate.kubeconfig'), 'secret: [');
  const { code, stdout, stderr } = await command('doctor', '--cluster', 'prod', '--bundle', bundle);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain('is not as `entryway cluster bundle` writes it');
  expect(stderr).not.toContain('secret');
});
