/** Why a token was refused. The kinds of token-facts 3, and after them what STS would have refused. */
export type TokenErrorKind =
  | 'token_too_large'
  | 'bad_prefix'
  | 'bad_base64'
  | 'bad_url'
  | 'bad_scheme'
  | 'bad_host'
  | 'bad_path'
  | 'bad_query'
  | 'duplicate_param'
  | 'unknown_param'
  | 'bad_action'
  | 'cluster_header_not_signed'
  | 'bad_expires'
  | 'bad_date'
  | 'expired'
  | VerificationErrorKind;

export type VerificationErrorKind =
  | 'misspelled_param'
  | 'bad_algorithm'
  | 'bad_version'
  | 'bad_credential'
  | 'bad_scope'
  | 'bad_signed_headers'
  | 'unknown_key'
  | 'inactive_key'
  | 'principal_gone'
  | 'bad_session_token'
  | 'wrong_cluster'
  | 'bad_signature'
  | 'session_expired';

/**
 * One line for logs and `explain`, in our own style. SECURITY: says which check failed and never repeats the token,
 * the URL, the signature or the session token; the caller at the other end learns only that it was refused.
 */
export const tokenErrorMessages: Readonly<Record<TokenErrorKind, string>> = {
  token_too_large: 'token is longer than 4096 bytes',
  bad_prefix: 'token does not start with `k8s-aws-v1.`',
  bad_base64: 'token is not base64url without padding',
  bad_url: 'token does not hold a URL in printable ASCII',
  bad_scheme: 'URL in the token is not https',
  bad_host: 'URL in the token is not for an STS endpoint of this partition',
  bad_path: 'path of the URL in the token is not `/`',
  bad_query: 'query of the URL in the token cannot be read',
  duplicate_param: 'a query parameter is given twice',
  unknown_param: 'a query parameter does not belong to GetCallerIdentity',
  bad_action: 'action is not `GetCallerIdentity`',
  cluster_header_not_signed: 'header `x-k8s-aws-id` is not signed',
  bad_expires: '`X-Amz-Expires` is not a number from 0 to 900',
  bad_date: '`X-Amz-Date` is missing, malformed or more than 5 minutes ahead',
  expired: 'token was signed more than 15 minutes ago',
  misspelled_param: 'a query parameter is not spelled as STS expects it',
  bad_algorithm: 'algorithm is not `AWS4-HMAC-SHA256`',
  bad_version: 'version is not `2011-06-15`',
  bad_credential: 'credential is missing or malformed',
  bad_scope: 'credential scope does not fit the date, the host or the service',
  bad_signed_headers: 'signed headers are not `host`, `x-k8s-aws-id` and at most `accept`, in order',
  unknown_key: 'access key is not known here',
  inactive_key: 'access key is inactive',
  principal_gone: 'owner of the access key no longer exists',
  bad_session_token: 'session token does not belong to the access key',
  wrong_cluster: 'token was signed for another cluster',
  bad_signature: 'signature does not match: the secret key or the cluster name differs',
  session_expired: 'session behind the token has ended',
};

export interface TokenRefusal {
  readonly ok: false;
  readonly error: TokenErrorKind;
  readonly message: string;
}

export function refuseToken(error: TokenErrorKind): TokenRefusal {
  return { ok: false, error, message: tokenErrorMessages[error] };
}
