import { generateKeyPairSync, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import 'reflect-metadata';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { WebhookCredentialRecord } from '../../storage/records/connections.ts';
import { webhookCredentialsPrefix } from '../../storage/records/keys.ts';
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
import { type AuthorizationTarget, arnOf, type OperationContext } from '../operation.ts';
import { testContext } from '../testworld.ts';
import type { WantedCertificate, WebhookDoor } from './deps.ts';
import { webhookCredentialOperations } from './webhookcredentials.ts';

const day = 24 * 60 * 60 * 1000;
let world: World;
let wanted: WantedCertificate[];
let request: string;

const door: WebhookDoor = {
  async certify(one) {
    wanted.push(one);
    return {
      certificatePem: 'CERT',
      fingerprint: one.serialNumber.padEnd(64, '0'),
      expiresAt: one.expiresAt,
    };
  },
  certificateAuthority: 'CA',
  urlsOf: ({ name }) => ({
    authenticateUrl: `https://x/${name}/a`,
    authorizeUrl: `https://x/${name}/z`,
    podsUrl: `https://x/${name}/p`,
  }),
  lastUsedAt: () => aNoon,
};

beforeAll(async () => {
  request = await requestFor({ name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' });
});
beforeEach(async () => {
  wanted = [];
  world = await createWorld();
  await createApiCluster(world);
  await world.call('RegisterCluster', {
    name: 'edge',
    connectorConfig: { roleArn: `arn:aws:iam::${account}:role/connector`, provider: 'OTHER' },
  });
});

interface Algorithm {
  readonly name: string;
  readonly [member: string]: unknown;
}

async function requestFor(algorithm: Algorithm): Promise<string> {
  const keys: unknown = await crypto.subtle.generateKey(algorithm as never, true, ['sign', 'verify']);
  const made = await Pkcs10CertificateRequestGenerator.create({
    name: 'CN=system:masters,O=system:masters',
    keys: keys as never,
    signingAlgorithm: algorithm as never,
  });
  return made.toString('pem');
}

interface Options {
  readonly now?: number;
  readonly webhooks?: WebhookDoor | 'none';
}

function operationOf(name: string, { webhooks = door }: Options = {}) {
  const operation = webhookCredentialOperations({
    storage: world.storage,
    random: { uuid: randomUUID, bytes: (length) => randomBytes(length) },
    ...(webhooks !== 'none' && { webhooks }),
  })[name];
  if (operation === undefined || operation.unsigned) throw new Error(`no operation ${name}`);
  return operation;
}

const contextOf = (now = aNoon): OperationContext => ({
  ...testContext(world.storage),
  caller: rootOf(account),
  region,
  now,
});

const call = (name: string, input: object, options: Options = {}): Promise<unknown> =>
  operationOf(name, options).handle(input, contextOf(options.now));

const issue = (input: object = {}, options: Options = {}) =>
  call(
    'IssueWebhookCredential',
    { clusterName: 'edge', certificateRequest: request, ...input },
    options,
  ) as Promise<{
    readonly credential: { readonly serialNumber: string; readonly expiresAt: Date };
  }>;

async function refusalOf(answer: Promise<unknown>): Promise<string> {
  try {
    await answer;
    return 'ok';
  } catch (error) {
    if (error instanceof AwsError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

async function stored(): Promise<readonly WebhookCredentialRecord[]> {
  const all = await world.storage.list({ prefix: 'webhook-credential/' });
  return all.entries.map(({ value }) => JSON.parse(value) as WebhookCredentialRecord);
}

describe('nothing is certified', () => {
  const flipped = (pem: string): string => {
    const der = Buffer.from(pem.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64');
    der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
    return `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
  };
  const publicKey = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
  test.each<readonly [string, () => string | Promise<string>, RegExp]>([
    ['for an empty text', () => '', /PEM/],
    [
      'for a public key that nobody proves to hold',
      () => publicKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey),
      /PEM/,
    ],
    ['for two requests', () => `${request}\n${request}`, /PEM/],
    ['for a text around a request', () => `x\n${request}`, /PEM/],
    ['for junk in PEM', () => request.replace(/\n[A-Za-z0-9+/=]{10,}/, '\nAAAA'), /cannot be read/],
    ['for a request with another signature', () => flipped(request), /does not verify/],
    ['for a megabyte', () => request.padEnd(1_000_000), /longer/],
    [
      'for RSA of 1024 bits',
      () =>
        requestFor({
          name: 'RSASSA-PKCS1-v1_5',
          modulusLength: 1024,
          publicExponent: new Uint8Array([1, 0, 1]),
          hash: 'SHA-256',
        }),
      /2048/,
    ],
    [
      'for RSA with exponent 3',
      () =>
        requestFor({
          name: 'RSASSA-PKCS1-v1_5',
          modulusLength: 2048,
          publicExponent: new Uint8Array([3]),
          hash: 'SHA-256',
        }),
      /exponent/,
    ],
    ['for a curve that Kubernetes may not know', () => requestFor({ name: 'Ed25519' }), /P-256/],
  ])('%s', async (_, makeRequest, problem) => {
    const certificateRequest = await makeRequest();
    expect(await refusalOf(issue({ certificateRequest }))).toMatch(
      /^InvalidParameterException: certificateRequest/,
    );
    expect(await refusalOf(issue({ certificateRequest }))).toMatch(problem);
    expect([wanted, await stored()]).toEqual([[], []]);
  });

  test.each<readonly [string, object, string]>([
    ['for no days', { validityDays: 0 }, 'InvalidParameterException'],
    ['for half a day', { validityDays: 0.5 }, 'InvalidParameterException'],
    ['for more than 825 days', { validityDays: 826 }, 'InvalidParameterException'],
    ['with a description of two lines', { description: 'a\nb' }, 'InvalidParameterException'],
    ['with a description that is a book', { description: 'x'.repeat(257) }, 'InvalidParameterException'],
    ['for a built-in cluster', { clusterName: 'prod' }, 'InvalidRequestException'],
    ['for no cluster', { clusterName: 'nowhere' }, 'ResourceNotFoundException'],
  ])('%s', async (_, input, code) => {
    expect(await refusalOf(issue(input))).toMatch(new RegExp(`^${code}:`));
    expect(wanted).toEqual([]);
  });

  test('by a server that listens for no webhooks, which says what to start it with', async () => {
    expect(await refusalOf(issue({}, { webhooks: 'none' }))).toMatch(/serve --webhook-listen/);
  });
});

test('a certificate is for the key alone: what the request wishes to be named is not read', async () => {
  const answer = await issue({ validityDays: 7, description: 'api server 1' });
  expect(answer).toMatchObject({
    certificate: 'CERT',
    certificateAuthority: 'CA',
    authenticateUrl: 'https://x/edge/a',
    authorizeUrl: 'https://x/edge/z',
    podsUrl: 'https://x/edge/p',
    credential: { description: 'api server 1', expiresAt: new Date(aNoon + 7 * day) },
  });
  const [one] = wanted;
  const [record] = await stored();
  expect(one).toMatchObject({ serialNumber: record?.serialNumber, clusterId: record?.clusterId });
  expect(one?.serialNumber).toMatch(/^[4-7][0-9a-f]{31}$/);
  expect(JSON.stringify(record)).not.toContain('masters');
  expect(record?.clusterId).not.toBe('');
});

test('twenty are live at most; one that is revoked or has expired makes room', async () => {
  const issued = [];
  for (let count = 0; count < 19; count += 1) issued.push(await issue({ validityDays: 30 }));
  const raced = await Promise.all([refusalOf(issue()), refusalOf(issue())]);
  expect(raced.filter((outcome) => outcome === 'ok')).toHaveLength(1);
  expect(await refusalOf(issue())).toMatch(/^ResourceLimitExceededException/);
  const serialNumber = issued[0]?.credential.serialNumber ?? '';
  await call('RevokeWebhookCredential', { clusterName: 'edge', serialNumber });
  expect(await refusalOf(issue())).toBe('ok');
  expect(await refusalOf(issue())).toMatch(/^ResourceLimitExceededException/);
  expect(await refusalOf(issue({}, { now: aNoon + 31 * day }))).toBe('ok');
});

test('what is over is forgotten in the end, and never what is live', async () => {
  const first = await issue();
  for (let count = 0; count < 60; count += 1) {
    const { credential } = await issue();
    await call('RevokeWebhookCredential', { clusterName: 'edge', serialNumber: credential.serialNumber });
  }
  await issue();
  const left = await stored();
  expect(left.length).toBeLessThanOrEqual(53);
  expect(left.map(({ serialNumber }) => serialNumber)).toContain(first.credential.serialNumber);
});

describe('revoking', () => {
  test('is told by the list, happens once, and takes the serial number in any case', async () => {
    const { credential } = await issue();
    const revoke = (now: number) =>
      call(
        'RevokeWebhookCredential',
        { clusterName: 'edge', serialNumber: credential.serialNumber.toUpperCase() },
        { now },
      );
    await revoke(aNoon + 1);
    await revoke(aNoon + 2);
    expect(await call('ListWebhookCredentials', { clusterName: 'edge' })).toEqual({
      credentials: [
        {
          serialNumber: credential.serialNumber,
          description: '',
          issuedAt: new Date(aNoon),
          expiresAt: new Date(aNoon + 365 * day),
          revokedAt: new Date(aNoon + 1),
          lastUsedAt: new Date(aNoon),
        },
      ],
    });
  });

  test.each(['', 'x', '../other', '0'.repeat(32)])('`%s` is not found', async (serialNumber) => {
    await issue();
    expect(await refusalOf(call('RevokeWebhookCredential', { clusterName: 'edge', serialNumber }))).toMatch(
      /^ResourceNotFoundException/,
    );
  });

  test('works on a server that listens for no webhooks', async () => {
    const { credential } = await issue();
    const input = { clusterName: 'edge', serialNumber: credential.serialNumber };
    expect(await refusalOf(call('RevokeWebhookCredential', input, { webhooks: 'none' }))).toBe('ok');
  });
});

test.each(['IssueWebhookCredential', 'ListWebhookCredentials', 'RevokeWebhookCredential'])(
  '%s is judged on the cluster',
  async (name) => {
    const target: AuthorizationTarget | undefined = await operationOf(name).authorization(
      { clusterName: 'edge' },
      contextOf(),
    );
    expect([target?.action, target?.resources.map(arnOf)]).toEqual([
      `entryway:${name}`,
      [`arn:aws:eks:${region}:${account}:cluster/edge`],
    ]);
  },
);

test('certificates hang on the cluster’s own id', async () => {
  await issue();
  const [record] = await stored();
  expect(await world.storage.count(webhookCredentialsPrefix(record?.clusterId ?? ''))).toBe(1);
});
