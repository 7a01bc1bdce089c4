import type { IamDecision } from '../../engine/iam/decision.ts';
import { AwsError } from '../../wire/protocols/errors.ts';

/** The refusals of STS with AWS's texts (iam-facts I3 to I15). */

export const accessDenied = (message: string): AwsError => new AwsError('AccessDenied', message);
export const validationError = (message: string): AwsError => new AwsError('ValidationError', message);
/** COMPAT: what STS says about tags that cannot be; the code is reported, not modelled. */
export const invalidParameter = (message: string): AwsError => new AwsError('InvalidParameterValue', message);
export const invalidToken = (message: string): AwsError =>
  new AwsError('InvalidIdentityTokenException', message);

/** Asked for something that would narrow or mark the session, and that Entryway does not do. */
export const unsupported = (what: string): AwsError =>
  new AwsError(
    'UnsupportedOperation',
    `Entryway does not support ${what} yet; the request was refused instead of ignoring it.`,
  );

/** Throws the decision's refusal unless it is an allow. */
export function refuseUnlessAllowed({ decision, refusal }: IamDecision): void {
  if (decision === 'allowed') return;
  throw new AwsError(refusal?.code ?? 'AccessDenied', refusal?.message ?? 'Access denied');
}
