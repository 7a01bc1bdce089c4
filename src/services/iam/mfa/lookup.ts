import type { RequestContext } from '../../../engine/iam/request.ts';
import type { MfaDeviceRecord } from '../../../storage/records/iam.ts';
import { resourceTagKeys, resourceWithKeys } from '../../conditionkeys.ts';
import type { AuthorizationTarget, OperationContext } from '../../operation.ts';
import type { IamDependencies } from '../dependencies.ts';
import { noSuchEntity } from '../errors.ts';
import { readRecord, type Stored } from '../records.ts';
import { deviceKeyOf } from './serials.ts';

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

/** The target of an operation on a device, with its tags. What is no ARN of an own device is judged as it stands. */
export async function deviceTarget(
  place: Place,
  action: string,
  serialNumber: string | undefined,
  { caller }: OperationContext,
  keys: RequestContext = new Map(),
): Promise<AuthorizationTarget> {
  const arn = serialNumber ?? '';
  const device = await findDevice(place, caller.accountId, arn);
  return {
    action: `iam:${action}`,
    resources: [resourceWithKeys(arn, resourceTagKeys(device?.record.tags ?? []))],
    context: keys,
  };
}
