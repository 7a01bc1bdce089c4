/**
 * MFA devices from enrolment to deletion. Two consecutive codes enable a device at any moment of the two minutes
 * around theirs, so nobody waits: the two before now enable it, which leaves the present one and the next for
 * signing in.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateVirtualMFADeviceCommand,
  DeactivateMFADeviceCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  DeleteVirtualMFADeviceCommand,
  EnableMFADeviceCommand,
  ListAccessKeysCommand,
  ListMFADevicesCommand,
  ResyncMFADeviceCommand,
} from '@aws-sdk/client-iam';
import { GetSessionTokenCommand } from '@aws-sdk/client-sts';
import { Secret, TOTP } from 'otpauth';
import { PNG } from 'pngjs';
import decodeQR from 'qr/decode.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awsCliUnavailable } from './clients.ts';
import {
  type Keys,
  openShell,
  type ServerProcess,
  startServerProcess,
  temporaryDirectory,
} from './process.ts';
import { type Clients, createClients, createUser, outcome, rootKeys, sessionKeys } from './world.ts';

const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;

const directory = temporaryDirectory();
let server: ServerProcess;
let root: Clients;
let account: string;
const opened: Clients[] = [];

function as(keys: Keys): Clients {
  const clients = createClients(server.connection, keys);
  opened.push(clients);
  return clients;
}

async function start(): Promise<void> {
  server = await startServerProcess(directory.path);
  root = as(rootKeys(server.connection));
  account = server.connection.accountId;
}

async function stop(): Promise<void> {
  for (const clients of opened.splice(0)) clients.destroy();
  await server?.stop();
}

beforeAll(start, 60_000);

afterAll(async () => {
  await stop();
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
      Resource: 'arn:aws:iam::*:user/${aws:username}',
    },
    {
      Effect: 'Allow',
      Action: 'iam:DeactivateMFADevice',
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
  /** Two of them, read at the same moment. */
  codes(first: number, second: number): { AuthenticationCode1: string; AuthenticationCode2: string };
}

function deviceWith(serial: string, seed: string): Device {
  const totp = new TOTP({ secret: Secret.fromBase32(seed) });
  const at = (now: number, step: number) => totp.generate({ timestamp: now + step * 30_000 });
  return {
    serial,
    seed,
    code: (step) => at(Date.now(), step),
    codes(first, second) {
      const now = Date.now();
      return { AuthenticationCode1: at(now, first), AuthenticationCode2: at(now, second) };
    },
  };
}

/** The seed that an authenticator would read from the picture. */
function seedInPicture(bytes: Uint8Array, name: string): string {
  const { width, height, data } = PNG.sync.read(Buffer.from(bytes));
  const uri = new URL(decodeQR({ width, height, data }));
  expect(uri.pathname).toContain(`${name}@${account}`);
  return uri.searchParams.get('secret') ?? '';
}

async function createDevice({ iam }: Clients, name: string): Promise<Device> {
  const { VirtualMFADevice: made } = await iam.send(
    new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: name }),
  );
  const seed = Buffer.from(made?.Base32StringSeed ?? []).toString();
  expect(seedInPicture(made?.QRCodePNG ?? new Uint8Array(), name)).toBe(seed);
  return deviceWith(made?.SerialNumber ?? '', seed);
}

const enabling = (UserName: string, { serial, codes }: Device) =>
  new EnableMFADeviceCommand({ UserName, SerialNumber: serial, ...codes(-2, -1) });

/** A user with an enabled device. */
async function userWithDevice(name: string): Promise<{ user: Clients; keys: Keys; device: Device }> {
  const keys = await createUser(root, name);
  const device = await createDevice(root, name);
  await root.iam.send(enabling(name, device));
  return { user: as(keys), keys, device };
}

const signingIn = ({ sts }: Clients, { serial }: Device, TokenCode: string) =>
  sts.send(new GetSessionTokenCommand({ SerialNumber: serial, TokenCode }));

async function serialsOf({ iam }: Clients): Promise<readonly (string | undefined)[] | undefined> {
  const { MFADevices } = await iam.send(new ListMFADevicesCommand({}));
  return MFADevices?.map(({ SerialNumber }) => SerialNumber);
}

/** iam-facts I11, space included. */
const wrongCode = {
  name: 'AccessDenied',
  message: 'MultiFactorAuthentication failed with invalid MFA one time pass code. ',
};

describe('a user who manages the own device', () => {
  test('enrols without MFA, and gives the device up with it', async () => {
    const ada = as(await createUser(root, 'ada', selfManagement));
    await createUser(root, 'eve');
    const own = await createDevice(ada, 'ada');
    expect(await outcome(ada.iam.send(enabling('eve', own)))).toBe('AccessDenied');
    const backwards = { UserName: 'ada', SerialNumber: own.serial, ...own.codes(-1, -2) };
    expect(await outcome(ada.iam.send(new EnableMFADeviceCommand(backwards)))).toBe(
      'InvalidAuthenticationCodeException',
    );
    expect(await outcome(ada.iam.send(enabling('ada', own)))).toBe('ok');
    expect(await serialsOf(ada)).toEqual([own.serial]);
    const giveUp = new DeactivateMFADeviceCommand({ UserName: 'ada', SerialNumber: own.serial });
    expect(await outcome(ada.iam.send(giveUp))).toBe('AccessDenied');
    const { Credentials } = await signingIn(ada, own, own.code(0));
    expect(await outcome(as(sessionKeys(Credentials)).iam.send(giveUp))).toBe('ok');
    expect(await serialsOf(ada)).toEqual([]);
  });

  test('is not deleted while it is enabled, nor is its device', async () => {
    const { device } = await userWithDevice('bob');
    const { iam } = root;
    const { AccessKeyMetadata = [] } = await iam.send(new ListAccessKeysCommand({ UserName: 'bob' }));
    for (const { AccessKeyId } of AccessKeyMetadata) {
      await iam.send(new DeleteAccessKeyCommand({ UserName: 'bob', AccessKeyId }));
    }
    const deletions = [
      () => iam.send(new DeleteVirtualMFADeviceCommand({ SerialNumber: device.serial })),
      () => iam.send(new DeleteUserCommand({ UserName: 'bob' })),
    ];
    for (const deletion of deletions) expect(await outcome(deletion())).toBe('DeleteConflictException');
    await iam.send(new DeactivateMFADeviceCommand({ UserName: 'bob', SerialNumber: device.serial }));
    for (const deletion of deletions) expect(await outcome(deletion())).toBe('ok');
  });
});

describe('a code', () => {
  test('is used up by one of many callers at once', async () => {
    const { user, device } = await userWithDevice('carol');
    const code = device.code(0);
    const answers = await Promise.allSettled(Array.from({ length: 12 }, () => signingIn(user, device, code)));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await signingIn(user, device, device.code(1));
  });

  test('of somebody else’s device helps nobody', async () => {
    const mallory = as(await createUser(root, 'mallory'));
    const { user: dan, device } = await userWithDevice('dan');
    for (const stranger of [mallory, root]) {
      expect(await outcome(signingIn(stranger, device, device.code(0)))).toBe('AccessDenied');
    }
    await signingIn(dan, device, device.code(0));
  });

  test('guessed ten times closes the device for a while', async () => {
    const { user, device } = await userWithDevice('grace');
    const near = new Set([-2, -1, 0, 1, 2].map((step) => device.code(step)));
    const guesses = Array.from({ length: 20 }, (_, index) => String(index).padStart(6, '0'))
      .filter((guess) => !near.has(guess))
      .slice(0, 10);
    for (const code of [...guesses, device.code(0)]) {
      await expect(signingIn(user, device, code)).rejects.toMatchObject(wrongCode);
    }
  });
});

test('a device whose clock runs ahead is found again by a resync', async () => {
  const { user, device } = await userWithDevice('iris');
  await expect(signingIn(user, device, device.code(20))).rejects.toMatchObject(wrongCode);
  const resync = (first: number, second: number) =>
    outcome(
      root.iam.send(
        new ResyncMFADeviceCommand({
          UserName: 'iris',
          SerialNumber: device.serial,
          ...device.codes(first, second),
        }),
      ),
    );
  expect(await resync(19, 21)).toBe('InvalidAuthenticationCodeException');
  expect(await resync(19, 20)).toBe('ok');
  await signingIn(user, device, device.code(21));
});

test('the root enables a device of its own by its account id', async () => {
  const own = await createDevice(root, 'root-account-mfa-device');
  expect(await outcome(root.iam.send(enabling(account, own)))).toBe('ok');
  expect(await serialsOf(root)).toEqual([own.serial]);
  await signingIn(root, own, own.code(0));
  await root.iam.send(new DeactivateMFADeviceCommand({ SerialNumber: own.serial }));
  expect(await serialsOf(root)).toEqual([]);
});

describe.skipIf(unavailable !== undefined)(`with the AWS CLI${because}`, () => {
  test('a user enrols from the picture, signs in and gives the device up', async () => {
    const open = (keys: Keys) => openShell(directory.path, server.connection, keys);
    const lin = open(await createUser(root, 'lin', selfManagement));
    const file = join(directory.path, 'lin.png');
    const { VirtualMFADevice } = await lin.awsJson<{ VirtualMFADevice: { SerialNumber: string } }>(
      ...['iam', 'create-virtual-mfa-device', '--virtual-mfa-device-name', 'lin'],
      ...['--bootstrap-method', 'QRCodePNG', '--outfile', file],
    );
    const own = deviceWith(VirtualMFADevice.SerialNumber, seedInPicture(readFileSync(file), 'lin'));
    const named = ['--user-name', 'lin', '--serial-number', own.serial];
    const { AuthenticationCode1, AuthenticationCode2 } = own.codes(-2, -1);
    const codes = [
      ...['--authentication-code1', AuthenticationCode1],
      ...['--authentication-code2', AuthenticationCode2],
    ];
    await lin.awsJson('iam', 'enable-mfa-device', ...named, ...codes);
    expect(await lin.awsJson('iam', 'list-mfa-devices')).toMatchObject({
      MFADevices: [{ UserName: 'lin', SerialNumber: own.serial }],
    });
    const { Credentials } = await lin.awsJson<{
      Credentials: { AccessKeyId: string; SecretAccessKey: string; SessionToken: string };
    }>('sts', 'get-session-token', '--serial-number', own.serial, '--token-code', own.code(0));
    const signedIn = open({
      accessKeyId: Credentials.AccessKeyId,
      secretAccessKey: Credentials.SecretAccessKey,
      sessionToken: Credentials.SessionToken,
    });
    await signedIn.awsJson('iam', 'deactivate-mfa-device', ...named);
  }, 60_000);
});

test('used codes stay used after a restart, and no seed is to be found in the data directory', async () => {
  const { user, keys, device } = await userWithDevice('judy');
  const used = device.code(0);
  await signingIn(user, device, used);
  await stop();
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
  const judy = as(keys);
  await expect(signingIn(judy, device, used)).rejects.toMatchObject(wrongCode);
  await signingIn(judy, device, device.code(1));
}, 60_000);
