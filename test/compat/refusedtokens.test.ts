/** Issue "refused, each with its own test": tokens, sent to a real process over TLS by HTTP/1.1 and HTTP/2. */
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  CreateAccessEntryCommand,
  DeleteAccessEntryCommand,
  DeleteClusterCommand,
} from '@aws-sdk/client-eks';
import {
  DeleteAccessKeyCommand,
  DeleteRoleCommand,
  DeleteUserCommand,
  GetRoleCommand,
  GetUserCommand,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readSealingKey } from '../../src/server/datadirectory.ts';
import { mintSession } from '../../src/services/credentials/sessions.ts';
import { createSecretBox } from '../../src/services/secretbox.ts';
import { presign } from '../../src/wire/sigv4/sign.ts';
import { createToken } from '../../src/wire/token/create.ts';
import { type Keys, type ServerProcess, startServerProcess, temporaryDirectory } from './process.ts';
import { type RawAnswer, type RawRequest, sendHttp1, sendHttp2 } from './raw.ts';
import {
  allowAll,
  assumeRole,
  type Clients,
  createClients,
  createCluster,
  createClusterRole,
  createRole,
  createUser,
  roleArn,
  rootKeys,
} from './world.ts';

const directory = temporaryDirectory();
const minute = 60_000;
const prefix = 'k8s-aws-v1.';
let server: ServerProcess;
let root: Clients;
let alice: Keys;
let caPem = '';
let endpoint = '';
/** What must never be found in the log. */
const secrets = new Set<string>();

beforeAll(async () => {
  server = await startServerProcess(directory.path, ['--log-level', 'trace']);
  const { connection } = server;
  caPem = readFileSync(connection.caFile, 'utf8');
  root = createClients(connection, rootKeys(connection));
  await createClusterRole(root);
  endpoint = await createCluster(root, connection, 'main', 'API');
  await createCluster(root, connection, 'other', 'API');
  alice = await createMember('alice');
}, 60_000);

afterAll(async () => {
  root?.destroy();
  await server?.stop();
  directory.remove();
});

/** A user with a key and an access entry on `main`. */
async function createMember(name: string): Promise<Keys> {
  const keys = await createUser(root, name);
  await admit(`arn:aws:iam::${server.connection.accountId}:user/${name}`);
  secrets.add(keys.secretAccessKey);
  return keys;
}

async function admit(principalArn: string): Promise<void> {
  await root.eks.send(
    new CreateAccessEntryCommand({ clusterName: 'main', principalArn, kubernetesGroups: ['members'] }),
  );
}

/** Asks who the sender is, which every authenticated user may. */
function whoAmI(headers: RawRequest['headers'], query = ''): RawRequest {
  return {
    method: 'POST',
    target: `${new URL(endpoint).pathname}/apis/authentication.k8s.io/v1/selfsubjectreviews${query}`,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }),
  };
}

async function present(token: string): Promise<readonly RawAnswer[]> {
  secrets.add(token);
  if (token.startsWith(prefix)) {
    const url = Buffer.from(token.slice(prefix.length), 'base64url').toString('latin1');
    const signature = /X-Amz-Signature=([0-9a-f]{16,})/.exec(url)?.[1];
    if (signature !== undefined) secrets.add(signature);
  }
  const request = whoAmI({ authorization: `Bearer ${token}` });
  return [
    await sendHttp1(server.connection.kubernetesEndpoint, request, caPem),
    await sendHttp2(server.connection.kubernetesEndpoint, request, caPem),
  ];
}

const unauthorized = {
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message: 'Unauthorized',
  reason: 'Unauthorized',
  code: 401,
};

function expectUnauthorized(answer: RawAnswer): void {
  expect(answer.status).toBe(401);
  expect(answer.headers['content-type']).toBe('application/json');
  expect(JSON.parse(answer.text)).toEqual(unauthorized);
}

async function expectRefused(token: string): Promise<void> {
  for (const answer of await present(token)) expectUnauthorized(answer);
}

async function expectAccepted(token: string): Promise<void> {
  for (const answer of await present(token)) expect(answer).toMatchObject({ status: 201 });
}

interface Wish {
  readonly keys?: Keys;
  readonly clusterName?: string;
  readonly now?: number;
  readonly origin?: string;
  readonly host?: string;
  readonly region?: string;
}

function tokenOf({ keys = alice, clusterName = 'main', now = Date.now(), ...rest }: Wish = {}): string {
  return createToken({ credentials: keys, region: server.connection.region, clusterName, now, ...rest });
}

function urlOf(token: string): string {
  return Buffer.from(token.slice(prefix.length), 'base64url').toString('latin1');
}

function tokenFrom(url: string): string {
  return prefix + Buffer.from(url, 'latin1').toString('base64url');
}

/** The token of alice with its URL rewritten. Fails when the rewriting changes nothing. */
function rewritten(rewrite: (url: string) => string): string {
  const url = urlOf(tokenOf());
  const changed = rewrite(url);
  if (changed === url) throw new Error('the rewriting did not change the URL');
  return tokenFrom(changed);
}

/** A presigned URL of any shape, properly signed by alice. */
function presigned(
  options: {
    readonly method?: string;
    readonly path?: string;
    readonly parameters?: readonly (readonly [string, string])[];
    readonly headers?: Readonly<Record<string, string>>;
    readonly expiresSeconds?: number;
    readonly service?: string;
  } = {},
): string {
  const host = `sts.${server.connection.region}.amazonaws.com`;
  const path = options.path ?? '/';
  const query = presign(
    {
      method: options.method ?? 'GET',
      host,
      path,
      parameters: options.parameters ?? [
        ['Action', 'GetCallerIdentity'],
        ['Version', '2011-06-15'],
      ],
      headers: options.headers ?? { 'x-k8s-aws-id': 'main' },
      expiresSeconds: options.expiresSeconds ?? 60,
    },
    {
      credentials: alice,
      region: server.connection.region,
      service: options.service ?? 'sts',
      now: Date.now(),
    },
  );
  return tokenFrom(`https://${host}${path}?${query}`);
}

/** Another hexadecimal digit, or another letter or digit, at the place. */
function flipped(text: string, at: number): string {
  const old = text[at] ?? '';
  const other = /\d/.test(old) ? String((Number(old) + 1) % 10) : old === 'a' ? 'b' : 'a';
  return text.slice(0, at) + other + text.slice(at + 1);
}

/** One character of a parameter's value flipped. */
function withFlipped(parameter: string, offset: number): string {
  return rewritten((url) => {
    const start = url.indexOf(`${parameter}=`) + parameter.length + 1;
    return flipped(url, start + offset);
  });
}

test('a good token is accepted, and so is one 14 minutes old or 4 minutes early', async () => {
  await expectAccepted(tokenOf());
  await expectAccepted(tokenOf({ now: Date.now() - 14 * minute }));
  await expectAccepted(tokenOf({ now: Date.now() + 4 * minute }));
});

describe('a token is refused when it is', () => {
  const cases: readonly (readonly [name: string, token: () => string])[] = [
    ['signed with another secret', () => tokenOf({ keys: { ...alice, secretAccessKey: 'x'.repeat(40) } })],
    [
      'signed with the secret of another user',
      () => tokenOf({ keys: { ...alice, secretAccessKey: server.connection.secretAccessKey } }),
    ],
    ['of an unknown key', () => tokenOf({ keys: { ...alice, accessKeyId: 'AKIAQQQQQQQQQQQQQQQQ' } })],
    [
      'of an unknown temporary key',
      () => tokenOf({ keys: { ...alice, accessKeyId: 'ASIAQQQQQQQQQQQQQQQQ' } }),
    ],
    ['of no key', () => tokenOf({ keys: { ...alice, accessKeyId: '' } })],
    [
      'of a key named like a property of every object',
      () => tokenOf({ keys: { ...alice, accessKeyId: '__proto__' } }),
    ],
    [
      'of a long-term key with a session token',
      () => tokenOf({ keys: { ...alice, sessionToken: 'aGVsbG8' } }),
    ],
    ['of another cluster of this server', () => tokenOf({ clusterName: 'other' })],
    ['of a cluster that is not here', () => tokenOf({ clusterName: 'nowhere' })],
    ['of a cluster whose name differs by case', () => tokenOf({ clusterName: 'Main' })],
    ['of no cluster', () => tokenOf({ clusterName: '' })],
    ['16 minutes old', () => tokenOf({ now: Date.now() - 16 * minute })],
    ['a day old', () => tokenOf({ now: Date.now() - 24 * 60 * minute })],
    ['6 minutes early', () => tokenOf({ now: Date.now() + 6 * minute })],
    ['a year early', () => tokenOf({ now: Date.now() + 365 * 24 * 60 * minute })],
    [
      'for another region than its host',
      () => tokenOf({ region: 'eu-west-1', host: 'sts.us-east-1.amazonaws.com' }),
    ],
    ['for a host that is not STS', () => tokenOf({ host: 'sts.us-east-1.amazonaws.com.evil.example' })],
    ['for a host of another partition', () => tokenOf({ host: 'sts.cn-north-1.amazonaws.com.cn' })],
    ['for an STS host with a port', () => tokenOf({ host: 'sts.us-east-1.amazonaws.com:443' })],
    ['for STS by http', () => tokenOf({ origin: 'http://sts.us-east-1.amazonaws.com' })],
    ['for another port of this machine', () => tokenOf({ origin: 'http://127.0.0.1:1' })],
    [
      'for our own endpoint by https',
      () => tokenOf({ origin: server.connection.awsEndpoint.replace('http:', 'https:') }),
    ],
    [
      'for our own endpoint’s port on another address',
      () => tokenOf({ origin: server.connection.awsEndpoint.replace('127.0.0.1', '127.0.0.2') }),
    ],
    ['for the Kubernetes endpoint', () => tokenOf({ origin: server.connection.kubernetesEndpoint })],
    ['presigned for POST', () => presigned({ method: 'POST' })],
    ['presigned for HEAD', () => presigned({ method: 'HEAD' })],
    ['presigned for another path', () => presigned({ path: '/x' })],
    ['presigned for another service', () => presigned({ service: 'eks' })],
    ['presigned without the cluster header', () => presigned({ headers: {} })],
    [
      'presigned with a further header',
      () => presigned({ headers: { 'x-k8s-aws-id': 'main', 'x-other': 'a' } }),
    ],
    ['good for an hour by its own word', () => presigned({ expiresSeconds: 3600 })],
    [
      'of another action',
      () =>
        presigned({
          parameters: [
            ['Action', 'GetSessionToken'],
            ['Version', '2011-06-15'],
          ],
        }),
    ],
    [
      'of an action spelled otherwise',
      () =>
        presigned({
          parameters: [
            ['Action', 'getcalleridentity'],
            ['Version', '2011-06-15'],
          ],
        }),
    ],
    [
      'of another version',
      () =>
        presigned({
          parameters: [
            ['Action', 'GetCallerIdentity'],
            ['Version', '2010-05-08'],
          ],
        }),
    ],
    ['without an action', () => presigned({ parameters: [['Version', '2011-06-15']] })],
    [
      'with two actions',
      () =>
        presigned({
          parameters: [
            ['Action', 'GetCallerIdentity'],
            ['Action', 'GetSessionToken'],
            ['Version', '2011-06-15'],
          ],
        }),
    ],
    [
      'with an unknown parameter',
      () =>
        presigned({
          parameters: [
            ['Action', 'GetCallerIdentity'],
            ['Version', '2011-06-15'],
            ['Extra', '1'],
          ],
        }),
    ],
    ['with a parameter added after signing', () => rewritten((url) => `${url}&Extra=1`)],
    ['with a parameter repeated', () => rewritten((url) => `${url}&Action=GetCallerIdentity`)],
    ['with a parameter repeated in another case', () => rewritten((url) => `${url}&x-amz-expires=60`)],
    ['with a parameter in another case', () => rewritten((url) => url.replace('Action=', 'action='))],
    [
      'with a signature in capitals',
      () =>
        rewritten((url) =>
          url.replace(/Signature=(\w+)/, (_, hex: string) => `Signature=${hex.toUpperCase()}`),
        ),
    ],
    ['with a signature cut by half', () => rewritten((url) => url.slice(0, -32))],
    ['without a signature', () => rewritten((url) => url.replace(/&X-Amz-Signature=\w+/, ''))],
    ['with an empty signature', () => rewritten((url) => url.replace(/Signature=\w+/, 'Signature='))],
    ['without a date', () => rewritten((url) => url.replace(/&X-Amz-Date=\w+/, ''))],
    ['without a credential', () => rewritten((url) => url.replace(/&X-Amz-Credential=[^&]+/, ''))],
    ['without an algorithm', () => rewritten((url) => url.replace(/X-Amz-Algorithm=[^&]+&/, ''))],
    ['without an expiry', () => rewritten((url) => url.replace(/&X-Amz-Expires=\d+/, ''))],
    ['with userinfo', () => rewritten((url) => url.replace('https://', 'https://a@'))],
    ['with a fragment', () => rewritten((url) => `${url}#x`)],
    ['with a second slash', () => rewritten((url) => url.replace('.com/?', '.com//?'))],
    ['with dot segments', () => rewritten((url) => url.replace('.com/?', '.com/./?'))],
    ['with a semicolon', () => rewritten((url) => `${url};a=b`)],
    ['with a bad escape', () => rewritten((url) => `${url}%zz`)],
    ['with a line break', () => rewritten((url) => url.replace('&', '&\n'))],
    ['with a byte beyond ASCII', () => rewritten((url) => `${url}\u00e9`)],
    ['with a zero byte', () => rewritten((url) => `${url}\0`)],
    ['only the prefix', () => prefix],
    ['the prefix in capitals', () => tokenOf().replace(prefix, prefix.toUpperCase())],
    ['without its prefix', () => tokenOf().slice(prefix.length)],
    ['of version 2', () => tokenOf().replace('v1', 'v2')],
    ['padded', () => `${tokenOf()}==`],
    ['in the other base64 alphabet', () => `${tokenOf()}+/`],
    ['followed by something', () => `${tokenOf()}.x`],
    ['followed by a letter', () => `${tokenOf()}A`],
    ['a JSON web token', () => 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJzeXN0ZW06YWRtaW4ifQ.'],
    ['4,097 bytes long', () => tokenOf().padEnd(4097, 'A')],
    ['20,000 bytes long', () => prefix.padEnd(20_000, 'A')],
  ];

  test.each(cases)('%s', (_, token) => expectRefused(token()));

  test.each([
    ['X-Amz-Signature', 0],
    ['X-Amz-Signature', 63],
    ['X-Amz-Credential', 5],
    ['X-Amz-Credential', 27],
    ['X-Amz-Date', 7],
    ['X-Amz-Date', 13],
    ['X-Amz-Date', 14],
    ['X-Amz-Expires', 1],
    ['X-Amz-SignedHeaders', 0],
    ['X-Amz-SignedHeaders', 10],
    ['Action', 0],
    ['Version', 3],
    ['X-Amz-Algorithm', 4],
  ])('changed by one character in %s at %i', (parameter, offset) =>
    expectRefused(withFlipped(parameter, offset)),
  );

  test('cut off anywhere', async () => {
    const token = tokenOf();
    const lengths = [1, 2, 10, 11, 12, 13, 14, 15, 40, 100, 101, 102, 103, 200, 300];
    for (const length of [...lengths, ...[1, 2, 3, 4, 5, 40, 86, 87].map((cut) => token.length - cut)]) {
      await expectRefused(token.slice(0, length));
    }
  });
});

describe('a token that was good is refused after', () => {
  test('its key was deactivated; activated again, it is good', async () => {
    const keys = await createMember('bea');
    const token = tokenOf({ keys });
    const setStatus = (Status: 'Active' | 'Inactive') =>
      root.iam.send(new UpdateAccessKeyCommand({ UserName: 'bea', AccessKeyId: keys.accessKeyId, Status }));
    await expectAccepted(token);
    await setStatus('Inactive');
    await expectRefused(token);
    await expectRefused(tokenOf({ keys }));
    await setStatus('Active');
    await expectAccepted(token);
  });

  test('its key was deleted', async () => {
    const keys = await createMember('carl');
    await expectAccepted(tokenOf({ keys }));
    await deleteKey('carl', keys);
    await expectRefused(tokenOf({ keys }));
  });

  test('its user was deleted, and also after a user of the same name was made', async () => {
    const keys = await createMember('dora');
    const token = tokenOf({ keys });
    await expectAccepted(token);
    await deleteKey('dora', keys);
    await root.iam.send(new DeleteUserCommand({ UserName: 'dora' }));
    await expectRefused(token);
    const again = await createUser(root, 'dora');
    await expectRefused(token);
    // The new user is somebody else: the entry is pinned to the old one's unique id.
    await expectRefused(tokenOf({ keys: again }));
  });

  test('its access entry was deleted', async () => {
    const keys = await createMember('emil');
    await expectAccepted(tokenOf({ keys }));
    await root.eks.send(
      new DeleteAccessEntryCommand({
        clusterName: 'main',
        principalArn: `arn:aws:iam::${server.connection.accountId}:user/emil`,
      }),
    );
    await expectRefused(tokenOf({ keys }));
  });

  test('the role of its session was deleted, and also after a role of the same name was made', async () => {
    const { connection } = server;
    await createRole(root, connection, 'passing');
    await admit(roleArn(connection, 'passing'));
    const clients = createClients(connection, await createAssumer('fay'));
    const session = await assumeRole(clients, roleArn(connection, 'passing'));
    secrets.add(session.secretAccessKey).add(session.sessionToken ?? '');
    await expectAccepted(tokenOf({ keys: session }));
    await root.iam.send(new DeleteRoleCommand({ RoleName: 'passing' }));
    await expectRefused(tokenOf({ keys: session }));
    await createRole(root, connection, 'passing');
    await expectRefused(tokenOf({ keys: session }));
    const newSession = await assumeRole(clients, roleArn(connection, 'passing'));
    await expectRefused(tokenOf({ keys: newSession }));
    clients.destroy();
  });

  test('its session ended', async () => {
    const { connection } = server;
    await createRole(root, connection, 'brief');
    await admit(roleArn(connection, 'brief'));
    const { Role } = await root.iam.send(new GetRoleCommand({ RoleName: 'brief' }));
    const subject = {
      kind: 'assumedRole',
      accountId: connection.accountId,
      roleName: 'brief',
      principalId: Role?.RoleId ?? '',
      sessionName: 'test',
    } as const;
    await expectAccepted(tokenOf({ keys: sessionOf(subject, Date.now() - 800_000) }));
    await expectRefused(tokenOf({ keys: sessionOf(subject, Date.now() - 901_000) }));
  });

  test('its session token was changed, left out, or is that of another session', async () => {
    const { User } = await root.iam.send(new GetUserCommand({ UserName: 'alice' }));
    const subject = {
      kind: 'user',
      accountId: server.connection.accountId,
      userName: 'alice',
      principalId: User?.UserId ?? '',
    } as const;
    const session = sessionOf(subject, Date.now());
    const token = session.sessionToken ?? '';
    await expectAccepted(tokenOf({ keys: session }));
    const middle = Math.floor(token.length / 2);
    for (const sessionToken of [
      flipped(token, middle),
      token.slice(0, -4),
      'x',
      sessionOf(subject, Date.now()).sessionToken ?? '',
    ]) {
      await expectRefused(tokenOf({ keys: { ...session, sessionToken } }));
    }
    const { sessionToken: _, ...bare } = session;
    await expectRefused(tokenOf({ keys: bare }));
  });

  test('its cluster was deleted and made again under the same name: the entry is gone', async () => {
    const { connection } = server;
    await createCluster(root, connection, 'reborn', 'API');
    await root.eks.send(
      new CreateAccessEntryCommand({
        clusterName: 'reborn',
        principalArn: `arn:aws:iam::${connection.accountId}:user/alice`,
      }),
    );
    const token = tokenOf({ clusterName: 'reborn' });
    const ask = (): Promise<RawAnswer> => {
      const request = whoAmI({ authorization: `Bearer ${token}` });
      return sendHttp1(
        connection.kubernetesEndpoint,
        { ...request, target: request.target.replace('/main/', '/reborn/') },
        caPem,
      );
    };
    expect((await ask()).status).toBe(201);
    await root.eks.send(new DeleteClusterCommand({ name: 'reborn' }));
    expect((await ask()).status).toBe(404);
    await createCluster(root, connection, 'reborn', 'API');
    expectUnauthorized(await ask());
  });
});

describe('a request is refused when its credential', () => {
  const noQuery = (): string => '';
  const cases: readonly (readonly [
    name: string,
    headers: (token: string) => NonNullable<RawRequest['headers']>,
    query?: (token: string) => string,
  ])[] = [
    ['is missing', () => ({})],
    ['is empty', () => ({ authorization: '' })],
    ['is an empty bearer', () => ({ authorization: 'Bearer ' })],
    ['is only the word', () => ({ authorization: 'Bearer' })],
    ['has no scheme', (token) => ({ authorization: token })],
    ['is Basic', (token) => ({ authorization: `Basic ${token}` })],
    ['is a password', () => ({ authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}` })],
    ['is glued to its scheme', (token) => ({ authorization: `Bearer${token}` })],
    ['follows two spaces', (token) => ({ authorization: `Bearer  ${token}` })],
    ['follows a tab', (token) => ({ authorization: `Bearer\t${token}` })],
    ['holds a space', (token) => ({ authorization: `Bearer ${token.slice(0, 60)} ${token.slice(60)}` })],
    ['holds a tab', (token) => ({ authorization: `Bearer ${token.slice(0, 60)}\t${token.slice(60)}` })],
    ['is quoted', (token) => ({ authorization: `Bearer "${token}"` })],
    ['is followed by a comma and another', (token) => ({ authorization: `Bearer ${token},Bearer ${token}` })],
    ['holds a letter beyond ASCII', (token) => ({ authorization: `Bearer ${token}\u00e9` })],
    ['is in the query', () => ({}), (token) => `?access_token=${token}`],
    ['is in the query as authorization', () => ({}), (token) => `?authorization=Bearer%20${token}`],
    ['is in a proxy header', (token) => ({ 'proxy-authorization': `Bearer ${token}` })],
    ['is in a cookie', (token) => ({ cookie: `token=${token}` })],
    [
      'is a name in a front proxy’s header',
      () => ({ 'x-remote-user': 'admin', 'x-remote-group': 'system:masters' }),
    ],
    [
      'is only an impersonation',
      () => ({ 'impersonate-user': 'admin', 'impersonate-group': 'system:masters' }),
    ],
  ];
  test.for(cases)('%s', async ([, headers, query = noQuery]) => {
    const token = tokenOf();
    secrets.add(token);
    const request = whoAmI(headers(token), query(token));
    expectUnauthorized(await sendHttp1(server.connection.kubernetesEndpoint, request, caPem));
    expectUnauthorized(await sendHttp2(server.connection.kubernetesEndpoint, request, caPem));
  });

  test('is given twice, also when both are good', async () => {
    const [good, bad] = [`Bearer ${tokenOf()}`, 'Bearer nothing'];
    for (const authorization of [
      [good, good],
      [good, bad],
      [bad, good],
      [good, 'Basic YTpi'],
    ]) {
      const request = whoAmI({ authorization });
      expectUnauthorized(await sendHttp1(server.connection.kubernetesEndpoint, request, caPem));
    }
  });
});

test('headers beyond the limit are refused before anything is read', async () => {
  const request = whoAmI({ authorization: `Bearer ${prefix.padEnd(70_000, 'A')}` });
  expect((await sendHttp1(server.connection.kubernetesEndpoint, request, caPem)).status).toBe(431);
});

test('after all of that a good token is accepted, and the log holds no token, signature or secret', async () => {
  await expectAccepted(tokenOf());
  const log = server.log();
  expect(log).toContain(' info ready ');
  const found = [...secrets].filter((secret) => secret.length >= 16 && log.includes(secret));
  expect(found).toEqual([]);
  expect(log).not.toMatch(/X-Amz-|k8s-aws-v1\.|level=error| error /);
});

async function deleteKey(UserName: string, { accessKeyId: AccessKeyId }: Keys): Promise<void> {
  await root.iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId }));
}

/** A user that may assume roles. */
function createAssumer(name: string): Promise<Keys> {
  return createUser(root, name, allowAll('sts:AssumeRole'));
}

/** A session of 15 minutes from `now`, sealed with the server's own key: no clock is turned, nothing is waited for. */
function sessionOf(subject: Parameters<typeof mintSession>[1], now: number): Keys {
  const secretBox = createSecretBox(readSealingKey(server.connection.dataDir));
  const random = { bytes: randomBytes, uuid: randomUUID };
  const session = mintSession({ secretBox, random }, subject, { now, durationSeconds: 900 });
  secrets.add(session.secretAccessKey).add(session.sessionToken);
  return session;
}
