import { AwsError } from '../../wire/protocols/errors.ts';
import { validateMember } from '../validation.ts';

interface MfaInput {
  readonly SerialNumber?: string | undefined;
  readonly TokenCode?: string | undefined;
}

export function mfaFailures({ SerialNumber, TokenCode }: MfaInput): string[] {
  return [
    ...validateMember('serialNumber', SerialNumber, { min: 9, max: 256, pattern: '[\\w+=/:,.@-]*' }),
    ...validateMember('tokenCode', TokenCode, { min: 6, max: 6, pattern: '[\\d]*' }),
  ];
}

/** There are no MFA devices yet, so whoever names one is told what AWS tells about a device it does not know (I11). */
export function refuseMfa({ SerialNumber, TokenCode }: MfaInput): void {
  if (SerialNumber === undefined && TokenCode === undefined) return;
  throw new AwsError(
    'AccessDenied',
    SerialNumber === undefined || TokenCode === undefined
      ? 'MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.'
      : 'MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.',
  );
}
