import { parseFieldSelector, requiredFieldValue } from './fieldselectors.ts';
import { parseLabelSelector } from './labelselectors.ts';
import { isPathSegmentName } from './names.ts';
import { badRequest } from './status.ts';

/** What a request asks for (kubernetes-facts A). Authorization and serving both read this, and nothing else. */
export interface RequestInfo {
  readonly isResourceRequest: boolean;
  /** Path with escapes decoded once, a trailing `/` kept: what a non-resource rule is compared with. */
  readonly path: string;
  /** Lower-case verb; '' for a method Kubernetes does not know (nothing but `*` matches it). */
  readonly verb: string;
  /** `api` or `apis`; '' for a non-resource request. */
  readonly apiPrefix: string;
  /** '' is the core group. */
  readonly apiGroup: string;
  readonly apiVersion: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  /** From the path, or for list and watch from a `metadata.name=` field selector (A8). */
  readonly name: string;
  /** Decoded segments from the resource on: `[resource, name, subresource, …]`; for others all segments. */
  readonly parts: readonly string[];
  /** Raw selectors of list, watch and deletecollection (A10); '' for none. */
  readonly fieldSelector: string;
  readonly labelSelector: string;
  /** The query, decoded. Where a parameter repeats, the first value counts. */
  readonly query: URLSearchParams;
}

const maxPathLength = 8_192;
const maxParts = 64;
const verbByMethod: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};
const integer = /^[+-]?\d{1,18}$/;
const unsafe = /[/%]|\p{Cc}/u;

/**
 * Decodes the path into segments.
 *
 * SECURITY: what is authorized must be what is served. Kubernetes decodes first and splits then, so `a%2fb` is two
 * segments there and one elsewhere. Every spelling two readers could read differently is refused: escaped slashes,
 * percent signs and control characters, dot segments, empty segments, escapes that are not UTF-8.
 */
function decodePath(rawPath: string): { readonly path: string; readonly parts: readonly string[] } {
  if (rawPath.length > maxPathLength || !rawPath.startsWith('/'))
    throw badRequest('the path of the request is not valid');
  const inner = rawPath.slice(1, rawPath.endsWith('/') ? -1 : undefined);
  if (inner === '') {
    if (rawPath !== '/') throw badRequest('the path of the request is not valid');
    return { path: '/', parts: [] };
  }
  const segments = inner.split('/', maxParts + 1);
  if (segments.length > maxParts) throw badRequest('the path of the request is not valid');
  const parts = segments.map((segment) => {
    let decoded: string;
    try {
      decoded = decodeURIComponent(segment);
    } catch {
      throw badRequest('the path of the request is not valid');
    }
    if (decoded === '' || decoded === '.' || decoded === '..' || unsafe.test(decoded)) {
      throw badRequest('the path of the request is not valid');
    }
    return decoded;
  });
  return { path: `/${parts.join('/')}${rawPath.endsWith('/') ? '/' : ''}`, parts };
}

/** Kubernetes' reading of a boolean parameter: present and neither `0` nor `false`. */
export function queryFlag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}

/** A8, A9: the name a field selector pins; '' when the list options do not parse. */
function selectedName(query: URLSearchParams): string {
  for (const key of ['limit', 'timeoutSeconds']) {
    const value = query.get(key);
    if (value !== null && !integer.test(value)) return '';
  }
  try {
    parseLabelSelector(query.get('labelSelector') ?? '');
    const name = requiredFieldValue(parseFieldSelector(query.get('fieldSelector') ?? ''), 'metadata.name');
    return name !== undefined && isPathSegmentName(name) ? name : '';
  } catch {
    return '';
  }
}

/**
 * Reads a request line (A1–A11). `rawPath` and `rawQuery` are as sent; `rawQuery` has no `?`.
 * @throws KubeStatusError 400 for a path that cannot be read in exactly one way.
 */
export function parseRequestInfo(method: string, rawPath: string, rawQuery: string): RequestInfo {
  const { path, parts: all } = decodePath(rawPath);
  const query = new URLSearchParams(rawQuery);
  const nonResource: RequestInfo = {
    isResourceRequest: false,
    path,
    verb: method.toLowerCase(),
    apiPrefix: '',
    apiGroup: '',
    apiVersion: '',
    namespace: '',
    resource: '',
    subresource: '',
    name: '',
    parts: all,
    fieldSelector: '',
    labelSelector: '',
    query,
  };
  const apiPrefix = all[0] ?? '';
  if (all.length < 3 || (apiPrefix !== 'api' && apiPrefix !== 'apis')) return nonResource;
  if (apiPrefix === 'apis' && all.length < 4) return nonResource;
  const apiGroup = apiPrefix === 'apis' ? (all[1] ?? '') : '';
  const versionAt = apiPrefix === 'apis' ? 2 : 1;
  const apiVersion = all[versionAt] ?? '';
  let parts = all.slice(versionAt + 1);

  let verb = Object.hasOwn(verbByMethod, method) ? (verbByMethod[method] ?? '') : '';
  const prefixed = parts[0] === 'watch' || parts[0] === 'proxy';
  if (prefixed) {
    if (parts.length < 2) throw badRequest('unable to determine kind and namespace from url');
    verb = parts[0] ?? '';
    parts = parts.slice(1);
  }
  let namespace = '';
  if (parts[0] === 'namespaces' && parts.length > 1) {
    namespace = parts[1] ?? '';
    if (parts.length > 2 && parts[2] !== 'status' && parts[2] !== 'finalize') parts = parts.slice(2);
  }
  const resource = parts[0] ?? '';
  let name = parts[1] ?? '';
  const subresource = verb === 'proxy' ? '' : (parts[2] ?? '');

  if (name === '' && verb === 'get') {
    verb = queryFlag(query, 'watch') ? 'watch' : 'list';
    name = selectedName(query);
  } else if (name === '' && verb === 'delete') {
    verb = 'deletecollection';
  }
  const selects = !prefixed && ['list', 'watch', 'deletecollection'].includes(verb);
  return {
    isResourceRequest: true,
    path,
    verb,
    apiPrefix,
    apiGroup,
    apiVersion,
    namespace,
    resource,
    subresource,
    name,
    parts,
    fieldSelector: selects ? (query.get('fieldSelector') ?? '') : '',
    labelSelector: selects ? (query.get('labelSelector') ?? '') : '',
    query,
  };
}
