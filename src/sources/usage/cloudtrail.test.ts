import { describe, expect, test } from 'vitest';
import { call, clusterArn, roleArn, understand } from './testworld.ts';

describe('a call of CloudTrail', () => {
  test.each<[string, object]>([
    ['signing in', call('ConsoleLogin', { eventType: 'AwsConsoleSignIn' })],
    ['what a service tells of itself', call('Notice', { eventType: 'AwsServiceEvent' })],
    ['a call that was turned away unasked', call('ListClusters', { errorCode: 'ThrottlingException' })],
    ['a malformed call', call('ListClusters', { errorCode: 'ValidationException' })],
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
    [{ errorCode: 'ForbiddenException' }, false],
    [{ errorCode: 'UnauthorizedException' }, false],
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
        'calls of `s3.amazonaws.com` are not looked at: which permission `ListObjects` took is not known (2 times)',
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

  test.each<[string, string, string, object, string, readonly string[]]>([
    ['eks', 'CreateCluster', 'tags', { tags: { team: 'a' } }, 'eks:TagResource', []],
    ['eks', 'CreateAccessEntry', 'tags', { tags: { team: 'a' } }, 'eks:TagResource', []],
    [
      'eks',
      'CreateAccessEntry',
      'node type',
      { type: 'EC2_LINUX', principalArn: roleArn },
      'iam:PassRole',
      [roleArn],
    ],
    ['eks', 'CreateCapability', 'role', { roleArn }, 'iam:PassRole', [roleArn]],
    ['iam', 'CreateRole', 'tags', { tags: [{ key: 'team', value: 'a' }] }, 'iam:TagRole', []],
    ['iam', 'CreateUser', 'tags', { tags: [{ key: 'team', value: 'a' }] }, 'iam:TagUser', []],
    ['iam', 'AddRoleToInstanceProfile', 'a role', { roleName: 'ops' }, 'iam:PassRole', []],
    [
      'sts',
      'AssumeRole',
      'tags',
      { roleArn, tags: [{ key: 'team', value: 'a' }] },
      'sts:TagSession',
      [roleArn],
    ],
    [
      'sts',
      'AssumeRole',
      'a source identity',
      { roleArn, sourceIdentity: 'ada' },
      'sts:SetSourceIdentity',
      [roleArn],
    ],
  ])('%s:%s with %s takes a second permission', (service, name, _, requestParameters, action, resources) => {
    const resource = service === 'sts' ? [{ ARN: roleArn }] : [];
    const change = { eventSource: `${service}.amazonaws.com`, requestParameters, resources: resource };
    const { uses } = understand(call(name, change));
    expect(uses.map(({ did }) => did)).toEqual([
      { kind: 'aws', action: `${service}:${name}`, resources: resource.map(({ ARN }) => ARN) },
      { kind: 'aws', action, resources },
    ]);
    const refused = call(name, { ...change, errorCode: 'AccessDenied' });
    expect(understand(refused).uses).toHaveLength(1);
  });

  test.each([
    ['eks', 'CreateCluster', { tags: {} }],
    ['iam', 'CreateRole', { tags: [] }],
    ['eks', 'CreateAccessEntry', { type: 'STANDARD', principalArn: roleArn }],
    ['sts', 'AssumeRole', { roleArn }],
  ])('%s:%s with %j takes one', (service, name, requestParameters) => {
    const record = call(name, { eventSource: `${service}.amazonaws.com`, requestParameters });
    expect(understand(record).uses).toHaveLength(1);
  });

  test('parameters that the record leaves out are told', () => {
    const { uses, gaps } = understand(call('CreateCluster', { requestParameters: { omitted: true } }));
    expect(uses).toHaveLength(1);
    expect(gaps).toEqual([expect.stringContaining('leaves out the parameters')]);
  });

  test.each<[string, string, readonly string[], readonly string[]]>([
    ['what IAM compares', 'DescribeCluster', [clusterArn], [clusterArn]],
    ['something else', 'DescribeCluster', [roleArn], []],
    ['one of several', 'DescribeCluster', [clusterArn, roleArn], []],
    ['anything, where IAM compares nothing', 'ListClusters', [clusterArn], []],
  ])('%s: %s of %j', (_, name, arns, expected) => {
    const { uses } = understand(call(name, { resources: arns.map((ARN) => ({ ARN })) }));
    expect(uses).toMatchObject([{ did: { resources: expected } }]);
  });

  test('a session without its issuer is its role’s, and a call of nobody who is named is a gap', () => {
    const arn = 'arn:aws:sts::111122223333:assumed-role/ops/alice';
    const alone = { type: 'AssumedRole', principalId: 'AROAOPS:alice', arn };
    expect(understand(call('ListClusters', { userIdentity: alone })).uses).toMatchObject([
      { who: { principalArn: arn, principalId: 'AROAOPS' } },
    ]);
    expect(understand(call('ListClusters', { userIdentity: { type: 'IAMUser' } }))).toEqual({
      uses: [],
      gaps: ['the record does not say whose call it was'],
    });
  });

  test('a pattern is no permission our own trail names', () => {
    const additionalEventData = { entryway: { decision: { action: 'eks:*' } } };
    expect(understand(call('ListClusters', { additionalEventData }))).toMatchObject({
      uses: [],
      gaps: [expect.any(String)],
    });
  });
});
