import type { RequestContext } from '../../../engine/iam/request.ts';
import type { MfaDeviceRecord } from '../../../storage/records/iam.ts';
import { resourceTagKeys, resourceWithKeys } from '../../conditionkeys.ts';
import type { AuthorizationTarget, OperationContext } from '../../operation.ts';
import type { IamDependencies } from '../dependencies.ts';
import { noSuchEntity } from '../errors.ts';
import { readRecord, type Stored } from '../records.ts';
import { deviceKeyOf, serialPrefix } from './serials.ts';

type Place = Pick<IamDependencies, 'storage' | 'partition'>;

async function findDevice(
  { storage, partition }: Place,
  accountId: string,
  serialNumber: string,
): Promise<Stored<MfaDeviceRecord> | undefined> {
  const key = deviceKeyOf(serialNumber, { partition, accountId });
  return key === undefined ? undefined : readRecord<MfaDeviceRecord>(storage, key);
}

/** The account's device with this serial number; one of another account does not exist for it. */
export async function requireDevice(
  place: Place,
  accountId: string,
  serialNumber: string,
): Promise<Stored<MfaDeviceRecord>> {
  const device = await findDevice(place, accountId, serialNumber);
  if (device === undefined) {
    throw noSuchEntity(`VirtualMFADevice with serial number ${serialNumber} doesn't exist.`);
  }
  return device;
}

/**
 * The target of an operation on a device, with its tags. A serial number that is no ARN, as hardware has, would be a
 * device of the account; an ARN is judged as it stands, so that one of another account is refused.
 */
export async function deviceTarget(
  place: Place,
  action: string,
  serialNumber: string | undefined,
  { caller }: OperationContext,
  keys: RequestContext = new Map(),
): Promise<AuthorizationTarget> {
  const serial = serialNumber ?? '';
  const arn = serial.startsWith('arn:')
    ? serial
    : `${serialPrefix(place.partition, caller.accountId)}${serial}`;
  const device = await findDevice(place, caller.accountId, serial);
  return {
    action: `iam:${action}`,
    resources: [resourceWithKeys(arn, resourceTagKeys(device?.record.tags ?? []))],
    context: keys,
  };
}
