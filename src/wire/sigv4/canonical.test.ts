import { describe, expect, test } from 'vitest';
import { processorTimer } from '../../../test/processortime.ts';
import {
  algorithm,
  canonicalQuery,
  canonicalRequest,
  canonicalUri,
  emptyPayloadHash,
  normalisePath,
  percentEncode,
  splitQuery,
  stringToSign,
} from './canonical.ts';
import { presign, signRequest } from './sign.ts';
import { deriveSigningKey, signatureMatches, signingKey, signingKeyCount } from './signature.ts';
import { formatAmzDate, parseAmzDate, parseDateHeader } from './time.ts';

const query = (raw: string): string => canonicalQuery(splitQuery(raw));

const canonicalHeader = (value: string): string | undefined =>
  canonicalRequest({
    method: 'GET',
    canonicalUri: '/',
    canonicalQuery: '',
    signedHeaders: ['x'],
    headers: [['x', value]],
    payloadHash: '',
  })?.split('\n')[3];

test.each([
  ['', 'x:'],
  [' ', 'x:'],
  [' \t ', 'x:'],
  ['a', 'x:a'],
  [' a', 'x:a'],
  ['a \t', 'x:a'],
  ['\t a \t b  ', 'x:a b'],
])('the value %j is signed as %j (K5)', (value, expected) => {
  expect(canonicalHeader(value)).toBe(expected);
});

test('a header full of spaces costs its length', () => {
  const spent = processorTimer();
  expect(canonicalHeader(`a${' '.repeat(500_000)}b`)).toBe('x:a b');
  expect(spent()).toBeLessThan(500);
});

describe('canonical forms (iam-facts K1–K5)', () => {
  test.each([
    ['/', '/'],
    ['', '/'],
    ['//', '/'],
    ['/.', '/'],
    ['/./', '/'],
    ['/a/..', '/'],
    ['/a/b/../..', '/'],
    ['/../..', '/'],
    ['//a//', '/a/'],
    ['/./a', '/a'],
    ['/a/./b', '/a/b'],
    ['/a/...', '/a/...'],
  ])('path %j has the form %j', (path, expected) => {
    expect(normalisePath(path)).toBe(expected);
  });

  test.each([
    ['/clusters/c1/access-entries/arn%3Aaws%3Aiam', '/clusters/c1/access-entries/arn%253Aaws%253Aiam'],
    ['/%E1%88%B4 x~-_.', '/%25E1%2588%25B4%20x~-_.'],
    ['/\u1234', '/%E1%88%B4'],
    ["/!'()*:@", '/%21%27%28%29%2A%3A%40'],
    ['/-._~0123abcXYZ', '/-._~0123abcXYZ'],
  ])('path %j is encoded once more as %j', (path, expected) => {
    expect(canonicalUri(path)).toBe(expected);
  });

  test.each([
    ['', ''],
    ['b=2&a=1', 'a=1&b=2'],
    ['Param=b&Param=a&param=c', 'Param=a&Param=b&param=c'],
    ['Param-3=c&Param=b&%E1%88%B4=a', '%E1%88%B4=a&Param=b&Param-3=c'],
    ['\u1234=bar', '%E1%88%B4=bar'],
    ['a', 'a='],
    ['a=', 'a='],
    ['a=b=c', 'a=b%3Dc'],
    ['a=%3a%2f', 'a=%3A%2F'],
    ['a=:/', 'a=%3A%2F'],
    ['a=%41%7e', 'a=A~'],
    ['a=%ff', 'a=%FF'],
    ['a=+', 'a=%2B'],
    ['a=%zz', 'a=%25zz'],
    ['&a=1&&', 'a=1'],
  ])('query %j has the form %j', (raw, expected) => {
    expect(query(raw)).toBe(expected);
  });

  test.each([
    [
      'repeated, in order of arrival',
      [
        ['n', 'value2'],
        ['n', 'value2'],
        ['n', 'value1'],
      ],
      'value2,value2,value1',
    ],
    ['outer and inner spaces', [['n', ' \t a   b  c ']], 'a b c'],
    ['inside quotes too', [['n', '"a   b"']], '"a b"'],
    ['empty', [['n', '']], ''],
    ['name in another case', [['N', 'x']], 'x'],
  ] as const)('header value %s', (_name, headers, expected) => {
    const canonical = canonicalRequest({
      method: 'GET',
      canonicalUri: '/',
      canonicalQuery: '',
      signedHeaders: ['n'],
      headers,
      payloadHash: emptyPayloadHash,
    });
    expect(canonical).toBe(`GET\n/\n\nn:${expected}\n\nn\n${emptyPayloadHash}`);
  });

  test('a signed header that is not there leaves nothing to sign', () => {
    const input = { method: 'GET', canonicalUri: '/', canonicalQuery: '', headers: [], payloadHash: '' };
    expect(canonicalRequest({ ...input, signedHeaders: ['host'] })).toBeUndefined();
  });

  test('lone surrogates are encoded, not thrown over', () => {
    expect(percentEncode('\ud800')).toBe('%EF%BF%BD');
  });
});

describe('signatures', () => {
  const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
  const scope = { date: '20150830', region: 'us-east-1', service: 'iam' };

  test("AWS's published signing key", () => {
    expect(deriveSigningKey(secret, scope).toString('hex')).toBe(
      'c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9',
    );
  });

  test("AWS's published ListUsers signature", () => {
    const headers = signRequest(
      {
        method: 'GET',
        host: 'iam.amazonaws.com',
        path: '/',
        query: 'Action=ListUsers&Version=2010-05-08',
        headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
        body: new Uint8Array(),
      },
      {
        credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: secret },
        region: 'us-east-1',
        service: 'iam',
        now: Date.UTC(2015, 7, 30, 12, 36),
      },
    );
    expect(headers.authorization).toBe(
      `${algorithm} Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7`,
    );
  });

  test("botocore's presigned GetCallerIdentity, byte for byte", () => {
    const signed = presign(
      {
        method: 'GET',
        host: 'sts.us-east-1.amazonaws.com',
        path: '/',
        parameters: [
          ['Action', 'GetCallerIdentity'],
          ['Version', '2011-06-15'],
        ],
        headers: { 'x-k8s-aws-id': 'c1' },
        expiresSeconds: 60,
      },
      {
        credentials: {
          accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
          secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
        },
        region: 'us-east-1',
        service: 'sts',
        now: Date.UTC(2026, 0, 15, 12),
      },
    );
    expect(signed).toBe(
      'Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260115%2Fus-east-1%2Fsts%2Faws4_request&X-Amz-Date=20260115T120000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=cbcf9a7fd0d1e237e831b7ca02932a7fd1c7c20991b2c61c3bb42027da320d7d',
    );
  });

  test.each(['', 'A'.repeat(64), `${'a'.repeat(64)}\n`, 'a'.repeat(63), 'a'.repeat(65)])(
    'given %j, which is no signature',
    (given) => {
      expect(signatureMatches('a'.repeat(64), given)).toBe(false);
    },
  );

  test('remembered keys are the derived ones, and there is a bound', () => {
    for (let index = 0; index < 5000; index++) signingKey(secret, { ...scope, region: `r-${index}` });
    expect(signingKeyCount().size).toBe(signingKeyCount().maximum);
    expect(signingKey(secret, scope).export()).toEqual(deriveSigningKey(secret, scope));
    expect(signingKey(secret, scope)).toBe(signingKey(secret, scope));
    expect(signingKey(`${secret}x`, scope).equals(signingKey(secret, scope))).toBe(false);
  });

  test('Latin-1 text from the wire is hashed as the bytes it was', () => {
    const utf8 = stringToSign('d', 's', 'caf\u00c3\u00a9');
    // `caf` + bytes C3 A9, as one would sign `café` in UTF-8.
    expect(utf8.split('\n').at(-1)).toBe('850f7dc43910ff890f8879c0ed26fe697c93a067ad93a7d50f466a7028a9bf4e');
  });
});

describe('dates (iam-facts K7)', () => {
  test.each(['20260115T120000Z', '20240229T235959Z'])('%s is read and written', (text) => {
    const time = parseAmzDate(text);
    expect(time === undefined ? undefined : formatAmzDate(time)).toBe(text);
  });

  test.each([
    '20260230T120000Z',
    '20261315T120000Z',
    '20260115T240000Z',
    '20260115T120060Z',
    '20260115t120000z',
    '2026-01-15T12:00:00Z',
    '20260115T120000.5Z',
    '20260115T120000Z\n',
    ' 20260115T120000Z',
    '\uff12\uff10260115T120000Z',
    '',
  ])('%j is no date', (text) => {
    expect(parseAmzDate(text)).toBeUndefined();
  });

  test('the Date header may have either form', () => {
    expect(parseDateHeader('Thu, 15 Jan 2026 12:00:00 GMT')).toBe(Date.UTC(2026, 0, 15, 12));
    expect(parseDateHeader('20260115T120000Z')).toBe(Date.UTC(2026, 0, 15, 12));
    expect(parseDateHeader('Fri, 15 Jan 2026 12:00:00 GMT')).toBeUndefined();
    expect(parseDateHeader('2026-01-15')).toBeUndefined();
  });
});
