import { describe, expect, test } from 'vitest';
import { parseRequestInfo, queryFlag, type RequestInfo } from './requestinfo.ts';
import { KubeStatusError } from './status.ts';

function info(line: string): RequestInfo {
  const [method = '', url = ''] = line.split(' ');
  const [path = '', query = ''] = url.split('?');
  return parseRequestInfo(method, path, query);
}

/** verb, group/version, namespace, resource/subresource, name. */
function summary(line: string): string {
  const { isResourceRequest, verb, path, apiGroup, apiVersion, namespace, resource, subresource, name } =
    info(line);
  if (!isResourceRequest) return `${verb} ${path}`;
  const full = subresource === '' ? resource : `${resource}/${subresource}`;
  return `${verb} ${apiGroup}/${apiVersion} ns=${namespace} ${full} name=${name}`;
}

describe('a path that can be read in two ways is refused', () => {
  test.each([
    '/api/v1/namespaces/a%2Fb/pods',
    '/api/v1/namespaces/a%2fsecrets',
    '/api/v1/namespaces/default/pods/..%2f..%2fsecrets',
    '/api/v1/../v1/secrets',
    '/api/v1/./secrets',
    '/api/v1/%2e%2e/secrets',
    '/api/v1/namespaces//secrets',
    '//api/v1/secrets',
    '/api//v1/secrets',
    '/api/v1/secrets//',
    '//',
    '/api/v1/pods/%',
    '/api/v1/pods/%zz',
    '/api/v1/pods/%ff',
    '/api/v1/pods/%c0%ae',
    '/api/v1/pods/a%00b',
    '/api/v1/pods/a%0ab',
    '/api/v1/pods/%252e',
    'api/v1/pods',
    '',
    '*',
    `/${'a/'.repeat(100)}b`,
    `/api/v1/pods/${'a'.repeat(9_000)}`,
    '/healthz/../metrics',
    '/api/v1/watch',
    '/api/v1/proxy',
  ])('%s', (path) => {
    const attempt = (): RequestInfo => parseRequestInfo('GET', path, '');
    expect(attempt).toThrow(KubeStatusError);
    expect(attempt).toThrow(expect.objectContaining({ status: expect.objectContaining({ code: 400 }) }));
  });
});

test.each([
  ['GET /', 'get /'],
  ['GET /api', 'get /api'],
  ['GET /api/', 'get /api/'],
  ['GET /api/v1', 'get /api/v1'],
  ['GET /apis', 'get /apis'],
  ['GET /apis/apps', 'get /apis/apps'],
  ['GET /apis/apps/v1', 'get /apis/apps/v1'],
  ['GET /version', 'get /version'],
  ['GET /version/', 'get /version/'],
  ['POST /healthz', 'post /healthz'],
  ['GET /openapi/v3/apis/apps/v1', 'get /openapi/v3/apis/apps/v1'],
  ['GET /other/v1/pods/x', 'get /other/v1/pods/x'],
  ['GET /API/v1/pods', 'get /API/v1/pods'],
  ['GET /metrics%20a', 'get /metrics a'],
])('%s is no resource request: %s (A1, A2)', (line, expected) => {
  expect(summary(line)).toBe(expected);
});

test.each([
  ['GET /api/v1/pods', 'list /v1 ns= pods name='],
  ['GET /api/v1/pods/', 'list /v1 ns= pods name='],
  ['HEAD /api/v1/pods', 'list /v1 ns= pods name='],
  ['GET /api/v1/namespaces/a/pods', 'list /v1 ns=a pods name='],
  ['GET /api/v1/namespaces/a/pods/p', 'get /v1 ns=a pods name=p'],
  ['HEAD /api/v1/namespaces/a/pods/p', 'get /v1 ns=a pods name=p'],
  ['POST /api/v1/namespaces/a/pods', 'create /v1 ns=a pods name='],
  ['PUT /api/v1/namespaces/a/pods/p', 'update /v1 ns=a pods name=p'],
  ['PATCH /api/v1/namespaces/a/pods/p', 'patch /v1 ns=a pods name=p'],
  ['DELETE /api/v1/namespaces/a/pods/p', 'delete /v1 ns=a pods name=p'],
  ['DELETE /api/v1/namespaces/a/pods', 'deletecollection /v1 ns=a pods name='],
  ['OPTIONS /api/v1/namespaces/a/pods', ' /v1 ns=a pods name='],
  ['get /api/v1/namespaces/a/pods/p', ' /v1 ns=a pods name=p'],
  ['POST /api/v1/namespaces/a/pods/p/exec', 'create /v1 ns=a pods/exec name=p'],
  ['GET /api/v1/namespaces/a/pods/p/exec', 'get /v1 ns=a pods/exec name=p'],
  ['GET /api/v1/namespaces/a/pods/p/proxy/x/y', 'get /v1 ns=a pods/proxy name=p'],
  ['GET /apis/apps/v1/deployments', 'list apps/v1 ns= deployments name='],
  ['PATCH /apis/apps/v1/namespaces/a/deployments/d/scale', 'patch apps/v1 ns=a deployments/scale name=d'],
  ['GET /%61pi/v1/p%6fds', 'list /v1 ns= pods name='],
])('%s is %s (A2, A3, A6, A7, A11)', (line, expected) => {
  expect(summary(line)).toBe(expected);
});

test.each([
  ['GET /api/v1/namespaces', 'list /v1 ns= namespaces name='],
  ['POST /api/v1/namespaces', 'create /v1 ns= namespaces name='],
  ['GET /api/v1/namespaces/foo', 'get /v1 ns=foo namespaces name=foo'],
  ['DELETE /api/v1/namespaces/foo', 'delete /v1 ns=foo namespaces name=foo'],
  ['PUT /api/v1/namespaces/foo/finalize', 'update /v1 ns=foo namespaces/finalize name=foo'],
  ['GET /api/v1/namespaces/foo/status', 'get /v1 ns=foo namespaces/status name=foo'],
  ['GET /api/v1/namespaces/foo/status/x', 'get /v1 ns=foo namespaces/status name=foo'],
])('%s: a namespace is in itself: %s (A5)', (line, expected) => {
  expect(summary(line)).toBe(expected);
});

test.each([
  ['GET /api/v1/watch/pods', 'watch /v1 ns= pods name='],
  ['GET /api/v1/watch/namespaces/a/pods/p', 'watch /v1 ns=a pods name=p'],
  ['DELETE /api/v1/watch/pods', 'watch /v1 ns= pods name='],
  ['GET /api/v1/proxy/namespaces/a/pods/p/x', 'proxy /v1 ns=a pods name=p'],
])('%s: the old prefixes set the verb: %s (A4)', (line, expected) => {
  expect(summary(line)).toBe(expected);
});

test.each([
  ['GET /api/v1/pods?watch=true', 'watch'],
  ['GET /api/v1/pods?watch=1', 'watch'],
  ['GET /api/v1/pods?watch', 'watch'],
  ['GET /api/v1/pods?watch=yes', 'watch'],
  ['GET /api/v1/pods?watch=false', 'list'],
  ['GET /api/v1/pods?watch=FALSE', 'list'],
  ['GET /api/v1/pods?watch=0', 'list'],
  ['GET /api/v1/pods?watch=false&watch=true', 'list'],
  ['GET /api/v1/pods?limit=x&watch=true', 'watch'],
  ['GET /api/v1/pods?limit=x&watch=0', 'list'],
  ['GET /api/v1/namespaces/a/pods/p?watch=true', 'get'],
  ['POST /api/v1/pods?watch=true', 'create'],
])('%s has the verb %s (A7, A9)', (line, verb) => {
  expect(info(line).verb).toBe(verb);
});

test.each([
  ['GET /api/v1/pods?fieldSelector=metadata.name%3Dp1', 'p1'],
  ['GET /api/v1/pods?fieldSelector=metadata.name==p1,spec.nodeName=n', 'p1'],
  ['GET /api/v1/pods?watch=true&fieldSelector=metadata.name=p1', 'p1'],
  ['GET /api/v1/pods?fieldSelector=metadata.name!=p1', ''],
  ['GET /api/v1/pods?fieldSelector=metadata.name=a/b', ''],
  ['GET /api/v1/pods?fieldSelector=metadata.name=..', ''],
  ['GET /api/v1/pods?fieldSelector=metadata.name', ''],
  ['GET /api/v1/pods?fieldSelector=metadata.namespace=p1', ''],
  ['GET /api/v1/pods?fieldSelector=metadata.name=p1&limit=many', ''],
  ['GET /api/v1/pods?fieldSelector=metadata.name=p1&labelSelector=a in', ''],
  ['GET /api/v1/pods?fieldSelector=x=y&fieldSelector=metadata.name=p1', ''],
  ['DELETE /api/v1/namespaces/a/pods?fieldSelector=metadata.name=p1', ''],
  ['GET /api/v1/namespaces/a/pods/p2?fieldSelector=metadata.name=p1', 'p2'],
])('%s names `%s` (A8, A9)', (line, name) => {
  const [method = '', url = ''] = [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)];
  const [path = '', query = ''] = url.split('?');
  expect(parseRequestInfo(method, path, query).name).toBe(name);
});

test('selectors are kept for list, watch and deletecollection, also when they do not parse (A10)', () => {
  const query = '?fieldSelector=((&labelSelector=a%3Db';
  for (const line of [
    `GET /api/v1/pods${query}`,
    `GET /api/v1/pods${query}&watch=1`,
    `DELETE /api/v1/pods${query}`,
  ]) {
    expect(info(line)).toMatchObject({ fieldSelector: '((', labelSelector: 'a=b' });
  }
  for (const line of [
    `GET /api/v1/pods/p${query}`,
    `POST /api/v1/pods${query}`,
    `GET /api/v1/watch/pods${query}`,
  ]) {
    expect(info(line)).toMatchObject({ fieldSelector: '', labelSelector: '' });
  }
});

test('parts start at the resource', () => {
  expect(info('GET /apis/apps/v1/namespaces/a/deployments/d/scale').parts).toEqual([
    'deployments',
    'd',
    'scale',
  ]);
  expect(info('GET /api/v1/namespaces/foo/status').parts).toEqual(['namespaces', 'foo', 'status']);
});

test('a boolean parameter is true unless it is absent, 0 or false', () => {
  const query = new URLSearchParams('a=&b=0&c=False&d=no');
  expect(['a', 'b', 'c', 'd', 'e'].map((name) => queryFlag(query, name))).toEqual([
    true,
    false,
    false,
    true,
    false,
  ]);
});
