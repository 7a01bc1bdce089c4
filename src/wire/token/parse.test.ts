import { describe, expect, test } from 'vitest';
import { exampleNow, exampleUser, signingScope } from '../sigv4/examples.ts';
import { createToken } from './create.ts';
import { isRegionLabel, isStsHost, partitionOfRegion, regionOfHost, stsHost } from './hosts.ts';
import { parseToken, type TokenScope, tokenPrefix } from './parse.ts';

const scope: TokenScope = { now: exampleNow, partition: 'aws' };
const encode = (url: string): string => tokenPrefix + Buffer.from(url).toString('base64url');
const kind = (token: string, changes: Partial<TokenScope> = {}): string => {
  const parsed = parseToken(token, { ...scope, ...changes });
  return parsed.ok ? 'ok' : parsed.error;
};

const host = 'https://sts.eu-west-1.amazonaws.com';
const parameters: Readonly<Record<string, string>> = {
  Action: 'GetCallerIdentity',
  Version: '2011-06-15',
  'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
  'X-Amz-Credential': 'AKIAIOSFODNN7EXAMPLE%2F20260115%2Feu-west-1%2Fsts%2Faws4_request',
  'X-Amz-Date': '20260115T120000Z',
  'X-Amz-Expires': '60',
  'X-Amz-SignedHeaders': 'host%3Bx-k8s-aws-id',
  'X-Amz-Signature': '0'.repeat(64),
};
/** The query with some parameters replaced; `undefined` leaves one out. */
const query = (changes: Readonly<Record<string, string | undefined>> = {}): string =>
  Object.entries({ ...parameters, ...changes })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
const good = query();

describe('the wrapping (token-facts 3, checks 1 to 3)', () => {
  test.each([
    ['nothing', '', 'bad_prefix'],
    ['a JWT', 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln', 'bad_prefix'],
    ['prefix in upper case', encode(`${host}/?${good}`).replace('k8s', 'K8S'), 'bad_prefix'],
    ['a space before', ` ${encode(`${host}/?${good}`)}`, 'bad_prefix'],
    ['one byte too long', tokenPrefix + 'A'.repeat(4086), 'token_too_large'],
    ['too long in bytes, not in characters', tokenPrefix + '\u20ac'.repeat(1500), 'token_too_large'],
    ['an impossible length', `${tokenPrefix}AAAAA`, 'bad_base64'],
    ['padding', `${encode(`${host}/?${good}&X-Amz-Security-Token=A`)}=`, 'bad_base64'],
    ['the standard alphabet', `${tokenPrefix}aHR0+/aa`, 'bad_base64'],
    ['a line break inside', `${tokenPrefix}aHR0\naHR0`, 'bad_base64'],
    ['no payload', tokenPrefix, 'bad_scheme'],
    ['a longest possible token', encode(`${host}/?${good}&X-Amz-Security-Token=`.padEnd(3063, 'A')), 'ok'],
  ])('%s', (_name, token, expected) => expect(kind(token)).toBe(expected));
});

describe('the address (checks 4 to 7)', () => {
  test.each([
    [`http://sts.eu-west-1.amazonaws.com/?${good}`, 'bad_scheme'],
    [`HTTPS://sts.eu-west-1.amazonaws.com/?${good}`, 'bad_scheme'],
    [`//sts.eu-west-1.amazonaws.com/?${good}`, 'bad_scheme'],
    [`:x/?${good}`, 'bad_url'],
    [` ${host}/?${good}`, 'bad_url'],
    [`\ufeff${host}/?${good}`, 'bad_url'],
    [`${host}/?${good}\0`, 'bad_url'],
    [`${host}/?${good}#`, 'bad_url'],
    ['https://sts.eu-west-1.amazon\taws.com/?', 'bad_url'],
    [`https://%73ts.eu-west-1.amazonaws.com/?${good}`, 'bad_url'],
    [`https://evil.example\\@sts.eu-west-1.amazonaws.com/?${good}`, 'bad_url'],
    [`https:\\\\sts.eu-west-1.amazonaws.com/?${good}`, 'bad_host'],
    [`https:/sts.eu-west-1.amazonaws.com/?${good}`, 'bad_host'],
    [`https:///sts.eu-west-1.amazonaws.com/?${good}`, 'bad_host'],
    [`https://me@sts.eu-west-1.amazonaws.com/?${good}`, 'bad_host'],
    [`https://sts.eu-west-1.amazonaws.com@evil.example/?${good}`, 'bad_host'],
    [`https://evil.example#@sts.eu-west-1.amazonaws.com/?${good}`, 'bad_host'],
    [`https://sts.eu-west-1.amazonaws.com:443/?${good}`, 'bad_host'],
    [`https://sts.eu-west-1.amazonaws.com:/?${good}`, 'bad_host'],
    [`https://sts.eu-west-1.amazonaws.com./?${good}`, 'bad_host'],
    [`https://sts.eu-west-1.amazonaws.com.evil.example/?${good}`, 'bad_host'],
    [`https://sts.EU-WEST-1.amazonaws.com/?${good}`, 'bad_host'],
    [`https://sts.eu-we\u0455t-1.amazonaws.com/?${good}`, 'bad_host'],
    [`https://169.254.169.254/?${good}`, 'bad_host'],
    [`https://[::1]/?${good}`, 'bad_host'],
    [`${host}?${good}`, 'bad_path'],
    [`${host}//?${good}`, 'bad_path'],
    [`${host}/.?${good}`, 'bad_path'],
    [`${host}/%2f?${good}`, 'bad_path'],
    [`${host}/\\?${good}`, 'bad_path'],
    [`${host}/?${good}`, 'ok'],
    [`https://sts.amazonaws.com/?${good}`, 'ok'],
  ])('%j is %s', (url, expected) => expect(kind(encode(url))).toBe(expected));
});

describe('the parameters (checks 8 to 15)', () => {
  test.each([
    ['raw semicolon', good.replace('%3B', ';'), 'bad_query'],
    ['bad escape', query({ 'X-Amz-Expires': '60%gh' }), 'bad_query'],
    ['escapes that are no UTF-8', query({ 'X-Amz-Security-Token': '%FF%FE' }), 'bad_query'],
    ['a line break in a value', query({ 'X-Amz-Security-Token': 'a%0d%0ab' }), 'bad_query'],
    ['a second action in another case', `${good}&action=AssumeRole`, 'duplicate_param'],
    ['a duplicate through an encoded name', `${good}&X%2DAmz-Date=20260115T120000Z`, 'duplicate_param'],
    ['the same parameter twice', `${good}&Version=2011-06-15`, 'duplicate_param'],
    ['a foreign parameter', `${good}&RoleArn=x`, 'unknown_param'],
    ['an empty name', `${good}&=x`, 'unknown_param'],
    ['the Kelvin sign for k', `${good}&X-Amz-Security-To%E2%84%AAen=x`, 'unknown_param'],
    ['two question marks', `?${good}`, 'unknown_param'],
    ['no query', '', 'bad_action'],
    ['another action', query({ Action: 'AssumeRole' }), 'bad_action'],
    ['the action in another case', query({ Action: 'getcalleridentity' }), 'bad_action'],
    ['the action with a NUL', query({ Action: 'GetCallerIdentity%00' }), 'bad_action'],
    ['plus is a space', query({ Action: 'GetCallerIdentity+' }), 'bad_action'],
    ['cluster header not signed', query({ 'X-Amz-SignedHeaders': 'host' }), 'cluster_header_not_signed'],
    [
      'cluster header as a substring',
      query({ 'X-Amz-SignedHeaders': 'host%3Bx-k8s-aws-id-2' }),
      'cluster_header_not_signed',
    ],
    [
      'cluster header with the Kelvin sign',
      query({ 'X-Amz-SignedHeaders': 'x-%E2%84%AA8s-aws-id' }),
      'cluster_header_not_signed',
    ],
    ...['901', '-1', '', '60.0', '6e1', '0x3c', '%206', '%2B60', '%EF%BC%96'].map(
      (value): [string, string, string] => [
        `expires ${value}`,
        query({ 'X-Amz-Expires': value }),
        'bad_expires',
      ],
    ),
    ['no expires', query({ 'X-Amz-Expires': undefined }), 'bad_expires'],
    ['no date', query({ 'X-Amz-Date': undefined }), 'bad_date'],
    ...[
      '20260115t120000z',
      '20260230T120000Z',
      '20260115T120060Z',
      '20260115T120000.5Z',
      '20260115T120000Z%20',
    ].map((value): [string, string, string] => [`date ${value}`, query({ 'X-Amz-Date': value }), 'bad_date']),
    ['5 minutes and a second ahead', query({ 'X-Amz-Date': '20260115T120501Z' }), 'bad_date'],
    ['5 minutes ahead', query({ 'X-Amz-Date': '20260115T120500Z' }), 'ok'],
    ['15 minutes and a second old', query({ 'X-Amz-Date': '20260115T114459Z' }), 'expired'],
    ['exactly 15 minutes old', query({ 'X-Amz-Date': '20260115T114500Z' }), 'ok'],
    ['expires 0', query({ 'X-Amz-Expires': '0' }), 'ok'],
    ['expires 060', query({ 'X-Amz-Expires': '060' }), 'ok'],
    ['names in upper case', good.replace('X-Amz-Date', 'X-AMZ-DATE'), 'ok'],
  ])('%s', (_name, text, expected) => expect(kind(encode(`${host}/?${text}`))).toBe(expected));
});

describe('own endpoints (an extension: `AWS_ENDPOINT_URL` makes the AWS CLI presign for us)', () => {
  const token = (origin: string): string => encode(`${origin}/?${good}`);
  const ownEndpoints = ['http://127.0.0.1:4700', 'https://sts.internal'];

  test.each(['http://127.0.0.1:4700', 'https://sts.internal'])(
    '%s is accepted only where it is listed',
    (origin) => {
      expect(kind(token(origin), { ownEndpoints })).toBe('ok');
      expect(kind(token(origin))).not.toBe('ok');
    },
  );

  test.each([
    ['http://127.0.0.1:4701', 'bad_scheme'],
    ['http://127.0.0.1', 'bad_scheme'],
    ['http://127.0.0.1:4700.evil.example', 'bad_scheme'],
    ['http://x@127.0.0.1:4700', 'bad_scheme'],
    ['http://127.0.0.1:4700@evil.example', 'bad_scheme'],
    ['HTTP://127.0.0.1:4700', 'bad_scheme'],
    ['http:/127.0.0.1:4700', 'bad_scheme'],
    ['https://127.0.0.1:4700', 'bad_host'],
    ['http://sts.eu-west-1.amazonaws.com', 'bad_scheme'],
    ['http://127.0.0.1:4700/path', 'bad_path'],
    ['http://127.0.0.1:4700#', 'bad_url'],
  ])('%s is not one of them', (origin, expected) => {
    expect(kind(token(origin), { ownEndpoints })).toBe(expected);
  });
});

test('a parsed token names its parts', () => {
  const token = createToken({
    credentials: signingScope(exampleUser, { sessionToken: 'a/b+c=' }).credentials,
    region: 'eu-west-1',
    clusterName: 'prod',
    now: exampleNow,
  });
  expect(parseToken(token, scope)).toMatchObject({
    ok: true,
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    sessionToken: 'a/b+c=',
    date: '20260115T120000Z',
    signedAt: exampleNow,
    scope: ['20260115', 'eu-west-1', 'sts', 'aws4_request'],
    signedHeaders: ['host', 'x-k8s-aws-id'],
    host: 'sts.eu-west-1.amazonaws.com',
    ownEndpoint: undefined,
    exactNames: true,
  });
});

describe('STS hosts (token-facts 4)', () => {
  test.each([
    ['aws', 'sts.amazonaws.com', true],
    ['aws', 'sts.us-west-2.amazonaws.com', true],
    ['aws', 'sts-fips.us-west-2.amazonaws.com', true],
    ['aws', 'sts.us-west-2.api.aws', true],
    ['aws', 'sts.zz-future-7.amazonaws.com', true],
    ['aws', 'sts.us-gov-west-1.amazonaws.com', false],
    ['aws', 'sts.cn-north-1.amazonaws.com.cn', false],
    ['aws', 'sts.aws-global.amazonaws.com', false],
    ['aws', 'sts.api.aws', false],
    ['aws', 'sts-fips.amazonaws.com', false],
    ['aws', 'sts.us_west_2.amazonaws.com', false],
    ['aws', 'vpce-1.sts.us-west-2.vpce.amazonaws.com', false],
    ['aws-cn', 'sts.cn-north-1.amazonaws.com.cn', true],
    ['aws-cn', 'sts.amazonaws.com', false],
    ['aws-us-gov', 'sts-fips.us-gov-west-1.amazonaws.com', false],
    ['aws-us-gov', 'sts-fips.us-gov-west-1.api.aws', true],
    ['aws-iso', 'sts.us-iso-east-1.c2s.ic.gov', true],
    ['aws-eusc', 'sts.eusc-de-east-1.amazonaws.eu', true],
    ['aws-nowhere', 'sts.us-west-2.amazonaws.com', false],
  ])('in %s, %s: %s', (partition, name, expected) => expect(isStsHost(name, { partition })).toBe(expected));

  test("the server's own region passes where the partition does not know it, in the partition's domain only", () => {
    const own = (name: string) => isStsHost(name, { partition: 'aws-cn', ownRegion: 'new-region' });
    expect(own('sts.new-region.amazonaws.com.cn')).toBe(true);
    expect(own('sts.new-region.amazonaws.com')).toBe(false);
    expect(own('sts.other-region.amazonaws.com.cn')).toBe(false);
  });

  test.each([
    ['eu-west-1', 'aws', 'sts.eu-west-1.amazonaws.com'],
    ['cn-north-1', 'aws-cn', 'sts.cn-north-1.amazonaws.com.cn'],
    ['us-gov-west-1', 'aws-us-gov', 'sts.us-gov-west-1.amazonaws.com'],
    ['us-iso-east-1', 'aws-iso', 'sts.us-iso-east-1.c2s.ic.gov'],
  ])('%s lies in %s with STS at %s', (region, partition, name) => {
    expect(partitionOfRegion(region)).toBe(partition);
    expect(stsHost(region)).toBe(name);
    expect(regionOfHost(name)).toBe(region);
  });

  test.each(['', '-a', 'a-', 'us_east_1', 'invalid.com', '@invalid.com/%23', 'A', 'a'.repeat(64)])(
    '%j is no region label',
    (text) => {
      expect(isRegionLabel(text)).toBe(false);
    },
  );
});
