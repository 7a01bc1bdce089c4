import type { ExplainStep } from '../../engine/analysis/explain/explanation.ts';
import { tokenSteps } from '../../engine/analysis/explain/tokensteps.ts';
import { partitions } from '../../engine/arn/partitions.ts';
import { regionOfHost } from '../../wire/token/hosts.ts';
import { clusterHeader, type ParsedToken, parseToken, tokenPrefix } from '../../wire/token/parse.ts';

/** What a token says of itself. Nothing of it is proven: whoever has a text editor can write it. */
export interface DecodedToken {
  readonly wellFormed: boolean;
  readonly steps: readonly ExplainStep[];
  readonly claims?: {
    readonly accessKeyId: string;
    readonly hasSessionToken: boolean;
    readonly host: string;
    readonly region: string;
    /** ISO 8601. */
    readonly signedAt: string;
    readonly expiresAt: string;
    readonly clusterSigned: boolean;
  };
}

/** A token of an IAM identity is good for so long, in milliseconds (token-facts 1). */
const lifetime = 15 * 60_000;

/** Reads a token without any server. `now` is epoch milliseconds. */
export function decodeToken(token: string, now: number): DecodedToken {
  if (!token.startsWith(tokenPrefix) && token.split('.').length === 3) {
    return {
      wellFormed: true,
      steps: unproven('this is a JWT, of a service account or an identity provider; it is not read here'),
    };
  }
  const ownEndpoints = originOf(token);
  let refused: ParsedToken | ReturnType<typeof parseToken> | undefined;
  for (const partition of partitions) {
    const parsed = parseToken(token, { now, partition, ownEndpoints });
    if (parsed.ok) return decoded(parsed);
    // Of several refusals the one that came furthest.
    if (refused === undefined || (!refused.ok && refused.error === 'bad_host')) refused = parsed;
  }
  if (refused === undefined || refused.ok) return { wellFormed: false, steps: [] };
  const code = refused.error.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  const evidence = { step: 'credential', code, message: refused.message } as const;
  return { wellFormed: false, steps: tokenSteps({ outcome: 'refused', evidence }) };
}

function decoded({
  accessKeyId,
  sessionToken,
  host,
  scope,
  signedAt,
  signedHeaders,
  ownEndpoint,
}: ParsedToken): DecodedToken {
  const hostRegion = ownEndpoint === undefined ? regionOfHost(host) : undefined;
  const region = scope[1] ?? '';
  const [from, until] = [signedAt, signedAt + lifetime].map((time) => new Date(time).toISOString());
  const claims = {
    accessKeyId,
    hasSessionToken: sessionToken !== undefined,
    host,
    region,
    ...{ signedAt: from ?? '', expiresAt: until ?? '' },
    clusterSigned: signedHeaders.includes(clusterHeader),
  };
  const where = hostRegion === undefined || hostRegion === region ? '' : ` (its host is \`${host}\`)`;
  return {
    wellFormed: true,
    claims,
    steps: unproven(
      `the token is well-formed: signed ${from ?? ''} for region \`${region}\`${where}, good until ${until ?? ''}; ` +
        'a cluster’s name is signed with it, which the token does not tell',
      `it names access key \`${accessKeyId}\`${sessionToken === undefined ? '' : ' with a session token'}: NOT VERIFIED, nobody checked the signature`,
    ),
  };
}

function unproven(
  credential: string,
  caller = 'NOT VERIFIED: nobody checked the signature',
): readonly ExplainStep[] {
  return [
    { step: 'credential', outcome: 'notVerified', code: 'wellFormed', message: credential, misses: [] },
    {
      step: 'caller',
      outcome: 'notVerified',
      code: 'notVerified',
      message: caller,
      misses: [],
      hint: 'ask the server that has the cluster, which can check it: leave out --from and --live',
    },
  ];
}

/**
 * The origin of a token that was made for a server on this machine: which one that is, only the server knows, and nothing
 * is proven here anyway.
 */
function originOf(token: string): readonly string[] {
  const url = Buffer.from(token.slice(tokenPrefix.length), 'base64url').toString('latin1');
  const origin = /^https?:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?(?=\/)/.exec(url)?.[0];
  return origin === undefined ? [] : [origin];
}
