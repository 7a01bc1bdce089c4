import type { ClusterAccess } from '../access/access.ts';
import {
  aggregatedDiscovery,
  apiGroup,
  apiGroupList,
  apiResourceList,
  apiVersions,
  versionInfo,
} from '../wire/kube/discovery.ts';
import type { JsonObject } from '../wire/kube/json.ts';
import { discoveryTransforms, negotiateResponse } from '../wire/kube/negotiation.ts';
import type { RequestInfo } from '../wire/kube/requestinfo.ts';
import type { ResourceTable } from '../wire/kube/resources.ts';
import { methodNotAllowed, pathNotFound } from '../wire/kube/status.ts';
import type { Answer } from './context.ts';
import { type DocumentHeaders, serveOpenApi } from './openapidocuments.ts';

/** Paths that may be asked for without any credential, as far as the roles allow system:unauthenticated. */
const anonymousPaths: readonly string[] = ['/healthz', '/livez', '/readyz', '/version', '/version/'];

export function isAnonymousPath(info: RequestInfo): boolean {
  return !info.isResourceRequest && info.verb === 'get' && anonymousPaths.includes(info.path);
}

/** Everything that is no resource: health, version, discovery and the OpenAPI documents. */
export async function serveNonResource(
  cluster: ClusterAccess,
  served: ResourceTable,
  info: RequestInfo,
  headers: Headers,
): Promise<Answer> {
  if (info.verb !== 'get' && info.verb !== 'head') throw methodNotAllowed();
  const [first, ...rest] = info.parts;
  switch (first) {
    case undefined:
      return json(headers, {
        paths: [
          '/.well-known/openid-configuration',
          '/api',
          '/apis',
          '/healthz',
          '/livez',
          '/openapi/v2',
          '/openapi/v3',
          '/openid/v1/jwks',
          '/readyz',
          '/version',
        ],
      });
    case 'healthz':
    case 'livez':
    case 'readyz':
      if (rest.length > 0) throw pathNotFound();
      return { kind: 'document', contentType: 'text/plain; charset=utf-8', body: 'ok' };
    case 'version':
      if (rest.length > 0) throw pathNotFound();
      return json(headers, versionInfo(cluster.cluster.version));
    case 'api':
      if (rest.length === 0) return discoveryRoot(headers, served, 'core');
      return found(headers, rest.length === 1 ? apiResourceList(served, '', rest[0] ?? '') : undefined);
    case 'apis':
      if (rest.length === 0) return discoveryRoot(headers, served, 'groups');
      if (rest.length === 1) return found(headers, apiGroup(served, rest[0] ?? ''));
      return found(headers, apiResourceList(served, rest[0] ?? '', rest[1] ?? ''));
    case 'openapi':
      if (rest.length === 1 && rest[0] === 'v3') negotiateResponse(headers.accept, discoveryTransforms);
      return serveOpenApi(cluster.cluster.version, served, info, headers);
    default:
      throw pathNotFound();
  }
}

type Headers = DocumentHeaders & { readonly host: string };

function discoveryRoot(headers: Headers, served: ResourceTable, root: 'core' | 'groups'): Answer {
  const { as, contentType } = negotiateResponse(headers.accept, discoveryTransforms);
  if (as !== undefined) {
    return { kind: 'document', contentType, body: JSON.stringify(aggregatedDiscovery(served, root)) };
  }
  return json(headers, root === 'core' ? apiVersions(headers.host) : apiGroupList(served));
}

function found(headers: Headers, object: JsonObject | undefined): Answer {
  if (object === undefined) throw pathNotFound();
  return json(headers, object);
}

function json(headers: Headers, object: JsonObject): Answer {
  // The client may accept YAML or anything; discovery is JSON for all of them.
  negotiateResponse(headers.accept, discoveryTransforms);
  return { kind: 'document', contentType: 'application/json', body: JSON.stringify(object) };
}
