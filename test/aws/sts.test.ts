/** Tokens of principals of AWS, judged by a stand-in for STS that does SigV4 itself. */
import { rootCertificates } from 'node:tls';
import { describe, expect, test } from 'vitest';
import type { AwsConnectionsOptions } from '../../src/access/aws/connections.ts';
import { createToken } from '../../src/wire/token/create.ts';
import { parseToken } from '../../src/wire/token/parse.ts';
import { until } from '../compat/process.ts';
import type { Misbehaviour, StandInKey, StsStandInOptions } from './stsstandin.ts';
import { account, codeOf, open, role, tokenOf, user } from './stsworld.ts';

describe('nobody is', () => {
  test('a principal of an account that is not listed, whatever STS says', async () => {
    const { ask, sts } = await open({}, {}, { accounts: new Set(['111122223333']) });
    expect(codeOf(await ask())).toBe('refused accountNotTrusted');
    expect(sts.calls()).toBe(1);
  });

  test('whoever signed for another cluster', async () => {
    const { ask } = await open();
    const verdict = await ask('ASIAROLE000000000001', { signedFor: 'staging' });
    expect(verdict).toMatchObject({ outcome: 'refused', code: 'badSignature' });
    expect(verdict).toMatchObject({ message: expect.stringContaining('a cluster other than `prod`') });
  });

  test('whoever has another secret', async () => {
    const { ask } = await open();
    expect(codeOf(await ask('AKIAUSER000000000001', { secret: 'guessed' }))).toBe('refused badSignature');
  });

  test.each<[string, Partial<StandInKey>, string]>([
    [
      'a federated user',
      { arn: `arn:aws:sts::${account}:federated-user/Bob`, userId: `${account}:Bob` },
      'refused federatedUser',
    ],
    [
      'an identity of another partition',
      { arn: `arn:aws-cn:iam::${account}:user/bob` },
      'refused partitionNotTrusted',
    ],
    ['an identity whose account is not its ARN’s', { account: '111122223333' }, 'unavailable stsUnavailable'],
    ['a user with the id of a role', { userId: 'AROA1234567890EXAMPLE' }, 'unavailable stsUnavailable'],
    ['a user without an id', { userId: '' }, 'unavailable stsUnavailable'],
    ['a group', { arn: `arn:aws:iam::${account}:group/bob` }, 'unavailable stsUnavailable'],
    [
      'a role without a session',
      { arn: `arn:aws:iam::${account}:role/ops`, userId: 'AROA1234567890EXAMPLE:x' },
      'unavailable stsUnavailable',
    ],
    [
      'a session whose id names another',
      { arn: `arn:aws:sts::${account}:assumed-role/ops/alice`, userId: 'AROA1234567890EXAMPLE:mallory' },
      'unavailable stsUnavailable',
    ],
    [
      'a session with a user’s id',
      { arn: `arn:aws:sts::${account}:assumed-role/ops/alice`, userId: 'AIDA1234567890EXAMPLE:alice' },
      'unavailable stsUnavailable',
    ],
    [
      'a root with another id',
      { arn: `arn:aws:iam::${account}:root`, userId: '111122223333' },
      'unavailable stsUnavailable',
    ],
  ])('%s', async (_name, change, outcome) => {
    const { ask, sts } = await open();
    sts.setKey('AKIAUSER000000000001', { ...user, ...change });
    expect(codeOf(await ask('AKIAUSER000000000001'))).toBe(outcome);
  });

  test('the root of an account that this server has, too; the root of another is', async () => {
    const rootKey = { ...user, arn: `arn:aws:iam::${account}:root`, userId: account };
    const local = await open({}, {}, { playsAccount: async (id) => id === account });
    local.sts.setKey('AKIAUSER000000000001', rootKey);
    expect(codeOf(await local.ask('AKIAUSER000000000001'))).toBe('refused rootOfLocalAccount');
    const other = await open();
    other.sts.setKey('AKIAUSER000000000001', rootKey);
    expect(await other.ask('AKIAUSER000000000001')).toMatchObject({
      outcome: 'known',
      principal: { kind: 'root', principalId: account, arn: `arn:aws:iam::${account}:root` },
    });
  });

  test.each(['sts.eu-west-1.amazonaws.com', 'sts-fips.us-west-2.amazonaws.com', 'sts.eu-west-1.api.aws'])(
    'asked about at %s, whose region is not configured',
    async (host) => {
      const { ask, sts } = await open();
      const verdict = await ask('ASIAROLE000000000001', { host, region: host.split('.')[1] ?? '' });
      expect(verdict).toMatchObject({
        outcome: 'refused',
        code: 'stsRegionNotConfigured',
        message: expect.stringContaining(`\`${host.split('.')[1]}\``),
      });
      expect(sts.calls()).toBe(0);
    },
  );
});

describe('who AWS vouches for is', () => {
  test('a session of a role: the ARN without path, the id and the session name', async () => {
    const { ask } = await open();
    expect(await ask()).toEqual({
      outcome: 'known',
      principal: {
        kind: 'assumedRole',
        accountId: account,
        partition: 'aws',
        arn: role.arn,
        userId: role.userId,
        principalId: 'AROA1234567890EXAMPLE',
        principalArn: `arn:aws:iam::${account}:role/ops`,
        accessKeyId: 'ASIAROLE000000000001',
        roleName: 'ops',
        sessionName: 'alice@example.com',
      },
    });
  });

  test('a user, with the path', async () => {
    const { ask } = await open();
    expect(await ask('AKIAUSER000000000001')).toMatchObject({
      outcome: 'known',
      principal: { kind: 'user', userName: 'bob', principalArn: user.arn, principalId: user.userId },
    });
  });

  test('the same at the global host, which takes signatures of us-east-1', async () => {
    const { ask, callers } = await open();
    expect(codeOf(await ask('AKIAUSER000000000001', { host: 'sts.amazonaws.com' }))).toBe('known');
    expect(callers.figures().calls).toEqual([{ region: 'global', outcome: 'known', count: 1 }]);
  });
});

test('the request is ours: method, path and three headers, whatever the order and encoding of the token', async () => {
  const { sts, callers } = await open();
  const now = Date.now();
  const text = createToken({
    credentials: { accessKeyId: 'ASIAROLE000000000001', ...pick(role) },
    region: 'us-east-1',
    clusterName: 'prod',
    now,
  });
  const [prefix = '', payload = ''] = text.split('k8s-aws-v1.');
  const url = Buffer.from(payload, 'base64url').toString();
  const [base, query = ''] = url.split('?');
  // Backwards, and with a letter that needs no encoding encoded.
  const odd = `${base}?${query.split('&').reverse().join('&').replace('GetCaller', '%47etCaller')}`;
  const parsed = parseToken(`${prefix}k8s-aws-v1.${Buffer.from(odd).toString('base64url')}`, {
    now,
    partition: 'aws',
  });
  if (!parsed.ok) throw new Error(parsed.message);
  expect(codeOf(await callers.callerOf(parsed, 'prod', now))).toBe('known');
  const last = sts.last();
  expect(last?.method).toBe('GET');
  expect(last?.url.startsWith('/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=')).toBe(true);
  const names = last?.headers.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
  // `connection` is of the connection, not of the request.
  expect(names?.filter((name) => name !== 'connection').sort()).toEqual(['accept', 'host', 'x-k8s-aws-id']);
});

function pick({ secretAccessKey, sessionToken = '' }: StandInKey) {
  return { secretAccessKey, sessionToken };
}

const cut = JSON.stringify({ Error: { Code: 'Throttling', Message: 'Rate exceeded' } });
const errorOf = (Code: string, Message = Code) => JSON.stringify({ Error: { Code, Message } });

describe('no verdict and no identity come of', () => {
  test.each<[string, Misbehaviour, string]>([
    ['status 500', { kind: 'status', status: 500 }, 'stsUnavailable'],
    ['status 503', { kind: 'status', status: 503, body: errorOf('ServiceUnavailable') }, 'stsUnavailable'],
    [
      'status 500 that says what a refusal says',
      { kind: 'status', status: 500, body: errorOf('InvalidClientTokenId') },
      'stsUnavailable',
    ],
    [
      'a redirect',
      { kind: 'status', status: 302, location: 'https://sts.us-east-1.amazonaws.com/' },
      'stsUnavailable',
    ],
    ['a switch of protocols', { kind: 'status', status: 101 }, 'stsUnavailable'],
    ['status 204', { kind: 'status', status: 204 }, 'stsUnavailable'],
    ['an answer that is cut off', { kind: 'cut' }, 'stsUnavailable'],
    ['a connection that ends without an answer', { kind: 'reset' }, 'stsUnavailable'],
    ['an answer that is no JSON', { kind: 'body', body: '<html>' }, 'stsUnavailable'],
    ['JSON of another shape', { kind: 'body', body: '{"GetCallerIdentityResponse":[]}' }, 'stsUnavailable'],
    ['an answer beyond 64 KiB', { kind: 'body', body: ' '.repeat(64 * 1024 + 1) }, 'stsUnavailable'],
    ['status 429', { kind: 'status', status: 429 }, 'stsThrottled'],
    ['throttling in a status of a refusal', { kind: 'status', status: 400, body: cut }, 'stsThrottled'],
    [
      'throttling by another name',
      { kind: 'status', status: 400, body: errorOf('RequestLimitExceeded') },
      'stsThrottled',
    ],
    ['a refusal without a word', { kind: 'status', status: 403 }, 'stsUnavailable'],
    ['a refusal of something before STS', { kind: 'status', status: 403, body: '<html>' }, 'stsUnavailable'],
    ['a refusal without a code', { kind: 'status', status: 400, body: '{"Error":{}}' }, 'stsUnavailable'],
    ...['InternalFailure', 'ServiceUnavailable', 'RequestAbortedException', 'RequestTimeout'].map(
      (code): [string, Misbehaviour, string] => [
        `${code} in a status of a refusal`,
        { kind: 'status', status: 400, body: errorOf(code) },
        'stsUnavailable',
      ],
    ),
  ])('%s', async (_name, how, code) => {
    const { sts, ask } = await open();
    sts.misbehave(how);
    const verdict = await ask();
    expect(verdict).toMatchObject({ outcome: 'unavailable', code });
    expect('throttled' in verdict).toBe(code === 'stsThrottled');
    expect(sts.calls()).toBe(1);
    // Nothing of it is remembered.
    sts.misbehave(undefined);
    expect(codeOf(await ask())).toBe('known');
  });

  test('an answer of 64 KiB is still read', async () => {
    const { sts, ask } = await open();
    const body = JSON.stringify({
      GetCallerIdentityResponse: {
        GetCallerIdentityResult: { Account: account, Arn: user.arn, UserId: user.userId },
      },
    });
    sts.misbehave({ kind: 'body', body: body.padEnd(64 * 1024) });
    expect(codeOf(await ask())).toBe('known');
  });

  test('silence, after the deadline', async () => {
    const { sts, ask } = await open({}, { deadline: 150 });
    sts.misbehave({ kind: 'hang' });
    expect(await ask()).toMatchObject({
      outcome: 'unavailable',
      message: expect.stringContaining('no answer within 0.15 s'),
    });
  });

  test('an endpoint nobody listens at', async () => {
    const { sts, ask } = await open();
    await sts.close();
    expect(codeOf(await ask())).toBe('unavailable stsUnavailable');
  });

  test.each<[string, StsStandInOptions, AwsConnectionsOptions]>([
    ['a certificate for another name', { hosts: ['sts.eu-west-1.amazonaws.com'] }, {}],
    ['a certificate that has ended', { certificateEnds: Date.now() - 60_000 }, {}],
    ['a certificate of an authority nobody trusts', {}, { ca: rootCertificates[0] ?? '' }],
  ])('%s, and nothing is sent', async (_name, standIn, connections) => {
    const { sts, ask } = await open(standIn, connections);
    expect(await ask()).toMatchObject({
      outcome: 'unavailable',
      message: expect.stringContaining('certificate is not trusted'),
    });
    expect(sts.calls()).toBe(0);
  });
});

test('a certificate for one endpoint is none for another, at the same address and in a session that goes on', async () => {
  const { sts, ask } = await open({ hosts: ['sts.us-east-1.amazonaws.com'] });
  for (const _ of [1, 2]) {
    expect(codeOf(await ask('AKIAUSER000000000001'))).toBe('known');
    expect(await ask('AKIAUSER000000000001', { host: 'sts.amazonaws.com' })).toMatchObject({
      outcome: 'unavailable',
      message: expect.stringContaining('certificate is not trusted'),
    });
  }
  expect(sts.calls()).toBe(2);
});

describe('what STS says of the request refuses', () => {
  test.each([
    ['SignatureDoesNotMatch', 'Signature not yet current: 1 is still later than 2', 'clockSkew'],
    ['SignatureDoesNotMatch', 'Signature expired: 1 is now earlier than 2', 'clockSkew'],
    ['RequestExpired', 'Request has expired', 'clockSkew'],
    ['SignatureDoesNotMatch', 'The request signature we calculated does not match', 'badSignature'],
    ['ExpiredToken', 'The security token included in the request is expired', 'sessionExpired'],
    ['InvalidClientTokenId', 'The security token included in the request is invalid', 'unknownKey'],
    ['AccessDenied', 'no', 'stsRefused'],
    ['<script>', 'no', 'stsRefused'],
  ])('%s, %s', async (Code, Message, code) => {
    const { sts, ask } = await open();
    sts.misbehave({ kind: 'status', status: 403, body: errorOf(Code, Message) });
    const verdict = await ask();
    expect(verdict).toMatchObject({ outcome: 'refused', code });
    expect(JSON.stringify(verdict)).not.toContain('script');
  });
});

test('no message holds the token, its signature or the session token', async () => {
  const { sts, ask } = await open({}, { deadline: 200 });
  const now = Date.now();
  const token = tokenOf('ASIAROLE000000000001', { now });
  for (const how of [
    { kind: 'hang' },
    { kind: 'cut' },
    { kind: 'status', status: 403, body: '{}' },
    { kind: 'body', body: token.signature ?? '' },
  ] as const) {
    sts.misbehave(how);
    const text = JSON.stringify(await ask('ASIAROLE000000000001', { now }));
    expect(text).not.toContain(token.signature ?? '?');
    expect(text).not.toContain('session/token');
    expect(text).not.toContain('X-Amz');
  }
});

test('a request under way ends when the server stops', async () => {
  const { sts, ask, connections } = await open();
  sts.hold();
  const asked = ask();
  await until(() => sts.calls() === 1, 'the call has come');
  connections.close();
  expect(await asked).toMatchObject({ outcome: 'unavailable', message: expect.stringContaining('stopping') });
  expect(codeOf(await ask('AKIAUSER000000000001'))).toBe('unavailable stsUnavailable');
});
describe('a key that STS does not know', () => {
  test('is asked about again after ten seconds only, and by others with another session token at once', async () => {
    const { sts, ask, callers } = await open();
    const now = Date.now();
    sts.setKey('ASIAROLE000000000001', undefined);
    for (let at = 0; at < 5; at++)
      expect(codeOf(await ask('ASIAROLE000000000001', { now: now + at }))).toBe('refused unknownKey');
    expect(sts.calls()).toBe(1);
    expect(callers.figures().remembered).toBe(4);
    sts.setKey('ASIAROLE000000000001', role);
    expect(codeOf(await ask('ASIAROLE000000000001', { now: now + 10_000 }))).toBe('known');
  });

  test('does not shut out its owner when somebody else makes up a session token', async () => {
    const { ask } = await open();
    expect(codeOf(await ask('ASIAROLE000000000001', { sessionToken: 'made up' }))).toBe('refused unknownKey');
    expect(codeOf(await ask())).toBe('known');
  });

  test('a refused signature is not remembered: it says nothing about the key', async () => {
    const { ask } = await open();
    expect(codeOf(await ask('AKIAUSER000000000001', { secret: 'guessed' }))).toBe('refused badSignature');
    expect(codeOf(await ask('AKIAUSER000000000001'))).toBe('known');
  });
});
