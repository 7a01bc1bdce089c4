/**
 * Why a request's signature was refused. `situation` is neutral; each protocol has its own wire code and status for
 * it (iam-facts H). `reason` tells cases apart for the record that AWS answers alike.
 */
export interface SignatureRefusal {
  readonly outcome: 'refused';
  readonly situation: RefusalSituation;
  readonly reason: RefusalReason;
  /** The text AWS clients observe (iam-facts H, K16, K17). Holds no signature, token or secret. */
  readonly message: string;
  /** As claimed, not proven; for the record only. */
  readonly accessKeyId?: string;
}

export type RefusalSituation =
  | 'missingToken'
  | 'incompleteSignature'
  | 'invalidClientToken'
  | 'signatureMismatch'
  | 'expiredToken';

export type RefusalReason =
  | 'noCredentials'
  | 'malformed'
  | 'ambiguous'
  | 'unsupportedAlgorithm'
  | 'unknownAccessKey'
  | 'inactiveAccessKey'
  | 'badSessionToken'
  | 'principalGone'
  | 'clock'
  | 'scope'
  | 'unsignedHeader'
  | 'payload'
  | 'signature'
  | 'sessionExpired';

export function refusal(
  situation: RefusalSituation,
  reason: RefusalReason,
  message: string,
  accessKeyId?: string,
): SignatureRefusal {
  return {
    outcome: 'refused',
    situation,
    reason,
    message,
    ...(accessKeyId === undefined ? {} : { accessKeyId }),
  };
}

export const mismatchMessage =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key ' +
  'and signing method. Consult the service documentation for details.';

export const invalidTokenMessage = 'The security token included in the request is invalid.';
export const expiredTokenMessage = 'The security token included in the request is expired';
