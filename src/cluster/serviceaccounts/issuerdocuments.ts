import type { ClusterRecord } from '../../storage/records/eks.ts';
import type { RequestInfo } from '../../wire/kube/requestinfo.ts';
import type { Answer, ApiContext } from '../context.ts';

const headers = { 'Cache-Control': 'public, max-age=3600' } as const;

/**
 * What others need to judge the cluster's service account tokens (kubernetes-facts F4); undefined for every other
 * request. The caller has been authorized for the path: by default the group of all service accounts.
 */
export async function issuerDocument(
  context: ApiContext,
  cluster: ClusterRecord,
  info: RequestInfo,
): Promise<Answer | undefined> {
  if (info.isResourceRequest || info.verb !== 'get') return undefined;
  const { serviceAccounts } = context;
  switch (info.path) {
    case '/.well-known/openid-configuration':
    case '/.well-known/openid-configuration/': {
      const configuration = {
        issuer: serviceAccounts.issuer(cluster),
        jwks_uri: `${context.endpointOf(cluster)}/openid/v1/jwks`,
        response_types_supported: ['id_token'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
      };
      return document('application/json', configuration);
    }
    case '/openid/v1/jwks':
    case '/openid/v1/jwks/':
      return document('application/jwk-set+json', { keys: await serviceAccounts.publicKeys(cluster) });
    default:
      return undefined;
  }
}

function document(contentType: string, content: unknown): Answer {
  return { kind: 'document', contentType, body: JSON.stringify(content), headers };
}
