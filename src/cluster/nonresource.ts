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
import { openApiDocument, openApiHash, openApiIndex } from '../wire/kube/openapi.ts';
import { openApiV2 } from '../wire/kube/openapiv2.ts';
import type { RequestInfo } from '../wire/kube/requestinfo.ts';
import type { ResourceTable } from '../wire/kube/resources.ts';
import { methodNotAllowed, pathNotFound } from '../wire/kube/status.ts';
import type { Answer } from './context.ts';

/** Paths that may be asked for without any credential, as far as the roles allow system:unauthenticated. */
const anonymousPaths: readonly string[] = ['/healthz', '/livez', '/readyz', '/version', '/version/'];

export function isAnonymousPath(info: RequestInfo): boolean {
  return !info.isResourceRequest && info.verb === 'get' && anonymousPaths.includes(info.path);
}

/** Everything that is no resource: health, version, discovery and the OpenAPI documents. */
export function serveNonResource(
  cluster: ClusterAccess,
  served: ResourceTable,
  info: RequestInfo,
  headers: { readonly accept: string | undefined; readonly host: string },
): Answer {
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
      if (rest.length === 1 && rest[0] === 'v2') {
        const { gitVersion } = versionInfo(cluster.cluster.version);
        return { kind: 'document', ...openApiV2(String(gitVersion), headers.accept) };
      }
      return serveOpenApi(headers, served, rest);
    default:
      throw pathNotFound();
  }
}

type Headers = { readonly accept: string | undefined; readonly host: string };

function discoveryRoot(headers: Headers, served: ResourceTable, root: 'core' | 'groups'): Answer {
  const { as, contentType } = negotiateResponse(headers.accept, discoveryTransforms);
  if (as !== undefined) {
    return { kind: 'document', contentType, body: JSON.stringify(aggregatedDiscovery(served, root)) };
  }
  return json(headers, root === 'core' ? apiVersions(headers.host) : apiGroupList(served));
}

/** `/openapi/v3`, and below it one document for each group version, which clients may keep (kubernetes-facts D0.7). */
function serveOpenApi(headers: Headers, served: ResourceTable, rest: readonly string[]): Answer {
  const [version, prefix, ...path] = rest;
  if (version !== 'v3') throw pathNotFound();
  if (prefix === undefined) return json(headers, openApiIndex(served));
  const [group = '', groupVersion = ''] = prefix === 'api' ? ['', path[0]] : path;
  if (path.length !== (prefix === 'api' ? 1 : 2) || (prefix !== 'api' && prefix !== 'apis'))
    throw pathNotFound();
  const body = documentText(served, group, groupVersion);
  if (body === undefined) throw pathNotFound();
  return {
    kind: 'document',
    contentType: 'application/json',
    body,
    headers: {
      'Cache-Control': 'public, immutable',
      ETag: `"${openApiHash()}"`,
      Expires: 'Fri, 31 Dec 2100 00:00:00 GMT',
      Vary: 'Accept',
    },
  };
}

const documentTexts = new WeakMap<ResourceTable, Map<string, string>>();

/** Only what is served is kept: a few dozen texts for each table. */
function documentText(served: ResourceTable, group: string, version: string): string | undefined {
  const texts = documentTexts.get(served) ?? new Map<string, string>();
  documentTexts.set(served, texts);
  const key = `${group}/${version}`;
  const kept = texts.get(key);
  if (kept !== undefined) return kept;
  const document = openApiDocument(served, group, version);
  if (document === undefined) return undefined;
  const text = JSON.stringify(document);
  texts.set(key, text);
  return text;
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
