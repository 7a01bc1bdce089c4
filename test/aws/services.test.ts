/** Unique ids by AWS's IAM, and names of instances by EC2, asked of stand-ins that check signatures. */
import { afterEach, describe, expect, test } from 'vitest';
import { createAwsConnections } from '../../src/access/aws/connections.ts';
import { createEc2InstanceNames, type Ec2InstanceNamesOptions } from '../../src/access/aws/ec2.ts';
import { type AwsPrincipalName, createAwsIam } from '../../src/access/aws/iam.ts';
import type { SigningCredentials } from '../../src/wire/sigv4/sign.ts';
import { until } from '../compat/process.ts';
import { createServiceStandIn, type ServiceStandIn, type ServiceStandInOptions } from './servicestandin.ts';
import { createStsStandIn } from './stsstandin.ts';

const account = '444455556666';
const credentials: SigningCredentials = {
  accessKeyId: 'AKIAOPERATOR00000001',
  secretAccessKey: 'the secret of the operator',
};
const ops: AwsPrincipalName = {
  kind: 'role',
  accountId: account,
  name: 'ops',
  arn: `arn:aws:iam::${account}:role/team/ops`,
};
const bob: AwsPrincipalName = {
  kind: 'user',
  accountId: account,
  name: 'bob',
  arn: `arn:aws:iam::${account}:user/bob`,
};

const opened: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function standIn(options: Partial<ServiceStandInOptions> = {}): Promise<ServiceStandIn> {
  const aws = await createServiceStandIn({
    keys: { [credentials.accessKeyId]: credentials.secretAccessKey },
    principals: {
      ops: { arn: ops.arn, id: 'AROA1234567890EXAMPLE' },
      bob: { arn: bob.arn, id: 'AIDA1234567890EXAMPLE' },
    },
    ...options,
  });
  opened.push(() => aws.close());
  return aws;
}

function connect({ port, caPem }: { readonly port: number; readonly caPem: string }, maximumBytes?: number) {
  const connections = createAwsConnections({
    connect: { host: '127.0.0.1', port },
    ca: caPem,
    ...(maximumBytes !== undefined && { maximumBytes }),
  });
  opened.push(() => connections.close());
  return connections;
}

describe('AWS’s IAM', () => {
  async function open(
    ownAccount = account,
    current: () => Promise<SigningCredentials> = async () => credentials,
  ) {
    const aws = await standIn();
    const sts = await createStsStandIn({
      keys: {
        [credentials.accessKeyId]: {
          secretAccessKey: credentials.secretAccessKey,
          account: ownAccount,
          arn: `arn:aws:iam::${ownAccount}:user/operator`,
          userId: 'AIDAOPERATOR000000001',
        },
      },
    });
    opened.push(() => sts.close());
    const ask = createAwsIam({
      iamConnections: connect(aws),
      stsConnections: connect(sts),
      credentials: current,
      region: 'us-east-1',
      now: Date.now,
    });
    return { aws, sts, ask };
  }

  test('does not have who it does not know, or knows under another path', async () => {
    const { ask } = await open();
    expect(await ask({ ...ops, name: 'gone', arn: `arn:aws:iam::${account}:role/gone` })).toEqual({
      outcome: 'none',
    });
    expect(await ask({ ...ops, arn: `arn:aws:iam::${account}:role/ops` })).toEqual({ outcome: 'none' });
  });

  test('is not believed about another account than that of the credentials, and not asked', async () => {
    const { aws, ask } = await open('777788889999');
    expect(await ask(ops)).toEqual({
      outcome: 'unknown',
      because: 'the credentials of --aws-credentials are of account `777788889999`',
      isTemporary: false,
    });
    expect(aws.calls()).toBe(0);
  });

  test('tells the id of a role and of a user; whose the credentials are is asked once', async () => {
    const { ask, sts } = await open();
    expect(await ask(ops)).toEqual({ outcome: 'found', principalId: 'AROA1234567890EXAMPLE' });
    expect(await ask(bob)).toEqual({ outcome: 'found', principalId: 'AIDA1234567890EXAMPLE' });
    expect(sts.calls()).toBe(1);
  });

  const errorBody = (code: string) =>
    `<ErrorResponse><Error><Code>${code}</Code><Message>secret things</Message></Error></ErrorResponse>`;
  test.each([
    ['may not be asked', 403, errorBody('AccessDenied'), 'AWS refuses `iam:GetRole` (AccessDenied)', false],
    ['has had enough', 400, errorBody('Throttling'), 'AWS refuses `iam:GetRole` (Throttling)', true],
    ['is unwell', 503, '<html>', 'what cannot be read (status 503)', true],
    ['answers nonsense', 200, 'hello', 'what cannot be read (status 200)', true],
    ['answers something else', 200, '<GetUserResponse/>', 'what cannot be read (status 200)', true],
    [
      'answers without an id',
      200,
      '<GetRoleResponse><GetRoleResult><Role><Arn>x</Arn></Role></GetRoleResult></GetRoleResponse>',
      'has no unique id',
      false,
    ],
    [
      'tells the id of a user',
      200,
      `<GetRoleResponse><GetRoleResult><Role><Arn>${ops.arn}</Arn><RoleId>AIDA1234567890EXAMPLE</RoleId></Role></GetRoleResult></GetRoleResponse>`,
      'has no unique id',
      false,
    ],
    [
      'tells two ids',
      200,
      `<GetRoleResponse><GetRoleResult><Role><Arn>${ops.arn}</Arn><RoleId>AROA1234567890EXAMPLE</RoleId><RoleId>AROA1234567890ANOTHER</RoleId></Role></GetRoleResult></GetRoleResponse>`,
      'has no unique id',
      false,
    ],
    [
      'tells of two roles',
      200,
      `<GetRoleResponse><GetRoleResult>${`<Role><Arn>${ops.arn}</Arn><RoleId>AROA1234567890EXAMPLE</RoleId></Role>`.repeat(2)}</GetRoleResult></GetRoleResponse>`,
      'has no unique id',
      false,
    ],
    [
      'defines an entity',
      200,
      `<!DOCTYPE r [<!ENTITY id "AROA1234567890EXAMPLE">]><GetRoleResponse><GetRoleResult><Role><Arn>${ops.arn}</Arn><RoleId>&id;</RoleId></Role></GetRoleResult></GetRoleResponse>`,
      'what cannot be read (status 200)',
      true,
    ],
    ['is unwell and says that there is nobody', 500, errorBody('NoSuchEntity'), '(NoSuchEntity)', true],
    ['says in a success that there is nobody', 200, errorBody('NoSuchEntity'), 'what cannot be read', true],
    ['says 404 about something else', 404, errorBody('NoSuchBucket'), '(NoSuchBucket)', false],
    ['redirects', 302, '', 'status 302', true],
  ])('that %s leaves it open', async (_name, status, body, because, isTemporary) => {
    const { aws, ask } = await open();
    aws.answers.set('GetRole', { status, body });
    const answer = await ask(ops);
    expect(answer).toMatchObject({
      outcome: 'unknown',
      because: expect.stringContaining(because),
      isTemporary,
    });
    expect(JSON.stringify(answer)).not.toContain('secret things');
  });

  test('is not asked with credentials that cannot be read or that STS does not know', async () => {
    const unreadable = await open(account, async () => {
      throw new Error('the secret stands here');
    });
    expect(await unreadable.ask(ops)).toEqual({
      outcome: 'unknown',
      because: 'the file of --aws-credentials cannot be read',
      isTemporary: false,
    });
    const unknown = await open(account, async () => ({ ...credentials, secretAccessKey: 'another' }));
    expect(await unknown.ask(ops)).toMatchObject({ outcome: 'unknown', isTemporary: false });
    expect(unknown.aws.calls()).toBe(0);
  });
});

describe('EC2', () => {
  const id = (at: number) => `i-${at.toString(16).padStart(17, '0')}`;
  const name = (at: number) => `ip-10-0-${at >> 8}-${at & 255}.ec2.internal`;
  const fleet = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [id(at), name(at)]));

  async function open(
    options: Partial<Ec2InstanceNamesOptions> = {},
    instances: Readonly<Record<string, string>> = fleet,
  ) {
    const aws = await standIn({ instances });
    let now = Date.now();
    const names = createEc2InstanceNames({
      connections: connect(aws, 8 * 2 ** 20),
      credentials: async () => credentials,
      region: 'us-east-1',
      now: () => now,
      ...options,
    });
    const advance = (by: number): void => {
      now += by;
    };
    return { aws, names, advance };
  }

  test('is not asked about what is no instance', async () => {
    const { aws, names } = await open();
    for (const text of ['i-0000000g', 'i-ABCDEF01', 'i-012345678', 'admin', '']) {
      expect(await names.privateDnsName(text)).toBeUndefined();
    }
    expect(aws.calls()).toBe(0);
  });

  test('does not name who has ended, or has a name that no node may have', async () => {
    const { names } = await open({}, { [id(1)]: '', [id(2)]: 'UPPER.internal', [id(3)]: 'a_b' });
    for (const at of [1, 2, 3, 4]) expect(await names.privateDnsName(id(at))).toBeUndefined();
  });

  test('is asked in batches of a hundred, and once for an instance that many want', async () => {
    const { aws, names } = await open();
    aws.hold();
    const asked = Array.from({ length: 900 }, (_, at) => names.privateDnsName(id(at % 450)));
    await until(() => aws.calls() === 4, 'four calls are under way');
    aws.release();
    expect(await Promise.all(asked)).toEqual(Array.from({ length: 900 }, (_, at) => name(at % 450)));
    expect(Math.max(...aws.asked.map((ids) => ids.length))).toBe(100);
    expect(aws.asked.flat()).toHaveLength(450);
    expect(aws.calls()).toBeLessThan(12);
  });

  test('is believed for a quarter of an hour, and for half a minute that there is nobody', async () => {
    const { aws, names, advance } = await open();
    for (const _ of [1, 2]) {
      await names.privateDnsName(id(1));
      await names.privateDnsName(id(999));
    }
    expect(aws.calls()).toBe(2);
    advance(30_000);
    await names.privateDnsName(id(1));
    await names.privateDnsName(id(999));
    expect(aws.calls()).toBe(3);
    advance(15 * 60_000);
    await names.privateDnsName(id(1));
    expect(aws.calls()).toBe(4);
  });

  test('is forgotten from the oldest on when there are too many', async () => {
    const { aws, names } = await open({ capacity: 2 });
    for (const at of [1, 2, 3, 3, 2, 1]) await names.privateDnsName(id(at));
    expect(aws.asked.flat()).toEqual([1, 2, 3, 1].map(id));
  });

  test.each([
    ['fails', 500, ''],
    [
      'refuses',
      403,
      '<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>',
    ],
    ['answers nonsense', 200, '<DescribeInstancesResponse/>'],
    [
      'answers in part',
      200,
      '<DescribeInstancesResponse><reservationSet/><nextToken>x</nextToken></DescribeInstancesResponse>',
    ],
    [
      'answers twice',
      200,
      '<DescribeInstancesResponse><reservationSet/><reservationSet/></DescribeInstancesResponse>',
    ],
    [
      'names an instance twice',
      200,
      `<DescribeInstancesResponse><reservationSet><item><instancesSet>${['a', 'b']
        .map(
          (host) => `<item><instanceId>${id(1)}</instanceId><privateDnsName>${host}</privateDnsName></item>`,
        )
        .join('')}</instancesSet></item></reservationSet></DescribeInstancesResponse>`,
    ],
    ['answers more than 8 MiB', 200, ' '.repeat(8 * 2 ** 20 + 1)],
  ])('that %s says nothing, and is asked again', async (_name, status, body) => {
    const { aws, names } = await open();
    aws.answers.set('DescribeInstances', { status, body });
    await expect(names.privateDnsName(id(1))).rejects.toThrow();
    aws.answers.clear();
    expect(await names.privateDnsName(id(1))).toBe(name(1));
  });

  test('has no more waiting for it than it may', async () => {
    const { aws, names } = await open({ maximumWaiting: 1 });
    aws.hold();
    const asked = [0, 1, 2, 3, 4].map((at) => names.privateDnsName(id(at)));
    await expect(names.privateDnsName(id(5))).rejects.toThrow('too many');
    await until(() => aws.calls() === 4, 'the first have come');
    aws.release();
    expect(await Promise.all(asked)).toEqual([0, 1, 2, 3, 4].map(name));
  });

  test('is not believed about an instance that was not asked about', async () => {
    const { aws, names } = await open();
    const body = `<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>${id(2)}</instanceId><privateDnsName>evil.internal</privateDnsName></item></instancesSet></item></reservationSet></DescribeInstancesResponse>`;
    aws.answers.set('DescribeInstances', { status: 200, body });
    expect(await names.privateDnsName(id(1))).toBeUndefined();
    aws.answers.clear();
    expect(await names.privateDnsName(id(2))).toBe(name(2));
  });

  test('that is slow is not waited for longer than five seconds; what it says then is remembered', async () => {
    const { aws, names } = await open({ patience: 50 });
    aws.hold();
    await expect(names.privateDnsName(id(1))).rejects.toThrow('EC2 has not answered within 0.05 s');
    await until(() => aws.calls() === 1, 'the call has come');
    aws.release();
    const known = () => names.privateDnsName(id(1)).catch(() => undefined);
    await until(async () => (await known()) === name(1), 'the answer is remembered');
    expect(aws.calls()).toBe(1);
  });
});
