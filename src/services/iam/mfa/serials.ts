import { mfaDeviceKey } from '../../../storage/records/keys.ts';

/** What every serial number of an account's virtual devices begins with (iam-facts J2). */
export function serialPrefix(partition: string, accountId: string): string {
  return `arn:${partition}:iam::${accountId}:mfa/`;
}

/** Where the device with this serial number is stored; undefined for one that cannot be of this account. */
export function deviceKeyOf(
  serialNumber: string,
  { partition, accountId }: { readonly partition: string; readonly accountId: string },
): string | undefined {
  const prefix = serialPrefix(partition, accountId);
  return serialNumber.startsWith(prefix) && serialNumber.length > prefix.length
    ? mfaDeviceKey(accountId, serialNumber.slice(prefix.length))
    : undefined;
}
