import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import type { AccessUse } from '../../engine/analysis/usage/use.ts';
import { createUsageReader, readUsageFiles } from './usage.ts';

const directory = mkdtempSync(join(tmpdir(), 'entryway-usage-'));
afterAll(() => rmSync(directory, { recursive: true }));

const roleArn = 'arn:aws:iam::111122223333:role/ops';
const clusterArn = 'arn:aws:eks:us-east-1:111122223333:cluster/prod';
let ids = 0;

const call = (eventName: string, change: object = {}): object => ({
  eventVersion: '1.11',
  userIdentity: {
    type: 'AssumedRole',
    principalId: 'AROAOPS:alice',
    arn: 'arn:aws:sts::111122223333:assumed-role/ops/alice',
    sessionContext: { sessionIssuer: { type: 'Role', principalId: 'AROAOPS', arn: roleArn } },
  },
  eventTime: '2026-11-20T10:00:00Z',
  eventSource: 'eks.amazonaws.com',
  eventName,
  eventID: `id-${ids++}`,
  eventType: 'AwsApiCall',
  ...change,
});

const event = (verb: string, objectRef: object | undefined, change: object = {}): object => ({
  kind: 'Event',
  apiVersion: 'audit.k8s.io/v1',
  auditID: `audit-${ids++}`,
  stage: 'ResponseComplete',
  requestURI: '/metrics?verbose',
  verb,
  user: { username: 'ada', groups: ['devs'] },
  ...(objectRef && { objectRef }),
  responseStatus: { code: 200 },
  requestReceivedTimestamp: '2026-11-20T10:00:00.000000Z',
  annotations: { 'authorization.k8s.io/decision': 'allow' },
  ...change,
});

function understand(...records: readonly unknown[]) {
  const uses: AccessUse[] = [];
  const reader = createUsageReader((use) => void uses.push(use));
  for (const record of records) reader.record(record);
  return { uses, gaps: reader.gaps().map(({ reason }) => reason) };
}

async function readFile(content: string | Buffer, name = `log-${ids++}`) {
  const file = join(directory, name);
  writeFileSync(file, content);
  const uses: AccessUse[] = [];
  const reader = createUsageReader((use) => void uses.push(use));
  await readUsageFiles([file], reader);
  const gaps = reader.gaps().map(({ reason, place }) => `${place?.line}:${place?.column} ${reason}`);
  return { actions: uses.map(({ did }) => (did.kind === 'aws' ? did.action : did.question.verb)), gaps };
}

describe('a call of CloudTrail', () => {
  test.each<[string, object]>([
    ['signing in', call('ConsoleLogin', { eventType: 'AwsConsoleSignIn' })],
    ['what a service tells of itself', call('Notice', { eventType: 'AwsServiceEvent' })],
    ['a credential that was not believed', call('ListClusters', { errorCode: 'ExpiredTokenException' })],
    [
      'somebody of another account',
      call('AssumeRole', { userIdentity: { type: 'AWSAccount', principalId: 'X', accountId: '1' } }),
    ],
  ])('%s is no use of a permission', (_, record) =>
    expect(understand(record)).toEqual({ uses: [], gaps: [] }),
  );

  test('tells who, what, of what, and when', () => {
    const { uses } = understand(call('DescribeCluster', { resources: [{ ARN: clusterArn }] }));
    expect(uses).toEqual([
      {
        at: Date.UTC(2026, 10, 20, 10),
        who: { principalArn: roleArn, principalId: 'AROAOPS' },
        did: { kind: 'aws', action: 'eks:DescribeCluster', resources: [clusterArn] },
        allowed: true,
      },
    ]);
  });

  test.each([
    [{ errorCode: 'AccessDenied' }, false],
    [{ errorCode: 'Client.UnauthorizedOperation' }, false],
    // It was asked, and may; the thing was not there.
    [{ errorCode: 'ResourceNotFoundException' }, true],
  ])('%j: allowed %s', (change, allowed) => {
    expect(understand(call('DescribeCluster', change)).uses).toMatchObject([{ allowed }]);
  });

  test('handing a role to a service takes a second permission', () => {
    const { uses } = understand(call('CreateCluster', { requestParameters: { name: 'new', roleArn } }));
    expect(uses.map(({ did }) => did)).toEqual([
      { kind: 'aws', action: 'eks:CreateCluster', resources: [] },
      { kind: 'aws', action: 'iam:PassRole', resources: [roleArn] },
    ]);
  });

  test('what the catalogue does not know is a gap, once, and never a guess', () => {
    const records = [1, 2].map(() => call('ListObjects', { eventSource: 's3.amazonaws.com' }));
    expect(understand(...records, call('Getaway'))).toEqual({
      uses: [],
      gaps: [
        'calls of `s3.amazonaws.com` are not looked at: which permission `ListObjects` took is not known (2 times, the first one here)',
        '`eks:Getaway` is no action of IAM that is known; which permission it took is not',
      ],
    });
  });

  test('a pattern is no name of a call', () => {
    expect(understand(call('*')).uses).toEqual([]);
  });

  test('the permission our own trail names counts', () => {
    const additionalEventData = { entryway: { decision: { action: 'entryway:ListBlocks' } } };
    const { uses } = understand(call('ListBlocks', { eventSource: 'entryway', additionalEventData }));
    expect(uses).toMatchObject([{ did: { action: 'entryway:ListBlocks' } }]);
  });
});

describe('an audit event', () => {
  test('before its answer it tells nothing, and both later stages are one use', () => {
    const watch = event('watch', { resource: 'pods' }, { auditID: 'w' });
    const { uses } = understand(
      { ...watch, stage: 'RequestReceived' },
      { ...watch, stage: 'ResponseStarted' },
      watch,
    );
    expect(uses).toHaveLength(1);
  });

  test.each([
    [
      event('create', { resource: 'pods', namespace: 'dev', name: 'made-up' }),
      { resource: 'pods', namespace: 'dev', name: '' },
    ],
    [
      event('create', { resource: 'pods', subresource: 'exec', namespace: 'dev', name: 'p' }),
      { subresource: 'exec', name: 'p' },
    ],
    [
      event('get', { resource: 'deployments', apiGroup: 'apps', name: 'd' }),
      { apiGroup: 'apps', name: 'd', namespace: '' },
    ],
    [event('get', undefined), { kind: 'nonResource', path: '/metrics' }],
  ])('question %#', (record, question) =>
    expect(understand(record).uses).toMatchObject([{ did: { question } }]),
  );

  test('a refusal is one, and whoever was not authenticated is nobody', () => {
    const forbidden = event('get', { resource: 'pods' }, { responseStatus: { code: 403 }, annotations: {} });
    const stranger = event('get', { resource: 'pods' }, { responseStatus: { code: 401 }, annotations: {} });
    expect(understand(forbidden, stranger).uses).toMatchObject([{ allowed: false }]);
  });

  test('impersonation is a use of the impersonator, and its extra names nobody', () => {
    const { uses } = understand(
      event(
        'get',
        { resource: 'pods' },
        {
          impersonatedUser: {
            username: 'system:serviceaccount:dev:sa',
            groups: ['system:serviceaccounts', 'system:authenticated', 'x'],
            extra: { canonicalArn: [roleArn] },
          },
        },
      ),
    );
    const said = uses.map(({ who, did }) => [
      who.username,
      who.principalArn,
      did.kind === 'kubernetes' && did.question,
    ]);
    expect(said).toMatchObject([
      ['ada', undefined, { verb: 'impersonate', resource: 'serviceaccounts', name: 'sa', namespace: 'dev' }],
      ['ada', undefined, { verb: 'impersonate', resource: 'groups', name: 'x' }],
      [
        'ada',
        undefined,
        { verb: 'impersonate', resource: 'userextras', subresource: 'canonicalArn', name: roleArn },
      ],
      ['system:serviceaccount:dev:sa', undefined, { verb: 'get', resource: 'pods' }],
    ]);
  });

  test('on EKS the extra keys name the principal', () => {
    const user = {
      username: 'x',
      extra: { canonicalArn: [roleArn], 'sigs.k8s.io/aws-iam-authenticator/principalId': ['AROAOPS'] },
    };
    expect(
      understand(event('get', { resource: 'pods' }, { user, annotations: undefined })).uses,
    ).toMatchObject([{ who: { principalArn: roleArn, principalId: 'AROAOPS' } }]);
  });
});

describe('a file', () => {
  const two = [call('ListClusters'), call('DescribeCluster')];
  const lines = `${two.map((one) => JSON.stringify(one)).join('\n')}\n`;
  const list = { Records: [call('ListClusters'), call('DescribeCluster')] };
  const actions = ['eks:ListClusters', 'eks:DescribeCluster'];
  test.each<[string, string | Buffer]>([
    ['one record to a line', lines],
    ['without a last line break, with empty lines', `\n${lines.trim()}\r\n\n`],
    ['a list of CloudTrail', JSON.stringify({ Records: [call('ListClusters'), call('DescribeCluster')] })],
    ['the same over many lines', JSON.stringify(list, undefined, 2)],
    ['compressed', gzipSync(JSON.stringify({ Records: [call('ListClusters'), call('DescribeCluster')] }))],
    [
      'a plain list',
      `\uFEFF[${[call('ListClusters'), call('DescribeCluster')].map((one) => JSON.stringify(one)).join(',')}]`,
    ],
    [
      'lookup-events of the AWS CLI',
      JSON.stringify({
        Events: [call('ListClusters'), call('DescribeCluster')].map((one) => ({
          CloudTrailEvent: JSON.stringify(one),
        })),
        NextToken: 'x',
      }),
    ],
    [
      'filter-log-events of CloudWatch',
      JSON.stringify({
        events: [call('ListClusters'), call('DescribeCluster')].map((one) => ({
          message: JSON.stringify(one),
        })),
      }),
    ],
  ])('%s', async (_, content) => {
    expect(await readFile(content)).toEqual({ actions, gaps: [] });
  });

  test('broken lines are gaps with their place, and the rest is read', async () => {
    const content = `${JSON.stringify(call('ListClusters'))}\n{"eventName": \n[]\n"text"\n${JSON.stringify(call('DescribeCluster'))}`;
    expect(await readFile(content)).toEqual({
      actions,
      gaps: ['2:1 a line is no JSON', '3:1 a record is no object (2 times, the first one here)'],
    });
  });

  test.each<[string, string | Buffer, unknown]>([
    ['an empty file', '', { actions: [], gaps: [] }],
    [
      'a list that is cut off',
      `{"Records":[${JSON.stringify(call('ListClusters'))},{"a":"}`,
      { actions: ['eks:ListClusters'], gaps: [expect.stringContaining('the file ends within a record')] },
    ],
    [
      'something else between records',
      `[${JSON.stringify(call('ListClusters'))},7,{}]`,
      { actions: ['eks:ListClusters'], gaps: [expect.stringContaining('something that is no record')] },
    ],
    [
      'a compressed file that is cut off',
      gzipSync(lines).subarray(0, 40),
      { actions: expect.anything(), gaps: [expect.stringContaining('read only in part')] },
    ],
    [
      'another kind of file',
      'kind: Pod\nname: x\n',
      { actions: [], gaps: ['1:1 a line is no JSON (2 times, the first one here)'] },
    ],
    [
      'deep nesting',
      `${'['.repeat(100_000)}\n${JSON.stringify(call('ListClusters'))}`,
      { actions: [], gaps: [expect.anything()] },
    ],
  ])('%s', async (_, content, expected) => expect(await readFile(content)).toEqual(expected));

  test('a line of 100 MB is a gap, and what follows is read', async () => {
    const long = Buffer.alloc(100 * 1024 * 1024, 0x61);
    const content = Buffer.concat([
      Buffer.from('"'),
      long,
      Buffer.from(`"\n${JSON.stringify(call('ListClusters'))}\n`),
    ]);
    expect(await readFile(content)).toEqual({
      actions: ['eks:ListClusters'],
      gaps: ['1:1 a record longer than 4 MiB was not read'],
    });
  });

  test('a file that is not there is said', async () => {
    const reader = createUsageReader(() => undefined);
    await expect(readUsageFiles([join(directory, 'nothing')], reader)).rejects.toMatchObject({
      code: 'misuse',
    });
    await expect(readUsageFiles([directory], reader)).rejects.toMatchObject({ code: 'misuse' });
  });
});
