/**
 * MFA devices from enrolment to deletion with the stock AWS CLI. Two consecutive codes enable a device at any moment of
 * the two minutes around theirs, so nobody waits: the two before now enable it, which leaves the present one and the
 * next for signing in.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetSessionTokenCommand } from '@aws-sdk/client-sts';
import { Secret, TOTP } from 'otpauth';
import { PNG } from 'pngjs';
import decodeQR from 'qr/decode.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Keys,
  openShell,
  type ServerProcess,
  type Shell,
  startServerProcess,
  temporaryDirectory,
} from './process.ts';
import { type Clients, createClients, createUser, rootKeys } from './world.ts';

const directory = temporaryDirectory();
let server: ServerProcess;
let root: Clients;
let admin: Shell;
let account: string;

async function start(): Promise<void> {
  server = await startServerProcess(directory.path);
  root = createClients(server.connection, rootKeys(server.connection));
  admin = openShell(directory.path, server.connection, rootKeys(server.connection));
  account = server.connection.accountId;
}

beforeAll(start, 60_000);

afterAll(async () => {
  root?.destroy();
  await server?.stop();
  directory.remove();
});

/** AWS's published policy for users who manage their own device, what they may do without MFA in it (iam-facts J14). */
const selfManagement = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: ['iam:ListUsers', 'iam:ListVirtualMFADevices'], Resource: '*' },
    { Effect: 'Allow', Action: 'iam:CreateVirtualMFADevice', Resource: 'arn:aws:iam::*:mfa/*' },
    {
      Effect: 'Allow',
      Action: ['iam:EnableMFADevice', 'iam:GetMFADevice', 'iam:ListMFADevices', 'iam:ResyncMFADevice'],
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable
      Resource: 'arn:aws:iam::*:user/${aws:username}',
    },
    {
      Effect: 'Allow',
      Action: 'iam:DeactivateMFADevice',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable
      Resource: 'arn:aws:iam::*:user/${aws:username}',
      Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } },
    },
    {
      Effect: 'Deny',
      NotAction: [
        'iam:CreateVirtualMFADevice',
        'iam:EnableMFADevice',
        'iam:GetMFADevice',
        'iam:ListMFADevices',
        'iam:ListUsers',
        'iam:ListVirtualMFADevices',
        'iam:ResyncMFADevice',
      ],
      Resource: '*',
      Condition: { BoolIfExists: { 'aws:MultiFactorAuthPresent': 'false' } },
    },
  ],
});

interface Device {
  readonly serial: string;
  readonly seed: string;
  /** The code of the step so many steps from now. */
  code(step: number): string;
}

/** A new device, its seed read from the picture. */
async function createDevice(shell: Shell, name: string): Promise<Device> {
  const file = join(directory.path, `${name}.png`);
  const { VirtualMFADevice } = await shell.awsJson<{ VirtualMFADevice: { SerialNumber: string } }>(
    ...['iam', 'create-virtual-mfa-device', '--virtual-mfa-device-name', name],
    ...['--bootstrap-method', 'QRCodePNG', '--outfile', file],
  );
  const { width, height, data } = PNG.sync.read(readFileSync(file));
  const uri = new URL(decodeQR({ width, height, data }));
  expect(uri.pathname).toContain(`${name}@${account}`);
  const seed = uri.searchParams.get('secret') ?? '';
  const totp = new TOTP({ secret: Secret.fromBase32(seed) });
  return {
    serial: VirtualMFADevice.SerialNumber,
    seed,
    code: (step) => totp.generate({ timestamp: Date.now() + step * 30_000 }),
  };
}

const withCodes = (operation: string, user: string, serial: string, codes: readonly [string, string]) => [
  ...['iam', operation, '--user-name', user, '--serial-number', serial],
  ...['--authentication-code1', codes[0], '--authentication-code2', codes[1]],
];

const enabling = (user: string, { serial, code }: Device, latest = -1) =>
  withCodes('enable-mfa-device', user, serial, [code(latest - 1), code(latest)]);

/** `ok`, or the error's code. */
async function outcome(shell: Shell, args: readonly string[]): Promise<string> {
  const { code, stderr } = await shell.aws(...args);
  return code === 0 ? 'ok' : (/\((\w+)\)/.exec(stderr)?.[1] ?? stderr);
}

async function userShell(name: string, policy?: string): Promise<{ shell: Shell; keys: Keys }> {
  const keys = await createUser(root, name, policy);
  return { keys, shell: openShell(directory.path, server.connection, keys) };
}

async function signedIn(shell: Shell, { serial }: Device, code: string): Promise<Shell> {
  const { Credentials } = await shell.awsJson<{
    Credentials: { AccessKeyId: string; SecretAccessKey: string; SessionToken: string };
  }>('sts', 'get-session-token', '--serial-number', serial, '--token-code', code);
  return openShell(directory.path, server.connection, {
    accessKeyId: Credentials.AccessKeyId,
    secretAccessKey: Credentials.SecretAccessKey,
    sessionToken: Credentials.SessionToken,
  });
}

const serialsOf = async (shell: Shell, ...args: readonly string[]): Promise<readonly string[]> =>
  (
    await shell.awsJson<{ MFADevices: { SerialNumber: string }[] }>('iam', 'list-mfa-devices', ...args)
  ).MFADevices.map(({ SerialNumber }) => SerialNumber);

describe('a user who manages the own device', () => {
  test('enrols without MFA, and gives the device up with it', async () => {
    const { shell: ada } = await userShell('ada', selfManagement);
    await createUser(root, 'eve');
    const device = await createDevice(ada, 'ada');
    expect(await outcome(ada, enabling('eve', device))).toBe('AccessDenied');
    const wrong = withCodes('enable-mfa-device', 'ada', device.serial, [device.code(-1), device.code(-2)]);
    expect(await outcome(ada, wrong)).toBe('InvalidAuthenticationCode');
    expect(await outcome(ada, enabling('ada', device))).toBe('ok');
    expect(await serialsOf(ada)).toEqual([device.serial]);
    const deactivate = [
      'iam',
      'deactivate-mfa-device',
      '--user-name',
      'ada',
      '--serial-number',
      device.serial,
    ];
    expect(await outcome(ada, deactivate)).toBe('AccessDenied');
    const signed = await signedIn(ada, device, device.code(0));
    expect(await outcome(signed, deactivate)).toBe('ok');
    expect(await serialsOf(ada)).toEqual([]);
  });

  test('is not deleted while it is enabled, nor is its device', async () => {
    await userShell('bob');
    const device = await createDevice(admin, 'bob');
    expect(await outcome(admin, enabling('bob', device))).toBe('ok');
    await admin.awsJson('iam', 'list-access-keys', '--user-name', 'bob').then(async (listed) => {
      for (const { AccessKeyId } of (listed as { AccessKeyMetadata: { AccessKeyId: string }[] })
        .AccessKeyMetadata) {
        await admin.awsJson('iam', 'delete-access-key', '--user-name', 'bob', '--access-key-id', AccessKeyId);
      }
    });
    const deletions = [
      ['iam', 'delete-virtual-mfa-device', '--serial-number', device.serial],
      ['iam', 'delete-user', '--user-name', 'bob'],
    ];
    for (const deletion of deletions) expect(await outcome(admin, deletion)).toBe('DeleteConflict');
    await admin.awsJson(
      'iam',
      'deactivate-mfa-device',
      '--user-name',
      'bob',
      '--serial-number',
      device.serial,
    );
    for (const deletion of deletions) expect(await outcome(admin, deletion)).toBe('ok');
  });
});

describe('a code', () => {
  test('is used up by one of many callers at once', async () => {
    const { shell, keys } = await userShell('carol');
    const device = await createDevice(admin, 'carol');
    await admin.awsJson(...enabling('carol', device));
    const { sts } = createClients(server.connection, keys);
    const code = new GetSessionTokenCommand({ SerialNumber: device.serial, TokenCode: device.code(0) });
    const answers = await Promise.allSettled(Array.from({ length: 12 }, () => sts.send(code)));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    sts.destroy();
    await signedIn(shell, device, device.code(1));
  });

  test('of somebody else’s device helps nobody', async () => {
    const { shell: mallory } = await userShell('mallory');
    await userShell('dan');
    const device = await createDevice(admin, 'dan');
    await admin.awsJson(...enabling('dan', device));
    for (const shell of [mallory, admin]) {
      const use = [
        'sts',
        'get-session-token',
        '--serial-number',
        device.serial,
        '--token-code',
        device.code(0),
      ];
      expect(await outcome(shell, use)).toBe('AccessDenied');
    }
  });

  test('guessed ten times closes the device for a while', async () => {
    const { keys } = await userShell('grace');
    const device = await createDevice(admin, 'grace');
    await admin.awsJson(...enabling('grace', device));
    const { sts } = createClients(server.connection, keys);
    const use = (TokenCode: string) =>
      sts.send(new GetSessionTokenCommand({ SerialNumber: device.serial, TokenCode }));
    const near = new Set([-2, -1, 0, 1, 2].map((step) => device.code(step)));
    const guesses = Array.from({ length: 20 }, (_, index) => String(index).padStart(6, '0'))
      .filter((guess) => !near.has(guess))
      .slice(0, 10);
    for (const code of [...guesses, device.code(0)]) {
      await expect(use(code)).rejects.toMatchObject({
        name: 'AccessDenied',
        message: 'MultiFactorAuthentication failed with invalid MFA one time pass code. ',
      });
    }
    sts.destroy();
  });
});

test('a device whose clock runs ahead is found again by a resync', async () => {
  const { shell } = await userShell('iris');
  const device = await createDevice(admin, 'iris');
  await admin.awsJson(...enabling('iris', device));
  await expect(signedIn(shell, device, device.code(20))).rejects.toThrow('one time pass code');
  const resync = (first: string, second: string) =>
    withCodes('resync-mfa-device', 'iris', device.serial, [first, second]);
  expect(await outcome(admin, resync(device.code(19), device.code(21)))).toBe('InvalidAuthenticationCode');
  expect(await outcome(admin, resync(device.code(19), device.code(20)))).toBe('ok');
  await signedIn(shell, device, device.code(21));
});

test('the root enables a device of its own by its account id', async () => {
  const device = await createDevice(admin, 'root-account-mfa-device');
  expect(await outcome(admin, enabling(account, device))).toBe('ok');
  expect(await serialsOf(admin)).toEqual([device.serial]);
  await signedIn(admin, device, device.code(0));
  await admin.awsJson('iam', 'deactivate-mfa-device', '--serial-number', device.serial);
});

test('used codes stay used after a restart, and no seed is to be found in the data directory', async () => {
  const { keys } = await userShell('judy');
  const device = await createDevice(admin, 'judy');
  await admin.awsJson(...enabling('judy', device));
  const used = device.code(0);
  await signedIn(openShell(directory.path, server.connection, keys), device, used);
  root.destroy();
  await server.stop();
  const { dataDir } = server.connection;
  const encoded = [
    device.seed,
    Buffer.from(device.seed).toString('base64'),
    Secret.fromBase32(device.seed).hex,
  ];
  for (const name of readdirSync(dataDir, { recursive: true, encoding: 'utf8', withFileTypes: true })) {
    if (!name.isFile()) continue;
    const bytes = readFileSync(join(name.parentPath, name.name));
    for (const text of encoded) expect(bytes.includes(text), `${name.name} holds the seed`).toBe(false);
  }
  await start();
  const judy = openShell(directory.path, server.connection, keys);
  await expect(signedIn(judy, device, used)).rejects.toThrow('one time pass code');
  await signedIn(judy, device, device.code(1));
}, 60_000);
