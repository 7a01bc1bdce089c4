import { describe, expect, test } from 'vitest';
import { type AuthSituation, authFailure } from './commonerrors.ts';
import type { Protocol } from './contract.ts';
import { encodeError, encodeOutput } from './encode.ts';
import { AwsError } from './errors.ts';
import { type OperationRoute, routeRequest } from './route.ts';
import { services } from './services.ts';
import { escapeXml } from './xml.ts';

function route(line: string, headers: Readonly<Record<string, string>> = {}): OperationRoute {
  const [method = '', url = ''] = line.split(' ');
  const [path = '', query = ''] = url.split(/\?(.*)/s);
  const found = routeRequest({
    method,
    path,
    query,
    headers: Object.entries(headers),
    body: new Uint8Array(),
  });
  if (found.kind === 'unknown') throw found.error;
  return found;
}

const json = { accept: 'application/json' };
const iam = (action: string, headers = {}) => route(`GET /?Action=${action}&Version=2010-05-08`, headers);
const identity = (headers = {}) => route('GET /?Action=GetCallerIdentity&Version=2011-06-15', headers);
const lookup = route('POST /', { 'x-amz-target': 'CloudTrail_20131101.LookupEvents' });
const entries = route('GET /clusters/prod/access-entries');
const entry = route('GET /clusters/prod/access-entries/p');
const bodyOf = (response: { readonly body: string | Uint8Array }): string => String(response.body);

describe('answers', () => {
  test('a wrong output is our fault and never leaves the house', () => {
    const wrong: readonly (readonly [OperationRoute, unknown])[] = [
      [identity(), { Arn: 1 }],
      [identity(), 'text'],
      [iam('ListUsers'), { Users: 'alice' }],
      [iam('ListUsers'), { Users: [null] }],
      [iam('GetUser'), { User: { CreateDate: '2026-11-21T00:00:00Z' } }],
      [iam('GetUser'), { User: { CreateDate: new Date(Number.NaN) } }],
      [entry, { accessEntry: { createdAt: 5 } }],
      [entry, { accessEntry: { tags: ['a'] } }],
      [lookup, { Events: [{ EventTime: new Date(Number.NaN) }] }],
    ];
    for (const [where, output] of wrong) expect(() => encodeOutput(where, output, 'id')).toThrow(TypeError);
  });

  test('members the contract does not name are not sent', () => {
    const output = { Arn: 'a', SecretAccessKey: 'secret' };
    expect(bodyOf(encodeOutput(identity(), output, 'id'))).not.toContain('secret');
    expect(bodyOf(encodeOutput(identity(json), output, 'id'))).not.toContain('secret');
  });

  test('query XML: namespace, result, request id in header and body (18)', () => {
    expect(encodeOutput(identity(), { UserId: 'u', Account: '1', Arn: 'a' }, 'id-1')).toEqual({
      status: 200,
      headers: { 'content-type': 'text/xml', 'x-amzn-requestid': 'id-1' },
      body:
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">' +
        '<GetCallerIdentityResult><UserId>u</UserId><Account>1</Account><Arn>a</Arn></GetCallerIdentityResult>' +
        '<ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></GetCallerIdentityResponse>',
    });
  });

  test('query JSON, for those who accept it (4, token-facts 5)', () => {
    const response = encodeOutput(identity(json), { UserId: 'u', Account: '1', Arn: 'a' }, 'id-1');
    expect(response.headers['content-type']).toBe('application/json');
    expect(JSON.parse(bodyOf(response))).toEqual({
      GetCallerIdentityResponse: {
        GetCallerIdentityResult: { UserId: 'u', Account: '1', Arn: 'a' },
        ResponseMetadata: { RequestId: 'id-1' },
      },
    });
  });

  test('an operation without output has no result element (17)', () => {
    expect(bodyOf(encodeOutput(iam('DeleteUser'), undefined, 'id'))).toBe(
      '<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">' +
        '<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></DeleteUserResponse>',
    );
    expect(JSON.parse(bodyOf(encodeOutput(iam('DeleteUser', json), undefined, 'id')))).toEqual({
      DeleteUserResponse: { ResponseMetadata: { RequestId: 'id' } },
    });
  });

  test('required lists and IsTruncated are always sent (12)', () => {
    expect(bodyOf(encodeOutput(iam('ListUsers'), {}, 'id'))).toContain(
      '<ListUsersResult><Users></Users><IsTruncated>false</IsTruncated></ListUsersResult>',
    );
    const nested = encodeOutput(iam('GetGroup', json), { Group: { GroupName: 'g' } }, 'id');
    expect(JSON.parse(bodyOf(nested)).GetGroupResponse.GetGroupResult).toMatchObject({
      Users: [],
      IsTruncated: false,
    });
    const empty = encodeOutput(entry, { accessEntry: { kubernetesGroups: [], tags: {} } }, 'id');
    expect(JSON.parse(bodyOf(empty))).toEqual({ accessEntry: { kubernetesGroups: [], tags: {} } });
    expect(JSON.parse(bodyOf(encodeOutput(entries, {}, 'id')))).toEqual({});
  });

  test('instants: epoch seconds in JSON, ISO 8601 in XML (13)', () => {
    const whole = new Date('2026-11-21T10:00:00Z');
    const part = new Date('2026-11-21T10:00:00.250Z');
    const user = (CreateDate: Date) => encodeOutput(iam('GetUser'), { User: { CreateDate } }, 'id');
    expect(bodyOf(user(whole))).toContain('<CreateDate>2026-11-21T10:00:00Z</CreateDate>');
    expect(bodyOf(user(part))).toContain('<CreateDate>2026-11-21T10:00:00.250Z</CreateDate>');
    expect(bodyOf(encodeOutput(entry, { accessEntry: { createdAt: part } }, 'id'))).toContain(
      '"createdAt":1795255200.25',
    );
  });

  test('blobs are base64 (14)', () => {
    const Content = Uint8Array.of(251, 255);
    expect(bodyOf(encodeOutput(iam('GetCredentialReport'), { Content }, 'id'))).toContain(
      '<Content>+/8=</Content>',
    );
    expect(bodyOf(encodeOutput(iam('GetCredentialReport', json), { Content }, 'id'))).toContain(
      '"Content":"+/8="',
    );
  });

  test('maps are entries in XML', () => {
    expect(bodyOf(encodeOutput(iam('GetAccountSummary'), { SummaryMap: { Users: 2 } }, 'id'))).toContain(
      '<SummaryMap><entry><key>Users</key><value>2</value></entry></SummaryMap>',
    );
  });

  test('REST and JSON 1.1 have their content types and the request id (18)', () => {
    expect(encodeOutput(entries, { accessEntries: ['a'] }, 'id')).toEqual({
      status: 200,
      headers: { 'content-type': 'application/json', 'x-amzn-requestid': 'id' },
      body: '{"accessEntries":["a"]}',
    });
    expect(encodeOutput(lookup, {}, 'id').headers['content-type']).toBe('application/x-amz-json-1.1');
  });
});

describe('XML text (16)', () => {
  test.each([
    ['a<b>&"c"', 'a&lt;b&gt;&amp;&quot;c&quot;'],
    [']]>', ']]&gt;'],
    ['line\r\nend', 'line&#xD;\nend'],
    ['\u0000\u001b\ufffe', '\ufffd\ufffd\ufffd'],
    ['tab\té漢🜁', 'tab\té漢🜁'],
  ])('%j is written %j', (text, expected) => {
    expect(escapeXml(text)).toBe(expected);
  });
});

describe('refusals', () => {
  const denied = new AwsError('NoSuchEntityException', 'The user with name <x> cannot be found.');

  test('a thrown thing that is no AwsError says nothing about itself', () => {
    for (const contract of Object.values(services)) {
      const response = encodeError({ protocol: contract.protocol, contract }, new Error('secret path'), 'id');
      expect(response.status).toBe(500);
      expect(bodyOf(response)).not.toContain('secret');
    }
  });

  test('query: wire code instead of the class name (19), Sender, request id', () => {
    expect(encodeError(iam('GetUser'), denied, 'id')).toEqual({
      status: 404,
      headers: { 'content-type': 'text/xml', 'x-amzn-requestid': 'id' },
      body:
        '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>' +
        '<Code>NoSuchEntity</Code><Message>The user with name &lt;x&gt; cannot be found.</Message></Error>' +
        '<RequestId>id</RequestId></ErrorResponse>',
    });
    expect(JSON.parse(bodyOf(encodeError(iam('GetUser', json), denied, 'id')))).toEqual({
      Error: { Code: 'NoSuchEntity', Message: 'The user with name <x> cannot be found.', Type: 'Sender' },
      RequestId: 'id',
    });
    expect(bodyOf(encodeError(iam('GetUser'), new AwsError('ServiceFailureException', 'm'), 'id'))).toContain(
      '<Type>Receiver</Type>',
    );
  });

  test('REST: header, type and modelled members in the body (19, eks-access-facts A17)', () => {
    const error = new AwsError('ResourceInUseException', 'm', {
      clusterName: 'prod',
      secret: 'x',
      message: 'other',
    });
    const response = encodeError(entry, error, 'id');
    expect(response).toMatchObject({
      status: 409,
      headers: { 'x-amzn-errortype': 'ResourceInUseException' },
    });
    expect(JSON.parse(bodyOf(response))).toEqual({
      __type: 'ResourceInUseException',
      clusterName: 'prod',
      message: 'm',
    });
  });

  test('a member of the wrong type does not hide the refusal', () => {
    const error = new AwsError('ResourceInUseException', 'm', { clusterName: 5 });
    expect(JSON.parse(bodyOf(encodeError(entry, error, 'id')))).toEqual({
      __type: 'ResourceInUseException',
      message: 'm',
    });
  });

  test('JSON 1.1: __type, and the message as the service spells it (19)', () => {
    expect(
      JSON.parse(bodyOf(encodeError(lookup, new AwsError('InvalidMaxResultsException', 'm'), 'id'))),
    ).toEqual({
      __type: 'InvalidMaxResultsException',
      Message: 'm',
    });
  });

  test('an unmodelled code passes as it is, as the mistake of the client (20)', () => {
    for (const target of [entry, lookup, identity()]) {
      const response = encodeError(target, new AwsError('SomethingElse', 'm'), 'id');
      expect(response.status).toBe(400);
      expect(bodyOf(response)).toContain('SomethingElse');
    }
  });

  test('a code cannot break a header', () => {
    const response = encodeError(entry, new AwsError('A\r\nset-cookie: x', 'm'), 'id');
    expect(response.headers['x-amzn-errortype']).toBe('InternalFailure');
  });

  const rows: readonly (readonly [AuthSituation, string, string, string])[] = [
    ['accessDenied', 'AccessDenied 403', 'AccessDeniedException 403', 'AccessDeniedException 400'],
    [
      'invalidClientToken',
      'InvalidClientTokenId 403',
      'UnrecognizedClientException 403',
      'UnrecognizedClientException 400',
    ],
    [
      'signatureMismatch',
      'SignatureDoesNotMatch 403',
      'InvalidSignatureException 403',
      'InvalidSignatureException 400',
    ],
    ['expiredToken', 'ExpiredToken 403', 'ExpiredTokenException 403', 'ExpiredTokenException 400'],
    [
      'missingToken',
      'MissingAuthenticationToken 403',
      'MissingAuthenticationTokenException 403',
      'MissingAuthenticationTokenException 400',
    ],
    [
      'incompleteSignature',
      'IncompleteSignature 400',
      'IncompleteSignatureException 403',
      'IncompleteSignatureException 400',
    ],
    [
      'unknownOperation',
      'InvalidAction 400',
      'UnknownOperationException 404',
      'UnknownOperationException 400',
    ],
    [
      'notImplemented',
      'UnsupportedOperation 400',
      'UnsupportedOperationException 400',
      'UnsupportedOperationException 400',
    ],
    ['missingMember', 'ValidationError 400', 'InvalidParameterException 400', 'ValidationException 400'],
    ['malformed', 'MalformedInput 400', 'SerializationException 400', 'SerializationException 400'],
    ['throttled', 'Throttling 400', 'ThrottlingException 429', 'ThrottlingException 400'],
    [
      'bodyTooLarge',
      'RequestEntityTooLarge 413',
      'RequestEntityTooLargeException 413',
      'RequestEntityTooLargeException 413',
    ],
    ['internal', 'InternalFailure 500', 'ServerException 500', 'InternalFailure 500'],
  ];

  test.each(rows)('%s is %s, %s or %s (iam-facts H, 21)', (situation, query, rest, rpc) => {
    const wire = (protocol: Protocol, where: OperationRoute) => {
      const error = authFailure(situation, protocol);
      return `${error.code} ${encodeError(where, error, 'id').status}`;
    };
    expect([wire('awsQuery', identity()), wire('restJson1', entry), wire('awsJson1_1', lookup)]).toEqual([
      query,
      rest,
      rpc,
    ]);
  });

  test('nothing but our own fault has a status that SDKs retry (22)', () => {
    for (const [situation] of rows.filter(([name]) => name !== 'internal' && name !== 'throttled')) {
      for (const target of [entry, lookup, identity()]) {
        const { status } = encodeError(target, authFailure(situation, target.protocol), 'id');
        expect(status).toBeLessThan(429);
      }
    }
  });
});
