import { describe, expect, test } from 'vitest';
import type { HttpRequest } from '../protocols/http.ts';
import {
  exampleLookup,
  exampleNow,
  exampleSession,
  exampleSessionToken,
  exampleUser,
  signedExample,
  signingScope,
  withHeader,
} from './examples.ts';
import { presign } from './sign.ts';
import { defaultMaxSkewMs, type VerifyOptions, verifyRequest } from './verify.ts';

const options = (changes: Partial<VerifyOptions> = {}): VerifyOptions => {
  const service = changes.service ?? 'sts';
  return {
    now: exampleNow,
    lookup: exampleLookup,
    service,
    regions: ['us-east-1'],
    maxSkewMs: defaultMaxSkewMs(service),
    ...changes,
  };
};

const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
const identityBody = 'Action=GetCallerIdentity&Version=2011-06-15';
const identity = (): HttpRequest =>
  signedExample({ headers: form, body: identityBody }, signingScope(exampleUser));
const entries = (): HttpRequest =>
  signedExample(
    {
      method: 'GET',
      host: 'eks.us-east-1.amazonaws.com',
      path: '/clusters/c1/access-entries',
      query: 'maxResults=10',
    },
    signingScope(exampleUser, { service: 'eks' }),
  );
const withAuthorization = (request: HttpRequest, change: (text: string) => string): HttpRequest => {
  const header = request.headers.find(([name]) => name === 'authorization');
  return withHeader(request, 'authorization', change(header?.[1] ?? ''));
};

function presigned(
  changes: { service?: string; expires?: number; cluster?: string; path?: string } = {},
): HttpRequest {
  const host = 'sts.us-east-1.amazonaws.com';
  const path = changes.path ?? '/';
  const query = presign(
    {
      method: 'GET',
      host,
      path,
      parameters: [
        ['Action', 'GetCallerIdentity'],
        ['Version', '2011-06-15'],
      ],
      headers: { 'x-k8s-aws-id': changes.cluster ?? 'c1' },
      expiresSeconds: changes.expires ?? 60,
    },
    signingScope(exampleUser, { service: changes.service ?? 'sts' }),
  );
  return {
    method: 'GET',
    path,
    query,
    headers: [
      ['host', host],
      ['x-k8s-aws-id', 'c1'],
    ],
    body: new Uint8Array(),
  };
}

describe('what is refused, in the order of the checks (iam-facts K13)', () => {
  const cases: readonly (readonly [string, HttpRequest, VerifyOptions, string, string])[] = [
    [
      'no credentials',
      withHeader(identity(), 'authorization', undefined),
      options(),
      'missingToken',
      'noCredentials',
    ],
    [
      'header and query authentication at once',
      { ...identity(), query: presigned().query },
      options(),
      'incompleteSignature',
      'ambiguous',
    ],
    [
      'a lone X-Amz-Security-Token parameter beside the header',
      { ...identity(), query: 'X-Amz-Security-Token=x' },
      options(),
      'incompleteSignature',
      'ambiguous',
    ],
    [
      'a parameter in another case',
      { ...presigned(), query: presigned().query.replace('X-Amz-Date', 'x-amz-date') },
      options(),
      'incompleteSignature',
      'ambiguous',
    ],
    [
      'a parameter twice',
      { ...presigned(), query: `${presigned().query}&X-Amz-Date=20260115T120000Z` },
      options(),
      'incompleteSignature',
      'ambiguous',
    ],
    [
      'a parameter twice, once percent-encoded',
      { ...presigned(), query: `${presigned().query}&X-Amz%2DDate=20260115T120000Z` },
      options(),
      'incompleteSignature',
      'ambiguous',
    ],
    [
      'a parameter with a broken escape',
      { ...presigned(), query: presigned().query.replace('X-Amz-Expires=60', 'X-Amz-Expires=%6') },
      options(),
      'incompleteSignature',
      'ambiguous',
    ],
    [
      'another authorization scheme',
      withHeader(identity(), 'authorization', 'Bearer abc'),
      options(),
      'incompleteSignature',
      'unsupportedAlgorithm',
    ],
    [
      'SigV4a',
      withAuthorization(identity(), (text) => text.replace('HMAC-SHA256', 'ECDSA-P256-SHA256')),
      options(),
      'incompleteSignature',
      'unsupportedAlgorithm',
    ],
    [
      'an unknown part of the header',
      withAuthorization(identity(), (text) => `${text}, Extra=1`),
      options(),
      'incompleteSignature',
      'malformed',
    ],
    [
      'Credential twice',
      withAuthorization(identity(), (text) =>
        text.replace('Credential', 'Credential=a/b/c/d/aws4_request, Credential'),
      ),
      options(),
      'incompleteSignature',
      'malformed',
    ],
    [
      'no Signature',
      withAuthorization(identity(), (text) => text.replace(/, Signature=.*/, '')),
      options(),
      'incompleteSignature',
      'malformed',
    ],
    [
      'no date',
      withHeader(identity(), 'x-amz-date', undefined),
      options(),
      'incompleteSignature',
      'malformed',
    ],
    [
      'a date that does not exist',
      withHeader(identity(), 'x-amz-date', '20260230T120000Z'),
      options(),
      'incompleteSignature',
      'malformed',
    ],
    [
      'four elements in the credential',
      withAuthorization(identity(), (text) => text.replace('/sts/', '/')),
      options(),
      'incompleteSignature',
      'malformed',
    ],
    [
      'signed headers out of order',
      withAuthorization(identity(), (text) => text.replace('content-type;host', 'host;content-type')),
      options(),
      'incompleteSignature',
      'malformed',
    ],
    [
      'a signed header named twice',
      withAuthorization(identity(), (text) => text.replace('host;', 'host;host;')),
      options(),
      'incompleteSignature',
      'malformed',
    ],
    [
      'X-Amz-Expires that is no number',
      { ...presigned(), query: presigned().query.replace('=60', '=6e1') },
      options(),
      'incompleteSignature',
      'malformed',
    ],
    [
      'a token header beside a presigned query',
      withHeader(presigned(), 'x-amz-security-token', 'x'),
      options(),
      'incompleteSignature',
      'ambiguous',
    ],
    [
      'a folded header',
      withHeader(identity(), 'x-note', 'a\r\n b'),
      options(),
      'incompleteSignature',
      'ambiguous',
    ],
    [
      'an unknown key',
      withAuthorization(identity(), (text) => text.replace('AKIA', 'AKIB')),
      options(),
      'invalidClientToken',
      'unknownAccessKey',
    ],
    [
      'an inactive key',
      identity(),
      options({ lookup: async () => ({ status: 'inactive' }) }),
      'invalidClientToken',
      'inactiveAccessKey',
    ],
    [
      'a key whose owner is gone',
      identity(),
      options({ lookup: async () => ({ status: 'principalGone' }) }),
      'invalidClientToken',
      'principalGone',
    ],
    [
      'a session key without its token',
      signedExample({ body: identityBody }, signingScope(exampleSession)),
      options(),
      'invalidClientToken',
      'badSessionToken',
    ],
    [
      'a long-term key with a token',
      signedExample({ body: identityBody }, signingScope(exampleUser, { sessionToken: 'x' })),
      options(),
      'invalidClientToken',
      'badSessionToken',
    ],
    [
      '15 minutes and a second late',
      identity(),
      options({ now: exampleNow + 901_000 }),
      'signatureMismatch',
      'clock',
    ],
    [
      '15 minutes and a second early',
      identity(),
      options({ now: exampleNow - 901_000 }),
      'signatureMismatch',
      'clock',
    ],
    [
      'an EKS request 5 minutes and a second late',
      entries(),
      options({ service: 'eks', now: exampleNow + 301_000 }),
      'signatureMismatch',
      'clock',
    ],
    [
      'a presigned EKS request past X-Amz-Expires',
      presigned({ service: 'eks' }),
      options({ service: 'eks', now: exampleNow + 61_000 }),
      'signatureMismatch',
      'clock',
    ],
    [
      'a scope of another region',
      signedExample({ body: identityBody }, signingScope(exampleUser, { region: 'eu-west-1' })),
      options(),
      'signatureMismatch',
      'scope',
    ],
    [
      'us-east-1 for EKS elsewhere',
      entries(),
      options({ service: 'eks', regions: ['eu-west-1'] }),
      'signatureMismatch',
      'scope',
    ],
    [
      'a scope of another service',
      signedExample({ body: identityBody }, signingScope(exampleUser, { service: 'iam' })),
      options(),
      'signatureMismatch',
      'scope',
    ],
    [
      'another terminator',
      withAuthorization(identity(), (text) => text.replace('aws4_request', 'aws5_request')),
      options(),
      'signatureMismatch',
      'scope',
    ],
    [
      'the scope of another day',
      withAuthorization(identity(), (text) => text.replace('/20260115/', '/20260114/')),
      options(),
      'signatureMismatch',
      'scope',
    ],
    [
      'host not signed',
      withAuthorization(identity(), (text) => text.replace('host;', '')),
      options(),
      'signatureMismatch',
      'unsignedHeader',
    ],
    [
      'the date not signed',
      withAuthorization(identity(), (text) => text.replace(';x-amz-date', '')),
      options(),
      'signatureMismatch',
      'unsignedHeader',
    ],
    [
      'an unsigned target',
      withHeader(identity(), 'x-amz-target', 'Other.Operation'),
      options(),
      'signatureMismatch',
      'unsignedHeader',
    ],
    [
      'an unsigned payload hash',
      withHeader(identity(), 'x-amz-content-sha256', 'e3'),
      options(),
      'signatureMismatch',
      'unsignedHeader',
    ],
    [
      'an unsigned date beside a presigned query',
      withHeader(presigned(), 'x-amz-date', '20260115T120000Z'),
      options(),
      'signatureMismatch',
      'unsignedHeader',
    ],
    [
      'UNSIGNED-PAYLOAD',
      signedExample(
        { headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }, body: identityBody },
        signingScope(exampleUser),
      ),
      options(),
      'signatureMismatch',
      'payload',
    ],
    [
      'a STREAMING payload',
      signedExample(
        { headers: { 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' }, body: identityBody },
        signingScope(exampleUser),
      ),
      options(),
      'signatureMismatch',
      'payload',
    ],
    [
      'another body',
      { ...identity(), body: Buffer.from('Action=GetCallerIdentitx&Version=2011-06-15') },
      options(),
      'signatureMismatch',
      'signature',
    ],
    [
      'another method',
      { ...entries(), method: 'DELETE' },
      options({ service: 'eks' }),
      'signatureMismatch',
      'signature',
    ],
    [
      'another query',
      { ...entries(), query: 'maxResults=11' },
      options({ service: 'eks' }),
      'signatureMismatch',
      'signature',
    ],
    [
      'another host',
      withHeader(identity(), 'host', 'sts.us-west-2.amazonaws.com'),
      options(),
      'signatureMismatch',
      'signature',
    ],
    [
      'a signed header removed',
      withHeader(identity(), 'content-type', undefined),
      options(),
      'signatureMismatch',
      'signature',
    ],
    [
      'another secret',
      identity(),
      options({
        lookup: async () => ({ status: 'known', credential: { ...exampleUser, secretAccessKey: 'other' } }),
      }),
      'signatureMismatch',
      'signature',
    ],
    [
      'a shortened signature',
      withAuthorization(identity(), (text) => text.slice(0, -1)),
      options(),
      'signatureMismatch',
      'signature',
    ],
    [
      'a signature in upper case',
      withAuthorization(identity(), (text) => text.replace(/[0-9a-f]+$/, (hex) => hex.toUpperCase())),
      options(),
      'signatureMismatch',
      'signature',
    ],
    [
      'a presigned query for another cluster',
      presigned({ cluster: 'c2' }),
      options(),
      'signatureMismatch',
      'signature',
    ],
    [
      'a presigned query without its signed header',
      withHeader(presigned(), 'x-k8s-aws-id', undefined),
      options(),
      'signatureMismatch',
      'signature',
    ],
    [
      'an ended session',
      signedExample(
        { body: identityBody },
        signingScope(exampleSession, { sessionToken: exampleSessionToken, now: exampleNow + 3_600_000 }),
      ),
      options({ now: exampleNow + 3_600_000 }),
      'expiredToken',
      'sessionExpired',
    ],
  ];
  test.each(cases)('%s', async (_name, request, verifyOptions, situation, reason) => {
    expect(await verifyRequest(request, verifyOptions)).toMatchObject({
      outcome: 'refused',
      situation,
      reason,
    });
  });

  test('a session that ended is not told to someone with a wrong signature', async () => {
    const now = exampleNow + 3_600_000;
    const request = signedExample(
      { body: identityBody },
      signingScope(exampleSession, { sessionToken: exampleSessionToken, now }),
    );
    const outcome = await verifyRequest({ ...request, body: Buffer.from('x') }, options({ now }));
    expect(outcome).toMatchObject({ situation: 'signatureMismatch' });
  });

  test.each(['authorization', 'content-type', 'host', 'x-amz-date', 'x-amz-security-token'])(
    'header %s twice',
    async (name) => {
      const request = signedExample(
        { headers: form, body: identityBody },
        signingScope(exampleSession, { sessionToken: exampleSessionToken }),
      );
      const again = request.headers.find(([key]) => key === name);
      if (again === undefined) throw new Error(`the example has no ${name}`);
      const outcome = await verifyRequest({ ...request, headers: [...request.headers, again] }, options());
      expect(outcome).toMatchObject({ situation: 'incompleteSignature', reason: 'ambiguous' });
    },
  );

  /** Raw spellings with the same canonical form, which a router or decoder may read as another request. */
  test.each([
    ['/clusters/x/../c1/access-entries', 'maxResults=10'],
    ['/clusters/./c1/access-entries', 'maxResults=10'],
    ['/clusters//c1/access-entries', 'maxResults=10'],
    ['/clusters/c1/access-entries', 'maxResults=10&'],
    ['/clusters/c1/access-entries?', 'maxResults=10'],
    ['/clusters/c1/access-entries#', 'maxResults=10'],
    ['/clusters/c1/access-entries', 'maxResults=10#'],
  ])('the raw target %s ? %s, although it canonicalises to what was signed', async (path, query) => {
    const outcome = await verifyRequest({ ...entries(), path, query }, options({ service: 'eks' }));
    expect(outcome).toMatchObject({ outcome: 'refused', situation: 'signatureMismatch' });
  });

  test('a plus sign in the query, which decoders read as a space or not', async () => {
    const request = signedExample(
      { method: 'GET', path: '/clusters', query: 'a=x%2By' },
      signingScope(exampleUser, { service: 'eks' }),
    );
    expect((await verifyRequest(request, options({ service: 'eks' }))).outcome).toBe('verified');
    const plus = await verifyRequest({ ...request, query: 'a=x+y' }, options({ service: 'eks' }));
    expect(plus).toMatchObject({ situation: 'signatureMismatch' });
  });

  test('the same parameter twice in a query-protocol request, whose order the signature does not fix', async () => {
    const request = signedExample({ method: 'GET', query: 'Action=A&Action=B' }, signingScope(exampleUser));
    expect(await verifyRequest(request, options())).toMatchObject({ situation: 'signatureMismatch' });
  });

  test('a failing look-up is no verdict', async () => {
    const lookup = async () => Promise.reject(new Error('store closed'));
    await expect(verifyRequest(identity(), options({ lookup }))).rejects.toThrow('store closed');
  });
});

describe('what is accepted', () => {
  const cases: readonly (readonly [string, HttpRequest, VerifyOptions])[] = [
    ['a signed form', identity(), options()],
    ['6 minutes late at STS (K11)', identity(), options({ now: exampleNow + 360_000 })],
    ['14:59 late at STS', identity(), options({ now: exampleNow + 899_000 })],
    ['4:59 late at EKS', entries(), options({ service: 'eks', now: exampleNow + 299_000 })],
    ['us-east-1 at STS of another region (K18)', identity(), options({ regions: ['eu-west-1'] })],
    ['a presigned identity past X-Amz-Expires (K10)', presigned(), options({ now: exampleNow + 61_000 })],
    ['a presigned identity at 14:59', presigned(), options({ now: exampleNow + 899_000 })],
    [
      'the default port of a local endpoint in Host',
      signedExample({ host: '127.0.0.1:4700', body: identityBody }, signingScope(exampleUser)),
      options(),
    ],
    [
      'an ARN in the path',
      signedExample(
        {
          method: 'GET',
          path: '/clusters/c1/access-entries/arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fteam%2Fa',
        },
        signingScope(exampleUser, { service: 'eks' }),
      ),
      options({ service: 'eks' }),
    ],
    [
      'repeated list parameters at EKS',
      signedExample(
        { method: 'DELETE', path: '/tags/x', query: 'tagKeys=b&tagKeys=a' },
        signingScope(exampleUser, { service: 'eks' }),
      ),
      options({ service: 'eks' }),
    ],
    [
      'a correct payload hash',
      signedExample(
        {
          headers: {
            'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
          },
        },
        signingScope(exampleUser),
      ),
      options(),
    ],
    ['a Latin-1 byte in a signed header', latinHeader(), options()],
    ['an unsigned header nobody acts upon', withHeader(identity(), 'x-amz-cf-id', 'proxy'), options()],
  ];
  test.each(cases)('%s', async (_name, request, verifyOptions) => {
    expect(await verifyRequest(request, verifyOptions)).toMatchObject({
      outcome: 'verified',
      accessKeyId: exampleUser.principal.accessKeyId,
      principal: exampleUser.principal,
    });
  });

  test('a session with its token', async () => {
    const request = signedExample(
      { body: identityBody },
      signingScope(exampleSession, { sessionToken: exampleSessionToken }),
    );
    expect(await verifyRequest(request, options())).toMatchObject({ principal: exampleSession.principal });
  });
});

/** Node hands header bytes over as Latin-1; the client signed the bytes. */
function latinHeader(): HttpRequest {
  return signedExample({ headers: { 'x-note': 'caf\u00e9' }, body: identityBody }, signingScope(exampleUser));
}

describe('texts (iam-facts H, K16, K17)', () => {
  const message = async (request: HttpRequest, verifyOptions = options()) => {
    const outcome = await verifyRequest(request, verifyOptions);
    return outcome.outcome === 'refused' ? outcome.message : 'verified';
  };

  test('a missing token reads differently at EKS', async () => {
    const bare = withHeader(identity(), 'authorization', undefined);
    expect(await message(bare)).toBe('Request is missing Authentication Token');
    expect(await message(bare, options({ service: 'eks' }))).toBe('Missing Authentication Token');
  });

  test('the clock texts name both times and the limit', async () => {
    expect(await message(identity(), options({ now: exampleNow + 901_000 }))).toBe(
      'Signature expired: 20260115T120000Z is now earlier than 20260115T120001Z (20260115T121501Z - 15 min.)',
    );
    expect(await message(identity(), options({ now: exampleNow - 901_000 }))).toBe(
      'Signature not yet current: 20260115T120000Z is still later than 20260115T115959Z (20260115T114459Z + 15 min.)',
    );
  });

  test('an incomplete header lists only what is missing and shows no signature', async () => {
    const text = await message(
      withAuthorization(identity(), (value) => value.replace(/Credential=[^,]*, /, '')),
    );
    expect(text).toMatch(/^Authorization header requires 'Credential' parameter\. \(Hashed with SHA-256/);
    expect(text).not.toMatch(/Signature=[0-9a-f]{64}/);
  });

  test('a credential with the wrong number of elements is shown', async () => {
    expect(await message(withAuthorization(identity(), (value) => value.replace('/sts/', '/')))).toBe(
      "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKIAIOSFODNN7EXAMPLE/20260115/us-east-1/aws4_request'",
    );
  });
});
