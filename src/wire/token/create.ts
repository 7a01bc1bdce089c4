import { presign, type SigningCredentials } from '../sigv4/sign.ts';
import { stsHost } from './hosts.ts';
import { clusterHeader, tokenPrefix } from './parse.ts';

export interface TokenRequest {
  readonly credentials: SigningCredentials;
  readonly region: string;
  /** Signed as `x-k8s-aws-id`. */
  readonly clusterName: string;
  /** Epoch milliseconds. */
  readonly now: number;
  /** STS host to sign for; the region's own by default. */
  readonly host?: string;
  /** Scheme and authority in place of `https://HOST`: what `AWS_ENDPOINT_URL` makes the AWS CLI do. */
  readonly origin?: string;
}

/** A bearer token as `aws eks get-token` writes it, byte for byte (token-facts 2.1). */
export function createToken(request: TokenRequest): string {
  const origin = request.origin ?? `https://${request.host ?? stsHost(request.region)}`;
  const authority = origin.slice(origin.indexOf('://') + 3);
  const query = presign(
    {
      method: 'GET',
      host: authority.replace(origin.startsWith('https:') ? /:443$/ : /:80$/, ''),
      path: '/',
      parameters: [
        ['Action', 'GetCallerIdentity'],
        ['Version', '2011-06-15'],
      ],
      headers: { [clusterHeader]: request.clusterName },
      expiresSeconds: 60,
    },
    { credentials: request.credentials, region: request.region, service: 'sts', now: request.now },
  );
  return tokenPrefix + Buffer.from(`${origin}/?${query}`).toString('base64url');
}

export interface ExecCredential {
  readonly kind: 'ExecCredential';
  readonly apiVersion: string;
  readonly spec: Readonly<Record<string, never>>;
  readonly status: { readonly expirationTimestamp: string; readonly token: string };
}

const execGroup = 'client.authentication.k8s.io';
const execVersions = [`${execGroup}/v1`, `${execGroup}/v1beta1`, `${execGroup}/v1alpha1`];
/** A minute less than STS would honour the token, so that nobody sends one that ends on the way. */
const lifetimeMs = 14 * 60_000;

/**
 * What an exec plugin prints (token-facts 2.2). `execInfo` is the text of `KUBERNETES_EXEC_INFO`; its apiVersion is
 * used where it is one we know, else v1beta1, as the AWS CLI does.
 */
export function execCredential(input: {
  readonly token: string;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly execInfo: string | undefined;
}): ExecCredential {
  const asked = apiVersionOf(input.execInfo);
  return {
    kind: 'ExecCredential',
    apiVersion: asked !== undefined && execVersions.includes(asked) ? asked : `${execGroup}/v1beta1`,
    spec: {},
    status: {
      expirationTimestamp: `${new Date(input.now + lifetimeMs).toISOString().slice(0, 19)}Z`,
      token: input.token,
    },
  };
}

function apiVersionOf(execInfo: string | undefined): string | undefined {
  if (execInfo === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(execInfo);
    const version =
      typeof parsed === 'object' && parsed !== null && Object.hasOwn(parsed, 'apiVersion')
        ? (parsed as { readonly apiVersion: unknown }).apiVersion
        : undefined;
    return typeof version === 'string' ? version : undefined;
  } catch {
    return undefined;
  }
}
