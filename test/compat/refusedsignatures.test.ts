/** Issue "refused, each with its own test": AWS requests whose signature, key or time is wrong, in every protocol. */
import { randomBytes, randomUUID } from 'node:crypto';
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { ListClustersCommand } from '@aws-sdk/client-eks';
import {
  CreateAccessKeyCommand,
  DeleteAccessKeyCommand,
  DeleteRoleCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  GetUserCommand,
  ListUsersCommand,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readSealingKey } from '../../src/server/datadirectory.ts';
import { mintSession } from '../../src/services/credentials/sessions.ts';
import { createSecretBox } from '../../src/services/secretbox.ts';
import { presign } from '../../src/wire/sigv4/sign.ts';
import { type Keys, type ServerProcess, startServerProcess, temporaryDirectory } from './process.ts';
import { type RawRequest, sendHttp1 } from './raw.ts';
import { type Draft, draft, errorOf, type Signing, sendSigned, sign, targetOf } from './signed.ts';
import {
  allowAll,
  assumeRole,
  type Clients,
  createClients,
  createRole,
  createUser,
  roleArn,
  rootKeys,
} from './world.ts';

const directory = temporaryDirectory();
let server: ServerProcess;
let root: Clients;
let alice: Keys;

beforeAll(async () => {
  server = await startServerProcess(directory.path, ['--log-level', 'trace']);
  root = createClients(server.connection, rootKeys(server.connection));
  alice = await createUser(root, 'alice', allowAll('*'));
}, 60_000);

/** Whatever was refused before: the server still answers a good request. */
afterEach(async () => {
  const answer = await sendSigned(server.connection, draft('sts', 'GetCallerIdentity'), {
    keys: alice,
    service: 'sts',
  });
  expect(answer).toMatchObject({ status: 200, text: expect.stringContaining('user/alice</Arn>') });
});

afterAll(async () => {
  const log = server.log();
  root?.destroy();
  await server?.stop();
  directory.remove();
  expect(log).toContain(' info ready ');
  expect(log).not.toMatch(/Signature=|Credential=| error /);
  expect(log).not.toContain(alice.secretAccessKey);
});

const minute = 60_000;

/** One call of each protocol, and one that is implemented nowhere: who may not sign never learns that. */
const calls = {
  eks: () => draft('eks', 'ListClusters'),
  iam: () => draft('iam', 'ListUsers'),
  sts: () => draft('sts', 'GetCallerIdentity'),
  cloudtrail: () => draft('cloudtrail', 'LookupEvents'),
} as const;
type Service = keyof typeof calls;
const services = Object.keys(calls) as Service[];

/** iam-facts H: code and status of each situation, by service. */
const situations = {
  unknownKey: {
    eks: 'UnrecognizedClientException 403',
    iam: 'InvalidClientTokenId 403',
    sts: 'InvalidClientTokenId 403',
    cloudtrail: 'UnrecognizedClientException 400',
  },
  mismatch: {
    eks: 'InvalidSignatureException 403',
    iam: 'SignatureDoesNotMatch 403',
    sts: 'SignatureDoesNotMatch 403',
    cloudtrail: 'InvalidSignatureException 400',
  },
  expiredToken: {
    eks: 'ExpiredTokenException 403',
    iam: 'ExpiredToken 403',
    sts: 'ExpiredToken 403',
    cloudtrail: 'ExpiredTokenException 400',
  },
  noCredentials: {
    eks: 'MissingAuthenticationTokenException 403',
    iam: 'MissingAuthenticationToken 403',
    sts: 'MissingAuthenticationToken 403',
    cloudtrail: 'MissingAuthenticationTokenException 400',
  },
  incomplete: {
    eks: 'IncompleteSignatureException 403',
    iam: 'IncompleteSignature 400',
    sts: 'IncompleteSignature 400',
    cloudtrail: 'IncompleteSignatureException 400',
  },
} as const;
type Situation = keyof typeof situations;

function headersOf(request: RawRequest): Record<string, string | readonly string[]> {
  return { ...request.headers };
}

function withHeader(request: RawRequest, name: string, value: string | readonly string[]): RawRequest {
  return { ...request, headers: { ...headersOf(request), [name]: value } };
}

function withoutHeader(request: RawRequest, name: string): RawRequest {
  const { [name]: _, ...headers } = headersOf(request);
  return { ...request, headers };
}

function changeHeader(request: RawRequest, name: string, change: (value: string) => string): RawRequest {
  const old = String(headersOf(request)[name]);
  const value = change(old);
  if (value === old) throw new Error(`the header ${name} did not change`);
  return withHeader(request, name, value);
}

/** Signed by alice unless told otherwise. */
function signed(
  service: Service,
  wish: Partial<Signing> & { readonly change?: (plain: Draft) => Draft } = {},
): RawRequest {
  const { change = (plain: Draft) => plain, ...signing } = wish;
  return sign(server.connection, change(calls[service]()), { keys: alice, service, ...signing });
}

function otherKeys(accessKeyId: string): Keys {
  return { accessKeyId, secretAccessKey: 'x'.repeat(40) };
}

describe.each(services)('a request to %s is refused', (service) => {
  async function expectRefused(request: RawRequest, situation: Situation, message?: RegExp): Promise<void> {
    const found = errorOf(service, await sendHttp1(server.connection.awsEndpoint, request));
    expect(found.error).toBe(situations[situation][service]);
    if (message !== undefined) expect(found.message).toMatch(message);
    expect(found.message).not.toContain(alice.secretAccessKey);
  }
  const authorization = (change: (value: string) => string): RawRequest =>
    changeHeader(signed(service), 'authorization', change);

  test('without a signature', () =>
    expectRefused(withoutHeader(signed(service), 'authorization'), 'noCredentials'));

  test('of an unknown key, whatever it looks like', async () => {
    for (const id of [
      'AKIAQQQQQQQQQQQQQQQQ',
      'ASIAQQQQQQQQQQQQQQQQ',
      'AKIA',
      '__proto__',
      'constructor',
      '%00',
    ]) {
      await expectRefused(
        signed(service, { keys: otherKeys(id) }),
        'unknownKey',
        /^The security token included in the request is invalid\.$/,
      );
    }
  });

  test('signed with another secret', () =>
    expectRefused(
      signed(service, { keys: { ...alice, secretAccessKey: server.connection.secretAccessKey } }),
      'mismatch',
      /^The request signature we calculated does not match/,
    ));

  test('with a changed, cut, empty or capitalised signature', async () => {
    await expectRefused(
      authorization((value) => value.replace(/.$/, (last) => (last === '0' ? '1' : '0'))),
      'mismatch',
    );
    await expectRefused(
      authorization((value) => value.slice(0, -1)),
      'mismatch',
    );
    await expectRefused(
      authorization((value) => `${value}0`),
      'mismatch',
    );
    await expectRefused(
      authorization((value) => value.replace(/Signature=.*/, 'Signature=')),
      'mismatch',
    );
    await expectRefused(
      authorization((value) => value.replace(/[0-9a-f]{64}$/, (hex) => `${hex.toUpperCase()}A`)),
      'mismatch',
    );
  });

  test('with a broken Authorization header', async () => {
    const broken: readonly ((value: string) => string)[] = [
      (value) => value.slice(0, 16),
      (value) => value.slice(0, 40),
      (value) => value.slice(0, value.indexOf(', SignedHeaders')),
      (value) => value.replace(/Credential=[^,]+, /, ''),
      (value) => value.replace(/SignedHeaders=[^,]+, /, ''),
      (value) => value.replace(/, Signature=.*/, ''),
      (value) => `${value}, Signature=0`,
      (value) => `${value}, Other=1`,
      (value) => value.replace('AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA1'),
      (value) => value.replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'),
      (value) => value.replace('AWS4-HMAC-SHA256', 'aws4-hmac-sha256'),
      (value) => value.replace('AWS4-HMAC-SHA256 ', 'AWS4-HMAC-SHA256'),
      (value) => value.replace('/aws4_request', ''),
      (value) => value.replace('/aws4_request', '/aws4_request/x'),
      (value) => value.replace('SignedHeaders=', 'SignedHeaders=z;'),
      (value) => value.replace('host', 'Host'),
      () => 'Bearer x',
      () => 'Basic YTpi',
      () => 'AWS AKIAQQQQQQQQQQQQQQQQ:signature',
      () => '',
    ];
    for (const change of broken) await expectRefused(authorization(change), 'incomplete');
  });

  test('with two Authorization headers, also when both are good', async () => {
    const request = signed(service);
    const good = String(headersOf(request).authorization);
    await expectRefused(withHeader(request, 'authorization', [good, good]), 'incomplete');
  });

  test('outside the time that the service allows, either way', async () => {
    const allowed = service === 'iam' || service === 'sts' ? 15 : 5;
    const early = signed(service, { now: Date.now() + (allowed + 1) * minute });
    const late = signed(service, { now: Date.now() - (allowed + 1) * minute });
    await expectRefused(
      early,
      'mismatch',
      new RegExp(`^Signature not yet current: .* \\+ ${allowed} min\\.\\)$`),
    );
    await expectRefused(late, 'mismatch', new RegExp(`^Signature expired: .* - ${allowed} min\\.\\)$`));
    await expectRefused(signed(service, { now: Date.now() - 400 * 24 * 60 * minute }), 'mismatch');
  });

  test('without a date, with another one or an unreadable one', async () => {
    await expectRefused(withoutHeader(signed(service), 'x-amz-date'), 'incomplete');
    await expectRefused(
      changeHeader(signed(service), 'x-amz-date', (date) => date.replace(/T\d\d/, 'T25')),
      'incomplete',
    );
    await expectRefused(
      changeHeader(signed(service), 'x-amz-date', () => 'now'),
      'incomplete',
    );
    const moved = signed(service, { now: Date.now() - minute });
    await expectRefused(
      withHeader(moved, 'x-amz-date', String(headersOf(signed(service))['x-amz-date'])),
      'mismatch',
    );
  });

  test('for another region, service or terminator', async () => {
    await expectRefused(
      signed(service, { region: 'eu-west-1' }),
      'mismatch',
      /^Credential should be scoped to a valid region/,
    );
    const other = service === 'iam' ? 'sts' : 'iam';
    await expectRefused(
      signed(service, { service: other }),
      'mismatch',
      /^Credential should be scoped to correct service/,
    );
    await expectRefused(
      authorization((value) => value.replace('aws4_request', 'aws3_request')),
      'mismatch',
    );
    await expectRefused(
      authorization((value) => value.replace(/\/\d{8}\//, '/20200101/')),
      'mismatch',
    );
  });

  test('whose host, date or token is not signed', async () => {
    await expectRefused(
      authorization((value) => value.replace('host;', '')),
      'mismatch',
    );
    await expectRefused(
      authorization((value) => value.replace(/;?x-amz-date/, '')),
      'mismatch',
    );
    await expectRefused(withHeader(signed(service), 'x-amz-content-sha256', 'a'.repeat(64)), 'mismatch');
  });

  test('sent to another host name than was signed', () =>
    expectRefused(withHeader(signed(service), 'host', 'localhost'), 'mismatch'));

  test('whose body was changed, also with UNSIGNED-PAYLOAD or a streaming payload', async () => {
    const request = signed(service);
    await expectRefused({ ...request, body: `${String(request.body)}&a=b` }, 'mismatch');
    for (const hash of ['UNSIGNED-PAYLOAD', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD', '', 'E3B0']) {
      const claimed = (plain: Draft): Draft => ({
        ...plain,
        headers: { ...plain.headers, 'x-amz-content-sha256': hash },
      });
      await expectRefused(signed(service, { change: claimed }), 'mismatch');
    }
  });

  test('whose query was changed', async () => {
    const request = signed(service);
    await expectRefused({ ...request, target: `${request.target}?a=b` }, 'mismatch');
    await expectRefused({ ...request, target: `${request.target}?a` }, 'mismatch');
  });

  test('with a header given twice that must be given once', async () => {
    const request = signed(service);
    const date = String(headersOf(request)['x-amz-date']);
    await expectRefused(withHeader(request, 'x-amz-date', [date, date]), 'incomplete');
    await expectRefused(withHeader(request, 'x-amz-security-token', ['a', 'a']), 'incomplete');
  });

  test('presigned and signed at once', async () => {
    const request = signed(service);
    await expectRefused({ ...request, target: `${request.target}?X-Amz-Signature=a` }, 'incomplete');
  });

  test('with a session token beside a long-term key', () =>
    expectRefused(signed(service, { keys: { ...alice, sessionToken: 'aGVsbG8' } }), 'unknownKey'));

  test('of a session without its token, with a changed one or with that of another session', async () => {
    const [session, other] = [await sessionOf('alice'), await sessionOf('alice')];
    const { sessionToken = '', ...bare } = session;
    expect((await sendHttp1(server.connection.awsEndpoint, signed('sts', { keys: session }))).status).toBe(
      200,
    );
    await expectRefused(signed(service, { keys: bare }), 'unknownKey');
    for (const changed of [
      `${sessionToken.slice(0, -2)}AA`,
      `A${sessionToken}`,
      'x',
      '',
      other.sessionToken ?? '',
    ]) {
      await expectRefused(signed(service, { keys: { ...bare, sessionToken: changed } }), 'unknownKey');
    }
    await expectRefused(
      signed(service, { keys: { ...session, accessKeyId: other.accessKeyId } }),
      'unknownKey',
    );
  });

  test('of a session that ended; of a wrongly signed one nothing is told', async () => {
    const ended = await sessionOf('alice', Date.now() - 901_000);
    await expectRefused(
      signed(service, { keys: ended }),
      'expiredToken',
      /^The security token included in the request is expired$/,
    );
    await expectRefused(signed(service, { keys: { ...ended, secretAccessKey: 'x' } }), 'mismatch');
  });

  test('of an inactive key; activated again, it is good', async () => {
    const { AccessKey } = await root.iam.send(new CreateAccessKeyCommand({ UserName: 'alice' }));
    const keys = {
      accessKeyId: AccessKey?.AccessKeyId ?? '',
      secretAccessKey: AccessKey?.SecretAccessKey ?? '',
    };
    const setStatus = (Status: 'Active' | 'Inactive') =>
      root.iam.send(new UpdateAccessKeyCommand({ UserName: 'alice', AccessKeyId: keys.accessKeyId, Status }));
    await setStatus('Inactive');
    await expectRefused(signed(service, { keys }), 'unknownKey');
    await setStatus('Active');
    expect((await sendHttp1(server.connection.awsEndpoint, signed('sts', { keys }))).status).toBe(200);
    await root.iam.send(new DeleteAccessKeyCommand({ UserName: 'alice', AccessKeyId: keys.accessKeyId }));
    await expectRefused(signed(service, { keys }), 'unknownKey');
  });

  test('of a deleted user, also in a session, also after a user of the same name was made', async () => {
    const name = `gone-from-${service}`;
    const keys = await createUser(root, name, allowAll('*'));
    const session = await sessionOf(name);
    await root.iam.send(new DeleteAccessKeyCommand({ UserName: name, AccessKeyId: keys.accessKeyId }));
    await expectRefused(signed(service, { keys }), 'unknownKey');
    await root.iam.send(new DeleteUserPolicyCommand({ UserName: name, PolicyName: 'inline' }));
    await root.iam.send(new DeleteUserCommand({ UserName: name }));
    await expectRefused(signed(service, { keys: session }), 'unknownKey');
    await createUser(root, name, allowAll('*'));
    await expectRefused(signed(service, { keys: session }), 'unknownKey');
  });
});

describe('a presigned request', () => {
  const host = (): string => new URL(server.connection.awsEndpoint).host;
  const url = (
    change: {
      readonly now?: number;
      readonly method?: string;
      readonly keys?: Keys;
      readonly expiresSeconds?: number;
    } = {},
  ): string =>
    presign(
      {
        method: change.method ?? 'GET',
        host: host(),
        path: '/',
        parameters: [
          ['Action', 'GetCallerIdentity'],
          ['Version', '2011-06-15'],
        ],
        headers: {},
        expiresSeconds: change.expiresSeconds ?? 60,
      },
      {
        credentials: change.keys ?? alice,
        region: server.connection.region,
        service: 'sts',
        now: change.now ?? Date.now(),
      },
    );
  const ask = (query: string, method = 'GET') =>
    sendHttp1(server.connection.awsEndpoint, { method, target: targetOf({ path: '/', query }) });

  test('is answered when nothing was changed', async () => {
    expect(await ask(url())).toMatchObject({ status: 200, text: expect.stringContaining('user/alice') });
  });

  test.each<readonly [name: string, query: () => string, error: string]>([
    [
      'another action',
      () => url().replace('GetCallerIdentity', 'GetSessionToken'),
      'SignatureDoesNotMatch 403',
    ],
    ['a further parameter', () => `${url()}&DurationSeconds=900`, 'SignatureDoesNotMatch 403'],
    ['a second action', () => `${url()}&Action=GetCallerIdentity`, 'MalformedInput 400'],
    [
      'a longer life',
      () => url().replace('X-Amz-Expires=60', 'X-Amz-Expires=900'),
      'SignatureDoesNotMatch 403',
    ],
    [
      'an endless life',
      () => url().replace('X-Amz-Expires=60', 'X-Amz-Expires=9999999'),
      'IncompleteSignature 400',
    ],
    [
      'a parameter spelled otherwise',
      () => url().replace('X-Amz-Date', 'x-amz-date'),
      'IncompleteSignature 400',
    ],
    ['a signature given twice', () => `${url()}&X-Amz-Signature=0`, 'IncompleteSignature 400'],
    ['no signature', () => url().replace(/&X-Amz-Signature=\w+/, ''), 'IncompleteSignature 400'],
    ['no signed headers', () => url().replace(/&X-Amz-SignedHeaders=\w+/, ''), 'IncompleteSignature 400'],
    [
      'another date',
      () => url().replace(/(X-Amz-Date=\d{8}T\d{5})\d/, (_, kept: string) => `${kept}x`),
      'IncompleteSignature 400',
    ],
    ['a date of long ago', () => url({ now: Date.now() - 16 * minute }), 'SignatureDoesNotMatch 403'],
    ['a date to come', () => url({ now: Date.now() + 16 * minute }), 'SignatureDoesNotMatch 403'],
    ['an unknown key', () => url({ keys: otherKeys('AKIAQQQQQQQQQQQQQQQQ') }), 'InvalidClientTokenId 403'],
    ['a signature for POST', () => url({ method: 'POST' }), 'SignatureDoesNotMatch 403'],
    ['a semicolon', () => `${url()};a=b`, 'SignatureDoesNotMatch 403'],
  ])('is refused with %s', async (_, query, error) => {
    expect(errorOf('sts', await ask(query())).error).toBe(error);
  });
});

describe('the stock SDK reports', () => {
  async function failure(call: Promise<unknown>): Promise<string> {
    return call.then(
      () => 'no error',
      (error: { readonly name: string; readonly $metadata?: { readonly httpStatusCode?: number } }) =>
        `${error.name} ${error.$metadata?.httpStatusCode}`,
    );
  }

  test.each<readonly [name: string, keys: () => Keys | Promise<Keys>, situation: Situation]>([
    ['an unknown key', () => otherKeys('AKIAQQQQQQQQQQQQQQQQ'), 'unknownKey'],
    ['a wrong secret', () => ({ ...alice, secretAccessKey: 'wrong' }), 'mismatch'],
    [
      'a foreign session token',
      async () => ({ ...(await sessionOf('alice')), sessionToken: 'x' }),
      'unknownKey',
    ],
    ['a session that ended', () => sessionOf('alice', Date.now() - 901_000), 'expiredToken'],
  ])('%s', async (_, keys, situation) => {
    const credentials = await keys();
    const clients = createClients(server.connection, credentials);
    const cloudtrail = new CloudTrailClient({
      endpoint: server.connection.awsEndpoint,
      region: server.connection.region,
      credentials,
      maxAttempts: 1,
    });
    expect({
      eks: await failure(clients.eks.send(new ListClustersCommand({}))),
      iam: await failure(clients.iam.send(new ListUsersCommand({}))),
      // STS models this one, so the SDK gives its class name.
      sts: (await failure(clients.sts.send(new GetCallerIdentityCommand({})))).replace(
        'ExpiredTokenException',
        'ExpiredToken',
      ),
      cloudtrail: await failure(cloudtrail.send(new LookupEventsCommand({}))),
    }).toEqual(situations[situation]);
    clients.destroy();
    cloudtrail.destroy();
  });
});

test('a session of a deleted role is refused', async () => {
  await createRole(root, server.connection, 'passing');
  const clients = createClients(server.connection, alice);
  const session = await assumeRole(clients, roleArn(server.connection, 'passing'));
  clients.destroy();
  const ask = async () =>
    (await sendHttp1(server.connection.awsEndpoint, signed('sts', { keys: session }))).status;
  expect(await ask()).toBe(200);
  await root.iam.send(new DeleteRoleCommand({ RoleName: 'passing' }));
  expect(await ask()).toBe(403);
  await createRole(root, server.connection, 'passing');
  expect(await ask()).toBe(403);
});

/** A session of a user, 15 minutes from `now`, sealed with the server's own key: no clock is turned. */
async function sessionOf(userName: string, now = Date.now()): Promise<Keys> {
  const { User } = await root.iam.send(new GetUserCommand({ UserName: userName }));
  const secretBox = createSecretBox(readSealingKey(server.connection.dataDir));
  const random = { bytes: randomBytes, uuid: randomUUID };
  const { accountId } = server.connection;
  const subject = { kind: 'user', accountId, userName, principalId: User?.UserId ?? '' } as const;
  return mintSession({ secretBox, random }, subject, { now, durationSeconds: 900 });
}
