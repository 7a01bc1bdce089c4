import { describe, expect, test } from 'vitest';
import { encodeError } from './encode.ts';
import type { HttpRequest } from './http.ts';
import { routeRequest } from './route.ts';

interface Sent {
  readonly target?: string;
  readonly form?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** `GET /path?query`, with a form or a target where the row says so. */
function request(line: string, { target, form, headers = {}, body = '' }: Sent = {}): HttpRequest {
  const [method = '', url = ''] = line.split(' ');
  const [path = '', query = ''] = url.split(/\?(.*)/s);
  const all = {
    ...(target === undefined ? {} : { 'x-amz-target': target }),
    ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }),
    ...headers,
  };
  return { method, path, query, headers: Object.entries(all), body: Buffer.from(form ?? body) };
}

function describeRoute(sent: HttpRequest): string {
  const route = routeRequest(sent);
  if (route.kind === 'operation') {
    return `${route.service} ${route.operation}`;
  }
  return `${route.protocol} ${route.service ?? '-'} ${route.error.code}`;
}

const iam = 'Version=2010-05-08';
const sts = 'Version=2011-06-15';

describe('a request that names no operation is refused in its own protocol', () => {
  test.each<[string, HttpRequest, string]>([
    ['an unknown path', request('GET /nothing'), 'restJson1 eks UnknownOperationException'],
    ['a known path, another method', request('PUT /clusters'), 'restJson1 eks UnknownOperationException'],
    ['a trailing slash (5)', request('GET /clusters/'), 'restJson1 eks UnknownOperationException'],
    ['two slashes', request('GET //clusters'), 'restJson1 eks UnknownOperationException'],
    ['an empty label', request('GET /clusters//addons'), 'restJson1 eks UnknownOperationException'],
    ['a million slashes', request(`GET ${'/'.repeat(1e6)}`), 'restJson1 eks UnknownOperationException'],
    [
      'an unknown target',
      request('POST /', { target: 'DynamoDB_20120810.ListTables' }),
      'awsJson1_1 - UnknownOperationException',
    ],
    [
      'an unknown operation of a known target',
      request('POST /', { target: 'CloudTrail_20131101.Nope' }),
      'awsJson1_1 cloudtrail UnknownOperationException',
    ],
    [
      'an inherited property as operation',
      request('POST /', { target: 'CloudTrail_20131101.constructor' }),
      'awsJson1_1 cloudtrail UnknownOperationException',
    ],
    [
      'a target with GET',
      request('GET /', { target: 'CloudTrail_20131101.LookupEvents' }),
      'awsJson1_1 cloudtrail UnknownOperationException',
    ],
    [
      'a target beside a REST path',
      request('GET /clusters', { target: 'CloudTrail_20131101.LookupEvents' }),
      'awsJson1_1 cloudtrail UnknownOperationException',
    ],
    ['an unknown action', request('POST /', { form: `Action=Nope&${iam}` }), 'awsQuery iam InvalidAction'],
    [
      'an inherited property as action',
      request('POST /', { form: `Action=__proto__&${sts}` }),
      'awsQuery sts InvalidAction',
    ],
    [
      'an action of another service',
      request('POST /', { form: `Action=ListUsers&${sts}` }),
      'awsQuery sts InvalidAction',
    ],
    ['no version', request('POST /', { form: 'Action=ListUsers' }), 'awsQuery - InvalidAction'],
    [
      'an unknown version',
      request('POST /', { form: 'Action=ListUsers&Version=1' }),
      'awsQuery - InvalidAction',
    ],
    ['no action', request('POST /', { form: iam }), 'awsQuery iam InvalidAction'],
    ['nothing at all', request('GET /'), 'awsQuery - InvalidAction'],
    [
      'a form that says it is something else',
      request('POST /', { body: `Action=ListUsers&${iam}` }),
      'awsQuery - InvalidAction',
    ],
    [
      'a body beside an action in the query',
      request(`POST /?Action=ListUsers&${iam}`, { body: '{}' }),
      'awsQuery iam InvalidAction',
    ],
    ['an action with DELETE', request(`DELETE /?Action=ListUsers&${iam}`), 'awsQuery iam InvalidAction'],
    [
      'two actions',
      request('POST /', { form: `Action=ListUsers&Action=DeleteUser&${iam}` }),
      'awsQuery iam MalformedInput',
    ],
    [
      'two versions',
      request('POST /', { form: `Action=ListUsers&${iam}&${sts}` }),
      'awsQuery iam MalformedInput',
    ],
    [
      'an action in the query beside a form',
      request('POST /?Action=DeleteUser', { form: `Action=ListUsers&${iam}` }),
      'awsQuery iam MalformedInput',
    ],
  ])('%s', (_, sent, expected) => {
    expect(describeRoute(sent)).toBe(expected);
  });

  test('the service of the credential scope shapes a refusal, but does not make a route', () => {
    const authorization =
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261121/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0';
    const sent = request('POST /', { form: 'Action=GetCallerIdentity', headers: { authorization } });
    expect(routeRequest(sent)).toMatchObject({
      service: 'sts',
      error: { message: 'Could not find operation GetCallerIdentity for version NO_VERSION_SPECIFIED' },
    });
  });

  test('a refusal repeats only so much of what was sent', () => {
    const route = routeRequest(request('POST /', { form: `Action=${'<'.repeat(100_000)}&${iam}` }));
    expect(
      String(encodeError(route, route.kind === 'unknown' ? route.error : undefined, 'id').body).length,
    ).toBeLessThan(1500);
  });
});

describe('one port, three protocols (protocol-facts 1 to 5)', () => {
  test.each<[string, HttpRequest, string]>([
    ['query by form', request('POST /', { form: `Action=ListUsers&${iam}` }), 'iam ListUsers'],
    [
      'query by form, other service',
      request('POST /', { form: `Action=GetCallerIdentity&${sts}` }),
      'sts GetCallerIdentity',
    ],
    [
      'query by GET (4)',
      request(`GET /?Action=GetCallerIdentity&${sts}&X-Amz-Expires=60`),
      'sts GetCallerIdentity',
    ],
    [
      'query by POST without a body',
      request(`POST /?Action=GetCallerIdentity&${sts}`),
      'sts GetCallerIdentity',
    ],
    [
      'unsigned web identity: only the version tells',
      request('POST /', { form: `Action=AssumeRoleWithWebIdentity&${sts}` }),
      'sts AssumeRoleWithWebIdentity',
    ],
    [
      'target of the JavaScript SDK (2)',
      request('POST /', { target: 'CloudTrail_20131101.LookupEvents' }),
      'cloudtrail LookupEvents',
    ],
    [
      'target of botocore (2)',
      request('POST /', { target: 'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents' }),
      'cloudtrail LookupEvents',
    ],
    [
      'target wins over action',
      request('POST /', { target: 'CloudTrail_20131101.LookupEvents', form: `Action=ListUsers&${iam}` }),
      'cloudtrail LookupEvents',
    ],
    ['REST', request('GET /clusters'), 'eks ListClusters'],
    [
      'REST with a query that looks like an action',
      request(`GET /clusters?Action=ListUsers&${iam}`),
      'eks ListClusters',
    ],
    ['REST with a form', request('POST /clusters', { form: `Action=ListUsers&${iam}` }), 'eks CreateCluster'],
    [
      'a literal before a label',
      request('POST /clusters/prod/identity-provider-configs/describe'),
      'eks DescribeIdentityProviderConfig',
    ],
  ])('%s', (_, sent, expected) => {
    expect(describeRoute(sent)).toBe(expected);
  });

  test('labels are split before they are decoded, so an ARN is one label (3)', () => {
    const route = routeRequest(
      request(
        'DELETE /clusters/prod/access-entries/arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fteam%2Fops/access-policies/p',
      ),
    );
    expect(route).toMatchObject({
      operation: 'DisassociateAccessPolicy',
      labels: {
        clusterName: 'prod',
        principalArn: 'arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fteam%2Fops',
        policyArn: 'p',
      },
    });
  });

  test('an ARN with bare slashes is another path', () => {
    expect(
      describeRoute(request('GET /clusters/prod/access-entries/arn:aws:iam::111122223333:role/ops')),
    ).toMatch(/Unknown/);
  });

  test.each<[string, boolean]>([
    ['application/json', true],
    ['text/html, Application/JSON;q=0.9', true],
    ['*/*', false],
    ['application/jsonx', false],
    ['', false],
  ])('Accept %j asks for JSON: %s (4)', (accept, expected) => {
    expect(
      routeRequest(request(`GET /?Action=GetCallerIdentity&${sts}`, { headers: { accept } })).acceptJson,
    ).toBe(expected);
  });
});
