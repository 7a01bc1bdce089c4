/** The same as a process: every option of the command line, and a person of AWS in front of a built-in cluster. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { createAwsClient } from '../../src/clients/aws.ts';
import { openAwsAccess } from '../../src/server/aws/access.ts';
import { type AwsOptions, parseAwsOptions } from '../../src/server/aws/config.ts';
import { createLog } from '../../src/server/log.ts';
import { createMemoryStorage } from '../../src/storage/memory/memory.ts';
import { createToken } from '../../src/wire/token/create.ts';
import { entryway, startServerProcess, temporaryDirectory } from '../compat/process.ts';
import { sendHttp1 } from '../compat/raw.ts';
import { createServiceStandIn } from './servicestandin.ts';
import { createStsStandIn, type StandInKey } from './stsstandin.ts';

const account = '444455556666';
const keyOf = (arn: string, userId: string, sessionToken?: string): StandInKey => ({
  secretAccessKey: `secret/of+${userId}`,
  account,
  arn,
  userId,
  ...(sessionToken !== undefined && { sessionToken }),
});
const operator = keyOf(`arn:aws:iam::${account}:user/operator`, 'AIDAOPERATOR000000001');
const node = keyOf(
  `arn:aws:sts::${account}:assumed-role/node/i-0123456789abcdef0`,
  'AROANODE000000000001:i-0123456789abcdef0',
  'the/session+of=the node',
);
const opened: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of opened.reverse()) await close();
});

test('a role of AWS enters a cluster by an entry that AWS’s IAM pinned, named by EC2', async () => {
  const directory = temporaryDirectory();
  opened.push(() => directory.remove());
  const sts = await createStsStandIn({
    keys: { AKIAOPERATOR00000001: operator, ASIANODE000000000001: node },
  });
  opened.push(() => sts.close());
  const aws = await createServiceStandIn({
    keys: { AKIAOPERATOR00000001: operator.secretAccessKey },
    principals: { node: { arn: `arn:aws:iam::${account}:role/nodes/node`, id: 'AROANODE000000000001' } },
    instances: { 'i-0123456789abcdef0': 'ip-10-0-0-1.ec2.internal' },
  });
  opened.push(() => aws.close());
  const file = (name: string, text: string): string => {
    writeFileSync(join(directory.path, name), text);
    return join(directory.path, name);
  };
  const server = await startServerProcess(directory.path, [
    '--in-memory',
    ...['--sts', 'aws', '--sts-accounts', account, '--sts-regions', 'us-east-1', '--sts-partition', 'aws'],
    ...['--sts-connect', `127.0.0.1:${sts.port}`, '--sts-ca', file('sts.pem', sts.caPem)],
    ...['--aws-connect', `127.0.0.1:${aws.port}`, '--aws-ca', file('aws.pem', aws.caPem)],
    ...['--aws-credentials', file('keys', credentials('ops')), '--aws-profile', 'ops'],
    ...['--pin', 'first-use', '--ec2', 'aws', '--instances', file('instances.json', '{}')],
  ]);
  opened.push(() => server.stop());
  const { awsEndpoint: endpoint, region, kubernetesEndpoint, caFile, accountId, ...root } = server.connection;
  const client = createAwsClient({ endpoint, region, credentials: root });
  await client.call('eks', 'CreateCluster', {
    name: 'prod',
    roleArn: `arn:aws:iam::${accountId}:role/eks`,
    resourcesVpcConfig: { subnetIds: ['subnet-1'] },
    accessConfig: { authenticationMode: 'API' },
  });
  await client.call('eks', 'CreateAccessEntry', {
    clusterName: 'prod',
    principalArn: `arn:aws:iam::${account}:role/nodes/node`,
    username: 'node:{{EC2PrivateDNSName}}',
  });
  const token = createToken({
    credentials: { accessKeyId: 'ASIANODE000000000001', ...node },
    region,
    clusterName: 'prod',
    now: Date.now(),
  });
  const answer = await sendHttp1(
    kubernetesEndpoint,
    {
      method: 'POST',
      target: `/clusters/${accountId}/${region}/prod/apis/authentication.k8s.io/v1/selfsubjectreviews`,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}',
    },
    readFileSync(caFile, 'utf8'),
  );
  expect(JSON.parse(answer.text)).toMatchObject({
    status: {
      userInfo: {
        username: 'node:ip-10-0-0-1.ec2.internal',
        uid: `aws-iam-authenticator:${account}:AROANODE000000000001`,
        extra: { arn: [node.arn], canonicalArn: [`arn:aws:iam::${account}:role/node`] },
      },
    },
  });
  expect(server.log()).not.toContain('the/session');
});

test('the commands of docs/howto/aws-principals.md are commands of this server', async () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../docs/howto/aws-principals.md'), 'utf8');
  const commands = [...page.matchAll(/^npx entryway serve (.+)$/gm)].map(([, args = '']) => args.split(' '));
  expect(commands).toHaveLength(4);
  const directory = temporaryDirectory();
  opened.push(() => directory.remove());
  const files: Readonly<Record<string, string>> = {
    'aws-credentials': credentials('default'),
    'instances.json': /`(\{"i-[^`]+)`/.exec(page)?.[1] ?? '',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory.path, name), text);
  for (const args of commands) {
    const serve = createProgram().commands.find((command) => command.name() === 'serve');
    serve?.exitOverride().action(() => undefined);
    await serve?.parseAsync(args, { from: 'user' });
    const options = serve?.opts<AwsOptions>() ?? neverRead('options');
    const config = parseAwsOptions(options, { region: 'us-east-1', partition: 'aws', readFile: neverRead });
    const access = await openAwsAccess({
      config: config && {
        ...config,
        ...(config.credentials && {
          credentials: { ...config.credentials, file: join(directory.path, config.credentials.file) },
        }),
        ...(config.instancesFile && { instancesFile: join(directory.path, config.instancesFile) }),
      },
      partition: 'aws',
      region: 'us-east-1',
      storage: createMemoryStorage(),
      now: Date.now,
      log: createLog({ level: 'silent', format: 'text' }),
      environment: {},
      recordPin: () => [],
    });
    expect(access.remoteCallers).toBeDefined();
    access.close();
  }
});

function neverRead(what: string): never {
  throw new Error(`no ${what}`);
}

test('STS without accounts is misuse', async () => {
  const directory = temporaryDirectory();
  opened.push(() => directory.remove());
  const { code, stderr } = await entryway(directory.path, ['serve', '--in-memory', '--sts', 'aws']);
  expect(code).toBe(2);
  expect(stderr).toContain('--sts aws needs --sts-accounts');
});

function credentials(profile: string): string {
  return `[${profile}]\naws_access_key_id = AKIAOPERATOR00000001\naws_secret_access_key = ${operator.secretAccessKey}\n`;
}
