import { expect, test } from 'vitest';
import type { Attributes, UserInfo } from '../../engine/authorizer/attributes.ts';
import { quote } from '../../engine/rbac/quote.ts';
import { duplicate, forbiddenField, invalidValue, notSupported, required, tooLong } from './fielderror.ts';
import {
  alreadyExists,
  badRequest,
  conflict,
  deletedStatus,
  expired,
  forbidden,
  forbiddenWith,
  internalError,
  invalid,
  type KubeStatusError,
  methodNotAllowed,
  modifiedDetail,
  namespaceTerminating,
  notAcceptable,
  notFound,
  patchDoesNotApply,
  pathNotFound,
  requestEntityTooLarge,
  serviceUnavailable,
  tooManyRequests,
  unauthorized,
  unsupportedMediaType,
} from './status.ts';

const user = (username: string): UserInfo => ({ username, uid: '', groups: [], extra: {} });

function resource(given: Partial<Extract<Attributes, { kind: 'resource' }>>): Attributes {
  return {
    kind: 'resource',
    user: user('alice'),
    verb: 'get',
    apiGroup: '',
    apiVersion: 'v1',
    resource: 'pods',
    subresource: '',
    namespace: '',
    name: '',
    ...given,
  };
}

const nonResource = (verb: string, path: string, username = 'system:anonymous'): Attributes => ({
  kind: 'nonResource',
  user: user(username),
  verb,
  path,
});

test.each<[Attributes, string, string]>([
  [
    resource({ verb: 'list', namespace: 'default' }),
    '',
    'pods is forbidden: User "alice" cannot list resource "pods" in API group "" in the namespace "default"',
  ],
  [
    resource({ verb: 'create', subresource: 'exec', name: 'p1', namespace: 'default' }),
    '',
    'pods "p1" is forbidden: User "alice" cannot create resource "pods/exec" in API group "" in the namespace "default"',
  ],
  [
    resource({ apiGroup: 'apps', resource: 'deployments', name: 'd', namespace: 'x' }),
    '',
    'deployments.apps "d" is forbidden: User "alice" cannot get resource "deployments" in API group "apps" in the namespace "x"',
  ],
  [
    resource({ verb: 'list', resource: 'nodes' }),
    '',
    'nodes is forbidden: User "alice" cannot list resource "nodes" in API group "" at the cluster scope',
  ],
  [
    resource({ verb: 'impersonate', resource: 'users', name: 'bob' }),
    '',
    'users "bob" is forbidden: User "alice" cannot impersonate resource "users" in API group "" at the cluster scope',
  ],
  [nonResource('get', '/metrics'), '', 'forbidden: User "system:anonymous" cannot get path "/metrics"'],
  [
    nonResource('get', '/<script>&', 'a"b'),
    '',
    'forbidden: User "a\\"b" cannot get path "/&lt;script&gt;&amp;"',
  ],
  [
    resource({ verb: 'list', resource: 'nodes' }),
    'RBAC: clusterrole.rbac.authorization.k8s.io "x" not found',
    'nodes is forbidden: User "alice" cannot list resource "nodes" in API group "" at the cluster scope: RBAC: clusterrole.rbac.authorization.k8s.io "x" not found',
  ],
])('a refusal reads as in B29: %#', (attributes, reason, message) => {
  expect(forbidden(attributes, reason).status.message).toBe(message);
});

test('the body of a refusal leaves empty details out and forbids sniffing (B30)', () => {
  const error = forbidden(resource({ apiGroup: 'apps', resource: 'deployments', name: 'd' }), '');
  expect(error.status).toEqual({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: error.message,
    reason: 'Forbidden',
    details: { name: 'd', group: 'apps', kind: 'deployments' },
    code: 403,
  });
  expect(error.headers).toEqual({ 'X-Content-Type-Options': 'nosniff' });
  expect(forbidden(nonResource('get', '/x'), '').status.details).toEqual({});
});

test('401 says nothing and has no details (B31)', () => {
  expect(unauthorized().status).toEqual({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'Unauthorized',
    reason: 'Unauthorized',
    code: 401,
  });
});

const pods = { group: '', resource: 'pods' };
const roles = { group: 'rbac.authorization.k8s.io', resource: 'roles' };

test.each<[KubeStatusError, number, string, string]>([
  [badRequest('no'), 400, 'BadRequest', 'no'],
  [notFound(pods, 'zz'), 404, 'NotFound', 'pods "zz" not found'],
  [alreadyExists(roles, 'r'), 409, 'AlreadyExists', 'roles.rbac.authorization.k8s.io "r" already exists'],
  [
    conflict(pods, 'p', modifiedDetail),
    409,
    'Conflict',
    'Operation cannot be fulfilled on pods "p": the object has been modified; please apply your changes to the latest version and try again',
  ],
  [
    methodNotAllowed(),
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
  ],
  [
    methodNotAllowed(roles, 'patch'),
    405,
    'MethodNotAllowed',
    'patch is not supported on resources of kind "roles.rbac.authorization.k8s.io"',
  ],
  [
    notAcceptable(['application/json']),
    406,
    'NotAcceptable',
    'only the following media types are accepted: application/json',
  ],
  [
    unsupportedMediaType(['application/json', 'application/yaml']),
    415,
    'UnsupportedMediaType',
    'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml',
  ],
  [expired('too old resource version: 1 (5)'), 410, 'Expired', 'too old resource version: 1 (5)'],
  [requestEntityTooLarge('limit is 3'), 413, 'RequestEntityTooLarge', 'Request entity too large: limit is 3'],
  [tooManyRequests('slow down', 0.2), 429, 'TooManyRequests', 'slow down'],
  [patchDoesNotApply(), 422, 'Invalid', 'the server rejected our request due to an error in our request'],
  [internalError('store'), 500, 'InternalError', 'Internal error occurred: store'],
  [serviceUnavailable('starting'), 503, 'ServiceUnavailable', 'starting'],
  [
    forbiddenWith(
      { group: '', resource: 'namespaces', name: 'default' },
      'this namespace may not be deleted',
    ),
    403,
    'Forbidden',
    'namespaces "default" is forbidden: this namespace may not be deleted',
  ],
])('status %#: code, reason and message (E2, E5, E9)', (error, code, reason, message) => {
  expect(error.status).toMatchObject({ code, reason, message, status: 'Failure' });
});

test('details carry the plural resource (E5)', () => {
  expect(notFound(roles, 'r').status.details).toEqual({
    name: 'r',
    group: 'rbac.authorization.k8s.io',
    kind: 'roles',
  });
});

test('an unknown path is plain text (E5)', () => {
  expect(pathNotFound()).toMatchObject({ plainText: '404 page not found\n', status: { code: 404 } });
});

test('a throttled request is told when to come back', () => {
  expect(tooManyRequests('x', 1.2)).toMatchObject({
    headers: { 'Retry-After': '2' },
    status: { details: { retryAfterSeconds: 2 } },
  });
});

test('a terminating namespace is named in the cause (E9)', () => {
  const { status } = namespaceTerminating({ group: '', resource: 'pods', name: 'p' }, 'x');
  expect(status.message).toBe(
    'pods "p" is forbidden: unable to create new content in namespace x because it is being terminated',
  );
  expect(status.details?.causes?.[0]?.reason).toBe('NamespaceTerminating');
});

test('one field error stands alone, several in brackets; details.kind is the kind (E5, E6)', () => {
  const role = { group: 'rbac.authorization.k8s.io', kind: 'Role' };
  const one = invalid(role, 'r', [required('rules[0].verbs', 'verbs must contain at least one value')]);
  expect(one.status).toMatchObject({
    code: 422,
    reason: 'Invalid',
    message:
      'Role.rbac.authorization.k8s.io "r" is invalid: rules[0].verbs: Required value: verbs must contain at least one value',
    details: {
      name: 'r',
      group: 'rbac.authorization.k8s.io',
      kind: 'Role',
      causes: [
        {
          reason: 'FieldValueRequired',
          message: 'Required value: verbs must contain at least one value',
          field: 'rules[0].verbs',
        },
      ],
    },
  });
  const two = invalid({ group: '', kind: 'Pod' }, 'p', [required('a'), forbiddenField('b', 'no')]);
  expect(two.status.message).toBe('Pod "p" is invalid: [a: Required value, b: Forbidden: no]');
});

test.each([
  [required('f'), 'Required value'],
  [invalidValue('f', 'x', 'must be y'), 'Invalid value: "x": must be y'],
  [
    invalidValue('f', { kind: 'Role' }, 'cannot change roleRef'),
    'Invalid value: {"kind":"Role"}: cannot change roleRef',
  ],
  [
    invalidValue('f', '', 'must be specified for an update'),
    'Invalid value: "": must be specified for an update',
  ],
  [notSupported('f', 'C', ['A', 'B']), 'Unsupported value: "C": supported values: "A", "B"'],
  [duplicate('f', 'x'), 'Duplicate value: "x"'],
  [tooLong('f', 10), 'Too long: may not be more than 10 bytes'],
  [forbiddenField('f', 'no'), 'Forbidden: no'],
])('field error %# reads as in E6', (error, text) => {
  expect(error.text).toBe(text);
});

test('a delete that removed the object answers Success with its uid (E8)', () => {
  expect(deletedStatus(roles, 'r', 'u1')).toEqual({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name: 'r', group: 'rbac.authorization.k8s.io', kind: 'roles', uid: 'u1' },
    code: 200,
  });
});

test.each([
  ['plain', '"plain"'],
  ['a"b\\c', '"a\\"b\\\\c"'],
  ['line\nbreak\ttab', '"line\\nbreak\\ttab"'],
  ['\u0001\u007f', '"\\x01\\x7f"'],
  ['grüße 日本', '"grüße 日本"'],
  ['a\u200bb\u202e', '"a\\u200bb\\u202e"'],
  ['\ud800', '"\ufffd"'],
])('%j is quoted as %s', (text, expected) => {
  expect(quote(text)).toBe(expected);
});
