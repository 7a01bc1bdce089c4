import type { Principal } from '../../engine/iam/principal.ts';
import { validateMember } from '../validation.ts';
import type { StsDependencies, VerifyMfa } from './dependencies.ts';
import { accessDenied } from './errors.ts';

interface MfaInput {
  readonly SerialNumber?: string | undefined;
  readonly TokenCode?: string | undefined;
}

/** A code that was right: it counts once `used` is stored in place of `device`. */
export type UsedCode = Extract<Awaited<ReturnType<VerifyMfa>>, { readonly ok: true }>;

export function mfaFailures({ SerialNumber, TokenCode }: MfaInput): string[] {
  return [
    ...validateMember('serialNumber', SerialNumber, { min: 9, max: 256, pattern: '[\\w+=/:,.@-]*' }),
    ...validateMember('tokenCode', TokenCode, { min: 6, max: 6, pattern: '[\\d]*' }),
  ];
}

/** The code of a request, found right; undefined when it has none; throws AccessDenied for every other (I11). */
export async function verifiedCode(
  { verifyMfa }: Pick<StsDependencies, 'verifyMfa'>,
  { SerialNumber, TokenCode }: MfaInput,
  { caller, now }: { readonly caller: Principal; readonly now: number },
): Promise<UsedCode | undefined> {
  if (SerialNumber === undefined && TokenCode === undefined) return undefined;
  if (SerialNumber === undefined || TokenCode === undefined) {
    throw accessDenied(
      'MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.',
    );
  }
  const verified = await verifyMfa(caller, SerialNumber, TokenCode, now);
  if (!verified.ok) throw accessDenied(verified.message);
  return verified;
}
