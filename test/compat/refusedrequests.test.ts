/** Issue "refused, each with its own test": well-signed AWS requests that cannot be read, served or afforded. */
import http from 'node:http';
import { CloudTrailClient, ListTrailsCommand } from '@aws-sdk/client-cloudtrail';
import { ListNodegroupsCommand } from '@aws-sdk/client-eks';
import { CreateLoginProfileCommand, ListUsersCommand } from '@aws-sdk/client-iam';
import { GetWebIdentityTokenCommand } from '@aws-sdk/client-sts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Contract, contracts } from './contracts.ts';
import { type Keys, type ServerProcess, startServerProcess, temporaryDirectory } from './process.ts';
import { type RawAnswer, sendBytes, sendHttp1 } from './raw.ts';
import { type Draft, draft, errorOf, sendSigned, sign } from './signed.ts';
import { type Clients, createClients, rootKeys } from './world.ts';

const directory = temporaryDirectory();
let server: ServerProcess;
let root: Clients;
let keys: Keys;

beforeAll(async () => {
  server = await startServerProcess(directory.path);
  keys = rootKeys(server.connection);
  root = createClients(server.connection, keys);
}, 60_000);

afterEach(async () => {
  expect(await send('sts', draft('sts', 'GetCallerIdentity'))).toMatchObject({ status: 200 });
});

afterAll(async () => {
  const log = server.log();
  root?.destroy();
  await server?.stop();
  directory.remove();
  // Nothing a client sends is our failure.
  expect(log).not.toMatch(/ error /);
});

type Service = 'eks' | 'iam' | 'sts' | 'cloudtrail';

function send(service: Service, request: Draft): Promise<RawAnswer> {
  return sendSigned(server.connection, request, { keys, service });
}

async function errorFrom(service: Service, request: Draft): Promise<string> {
  return errorOf(service, await send(service, request)).error;
}

async function failure(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'no error',
    (error: Error & { readonly $metadata?: { readonly httpStatusCode?: number } }) =>
      `${error.name} ${error.$metadata?.httpStatusCode}: ${error.message}`,
  );
}

describe('an operation that is not implemented answers an error that names it', () => {
  test.each<readonly [Service, Contract]>([
    ['eks', contracts.eks],
    ['iam', contracts.iam],
    ['sts', contracts.sts],
    ['cloudtrail', contracts.cloudtrail],
  ])('in all of %s', async (service, contract) => {
    expect(contract.missing.length).toBeGreaterThan(0);
    const code =
      service === 'iam' || service === 'sts' ? 'UnsupportedOperation' : 'UnsupportedOperationException';
    for (const operation of contract.missing) {
      const found = errorOf(
        service,
        await send(service, draft(service, operation, contract.minimalInput(operation))),
      );
      expect(found).toEqual({ error: `${code} 400`, message: `${operation} is not implemented by Entryway` });
    }
  });

  test('as the stock SDK sees it, without a retry', async () => {
    const cloudtrail = new CloudTrailClient({
      endpoint: server.connection.awsEndpoint,
      region: server.connection.region,
      credentials: keys,
    });
    const say = (operation: string): string => `${operation} is not implemented by Entryway`;
    expect([
      await failure(root.eks.send(new ListNodegroupsCommand({ clusterName: 'main' }))),
      await failure(root.iam.send(new CreateLoginProfileCommand({ UserName: 'bob', Password: 'secret' }))),
      await failure(
        root.sts.send(new GetWebIdentityTokenCommand({ Audience: ['a'], SigningAlgorithm: 'RS256' })),
      ),
      await failure(cloudtrail.send(new ListTrailsCommand({}))),
    ]).toEqual([
      `UnsupportedOperationException 400: ${say('ListNodegroups')}`,
      `UnsupportedOperation 400: ${say('CreateLoginProfile')}`,
      `UnsupportedOperation 400: ${say('GetWebIdentityToken')}`,
      `UnsupportedOperationException 400: ${say('ListTrails')}`,
    ]);
    cloudtrail.destroy();
  });
});

describe('what no service has is refused as unknown', () => {
  const form = (body: string): Draft => ({ ...draft('iam', 'ListUsers'), body });
  test.each<readonly [name: string, service: Service, request: () => Draft, error: string]>([
    [
      'a path',
      'eks',
      () => ({ ...draft('eks', 'ListClusters'), path: '/nothing/here' }),
      'UnknownOperationException 404',
    ],
    [
      'a path with a trailing slash',
      'eks',
      () => ({ ...draft('eks', 'ListClusters'), path: '/clusters/' }),
      'UnknownOperationException 404',
    ],
    [
      'a method',
      'eks',
      () => ({ ...draft('eks', 'ListClusters'), method: 'PATCH' }),
      'UnknownOperationException 404',
    ],
    [
      'OPTIONS',
      'eks',
      () => ({ ...draft('eks', 'ListClusters'), method: 'OPTIONS' }),
      'UnknownOperationException 404',
    ],
    ['an action', 'iam', () => form('Action=MakeTea&Version=2010-05-08'), 'InvalidAction 400'],
    [
      'an action named like a property of every object',
      'iam',
      () => form('Action=constructor&Version=2010-05-08'),
      'InvalidAction 400',
    ],
    [
      'an action of another service',
      'iam',
      () => form('Action=AssumeRole&Version=2010-05-08'),
      'InvalidAction 400',
    ],
    [
      'an action in another case',
      'iam',
      () => form('Action=listusers&Version=2010-05-08'),
      'InvalidAction 400',
    ],
    ['a version', 'iam', () => form('Action=ListUsers&Version=1999-01-01'), 'InvalidAction 400'],
    ['no version', 'iam', () => form('Action=ListUsers'), 'InvalidAction 400'],
    ['no action', 'iam', () => form('Version=2010-05-08'), 'InvalidAction 400'],
    ['nothing', 'iam', () => form(''), 'InvalidAction 400'],
    ['XML', 'iam', () => form('<ListUsers/>'), 'InvalidAction 400'],
    [
      'two actions',
      'iam',
      () => form('Action=ListUsers&Action=ListRoles&Version=2010-05-08'),
      'MalformedInput 400',
    ],
    [
      'an action in the query as well',
      'iam',
      () => ({ ...form('Action=ListUsers&Version=2010-05-08'), query: 'Action=ListRoles' }),
      'MalformedInput 400',
    ],
    [
      'a target',
      'cloudtrail',
      () => targeting('CloudTrail_20131101.MakeTea'),
      'UnknownOperationException 400',
    ],
    [
      'a target of another service',
      'cloudtrail',
      () => targeting('DynamoDB_20120810.ListTables'),
      'UnknownOperationException 400',
    ],
    ['an empty target', 'cloudtrail', () => targeting(''), 'UnknownOperationException 400'],
    [
      'a target with a path',
      'cloudtrail',
      () => ({ ...targeting('CloudTrail_20131101.LookupEvents'), path: '/clusters' }),
      'UnknownOperationException 400',
    ],
    [
      'a target by GET',
      'cloudtrail',
      () => ({ ...targeting('CloudTrail_20131101.LookupEvents'), method: 'GET', body: '' }),
      'UnknownOperationException 400',
    ],
  ])('%s', async (_, service, request, error) => {
    expect(await errorFrom(service, request())).toBe(error);
  });

  function targeting(target: string): Draft {
    const plain = draft('cloudtrail', 'LookupEvents');
    return { ...plain, headers: { ...plain.headers, 'x-amz-target': target } };
  }

  test('HEAD is answered without a body', async () => {
    const answer = await send('eks', { ...draft('eks', 'ListClusters'), method: 'HEAD' });
    expect(answer).toMatchObject({ status: 404, text: '' });
  });

  test('an unsigned target is refused', async () => {
    const { headers, ...plain } = draft('cloudtrail', 'LookupEvents');
    const { 'x-amz-target': target = '', ...others } = headers;
    const signed = sign(server.connection, { ...plain, headers: others }, { keys, service: 'cloudtrail' });
    const answer = await sendHttp1(server.connection.awsEndpoint, {
      ...signed,
      headers: { ...signed.headers, 'x-amz-target': target },
    });
    expect(errorOf('cloudtrail', answer)).toEqual({
      error: 'InvalidSignatureException 400',
      message: "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.",
    });
  });
});

describe('input that cannot be read', () => {
  const post = (body: string | Uint8Array): Draft => ({
    ...draft('eks', 'CreateCluster', { name: 'x' }),
    body,
  });
  const json = (value: unknown): Draft => post(JSON.stringify(value));
  const whole = { name: 'main', roleArn: 'arn:aws:iam::111122223333:role/cluster', resourcesVpcConfig: {} };
  const bad = 'SerializationException 400';
  test.each<readonly [name: string, request: () => Draft]>([
    ['cut off', () => post('{"name":"x"')],
    ['no JSON', () => post('name=x')],
    ['XML', () => post('<name>x</name>')],
    ['a list', () => post('[]')],
    ['a string', () => post('"x"')],
    ['a number', () => post('1')],
    ['null', () => post('null')],
    ['two values', () => post('{}{}')],
    ['a comment', () => post('{/* */}')],
    ['bytes that are no UTF-8', () => post(Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d))],
    ['100,000 brackets', () => post('['.repeat(100_000))],
    ['100,000 nested objects', () => post(`${'{"tags":'.repeat(100_000)}1${'}'.repeat(100_000)}`)],
    ['a number for a string', () => json({ ...whole, name: 1 })],
    ['a list for a string', () => json({ ...whole, name: ['main'] })],
    ['an object for a string', () => json({ ...whole, name: { length: 4 } })],
    ['a string for an object', () => json({ ...whole, accessConfig: 'API' })],
    ['a list for an object', () => json({ ...whole, tags: ['a'] })],
    [
      'a string for a boolean',
      () => json({ ...whole, accessConfig: { bootstrapClusterCreatorAdminPermissions: 'true' } }),
    ],
    [
      'a number for a boolean',
      () => json({ ...whole, accessConfig: { bootstrapClusterCreatorAdminPermissions: 1 } }),
    ],
    ['a number for a tag', () => json({ ...whole, tags: { a: 1 } })],
  ])('of EKS: %s', async (_, request) => {
    expect(await errorFrom('eks', request())).toBe(bad);
  });

  test('of EKS: a bad escape in the path, or in the query', async () => {
    const path = await errorFrom('eks', {
      ...draft('eks', 'DescribeCluster', { name: 'x' }),
      path: '/clusters/%zz',
    });
    expect(path).toMatch(/^(SerializationException|InvalidSignatureException) 40[03]$/);
    const query = await errorFrom('eks', { ...draft('eks', 'ListClusters'), query: 'maxResults=%zz' });
    expect(query).toMatch(/^(SerializationException|InvalidSignatureException) 40[03]$/);
    expect(await errorFrom('eks', { ...draft('eks', 'ListClusters'), query: 'maxResults=ten' })).toBe(bad);
    expect(
      await errorFrom('eks', { ...draft('eks', 'ListClusters'), query: 'maxResults=1&maxResults=2' }),
    ).toBe(bad);
  });

  const list = 'Action=ListUsers&Version=2010-05-08';
  const tag = 'Action=TagUser&Version=2010-05-08&UserName=a';
  test.each<readonly [name: string, body: string | Uint8Array, error: string]>([
    ['a word for a number', `${list}&MaxItems=ten`, 'MalformedInput 400'],
    ['a fraction for a number', `${list}&MaxItems=1.5`, 'MalformedInput 400'],
    ['a member given twice', `${list}&MaxItems=1&MaxItems=2`, 'MalformedInput 400'],
    ['a bad escape', `${list}&Marker=%zz`, 'MalformedInput 400'],
    ['bytes that are no UTF-8', `${list}&Marker=%ff`, 'MalformedInput 400'],
    [
      'raw bytes that are no UTF-8',
      Buffer.concat([Buffer.from(`${list}&Marker=`), Buffer.from([0xff])]),
      'MalformedInput 400',
    ],
    ['a list index that is no number', `${tag}&Tags.member.x.Key=a`, 'MalformedInput 400'],
    ['a list index that is huge', `${tag}&Tags.member.99999999999999999999.Key=a`, 'MalformedInput 400'],
    ['a structure where text belongs', `${tag}&UserName.x=1`, 'MalformedInput 400'],
  ])('of IAM: %s', async (_, body, error) => {
    const found = await errorFrom('iam', { ...draft('iam', 'ListUsers'), body });
    expect([error, 'ValidationError 400']).toContain(found);
  });

  test('of IAM: ten thousand parameters', async () => {
    const many = Array.from({ length: 10_000 }, (_, i) => `&Tags.member.${i + 1}.Key=a`).join('');
    expect(await errorFrom('iam', { ...draft('iam', 'ListUsers'), body: tag + many })).toMatch(/ 400$/);
  });

  test.each(['[]', '{', 'null', '"x"', '{"MaxResults":"ten"}'])(
    'of CloudTrail, before it is said that the operation is missing or after: %s',
    async (body) => {
      expect(await errorFrom('cloudtrail', { ...draft('cloudtrail', 'LookupEvents'), body })).toMatch(
        /^(SerializationException|UnsupportedOperationException) 400$/,
      );
    },
  );
});

describe('required members that are missing are named', () => {
  test('by EKS', async () => {
    const found = errorOf(
      'eks',
      await send('eks', { ...draft('eks', 'CreateCluster', { name: 'x' }), body: '{}' }),
    );
    expect(found.error).toBe('InvalidParameterException 400');
    for (const member of ['name', 'roleArn', 'resourcesVpcConfig']) expect(found.message).toContain(member);
  });

  test('by IAM and STS, as AWS counts them', async () => {
    const iam = errorOf('iam', await send('iam', draft('iam', 'CreateRole')));
    expect(iam.error).toBe('ValidationError 400');
    expect(iam.message).toMatch(
      /^2 validation errors detected: Value null at 'roleName' .*Member must not be null; Value null at 'assumeRolePolicyDocument'/,
    );
    const sts = errorOf('sts', await send('sts', draft('sts', 'AssumeRole', { RoleArn: 'x' })));
    expect(sts.error).toBe('ValidationError 400');
    expect(sts.message).toContain("Value null at 'roleSessionName'");
  });

  test('null is the same as missing', async () => {
    const body = '{"name":null,"roleArn":null,"resourcesVpcConfig":null}';
    expect(await errorFrom('eks', { ...draft('eks', 'CreateCluster', { name: 'x' }), body })).toBe(
      'InvalidParameterException 400',
    );
  });
});

describe('what is too large is refused', () => {
  const mebibyte = 1024 * 1024;

  test.each<readonly [Service, string, string]>([
    ['eks', 'CreateCluster', 'RequestEntityTooLargeException 413'],
    ['iam', 'ListUsers', 'RequestEntityTooLarge 413'],
    ['sts', 'GetCallerIdentity', 'RequestEntityTooLarge 413'],
    ['cloudtrail', 'LookupEvents', 'RequestEntityTooLargeException 413'],
  ])('a body over the limit, by %s', async (service, operation, error) => {
    const body = Buffer.alloc(mebibyte + 1, ' ');
    expect(await errorFrom(service, { ...draft(service, operation, { name: 'x' }), body })).toBe(error);
  });

  test('a body far over the limit: the answer arrives although the client is still writing', async () => {
    const body = Buffer.alloc(32 * mebibyte, ' ');
    expect(await errorFrom('eks', { ...draft('eks', 'CreateCluster', { name: 'x' }), body })).toBe(
      'RequestEntityTooLargeException 413',
    );
  });

  test('a body over the limit that does not say how long it is', async () => {
    const plain = draft('eks', 'CreateCluster', { name: 'x' });
    const signed = sign(server.connection, plain, { keys, service: 'eks' });
    const answer = await sendHttp1(server.connection.awsEndpoint, {
      ...signed,
      headers: { ...signed.headers, 'transfer-encoding': 'chunked' },
      body: Buffer.alloc(mebibyte + 1, ' '),
    });
    expect(errorOf('eks', answer).error).toBe('RequestEntityTooLargeException 413');
  });

  test('headers over the limit', async () => {
    const plain = draft('eks', 'ListClusters');
    const request = { ...plain, headers: { ...plain.headers, 'x-long': 'a'.repeat(40_000) } };
    expect((await send('eks', request)).status).toBe(431);
  });

  test('a URL over the limit', async () => {
    expect(
      (await send('eks', { ...draft('eks', 'ListClusters'), query: `nextToken=${'a'.repeat(40_000)}` }))
        .status,
    ).toBe(431);
  });

  test('a URL just below it is read, and its page token refused', async () => {
    const query = `nextToken=${'a'.repeat(20_000)}`;
    expect(await errorFrom('eks', { ...draft('eks', 'ListClusters'), query })).toBe(
      'InvalidParameterException 400',
    );
  });

  test('more headers than a server reads: signed ones that are missing make the signature wrong', async () => {
    const plain = draft('eks', 'ListClusters');
    const many = Object.fromEntries(Array.from({ length: 2_500 }, (_, i) => [`x${i}`, '']));
    const answer = await send('eks', { ...plain, headers: { ...plain.headers, ...many } });
    expect([403, 431]).toContain(answer.status);
  });
});

describe('requests of an unusual form', () => {
  test('a signed body sent in chunks is read', async () => {
    const signed = sign(server.connection, draft('sts', 'GetCallerIdentity'), { keys, service: 'sts' });
    const headers = { ...signed.headers, 'transfer-encoding': 'chunked' };
    expect((await sendHttp1(server.connection.awsEndpoint, { ...signed, headers })).status).toBe(200);
  });

  test.each([
    ['an absolute target', 'GET http://sts.amazonaws.com/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
    ['an asterisk', 'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
    ['no host', 'GET /clusters HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['an unknown method', 'BREW /clusters HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
    ['a folded header', 'GET /clusters HTTP/1.1\r\nHost: x\r\nX-A: a\r\n b\r\nConnection: close\r\n\r\n'],
    ['a space before the colon', 'GET /clusters HTTP/1.1\r\nHost : x\r\nConnection: close\r\n\r\n'],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a bad chunk', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n'],
    ['a bare line feed', 'GET /clusters HTTP/1.1\nHost: x\n\n'],
  ])('%s is a bad request and ends the connection', async (_, bytes) => {
    expect(await sendBytes(server.connection.awsEndpoint, bytes)).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('CONNECT is not served', async () => {
    const bytes = 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n';
    expect(await sendBytes(server.connection.awsEndpoint, bytes)).not.toMatch(/^HTTP\/1\.1 2/);
  });

  test('a connection goes on after errors', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const sockets = new Set<unknown>();
    const ask = (request: Draft, service: Service): Promise<number> => {
      const { target, headers } = sign(server.connection, request, { keys, service });
      const { hostname, port } = new URL(server.connection.awsEndpoint);
      return new Promise((resolve, reject) => {
        const outgoing = http.request(
          {
            agent,
            hostname,
            port,
            path: target,
            method: request.method,
            headers: headers as http.OutgoingHttpHeaders,
          },
          (incoming) => {
            incoming.resume();
            incoming.on('end', () => resolve(incoming.statusCode ?? 0));
          },
        );
        outgoing.on('socket', (socket) => sockets.add(socket));
        outgoing.on('error', reject);
        outgoing.end(request.body);
      });
    };
    const statuses = [
      await ask({ ...draft('eks', 'ListClusters'), path: '/nothing' }, 'eks'),
      await ask({ ...draft('eks', 'CreateCluster', { name: 'x' }), body: '{' }, 'eks'),
      await ask(draft('eks', 'ListClusters'), 'iam'),
      await ask(draft('iam', 'GetUser', { UserName: 'nobody' }), 'iam'),
      await ask(draft('sts', 'GetCallerIdentity'), 'sts'),
    ];
    expect(statuses).toEqual([404, 400, 403, 404, 200]);
    expect(sockets.size).toBe(1);
    agent.destroy();
  });

  test('a thousand unsigned requests at once change nothing', async () => {
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, () => sendHttp1(server.connection.awsEndpoint, { target: '/clusters' })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403]));
    expect((await send('iam', draft('iam', 'ListUsers'))).status).toBe(200);
    await root.iam.send(new ListUsersCommand({}));
  });
});
