import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ClusterConnectionRecord } from '../../storage/records/connections.ts';
import type { ClusterRecord } from '../../storage/records/eks.ts';
import { clusterConnectionKey, clusterKey, objectKey } from '../../storage/records/keys.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import {
  account,
  aNoon,
  createApiCluster,
  createWorld,
  region,
  rootOf,
  type World,
} from '../eks/testworld.ts';
import type { OperationContext } from '../operation.ts';
import { createSecretBox } from '../secretbox.ts';
import { testContext } from '../testworld.ts';
import { connectionContext, connectionOperations } from './connections.ts';
import { selfSigned } from './testworld.ts';

const day = 24 * 60 * 60 * 1000;
const secretBox = createSecretBox(new Uint8Array(32).fill(7));
let ca = '';
let client = { certificate: '', key: '' };
let ended = { certificate: '', key: '' };
let otherKey = '';
let slowKey = '';
let world: World;
let cluster: ClusterRecord;

const base64 = (text: string): string => Buffer.from(text).toString('base64');

beforeAll(async () => {
  ca = base64((await selfSigned({ from: aNoon - day, until: aNoon + day })).certificate);
  client = await selfSigned({ from: aNoon - day, until: aNoon + day });
  ended = await selfSigned({ from: aNoon - 2 * day, until: aNoon - day });
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  otherKey = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  // Only its size counts; making a real one would take seconds.
  const number = (bytes: number) => Buffer.alloc(bytes, 0xff).toString('base64url');
  const half = number(513);
  const parts = {
    n: number(1026),
    e: 'AQAB',
    d: number(1026),
    p: half,
    q: half,
    dp: half,
    dq: half,
    qi: half,
  };
  const slow = createPrivateKey({ format: 'jwk', key: { kty: 'RSA', ...parts } });
  slowKey = String(slow.export({ type: 'pkcs8', format: 'pem' }));
});

beforeEach(async () => {
  world = await createWorld();
  await createApiCluster(world, 'builtin');
  await createApiCluster(world, 'prod');
  const key = clusterKey(account, region, 'prod');
  const stored = await world.storage.get(key);
  cluster = { ...(JSON.parse(stored?.value ?? '{}') as ClusterRecord), kind: 'connected' };
  await world.storage.commit({ changes: [{ type: 'put', key, value: JSON.stringify(cluster) }] });
});

async function call<Output = Record<string, never>>(name: string, input: object): Promise<Output> {
  const operation = connectionOperations({ storage: world.storage, secretBox })[name];
  if (operation === undefined || operation.unsigned) throw new Error(`no operation ${name}`);
  const context: OperationContext = {
    ...testContext(world.storage),
    caller: rootOf(account),
    region,
    now: aNoon,
  };
  return (await operation.handle(input, context)) as Output;
}

async function refusalOf(answer: Promise<unknown>): Promise<string> {
  try {
    await answer;
    return 'ok';
  } catch (error) {
    if (error instanceof AwsError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

const token = 'secret-bearer-token';
const put = (change: object = {}) =>
  call('PutClusterConnection', {
    clusterName: 'prod',
    server: 'https://10.0.0.1:6443',
    certificateAuthorityData: ca,
    bearerToken: token,
    ...change,
  });
const jwt = (claims: object): string =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`;

const stored = async (): Promise<string | undefined> =>
  (await world.storage.get(clusterConnectionKey(cluster.clusterId)))?.value;

describe('nothing is stored', () => {
  const servers: readonly string[] = [
    'http://10.0.0.1:6443',
    'https://user:password@10.0.0.1',
    'https://user@10.0.0.1',
    'https://10.0.0.1/?a=b',
    'https://10.0.0.1/#a',
    'https://10.0.0.1/#',
    'https://169.254.169.254',
    'https://[fd00:ec2::254]',
    'https://2852039166',
    'https://0.0.0.0:6443',
    'file:///etc/passwd',
    '10.0.0.1:6443',
    '',
    `https://${'a'.repeat(3000)}`,
  ];
  test.each(servers)('of a server at %s', async (server) => {
    expect(await refusalOf(put({ server }))).toMatch(/^InvalidParameterException: The server must /);
    expect(await stored()).toBeUndefined();
  });

  const wrong: readonly (readonly [what: string, change: () => object, message: RegExp])[] = [
    ['no authority', () => ({ certificateAuthorityData: undefined }), /certificateAuthorityData is required/],
    [
      'an authority that is no PEM',
      () => ({ certificateAuthorityData: base64('hello') }),
      /certificateAuthorityData must/,
    ],
    [
      'an authority that is no base64',
      () => ({ certificateAuthorityData: '***' }),
      /certificateAuthorityData must/,
    ],
    [
      'a broken certificate among good ones',
      () => ({
        certificateAuthorityData: base64(
          `${Buffer.from(ca, 'base64').toString()}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
        ),
      }),
      /certificateAuthorityData must/,
    ],
    ['no credential', () => ({ bearerToken: undefined }), /Exactly one of/],
    [
      'two credentials',
      () => ({ clientCertificateData: base64(client.certificate), clientKeyData: base64(client.key) }),
      /Exactly one of/,
    ],
    ['a token of several words', () => ({ bearerToken: 'a b' }), /bearerToken must/],
    ['a token with a line break', () => ({ bearerToken: 'a\r\nX: y' }), /bearerToken must/],
    [
      'a token that has ended',
      () => ({ bearerToken: jwt({ exp: aNoon / 1000 - 1 }) }),
      /bearerToken has expired/,
    ],
    [
      'a certificate without its key',
      () => ({ bearerToken: undefined, clientCertificateData: base64(client.certificate) }),
      /given together/,
    ],
    [
      'a key of another certificate',
      () => ({
        bearerToken: undefined,
        clientCertificateData: base64(client.certificate),
        clientKeyData: base64(otherKey),
      }),
      /not the key/,
    ],
    [
      'a key that is none',
      () => ({
        bearerToken: undefined,
        clientCertificateData: base64(client.certificate),
        clientKeyData: base64(client.certificate),
      }),
      /clientKeyData must/,
    ],
    [
      'a key that takes long to sign with',
      () => ({
        bearerToken: undefined,
        clientCertificateData: base64(client.certificate),
        clientKeyData: base64(slowKey),
      }),
      /at most 4096 bits/,
    ],
    [
      'a certificate that has ended',
      () => ({
        bearerToken: undefined,
        clientCertificateData: base64(ended.certificate),
        clientKeyData: base64(ended.key),
      }),
      /has expired/,
    ],
    ['a server name that is none', () => ({ tlsServerName: 'a b' }), /tlsServerName must/],
  ];
  test.each(wrong)('with %s', async (_what, change, message) => {
    const refusal = await refusalOf(put(change()));
    expect(refusal).toMatch(message);
    expect(refusal).not.toContain(token);
    expect(await stored()).toBeUndefined();
  });

  test('for a built-in cluster, whatever the operation', async () => {
    const input = {
      clusterName: 'builtin',
      server: 'https://10.0.0.1',
      certificateAuthorityData: ca,
      bearerToken: token,
    };
    for (const name of ['Put', 'Describe', 'Delete']) {
      expect(await refusalOf(call(`${name}ClusterConnection`, input))).toMatch(
        /^InvalidRequestException: .*built in/,
      );
    }
  });
});

test('the credential is sealed for its cluster, and no answer has it', async () => {
  const answer = JSON.stringify(await put());
  const text = (await stored()) ?? '';
  const record = JSON.parse(text) as ClusterConnectionRecord;
  const described = JSON.stringify(await call('DescribeClusterConnection', { clusterName: 'prod' }));
  for (const shown of [answer, text, described]) expect(shown).not.toContain(token);
  expect(answer).not.toContain('sealed');
  expect(secretBox.open(record.sealedCredential, connectionContext('another'))).toBeUndefined();
  expect(secretBox.open(record.sealedCredential, connectionContext(cluster.clusterId))).toBe(
    JSON.stringify({ kind: 'token', token }),
  );
});

test('a certificate with its key is taken, and its end is told', async () => {
  const { connection } = await call<{
    connection: { credentialExpiresAt: Date; state: string; server: string };
  }>('PutClusterConnection', {
    clusterName: 'prod',
    server: 'https://API.example.com:443/base/',
    certificateAuthorityData: ca,
    clientCertificateData: base64(client.certificate),
    clientKeyData: base64(client.key),
  });
  expect(connection).toMatchObject({ server: 'https://api.example.com/base', state: 'connecting' });
  expect(connection.credentialExpiresAt.getTime()).toBe(
    Date.parse(new X509Certificate(client.certificate).validTo),
  );
});

test('a token that says when it ends is told so', async () => {
  const answer = await put({ bearerToken: jwt({ exp: aNoon / 1000 + 60 }) });
  expect(answer).toMatchObject({ connection: { credentialExpiresAt: new Date(Math.floor(aNoon + 60_000)) } });
});

test('deleting takes aws-auth along in the same commit, and nothing of other clusters', async () => {
  const awsAuth = (clusterId: string) => objectKey(clusterId, '', 'configmaps', 'kube-system', 'aws-auth');
  await put();
  await world.storage.commit({
    changes: ['other', cluster.clusterId].map((id) => ({ type: 'put', key: awsAuth(id), value: '{}' })),
  });
  const before = world.storage.revision();
  await call('DeleteClusterConnection', { clusterName: 'prod' });
  expect(world.storage.revision()).toBe(before + 1);
  expect(await world.storage.get(awsAuth(cluster.clusterId))).toBeUndefined();
  expect(await stored()).toBeUndefined();
  expect(await world.storage.get(awsAuth('other'))).toBeDefined();
  for (const name of ['DescribeClusterConnection', 'DeleteClusterConnection']) {
    expect(await refusalOf(call(name, { clusterName: 'prod' }))).toMatch(/^ResourceNotFoundException/);
  }
});
