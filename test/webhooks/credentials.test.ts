/** A connected cluster of a real server: its certificates by the command line, its API server by the stand-in. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import {
  AssociateAccessPolicyCommand,
  CreateAccessEntryCommand,
  RegisterClusterCommand,
} from '@aws-sdk/client-eks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { requestCredential } from '../../src/cli/cluster/credentials.ts';
import { type ServeOptions, serve } from '../../src/cli/serve.ts';
import type { ReadyFile } from '../../src/server/readyfile.ts';
import { createToken } from '../../src/wire/token/create.ts';
import { entryway, type ServerProcess, startServerProcess, temporaryDirectory } from '../compat/process.ts';
import {
  allowAll,
  assumeRole,
  type Clients,
  createClients,
  createRole,
  createUser,
  roleArn,
  rootKeys,
} from '../compat/world.ts';
import { type ApiServer, createApiServer } from './apiserver.ts';

const directory = temporaryDirectory();
const opened: ApiServer[] = [];
let server: ServerProcess;
let root: Clients;
let connection: ReadyFile;

beforeAll(async () => {
  server = await startServerProcess(directory.path, [
    '--webhook-listen',
    '127.0.0.1:0',
    '--webhook-name',
    'localhost',
  ]);
  connection = server.connection as unknown as ReadyFile;
  root = createClients(server.connection, rootKeys(server.connection));
  await root.eks.send(
    new RegisterClusterCommand({
      name: 'edge',
      connectorConfig: { roleArn: roleArn(server.connection, 'connector'), provider: 'OTHER' },
    }),
  );
});
afterAll(async () => {
  for (const one of opened) one.close();
  root.destroy();
  await server.stop();
  directory.remove();
});

const credentials = async (...args: readonly string[]): Promise<string> => {
  const result = await entryway(directory.path, [
    'cluster',
    'credentials',
    ...args,
    '--data',
    connection.dataDir,
  ]);
  if (result.code !== 0) throw new Error(result.stderr);
  return result.stdout;
};

/** An API server with the files that a command wrote, asking where the command said. */
function apiServerOf(out: string, report: string): ApiServer {
  const urlOf = (webhook: string): string => new RegExp(`${webhook} +(https://\\S+)`).exec(report)?.[1] ?? '';
  const kubeconfig = (url: string): string =>
    stringify({
      clusters: [{ name: 'c', cluster: { server: url, 'certificate-authority': join(out, 'ca.crt') } }],
      users: [
        {
          name: 'u',
          user: { 'client-certificate': join(out, 'tls.crt'), 'client-key': join(out, 'tls.key') },
        },
      ],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    });
  const made = createApiServer({
    authentication: kubeconfig(urlOf('authenticate')),
    authorization: kubeconfig(urlOf('authorize')),
    cacheTtl: 0,
    retryDelay: 1,
  });
  opened.push(made);
  return made;
}

test('a cluster is given a certificate, asks with it, rotates it, and the old one is refused once it is revoked', async () => {
  const [first, second] = [join(directory.path, 'first'), join(directory.path, 'second')];
  const issued = await credentials('issue', 'edge', '--out', first, '--description', 'api server');
  expect(issued).toContain(`authenticate  https://localhost:`);
  for (const name of ['tls.crt', 'tls.key', 'ca.crt']) {
    expect(statSync(join(first, name)).mode & 0o777).toBe(0o600);
  }
  expect(readFileSync(join(first, 'tls.key'), 'utf8')).toContain('BEGIN PRIVATE KEY');

  await createRole(root, server.connection, 'ops');
  const principalArn = roleArn(server.connection, 'ops');
  await root.eks.send(new CreateAccessEntryCommand({ clusterName: 'edge', principalArn }));
  await root.eks.send(
    new AssociateAccessPolicyCommand({
      clusterName: 'edge',
      principalArn,
      policyArn: 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy',
      accessScope: { type: 'namespace', namespaces: ['dev'] },
    }),
  );
  const user = createClients(server.connection, await createUser(root, 'ada', allowAll('sts:AssumeRole')));
  const keys = await assumeRole(user, principalArn);
  user.destroy();
  const token = () =>
    createToken({ credentials: keys, region: connection.region, clusterName: 'edge', now: Date.now() });

  const old = apiServerOf(first, issued);
  const list = { verb: 'list', resource: 'pods' };
  expect(await old.request(token(), { ...list, namespace: 'dev' })).toMatchObject({ status: 200 });
  expect(await old.request(token(), { ...list, namespace: 'prod' })).toMatchObject({ status: 403 });
  expect(await old.request('garbage', list)).toMatchObject({ status: 401 });

  const rotated = await credentials('rotate', 'edge', '--out', second, '--days', '30');
  const revoke = /entryway cluster credentials (revoke edge --serial [0-9a-f]{32})/.exec(rotated)?.[1] ?? '';
  expect(revoke).not.toBe('');
  const renewed = apiServerOf(second, rotated);
  expect(await renewed.authenticate(token())).toMatchObject({ outcome: 'user' });
  expect(await old.authenticate(token())).toMatchObject({ outcome: 'user' });
  await credentials(...revoke.split(' '));
  expect(await old.authenticate(token())).toMatchObject({
    outcome: 'error',
    error: expect.stringContaining('revoked'),
  });
  expect(await renewed.authenticate(token())).toMatchObject({ outcome: 'user' });

  const listed = await credentials('list', 'edge');
  expect(listed).toMatch(/live .*\n.*revoked .*api server/);
  const metrics = await (await fetch(`${connection.awsEndpoint}/metrics`)).text();
  expect(metrics).toMatch(
    /entryway_webhook_requests_total\{webhook="authenticate",outcome="authenticated",status="200"\} [1-9]/,
  );
  expect(metrics).toMatch(/outcome="revokedCertificate",status="401"\} 1/);
});

test('issuing is in the trail, without request and certificate', async () => {
  const cloudtrail = new CloudTrailClient({
    endpoint: connection.awsEndpoint,
    region: connection.region,
    credentials: rootKeys(server.connection),
  });
  const { Events = [] } = await cloudtrail.send(
    new LookupEventsCommand({
      LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'IssueWebhookCredential' }],
    }),
  );
  cloudtrail.destroy();
  expect(Events.length).toBeGreaterThan(0);
  for (const { CloudTrailEvent = '' } of Events) {
    expect(CloudTrailEvent).toContain('serialNumber');
    expect(CloudTrailEvent).not.toContain('BEGIN');
  }
});

test.each([
  [{ webhookListen: '0.0.0.0:0' }, /--webhook-listen `0.0.0.0` is reachable from other machines/],
  [{ webhookListen: 'x' }, /--webhook-listen `x` is not HOST:PORT/],
  [{ webhookListen: '127.0.0.1:0', webhookName: ['https://x'] }, /--webhook-name/],
  [{ webhookName: ['x'] }, /--webhook-listen/],
])('%j is refused before anything starts', async (options, message) => {
  const rest = {
    inMemory: true,
    awsListen: '127.0.0.1:0',
    kubeListen: '127.0.0.1:0',
    account: '111122223333',
    region: 'us-east-1',
    oidcIssuers: 'none',
    logLevel: 'silent',
    logFormat: 'text',
  } as const;
  await expect(serve({ ...rest, ...options } as ServeOptions)).rejects.toThrow(message);
});

test('a server without webhooks is told to be started with them', async () => {
  const { webhookEndpoint: _, ...without } = connection;
  const aws = { call: () => Promise.reject(new Error('not asked here')) };
  await expect(requestCredential({ connection: without, aws }, 'edge', { days: '1' })).rejects.toMatchObject({
    hint: expect.stringContaining('serve --webhook-listen'),
  });
});
