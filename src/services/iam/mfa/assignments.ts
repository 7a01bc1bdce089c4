import type {
  DeactivateMFADeviceRequest,
  EnableMFADeviceRequest,
  GetMFADeviceRequest,
  GetMFADeviceResponse,
  ListMFADevicesRequest,
  ListMFADevicesResponse,
  ResyncMFADeviceRequest,
} from '@aws-sdk/client-iam';
import type { Principal } from '../../../engine/iam/principal.ts';
import type { MfaDeviceRecord } from '../../../storage/records/iam.ts';
import type { Batch } from '../../../storage/storage.ts';
import { AwsError } from '../../../wire/protocols/errors.ts';
import { defineOperation, type OperationContext, type Operations } from '../../operation.ts';
import { refuseInvalid, validateMember } from '../../validation.ts';
import * as constraints from '../constraints.ts';
import type { IamDependencies } from '../dependencies.ts';
import { alreadyExists, noSuchEntity, quotaExceeded } from '../errors.ts';
import { type CredentialHolder, holderOf, nameOfHolder, ownerOf } from '../holders.ts';
import { pageFailures, pageOf } from '../paging.ts';
import { callerTarget } from '../principals.ts';
import { atomically, put, replacing, type Stored } from '../records.ts';
import * as limits from './constraints.ts';
import { requireDevice } from './lookup.ts';
import { findPair, stepAt } from './totp.ts';
import { openSeed } from './verify.ts';

type Empty = Record<string, never>;

/** iam-facts J4. */
const devicesPerUser = 8;

/**
 * How many steps of 30 seconds the device's clock may be off: two minutes at enabling, twenty when it is said to
 * have run away. What one step explains is the time it takes to type, not the clock.
 */
const driftAtEnabling = 4;
const driftAtResync = 40;
const typingSteps = 1;

/** Which device belongs to whom (iam-facts J12, J13). */
export function createMfaAssignmentOperations(dependencies: IamDependencies): Operations {
  const { secretBox, pageTokens, mfaGuesses } = dependencies;

  const target =
    (action: string) =>
    ({ UserName }: { readonly UserName?: string | undefined }, context: OperationContext) =>
      callerTarget(dependencies, action, holderName(context.caller, UserName), context);

  const holder = (caller: Principal, userName: string | undefined): Promise<CredentialHolder> =>
    holderOf(dependencies, caller, holderName(caller, userName));

  /** A device enabled for this holder; one of anybody else is not valid for it. */
  const requireOwnDevice = async (
    owner: CredentialHolder,
    accountId: string,
    serialNumber: string,
  ): Promise<Stored<MfaDeviceRecord>> => {
    const device = await requireDevice(dependencies, accountId, serialNumber);
    const { assignedTo } = device.record;
    const own =
      owner.kind === 'root'
        ? assignedTo?.kind === 'root'
        : assignedTo?.kind === 'user' && assignedTo.principalId === owner.stored.record.principalId;
    if (!own) throw noSuchEntity('MFA Device invalid for user.');
    return device;
  };

  /**
   * What two consecutive codes tell: which step was shown last, and how far the device's clock is off.
   *
   * SECURITY: codes used here do not pass again, here or at STS, and wrong ones count as guesses: with the wide
   * window of a resync one could otherwise try codes that a single one is refused for.
   */
  const synchronised = (
    device: MfaDeviceRecord,
    codes: readonly [string, string],
    now: number,
    window: number,
  ): MfaDeviceRecord => {
    const { serialNumber, lastUsedStep = -1 } = device;
    if (!mfaGuesses.allows(serialNumber)) throw wrongCodes();
    const around = stepAt(now);
    const step = findPair(openSeed(secretBox, device), codes, { around, window });
    if (step === undefined) {
      mfaGuesses.wrong(serialNumber);
      throw wrongCodes();
    }
    if (step - 1 <= lastUsedStep) throw wrongCodes();
    const drift = step - around;
    return { ...device, lastUsedStep: step, driftSteps: Math.abs(drift) <= typingSteps ? 0 : drift };
  };

  const codeFailures = (input: EnableMFADeviceRequest): string[] => [
    ...validateMember('userName', input.UserName, constraints.existingUserName),
    ...validateMember('serialNumber', input.SerialNumber, limits.serialNumber),
    ...validateMember('authenticationCode1', input.AuthenticationCode1, limits.authenticationCode),
    ...validateMember('authenticationCode2', input.AuthenticationCode2, limits.authenticationCode),
  ];

  const EnableMFADevice = defineOperation<EnableMFADeviceRequest, Empty>({
    authorization: target('EnableMFADevice'),
    async handle(input, { caller, now, commit }) {
      const { SerialNumber: serialNumber = '', AuthenticationCode1 = '', AuthenticationCode2 = '' } = input;
      refuseInvalid(codeFailures(input));
      return atomically(async () => {
        const owner = await holder(caller, input.UserName);
        const device = await requireDevice(dependencies, caller.accountId, serialNumber);
        // COMPAT: the code is the model's; AWS's text is not known.
        if (device.record.assignedTo !== undefined) throw alreadyExists('MFA device is already in use.');
        const serials = serialsOf(owner);
        if (serials.length >= devicesPerUser) throw quotaExceeded('MFADevicesPerUser', devicesPerUser);
        const codes = [AuthenticationCode1, AuthenticationCode2] as const;
        const enabled: MfaDeviceRecord = {
          ...synchronised(device.record, codes, now, driftAtEnabling),
          assignedTo: ownerOf(owner),
          enabledAt: now,
        };
        return commit(assigning(device, enabled, owner, [...serials, serialNumber]), {});
      });
    },
  });

  const ResyncMFADevice = defineOperation<ResyncMFADeviceRequest, Empty>({
    authorization: target('ResyncMFADevice'),
    async handle(input, { caller, now, commit }) {
      const { SerialNumber: serialNumber = '', AuthenticationCode1 = '', AuthenticationCode2 = '' } = input;
      refuseInvalid(codeFailures(input));
      return atomically(async () => {
        const owner = await holder(caller, input.UserName);
        const device = await requireOwnDevice(owner, caller.accountId, serialNumber);
        const codes = [AuthenticationCode1, AuthenticationCode2] as const;
        return commit(replacing(device, synchronised(device.record, codes, now, driftAtResync)), {});
      });
    },
  });

  const DeactivateMFADevice = defineOperation<DeactivateMFADeviceRequest, Empty>({
    authorization: target('DeactivateMFADevice'),
    async handle(input, { caller, commit }) {
      const { SerialNumber: serialNumber = '' } = input;
      refuseInvalid([
        ...validateMember('userName', input.UserName, constraints.optional(constraints.existingUserName)),
        ...validateMember('serialNumber', input.SerialNumber, limits.serialNumber),
      ]);
      return atomically(async () => {
        const owner = await holder(caller, input.UserName);
        const device = await requireOwnDevice(owner, caller.accountId, serialNumber);
        // Which codes were used stays: enabled again, the device must not take them a second time.
        const { assignedTo: _, enabledAt: __, driftSteps: ___, ...unassigned } = device.record;
        const serials = serialsOf(owner).filter((other) => other !== serialNumber);
        return commit(assigning(device, unassigned, owner, serials), {});
      });
    },
  });

  const ListMFADevices = defineOperation<ListMFADevicesRequest, ListMFADevicesResponse>({
    authorization: target('ListMFADevices'),
    async handle(input, { caller }) {
      refuseInvalid([
        ...validateMember('userName', input.UserName, constraints.optional(constraints.existingUserName)),
        ...pageFailures(input),
      ]);
      const owner = await holder(caller, input.UserName);
      const { items, ...page } = pageOf([...serialsOf(owner)].sort(), (serial) => serial, input, {
        pageTokens,
        scope: `iam:ListMFADevices ${owner.stored.key}`,
      });
      const devices = await Promise.all(
        items.map((serial) => requireDevice(dependencies, caller.accountId, serial)),
      );
      return {
        MFADevices: devices.map(({ record: { serialNumber, enabledAt = 0 } }) => ({
          ...nameOfHolder(owner),
          SerialNumber: serialNumber,
          EnableDate: new Date(enabledAt),
        })),
        ...page,
      };
    },
  });

  const GetMFADevice = defineOperation<GetMFADeviceRequest, GetMFADeviceResponse>({
    authorization: target('GetMFADevice'),
    async handle(input, { caller }) {
      const { SerialNumber: serialNumber = '' } = input;
      refuseInvalid([
        ...validateMember('userName', input.UserName, constraints.optional(constraints.existingUserName)),
        ...validateMember('serialNumber', input.SerialNumber, limits.serialNumber),
      ]);
      const owner = await holder(caller, input.UserName);
      const { record } = await requireOwnDevice(owner, caller.accountId, serialNumber);
      return {
        ...nameOfHolder(owner),
        SerialNumber: record.serialNumber,
        EnableDate: new Date(record.enabledAt ?? 0),
      };
    },
  });

  return {
    EnableMFADevice,
    ResyncMFADevice,
    DeactivateMFADevice,
    ListMFADevices,
    GetMFADevice,
  };
}

/** iam-facts J.3. */
const wrongCodes = (): AwsError =>
  new AwsError('InvalidAuthenticationCodeException', 'Authentication code for device is not valid.');

/**
 * COMPAT: where a name is required there is none for the root, and AWS lets only its console enable a root's device.
 * Here the root names itself by its account id, the one that GetUser shows as its user id.
 */
function holderName(caller: Principal, userName: string | undefined): string | undefined {
  return caller.kind === 'root' && userName === caller.accountId ? undefined : userName;
}

const serialsOf = (owner: CredentialHolder): readonly string[] => owner.stored.record.mfaSerialNumbers ?? [];

/** INVARIANT: device and holder name each other, so both change in one batch. */
function assigning(
  device: Stored<MfaDeviceRecord>,
  changed: MfaDeviceRecord,
  { stored: { key, revision, record } }: CredentialHolder,
  mfaSerialNumbers: readonly string[],
): Batch {
  return {
    expect: [
      { key: device.key, revision: device.revision },
      { key, revision },
    ],
    changes: [put(device.key, changed), put(key, { ...record, mfaSerialNumbers })],
  };
}
