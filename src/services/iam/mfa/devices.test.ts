import { PNG } from 'pngjs';
import decodeQR from 'qr/decode.js';
import { describe, expect, test } from 'vitest';
import type { Principal } from '../../../engine/iam/principal.ts';
import { account, createWorld, root, session, start, storedText, userPrincipal } from '../testworld.ts';
import { codeAt, stepAt } from './totp.ts';

interface Created {
  readonly VirtualMFADevice: {
    readonly SerialNumber: string;
    readonly Base32StringSeed: Uint8Array;
    readonly QRCodePNG: Uint8Array;
  };
}
type Listed = { readonly VirtualMFADevices: readonly { readonly SerialNumber: string }[] };
type World = Awaited<ReturnType<typeof createMfaWorld>>;

const step = stepAt(start);
const wrongCode = {
  code: 'InvalidAuthenticationCodeException',
  message: 'Authentication code for device is not valid.',
};

async function createMfaWorld() {
  const clock = { now: start };
  const world = await createWorld({ now: () => clock.now });
  const device = async (name: string, path = '/') => {
    const { VirtualMFADevice: created } = await world.call<Created>('CreateVirtualMFADevice', {
      VirtualMFADeviceName: name,
      Path: path,
    });
    const seed = Buffer.from(created.Base32StringSeed).toString();
    return { serial: created.SerialNumber, codes: (at: number) => codeAt(seed, at), created, seed };
  };
  return { ...world, clock, device };
}

/** Codes of two consecutive steps, the later of which is `offset` steps from the start. */
const pair = (device: { codes: (at: number) => string }, offset = 0) => ({
  AuthenticationCode1: device.codes(step + offset - 1),
  AuthenticationCode2: device.codes(step + offset),
});

async function enable(world: World, UserName: string, name: string, caller: Principal = root) {
  const device = await world.device(name);
  await world.call('EnableMFADevice', { UserName, SerialNumber: device.serial, ...pair(device) }, caller);
  return device;
}

const serials = async (world: World, input: object, caller: Principal = root) =>
  (
    await world.call<{ MFADevices: { SerialNumber: string; UserName?: string }[] }>(
      'ListMFADevices',
      input,
      caller,
    )
  ).MFADevices;

describe('enabling is refused', () => {
  test('with wrong, swapped, repeated or distant codes', async () => {
    const world = await createMfaWorld();
    await world.user('ada');
    const device = await world.device('ada');
    const now = device.codes(step);
    for (const [first, second] of [
      [now, device.codes(step - 1)],
      [now, now],
      [now, '000000'],
      ['000000', now],
      [device.codes(step - 2), now],
      [device.codes(step + 4), device.codes(step + 5)],
      [device.codes(step - 5), device.codes(step - 4)],
    ]) {
      const codes = { AuthenticationCode1: first, AuthenticationCode2: second };
      await expect(
        world.call('EnableMFADevice', { UserName: 'ada', SerialNumber: device.serial, ...codes }),
      ).rejects.toMatchObject(wrongCode);
    }
    expect(await serials(world, { UserName: 'ada' })).toEqual([]);
  });

  test('after ten wrong tries, also with the right codes', async () => {
    const world = await createMfaWorld();
    await world.user('ada');
    const device = await world.device('ada');
    const input = { UserName: 'ada', SerialNumber: device.serial };
    const wrong = { AuthenticationCode1: '000000', AuthenticationCode2: '000000' };
    for (let count = 0; count < 10; count++) {
      await expect(world.call('EnableMFADevice', { ...input, ...wrong })).rejects.toMatchObject(wrongCode);
    }
    await expect(world.call('EnableMFADevice', { ...input, ...pair(device) })).rejects.toMatchObject(
      wrongCode,
    );
  });

  test.each(['GAHT12345678', 'arn:aws:iam::444455556666:mfa/ada', `arn:aws:iam::${account}:mfa/ADA`])(
    'for the unknown device %s',
    async (SerialNumber) => {
      const world = await createMfaWorld();
      await world.user('ada');
      const device = await world.device('ada');
      await expect(
        world.call('EnableMFADevice', { UserName: 'ada', SerialNumber, ...pair(device) }),
      ).rejects.toMatchObject({
        code: 'NoSuchEntityException',
        message: `VirtualMFADevice with serial number ${SerialNumber} doesn't exist.`,
      });
    },
  );

  test('for a device of another account, by its own serial number', async () => {
    const world = await createMfaWorld();
    const device = await world.device('root');
    const foreign: Principal = { ...root, accountId: '444455556666' };
    await world.storage.commit({
      changes: [{ type: 'put', key: 'account/444455556666', value: '{"accessKeyIds":[]}' }],
    });
    for (const [operation, input] of [
      ['EnableMFADevice', { UserName: '444455556666', SerialNumber: device.serial, ...pair(device) }],
      ['DeleteVirtualMFADevice', { SerialNumber: device.serial }],
      ['ListMFADeviceTags', { SerialNumber: device.serial }],
    ] as const) {
      await expect(world.call(operation, input, foreign)).rejects.toMatchObject({
        code: 'NoSuchEntityException',
      });
    }
  });

  test('for a user that is not there, and for a device that somebody has', async () => {
    const world = await createMfaWorld();
    await world.user('ada');
    await world.user('eve');
    const device = await enable(world, 'ada', 'ada');
    const input = { SerialNumber: device.serial, ...pair(device, 2) };
    await expect(world.call('EnableMFADevice', { UserName: 'bob', ...input })).rejects.toMatchObject({
      code: 'NoSuchEntityException',
    });
    for (const UserName of ['ada', 'eve', account]) {
      await expect(world.call('EnableMFADevice', { UserName, ...input })).rejects.toMatchObject({
        code: 'EntityAlreadyExistsException',
      });
    }
  });

  test('for a ninth device', async () => {
    const world = await createMfaWorld();
    await world.user('ada');
    for (let count = 1; count <= 8; count++) await enable(world, 'ada', `ada-${count}`);
    await expect(enable(world, 'ada', 'ada-9')).rejects.toMatchObject({
      code: 'LimitExceededException',
      message: 'Cannot exceed quota for MFADevicesPerUser: 8',
    });
  });

  test('for all but one of racing users', async () => {
    const world = await createMfaWorld();
    const names = ['ada', 'bob', 'eve'];
    for (const name of names) await world.user(name);
    const device = await world.device('shared');
    const input = { SerialNumber: device.serial, ...pair(device) };
    const results = await Promise.allSettled(
      names.map((UserName) => world.call('EnableMFADevice', { UserName, ...input })),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const held = await Promise.all(names.map((UserName) => serials(world, { UserName })));
    expect(held.flat()).toHaveLength(1);
  });
});

describe('a device of another user', () => {
  test.each(['GetMFADevice', 'DeactivateMFADevice', 'ResyncMFADevice'])(
    '%s does not find it',
    async (operation) => {
      const world = await createMfaWorld();
      await world.user('ada');
      const eve = await world.user('eve');
      const device = await enable(world, 'ada', 'ada');
      const input = { SerialNumber: device.serial, ...pair(device, 2) };
      for (const [UserName, caller] of [
        ['eve', root],
        ['eve', eve],
        [account, root],
      ] as const) {
        await expect(world.call(operation, { ...input, UserName }, caller)).rejects.toMatchObject({
          code: 'NoSuchEntityException',
          message: 'MFA Device invalid for user.',
        });
      }
      expect(await serials(world, { UserName: 'ada' })).toHaveLength(1);
    },
  );

  test('a user made anew under the name has none of the old one’s devices', async () => {
    const world = await createMfaWorld();
    await world.user('ada');
    const device = await enable(world, 'ada', 'ada');
    const stranger = userPrincipal('ada', 'AIDAADAAGAINAAAAAAAAA');
    await expect(
      world.call('DeactivateMFADevice', { SerialNumber: device.serial }, stranger),
    ).rejects.toMatchObject({ code: 'NoSuchEntityException' });
  });

  test('a role session must say whose devices it means', async () => {
    const world = await createMfaWorld();
    await expect(serials(world, {}, session)).rejects.toMatchObject({
      code: 'ValidationError',
      message: 'Must specify userName when calling with non-User credentials',
    });
  });
});

describe('codes that were used at enabling or resync', () => {
  test('are not taken by the next resync, nor when the device is enabled again', async () => {
    const world = await createMfaWorld();
    await world.user('ada');
    const device = await enable(world, 'ada', 'ada');
    const input = { UserName: 'ada', SerialNumber: device.serial };
    for (const offset of [-1, 0, 1]) {
      await expect(
        world.call('ResyncMFADevice', { ...input, ...pair(device, offset) }),
      ).rejects.toMatchObject(wrongCode);
    }
    await world.call('DeactivateMFADevice', input);
    await expect(world.call('EnableMFADevice', { ...input, ...pair(device) })).rejects.toMatchObject(
      wrongCode,
    );
    await world.call('EnableMFADevice', { ...input, ...pair(device, 2) });
  });
});

describe('the clock of a device', () => {
  const drift = async (world: World, name: string): Promise<number | undefined> => {
    const stored = await world.storage.get(`iam/${account}/mfa/${name}`);
    return (JSON.parse(stored?.value ?? '{}') as { driftSteps?: number }).driftSteps;
  };

  test.each([
    [-3, -3],
    [-2, -2],
    [-1, 0],
    [0, 0],
    [1, 0],
    [4, 4],
  ])('codes of %i steps off at enabling mean a drift of %i', async (offset, expected) => {
    const world = await createMfaWorld();
    await world.user('ada');
    const device = await world.device('ada');
    const input = { UserName: 'ada', SerialNumber: device.serial, ...pair(device, offset) };
    await world.call('EnableMFADevice', input);
    expect(await drift(world, 'ada')).toBe(expected);
  });

  test('a resync finds twenty minutes, and no more', async () => {
    const world = await createMfaWorld();
    await world.user('ada');
    const device = await enable(world, 'ada', 'ada');
    const input = { UserName: 'ada', SerialNumber: device.serial };
    await expect(world.call('ResyncMFADevice', { ...input, ...pair(device, 41) })).rejects.toMatchObject(
      wrongCode,
    );
    await world.call('ResyncMFADevice', { ...input, ...pair(device, 40) });
    expect(await drift(world, 'ada')).toBe(40);
  });
});

test('the seed and its picture are told once, and stored sealed', async () => {
  const world = await createMfaWorld();
  await world.user('ada');
  const device = await enable(world, 'ada', 'ada+1');
  const picture = PNG.sync.read(Buffer.from(device.created.QRCodePNG));
  expect(decodeQR({ width: picture.width, height: picture.height, data: picture.data })).toBe(
    `otpauth://totp/ada%2B1@${account}?secret=${device.seed}`,
  );
  expect(device.seed).toMatch(/^[A-Z2-7]{64}$/);
  const told = await Promise.all([
    world.call('ListVirtualMFADevices', {}),
    world.call('ListMFADevices', { UserName: 'ada' }),
    world.call('GetMFADevice', { UserName: 'ada', SerialNumber: device.serial }),
    storedText(world.storage),
  ]);
  expect(JSON.stringify(told)).not.toContain(device.seed);
});

test('a device is made, enabled, listed, deactivated and deleted by its user', async () => {
  const world = await createMfaWorld();
  const ada = await world.user('ada');
  const device = await world.device('ada', '/team/');
  expect(device.serial).toBe(`arn:aws:iam::${account}:mfa/team/ada`);
  const SerialNumber = device.serial;
  await world.call('EnableMFADevice', { UserName: 'ADA', SerialNumber, ...pair(device) }, ada);
  const shown = { UserName: 'ada', SerialNumber, EnableDate: new Date(start) };
  expect(await serials(world, {}, ada)).toEqual([shown]);
  expect(await world.call('GetMFADevice', { SerialNumber }, ada)).toEqual(shown);
  await expect(world.call('DeleteVirtualMFADevice', { SerialNumber }, ada)).rejects.toMatchObject({
    code: 'DeleteConflictException',
    message: 'MFA VirtualDevice in use. Must deactivate first',
  });
  await world.call('DeactivateMFADevice', { SerialNumber }, ada);
  expect(await serials(world, {}, ada)).toEqual([]);
  await world.call('DeleteVirtualMFADevice', { SerialNumber }, ada);
  await expect(world.call('DeleteVirtualMFADevice', { SerialNumber }, ada)).rejects.toMatchObject({
    code: 'NoSuchEntityException',
  });
});

test('the root names itself by its account id, and only it', async () => {
  const world = await createMfaWorld();
  const ada = await world.user('ada');
  const device = await world.device('root-account-mfa-device');
  const input = { UserName: account, SerialNumber: device.serial, ...pair(device) };
  await expect(world.call('EnableMFADevice', input, ada)).rejects.toMatchObject({
    code: 'NoSuchEntityException',
  });
  await world.call('EnableMFADevice', input);
  expect(await serials(world, {})).toEqual([
    { UserName: undefined, SerialNumber: device.serial, EnableDate: new Date(start) },
  ]);
  expect(await world.call('ListVirtualMFADevices', {})).toMatchObject({
    VirtualMFADevices: [{ SerialNumber: device.serial, User: { UserId: account, Arn: root.arn } }],
  });
  await expect(world.call('DeactivateMFADevice', { SerialNumber: device.serial }, ada)).rejects.toMatchObject(
    { message: 'MFA Device invalid for user.' },
  );
  await world.call('DeactivateMFADevice', { SerialNumber: device.serial });
  expect(await serials(world, {})).toEqual([]);
});

test('devices are listed by whether somebody has them, in pages, with the user’s present name', async () => {
  const world = await createMfaWorld();
  await world.user('ada');
  const taken = await enable(world, 'ada', 'b');
  for (const name of ['a', 'c']) await world.device(name);
  await world.call('UpdateUser', { UserName: 'ada', NewUserName: 'grace' });
  const list = async (input: object) =>
    (await world.call<Listed>('ListVirtualMFADevices', input)).VirtualMFADevices.map(({ SerialNumber }) =>
      SerialNumber.slice(-1),
    );
  expect(await list({})).toEqual(['a', 'b', 'c']);
  expect(await list({ AssignmentStatus: 'Any' })).toEqual(['a', 'b', 'c']);
  expect(await list({ AssignmentStatus: 'Unassigned' })).toEqual(['a', 'c']);
  expect(await world.call('ListVirtualMFADevices', { AssignmentStatus: 'Assigned' })).toEqual({
    VirtualMFADevices: [
      {
        SerialNumber: taken.serial,
        EnableDate: new Date(start),
        User: expect.objectContaining({ UserName: 'grace', Arn: `arn:aws:iam::${account}:user/grace` }),
      },
    ],
    IsTruncated: false,
  });
  const first = await world.call<{ Marker: string }>('ListVirtualMFADevices', { MaxItems: 2 });
  expect(first).toMatchObject({ IsTruncated: true });
  expect(await list({ Marker: first.Marker })).toEqual(['c']);
});

test('names are unique together with their path', async () => {
  const world = await createMfaWorld();
  await world.device('ada');
  await world.device('ada', '/team/');
  await expect(world.device('ada')).rejects.toMatchObject({
    code: 'EntityAlreadyExistsException',
    message: 'MFADevice entity at the same path and name already exists.',
  });
});

test.each([
  [
    'EnableMFADevice',
    {
      UserName: 'ada',
      SerialNumber: 'a'.repeat(9),
      AuthenticationCode1: '12345',
      AuthenticationCode2: '１２３４５６',
    },
    2,
  ],
  ['CreateVirtualMFADevice', { VirtualMFADeviceName: 'a b', Path: 'team' }, 3],
  ['CreateVirtualMFADevice', { VirtualMFADeviceName: 'a', Path: `/${'x'.repeat(300)}/` }, 1],
  ['CreateVirtualMFADevice', { VirtualMFADeviceName: 'a', Path: '/"/' }, 1],
  ['ListVirtualMFADevices', { AssignmentStatus: 'assigned' }, 1],
  ['DeactivateMFADevice', { SerialNumber: 'short' }, 1],
])('%s %j has %i faults', async (operation, input, count) => {
  const world = await createMfaWorld();
  await expect(world.call(operation, input)).rejects.toMatchObject({
    code: 'ValidationError',
    message: expect.stringMatching(`^${count} validation errors? detected: `),
  });
});

test('each operation is judged on the device or on the user, as the Service Authorization Reference says', async () => {
  const world = await createMfaWorld();
  const ada = await world.user('ada', '/dev/');
  const arn = `arn:aws:iam::${account}:mfa/ada`;
  const Tags = [{ Key: 'Team', Value: 'a' }];
  await world.call('CreateVirtualMFADevice', { VirtualMFADeviceName: 'ada', Tags });
  const withTags = { arn, context: new Map([['aws:resourcetag/team', 'a']]) };
  expect(await world.target('CreateVirtualMFADevice', { VirtualMFADeviceName: 'ada', Tags })).toEqual({
    action: 'iam:CreateVirtualMFADevice',
    resources: [arn],
    context: new Map<string, unknown>([
      ['aws:requesttag/team', 'a'],
      ['aws:tagkeys', ['Team']],
    ]),
  });
  for (const operation of ['DeleteVirtualMFADevice', 'ListMFADeviceTags']) {
    expect(await world.target(operation, { SerialNumber: arn })).toMatchObject({
      action: `iam:${operation}`,
      resources: [withTags],
    });
  }
  expect(await world.target('UntagMFADevice', { SerialNumber: arn, TagKeys: ['Team'] })).toMatchObject({
    resources: [withTags],
    context: new Map([['aws:tagkeys', ['Team']]]),
  });
  for (const operation of [
    'EnableMFADevice',
    'ResyncMFADevice',
    'DeactivateMFADevice',
    'GetMFADevice',
    'ListMFADevices',
  ]) {
    expect(await world.target(operation, { UserName: 'ada', SerialNumber: arn }, ada)).toMatchObject({
      action: `iam:${operation}`,
      resources: [`arn:aws:iam::${account}:user/dev/ada`],
    });
  }
  expect(await world.target('ListVirtualMFADevices', {})).toMatchObject({ resources: ['*'] });
  const foreign = 'arn:aws:iam::444455556666:mfa/ada';
  for (const [SerialNumber, resource] of [
    ['GAHT12345678', `arn:aws:iam::${account}:mfa/GAHT12345678`],
    ['ada', `arn:aws:iam::${account}:mfa/ada`],
    [foreign, foreign],
  ]) {
    expect(await world.target('DeleteVirtualMFADevice', { SerialNumber })).toMatchObject({
      resources: [resource],
    });
  }
});

test('tags are given at creation, changed and listed', async () => {
  const world = await createMfaWorld();
  const { serial: SerialNumber } = await world.device('ada');
  await world.call('TagMFADevice', { SerialNumber, Tags: [{ Key: 'team', Value: 'a' }] });
  expect(await world.call('ListMFADeviceTags', { SerialNumber })).toMatchObject({
    Tags: [{ Key: 'team', Value: 'a' }],
  });
  await world.call('UntagMFADevice', { SerialNumber, TagKeys: ['TEAM'] });
  expect(await world.call('ListMFADeviceTags', { SerialNumber })).toMatchObject({ Tags: [] });
});
