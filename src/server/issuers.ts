import type { ClusterIssuers } from '../access/clusterissuers.ts';
import type { ServiceAccountTokens } from '../access/serviceaccounts.ts';
import { oidcIssuerOf } from '../storage/records/issuer.ts';
import type { HttpResponse } from '../wire/protocols/http.ts';

/** Answers what is asked below the path of a cluster's issuer; undefined for every other request. */
export type IssuerDocuments = (method: string, path: string) => Promise<HttpResponse | undefined>;

/** Seconds; a new key is announced for a day before it signs (access/signingkeyrotation.ts). */
const maximumAge = 3600;

/**
 * What others judge the tokens of built-in clusters with, in EKS's form: the discovery document and the keys, for anybody
 * who can connect (eks-access-facts I2, I3).
 *
 * They are at the path that the issuer has, and at `/id/…` as well for a proxy that takes its own path away.
 *
 * SECURITY: who asks has proven nothing. An id that no cluster has costs a look into a map; an answer tells of one cluster
 * what its tokens tell anyway. Ids cannot be guessed, and nothing lists them.
 */
export function createIssuerDocuments({
  issuers,
  publicKeys,
}: {
  readonly issuers: Pick<ClusterIssuers, 'withId'>;
  readonly publicKeys: ServiceAccountTokens['publicKeys'];
}): IssuerDocuments {
  return async (method, path) => {
    if (method !== 'GET' && method !== 'HEAD') return undefined;
    const asked = /^(.*)\/id\/([0-9A-F]{32})\/(\.well-known\/openid-configuration|keys)$/.exec(path);
    if (asked === null) return undefined;
    const [, prefix = '', issuerId = '', name] = asked;
    const cluster = issuers.withId(issuerId);
    const issuer = cluster && oidcIssuerOf(cluster);
    if (cluster === undefined || issuer === undefined || !isBelow(issuer, prefix)) return notFound;
    if (name !== 'keys') return document(configurationOf(issuer));
    const keys = await publicKeys(cluster);
    return document({
      keys: keys.map(({ kty, kid, use, alg, n, e }) => ({ kty, kid, use, alg, n, e })),
    });
  };
}

const isBelow = (issuer: string, prefix: string): boolean =>
  prefix === '' || new URL(issuer).pathname.replace(/\/id\/[0-9A-F]{32}$/, '') === prefix;

const configurationOf = (issuer: string): object => ({
  issuer,
  jwks_uri: `${issuer}/keys`,
  authorization_endpoint: 'urn:kubernetes:programmatic_authorization',
  response_types_supported: ['id_token'],
  subject_types_supported: ['public'],
  claims_supported: ['sub', 'iss'],
  id_token_signing_alg_values_supported: ['RS256'],
});

function document(content: object): HttpResponse {
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': `public, max-age=${maximumAge}` },
    body: JSON.stringify(content),
  };
}

/** COMPAT: what EKS answers for an id that no cluster has is not documented. */
const notFound: HttpResponse = {
  status: 404,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: 'not found\n',
};
