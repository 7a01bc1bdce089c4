/** A server that asks stand-ins for AWS: from the options of the command line to who somebody is in a cluster. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Authentication } from '../../src/access/access.ts';
import { createAwsClient } from '../../src/clients/aws.ts';
import { type AwsOptions, parseAwsOptions } from '../../src/server/aws/config.ts';
import { type RunningServer, startServer } from '../../src/server/server.ts';
import { createToken } from '../../src/wire/token/create.ts';
import { createServiceStandIn, type ServiceStandIn } from './servicestandin.ts';
import { createStsStandIn, type StandInKey, type StsStandIn } from './stsstandin.ts';

const account = '444455556666';
const operator = { accessKeyId: 'AKIAOPERATOR00000001', secretAccessKey: 'secret/of+the-operator=' } as const;
const sessionOf = (role: string, name: string, id: string): StandInKey => ({
  secretAccessKey: `the secret of ${name}`,
  sessionToken: `the session of ${name}`,
  account,
  arn: `arn:aws:sts::${account}:assumed-role/${role}/${name}`,
  userId: `${id}:${name}`,
});
const keys = {
  ASIAALICE00000000001: sessionOf('ops', 'alice', 'AROAOPS0000000000001'),
  ASIANODE000000000001: sessionOf('node', 'i-0123456789abcdef0', 'AROANODE000000000001'),
  [operator.accessKeyId]: {
    secretAccessKey: operator.secretAccessKey,
    account,
    arn: `arn:aws:iam::${account}:user/operator`,
    userId: 'AIDAOPERATOR000000001',
  },
};
const opsArn = `arn:aws:iam::${account}:role/team/ops`;

let sts: StsStandIn;
let aws: ServiceStandIn;
let directory = '';
const running: RunningServer[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'entryway-aws-'));
  sts = await createStsStandIn({ keys });
  aws = await createServiceStandIn({
    keys: { [operator.accessKeyId]: operator.secretAccessKey },
    principals: { ops: { arn: opsArn, id: 'AROAOPS0000000000001' } },
    instances: { 'i-0123456789abcdef0': 'ip-10-0-0-1.ec2.internal' },
  });
  writeFileSync(join(directory, 'sts.pem'), sts.caPem);
  writeFileSync(join(directory, 'aws.pem'), aws.caPem);
  writeFileSync(
    join(directory, 'credentials'),
    `[ops]\naws_access_key_id = ${operator.accessKeyId}\naws_secret_access_key = ${operator.secretAccessKey}\n`,
  );
});
afterEach(async () => {
  sts.misbehave(undefined);
  aws.answers.clear();
  for (const server of running.splice(0)) await server.close();
});
afterAll(async () => {
  await sts.close();
  await aws.close();
  rmSync(directory, { recursive: true, force: true });
});

const anyPort = { host: '127.0.0.1', port: 0 };

async function start(options: Partial<AwsOptions>) {
  const { readFileSync } = await import('node:fs');
  const config = parseAwsOptions(
    {
      sts: 'aws',
      stsAccounts: account,
      stsPartition: 'aws',
      stsConnect: `127.0.0.1:${sts.port}`,
      stsCa: join(directory, 'sts.pem'),
      pin: 'none',
      ec2: 'none',
      ...options,
    },
    { region: 'us-east-1', partition: 'aws', readFile: (path) => readFileSync(path, 'utf8') },
  );
  const server = await startServer({
    dataDirectory: undefined,
    awsListen: anyPort,
    kubeListen: anyPort,
    accountId: '111122223333',
    region: 'us-east-1',
    readyFile: undefined,
    logLevel: 'silent',
    logFormat: 'text',
    ...(config && { aws: config }),
  });
  running.push(server);
  const { awsEndpoint: endpoint, region, accessKeyId = '', secretAccessKey = '' } = server.connection;
  const client = createAwsClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  await client.call('eks', 'CreateCluster', {
    name: 'prod',
    roleArn: 'arn:aws:iam::111122223333:role/eks',
    resourcesVpcConfig: { subnetIds: ['subnet-1'] },
    accessConfig: { authenticationMode: 'API' },
  });
  return {
    server,
    createEntry: (principalArn: string, rest: object = {}) =>
      client.call('eks', 'CreateAccessEntry', { clusterName: 'prod', principalArn, ...rest }),
    async enter(accessKeyId: keyof typeof keys & string): Promise<Authentication> {
      const key: StandInKey | undefined = keys[accessKeyId];
      const now = Date.now();
      const token = createToken({
        credentials: {
          accessKeyId,
          secretAccessKey: key?.secretAccessKey ?? '',
          ...(key?.sessionToken !== undefined && { sessionToken: key.sessionToken }),
        },
        region: 'us-east-1',
        clusterName: 'prod',
        now,
      });
      const cluster = server.access.clusterByName('111122223333', 'us-east-1', 'prod');
      if (cluster === undefined) throw new Error('no cluster');
      return cluster.authenticate(token, now);
    },
  };
}

const withCredentials = () => ({
  awsCredentials: join(directory, 'credentials'),
  awsProfile: 'ops',
  awsConnect: `127.0.0.1:${aws.port}`,
  awsCa: join(directory, 'aws.pem'),
});

describe('nobody enters', () => {
  test('from AWS when STS is not asked', async () => {
    const { enter, createEntry } = await start({
      sts: 'none',
      stsAccounts: undefined as never,
      stsConnect: undefined as never,
      stsCa: undefined as never,
    });
    const before = sts.calls();
    expect(await enter('ASIAALICE00000000001')).toMatchObject({
      outcome: 'refused',
      evidence: { code: 'unknownKey' },
    });
    expect(sts.calls()).toBe(before);
    await expect(createEntry(opsArn)).rejects.toThrow('invalid principal');
  });

  test('from an account that is not listed', async () => {
    const { enter } = await start({ stsAccounts: '777788889999' });
    expect(await enter('ASIAALICE00000000001')).toMatchObject({
      outcome: 'refused',
      evidence: { code: 'accountNotTrusted' },
    });
  });

  test('without an entry, and an entry needs somebody who knows the principal', async () => {
    const { enter, createEntry } = await start({});
    expect(await enter('ASIAALICE00000000001')).toMatchObject({
      outcome: 'refused',
      evidence: { code: 'noMapping', principalId: 'AROAOPS0000000000001' },
    });
    await expect(createEntry(opsArn)).rejects.toThrow('invalid principal');
  });

  test('while STS has had enough: that is no refusal', async () => {
    const { enter } = await start({});
    sts.misbehave({ kind: 'status', status: 429 });
    expect(await enter('ASIAALICE00000000001')).toMatchObject({ outcome: 'unavailable', throttled: true });
  });
});

describe('with credentials for AWS’s IAM', () => {
  test('an entry is pinned to the id that IAM tells, and a role made anew does not enter by it', async () => {
    const { enter, createEntry } = await start(withCredentials());
    await createEntry(opsArn, { username: 'ops:{{SessionName}}' });
    expect(await enter('ASIAALICE00000000001')).toMatchObject({
      outcome: 'authenticated',
      user: { username: 'ops:alice', uid: `aws-iam-authenticator:${account}:AROAOPS0000000000001` },
    });
    sts.setKey('ASIAALICE00000000001', sessionOf('ops', 'alice', 'AROAOPS0000000000002'));
    try {
      expect(await enter('ASIAALICE00000000001')).toMatchObject({
        outcome: 'refused',
        evidence: { principalId: 'AROAOPS0000000000002' },
      });
    } finally {
      sts.setKey('ASIAALICE00000000001', keys.ASIAALICE00000000001);
    }
  });

  test('what IAM does not have gets no entry, not even one that waits', async () => {
    const { createEntry } = await start({ ...withCredentials(), pin: 'first-use' });
    await expect(createEntry(`arn:aws:iam::${account}:role/gone`)).rejects.toThrow('invalid principal');
    await expect(createEntry(`arn:aws:iam::${account}:role/ops`)).rejects.toThrow('invalid principal');
    await expect(createEntry(`arn:aws:iam::${account}:root`)).rejects.toThrow('invalid principal');
    await expect(createEntry('arn:aws:iam::777788889999:role/ops')).rejects.toThrow('invalid principal');
  });

  test('that may not call it, the answer says so', async () => {
    const { createEntry } = await start(withCredentials());
    aws.answers.set('GetRole', {
      status: 403,
      body: '<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>',
    });
    await expect(createEntry(opsArn)).rejects.toThrow('AWS refuses `iam:GetRole` (AccessDenied)');
  });
});

test('an entry that waits is of the first who comes, of nobody else later, and the trail tells', async () => {
  const { server, enter, createEntry } = await start({ pin: 'first-use' });
  await createEntry(opsArn);
  expect(await enter('ASIAALICE00000000001')).toMatchObject({ outcome: 'authenticated' });
  sts.setKey('ASIAALICE00000000001', sessionOf('ops', 'alice', 'AROAOPS0000000000002'));
  try {
    expect(await enter('ASIAALICE00000000001')).toMatchObject({ outcome: 'refused' });
  } finally {
    sts.setKey('ASIAALICE00000000001', keys.ASIAALICE00000000001);
  }
  // The people of the cluster look it up: the account of AWS is none here.
  const { items } = await server.trail.read({
    accountId: '111122223333',
    attribute: { key: 'EventName', value: 'PinAccessEntry' },
    limit: 10,
  });
  expect(items).toMatchObject([
    {
      record: {
        eventSource: 'entryway',
        eventName: 'PinAccessEntry',
        awsRegion: 'us-east-1',
        recipientAccountId: '111122223333',
        userIdentity: { type: 'AssumedRole', principalId: 'AROAOPS0000000000001:alice' },
        resources: [
          { ARN: expect.stringMatching(/^arn:aws:eks:us-east-1:111122223333:access-entry\/prod\/role\//) },
        ],
      },
    },
  ]);
});

test('nodes have the name that the table says, then the one EC2 says; who is neither does not enter', async () => {
  const nodeArn = `arn:aws:iam::${account}:role/node`;
  const nodeEntry = { username: 'node:{{EC2PrivateDNSName}}' };
  const table = join(directory, 'instances.json');
  writeFileSync(table, '{"i-0123456789abcdef0": "from.table"}');
  const byTable = await start({ pin: 'first-use', instances: table });
  await byTable.createEntry(nodeArn, nodeEntry);
  expect(await byTable.enter('ASIANODE000000000001')).toMatchObject({
    user: { username: 'node:from.table' },
  });
  writeFileSync(table, '{"i-0123456789abcdef1": "another.table"}');
  const byEc2 = await start({ ...withCredentials(), pin: 'first-use', instances: table, ec2: 'aws' });
  aws.answers.set('GetRole', { status: 503, body: '' });
  await byEc2.createEntry(nodeArn, nodeEntry);
  expect(await byEc2.enter('ASIANODE000000000001')).toMatchObject({
    user: { username: 'node:ip-10-0-0-1.ec2.internal' },
  });
  const byNobody = await start({ pin: 'first-use' });
  await byNobody.createEntry(nodeArn, nodeEntry);
  expect(await byNobody.enter('ASIANODE000000000001')).toMatchObject({
    outcome: 'refused',
    evidence: { code: 'unknownInstance' },
  });
});

test('metrics count calls by region and outcome, and connections', async () => {
  const { server, enter } = await start({});
  for (let at = 0; at < 3; at++) await enter('ASIAALICE00000000001');
  const text = await (await fetch(`${server.connection.awsEndpoint}/metrics`)).text();
  expect(text).toContain('entryway_sts_calls_total{region="us-east-1",outcome="known"} 3');
  expect(text).toContain('entryway_sts_connections_total 1');
  expect(text).toContain('entryway_sts_queue_refusals_total 0');
});

test.each([
  [{ awsCredentials: '/nowhere/credentials' }, '--aws-credentials `/nowhere/credentials` cannot be used'],
  [{ instances: '/nowhere/table.json' }, '--instances `/nowhere/table.json` cannot be used'],
])('a server does not start without a file it was given: %j', async (options, message) => {
  await expect(start(options)).rejects.toThrow(message);
});
