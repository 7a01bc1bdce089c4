import { describe, expect, test } from 'vitest';
import { createMemoryStorage } from '../../../storage/memory/memory.ts';
import type { MfaDeviceRecord } from '../../../storage/records/iam.ts';
import { mfaDeviceKey } from '../../../storage/records/keys.ts';
import { put, replacing } from '../records.ts';
import { account, root, session, start, testBox, userPrincipal } from '../testworld.ts';
import { createGuessLimiter } from './guesses.ts';
import { codeAt, stepAt } from './totp.ts';
import { verifyMfaCode } from './verify.ts';

const seed = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const ada = userPrincipal('ada', 'AIDAADAAAAAAAAAAAAAAA');
const serial = `arn:aws:iam::${account}:mfa/team/ada`;
const step = stepAt(start);
const unknownDevice = {
  ok: false,
  message:
    'MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.',
};
const wrongCode = {
  ok: false,
  message: 'MultiFactorAuthentication failed with invalid MFA one time pass code. ',
};

async function createWorld(overrides: Partial<MfaDeviceRecord> = {}) {
  const storage = createMemoryStorage();
  const device: MfaDeviceRecord = {
    accountId: account,
    serialNumber: serial,
    createdAt: start,
    tags: [],
    sealedSeed: testBox.seal(seed, serial),
    assignedTo: { kind: 'user', userName: 'ada', principalId: ada.principalId },
    ...overrides,
  };
  await storage.commit({ changes: [put(mfaDeviceKey(account, 'team/ada'), device)] });
  const clock = { now: start };
  const guesses = createGuessLimiter({ now: () => clock.now });
  const deps = { storage, secretBox: testBox, partition: 'aws', guesses };
  const verify = (code: string, caller = ada, serialNumber = serial) =>
    verifyMfaCode(deps, caller, serialNumber, code, clock.now);
  /** Verifies and stores that the code was used, as STS does. */
  const use = async (code: string, caller = ada) => {
    const result = await verify(code, caller);
    if (result.ok) await storage.commit(replacing(result.device, result.used));
    return result;
  };
  return { storage, clock, verify, use };
}

describe('whose device it is', () => {
  const code = codeAt(seed, step);

  test.each([
    ['the root of the account', root],
    ['another user', userPrincipal('eve', 'AIDAEVEAAAAAAAAAAAAAA')],
    ['a user made anew under the name', userPrincipal('ada', 'AIDAADAAGAINAAAAAAAAA')],
    ['a role session', session],
    ['a role session that claims the id', { ...session, principalId: ada.principalId }],
    ['the user of that id in another account', { ...ada, accountId: '444455556666' }],
  ])('%s cannot use it', async (_, caller) => {
    const { verify } = await createWorld();
    expect(await verify(code, caller)).toEqual(unknownDevice);
  });

  test.each([
    '',
    'GAHT12345678',
    `arn:aws:iam::${account}:mfa/`,
    `arn:aws:iam::${account}:mfa/ada`,
    `arn:aws:iam::${account}:mfa/TEAM/ada`,
    `arn:aws-cn:iam::${account}:mfa/team/ada`,
    `arn:aws:iam::444455556666:mfa/team/ada`,
    `arn:aws:iam::${account}:user/ada`,
    `${serial} `,
  ])('the serial number %j is not known', async (serialNumber) => {
    const { verify } = await createWorld();
    expect(await verify(code, ada, serialNumber)).toEqual(unknownDevice);
  });

  test('a device nobody has enabled helps nobody', async () => {
    const { storage, verify } = await createWorld();
    const { assignedTo: _, ...unassigned } = JSON.parse(
      (await storage.get(mfaDeviceKey(account, 'team/ada')))?.value ?? '',
    ) as MfaDeviceRecord;
    await storage.commit({ changes: [put(mfaDeviceKey(account, 'team/ada'), unassigned)] });
    for (const caller of [ada, root]) expect(await verify(code, caller)).toEqual(unknownDevice);
  });

  test("the root's device is the root's alone", async () => {
    const { verify } = await createWorld({ assignedTo: { kind: 'root' } });
    expect(await verify(code)).toEqual(unknownDevice);
    expect(await verify(code, { ...root, accountId: '444455556666' })).toEqual(unknownDevice);
    expect(await verify(code, root)).toMatchObject({ ok: true });
  });

  test('guesses of somebody else do not close it', async () => {
    const { verify } = await createWorld();
    for (let count = 0; count < 20; count++) await verify('000000', root);
    expect(await verify(code)).toMatchObject({ ok: true });
  });
});

describe('codes', () => {
  test.each([
    '',
    '000000',
    '12345',
    '1234567',
    'abcdef',
    '１２３４５６',
    codeAt(seed, step - 2),
    codeAt(seed, step + 2),
  ])('%j is wrong', async (code) => {
    const { verify } = await createWorld();
    expect(await verify(code)).toEqual(wrongCode);
  });

  test.each([-1, 0, 1])('the code of step %i from now is right', async (offset) => {
    const { verify } = await createWorld();
    expect(await verify(codeAt(seed, step + offset))).toMatchObject({
      ok: true,
      used: { lastUsedStep: step + offset },
    });
  });

  test('the window lies around the drift that was found at enabling', async () => {
    const { verify } = await createWorld({ driftSteps: -3 });
    expect(await verify(codeAt(seed, step))).toEqual(wrongCode);
    expect(await verify(codeAt(seed, step - 1))).toEqual(wrongCode);
    for (const offset of [-2, -3, -4]) {
      expect(await verify(codeAt(seed, step + offset))).toMatchObject({ ok: true });
    }
  });

  test('a code works once, and no earlier one after it', async () => {
    const { use } = await createWorld();
    expect(await use(codeAt(seed, step))).toMatchObject({ ok: true });
    expect(await use(codeAt(seed, step))).toEqual(wrongCode);
    expect(await use(codeAt(seed, step - 1))).toEqual(wrongCode);
    expect(await use(codeAt(seed, step + 1))).toMatchObject({ ok: true });
    expect(await use(codeAt(seed, step + 1))).toEqual(wrongCode);
  });

  test('a code that two steps share works once', async () => {
    const { clock, use } = await createWorld();
    clock.now = 910_737 * 30_000;
    expect(await use('911617')).toMatchObject({ ok: true });
    expect(await use('911617')).toEqual(wrongCode);
    clock.now += 30_000;
    expect(await use('911617')).toEqual(wrongCode);
  });

  test('a clock set back does not bring used codes back', async () => {
    const { clock, use } = await createWorld();
    clock.now += 10 * 30_000;
    expect(await use(codeAt(seed, step + 10))).toMatchObject({ ok: true });
    clock.now = start;
    for (const offset of [-1, 0, 1]) expect(await use(codeAt(seed, step + offset))).toEqual(wrongCode);
    clock.now += 11 * 30_000;
    expect(await use(codeAt(seed, step + 10))).toEqual(wrongCode);
    expect(await use(codeAt(seed, step + 11))).toMatchObject({ ok: true });
  });

  test('of racing uses of one code the store lets one through', async () => {
    const { use } = await createWorld();
    const code = codeAt(seed, step);
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => use(code)));
    expect(results.filter((result) => result.status === 'fulfilled' && result.value.ok)).toHaveLength(1);
  });
});

describe('guessing', () => {
  test('after ten wrong codes the right one is refused too, with the same text, for an hour', async () => {
    const { clock, verify } = await createWorld();
    for (let count = 0; count < 10; count++) expect(await verify('000000')).toEqual(wrongCode);
    expect(await verify(codeAt(seed, step))).toEqual(wrongCode);
    clock.now += 59 * 60_000;
    expect(await verify(codeAt(seed, stepAt(clock.now)))).toEqual(wrongCode);
    clock.now += 60_000;
    expect(await verify(codeAt(seed, stepAt(clock.now)))).toMatchObject({ ok: true });
  });

  test('a right code between them does not give more tries', async () => {
    const { use } = await createWorld();
    for (let count = 0; count < 9; count++) await use('000000');
    expect(await use(codeAt(seed, step))).toMatchObject({ ok: true });
    expect(await use('000000')).toEqual(wrongCode);
    expect(await use(codeAt(seed, step + 1))).toEqual(wrongCode);
  });

  test('racing guesses are all counted', async () => {
    const { verify } = await createWorld();
    await Promise.all(Array.from({ length: 50 }, () => verify('000000')));
    expect(await verify(codeAt(seed, step))).toEqual(wrongCode);
  });

  test('repeating a used code does not count', async () => {
    const { use } = await createWorld();
    const code = codeAt(seed, step);
    expect(await use(code)).toMatchObject({ ok: true });
    for (let count = 0; count < 20; count++) expect(await use(code)).toEqual(wrongCode);
    expect(await use(codeAt(seed, step + 1))).toMatchObject({ ok: true });
  });
});

test('a seed sealed for another device is not used', async () => {
  const { verify } = await createWorld({ sealedSeed: testBox.seal(seed, `${serial}2`) });
  await expect(verify(codeAt(seed, step))).rejects.toThrow('cannot be opened');
});
