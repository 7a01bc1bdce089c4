import type { Principal } from '../../../engine/iam/principal.ts';
import type { MfaDeviceRecord } from '../../../storage/records/iam.ts';
import type { StorageReader } from '../../../storage/storage.ts';
import type { SecretBox } from '../../secrets.ts';
import { readRecord, type Stored } from '../records.ts';
import type { GuessLimiter } from './guesses.ts';
import { deviceKeyOf } from './serials.ts';
import { findStep, isCode, stepAt } from './totp.ts';

export interface MfaVerification {
  readonly storage: StorageReader;
  readonly secretBox: SecretBox;
  readonly partition: string;
  readonly guesses: GuessLimiter;
}

/** One code earlier and one later than the clock says: how long it takes to type and send one. */
const window = 1;

/** iam-facts I11, spaces included. */
const unknownDevice =
  'MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.';
const wrongCode = 'MultiFactorAuthentication failed with invalid MFA one time pass code. ';

/**
 * Is this the code that the caller's device shows now? `message` is AWS's text for AccessDenied.
 *
 * `used` is the device as it must be stored before the code counts: `commit(replacing(device, used), …)`, with the
 * verification inside the attempt that `atomically` repeats.
 *
 * SECURITY: a code works once per device (iam-facts I11). `lastUsedStep` only grows, so neither the same nor an
 * earlier code passes again, also after the clock was set back; of two racing uses the store refuses one. A code
 * used before does not count as a guess: it tells nothing, and clients repeat it for every profile they have.
 */
export async function verifyMfaCode(
  { storage, secretBox, partition, guesses }: MfaVerification,
  caller: Principal,
  serialNumber: string,
  tokenCode: string,
  now: number,
): Promise<
  | { readonly ok: true; readonly device: Stored<MfaDeviceRecord>; readonly used: MfaDeviceRecord }
  | { readonly ok: false; readonly message: string }
> {
  const key = deviceKeyOf(serialNumber, { partition, accountId: caller.accountId });
  const device = key === undefined ? undefined : await readRecord<MfaDeviceRecord>(storage, key);
  // Before anything is counted: only who holds the device can make it refuse.
  if (device === undefined || !isAssignedTo(device.record, caller))
    return { ok: false, message: unknownDevice };
  const { record } = device;
  if (!guesses.allows(serialNumber)) return { ok: false, message: wrongCode };
  const around = stepAt(now) + (record.driftSteps ?? 0);
  const step = isCode(tokenCode)
    ? findStep(openSeed(secretBox, record), tokenCode, { around, window })
    : undefined;
  if (step === undefined) {
    guesses.wrong(serialNumber);
    return { ok: false, message: wrongCode };
  }
  if (record.lastUsedStep !== undefined && step <= record.lastUsedStep)
    return { ok: false, message: wrongCode };
  return { ok: true, device, used: { ...record, lastUsedStep: step } };
}

/** By unique id: a user made anew under the name has none of the old one's devices. */
function isAssignedTo({ assignedTo }: MfaDeviceRecord, caller: Principal): boolean {
  switch (assignedTo?.kind) {
    case 'root':
      return caller.kind === 'root';
    case 'user':
      return caller.kind === 'user' && caller.principalId === assignedTo.principalId;
    case undefined:
      return false;
    default:
      return assignedTo satisfies never;
  }
}

/** The device's seed. Throws when it was sealed with the key of another data directory. */
export function openSeed(secretBox: SecretBox, { sealedSeed, serialNumber }: MfaDeviceRecord): string {
  const seed = secretBox.open(sealedSeed, serialNumber);
  if (seed === undefined)
    throw new Error(`the seed of ${serialNumber} cannot be opened with this data directory's key`);
  return seed;
}
