import { describe, expect, test } from 'vitest';
import {
  testAccountId,
  testArn,
  testClusterArn,
  testEntry,
  testGrant,
  testRole,
  testUser,
  testWorld,
} from '../../engine/analysis/testworld.ts';
import { allow } from '../../engine/rbac/allow.ts';
import { explainLast } from './refusals.ts';

const readSecrets = [allow('get', 'core', 'secrets')];
const twoClusters = ['prod', 'stage'].map((name) => `arn:aws:eks:us-east-1:${testAccountId}:cluster/${name}`);
const describeProd = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'eks:DescribeCluster', Resource: testClusterArn }],
});
const { world } = testWorld({
  account: {
    roles: [testRole('ops'), testRole('out')],
    users: [testUser('ada', { inlinePolicies: { own: describeProd } })],
  },
  cluster: {
    accessEntries: [testEntry(testArn('role/ops'), {}, { username: 'ops:{{SessionName}}' })],
    rbac: [
      ...testGrant('alice', 'User:ops:alice', readSecrets, 'shop'),
      ...testGrant('readers', 'User:reader', readSecrets, 'shop'),
    ],
  },
});

const event = (change: object = {}, annotations: object = {}): object => ({
  ...{ kind: 'Event', apiVersion: 'audit.k8s.io/v1', stage: 'ResponseComplete', auditID: 'one' },
  ...{ requestURI: '/api/v1/namespaces/shop/secrets/db', verb: 'get' },
  objectRef: { resource: 'secrets', namespace: 'shop', name: 'db', apiVersion: 'v1' },
  responseStatus: { code: 403 },
  ...{ requestReceivedTimestamp: '2026-11-21T11:00:00.000001Z' },
  stageTimestamp: '2026-11-21T11:00:00.123456Z',
  annotations: { 'entryway/cluster-arn': testClusterArn, ...annotations },
  ...change,
});
const ofOps = { 'entryway/principal-arn': testArn('role/ops') };
const session = (name: string): object => ({
  user: {
    username: `ops:${name}`,
    extra: {
      sessionName: [name],
      arn: [`arn:aws:sts::${testAccountId}:assumed-role/ops/${name}`],
    },
  },
});
const call = (change: object = {}, decision: object | undefined = { step: 'identity' }): object => ({
  ...{ eventVersion: '1.11', eventTime: '2026-11-21T11:00:00Z', eventID: 'two' },
  ...{ eventSource: 'eks.amazonaws.com', eventName: 'DescribeCluster', eventType: 'AwsApiCall' },
  ...{ errorCode: 'AccessDenied', errorMessage: 'no' },
  userIdentity: { type: 'IAMUser', arn: testArn('user/ada'), principalId: 'AIDAADA' },
  resources: [{ ARN: testClusterArn }],
  additionalEventData: {
    entryway: decision === undefined ? {} : { decision: { action: 'eks:DescribeCluster', ...decision } },
  },
  ...change,
});

/** `who what: verdict …` of each refusal. */
function told(...records: readonly unknown[]): readonly string[] {
  return explainLast(world, records, { count: 100 }).refusals.map(
    ({ who, what, now }) => `${who} ${what}: ${now.map(({ verdict }) => verdict).join(' ')}`,
  );
}

describe('a refused request is held against what holds now', () => {
  test('of the very session that was refused: what another session of the role may is no answer', () => {
    const [bob, alice] = explainLast(world, [event(session('bob'), ofOps), event(session('alice'), ofOps)], {
      count: 5,
    }).refusals;
    expect(bob).toMatchObject({
      ...{ id: 'one', at: '2026-11-21T11:00:00Z', sessionName: 'bob', cluster: testClusterArn },
      ...{ what: 'k8s:get secrets cluster/prod shop/db' },
      now: [
        {
          verdict: 'refused',
          command: `entryway explain request get secrets -n shop --name db --cluster ${testClusterArn} --as arn:aws:sts::${testAccountId}:assumed-role/ops/bob`,
        },
      ],
    });
    expect(alice?.now[0]).toMatchObject({ verdict: 'allowed' });
  });

  test('of whoever was impersonated and of the impersonator', () => {
    expect(told(event({ ...session('bob'), impersonatedUser: { username: 'reader' } }, ofOps))).toEqual([
      'ops:bob as reader k8s:get secrets cluster/prod shop/db: refused allowed',
    ]);
  });

  test('a session name that somebody made up outside IAM names no session', () => {
    const [refusal] = explainLast(world, [event(session('alice'))], { count: 1 }).refusals;
    expect(refusal?.sessionName).toBeUndefined();
  });

  test('of somebody or some cluster that is gone: it cannot be told, and stops nothing', () => {
    expect(
      told(
        event({ user: { username: 'system:serviceaccount:shop:gone' } }),
        event({ user: { username: 'reader' } }, { 'entryway/cluster-arn': twoClusters[1] }),
        event({ user: { username: 'reader' } }),
      ),
    ).toEqual([
      'system:serviceaccount:shop:gone k8s:get secrets cluster/prod shop/db: ',
      'reader k8s:get secrets cluster/stage shop/db: ',
      'reader k8s:get secrets cluster/prod shop/db: allowed',
    ]);
  });

  test('a path, a dry run, and what was refused before it was understood', () => {
    expect(
      told(
        event({ user: { username: 'reader' }, objectRef: undefined, requestURI: '/metrics?x=1' }),
        event({ user: { username: 'reader' }, requestURI: '/api/v1/namespaces/shop/secrets?dryRun=All' }),
        event({ responseStatus: { code: 401 }, user: {}, objectRef: undefined }),
      ),
    ).toEqual([
      'reader k8s:get cluster/prod /metrics: refused',
      'reader k8s:get secrets (dry run) cluster/prod shop/db: allowed',
      'unknown k8s:get cluster/prod /api/v1/namespaces/shop/secrets/db: ',
    ]);
  });
});

describe('a credential that was not taken', () => {
  const unauthorized = (code: string, arn = testArn('role/ops')): object =>
    event(
      { responseStatus: { code: 401 }, user: {} },
      { 'entryway/authentication': code, 'entryway/principal-arn': arn },
    );

  test('is looked up again where a mapping lacked, which may have come since', () => {
    const [known, unknown] = explainLast(
      world,
      [unauthorized('noMapping'), unauthorized('noMapping', testArn('role/out'))],
      { count: 5 },
    ).refusals;
    expect(known?.now[0]?.verdict).toBe('allowed');
    expect(unknown?.now[0]?.verdict).toBe('refused');
  });

  test.each(['badSignature', 'expired', 'wrongCluster'])(
    'is not called good where it was %s, whoever it named',
    (code) => {
      const [refusal] = explainLast(world, [unauthorized(code)], { count: 1 }).refusals;
      expect(refusal).toMatchObject({ why: `401 Unauthorized: \`${code}\``, now: [] });
      expect(refusal?.authentication?.hint.length).toBeGreaterThan(20);
    },
  );

  test.each(['InvalidClientTokenId', 'SignatureDoesNotMatch', 'UnrecognizedClientException', 'ExpiredToken'])(
    'of a call, %s, has what to do next',
    (errorCode) => {
      const record = call({ errorCode, userIdentity: { type: 'Unknown', accessKeyId: 'AKIANOBODY' } });
      const [refusal] = explainLast(world, [record], { count: 1 }).refusals;
      expect(refusal).toMatchObject({ who: 'AKIANOBODY', now: [], authentication: { code: errorCode } });
      expect(refusal?.authentication?.hint.length).toBeGreaterThan(20);
    },
  );

  test.each([
    ['AssumeRoleWithWebIdentity', 'InvalidIdentityTokenException', 'client ids of the provider'],
    ['AssumeRoleWithWebIdentity', 'ExpiredTokenException', 'the kubelet renews it'],
    ['AssumeRoleWithWebIdentity', 'IDPCommunicationErrorException', '--oidc-issuers'],
    ['AssumeRoleForPodIdentity', 'InvalidTokenException', 'cluster issuer show'],
    ['AssumeRoleForPodIdentity', 'ExpiredTokenException', 'the kubelet renews it'],
  ])('of a pod’s token at %s, %s, has what to do next', (eventName, errorCode, next) => {
    const record = call({ eventName, errorCode, userIdentity: { type: 'WebIdentityUser' } });
    const [refusal] = explainLast(world, [record], { count: 1 }).refusals;
    expect(refusal).toMatchObject({ now: [], authentication: { hint: expect.stringContaining(next) } });
  });
});

describe('a refused call', () => {
  test('is allowed only where it is on each of its resources', () => {
    expect(told(call(), call({ resources: twoClusters.map((ARN) => ({ ARN })) }))).toEqual([
      `${testArn('user/ada')} eks:DescribeCluster ${testClusterArn}: allowed`,
      `${testArn('user/ada')} eks:DescribeCluster ${twoClusters.join(' ')}: refused`,
    ]);
  });

  test.each([
    ['a session policy refused', call({}, { step: 'session' })],
    ['the kind of credential was refused', call({}, { step: 'credential' })],
    ['policies were not asked', call({ additionalEventData: { entryway: {} } })],
    [
      'a block of its key or session refused',
      call({ additionalEventData: undefined, errorMessage: 'arn is blocked on this server' }),
    ],
  ])('is not called allowed now where %s', (_, record) => {
    const [refusal] = explainLast(world, [record], { count: 1 }).refusals;
    expect(refusal?.now.map(({ verdict }) => verdict)).toEqual(['depends']);
    expect(refusal?.unrepeatable?.length).toBeGreaterThan(20);
  });
});

test('what failed otherwise, what succeeded and what is no record is no refusal', () => {
  expect(
    told(
      call({ errorCode: 'ResourceNotFoundException' }),
      call({ errorCode: undefined }),
      event({ responseStatus: { code: 404 } }),
      event({ responseStatus: { code: 200 } }),
      ...[null, 'text', [], {}, { kind: 'Event' }, { errorCode: 3 }, { responseStatus: { code: 403 } }],
    ),
  ).toEqual([]);
  // As much as can be told is, whatever is missing.
  expect(told({ kind: 'Event', responseStatus: { code: 403 } }, { errorCode: 'AccessDenied' })).toHaveLength(
    2,
  );
});

test('so many and of these clusters only, counting those that are shown', () => {
  const others = Array.from({ length: 30 }, () => event({ responseStatus: { code: 404 } }));
  const prod = event({ user: { username: 'reader' } });
  const ids = (records: readonly object[], count: number, clusters?: readonly string[]): number =>
    explainLast(world, records, { count, ...(clusters && { clusters }) }).refusals.length;
  expect(ids([...others, prod, prod, prod], 2)).toBe(2);
  expect(ids([prod, call(), call({ resources: [] })], 5, ['prod'])).toBe(2);
  expect(ids([prod, call()], 5, ['pro'])).toBe(0);
  expect(ids([prod, call()], 5, [testClusterArn])).toBe(2);
});
