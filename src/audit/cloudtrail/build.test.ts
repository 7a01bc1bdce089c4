import { describe, expect, test } from 'vitest';
import type { IamDecision } from '../../engine/iam/decision.ts';
import type { Principal } from '../../engine/iam/principal.ts';
import { aCall, accountId, alice, type CallMembers, noon } from '../testworld.ts';
import { buildRecords } from './build.ts';
import type { CloudTrailRecord } from './record.ts';

let ids = 0;
const recordsOf = (call: CallMembers): readonly CloudTrailRecord[] =>
  buildRecords(aCall(call), { now: noon, newId: () => `id-${ids++}`, operatorAccountId: '999999999999' });
const recordOf = (call: CallMembers): CloudTrailRecord => recordsOf(call)[0] as CloudTrailRecord;

const session = { issuedAt: noon - 60_000, expiresAt: noon + 3_600_000 };
const creationDate = '2026-01-15T11:59:00Z';
const root: Principal = {
  kind: 'root',
  accountId,
  partition: 'aws',
  arn: `arn:aws:iam::${accountId}:root`,
  principalArn: `arn:aws:iam::${accountId}:root`,
  userId: accountId,
  principalId: accountId,
  accessKeyId: 'AKIAROOT',
};
const ops: Principal = {
  kind: 'assumedRole',
  accountId,
  partition: 'aws',
  arn: `arn:aws:sts::${accountId}:assumed-role/ops/shift`,
  principalArn: `arn:aws:iam::${accountId}:role/team/ops`,
  userId: 'AROAOPS:shift',
  principalId: 'AROAOPS',
  roleName: 'ops',
  sessionName: 'shift',
  accessKeyId: 'ASIAOPS',
  session,
};
const roleIssuer = {
  type: 'Role',
  principalId: 'AROAOPS',
  arn: `arn:aws:iam::${accountId}:role/team/ops`,
  accountId,
  userName: 'ops',
};
const federated: Principal = {
  kind: 'federatedUser',
  accountId,
  partition: 'aws',
  arn: `arn:aws:sts::${accountId}:federated-user/guest`,
  principalArn: `arn:aws:sts::${accountId}:federated-user/guest`,
  userId: `${accountId}:guest`,
  principalId: `${accountId}:guest`,
  federatedName: 'guest',
  issuer: { arn: alice.arn, principalId: alice.principalId, userName: 'alice' },
  accessKeyId: 'ASIAGUEST',
  session,
};
const provider = `arn:aws:iam::${accountId}:oidc-provider/issuer.example`;

describe('who called', () => {
  test.each<[string, CallMembers, object]>([
    [
      'a root',
      { caller: root },
      {
        type: 'Root',
        principalId: accountId,
        arn: `arn:aws:iam::${accountId}:root`,
        accountId,
        accessKeyId: 'AKIAROOT',
      },
    ],
    [
      'a user',
      { caller: alice },
      {
        type: 'IAMUser',
        principalId: alice.userId,
        arn: alice.arn,
        accountId,
        accessKeyId: alice.accessKeyId,
        userName: 'alice',
      },
    ],
    [
      "a user's session with MFA",
      { caller: { ...alice, accessKeyId: 'ASIAALICE', session: { ...session, mfaAuthenticatedAt: noon } } },
      {
        type: 'IAMUser',
        principalId: alice.userId,
        arn: alice.arn,
        accountId,
        accessKeyId: 'ASIAALICE',
        userName: 'alice',
        sessionContext: { attributes: { creationDate, mfaAuthenticated: 'true' } },
      },
    ],
    [
      'a session of a role',
      { caller: { ...ops, session: { ...session, sourceIdentity: 'alice' } } },
      {
        type: 'AssumedRole',
        principalId: 'AROAOPS:shift',
        arn: ops.arn,
        accountId,
        accessKeyId: 'ASIAOPS',
        sessionContext: {
          sessionIssuer: roleIssuer,
          attributes: { creationDate, mfaAuthenticated: 'false' },
          sourceIdentity: 'alice',
        },
      },
    ],
    [
      'a session of a role through a web identity',
      { caller: { ...ops, session: { ...session, federatedProvider: provider } } },
      {
        type: 'AssumedRole',
        principalId: 'AROAOPS:shift',
        arn: ops.arn,
        accountId,
        accessKeyId: 'ASIAOPS',
        sessionContext: {
          sessionIssuer: roleIssuer,
          webIdFederationData: { federatedProvider: provider, attributes: {} },
          attributes: { creationDate, mfaAuthenticated: 'false' },
        },
      },
    ],
    [
      'a federated user',
      { caller: federated },
      {
        type: 'FederatedUser',
        principalId: `${accountId}:guest`,
        arn: federated.arn,
        accountId,
        accessKeyId: 'ASIAGUEST',
        sessionContext: {
          sessionIssuer: {
            type: 'IAMUser',
            principalId: alice.principalId,
            arn: alice.arn,
            accountId,
            userName: 'alice',
          },
          attributes: { creationDate, mfaAuthenticated: 'false' },
        },
      },
    ],
    [
      'a web identity that was believed',
      {
        caller: undefined,
        accessKeyId: undefined,
        service: 'sts',
        operation: 'AssumeRoleWithWebIdentity',
        webIdentity: { provider, subject: 'pod', audience: 'sts' },
      },
      {
        type: 'WebIdentityUser',
        principalId: `${provider}:sts:pod`,
        userName: 'pod',
        identityProvider: provider,
      },
    ],
    [
      'a web identity that the role does not trust',
      {
        ...{ caller: undefined, accessKeyId: undefined, service: 'sts', code: 'AccessDenied' },
        operation: 'AssumeRoleWithWebIdentity',
        webIdentity: { provider, subject: 'pod', audience: 'sts' },
      },
      {
        type: 'WebIdentityUser',
        principalId: `${provider}:sts:pod`,
        userName: 'pod',
        identityProvider: provider,
      },
    ],
    [
      'a web identity that was not believed',
      {
        caller: undefined,
        accessKeyId: undefined,
        service: 'sts',
        operation: 'AssumeRoleWithWebIdentity',
        code: 'InvalidIdentityToken',
        output: undefined,
      },
      { type: 'WebIdentityUser' },
    ],
    [
      'somebody whose signature was refused',
      { caller: undefined, accessKeyId: 'AKIANOBODY', code: 'SignatureDoesNotMatch' },
      { type: 'Unknown', accessKeyId: 'AKIANOBODY' },
    ],
    [
      'somebody who named no key',
      { caller: undefined, accessKeyId: undefined, code: 'MissingAuthenticationToken' },
      { type: 'Unknown' },
    ],
  ])('%s', (_name, call, identity) => {
    expect(recordOf(call).userIdentity).toEqual(identity);
  });
});

test('a role of a chain tells the tags that it inherits, and no others', () => {
  const tags = [
    { Key: 'Department', Value: 'Engineering' },
    { Key: 'own', Value: 'yes' },
  ];
  const caller = { ...ops, session: { ...session, tags, transitiveTagKeys: ['department'] } };
  const RoleArn = `arn:aws:iam::${accountId}:role/next`;
  const call = {
    caller,
    service: 'sts',
    operation: 'AssumeRole',
    input: { RoleArn, RoleSessionName: 's-1' },
  };
  const expected = { incomingTransitiveTags: { Department: 'Engineering' }, roleArn: RoleArn };
  for (const code of ['OK', 'AccessDenied']) {
    expect(recordOf({ ...call, code }).requestParameters).toMatchObject(expected);
  }
  expect(recordOf({ ...call, caller: ops }).requestParameters).not.toHaveProperty('incomingTransitiveTags');
  expect(recordOf({ ...call, operation: 'GetCallerIdentity' }).requestParameters).toBe(null);
});

test('a role for a web identity is told in the form of CloudTrail’s sample, without the token', () => {
  const sub = 'system:serviceaccount:shop:web';
  const arn = `arn:aws:iam::${accountId}:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/X`;
  const roleArn = `arn:aws:iam::${accountId}:role/web`;
  const call = {
    ...{ caller: undefined, service: 'sts', operation: 'AssumeRoleWithWebIdentity' },
    input: { RoleArn: roleArn, RoleSessionName: 's-1', DurationSeconds: 900, WebIdentityToken: 'x.y.z' },
    output: {
      Credentials: { AccessKeyId: 'ASIAX', SecretAccessKey: 'secret', SessionToken: 'token' },
      ...{ SubjectFromWebIdentityToken: sub, Provider: arn, Audience: 'sts.amazonaws.com' },
      AssumedRoleUser: { AssumedRoleId: 'AROAX:s-1', Arn: 'arn' },
    },
    resources: [roleArn],
    webIdentity: {
      ...{ provider: arn, subject: sub, audience: 'sts.amazonaws.com', sourceIdentity: 'ada' },
      ...{ tags: [{ Key: '__proto__', Value: 'a' }], transitiveTagKeys: ['__proto__'] },
    },
  };
  const record = recordOf(call);
  expect(record).toMatchObject({
    userIdentity: {
      ...{ type: 'WebIdentityUser', principalId: `${arn}:sts.amazonaws.com:${sub}` },
      ...{ userName: sub, identityProvider: arn },
    },
    eventSource: 'sts.amazonaws.com',
    readOnly: true,
    recipientAccountId: accountId,
    resources: [{ ARN: roleArn, accountId, type: 'AWS::IAM::Role' }],
  });
  expect(JSON.parse(JSON.stringify(record.requestParameters))).toEqual({
    ...{ roleArn, roleSessionName: 's-1', durationSeconds: 900, sourceIdentity: 'ada' },
    principalTags: JSON.parse('{"__proto__":"a"}'),
    transitiveTagKeys: ['__proto__'],
  });
  expect(record.responseElements).toEqual({
    credentials: {
      ...{ accessKeyId: 'ASIAX', secretAccessKey: 'HIDDEN_DUE_TO_SECURITY_REASONS' },
      sessionToken: 'HIDDEN_DUE_TO_SECURITY_REASONS',
    },
    ...{ subjectFromWebIdentityToken: sub, provider: arn, audience: 'sts.amazonaws.com' },
    assumedRoleUser: { assumedRoleId: 'AROAX:s-1', arn: 'arn' },
  });
  expect(JSON.stringify(record)).not.toContain('x.y.z');
});

test('a call becomes a record with what CloudTrail tells', () => {
  const call = {
    operation: 'AssociateAccessPolicy',
    input: {
      clusterName: 'prod',
      principalArn: 'arn:aws:iam::111122223333:role/ops',
      policyArn: 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy',
      accessScope: { type: 'namespace', namespaces: ['team-a'] },
    },
    output: { clusterName: 'prod', associatedAccessPolicy: { associatedAt: new Date(1_527_535_003_208) } },
    resources: [`arn:aws:eks:us-east-1:${accountId}:access-entry/prod/role/${accountId}/ops/0ab`],
    source: { sourceIp: '192.0.2.1', secureTransport: true, userAgent: 'aws-cli/2.31', host: 'eks.local' },
  };
  expect(recordOf(call)).toEqual({
    eventVersion: '1.11',
    userIdentity: expect.objectContaining({ type: 'IAMUser' }),
    eventTime: '2026-01-15T12:00:00Z',
    eventSource: 'eks.amazonaws.com',
    eventName: 'AssociateAccessPolicy',
    awsRegion: 'us-east-1',
    sourceIPAddress: '192.0.2.1',
    userAgent: 'aws-cli/2.31',
    requestParameters: {
      name: 'prod',
      principalArn: 'arn:aws:iam::111122223333:role/ops',
      policyArn: 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy',
      accessScope: { type: 'namespace', namespaces: ['team-a'] },
    },
    responseElements: { clusterName: 'prod', associatedAccessPolicy: { associatedAt: 1_527_535_003.208 } },
    requestID: 'f7c1a1e2-0000-4000-8000-000000000000',
    eventID: expect.stringMatching(/^id-/),
    readOnly: false,
    resources: [{ ARN: call.resources[0], accountId, type: 'AWS::EKS::AccessEntry' }],
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: accountId,
    eventCategory: 'Management',
    tlsDetails: { clientProvidedHostHeader: 'eks.local' },
  });
});

test('a refusal tells its code, its text and the statement that decided', () => {
  const place = { offset: 0, line: 1, column: 1 };
  const statement = {
    policy: { type: 'inline', name: 'guard' },
    index: 1,
    sid: 'NoPublic',
    start: place,
    end: place,
  } as const;
  const decision: IamDecision = {
    decision: 'explicitDeny',
    step: 'identity',
    statements: [{ statement }],
    misses: [],
  };
  const record = recordOf({
    code: 'AccessDeniedException',
    message: 'User is not authorized',
    output: undefined,
    action: 'eks:DescribeCluster',
    decision,
  });
  expect(record).toMatchObject({
    errorCode: 'AccessDeniedException',
    errorMessage: 'User is not authorized',
    responseElements: null,
    additionalEventData: {
      entryway: {
        decision: {
          action: 'eks:DescribeCluster',
          decision: 'explicitDeny',
          step: 'identity',
          statements: [{ policy: 'guard', policyType: 'inline', sid: 'NoPublic', index: 1 }],
        },
      },
    },
  });
});

test.each([
  ['eks', 'DescribeCluster', true, null],
  ['eks', 'ListAccessEntries', true, null],
  ['eks', 'CreateAccessEntry', false, expect.anything()],
  ['iam', 'GenerateCredentialReport', true, null],
  ['iam', 'SimulatePrincipalPolicy', true, null],
  ['iam', 'CreateUser', false, expect.anything()],
  ['sts', 'GetCallerIdentity', true, null],
  ['sts', 'AssumeRole', true, expect.anything()],
  ['cloudtrail', 'LookupEvents', true, null],
  ['unknown', 'unknown', false, null],
  ['eks', 'Getaway', false, null],
])('%s %s: read only %s', (service, operation, readOnly, responseElements) => {
  const output = {
    accessEntry: { username: 'x' },
    User: { UserName: 'x' },
    Arn: 'x',
    AssumedRoleUser: { Arn: 'x' },
  };
  expect(recordOf({ service, operation, output })).toMatchObject({ readOnly, responseElements });
});

test('a role assumed from another account is recorded for both, and the owner learns no more than whose', () => {
  const records = recordsOf({
    service: 'sts',
    operation: 'AssumeRole',
    input: { RoleArn: 'arn:aws:iam::444455556666:role/shared', RoleSessionName: 's' },
    output: { AssumedRoleUser: { Arn: 'x', AssumedRoleId: 'y' } },
  });
  expect(records).toMatchObject([
    { recipientAccountId: accountId, userIdentity: { type: 'IAMUser' } },
    { recipientAccountId: '444455556666' },
  ]);
  expect(records[1]?.userIdentity).toEqual({ type: 'AWSAccount', principalId: alice.userId, accountId });
  expect(records[0]?.sharedEventID).toBe(records[1]?.sharedEventID);
  expect(records[0]?.eventID).not.toBe(records[1]?.eventID);
});

test('what belongs to nobody is told to whoever runs the server', () => {
  expect(recordOf({ caller: undefined, accessKeyId: undefined }).recipientAccountId).toBe('999999999999');
});

describe('AssumeRoleForPodIdentity (eks-access-facts J22)', () => {
  const cluster = `arn:aws:eks:us-east-1:${accountId}:cluster/prod`;
  const role = `arn:aws:iam::${accountId}:role/shop`;
  const service = 'pods.eks.amazonaws.com';
  const credentials = { AccessKeyId: 'ASIASHOP', SecretAccessKey: 'hush', SessionToken: 'hush-hush' };

  test('tells the cluster and neither the token nor what was handed out', () => {
    const [record, ...others] = recordsOf({
      caller: ops,
      service: 'eks-auth',
      operation: 'AssumeRoleForPodIdentity',
      input: { clusterName: 'prod', token: 'eyJ.secret.sig' },
      output: { credentials: { accessKeyId: 'ASIASHOP', secretAccessKey: 'hush' }, audience: service },
      resources: [cluster],
    });
    expect(others).toEqual([]);
    expect(record).toMatchObject({
      eventSource: 'eks-auth.amazonaws.com',
      eventName: 'AssumeRoleForPodIdentity',
      userIdentity: { type: 'AssumedRole' },
      requestParameters: { clusterName: 'prod', token: 'HIDDEN_DUE_TO_SECURITY_REASONS' },
      responseElements: null,
      readOnly: true,
      resources: [{ ARN: cluster, type: 'AWS::EKS::Cluster' }],
    });
    expect(JSON.stringify(record)).not.toMatch(/eyJ|hush/);
  });

  test('is followed by the AssumeRole that the service makes, told to the account of the role', () => {
    const record = recordOf({
      caller: undefined,
      accessKeyId: undefined,
      invokedBy: service,
      recipientAccountId: accountId,
      service: 'sts',
      operation: 'AssumeRole',
      input: { RoleArn: role, RoleSessionName: 'eks-prod-shop-0-1', Tags: [{ Key: 'a', Value: 'b' }] },
      output: { Credentials: credentials, AssumedRoleUser: { Arn: 'x', AssumedRoleId: 'y' } },
      resources: [role],
      source: { sourceIp: '192.0.2.1', secureTransport: true, userAgent: 'agent', host: 'eks.local' },
    });
    expect(record).toMatchObject({
      userIdentity: { type: 'AWSService', invokedBy: service },
      sourceIPAddress: service,
      userAgent: service,
      requestParameters: { roleArn: role, tags: [{ key: 'a', value: 'b' }] },
      responseElements: { credentials: { accessKeyId: 'ASIASHOP' } },
      resources: [{ ARN: role, type: 'AWS::IAM::Role' }],
      recipientAccountId: accountId,
    });
    expect(record).not.toHaveProperty('tlsDetails');
    expect(JSON.stringify(record)).not.toMatch(/hush|192\.0\.2\.1/);
  });

  test('and by the one that it makes as that session, told to both accounts', () => {
    const records = recordsOf({
      caller: ops,
      invokedBy: service,
      service: 'sts',
      operation: 'AssumeRole',
      input: { RoleArn: 'arn:aws:iam::444455556666:role/shared' },
      output: {},
    });
    expect(records).toMatchObject([
      { recipientAccountId: accountId, userIdentity: { type: 'AssumedRole', invokedBy: service } },
      { recipientAccountId: '444455556666', userIdentity: { type: 'AWSAccount' } },
    ]);
  });
});
